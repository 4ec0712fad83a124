"""Marks of windows of a meter's days against several pasts, from their first days on."""

import numpy as np
from numpy.typing import NDArray

from feature_kernels.kernel import kernel, lean_kernel
from feature_kernels.tampering.marks import fill_marks, profile_of
from feature_kernels.tampering.pasts import (
    LEAST_PAST_DAYS,
    NEAR_DAYS,
    PAST_DAYS,
    SAME_WEATHER,
    WEATHER_DAYS,
    choose_days,
    drift_of_course,
    drift_of_weather,
    known_weather,
    last_days,
    last_year,
    same_weather,
)
from feature_kernels.tampering.rows import FOLLOW, MARKS, QUANTILES, ROW, fill_row, no_use

Floats = NDArray[np.float64]

MEASURED_SHARE = 5 / 6  # of a day's slots
LEAST_DAYS = 5  # measured, in a window
LEAST_W = 1.0  # of a day's highest value: else nothing ran
RECENT, NEAR, LAST_YEAR, SAME = range(4)
PASTS = 4
SAID, QUIET, UNUSED = 1, 2, 3
"""Marks of a window are said; nothing but the base load ran in it, or nothing at all. 0: too little
was measured."""
LEVELS = 24  # of `least`, half octaves, that are kept


@lean_kernel
def measured_days(days, past, upto, dead):
    """Fill the days that were measured for the most part, and how many come before each day.

    Days without any use are not among them; dead : int64[d + 1], how many of those come before.
    """
    upto[0] = 0
    dead[0] = 0
    for day in range(days.shape[0]):
        known = 0
        most = 0.0
        for value in days[day]:
            if value == value:
                known += 1
                most = max(most, abs(value))
        upto[day + 1] = upto[day]
        dead[day + 1] = dead[day]
        if known >= MEASURED_SHARE * days.shape[1]:
            if most < LEAST_W:
                dead[day + 1] += 1
            else:
                past[upto[day]] = day
                upto[day + 1] += 1


@lean_kernel
def level_of(least, leasts, filled):
    """Return the table of what days show above `least`; an empty one where there was none."""
    for level in range(leasts.shape[0]):
        if leasts[level] == least:
            return level
        if not leasts[level] > 0.0:
            leasts[level] = least
            return level
    for day in range(filled.shape[1]):  # more levels than a meter ever has
        filled[0, day] = False
    leasts[0] = least
    return 0


@kernel
def marks_of_windows(
    days: Floats, degrees: Floats, firsts: NDArray[np.int64], length: int
) -> tuple[NDArray[np.int8], Floats]:
    """Return the marks of windows against each past that there is.

    days    : float64[d, slots], W, NaN = not measured
    degrees : float64[d, 2], heating and cooling degrees of each day, K, NaN = not known
    firsts  : int64[w], first day of each window; length : its days

    Returns int8[w], 0, SAID, QUIET or UNUSED, and float64[w, PASTS, MARKS], NaN = no such past.

    Invariants: a window's marks depend on no later day.
    Complexity: O(w · (PAST_DAYS · slots + length · WEATHER_DAYS)).
    Oracle: tests/oracles/tampering.py
    """
    number = days.shape[0]
    slots = days.shape[1]
    said = np.zeros(firsts.shape[0], np.int8)
    marks = np.full((firsts.shape[0], PASTS, MARKS), np.nan)
    past = np.empty(number, np.int64)
    upto = np.empty(number + 1, np.int64)
    dead = np.empty(number + 1, np.int64)
    measured_days(days, past, upto, dead)
    leasts = np.zeros(LEVELS)
    tables = np.empty((LEVELS, number, ROW))
    filled = np.zeros((LEVELS, number), np.bool_)
    at = np.empty(length, np.int64)
    warm_at = np.empty(length, np.int64)
    before = np.empty(number, np.int64)
    warm = np.empty(number, np.int64)
    others = np.empty(max(number, length * SAME_WEATHER), np.int64)
    scratch = np.empty(max(number, length * SAME_WEATHER, slots, QUANTILES.size))
    nearest = np.empty(SAME_WEATHER)
    gram = np.empty((3, 3 + FOLLOW))
    drift = np.empty(FOLLOW)
    mean = np.empty(2)
    now = np.empty(slots)
    usual = np.empty(slots)
    for window in range(firsts.shape[0]):
        first = firsts[window]
        begin = upto[first]
        last = min(first + length, number)
        end = upto[last]
        empty = dead[last] - dead[first]
        if begin < LEAST_PAST_DAYS or end - begin + empty < LEAST_DAYS:
            continue
        if end - begin < LEAST_DAYS:
            said[window] = UNUSED
            continue
        since = max(begin - PAST_DAYS, 0)
        oldest = min(upto[max(first - WEATHER_DAYS, 0)], since)
        least = no_use(days, past[since:], begin - since)
        level = level_of(least, leasts, filled)
        rows = tables[level]
        for i in range(oldest, end):
            if not filled[level, past[i]]:
                fill_row(days[past[i]], least, rows[past[i]], scratch)
                filled[level, past[i]] = True
        total, count = choose_days(
            rows, past, oldest, begin, end, np.log(least), scratch, before, at
        )
        if count < LEAST_DAYS:
            said[window] = QUIET
            continue
        said[window] = SAID
        profile_of(days, at, count, least, now)
        for kind in range(PASTS):
            chosen = 0
            for mark in range(FOLLOW):
                drift[mark] = 0.0
            if kind == RECENT:
                chosen = last_days(before, total, PAST_DAYS, others)
            elif kind == NEAR:
                chosen = last_days(before, total, NEAR_DAYS, others)
                drift_of_course(rows, at, count, others, chosen, scratch, drift)
            elif kind == LAST_YEAR:
                chosen = last_year(before, total, first, length, others)
            else:
                known = known_weather(degrees, before, total, warm)
                shared = known_weather(degrees, at, count, warm_at)
                if known >= LEAST_PAST_DAYS and shared >= LEAST_DAYS:
                    for part in range(2):
                        mean[part] = 0.0
                        for i in range(shared):
                            mean[part] += degrees[warm_at[i], part] / shared
                    chosen = same_weather(
                        degrees, warm_at, shared, warm, known, first, others, nearest
                    )
                    drift_of_weather(
                        degrees, rows, warm, known, first, mean, others, chosen, gram, drift
                    )
            if chosen:
                fill_marks(
                    days, rows, at, count, others, chosen, least, drift, now, usual, scratch,
                    marks[window, kind],
                )  # fmt: skip
    return said, marks
