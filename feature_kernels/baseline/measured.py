"""What was measured, out of rows of intervals, by day and by hour: one pass over them each."""

import numpy as np
from numpy.typing import NDArray

from feature_kernels.kernel import kernel

Int64s = NDArray[np.int64]
Floats = NDArray[np.float64]


@kernel
def _measured(start_us, end_us, local_us, energy_kwh, status, estimated, decided_us, as_read):
    n = start_us.size
    start, end, local = np.empty(n, np.int64), np.empty(n, np.int64), np.empty(n, np.int64)
    energy, decided = np.empty(n), np.empty(n, np.int64)
    k = 0
    ascending = True
    for i in range(n):
        if estimated[i] != 0 or status[i] != as_read or end_us[i] <= start_us[i]:
            continue
        if not np.isfinite(energy_kwh[i]):
            continue
        start[k], end[k], local[k] = start_us[i], end_us[i], local_us[i]
        energy[k], decided[k] = energy_kwh[i], decided_us[i]
        if k > 0 and start[k] < start[k - 1]:
            ascending = False
        k += 1
    return start[:k], end[:k], local[:k], energy[:k], decided[:k], ascending


def measured(
    intervals: NDArray[np.void], as_read: int
) -> tuple[Int64s, Int64s, Int64s, Floats, Int64s]:
    """Return start, end, local time, kWh and time of decision of what was read, by start.

    intervals : INTERVAL_DTYPE[k]; as_read : the status of what was read
    """
    names = ("start_us", "end_us", "local_us", "energy_kwh", "status", "estimated", "decided_us")
    *columns, ascending = _measured(*(intervals[name] for name in names), as_read)
    if not ascending:
        order = np.argsort(columns[0], kind="stable")
        columns = [column[order] for column in columns]
    start, end, local, energy, decided = columns
    return start, end, local, energy, decided


@kernel
def _days(start_us, end_us, local_us, energy_kwh, day_us):
    most = start_us.size
    first, last = np.empty(most, np.int64), np.empty(most, np.int64)
    measured, energy = np.empty(most, np.int64), np.empty(most)
    k = -1
    begin = end = np.int64(0)  # of the day
    for i in range(most):
        if k < 0 or not begin <= local_us[i] < end:
            k += 1
            begin = local_us[i] // day_us * day_us
            end = begin + day_us
            first[k], measured[k], energy[k] = i, 0, 0.0
        last[k] = i
        measured[k] += end_us[i] - start_us[i]
        energy[k] += energy_kwh[i]
    return first[: k + 1], last[: k + 1], measured[: k + 1], energy[: k + 1]


def by_day(
    start_us: Int64s, end_us: Int64s, local_us: Int64s, energy_kwh: Floats, day_us: int
) -> tuple[Int64s, Int64s, Int64s, Floats]:
    """Return first and last interval, measured time and kWh of each local day, in order."""
    first, last, measured, energy = _days(start_us, end_us, local_us, energy_kwh, day_us)
    return first, last, measured, energy


@kernel
def _hours(day_start_us, day_end_us, start_us, energy_kwh, hour_us, hours):
    kwh = np.zeros((day_start_us.size, hours))
    row = -1
    hour = np.int64(0)
    begin = end = np.int64(0)  # of the hour
    for i in range(start_us.size):
        if begin <= start_us[i] < end:
            kwh[row, hour] += energy_kwh[i]
            continue
        while row + 1 < day_start_us.size and day_start_us[row + 1] <= start_us[i]:
            row += 1
        while row >= 0 and day_start_us[row] > start_us[i]:  # rows that are not in order
            row -= 1
        if row >= 0 and start_us[i] < day_end_us[row]:
            hour = (start_us[i] - day_start_us[row]) // hour_us
            begin = day_start_us[row] + hour * hour_us
            end = min(begin + hour_us, day_end_us[row])
            if row + 1 < day_start_us.size:
                end = min(end, day_start_us[row + 1])
            kwh[row, hour] += energy_kwh[i]
    return kwh


def by_hour(
    day_start_us: Int64s, day_end_us: Int64s, start_us: Int64s, energy_kwh: Floats,
    hour_us: int, hours: int,
) -> Floats:  # fmt: skip
    """Return the kWh of the hours of days: float64[days, hours].

    day_start_us, day_end_us : ascending; start_us, energy_kwh : of intervals
    """
    return np.asarray(
        _hours(day_start_us, day_end_us, start_us, energy_kwh, hour_us, hours), np.float64
    )
