"""Base-load rise: the lowest hour of the day stays above what it was for weeks.

Three days running decide. The baseline is the median of up to 28 days' lowest hours and lags
by three, so that a rise cannot teach it before it is judged. Weather moves the lowest hours of
heated homes: a rise must also lie above the highest that held three days. Where no hour comes
to rest at all, the lowest hour is noise that scales with the day's mean; there its share of
the mean must have risen too.
"""

import numpy as np

from feature_kernels.consumption import carry as C
from feature_kernels.consumption.anomalies import clear_anomaly, is_open, raise_anomaly
from feature_kernels.consumption.profile import LEVEL_SHARE
from feature_kernels.consumption.rows import RISE
from feature_kernels.kernel import kernel


@kernel
def rise_severity(rise):
    """Grade a rise by its power: 1, from 150 W 2, from 300 W 3."""
    if rise >= 300.0:
        return 3.0
    return 2.0 if rise >= 150.0 else 1.0


@kernel
def highest_held(c, figure):
    """Find the highest value of a figure that held PENDING days in a row in the baseline."""
    n = int(c[C.FLOOR_N])
    first = int(c[C.FLOOR_AT]) - n + C.RING
    best = 0.0
    for i in range(n - C.PENDING + 1):
        lowest = np.inf
        for j in range(C.PENDING):
            lowest = min(lowest, c[C.RING_FLOOR + 3 * ((first + i + j) % C.RING) + figure])
        best = max(best, lowest)
    return best


@kernel
def median_held(c, figure):
    """Find the median (upper, for an even number) of a figure in the baseline."""
    n = int(c[C.FLOOR_N])
    values = np.empty(n)
    for i in range(n):
        values[i] = c[C.RING_FLOOR + 3 * i + figure]
    return np.sort(values)[n // 2]


@kernel
def queue_day(c, lowest, ratio, quarter, start):
    """Put a day behind the pending ones; the oldest becomes baseline when there are too many."""
    if c[C.PENDING_N] == C.PENDING:
        at = C.RING_FLOOR + 3 * int(c[C.FLOOR_AT])
        for i in range(3):
            c[at + i] = c[C.PENDING_FLOOR + i]
        c[C.FLOOR_AT] = (c[C.FLOOR_AT] + 1.0) % C.RING
        c[C.FLOOR_N] = min(c[C.FLOOR_N] + 1.0, C.RING)
        for i in range(4 * (C.PENDING - 1)):
            c[C.PENDING_FLOOR + i] = c[C.PENDING_FLOOR + i + 4]
        c[C.PENDING_N] -= 1.0
    at = C.PENDING_FLOOR + 4 * int(c[C.PENDING_N])
    c[at] = lowest
    c[at + 1] = ratio
    c[at + 2] = quarter
    c[at + 3] = start
    c[C.PENDING_N] += 1.0


@kernel
def follow_rise(c, p, out, count, device, lowest, start, decided):
    """Follow an open rise through a day: clear it after two calm days, or when it is habit."""
    at = C.ANOMALY + 5 * RISE
    base = c[at + 2]
    if lowest <= base + p.rise_clear_share * (c[C.RISE_W] - base):
        if c[C.CALM_DAYS] == 0.0:
            c[C.CALM_START] = start
        c[C.CALM_DAYS] += 1.0
        if c[C.CALM_DAYS] >= 2.0:
            clear_anomaly(c, out, count, device, RISE, c[C.CALM_START], decided)
        return
    c[C.CALM_DAYS] = 0.0
    if start - c[at] > p.rise_longest_days * 86_400e6:
        clear_anomaly(c, out, count, device, RISE, start, decided)
        c[C.FLOOR_N] = 0.0
        c[C.FLOOR_AT] = 0.0
        return
    c[at + 1] = max(c[at + 1], lowest)
    c[at + 4] = max(c[at + 4], rise_severity(lowest - base))


@kernel
def judge_rise(c, p, out, count, device, lowest, mean, quarter, start, decided):
    """Take a closed day; raise, follow or clear a rise.

    lowest, mean, quarter : W, lowest hour, mean and lower quarter of the day's hours
    start : µs, start of the day
    """
    if is_open(c, RISE):
        follow_rise(c, p, out, count, device, lowest, start, decided)
        return
    queue_day(c, lowest, lowest / max(mean, 1.0), quarter, start)
    if c[C.FLOOR_N] < p.habit_days or c[C.PENDING_N] < C.PENDING:
        return
    base = median_held(c, 0)
    held = np.inf
    ratio = np.inf
    for i in range(C.PENDING):
        held = min(held, c[C.PENDING_FLOOR + 4 * i])
        ratio = min(ratio, c[C.PENDING_FLOOR + 4 * i + 1])
    least = base + max(p.rise_w, p.rise_share * base)
    threshold = max(least, p.rise_over_habit * highest_held(c, 0))
    if held <= threshold:
        return
    if base < LEVEL_SHARE * median_held(c, 2) and ratio <= p.rise_over_ratio * highest_held(c, 1):
        return
    raise_anomaly(
        c,
        out,
        count,
        device,
        RISE,
        c[C.PENDING_FLOOR + 3],
        held,
        base,
        threshold,
        rise_severity(held - base),
        decided,
    )
    c[C.RISE_W] = held
    c[C.CALM_DAYS] = 0.0
    c[C.PENDING_N] = 0.0
