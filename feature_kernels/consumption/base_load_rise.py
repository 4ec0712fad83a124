"""Base-load rise: for a week not one hour has come down to what used to be the base.

The day is cut into blocks of six local hours, each with its lowest hour. A week of blocks running
decides, or three days if the rise is large. The baseline is the median lowest hour of rolling days
(four blocks) of up to 28 days, and lags by a week, so that a rise cannot teach it before it is
judged. Weather moves the lowest
hours of heated homes: a rise must also lie above the highest level that held three days. Where
no hour comes to rest at all, the lowest hour is noise that scales with the mean; there its
share of the mean must have risen too.
"""

import numpy as np

from feature_kernels.consumption import carry as C
from feature_kernels.consumption.anomalies import clear_anomaly, is_open, raise_anomaly
from feature_kernels.consumption.rows import DROP, RISE
from feature_kernels.kernel import kernel, lean_kernel

DAY_US_F = 86_400_000_000.0
BLOCKS_A_DAY = 4
BLOCK_HOURS_NEEDED = 4.0  # of six


@lean_kernel
def rise_severity(rise):
    """Grade a rise by its power: 1, from 150 W 2, from 300 W 3."""
    if rise >= 300.0:
        return 3.0
    return 2.0 if rise >= 150.0 else 1.0


@lean_kernel
def ring_place(c, i):
    """Place in the carry of the baseline's i-th oldest block."""
    first = int(c[C.BLOCK_RING_AT]) - int(c[C.BLOCK_RING_N]) + C.BLOCKS
    return C.RING_BLOCKS + 2 * ((first + i) % C.BLOCKS)


