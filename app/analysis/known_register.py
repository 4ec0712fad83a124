"""The register of a recording, on the scale of the meter that was there at a time."""

import numpy as np
from numpy.typing import NDArray

from app.analysis.meter import analyse, given_values
from app.recordings.read import Table
from customer_context.metering.reading_range import Register
from runtime.errors import Usage

Floats = NDArray[np.float64]
SAME_KWH = 0.5  # of two reads with the use between them: what their resolution hides


def known_register(table: Table, at_us: int) -> Register:
    """Return what the register stood at.

    The use is that of the intervals, so a rollover, a reset, a misread or a boot zero adds nothing.
    Of registers it is given as if the meter of `at_us` had been there all the time; of interval
    values it begins at 0.

    Raises Usage for less than two readings.
    """
    analysis = analyse(table)
    values = given_values(table, analysis.grid, analysis.intervals)
    length = values.end_us - values.start_us
    end = analysis.grid.to_utc(values.start_us) + length
    t_us = np.concatenate((end[:1] - length[:1], end))
    kwh = np.concatenate(([0.0], np.cumsum(values.energy_kwh)))
    if "register_kwh" in table.columns and t_us.size > 1:
        read = table.columns["register_kwh"]
        fine = np.isfinite(read)
        used = np.interp(table.t_us[fine], t_us, kwh)
        t_us, kwh = table.t_us[fine], used + _offset(read[fine] - used, table.t_us[fine], at_us)
    if t_us.size < 2:
        raise Usage(f"{table.path}: has {t_us.size} readings, expected at least two")
    return Register(t_us, np.maximum.accumulate(kwh))


def _offset(offsets: Floats, t_us: NDArray[np.int64], at_us: int) -> float:
    """Return the register less the use at the last read before a time, unless that is a misread.

    A read that differs from the one before and the one after, which agree, is a misread.
    """
    at = max(int(np.searchsorted(t_us, at_us, "right")) - 1, 0)
    if 0 < at < offsets.size - 1:
        before, here, after = offsets[at - 1 : at + 2]
        if abs(before - after) <= SAME_KWH < abs(here - before):
            return float(before)
    return float(offsets[at])
