"""Degrees of hours and days at balance points, as a house answers them.

A house answers the weather `lag` hours later and spreads it with a time constant, its inertia:
degrees come at the hour of the answer, their sum stays. Before the first hour and after the last it
was as then.
"""

import math

import numpy as np
from numpy.typing import NDArray

from feature_kernels.baseline.grid import GRID_C, HEATS
from feature_kernels.kernel import kernel

Floats = NDArray[np.float64]
Int64s = NDArray[np.int64]

HOUR_US = 3_600_000_000
MEMORY_H = 72  # of a house: what it lost longer ago is forgotten
NOTHING = 1e-12  # K·d


@kernel
def degree_hours(celsius: Floats, balance_c: float, sign: float, inertia_h: float) -> Floats:
    """Degrees of each hour, K·d, spread by inertia: float64[n]; 0 where no temperature is known.

    The sum of past hours, each weighing exp(-age / inertia), is renewed from hour to hour.
    """
    n = celsius.size
    above = np.empty(n)
    for i in range(n):
        over = sign * (celsius[i] - balance_c)
        above[i] = over / 24.0 if over > 0.0 else 0.0  # not over, or NaN
    if inertia_h <= 0.0 or n == 0:
        return above
    keep = math.exp(-1.0 / inertia_h)
    forget = math.exp(-MEMORY_H / inertia_h)
    norm = (1.0 - forget) / (1.0 - keep)
    spread = np.empty(n)
    total = above[0] * norm
    for i in range(n):
        total = keep * total + above[i] - forget * above[max(i - MEMORY_H, 0)]
        spread[i] = max(total / norm, 0.0)
    return spread


@kernel
def fill_grid(celsius: Floats, inertia_h: float, parts: Int64s, above: Floats) -> None:
    """Fill rows `parts` of `above`, float64[g, n], with the degrees at these points of the grid."""
    for part in parts:
        sign = -1.0 if part < HEATS else 1.0
        row, degrees = above[part], degree_hours(celsius, GRID_C[part], sign, inertia_h)
        for i in range(row.size):
            row[i] = degrees[i]


@kernel
def running_totals(above: Floats) -> Floats:
    """Degrees from the first hour to the begin of each, K·d: float64[n + 1, g]."""
    g, n = above.shape
    total = np.empty((n + 1, g))
    for j in range(g):
        total[0, j] = 0.0
        for i in range(n):
            total[i + 1, j] = total[i, j] + above[j, i]
    return total


@kernel
def degrees_until(
    celsius: Floats, balance_c: float, sign: float, lag_h: int, inertia_h: float
) -> Floats:
    """Degrees at a balance point from the first hour to the begin of each, K·d: float64[n + 1]."""
    above, n = degree_hours(celsius, balance_c, sign, inertia_h), celsius.size
    total = np.empty(n + 1)
    total[0] = 0.0
    for i in range(n):
        total[i + 1] = total[i] + above[min(max(i - lag_h, 0), n - 1)]
    return total


@kernel
def degree_days(
    total: Floats, lag_h: int, first_us: int, start_us: Int64s, end_us: Int64s
) -> tuple[Floats, Int64s, Int64s]:
    """Degree days of spans, K·d: float64[spans, g].

    total : of `running_totals`, the first hour begins at first_us

    Returns with them int64[spans]: from which heating on, and up to which cooling, there are any.
    """
    n, g = total.shape[0] - 1, total.shape[1]
    days = np.zeros((start_us.size, g))
    for k in range(start_us.size):
        one, other = (start_us[k] - first_us) // HOUR_US, (end_us[k] - first_us) // HOUR_US
        whole = start_us[k] == first_us + one * HOUR_US and end_us[k] == first_us + other * HOUR_US
        one, other = one - lag_h, other - lag_h
        if whole and min(one, one + lag_h) >= 0 and max(other, other + lag_h) <= n:
            row, before, until = days[k], total[one], total[other]
            for j in range(g):
                row[j] = until[j] - before[j]
            continue
        for edge, sign in ((start_us[k], -1.0), (end_us[k], 1.0)):
            hour = min(max((edge - first_us) // HOUR_US, 0), n)
            share = (edge - first_us) / HOUR_US - hour
            at = min(max(hour - lag_h, 0), n)
            early = sign * min(hour, lag_h) if lag_h > 0 else 0.0
            late = sign * max(hour - lag_h - n, 0) if lag_h < 0 else 0.0
            now = min(at, n - 1)
            for j in range(g):
                days[k, j] += sign * total[at, j]
            if early != 0.0 or late != 0.0 or share != 0.0:
                for j in range(g):
                    days[k, j] += early * (total[1, j] - total[0, j])
                    days[k, j] += late * (total[n, j] - total[n - 1, j])
                    days[k, j] += sign * share * (total[now + 1, j] - total[now, j])
    heats, cools = np.empty(start_us.size, np.int64), np.empty(start_us.size, np.int64)
    for k in range(start_us.size):
        first, last = 0, g
        while first < HEATS and days[k, first] <= NOTHING:
            first += 1
        while last > HEATS and days[k, last - 1] <= NOTHING:
            last -= 1
        heats[k], cools[k] = first, last
    return days, heats, cools
