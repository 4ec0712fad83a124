"""What was measured, out of the rows of intervals: one pass instead of one for each column."""

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
