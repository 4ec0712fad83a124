"""Compare two workers of ingest with one, where neither broker nor store is the limit.

Kafka has all messages before a worker starts; samples, features, checkpoints, signals and
sequence numbers are encoded and then discarded (a null store), and only ledger and offsets are
written. The exit code is 1 if two are less than 1.5 times as fast as one, or if a message is
not in the ledger.

Example:

  tachowatt bench workers --messages 1000000 --json
"""

from typing import Annotated

import typer

from app.commands.shared.console import out, print_json
from proving.commands.bench.shared import (
    Devices,
    EmptyDatabaseUrl,
    Json,
    KafkaUrl,
    bench_settings,
    judge,
    print_phases,
)
from runtime.clock import SystemClock


def workers(
    messages: Annotated[int, typer.Option(min=1_000, help="For each run")] = 1_000_000,
    samples_per_message: Annotated[int, typer.Option(min=1, max=10_000)] = 1,
    devices: Devices = 1_000,
    partitions: Annotated[int, typer.Option(min=2, help="Of the topic in Kafka")] = 4,
    kafka_url: KafkaUrl = None,
    database_url: EmptyDatabaseUrl = None,
    json: Json = False,
) -> None:
    from proving.bench import workers as bench_workers

    plan = bench_workers.Plan(
        messages, samples_per_message, devices, partitions, kafka_url=kafka_url
    )
    with bench_settings(None, database_url) as settings:
        found = bench_workers.run(settings, SystemClock(), plan, print_phases())
    if json:
        print_json(found)
    else:
        for each in found["runs"]:
            out.print(f"workers: {each['workers']}, {each['messages_per_s']:,} messages/s")
        out.print(f"ratio {found['ratio']}")
    judge(found)
