"""The marks of a window against days that it is compared with."""

import numpy as np

from feature_kernels.kernel import lean_kernel
from feature_kernels.tampering.rows import (
    EMPTY,
    EVEN,
    FIRST_QUANTILE,
    FLAT,
    FOLLOW,
    LEVEL,
    MIDDLE,
    MIRROR,
    QUANTILES,
    ROUGH,
    RUN,
    ranked_of,
)

MOST_OF_DAYS = 0.6  # of a window's days lie below what is compared
NEW_SHARE = 0.1  # of days: a slot without use more often than before
EVEN_SCATTER = 0.2  # over quantiles of a fall that is even, as a logarithm
LEAST_ROUGH = 0.02
LEAST_TURN = 0.02  # how far a profile is from itself backwards


@lean_kernel
def profile_of(days, chosen, count, least, profile):
    """Fill the logarithm of the mean day, 0 in the mean; float64[slots], NaN = not known."""
    slots = profile.shape[0]
    total = 0.0
    known = 0
    for slot in range(slots):
        used = 0.0
        number = 0
        for i in range(count):
            value = days[chosen[i], slot]
            if value == value:
                used += value
                number += 1
        profile[slot] = np.nan
        if number > 0:
            profile[slot] = np.log(max(used / number, 0.0) + least)
            total += profile[slot]
            known += 1
    for slot in range(slots):
        profile[slot] -= total / max(known, 1)


@lean_kernel
def apart(one, other):
    """Return the mean square between two profiles, the second one forwards and backwards."""
    slots = one.shape[0]
    forwards = 0.0
    backwards = 0.0
    number = 0
    turned = 0
    for slot in range(slots):
        square = (one[slot] - other[slot]) ** 2
        if square == square:
            forwards += square
            number += 1
        square = (one[slot] - other[slots - 1 - slot]) ** 2
        if square == square:
            backwards += square
            turned += 1
    return forwards / max(number, 1), backwards / max(turned, 1)


@lean_kernel
def empty_share(days, chosen, count, least, slot):
    """Return the share of days on which a slot used nothing."""
    empty = 0
    known = 0
    for i in range(count):
        value = days[chosen[i], slot]
        if value == value:
            known += 1
            empty += abs(value) <= least
    return empty / max(known, 1)


@lean_kernel
def fill_marks(days, rows, at, count, others, number, least, drift, now, usual, scratch, marks):
    """Fill the marks of a window, 0 where nothing can be said.

    days  : float64[d, slots], W; rows : float64[d, ROW], what each shows
    at    : int64[>= count], days of the window; others : int64[>= number], of its past
    drift : float64[FOLLOW], by how much other reasons than tampering change what days show
    now, usual : float64[slots], for profiles, that of the window filled
    scratch : float64[>= count and number]; marks : float64[MARKS]
    """
    for mark in range(FOLLOW):
        marks[mark] = ranked_of(rows, at, count, mark, MOST_OF_DAYS, scratch) - drift[mark]
        marks[mark] -= ranked_of(rows, others, number, mark, MIDDLE, scratch)
    for mark in (RUN, ROUGH, FLAT):
        usually = ranked_of(rows, others, number, mark, MIDDLE, scratch)
        marks[mark] = ranked_of(rows, at, count, mark, MIDDLE, scratch)
        if mark == ROUGH:
            marks[mark] = np.log((marks[mark] + LEAST_ROUGH) / (usually + LEAST_ROUGH))
        else:
            marks[mark] -= usually
    profile_of(days, others, number, least, usual)
    forwards, backwards = apart(now, usual)
    turn = apart(usual, usual)[1] + LEAST_TURN
    marks[MIRROR] = (forwards - backwards) / turn + 1.0
    slots = days.shape[1]
    empty = 0.0
    for slot in range(slots):
        new = empty_share(days, at, count, least, slot)
        if new > NEW_SHARE:
            new -= empty_share(days, others, number, least, slot) + NEW_SHARE
            empty += max(new, 0.0)
    marks[EMPTY] = empty / slots
    marks[EVEN] = even_fall(rows, at, count, others, number, drift[LEVEL], scratch)
    for mark in range(marks.shape[0]):
        if not np.isfinite(marks[mark]):
            marks[mark] = 0.0


@lean_kernel
def even_fall(rows, at, count, others, number, drift, falls):
    """Return the mean fall of the quantiles, less where they do not fall alike.

    falls : float64[>= QUANTILES.size], scratch
    """
    average = 0.0
    for q in range(QUANTILES.size):
        falls[q] = mean_of(rows, at, count, FIRST_QUANTILE + q) - drift
        falls[q] -= mean_of(rows, others, number, FIRST_QUANTILE + q)
        average += falls[q] / QUANTILES.size
    square = 0.0
    for q in range(QUANTILES.size):
        square += (falls[q] - average) ** 2 / QUANTILES.size
    return min(average, 0.0) * np.exp(-np.sqrt(square) / EVEN_SCATTER)


@lean_kernel
def mean_of(rows, chosen, count, column):
    """Return the mean of what the chosen days show, NaN: nothing."""
    total = 0.0
    number = 0
    for i in range(count):
        value = rows[chosen[i], column]
        if value == value:
            total += value
            number += 1
    return total / number if number else np.nan
