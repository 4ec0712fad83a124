"""Base-load rise: for a week not one hour has come down to what used to be the base.

The day is cut into blocks of six local hours, each with its lowest hour. A week of blocks running
decides, or three days if the rise is large. The baseline is the median lowest hour of rolling days
(four blocks) of up to 28 days, and lags by a week, so that a rise cannot teach it before it is
judged. A load that never stops adds the same to the lowest hour of every day: it moves these
lowest hours and does not spread them. Electric heating does both, so a rise must exceed how far
the lowest hours of days lie apart since its onset, and how far they lay apart before. Where
no hour comes to rest at all, the lowest hour of a day is noise: there a day and a half make one.
"""

import numpy as np

from feature_kernels.consumption import carry as C
from feature_kernels.consumption.anomalies import clear_anomaly, is_open, raise_anomaly
from feature_kernels.consumption.rows import DROP, RISE
from feature_kernels.kernel import kernel, lean_kernel

DAY_US_F = 86_400_000_000.0
BLOCKS_A_DAY = 4
BLOCK_HOURS_NEEDED = 4.0  # of six
RESTLESS_BLOCKS = 6  # that make one lowest hour where no hour comes to rest


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
    return C.RING_BLOCKS + (first + i) % C.BLOCKS


@kernel
def rolling_lowest(lowest, blocks):
    """Lowest hours of every `blocks` blocks running, W, ascending.

    lowest : float64[n], W, the lowest hour of each block, n >= blocks
    """
    found = np.full(lowest.shape[0] - blocks + 1, np.inf)
    for i in range(found.shape[0]):
        for j in range(blocks):
            found[i] = min(found[i], lowest[i + j])
    return np.sort(found)


@kernel
def ring_lowest(c):
    """Lowest hours of the baseline's blocks, W, the oldest first."""
    lowest = np.empty(int(c[C.BLOCK_RING_N]))
    for i in range(lowest.shape[0]):
        lowest[i] = c[ring_place(c, i)]
    return lowest


