"""Let one device send ten times what it may, and measure how long the others wait meanwhile.

The whole service runs (`tachowatt serve`, in a separate process) behind Mosquitto. Other devices,
half of them of the same tenant, send at --rate; the time of each of their messages runs until the
device has its acknowledgement. Rounds without and with the flood take turns. The exit code is 1 if
p95 of the others is more than 1.5 times as long with the flood, if one of their messages is not
acknowledged, refused or dead-lettered, if the ledger does not close or `verify` is not clean.

Example:

  tachowatt bench flood --json
"""

from typing import Annotated

import typer

from app.commands.shared.console import out, print_json
from proving.commands.bench.shared import (
    DatabaseUrl,
    Json,
    MqttUrl,
    Verify,
    bench_settings,
    judge,
    print_phases,
    quantiles_text,
)
from runtime.clock import SystemClock


def flood(
    rate: Annotated[float, typer.Option(min=1, help="Messages/s of the others together")] = 200.0,
    seconds: Annotated[float, typer.Option("--for", min=1, help="Seconds of a round")] = 10.0,
    devices: Annotated[int, typer.Option(min=2, help="The others")] = 50,
    times: Annotated[float, typer.Option(min=1, help="The flood, in limits of a device")] = 10.0,
    rounds: Annotated[int, typer.Option(min=1, help="Without and with the flood, each")] = 3,
    mqtt_url: MqttUrl = None,
    database_url: DatabaseUrl = None,
    verify: Verify = True,
    json: Json = False,
) -> None:
    from proving.bench import flood as bench_flood

    plan = bench_flood.Plan(rate, seconds, devices, times, rounds, 1_000 if verify else 0)
    with bench_settings(mqtt_url, database_url) as settings:
        found = bench_flood.run(settings, SystemClock(), plan, print_phases())
    if json:
        print_json(found)
    else:
        out.print(
            f"{found['flood_messages_per_s']:,} messages/s of one device, "
            f"{found['flood_reached_times_limit']} times its limit"
        )
        for which, took in found["latency_ms"].items():
            out.print(f"the others {which} it: {quantiles_text(took)}")
        out.print(f"p95 is {found['ratio_p95']} times as long")
    judge(found)
