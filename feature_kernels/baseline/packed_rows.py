"""Degrees of a place's hours within days, packed: made once for all of its homes.

Below the day's temperatures a heating row is zero, above them all rows are the same; cooling the
other way round.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from feature_kernels.baseline.day_hours import centre, fill_window
from feature_kernels.baseline.grid import COOLS, FIRST_COOL, HEATS, HOURS
from feature_kernels.kernel import hot_kernel, kernel, lean_kernel

Floats = NDArray[np.float64]
Int64s = NDArray[np.int64]

G = HEATS + COOLS
NOTHING = 1e-12  # K·d: rows that differ by less are the same


class Rows(NamedTuple):
    """Degrees of a place's hours, less the mean of each day, for one lag and inertia.

    Below the day's temperatures a heating row is zero, above them all rows are the same; cooling
    the other way round. Only rows between are kept, and the first of those that are the same.

    bounds : int64[days, 4], heating rows from … to (included, the same from there on), cooling rows
    from (the same up to there) … to; start : int64[days], of its rows; pairs_at : of its products
    rows : float64[r, 24]; own : float64[r], its squares; pairs : float64[p], heating · cooling
    """

    bounds: Int64s
    start: Int64s
    pairs_at: Int64s
    rows: Floats
    own: Floats
    pairs: Floats


@hot_kernel
def _differ(one, other):
    apart = 0.0
    for h in range(HOURS):
        apart = max(apart, abs(one[h] - other[h]))
    return apart > NOTHING


@kernel
def pack_rows(
    above: Floats, lag_h: int, at: Int64s
) -> tuple[Int64s, Int64s, Int64s, Floats, Floats, Floats]:
    """Return `Rows` of days that begin at hours `at`, as six arrays. above : float64[g, n], K·d."""
    days = at.size
    bounds = np.empty((days, 4), np.int64)
    start, pairs_at = np.empty(days + 1, np.int64), np.empty(days + 1, np.int64)
    rows, own = np.empty((days * G, HOURS)), np.empty(days * G)
    pairs = np.empty(days * HEATS * COOLS)
    every, none = np.empty((G, HOURS)), np.zeros(HOURS)
    r = p = 0
    for d in range(days):
        for g in range(G):
            fill_window(above, g, at[d] - lag_h, every[g])
            centre(every[g])
        first, last = 0, HEATS - 1
        while first < HEATS and not _differ(every[first], none):
            first += 1
        while last > first and not _differ(every[last - 1], every[HEATS - 1]):
            last -= 1
        low, high = HEATS, G
        while high > HEATS and not _differ(every[high - 1], none):
            high -= 1
        while low < high - 1 and not _differ(every[low + 1], every[HEATS]):
            low += 1
        bounds[d, 0], bounds[d, 1], bounds[d, 2], bounds[d, 3] = first, last, low, high
        start[d], pairs_at[d] = r, p
        for g in range(G):
            if first <= g <= last or low <= g < high:
                total = 0.0
                for h in range(HOURS):
                    rows[r, h] = every[g, h]
                    total += every[g, h] * every[g, h]
                own[r] = total
                r += 1
        for i in range(first, last + 1):
            for j in range(max(FIRST_COOL[i] + HEATS, low), high):
                total = 0.0
                for h in range(HOURS):
                    total += every[i, h] * every[j, h]
                pairs[p] = total
                p += 1
    start[days], pairs_at[days] = r, p
    return bounds, start[:days], pairs_at[:days], rows[:r].copy(), own[:r].copy(), pairs[:p].copy()


@lean_kernel
def rows_of(packed, at):
    """How many rows a packed day has."""
    heats = max(packed.bounds[at, 1] + 1 - packed.bounds[at, 0], 0)
    return heats + max(packed.bounds[at, 3] - packed.bounds[at, 2], 0)


@kernel
def products_with_use(packed: Rows, day: Int64s, use: Floats) -> Floats:
    """Multiply a meter's hours with its days' rows, one after another: float64[all rows].

    packed : Rows; day : int64[d], of the packed days; use : float64[d, 24]
    """
    size = 0
    for d in range(day.size):
        size += rows_of(packed, day[d])
    found = np.empty(size)
    k = 0
    for d in range(day.size):
        r = packed.start[day[d]]
        for c in range(r, r + rows_of(packed, day[d])):
            one = two = three = four = 0.0  # four sums at once; the compiler keeps their order
            row, used = packed.rows[c], use[d]
            for h in range(0, HOURS, 4):
                one += row[h] * used[h]
                two += row[h + 1] * used[h + 1]
                three += row[h + 2] * used[h + 2]
                four += row[h + 3] * used[h + 3]
            found[k] = (one + two) + (three + four)
            k += 1
    return found
