"""The local day: what adds up in it, and what it teaches when it closes."""

import numpy as np

from feature_kernels.consumption import carry as C
from feature_kernels.consumption.anomalies import is_open
from feature_kernels.consumption.base_load_rise import begin_baseline, close_block
from feature_kernels.consumption.profile import DAILY_LEVEL_SHARE, LEVEL_SHARE
from feature_kernels.consumption.ranks import half_at_most, ranked, three_ranked
from feature_kernels.consumption.rows import STUCK, ZERO
from feature_kernels.kernel import hot_kernel, lean_kernel

DAY_US_F = 86_400_000_000.0
HOUR_US_F = 3_600_000_000.0
BLOCK_US_F = 6.0 * HOUR_US_F


@hot_kernel
def is_solar(c, p):
    """Tell whether sun may hide the base load by day: see Parameters.solar_days."""
    if c[C.HABIT_ZERO_H] >= p.zero_occasional_from_h:
        return True
    return c[C.SOLAR_T] > 0.0 and c[C.HOUR] * HOUR_US_F - c[C.SOLAR_T] < p.solar_days * DAY_US_F


@lean_kernel
def flush_hour(c, p):
    """Close the running hour: its mean goes to day and block if half of it was measured."""
    enough = c[C.HOUR_US] >= 0.5 * HOUR_US_F and c[C.HOURS_N] < C.MOST_HOURS
    if enough and (c[C.HOUR_LOCAL] < p.solar_night_to_h or not is_solar(c, p)):
        mean = c[C.HOUR_KWH] * 3.6e12 / c[C.HOUR_US]
        c[C.HOURS + int(c[C.HOURS_N])] = mean
        c[C.HOURS_N] += 1.0
        if c[C.BLOCK_N] == 0.0 or mean < c[C.BLOCK_LOWEST_W]:
            c[C.BLOCK_LOWEST_W] = mean
        c[C.BLOCK_N] += 1.0
    c[C.HOUR_KWH] = 0.0
    c[C.HOUR_US] = 0.0


@hot_kernel
def enter_block(c, p, anomalies, count, device, local, start, decided):
    """Close the block of six local hours if this interval begins another."""
    begin = BLOCK_US_F * c[C.BLOCK]
    if not begin <= local < begin + BLOCK_US_F:
        flush_hour(c, p)
        # the night of a solar home stands for the whole day: four blocks
        solar = is_solar(c, p)
        times = 4 if solar else 1
        if solar != (c[C.BLOCKS_SOLAR] > 0.0):
            c[C.BLOCKS_SOLAR] = 1.0 if solar else 0.0
            begin_baseline(c)  # lowest hours of days and of nights do not compare
        close_block(c, p, anomalies, count, device, times, decided)
        c[C.BLOCK] = np.floor(local / BLOCK_US_F)
        c[C.BLOCK_START] = start


@lean_kernel
def open_day(c, day, start, lead):
    """Begin a local day; lead : µs of it before its first interval."""
    c[C.DAY] = day
    c[C.HAS_DAY] = 1.0
    c[C.DAY_START] = start
    c[C.DAY_LEAD_US] = lead
    for i in range(C.DAY_KWH, C.DAY_TAINTED):
        c[i] = 0.0
    c[C.DAY_MIN_W] = np.inf
    c[C.DAY_MAX_W] = -np.inf
    c[C.DAY_TAINTED] = 1.0 if is_open(c, ZERO) or is_open(c, STUCK) else 0.0
    c[C.HOURS_N] = 0.0


@lean_kernel
def second_highest(values):
    """Return the highest and the second highest of the values, at least 0."""
    first = 0.0
    second = 0.0
    for value in values:
        if value > first:
            second = first
            first = value
        elif value > second:
            second = value
    return first, second


@lean_kernel
def run_limit(p, longest, second, shortest, occasional):
    """Length of a run, h, from which it is no habit."""
    limit = max(shortest, p.run_factor * second + p.run_margin_h)
    if occasional and longest >= p.zero_occasional_from_h:
        limit = max(limit, p.zero_occasional_hours)
    return limit


@lean_kernel
def learn_habits(c, p):
    """Put the day into the rings of habits and renew the limits derived from them."""
    at = int(c[C.HABIT_AT])
    c[C.RING_MAX + at] = c[C.DAY_HABIT_MAX_W]
    c[C.RING_ZERO + at] = c[C.DAY_ZERO_H]
    c[C.RING_SAME + at] = c[C.DAY_SAME_H]
    c[C.HABIT_AT] = (at + 1) % C.RING
    c[C.HABIT_DAYS] += 1.0
    n = int(min(c[C.HABIT_DAYS], C.RING))
    first, second = second_highest(c[C.RING_MAX : C.RING_MAX + n])
    # one freak day while learning must not blind the meter: it counts half as much again
    # as the next highest at most
    c[C.HABIT_MAX_W] = max(c[C.HABIT_MAX_W] * p.peak_memory, min(first, 1.5 * second))
    first, second = second_highest(c[C.RING_ZERO : C.RING_ZERO + n])
    c[C.HABIT_ZERO_H] = second
    c[C.LIMIT_ZERO_H] = run_limit(p, first, second, p.zero_hours, True)
    first, second = second_highest(c[C.RING_SAME : C.RING_SAME + n])
    c[C.HABIT_SAME_H] = second
    c[C.LIMIT_SAME_H] = run_limit(p, first, second, p.stuck_hours, False)


