"""Judge a reading of a meter by its past: plausible, too low, too high, swapped, another meter.

The file has the meter's registers (read_at, register_kwh), or interval values (start, energy_kwh):
then the register is their sum from the file's begin.

Example:

  tachowatt check-reading home.csv --at 2026-11-30T18:00:00+01:00 --reading 34507 --json
"""

from datetime import datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer

from app.commands.shared.console import out, print_json
from app.commands.shared.recording import Map, Zone, progress
from runtime.errors import Usage

MeterFile = Annotated[Path, typer.Argument(help="CSV or Parquet", show_default=False)]
At = Annotated[str, typer.Option(metavar="TIME", help="When it was read, ISO 8601")]
Reading = Annotated[float, typer.Option(min=0.0, help="The reading, kWh")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout")]


def check_reading(
    file: MeterFile, at: At, reading: Reading, tz: Zone = None, map_: Map = None, json: Json = False
) -> None:
    import numpy as np

    with progress(True):
        from app.analysis.meter import analyse, given_values
        from app.recordings.read import read_meter_table
        from customer_context.metering import words
        from customer_context.metering.reading_check import judge
        from customer_context.metering.reading_range import Register

        table = read_meter_table(file, tz, map_ or ())
        instant = _instant(at, tz)
        if "register_kwh" in table.columns:
            kwh = table.columns["register_kwh"]
            fine = np.isfinite(kwh)
            t_us, kwh = table.t_us[fine], np.maximum.accumulate(kwh[fine])
        else:
            analysis = analyse(table)
            values = given_values(table, analysis.grid, analysis.intervals)
            end = analysis.grid.to_utc(values.start_us) + values.end_us - values.start_us
            begin = end[:1] - (values.end_us - values.start_us)[:1]
            t_us = np.concatenate((begin, end))
            kwh = np.concatenate(([0.0], np.cumsum(values.energy_kwh)))
        if t_us.size < 2:
            raise Usage(f"{file}: has {t_us.size} readings, expected at least two")
        found = judge(Register(t_us, kwh), instant, reading)
        answer = {
            "verdict": found.verdict,
            "reading": reading,
            "expected": _rounded(found.expected),
            "low": _rounded(found.low),
            "high": _rounded(found.high),
            "reason": words.reason(found)["en"],
        }
    if json:
        print_json(answer)
    else:
        out.print(f"{answer['verdict']}: {answer['reason']}", highlight=False)


def _rounded(kwh: float | None) -> float | None:
    return None if kwh is None else round(kwh, 3)


def _instant(text: str, tz: str | None) -> int:
    try:
        time = datetime.fromisoformat(text)
        if time.tzinfo is None:
            time = time.replace(tzinfo=ZoneInfo(tz or "UTC"))
    except (ValueError, ZoneInfoNotFoundError):
        raise Usage(f"--at: found {text!r}, expected a time like 2026-11-30T18:00:00Z") from None
    return round(time.timestamp() * 1e6)
