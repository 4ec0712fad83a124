"""Which days a window is compared with."""

import numpy as np

from feature_kernels.kernel import lean_kernel
from feature_kernels.tampering.rows import FLAT, FOLLOW, LEVEL, LOW, MIDDLE, RUN, TOP, ranked_of

LEAST_PAST_DAYS = 28
PAST_DAYS = 56
NEAR_DAYS = 14
YEAR_DAYS = 365
SEASON_DAYS = 21  # before and after the window, a year ago
SAME_WEATHER = 4  # days for each day of the window
WEATHER_DAYS = 400
WEATHER_HALF_LIFE_DAYS = 180.0  # of what a day says about the effect of weather
WEATHER_AGE_DAYS = 60.0  # a day as much older counts as weather that differs by a kelvin
WEATHER_PRIOR = 10.0  # K² of days without effect

# A day on which nobody uses anything: its mean is near nothing or near the usual low values, which
# have not fallen, and its highest value is a part of the usual.
NEAR_BASE = np.log(1.4)
BELOW_TOP = np.log(3.0)
NEAR_NONE = np.log(3.0)
EMPTY_RUN = 0.25  # of a day without any use, in a row
LEAST_VARIED = np.log(0.06)  # 3 % of its mean and LEAST_SPREAD: what is sent is no constant


@lean_kernel
def is_idle(row, low, top, floor):
    """Tell whether nothing but the base load runs on a day. low, top : usual; floor : no use."""
    if row[LEVEL] <= floor + NEAR_NONE:
        return row[RUN] >= EMPTY_RUN and row[TOP] <= top - BELOW_TOP  # none: what exports
    return (
        row[LEVEL] <= low + NEAR_BASE
        and row[FLAT] >= LEAST_VARIED
        and row[LOW] >= low - NEAR_BASE
        and row[TOP] <= top - BELOW_TOP
    )


@lean_kernel
def same_weather(degrees, at, count, known, number, first, found, nearest):
    """Fill the days whose weather was most alike; return how many.

    at : int64[>= count], days of the window; known : int64[>= number], days before, ascending
    found : int64[count * SAME_WEATHER]; the earlier one of two that are alike
    nearest : float64[SAME_WEATHER], scratch
    """
    for i in range(count):
        filled = 0
        begin = i * SAME_WEATHER
        for k in range(number):
            day = known[k]
            apart = abs(degrees[at[i], 0] - degrees[day, 0])
            apart += abs(degrees[at[i], 1] - degrees[day, 1])
            apart += (first - day) / WEATHER_AGE_DAYS
            if filled == SAME_WEATHER and apart >= nearest[filled - 1]:
                continue
            place = filled if filled < SAME_WEATHER else filled - 1
            while place > 0 and nearest[place - 1] > apart:
                nearest[place] = nearest[place - 1]
                found[begin + place] = found[begin + place - 1]
                place -= 1
            nearest[place] = apart
            found[begin + place] = day
            filled = min(filled + 1, SAME_WEATHER)
    return count * SAME_WEATHER


