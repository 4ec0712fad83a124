"""Compute all features again from the stored samples, after an upgrade with other kernels.

Trips, events, intervals, days and anomalies that an earlier version has computed differ from what
this one computes; `tachowatt verify` names them. This replaces them, with a higher revision where
they changed, and corrects what was sent. It begins where retention has left samples, and goes on
where an earlier run was interrupted. Run it before ingest is started again: a partition that a
worker owns is left to it. Exit code 1 if there was one.

--request only marks the devices: the workers compute them after their next start, between batches.

Example: tachowatt recompute && tachowatt verify
"""

from typing import Annotated

import typer

from app.commands.shared.console import load_settings, out, print_json, progress_bar
from app.commands.shared.options import Json
from app.processes.stack import database
from runtime.clock import SystemClock


def recompute(
    request: Annotated[bool, typer.Option("--request", help="Only mark the devices")] = False,
    json: Json = False,
) -> int:
    from app.operations import recompute as operation

    settings, clock = load_settings(), SystemClock()
    with database(settings, clock) as url:
        if request:
            found = operation.Recomputed(requested=operation.request(url))
        else:
            with progress_bar("devices") as advance:
                found = operation.recompute(url, settings, clock, advance)
    if json:
        print_json({"requested": found.requested, "done": found.done, "owned": found.owned})
    elif request:
        out.print(f"{found.requested} devices are computed again when their workers start")
    else:
        out.print(f"{found.done} devices computed again")
        if found.owned:
            numbers = ", ".join(map(str, found.owned))
            out.print(f"left to running workers, after their next start: partitions {numbers}")
    return 1 if found.owned else 0
