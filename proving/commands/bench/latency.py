"""Measure the time from the message that decides a crash until its signed webhook.

The whole service runs (`tachowatt serve`, in a separate process) while a generator publishes
at --rate through Mosquitto. Some cars crash; the time runs from just before the deciding
message is written to the broker until a receiver has verified the signature of the webhook. The
exit code is 1 if a webhook is missing, p99 is a
second or more, the ledger does not close or `verify` is not clean.

Example:

  tachowatt bench latency --rate 30000 --for 30 --json
"""

from typing import Annotated

import typer

from app.commands.shared.console import out, print_json
from proving.commands.bench.shared import (
    DatabaseUrl,
    Devices,
    HalfRate,
    Json,
    MqttUrl,
    Verify,
    bench_settings,
    judge,
    print_phases,
    quantiles_text,
)
from runtime.clock import SystemClock


def latency(
    rate: HalfRate = None,
    seconds: Annotated[float, typer.Option("--for", min=2, help="Seconds under load")] = 30.0,
    crashes: Annotated[int, typer.Option(min=1, max=2_000)] = 200,
    devices: Devices = 1_000,
    mqtt_url: MqttUrl = None,
    database_url: DatabaseUrl = None,
    verify: Verify = True,
    json: Json = False,
) -> None:
    from proving.bench import latency as bench_latency
    from proving.bench.stage import Plan

    plan = Plan(rate, seconds, crashes, devices, 1_000 if verify else 0)
    with bench_settings(mqtt_url, database_url) as settings:
        found = bench_latency.run(settings, SystemClock(), plan, print_phases())
    if json:
        print_json(found)
    else:
        out.print(
            f"at {found['reached_messages_per_s']:,} messages/s, {found['webhooks']} webhooks: "
            f"{quantiles_text(found['latency_ms'])}; the service had at most "
            f"{found['service_peak_memory_mib']} MiB"
        )
    judge(found)
