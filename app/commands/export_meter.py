"""Export validated intervals of a meter: CSV, Green Button (.xml) or BO4E (.json), by the ending.

Each interval has its status (Messwertstatus of BO4E). `--as-of` exports them as they stood at a
time, before later corrections: what was billed then. Nothing is exported that the meter's customer
does not grant, and the log of reads has the export.

Examples:

  tachowatt export-meter acme/meter-1 --from 2026-01-01T00:00:00Z --out january.csv

  tachowatt export-meter acme/meter-1 --as-of 2026-11-01T00:00:00Z --out billed.xml
"""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from app.commands.shared.console import load_settings, out
from app.commands.shared.reads import log_command
from app.commands.shared.recording import check_outputs
from app.processes.stack import database
from runtime.clock import SystemClock
from runtime.errors import Usage
from store.postgres.pool import connect

Meter = Annotated[str, typer.Argument(metavar="TENANT/METER", show_default=False)]
From = Annotated[str | None, typer.Option("--from", metavar="TIME", help="Started at or after")]
To = Annotated[str | None, typer.Option("--to", metavar="TIME", help="Started before")]
AsOf = Annotated[str | None, typer.Option("--as-of", metavar="TIME", help="As they stood then")]
OutFile = Annotated[Path, typer.Option("--out", metavar="FILE", help=".csv, .xml or .json")]


def _time(option: str, text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise Usage(f"{option}: found {text!r}, expected a time like 2026-11-30T00:00:00Z")
    return found


def export_meter(
    meter: Meter, out_file: OutFile, from_: From = None, to: To = None, as_of: AsOf = None
) -> None:
    from app.operations.meter_export import intervals_of, write

    check_outputs(out_file)
    times = _time("--from", from_), _time("--to", to), _time("--as-of", as_of)
    clock = SystemClock()
    with database(load_settings(), clock) as url, connect(url) as connection:
        found = intervals_of(connection, meter, *times, clock.now_us())
        log_command(connection, clock, f"export-meter {meter}", found.reads)
    write(out_file, found, clock.now_us())
    out.print(f"{len(found.values)} intervals in {out_file}", highlight=False)
