"""Recompute every feature from the stored samples and compare bit for bit.

It also checks for duplicate samples and a ledger that does not close. Exit code 1 and a list
if anything differs.

Example: tachowatt verify
"""

import typer

from app.commands.shared.console import load_settings, out, print_json, progress_bar
from app.commands.shared.options import Json
from app.processes.stack import database
from runtime.clock import SystemClock


def verify(json: Json = False) -> None:
    from app.operations.verify import verify as verify_store

    with database(load_settings(), SystemClock()) as url, progress_bar("devices") as advance:
        verdict = verify_store(url, advance)
    if json:
        print_json(
            {
                "clean": verdict.clean,
                "devices": verdict.devices,
                "samples": verdict.samples,
                "rows": verdict.rows,
                "waiting": verdict.waiting,
                "differences": verdict.differences,
            }
        )
    else:
        for line in verdict.differences:
            out.print(line, style="red", highlight=False)
        if verdict.waiting:
            out.print(f"{verdict.waiting} devices wait to be reconciled: run it again in a moment")
        out.print(
            f"{verdict.devices} devices, {verdict.samples} samples, {verdict.rows} feature rows: "
            + ("clean" if verdict.clean else "[red]not clean[/]"),
            markup=True,
        )
    if not verdict.clean:
        raise typer.Exit(1)
