"""Base-load rise: the floor of the day stays above what it was for weeks.

A day's floor is its second-lowest hourly mean. The baseline is the median floor of up to 28
days, and lags by three, so that a rise cannot teach it before it is judged. Weather moves the
floors of heated homes: a rise must also lie above the highest floor that held as many days.
"""

import numpy as np

from feature_kernels.consumption import carry as C
from feature_kernels.consumption.anomalies import clear_anomaly, is_open, raise_anomaly
from feature_kernels.consumption.rows import RISE
from feature_kernels.kernel import kernel


@kernel
def rise_severity(rise):
    """Grade a rise by its power: 1, from 150 W 2, from 300 W 3."""
    if rise >= 300.0:
        return 3.0
    return 2.0 if rise >= 150.0 else 1.0


@kernel
def highest_held(c, days):
    """Find the highest floor that held `days` days in a row within the baseline, W."""
    n = int(c[C.FLOOR_N])
    first = int(c[C.FLOOR_AT]) - n + C.RING
    best = 0.0
    for i in range(n - days + 1):
        lowest = c[C.RING_FLOOR + (first + i) % C.RING]
        for j in range(1, days):
            lowest = min(lowest, c[C.RING_FLOOR + (first + i + j) % C.RING])
        best = max(best, lowest)
    return best


@kernel
def judge_rise(c, p, out, count, device, floor, start, decided):
    """Take a closed day's floor (W) and start; raise, follow or clear a rise."""
    at = C.ANOMALY + 5 * RISE
    if is_open(c, RISE):
        base = c[at + 2]
        if floor <= base + p.rise_clear_share * (c[C.RISE_W] - base):
            if c[C.CALM_DAYS] == 0.0:
                c[C.CALM_START] = start
            c[C.CALM_DAYS] += 1.0
            if c[C.CALM_DAYS] >= 2.0:
                clear_anomaly(c, out, count, device, RISE, c[C.CALM_START], decided)
        else:
            c[C.CALM_DAYS] = 0.0
            if start - c[at] > p.rise_longest_days * 86_400e6:
                clear_anomaly(c, out, count, device, RISE, start, decided)
                c[C.FLOOR_N] = 0.0
                c[C.FLOOR_AT] = 0.0
            else:
                c[at + 1] = max(c[at + 1], floor)
                c[at + 4] = max(c[at + 4], rise_severity(floor - base))
        return
    if c[C.PENDING_N] == C.PENDING:
        c[C.RING_FLOOR + int(c[C.FLOOR_AT])] = c[C.PENDING_W]
        c[C.FLOOR_AT] = (c[C.FLOOR_AT] + 1.0) % C.RING
        c[C.FLOOR_N] = min(c[C.FLOOR_N] + 1.0, C.RING)
        for i in range(C.PENDING - 1):
            c[C.PENDING_W + i] = c[C.PENDING_W + i + 1]
            c[C.PENDING_T + i] = c[C.PENDING_T + i + 1]
        c[C.PENDING_N] -= 1.0
    n = int(c[C.PENDING_N])
    c[C.PENDING_W + n] = floor
    c[C.PENDING_T + n] = start
    n += 1
    c[C.PENDING_N] = n
    if c[C.FLOOR_N] < p.habit_days or n < 2:
        return
    size = int(c[C.FLOOR_N])
    base = np.sort(c[C.RING_FLOOR : C.RING_FLOOR + size])[size // 2]
    least = max(p.rise_w, p.rise_share * base)
    for days in range(2, n + 1):
        lowest = c[C.PENDING_W + n - days]
        for i in range(n - days + 1, n):
            lowest = min(lowest, c[C.PENDING_W + i])
        if days == 2:
            over = p.rise_over_2_days * highest_held(c, 2)
            threshold = max(base + p.rise_quick * least, over)
        else:
            threshold = max(base + least, p.rise_over_3_days * highest_held(c, 3))
        if lowest > threshold:
            raise_anomaly(
                c,
                out,
                count,
                device,
                RISE,
                c[C.PENDING_T + n - days],
                lowest,
                base,
                threshold,
                rise_severity(lowest - base),
                decided,
            )
            c[C.RISE_W] = lowest
            c[C.CALM_DAYS] = 0.0
            c[C.PENDING_N] = 0.0
            return
