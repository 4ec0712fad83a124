"""Sustained drop: for a week the meter has counted a part of what it used to, at all hours.

A holiday or a mild week lowers the mean and leaves the fridge running; a meter that counts too
little lowers the low hours, the use and the highest interval alike. So a week (the latest days with
enough measured hours) is compared with the four weeks before. Its low hours must have fallen, also
against every week of six weeks in which people were at home. Then either mean and median have
fallen alike (by use), or the highest interval has (by appliances: people may use more than before,
but a kettle of half its power is a meter that counts half). The low hours must have fallen further
than they lie apart within the week, unlike those of a home whose heating ends. Of a home with sun
on its roof the hours are those of the night.
"""

import numpy as np

from feature_kernels.consumption import carry as C
from feature_kernels.consumption.anomalies import clear_anomaly, is_open, raise_anomaly
from feature_kernels.consumption.ranks import ranked
from feature_kernels.consumption.rows import DROP
from feature_kernels.kernel import kernel, lean_kernel

DAY_US_F = 86_400_000_000.0
N = C.DROP_FIGURES
MEDIAN, MEAN, HIGHEST = 3, 4, 5  # places in a day's row; 0 is its start
REFERENCE_DAYS = 28
MAD_TO_SIGMA = 1.4826  # of a normal distribution


@lean_kernel
def drop_severity(share):
    """Grade a drop by what is left: 1, below 0.6 2, below 0.3 3."""
    if share < 0.3:
        return 3.0
    return 2.0 if share < 0.6 else 1.0


