"""How late a house answers the weather: what degrees explain of the hours within days, by lag."""

import numpy as np
from numpy.typing import NDArray

from feature_kernels.baseline.day_hours import Hours, fill_window, sum_of_day
from feature_kernels.baseline.grid import HOURS
from feature_kernels.kernel import kernel, lean_kernel

Floats = NDArray[np.float64]
Int64s = NDArray[np.int64]

FIRST_LAG, LAST_LAG = -1, 4  # hours; -1: stamps of meter and weather differ
LAGS = LAST_LAG - FIRST_LAG + 1
WINDOW = HOURS + LAGS - 1
SINGULAR = 1e-12  # of the product of both: two parts that show the same


@lean_kernel
def _of_lag(count, lag, windows, sums, whole, moments, out, gram, moment):
    """Make the equations of one lag out of sums over the window of all lags."""
    for k in range(count):
        moment[k] = 0.0
        for h in range(HOURS):
            moment[k] += moments[lag, k, h]
        for m in range(k + 1):
            gram[k, m] = -out[lag, k, m] / HOURS
            for h in range(HOURS):
                gram[k, m] += windows[k, m, lag + h]
    for kind in range(2):
        if not whole[kind] > 0.0:
            continue
        for k in range(count):
            for m in range(k + 1):
                one = two = both = 0.0
                for h in range(HOURS):
                    one += sums[kind, k, lag + h]
                    two += sums[kind, m, lag + h]
                    both += sums[kind, k, lag + h] * sums[kind, m, lag + h]
                gram[k, m] -= (both - one * two / HOURS) / whole[kind]
    for k in range(count):
        for m in range(k):
            gram[m, k] = gram[k, m]


@lean_kernel
def _explained(count, gram, moment):
    """Squares that one part or two explain."""
    one = moment[0] * moment[0] / gram[0, 0] if gram[0, 0] > 0.0 else 0.0
    if count == 1:
        return one
    two = moment[1] * moment[1] / gram[1, 1] if gram[1, 1] > 0.0 else 0.0
    det = gram[0, 0] * gram[1, 1] - gram[0, 1] * gram[0, 1]
    if not det > SINGULAR * gram[0, 0] * gram[1, 1]:
        return max(one, two)
    total = moment[0] * moment[0] * gram[1, 1] + moment[1] * moment[1] * gram[0, 0]
    return (total - 2.0 * moment[0] * moment[1] * gram[0, 1]) / det


@lean_kernel
def _add_windows(
    above, parts, hours, weight, without, window, total, weighed, windows, sums, moments, out, whole
):
    """Add the windows of the days up; the three before `windows` are room."""
    for d in range(weight.size):
        w, kind, use = weight[d], hours.off[d], without[d]
        whole[kind] += w
        for h in range(HOURS):
            weighed[h] = w * use[h]
        for k in range(parts.size):
            row, by_kind = window[k], sums[kind, k]
            fill_window(above, parts[k], hours.at[d] - LAST_LAG, row)
            for h in range(WINDOW):
                by_kind[h] += w * row[h]
            for lag in range(LAGS):
                late, moment = row[lag : lag + HOURS], moments[lag, k]
                for h in range(HOURS):
                    moment[h] += weighed[h] * late[h]
            level = sum_of_day(row)
            total[k, 0] = level
            for lag in range(1, LAGS):
                level += row[lag + HOURS - 1] - row[lag - 1]
                total[k, lag] = level
        for k in range(parts.size):
            for m in range(k + 1):
                one, two, product = window[k], window[m], windows[k, m]
                for h in range(WINDOW):
                    product[h] += w * one[h] * two[h]
                for lag in range(LAGS):
                    out[lag, k, m] += w * total[k, lag] * total[m, lag]


@kernel
def explained_by_lag(
    above: Floats, parts: Int64s, hours: Hours, weight: Floats, without: Floats
) -> Floats:
    """Return the squares that degrees of parts explain, by lag from FIRST_LAG: float64[LAGS].

    above : float64[g, n], of one inertia, of which rows `parts` are read; without : float64[d, 24],
    use without rhythm. The sums of all lags come from one window of each day.
    """
    count = parts.size
    windows, sums = np.zeros((count, count, WINDOW)), np.zeros((2, count, WINDOW))
    moments, out = np.zeros((LAGS, count, HOURS)), np.zeros((LAGS, count, count))
    whole = np.zeros(2)
    _add_windows(
        above, parts, hours, weight, without, np.empty((count, WINDOW)), np.empty((count, LAGS)),
        np.empty(HOURS), windows, sums, moments, out, whole,
    )  # fmt: skip
    gram, moment, found = np.empty((count, count)), np.empty(count), np.empty(LAGS)
    for lag in range(LAGS):
        _of_lag(count, lag, windows, sums, whole, moments, out, gram, moment)
        found[LAGS - 1 - lag] = _explained(count, gram, moment)
    return found
