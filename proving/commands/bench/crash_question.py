"""Measure the time from the message that decides a crash until the driver's open page asks.

The whole service runs (`tachowatt serve`, in a separate process) while a generator publishes
through Mosquitto. Drivers of cars that crash have their first page open: signed in, following the
stream of events, asking for the page again after a change as its script does. The time runs from
just before the deciding message is written to the broker until the page has the question. The exit
code is 1 if a page does not ask, p95 is three seconds or more, or the ledger does not close.

Example:

  tachowatt bench crash-question --crashes 30 --json
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


def crash_question(
    rate: Annotated[float, typer.Option(min=100, help="Messages/s")] = 2_000.0,
    seconds: Annotated[float, typer.Option("--for", min=2, help="Seconds under load")] = 30.0,
    crashes: Annotated[int, typer.Option(min=1, max=200)] = 40,
    devices: Devices = 1_000,
    mqtt_url: MqttUrl = None,
    database_url: DatabaseUrl = None,
    verify: Verify = True,
    json: Json = False,
) -> None:
    from proving.bench import crash_question as bench_crash_question
    from proving.bench.stage import Plan

    plan = Plan(rate, seconds, crashes, devices, 1_000 if verify else 0)
    with bench_settings(mqtt_url, database_url) as settings:
        found = bench_crash_question.run(settings, SystemClock(), plan, print_phases())
    if json:
        print_json(found)
    else:
        out.print(
            f"at {found['reached_messages_per_s']:,} messages/s, {found['questions']} of "
            f"{found['pages']} open pages asked: {quantiles_text(found['latency_ms'])}"
        )
    judge(found)