@lean_kernel
def estimate_base(c):
    """Base load of the last days, W (the method of profile.base_load, from daily figures)."""
    n = int(c[C.BASE_N])
    if n < 3:
        return np.nan
    end = C.RING_BASE + 4 * n
    floor = ranked(c[C.RING_BASE : end : 4], n // 2, c[C.BASE_LOAD_W])
    level = half_at_most(c[C.RING_BASE + 1 : end : 4], LEVEL_SHARE, floor)
    c[C.RESTLESS] = 0.0 if level else 1.0
    if floor > 0.0 and level:
        return floor
    means = c[C.RING_BASE + 3 : end : 4]
    low = ranked(means, int(0.05 * (n - 1)), c[C.BASE_LOAD_W])
    lower_quarter = ranked(means, int(0.25 * (n - 1)), low)
    if low >= DAILY_LEVEL_SHARE * lower_quarter:
        return lower_quarter
    halves = c[C.RING_BASE + 2 : end : 4]
    low = ranked(halves, int(0.05 * (n - 1)), c[C.BASE_MEMORY_W])
    # weather lies on every day of a season: the milder weeks are remembered and fade slowly
    if c[C.BASE_MEMORY_W] > 0.0:
        low = min(low, c[C.BASE_MEMORY_W] * 1.003)
    c[C.BASE_MEMORY_W] = low
    return low


@lean_kernel
def close_day(c, p, days, count, device, tail, decided):
    """Write the day's row and learn from it; tail : µs of the day after its last interval."""
    if c[C.HAS_DAY] == 0.0:
        return
    flush_hour(c, p)
    n = int(c[C.HOURS_N])
    floor = np.nan
    solar = is_solar(c, p)
    if n >= (4 if solar else 18) and c[C.INTERVAL_US] <= 2.0 * HOUR_US_F:
        floor, quarter, median = three_ranked(c[C.HOURS : C.HOURS + n], 1, n // 4, n // 2)
        if c[C.DAY_TAINTED] == 0.0:
            first = 0.0
            second = 0.0
            for i in range(n):
                if i < 12:
                    first += c[C.HOURS + i]
                else:
                    second += c[C.HOURS + i]
            mean = (first + second) / n
            c[C.CLOSED] = 1.0
            c[C.CLOSED_START] = c[C.DAY_START]
            c[C.CLOSED_LOW_W] = floor
            c[C.CLOSED_QUARTER_W] = quarter
            c[C.CLOSED_MEDIAN_W] = median
            c[C.CLOSED_MEAN_W] = mean
            c[C.CLOSED_TOP_W] = c[C.DAY_HABIT_MAX_W]
            if solar != (c[C.DROPS_SOLAR] > 0.0):
                c[C.DROPS_SOLAR] = 1.0 if solar else 0.0
                c[C.DROP_N] = 0.0  # figures of days and of nights do not compare
            at = C.RING_BASE + 4 * int(c[C.BASE_AT])
            c[at] = floor
            c[at + 1] = quarter
            c[at + 2] = mean if n < 18 else min(first / 12.0, second / (n - 12))
            c[at + 3] = mean
            c[C.BASE_AT] = (int(c[C.BASE_AT]) + 1) % C.RING
            c[C.BASE_N] = min(c[C.BASE_N] + 1.0, C.RING)
            c[C.BASE_LOAD_W] = estimate_base(c)
    if c[C.DAY_MEASURED_US] >= 0.5 * DAY_US_F:
        learn_habits(c, p)
    measured = c[C.DAY_MEASURED_US]
    length = (
        c[C.DAY_LEAD_US] + measured + c[C.DAY_ESTIMATED_US] + c[C.DAY_MISSING_US] + max(tail, 0.0)
    )
    at = count[1]
    if at < days.shape[0]:
        step = c[C.INTERVAL_US]
        days[at, 0] = device
        days[at, 1] = c[C.DAY]
        days[at, 2] = c[C.DAY_START]
        days[at, 3] = c[C.DAY_KWH]
        days[at, 4] = c[C.DAY_ESTIMATED_KWH]
        days[at, 5] = np.floor(length / step + 0.5)
        days[at, 6] = np.floor(measured / step + 0.5)
        days[at, 7] = np.floor(c[C.DAY_ESTIMATED_US] / step + 0.5)
        days[at, 8] = c[C.DAY_MIN_W] if c[C.DAY_MAX_W] > -np.inf else np.nan
        days[at, 9] = c[C.DAY_MAX_W] if c[C.DAY_MAX_W] > -np.inf else np.nan
        days[at, 10] = c[C.DAY_PEAK_T]
        days[at, 11] = floor
        days[at, 12] = c[C.BASE_LOAD_W]
        days[at, 13] = c[C.DAY_NIGHT_KWH] / c[C.DAY_KWH] if c[C.DAY_KWH] > 0.0 else np.nan
        days[at, 14] = decided
    count[1] = at + 1
    for i in range(3):
        c[C.TOP + 3 + i] = c[C.TOP + i]
        c[C.TOP + i] = 0.0
    c[C.HAS_DAY] = 0.0