@kernel
def baseline(c):
    """Median (upper, for an even number) of the lowest hours of rolling days, W."""
    days = rolling_lowest(ring_lowest(c), BLOCKS_A_DAY)
    return days[days.shape[0] // 2]


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
        low += c[C.RING_BLOCKS + i] + p.rise_w < held
    if BLOCKS_A_DAY * low <= needed:
        return False
    at = ring_place(c, 0)
    end = C.RING_BLOCKS + C.BLOCKS
    days = 0
    last = -BLOCKS_A_DAY
    for i in range(blocks):
        if c[at] + p.rise_w < held:
            last = i
        if i >= BLOCKS_A_DAY - 1 and i - last < BLOCKS_A_DAY:
            days += 1
            if days > needed:
                return True
        at += 1
        if at == end:
            at = C.RING_BLOCKS
    return False


@kernel
def spread_before(c, blocks):
    """Width of the middle eight tenths of the baseline's lowest hours of so many blocks, W."""
    lowest = rolling_lowest(ring_lowest(c), blocks)
    last = lowest.shape[0] - 1
    return lowest[last - last // 10] - lowest[last // 10]


@kernel
def spread_since(c, first, blocks):
    """Highest less lowest of the lowest hours of so many pending blocks from `first` on, W."""
    since = c[C.PENDING_BLOCKS + 2 * first : C.PENDING_BLOCKS + 2 * C.PENDING : 2]
    lowest = rolling_lowest(since, blocks)
    return lowest[-1] - lowest[0]


@lean_kernel
def queue_block(c, lowest, start):
    """Put a block behind the pending ones; the oldest becomes baseline if there are too many."""
    if c[C.PENDING_N] == C.PENDING:
        c[C.RING_BLOCKS + int(c[C.BLOCK_RING_AT])] = c[C.PENDING_BLOCKS]
        c[C.BLOCK_RING_AT] = (int(c[C.BLOCK_RING_AT]) + 1) % C.BLOCKS
        c[C.BLOCK_RING_N] = min(c[C.BLOCK_RING_N] + 1.0, C.BLOCKS)
        for i in range(2 * (C.PENDING - 1)):
            c[C.PENDING_BLOCKS + i] = c[C.PENDING_BLOCKS + i + 2]
        c[C.PENDING_N] -= 1.0
    at = C.PENDING_BLOCKS + 2 * int(c[C.PENDING_N])
    c[at] = lowest
    c[at + 1] = start
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
    """Lowest hour of the latest pending blocks, W."""
    held = np.inf
    for i in range(C.PENDING - blocks, C.PENDING):
        held = min(held, c[C.PENDING_BLOCKS + 2 * i])
    return held


@lean_kernel
def raise_if_risen(c, p, out, count, device, base, blocks, decided):
    """Raise a rise if the latest pending blocks show one; tell whether they do.

    base : W; blocks : three days or a week of them
    """
    held = held_by(c, blocks)
    fast = blocks == C.FAST
    least = max(p.rise_fast_w if fast else p.rise_w, p.rise_steps * c[C.QUANTUM_KWH] * 1000.0)
    least = max(least, (p.rise_fast_share if fast else p.rise_share) * base)
    if held <= base + least:
        return False
    first = C.PENDING - blocks
    while first > 0 and c[C.PENDING_BLOCKS + 2 * (first - 1)] > 0.5 * (base + held):
        first -= 1
    span = RESTLESS_BLOCKS if c[C.RESTLESS] > 0.0 else BLOCKS_A_DAY
    over = p.rise_fast_over_spread if fast else p.rise_over_spread
    least = max(least, over * spread_since(c, first, span))
    if held <= base + least:
        return False
    least = max(least, p.rise_over_spread_before * spread_before(c, span))
    if held <= base + least:
        return False
    begin = c[C.PENDING_BLOCKS + 2 * first + 1]
    severity = rise_severity(held - base)
    raise_anomaly(c, out, count, device, RISE, begin, held, base, base + least, severity, decided)
    c[C.RISE_W] = held
    c[C.CALM_START] = 0.0
    c[C.PENDING_N] = first
    return True


@lean_kernel
def judge_rise(c, p, out, count, device, lowest, start, decided):
    """Take a closed block; raise, follow or clear a rise.

    lowest : W, of its hourly means; start : µs, its first interval
    """
    if is_open(c, RISE):
        follow_rise(c, p, out, count, device, lowest, start, decided)
        return
    if is_open(c, DROP):
        return  # what comes is not to be compared with too little
    queue_block(c, lowest, start)
    days = c[C.BLOCK_RING_N] / BLOCKS_A_DAY
    if days < p.rise_fast_history_days or c[C.PENDING_N] < C.PENDING:
        return
    if not may_have_risen(c, p, held_by(c, C.FAST)):
        return
    base = baseline(c)
    if raise_if_risen(c, p, out, count, device, base, C.FAST, decided):
        return
    if days >= p.rise_history_days:
        raise_if_risen(c, p, out, count, device, base, C.PENDING, decided)


@lean_kernel
def begin_baseline(c):
    """Forget the baseline: what comes is not to be compared with it."""
    for slot in (C.BLOCK_RING_N, C.BLOCK_RING_AT, C.PENDING_N, C.BLOCK_N):
        c[slot] = 0.0


@lean_kernel
def close_block(c, p, out, count, device, times, decided):
    """Close the block of six hours if enough of it was measured and nothing was wrong in it.

    times : how many blocks it stands for
    """
    fine = c[C.BLOCK_TAINTED] == 0.0 and c[C.QUANTUM_KWH] <= p.coarse_kwh
    if c[C.BLOCK_N] >= BLOCK_HOURS_NEEDED and fine:
        lowest = c[C.BLOCK_LOWEST_W]
        for _ in range(times):
            judge_rise(c, p, out, count, device, lowest, c[C.BLOCK_START], decided)
    c[C.BLOCK_N] = 0.0
    c[C.BLOCK_LOWEST_W] = 0.0
    c[C.BLOCK_TAINTED] = 0.0