@lean_kernel
def drift_of_weather(degrees, rows, known, number, first, now, others, count, gram, drift):
    """Fill by how much weather that is still different changes what days show.

    A regression on heating and cooling degrees over the days before, towards no effect.

    known : int64[>= number], days before; now : float64[2], mean degrees of the window
    others : int64[>= count], what it is compared with; drift : float64[FOLLOW]
    gram : float64[3, 3 + FOLLOW], scratch
    """
    for i in range(3):
        for j in range(3 + FOLLOW):
            gram[i, j] = 0.0
    for k in range(number):
        day = known[k]
        weight = 0.5 ** ((first - day) / WEATHER_HALF_LIFE_DAYS)
        for i in range(3):
            part = weight * (degrees[day, i - 1] if i else 1.0)
            for j in range(3):
                gram[i, j] += part * (degrees[day, j - 1] if j else 1.0)
            for j in range(FOLLOW):
                shown = rows[day, j]
                gram[i, 3 + j] += part * (shown if shown == shown else 0.0)
    gram[0, 0] += 1e-6
    gram[1, 1] += WEATHER_PRIOR
    gram[2, 2] += WEATHER_PRIOR
    for i in range(3):  # positive definite: no pivot is sought
        for below in range(i + 1, 3):
            part = gram[below, i] / gram[i, i]
            for j in range(i, 3 + FOLLOW):
                gram[below, j] -= part * gram[i, j]
    heats = now[0]
    cools = now[1]
    for i in range(count):
        heats -= degrees[others[i], 0] / count
        cools -= degrees[others[i], 1] / count
    for j in range(FOLLOW):
        cooling = gram[2, 3 + j] / gram[2, 2]
        heating = (gram[1, 3 + j] - gram[1, 2] * cooling) / gram[1, 1]
        drift[j] = heating * heats + cooling * cools


@lean_kernel
def choose_days(rows, past, oldest, first, end, floor, scratch, before, at):
    """Choose the days before a window and of it on which somebody uses something.

    past : int64[], measured days; oldest, first, end : places there, of the past and the window
    floor : logarithm of no use; before, at : int64[>= days], filled

    Returns how many of each; all of them where few days of the past are in use.
    """
    since = max(first - PAST_DAYS, 0)
    low = ranked_of(rows, past[since:], first - since, LOW, MIDDLE, scratch)
    top = ranked_of(rows, past[since:], first - since, TOP, MIDDLE, scratch)
    total = 0
    for i in range(oldest, first):
        if not is_idle(rows[past[i]], low, top, floor):
            before[total] = past[i]
            total += 1
    rests = total >= LEAST_PAST_DAYS  # else those are its usual days
    if not rests:
        total = first - oldest
        for i in range(total):
            before[i] = past[oldest + i]
    count = 0
    for i in range(first, end):
        if not (rests and is_idle(rows[past[i]], low, top, floor)):
            at[count] = past[i]
            count += 1
    return total, count


@lean_kernel
def last_days(before, total, days, found):
    """Fill the last of the days before; return how many."""
    number = min(days, total)
    for i in range(number):
        found[i] = before[total - number + i]
    return number


@lean_kernel
def last_year(before, total, first, length, found):
    """Fill the days of the same season a year before a window; return how many, 0 for too few."""
    begin = first - YEAR_DAYS
    number = 0
    for i in range(total):
        if begin - SEASON_DAYS <= before[i] < begin + length + SEASON_DAYS:
            found[number] = before[i]
            number += 1
    return number if number >= LEAST_PAST_DAYS else 0


@lean_kernel
def known_weather(degrees, chosen, count, found):
    """Fill the days whose weather is known; return how many."""
    number = 0
    for i in range(count):
        if np.isfinite(degrees[chosen[i], 0]) and np.isfinite(degrees[chosen[i], 1]):
            found[number] = chosen[i]
            number += 1
    return number


@lean_kernel
def drift_of_course(rows, at, count, others, number, scratch, drift):
    """Fill by how much use was falling already, within the window and the days before it.

    Never more than the window fell; drift : float64[FOLLOW].
    """
    half = number // 2
    part = count // 2
    for mark in range(FOLLOW):
        fall = ranked_of(rows, at, count, mark, MIDDLE, scratch)
        fall -= ranked_of(rows, others, number, mark, MIDDLE, scratch)
        course = ranked_of(rows, others[half:], number - half, mark, MIDDLE, scratch)
        course -= ranked_of(rows, others, half, mark, MIDDLE, scratch)
        course += ranked_of(rows, at[part:], count - part, mark, MIDDLE, scratch)
        course -= ranked_of(rows, at, part, mark, MIDDLE, scratch)
        drift[mark] = max(min(0.5 * course, 0.0), min(fall, 0.0))
