"""The 24 hours of a meter's days, and windows of a place's degrees beside them.

Hours and degrees are less the mean of their day: only what rises and falls within it is left.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from feature_kernels.baseline.grid import HOURS
from feature_kernels.kernel import hot_kernel, kernel, lean_kernel

Floats = NDArray[np.float64]
Int64s = NDArray[np.int64]


class Hours(NamedTuple):
    """Hours of a meter's whole days.

    at : int64[d], the first hour of each day in the temperatures; off : int64[d], 1 = day off
    use : float64[d, 24], kWh, less the mean of each day
    """

    at: Int64s
    off: Int64s
    use: Floats


@hot_kernel
def fill_window(above, part, first, out):
    """Fill a window of hours from `first` on; edges stay as they are."""
    n = above.shape[1]
    if first >= 0 and first + out.size <= n:
        of_part = above[part, first : first + out.size]
        for h in range(out.size):
            out[h] = of_part[h]
    else:
        for h in range(out.size):
            out[h] = above[part, min(max(first + h, 0), n - 1)]


@hot_kernel
def sum_of_day(row):
    """Add 24 hours up, in four sums that the processor makes at once."""
    one = two = three = four = 0.0
    for h in range(0, HOURS, 4):
        one += row[h]
        two += row[h + 1]
        three += row[h + 2]
        four += row[h + 3]
    return (one + two) + (three + four)


@hot_kernel
def centre(row):
    """Subtract the mean of a day from its hours; return their sum."""
    total = sum_of_day(row)
    mean = total / HOURS
    for h in range(HOURS):
        row[h] -= mean
    return total


@lean_kernel
def sum_hours(count, with_use, products, gram, moment):
    """Add the sums by hour up to equations."""
    for k in range(count):
        moment[k] = 0.0
        for h in range(HOURS):
            moment[k] += with_use[k, h]
        for m in range(k + 1):
            gram[k, m] = 0.0
            for h in range(HOURS):
                gram[k, m] += products[k, m, h]
            gram[m, k] = gram[k, m]


@kernel
def without_rhythm(hours: Hours, weight: Floats) -> Floats:
    """Return the use less the mean day of workdays and of days off: float64[d, 24]."""
    means, whole = np.zeros((2, HOURS)), np.zeros(2)
    for d in range(weight.size):
        kind = hours.off[d]
        whole[kind] += weight[d]
        for h in range(HOURS):
            means[kind, h] += weight[d] * hours.use[d, h]
    for kind in range(2):
        for h in range(HOURS):
            means[kind, h] /= whole[kind]  # NaN for a kind that no day has
    out = np.empty(hours.use.shape)
    for d in range(weight.size):
        for h in range(HOURS):
            out[d, h] = hours.use[d, h] - means[hours.off[d], h]
    return out