@lean_kernel
def middle(c, figure, first, end):
    """Median (upper, for an even number) of a figure of the days first to end."""
    at = C.DROPS + figure
    return ranked(c[at + N * first : at + N * end : N], (end - first) // 2, c[at + N * first])


@kernel
def scatter(c, figure, first, end, centre):
    """Robust standard deviation of a figure of the days first to end."""
    values = np.empty(end - first)
    for i in range(first, end):
        values[i - first] = abs(c[C.DROPS + N * i + figure] - centre)
    return MAD_TO_SIGMA * np.sort(values)[(end - first) // 2]


@kernel
def middle_width(c, figure, first, end):
    """Width of a figure of the days first to end without the lowest and the highest day."""
    values = np.sort(c[C.DROPS + N * first + figure : C.DROPS + N * end : N])
    return values[-2] - values[1]


@lean_kernel
def mean_of_days(c, first, end):
    """Mean power of the days first to end, W."""
    total = 0.0
    for i in range(first, end):
        total += c[C.DROPS + N * i + MEAN]
    return total / (end - first)


@lean_kernel
def keep_day(c):
    """Put the closed day behind the others; the oldest goes if there are too many."""
    n = int(c[C.DROP_N])
    if n == C.DROP_DAYS:
        for i in range(N * (C.DROP_DAYS - 1)):
            c[C.DROPS + i] = c[C.DROPS + i + N]
        n -= 1
    for i in range(N):
        c[C.DROPS + N * n + i] = c[C.CLOSED_START + i]
    c[C.DROP_N] = n + 1.0


@lean_kernel
def follow_drop(c, p, out, count, device, decided):
    """Follow an open drop through a day: clear it after two calm days, or when it is habit."""
    start = c[C.CLOSED_START]
    if c[C.CLOSED_START + int(c[C.DROP_LOW])] > c[C.DROP_BACK_W]:
        if c[C.DROP_CALM_T] > 0.0:
            clear_anomaly(c, out, count, device, DROP, c[C.DROP_CALM_T], decided)
        else:
            c[C.DROP_CALM_T] = start
        return
    c[C.DROP_CALM_T] = 0.0
    if start - c[C.ANOMALY + 5 * DROP] > p.drop_longest_days * DAY_US_F:
        clear_anomaly(c, out, count, device, DROP, start, decided)
        c[C.DROP_N] = 0.0


@lean_kernel
def more_than_half(c, figure, first, end, least):
    """Tell whether the median of a figure of the days first to end is at least `least`.

    By counting instead of sorting: the upper median is the (n // 2)-th of n sorted values.
    """
    below = 0
    for i in range(first, end):
        if c[C.DROPS + N * i + figure] < least:
            below += 1
    return below <= (end - first) // 2


@lean_kernel
def tell_figure(c, p, first, split):
    """Choose the lowest figure of a day that says something; 0 = none."""
    least = max(p.drop_least_w, p.drop_steps * c[C.QUANTUM_KWH] * 1000.0)
    for figure in range(1, MEDIAN + 1):
        if more_than_half(c, figure, first, split, least):
            return figure
    return 0


@lean_kernel
def top_of(c, first, end):
    """Highest interval of the days first to end, W."""
    top = 0.0
    for i in range(first, end):
        top = max(top, c[C.DROPS + N * i + HIGHEST])
    return top


@kernel
def usual_top(c, split):
    """Median (upper, for an even number) of the highest intervals of the weeks before, W."""
    weeks = split // C.DROP_WEEK
    tops = np.empty(weeks)
    for i in range(weeks):
        end = split - i * C.DROP_WEEK
        tops[i] = top_of(c, end - C.DROP_WEEK, end)
    return np.sort(tops)[weeks // 2]


@lean_kernel
def lowest_week(c, p, figure, end, top):
    """Lowest median of a figure over any week before day `end` with people at home, W.

    top : W, the highest interval now
    """
    lowest = np.inf
    for i in range(end - C.DROP_WEEK + 1):
        if top_of(c, i, i + C.DROP_WEEK) >= p.drop_past_top * top:
            lowest = min(lowest, middle(c, figure, i, i + C.DROP_WEEK))
    return lowest


@lean_kernel
def within(now, usual, low_left, least, most):
    """Tell whether what is left of a figure is between shares of what is left of low hours."""
    return least * low_left * usual <= now <= most * low_left * usual


@lean_kernel
def fell_by_use(c, p, first, split, left, mean, usual, median, median_usual, top, top_usual):
    """Tell whether mean and median have fallen as the low hours have; left : share of those."""
    if mean >= p.drop_share * usual or median >= p.drop_share * median_usual:
        return False
    if not within(mean, usual, left, p.drop_shape, p.drop_shape_over):
        return False
    if not within(median, median_usual, left, p.drop_shape, p.drop_shape_over):
        return False
    if not within(top, top_usual, left, p.drop_top, p.drop_top_over):
        return False
    centre = middle(c, MEAN, first, split)
    return usual - mean > p.drop_scatter * scatter(c, MEAN, first, split, centre)


@lean_kernel
def fell_by_appliances(p, left, fall, mean, usual, median, median_usual, top, top_usual):
    """Tell whether the highest interval has fallen as the low hours have.

    left, fall : of the low hours, as a share of them and as a multiple of their scatter
    """
    if fall <= p.drop_appliance_scatter or mean > p.drop_most_mean * left * usual:
        return False
    if median >= p.drop_appliance_share * median_usual:
        return False
    if not within(median, median_usual, left, p.drop_least_shape, p.drop_most_shape):
        return False
    return within(top, top_usual, left, p.drop_appliance, p.drop_appliance_over)


@lean_kernel
def find_onset(c, figure, first, end, low, low_usual):
    """Find the day from which on the low figure fits the drop best: least sum of distances."""
    onset = end - 1
    best = -np.inf
    gain = 0.0
    for i in range(end - 1, first - 1, -1):
        gain += abs(c[C.DROPS + N * i + figure] - low_usual)
        gain -= abs(c[C.DROPS + N * i + figure] - low)
        if gain > best:
            best = gain
            onset = i
    return onset


@lean_kernel
def judge_drop(c, p, out, count, device, decided):
    """Take the day that was closed last; raise, follow or clear a drop."""
    if c[C.CLOSED] == 0.0:
        return
    c[C.CLOSED] = 0.0
    if is_open(c, DROP):
        follow_drop(c, p, out, count, device, decided)
        return
    keep_day(c)
    n = int(c[C.DROP_N])
    split = n - C.DROP_WEEK
    if split < p.drop_history_days:
        return
    first = max(split - REFERENCE_DAYS, 0)
    figure = tell_figure(c, p, first, split)
    if figure == 0:
        return
    low = middle(c, figure, split, n)
    if not more_than_half(c, figure, first, split, low / p.drop_low_share):
        return
    low_usual = middle(c, figure, first, split)
    above = 0
    for i in range(split, n):
        if c[C.DROPS + N * i + figure] >= p.drop_day_share * low_usual:
            above += 1
    fall = (low_usual - low) / max(scatter(c, figure, first, split, low_usual), 1e-6)
    if above > 1 or fall <= p.drop_low_scatter:
        return
    top = top_of(c, split, n)
    if low >= p.drop_past_share * lowest_week(c, p, figure, split, top):
        return
    if low_usual - low < p.drop_over_spread * middle_width(c, figure, split, n):
        return
    left = low / low_usual
    mean = mean_of_days(c, split, n)
    usual = mean_of_days(c, first, split)
    median = middle(c, MEDIAN, split, n)
    median_usual = middle(c, MEDIAN, first, split)
    top_usual = usual_top(c, split)
    if not fell_by_use(
        c, p, first, split, left, mean, usual, median, median_usual, top, top_usual
    ) and not fell_by_appliances(p, left, fall, mean, usual, median, median_usual, top, top_usual):
        return
    back = 0.5 * (low + low_usual)
    onset = find_onset(c, figure, max(split - C.DROP_WEEK, 0), n, low, low_usual)
    begin = c[C.DROPS + N * onset]
    severity = drop_severity(left)
    threshold = p.drop_share * usual
    raise_anomaly(c, out, count, device, DROP, begin, mean, usual, threshold, severity, decided)
    c[C.DROP_LOW] = figure
    c[C.DROP_BACK_W] = back
    c[C.DROP_CALM_T] = 0.0
    c[C.DROP_N] = onset
