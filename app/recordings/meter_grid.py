"""Find the grid of intervals of a meter's file, from its times alone."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.recordings.read import Table

US_PER_S = 1_000_000
HOUR_S, DAY_S = 3_600.0, 86_400.0
# From here on rows are days, counted by the calendar: 23, 24 or 25 hours.
CALENDAR_FROM_S = 20 * HOUR_S
# Rows further apart than this are billing periods of varying length.
PERIODS_FROM_S = 25 * HOUR_S
NOMINAL_S = (60, 300, 600, 900, 1_200, 1_800, 3_600, 7_200, 10_800, 14_400, 21_600, 43_200, 86_400)

Int64s = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Grid:
    """Nominal interval of a file, and the time axis on which it is regular.

    interval_s : nominal length, s; `inferred` is False if unknown (a single row)
    kernel_s   : interval passed to the kernel; days for registers that are read less often
    t_us       : int64[n], times of the rows on the axis, µs: UTC, or local time for daily rows
    lengths_s  : float64[n], s, if each row has its own length, else None
    even       : each row begins one interval after the one before
    """

    interval_s: float
    kernel_s: float
    inferred: bool
    t_us: Int64s
    lengths_s: NDArray[np.float64] | None
    offset_us: Int64s | None  # of the rows, to convert from a local axis; None on the UTC axis
    even: bool

    @property
    def periods(self) -> bool:
        """Rows are billing periods of differing length."""
        return self.interval_s > PERIODS_FROM_S

    @property
    def last_us(self) -> int:
        """Length of the last row, µs."""
        length = self.interval_s if self.lengths_s is None else float(self.lengths_s[-1])
        return round(length * US_PER_S)

    def slots(self, t_us: Int64s) -> Int64s:
        """Number the nominal intervals that start at `t_us` (on the axis), the first row's 0."""
        if self.even and t_us is self.t_us:
            return np.arange(t_us.size)
        step = self.interval_s * US_PER_S
        return np.asarray(np.rint((t_us - self.t_us[0]) / step), np.int64)

    def to_utc(self, t_us: Int64s) -> Int64s:
        """Convert times on the axis to instants, by the offset of the row at or before."""
        if self.offset_us is None:
            return t_us
        row = np.searchsorted(self.t_us, t_us, side="right") - 1
        return np.asarray(t_us - self.offset_us[np.maximum(row, 0)], np.int64)


def find_grid(table: Table, default_s: float) -> Grid:
    """Infer the nominal interval: the most frequent distance of a file's rows.

    Registers are read at irregular times: their distance is rounded to a usual interval, and
    reads less than a minute apart use the default.
    """
    registers = "register_kwh" in table.columns
    interval_s = _stated(table)
    inferred = interval_s is not None or table.t_us.size > 1
    if interval_s is None:
        interval_s = _usual_distance(table.t_us, registers, default_s)
    t_us, offset_us = table.t_us, None
    if interval_s >= CALENDAR_FROM_S and bool(np.all(np.diff(table.local_us) > 0)):
        t_us, offset_us = table.local_us, table.offset_us
        if interval_s <= PERIODS_FROM_S:
            interval_s = DAY_S
    lengths_s = None
    if interval_s > PERIODS_FROM_S and not registers:
        spaces = np.append(np.diff(t_us) / US_PER_S, _month_s(t_us) or interval_s)
        lengths_s = np.where(spaces > 1.5 * interval_s, interval_s, spaces)
    kernel_s = min(interval_s, DAY_S) if registers else interval_s
    step = round(interval_s * US_PER_S)
    even = lengths_s is None and bool((t_us[1:] - t_us[:-1] == step).all())
    return Grid(interval_s, kernel_s, inferred, t_us, lengths_s, offset_us, even)


def _month_s(t_us: Int64s) -> float | None:
    """Return the length of the last row, s, where each row begins with a month; else None."""
    at = t_us.astype("datetime64[us]")
    if (at.astype("datetime64[M]") != at).any():
        return None
    month = at[-1].astype("datetime64[M]")
    return float((month + 1 - month.astype("datetime64[D]")).astype(int)) * DAY_S


def _stated(table: Table) -> float | None:
    """Return the most frequent value of the column `interval_s`, if there is one."""
    stated = table.columns.get("interval_s", np.empty(0))
    return _most_frequent(stated[~np.isnan(stated)])


def _most_frequent(values: NDArray[np.float64]) -> float | None:
    if values.size == 0:
        return None
    if values.min() == values.max():
        return float(values[0])
    distinct, count = np.unique(values, return_counts=True)
    return float(distinct[np.argmax(count)])


def _usual_distance(t_us: Int64s, registers: bool, default_s: float) -> float:
    distances_us = t_us[1:] - t_us[:-1]
    if distances_us.size == 0:
        return default_s
    usual = float(distances_us[0] / US_PER_S)
    if (distances_us != distances_us[0]).any():
        distances = distances_us / US_PER_S
        most = _most_frequent(distances)
        assert most is not None
        usual = most
        if np.mean(np.abs(distances - usual) <= 0.05 * usual) < 0.5:
            usual = float(np.median(distances))
    if registers:
        usual = next((float(s) for s in NOMINAL_S if abs(usual - s) <= 0.1 * s), usual)
        return default_s if usual < 60.0 else round(usual)
    return usual
