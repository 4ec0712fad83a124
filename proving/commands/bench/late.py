"""Deliver weeks of messages of an offline car, during live load.

Like `bench latency`, but at a quarter of a short drain's rate, which with the generator is half
of the capacity of two cores. At half of the time a car that is already online delivers two hours
of driving per day, one sample per second, oldest first. The store already has samples of 200
parked cars and this car for these weeks, on TimescaleDB in the columnstore. The
latency of the crashes before that (without the first third, when the service warms up) is
compared with that from the first late message until all is corrected.
The exit code is 1 where p95 is more than twice as high, a trip is missing, or the proof fails.

Example:

  tachowatt bench late --database-url postgresql://postgres@localhost/postgres --json
"""

from typing import Annotated

import typer

from app.commands.shared.console import out, print_json
from proving.commands.bench.shared import (
    DatabaseUrl,
    Devices,
    Json,
    MqttUrl,
    Verify,
    bench_settings,
    judge,
    print_phases,
    quantiles_text,
)
from runtime.clock import SystemClock


def late(
    rate: Annotated[
        float | None, typer.Option(min=100, help="Messages/s; else a quarter of a short drain's")
    ] = None,
    seconds: Annotated[float, typer.Option("--for", min=2, help="Seconds under load")] = 60.0,
    days: Annotated[int, typer.Option(min=1, max=90, help="That the car was offline")] = 21,
    over: Annotated[float, typer.Option(min=0, help="Seconds in which it delivers")] = 15.0,
    crashes: Annotated[int, typer.Option(min=20, max=2_000)] = 400,
    devices: Devices = 1_000,
    mqtt_url: MqttUrl = None,
    database_url: DatabaseUrl = None,
    verify: Verify = True,
    json: Json = False,
) -> None:
    from proving.bench import late as bench_late
    from proving.bench.stage import Plan

    plan = Plan(rate, seconds, crashes, devices, 2_000 if verify else 0, share=0.25)
    with bench_settings(mqtt_url, database_url) as settings:
        found = bench_late.run(
            settings, SystemClock(), plan, bench_late.Late(days, over), print_phases()
        )
    if json:
        print_json(found)
    else:
        out.print(
            f"{found['late_samples']:,} samples of {days} days delivered in "
            f"{found['delivered_s']} s and corrected after {found['corrected_s']} s, beside "
            f"{found['reached_messages_per_s']:,} messages/s"
        )
        out.print(f"without: {quantiles_text(found['latency_ms_without'])}")
        out.print(f"during:  {quantiles_text(found['latency_ms_during'])}")
    judge(found)
