"""A recorder whose clock is coarser than its rows.

OBD loggers write three or four rows under one whole second of engine run time. Those rows are
successive samples, not duplicates: joined, a third of the recording would be lost and every change
of speed would look harsher than it was. Spread evenly over their tick they are right to a fraction
of it (on the recorded drives, distance within 0.2 %).
"""

import numpy as np
from numpy.typing import NDArray

Int64s = NDArray[np.int64]

# Duplicates repeat what was said, all rows alike or a few of them. A coarse clock has in most of
# its ticks more than one row, now and then of another value. Two of them always may be two sources
# put together; three and more, or now and then one more than usual, are a clock.
MOST_RUNS = 0.5
SOME_RUNS_DIFFER = 0.05
SOME_RUNS_LONGER = 0.01


def spread_ticks(t_us: Int64s, columns: dict[str, NDArray[np.float64]]) -> Int64s | None:
    """Spread the rows of each tick evenly up to the next one.

    t_us    : int64[n], µs, in the order of the file
    columns : float64[n] each, NaN = not measured

    Returns int64[n] µs, strictly ascending; None if the clock is not a coarse one.
    """
    if t_us.size < 20 or bool(np.any(np.diff(t_us) < 0)):
        return None
    starts = np.flatnonzero(np.concatenate((np.array([True]), np.diff(t_us) > 0)))
    lengths = np.diff(np.append(starts, t_us.size))
    if starts.size < 10 or np.mean(lengths > 1) <= MOST_RUNS:
        return None
    usual = int(np.argmax(np.bincount(lengths)))
    if usual < 3 and np.mean(lengths > max(usual, 2)) < SOME_RUNS_LONGER:
        return None
    twice = np.zeros(starts.size, np.bool_)
    differ = np.zeros(starts.size, np.bool_)
    for values in columns.values():
        twice |= np.add.reduceat(~np.isnan(values), starts, dtype=np.int64) > 1
        differ |= np.fmax.reduceat(values, starts) > np.fmin.reduceat(values, starts)
    if np.mean(twice) <= MOST_RUNS or np.mean(differ) < SOME_RUNS_DIFFER:
        return None
    ticks = np.diff(t_us[starts])
    row_us = float(np.median(ticks / lengths[:-1]))
    ticks = np.append(ticks, round(row_us * float(lengths[-1])))
    within = np.arange(t_us.size) - np.repeat(starts, lengths)
    spread = t_us + within * np.repeat(ticks, lengths) // np.repeat(lengths, lengths)
    return spread if bool(np.all(np.diff(spread) > 0)) else None
