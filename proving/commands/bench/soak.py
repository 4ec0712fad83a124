"""Run the whole service under an even load for a long time and check that nothing grows.

Like `bench latency`, for half an hour by default (see --for). Each of thirty parts measures the
service's resident memory, open files, connections to the database and the latency of crashes.
The exit code is 1 if, from the first third to the last (a tenth is excluded to warm up), memory
grew by more than 32 MiB, files or connections by more than 8, p95 by more than a half, or if
the verification fails. Half an hour at 30,000 messages/s fills some 10 GB.

Examples:

  tachowatt bench soak --plot soak.png

  tachowatt bench soak --for 300 --rate 5000 --json
"""

from pathlib import Path
from typing import Annotated

import typer

from app.commands.shared.console import print_json, print_table, progress_bar
from proving.commands.bench.shared import (
    DatabaseUrl,
    Devices,
    HalfRate,
    Json,
    MqttUrl,
    Verify,
    bench_settings,
    judge,
)
from runtime.clock import SystemClock


def soak(
    rate: HalfRate = None,
    seconds: Annotated[float, typer.Option("--for", min=2, help="Seconds under load")] = 1_800.0,
    crashes: Annotated[int, typer.Option(min=30, max=5_000)] = 900,
    devices: Devices = 1_000,
    mqtt_url: MqttUrl = None,
    database_url: DatabaseUrl = None,
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE.png", help="Draw it, 1600 by 900")
    ] = None,
    verify: Verify = True,
    json: Json = False,
) -> None:
    from proving.bench import soak as bench_soak
    from proving.bench.stage import Plan

    plan = Plan(rate, seconds, crashes, devices, 100 if verify else 0)
    with bench_settings(mqtt_url, database_url) as settings, progress_bar("soak") as advance:
        found = bench_soak.run(settings, SystemClock(), plan, lambda _, done, of: advance(done, of))
    if plot is not None:
        bench_soak.plot(found, plot)
    if json:
        print_json(found)
    else:
        names = ("until_s", "memory_mib", "files", "connections", "p50", "p95", "max")
        print_table(
            f"{found['reached_messages_per_s']:,} messages/s",
            list(names),
            [[part[name] for name in names] for part in found["parts"]],
        )
    judge(found)
