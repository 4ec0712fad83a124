"""How fast a backlog goes from a broker to the last commit, with features computed on the way.

The backlog is made first, in a persistent session of Mosquitto (or of --mqtt-url); the time
runs from the gateway's start until everything is committed. The service runs in a separate
process, so its peak memory excludes that of the bench. Calibrations of the same run: a
bare COPY of the same rows in the same order on one connection, and paho's own reader on the
same messages. Afterwards the ledger must close and `verify` be clean, else the exit code is 1.
A given database keeps a tenant of the bench. `share_per_step` refers to the whole time;
steps of two batches overlap. `cpu_share_per_step` refers to the CPU of the service;
`identify_and_consent` is what it takes to know whose a message is and whether it may be kept,
at most 5 % in a drain of 100,000 messages and more, else the exit code is 1.
JSON keys: docs/performance.md.

With --log kafka a gateway and --workers of ingest are separate processes, with new topics in a
Kafka between them (a given Kafka keeps them for a day); the time runs from the start of reading
by the gateway until the store has everything. `share_per_step` is summed over the workers.

Examples:

  tachowatt bench drain --messages 400000 --devices 1000

  tachowatt bench drain --messages 30000 --samples-per-message 60 --profile

  tachowatt bench drain --messages 400000 --log kafka --json
"""

from enum import StrEnum
from typing import Annotated, Any

import typer

from app.commands.shared.console import out, print_json, progress_bar
from proving.commands.bench.shared import (
    DatabaseUrl,
    Devices,
    Json,
    KafkaUrl,
    MqttUrl,
    Verify,
    bench_settings,
    judge,
)
from runtime.clock import SystemClock


class BenchLog(StrEnum):
    """The log between gateway and ingest."""

    DIRECT = "direct"
    KAFKA = "kafka"


def drain(
    messages: Annotated[int, typer.Option(min=1, help="In the backlog")] = 400_000,
    samples_per_message: Annotated[int, typer.Option(min=1, max=10_000)] = 1,
    devices: Devices = 1_000,
    log: Annotated[BenchLog, typer.Option(help="Between gateway and ingest")] = BenchLog.DIRECT,
    workers: Annotated[int, typer.Option(min=1, help="Of ingest, with --log kafka")] = 2,
    partitions: Annotated[int, typer.Option(min=1, help="Of the topic in Kafka")] = 4,
    kafka_url: KafkaUrl = None,
    mqtt_url: MqttUrl = None,
    database_url: DatabaseUrl = None,
    profile: Annotated[bool, typer.Option("--profile", help="Show the share of each step")] = False,
    verify: Verify = True,
    verify_devices: Annotated[
        int, typer.Option(min=1, help="Maximum of devices to recompute, spread evenly")
    ] = 1_000,
    json: Json = False,
) -> None:
    from proving.bench import drain as bench_drain
    from proving.bench import kafka as bench_kafka

    plan = bench_drain.Plan(
        messages,
        samples_per_message,
        devices,
        verify_devices if verify else 0,
        bench_kafka.Plan(kafka_url, workers, partitions) if log is BenchLog.KAFKA else None,
    )
    with bench_settings(mqtt_url, database_url) as settings, progress_bar("drain") as advance:
        found = bench_drain.run(
            settings, SystemClock(), plan, lambda _, done, of: advance(done, of)
        )
    if json:
        print_json(found)
    else:
        _print_drain(found, profile)
    judge(found)


def _print_drain(found: dict[str, Any], profile: bool) -> None:
    out.print(
        f"{found['messages']:,} messages of {found['samples_per_message']} in "
        f"{found['seconds']} s: {found['messages_per_s']:,} messages/s, "
        f"{found['samples_per_s']:,} samples/s; the service had at most "
        f"{found['service_peak_memory_mib']} MiB"
    )
    calibration = found["calibration"]
    out.print(
        f"a bare COPY of the same rows: {calibration['copy_rows_per_s']:,} rows/s "
        f"(ratio {calibration['ratio_to_copy']}); paho's own reader: "
        f"{calibration['paho_messages_per_s']:,} messages/s (ratio {calibration['ratio_to_paho']})"
    )
    out.print(
        f"identify and consent took {100 * found['identify_and_consent']:.1f} % of the CPU "
        f"({found['cpu_s']} s)"
    )
    if profile:
        out.print("  step        of the time  of the CPU")
        cpu = found["cpu_share_per_step"]
        for step in dict.fromkeys((*found["share_per_step"], *cpu)):
            shares = (found["share_per_step"].get(step), cpu.get(step))
            shown = ("" if share is None else f"{100 * share:.1f} %" for share in shares)
            out.print(f"  {step:<10}" + "".join(f"{text:>13}" for text in shown))
