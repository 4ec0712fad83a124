"""Judge a reading of a meter by its past: plausible, too low, too high, swapped, another meter.

The file has the meter's registers (read_at, register_kwh), or interval values (start, energy_kwh):
then the register is their sum from the file's begin. After an exchange, a reset or a rollover the
register is that of the meter that was there at the time.

Example:

  tachowatt check-reading home.csv --at 2026-11-30T18:00:00+01:00 --reading 34507 --json
"""

from datetime import datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer

from app.commands.shared.console import out, print_json
from app.commands.shared.recording import (
    ClockOf,
    DateFormat,
    Decimal,
    Map,
    Thousands,
    Zone,
    file_options,
    progress,
)
from runtime.errors import Usage

MeterFile = Annotated[Path, typer.Argument(help="CSV or Parquet", show_default=False)]
At = Annotated[str, typer.Option(metavar="TIME", help="When it was read, ISO 8601")]
Reading = Annotated[float, typer.Option(min=0.0, help="The reading, kWh")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout")]


def check_reading(
    file: MeterFile,
    at: At,
    reading: Reading,
    tz: Zone = None,
    map_: Map = None,
    decimal: Decimal = None,
    thousands: Thousands = None,
    date_format: DateFormat = None,
    clock: ClockOf = None,
    json: Json = False,
) -> None:
    with progress(True):
        from app.analysis.known_register import known_register
        from app.recordings.read import read_meter_table
        from customer_context.metering import words
        from customer_context.metering.reading_check import judge

        instant = _instant(at, tz)
        options = file_options(decimal, thousands, date_format, clock)
        register = known_register(read_meter_table(file, tz, map_ or (), options=options), instant)
        found = judge(register, instant, reading)
        question = words.question(found, None)
        answer = {
            "verdict": found.verdict,
            "reading": reading,
            "expected": _rounded(found.expected),
            "low": _rounded(found.low),
            "high": _rounded(found.high),
            "reason": words.reason(found)["en"],
            "question": None if question is None else question["en"],
        }
    if json:
        print_json(answer)
    else:
        asked = f" {answer['question']}" if question else ""
        out.print(f"{answer['verdict']}: {answer['reason']}{asked}", highlight=False)


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
