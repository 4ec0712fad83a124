"""Measure how long ingest takes to follow one change of the registry among many devices.

Devices with vehicle, contract and customer are registered; then an assignment is corrected, or a
consent decided, five times each. The exit code is 1 where following one takes a second or longer.

Example:

  tachowatt bench registry --devices 1000000 --json
"""

from typing import Annotated

import typer

from app.commands.shared.console import out, print_json
from proving.commands.bench.shared import Json, bench_settings, judge, print_phases
from runtime.clock import SystemClock


def registry(
    devices: Annotated[int, typer.Option(min=100, help="Registered devices")] = 1_000_000,
    json: Json = False,
) -> None:
    from proving.bench import registry as bench_registry

    with bench_settings(None, None) as settings:
        found = bench_registry.run(settings, SystemClock(), devices, print_phases())
    if json:
        print_json(found)
    else:
        out.print(
            f"{found['devices']:,} devices: all {found['whole_s']} s, one assignment "
            f"{found['assignment_s']} s, one consent {found['consent_s']} s"
        )
    judge(found)
