"""What one day of a meter shows, as logarithms of power above `least`, which stands for no use."""

import numpy as np

from feature_kernels.kernel import lean_kernel

NOTHING = 0.02  # of the mean that a window is compared with: no use
QUANTILES = np.array([0.05, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.95, 1.0])  # of a day's slots
LOW_QUANTILES = 3  # the first of them
NIGHT_FIRST_H, NIGHT_LAST_H = 1, 5  # local: sun hides no load, and most people sleep
NIGHT_LOW = 0.25
MIDDLE = 0.5
LEAST_SPREAD = 0.03  # of a day, to its mean

# What one day shows, then quantiles of the slots that use something.
LOW, TOP, NIGHT, LEVEL, RUN, ROUGH, FLAT = range(7)
FIRST_QUANTILE = 7
ROW = FIRST_QUANTILE + QUANTILES.size
# Marks of a window: those, and what only its days together show.
MIRROR, EMPTY, EVEN = 7, 8, 9
MARKS = 10
FOLLOW = 4  # the first marks: what weather changes


@lean_kernel
def rank_of(number, share):
    """Return the nearest rank of a share of `number` sorted values."""
    return int(np.rint((number - 1) * share))


@lean_kernel
def no_use(days, chosen, count):
    """Return the power that stands for no use, W, in steps; chosen : int64[>= count], days."""
    total = 0.0
    number = 0
    for i in range(count):
        for slot in range(days.shape[1]):
            value = days[chosen[i], slot]
            if value == value:
                total += abs(value)
                number += 1
    level = max(total / max(number, 1), 1e-3)
    return NOTHING * 2.0 ** (np.rint(2.0 * np.log2(level)) / 2.0)


@lean_kernel
def sort(values, number):
    """Sort the first of some values in place; they are few."""
    for i in range(1, number):
        value = values[i]
        place = i
        while place > 0 and values[place - 1] > value:
            values[place] = values[place - 1]
            place -= 1
        values[place] = value


@lean_kernel
def ranked(values, number, share):
    """Return what stands at a share of the first values, which are sorted; NaN: none."""
    if number == 0:
        return np.nan
    sort(values, number)
    return values[rank_of(number, share)]


@lean_kernel
def power_of(value, least):
    """Return the logarithm of a power, NaN = not measured."""
    return np.log(max(value, 0.0) + least) if value == value else np.nan


@lean_kernel
def fill_row(day, least, row, scratch):
    """Fill what a day shows. day : float64[slots], W, NaN = not measured; row : float64[ROW].

    Quantiles are NaN where nothing is used. scratch : float64[>= slots]
    """
    slots = day.shape[0]
    number = 0
    used = 0.0
    flow = 0.0
    total = 0.0
    empty = 0
    longest = 0
    run = 0
    for slot in range(slots):
        value = day[slot]
        if value == value:
            scratch[number] = value
            number += 1
            total += value
            used += max(value, 0.0)
            flow += abs(value)
            empty += value <= least
        run = run + 1 if abs(value) <= least else 0
        longest = max(longest, run)
    average = total / number
    spread = 0.0
    for i in range(number):
        spread += (scratch[i] - average) ** 2
    row[FLAT] = np.log(np.sqrt(spread / number) / (flow / number + least) + LEAST_SPREAD)
    row[LEVEL] = np.log(used / number + least)
    row[RUN] = longest / slots
    sort(scratch, number)
    low = 0.0
    for q in range(LOW_QUANTILES):
        low += power_of(scratch[rank_of(number, QUANTILES[q])], least)
    row[LOW] = low / LOW_QUANTILES
    row[TOP] = power_of(scratch[number - 1], least)
    using = number - empty
    for q in range(QUANTILES.size):
        row[FIRST_QUANTILE + q] = np.nan
        if using > 0:
            place = empty + rank_of(using, QUANTILES[q])
            row[FIRST_QUANTILE + q] = power_of(scratch[place], least)
    number = 0
    for slot in range(NIGHT_FIRST_H * slots // 24, NIGHT_LAST_H * slots // 24):
        if day[slot] == day[slot]:
            scratch[number] = power_of(day[slot], least)
            number += 1
    row[NIGHT] = ranked(scratch, number, NIGHT_LOW)
    number = 0
    last = power_of(day[0], least)
    for slot in range(1, slots):
        now = power_of(day[slot], least)
        if now == now and last == last:
            scratch[number] = abs(now - last)
            number += 1
        last = now
    row[ROUGH] = ranked(scratch, number, MIDDLE)


@lean_kernel
def ranked_of(rows, chosen, count, column, share, scratch):
    """Return what stands at a share of what the chosen days show; scratch : float64[>= count]."""
    number = 0
    for i in range(count):
        value = rows[chosen[i], column]
        if value == value:
            scratch[number] = value
            number += 1
    return ranked(scratch, number, share)
