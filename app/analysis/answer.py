"""Format times and numbers in answers about files."""

from datetime import UTC, datetime, timedelta, timezone
from math import isfinite

import numpy as np

from app.recordings.read import Table

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def iso(table: Table, t_us: int) -> str:
    """Format an instant as ISO 8601 with its local offset."""
    row = int(np.searchsorted(table.t_us, t_us, side="right")) - 1
    offset = timedelta(microseconds=int(table.offset_us[max(row, 0)]))
    local = (EPOCH + timedelta(microseconds=t_us)).astimezone(timezone(offset))
    return local.isoformat(timespec="seconds" if t_us % 1_000_000 == 0 else "microseconds")


def number(value: float, digits: int | None = 6) -> float | None:
    """Convert a float to a JSON number: rounded to digits (None: unrounded), None for NaN."""
    if not isfinite(value):
        return None
    return float(value) if digits is None else round(float(value), digits)