@kernel
def baseline(c):
    """Median (upper, for an even number) of the lowest hours of rolling days, W."""
    n = int(c[C.BLOCK_RING_N]) - BLOCKS_A_DAY + 1
    lowest = np.full(n, np.inf)
    for i in range(n):
        for j in range(BLOCKS_A_DAY):
            lowest[i] = min(lowest[i], c[ring_place(c, i + j)])
    return np.sort(lowest)[n // 2]


@lean_kernel
def may_have_risen(c, p, held):
    """Tell whether `held` (W) lies more than `rise_w` above the baseline, by counting instead of
    sorting: the median does so just when more than half of its days do (rounding is monotone).

    A block is in four rolling days at most, so too few low blocks need no look at the days.
    """
    blocks = int(c[C.BLOCK_RING_N])
    needed = (blocks - BLOCKS_A_DAY + 1) // 2
    low = 0
    for i in range(blocks):
        low += c[C.RING_BLOCKS + 2 * i] + p.rise_w < held
    if BLOCKS_A_DAY * low <= needed:
        return False
    at = ring_place(c, 0)
    end = C.RING_BLOCKS + 2 * C.BLOCKS
    days = 0
    last = -BLOCKS_A_DAY
    for i in range(blocks):
        if c[at] + p.rise_w < held:
            last = i
        if i >= BLOCKS_A_DAY - 1 and i - last < BLOCKS_A_DAY:
            days += 1
            if days > needed:
                return True
        at += 2
        if at == end:
            at = C.RING_BLOCKS
    return False


@lean_kernel
def highest_held(c):
    """Highest lowest hour of three days in the baseline, W, and its highest share of the mean."""
    level = 0.0
    ratio = 0.0
    for i in range(int(c[C.BLOCK_RING_N]) - C.FAST + 1):
        lowest = np.inf
        total = 0.0
        for j in range(C.FAST):
            at = ring_place(c, i + j)
            lowest = min(lowest, c[at])
            total += c[at + 1]
        level = max(level, lowest)
        ratio = max(ratio, lowest / max(total / C.FAST, 1.0))
    return level, ratio


@lean_kernel
def queue_block(c, lowest, mean, start):
    """Put a block behind the pending ones; the oldest becomes baseline if there are too many."""
    if c[C.PENDING_N] == C.PENDING:
        at = C.RING_BLOCKS + 2 * int(c[C.BLOCK_RING_AT])
        c[at] = c[C.PENDING_BLOCKS]
        c[at + 1] = c[C.PENDING_BLOCKS + 1]
        c[C.BLOCK_RING_AT] = (int(c[C.BLOCK_RING_AT]) + 1) % C.BLOCKS
        c[C.BLOCK_RING_N] = min(c[C.BLOCK_RING_N] + 1.0, C.BLOCKS)
        for i in range(3 * (C.PENDING - 1)):
            c[C.PENDING_BLOCKS + i] = c[C.PENDING_BLOCKS + i + 3]
        c[C.PENDING_N] -= 1.0
    at = C.PENDING_BLOCKS + 3 * int(c[C.PENDING_N])
    c[at] = lowest
    c[at + 1] = mean
    c[at + 2] = start
    c[C.PENDING_N] += 1.0


@lean_kernel
def follow_rise(c, p, out, count, device, lowest, start, decided):
    """Follow an open rise through a block: clear it when calm returns, or when it is habit."""
    at = C.ANOMALY + 5 * RISE
    base = c[at + 2]
    if lowest <= base + p.rise_clear_share * (c[C.RISE_W] - base):
        c[C.CALM_LAST] = start
        if c[C.CALM_START] == 0.0:
            c[C.CALM_START] = start
        elif start - c[C.CALM_START] >= DAY_US_F:
            clear_anomaly(c, out, count, device, RISE, c[C.CALM_START], decided)
        return
    if c[C.CALM_START] > 0.0 and start - c[C.CALM_LAST] > 1.5 * DAY_US_F:
        c[C.CALM_START] = 0.0
    if start - c[at] > p.rise_longest_days * DAY_US_F:
        clear_anomaly(c, out, count, device, RISE, start, decided)
        c[C.BLOCK_RING_N] = 0.0
        c[C.BLOCK_RING_AT] = 0.0
        c[C.PENDING_N] = 0.0


@lean_kernel
def held_by(c, blocks):
    """Lowest hour of the latest pending blocks, and their mean, W."""
    held = np.inf
    total = 0.0
    for i in range(C.PENDING - blocks, C.PENDING):
        held = min(held, c[C.PENDING_BLOCKS + 3 * i])
        total += c[C.PENDING_BLOCKS + 3 * i + 1]
    return held, total / blocks


@lean_kernel
def ring_mean(c):
    """Mean power of the baseline's blocks, W."""
    blocks = int(c[C.BLOCK_RING_N])
    total = 0.0
    for i in range(blocks):
        total += c[ring_place(c, i) + 1]
    return total / blocks


@lean_kernel
def judge_rise(c, p, out, count, device, lowest, mean, start, decided):
    """Take a closed block; raise, follow or clear a rise.

    lowest, mean : W, of its hourly means; start : µs, its first interval
    """
    if is_open(c, RISE):
        follow_rise(c, p, out, count, device, lowest, start, decided)
        return
    if is_open(c, DROP):
        return  # what comes is not to be compared with too little
    queue_block(c, lowest, mean, start)
    days = c[C.BLOCK_RING_N] / BLOCKS_A_DAY
    if days < p.rise_fast_history_days or c[C.PENDING_N] < C.PENDING:
        return
    held, mean_now = held_by(c, C.FAST)
    if not may_have_risen(c, p, held):
        return
    base = baseline(c)
    level, ratio = highest_held(c)
    step = p.rise_steps * c[C.QUANTUM_KWH] * 1000.0
    blocks = C.FAST
    least = base + max(p.rise_fast_w, p.rise_fast_share * base, step)
    threshold = max(least, p.rise_fast_over_habit * level)
    if held <= threshold:
        if days < p.rise_history_days:
            return
        blocks = C.PENDING
        held, mean_now = held_by(c, C.PENDING)
        least = base + max(p.rise_w, p.rise_share * base, step)
        threshold = max(least, p.rise_over_habit * level)
        if held <= threshold:
            return
    if mean_now - ring_mean(c) > p.rise_mean_factor * (held - base):
        return
    share = held / max(mean_now, 1.0)
    if c[C.RESTLESS] > 0.0 and share <= p.rise_over_ratio * ratio:
        return
    severity = rise_severity(held - base)
    first = C.PENDING - blocks
    while first > 0 and c[C.PENDING_BLOCKS + 3 * (first - 1)] > 0.5 * (base + held):
        first -= 1
    begin = c[C.PENDING_BLOCKS + 3 * first + 2]
    raise_anomaly(c, out, count, device, RISE, begin, held, base, threshold, severity, decided)
    c[C.RISE_W] = held
    c[C.CALM_START] = 0.0
    c[C.PENDING_N] = first


@lean_kernel
def begin_baseline(c):
    """Forget the baseline: what comes is not to be compared with it."""
    for slot in (C.BLOCK_RING_N, C.BLOCK_RING_AT, C.PENDING_N, C.BLOCK_N, C.BLOCK_SUM_W):
        c[slot] = 0.0


@lean_kernel
def close_block(c, p, out, count, device, times, decided):
    """Close the block of six hours if enough of it was measured and nothing was wrong in it.

    times : how many blocks it stands for
    """
    fine = c[C.BLOCK_TAINTED] == 0.0 and c[C.QUANTUM_KWH] <= p.coarse_kwh
    if c[C.BLOCK_N] >= BLOCK_HOURS_NEEDED and fine:
        mean = c[C.BLOCK_SUM_W] / c[C.BLOCK_N]
        lowest = c[C.BLOCK_LOWEST_W]
        for _ in range(times):
            judge_rise(c, p, out, count, device, lowest, mean, c[C.BLOCK_START], decided)
    c[C.BLOCK_N] = 0.0
    c[C.BLOCK_SUM_W] = 0.0
    c[C.BLOCK_LOWEST_W] = 0.0
    c[C.BLOCK_TAINTED] = 0.0
