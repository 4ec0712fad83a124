"""Read hours of weather from a file: Bright Sky's JSON, or a table of temperatures (DWD, CSV)."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from runtime.errors import Usage
from store.postgres.times import from_us

WeatherHour = tuple[datetime, float | None, bool | None]
"""Begin, °C, hail; None = not known."""
_HAIL = "hail"


def read(path: Path, tz: str | None) -> list[WeatherHour]:
    """Return the hours of a file. tz : of times without an offset. Raises `Usage`."""
    if path.suffix.lower() == ".json":
        return _bright_sky(path)
    from app.recordings.encoding import TableError
    from app.recordings.temperatures import read_temperatures

    try:
        t_us, celsius, _ = read_temperatures(path, tz)
    except TableError as error:
        raise Usage(str(error)) from None
    return [
        (from_us(int(at)), None if np.isnan(value) else float(value), None)
        for at, value in zip(t_us, celsius, strict=True)
    ]


def _bright_sky(path: Path) -> list[WeatherHour]:
    """Read an answer of Bright Sky: `weather`, a list of hours."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Usage(f"{path}: no JSON: {error}") from None
    rows = found.get("weather") if isinstance(found, dict) else None
    if not isinstance(rows, list) or not rows:
        raise Usage(f"{path}: expected a list `weather` of hours, as Bright Sky answers")
    return [_hour(path, number, row) for number, row in enumerate(rows, start=1)]


def _hour(path: Path, number: int, row: Any) -> WeatherHour:
    where = f"{path}: weather, row {number}"
    if not isinstance(row, dict):
        raise Usage(f"{where}: expected an object")
    at: datetime | None
    try:
        at = datetime.fromisoformat(str(row.get("timestamp")))
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise Usage(f"{where}: timestamp: expected a time with an offset")
    value = row.get("temperature")
    known = isinstance(value, int | float) and not isinstance(value, bool)
    if value is not None and not known:
        raise Usage(f"{where}: temperature: expected a number (°C)")
    condition = row.get("condition")
    hail = None if condition is None else condition == _HAIL or row.get("icon") == _HAIL
    return at.astimezone(UTC), float(value) if known else None, hail  # type: ignore[arg-type]
