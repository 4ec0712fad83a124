"""Recorders whose clock is coarser than their rows.

OBD loggers write three or four rows under one whole second of engine run time. Those rows are
successive samples, not duplicates: joining them would lose a third of the recording and make every
change of speed look harsher. Spread evenly over their tick, their times are right to a fraction of
it; if the recorder kept its pace, they are spread evenly over all ticks, as they were written (on
the recorded drives: 0.491 s a row, distance within 0.3 %).
"""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Int64s = NDArray[np.int64]

# Duplicates repeat values, in all rows or a few. A coarse clock has more than one row in most
# ticks, some with another value. Always two rows may be two merged sources; three and more, or
# occasionally one more than usual, are a coarse clock.
MOST_RUNS = 0.5
SOME_RUNS_DIFFER = 0.05
SOME_RUNS_LONGER = 0.01

PAUSE_TICKS = 4.0  # a tick this many times the usual is a pause of the recorder
PACE_TICKS = 1.5  # rows at an even pace are within this many ticks of their clock time


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
    ticks = np.append(np.diff(t_us[starts]), np.iinfo(np.int64).max)
    tick = float(np.median(ticks))
    row_us = float(np.median(ticks[:-1] / lengths[:-1]))
    pauses = ticks > PAUSE_TICKS * tick  # and the end: rows do not extend over it
    ticks[pauses] = np.minimum(ticks, np.rint(row_us * lengths).astype(np.int64))[pauses]
    within = np.arange(t_us.size) - np.repeat(starts, lengths)
    spread = t_us + within * np.repeat(ticks, lengths) // np.repeat(lengths, lengths)
    even = _at_even_pace(spread, starts, np.flatnonzero(pauses[:-1]) + 1, tick)
    for candidate in (even, spread):
        if bool(np.all(np.diff(candidate) > 0)):
            return candidate
    return None


def _at_even_pace(spread: Int64s, starts: Int64s, pauses: Int64s, tick: float) -> Int64s:
    """Put the rows between two pauses on a straight line, if they never deviate from it."""
    even = spread.copy()
    for first, last in pairwise([0, *pauses.tolist(), starts.size]):
        if last - first < 10:
            continue
        rows = starts[first:last].astype(np.float64)
        origin = int(spread[starts[first]])
        slope, offset = np.polyfit(rows, (spread[starts[first:last]] - origin) / 1e6, 1)
        end = int(starts[last]) if last < starts.size else spread.size
        line = np.rint((slope * np.arange(starts[first], end) + offset) * 1e6).astype(np.int64)
        line += origin
        if slope > 0 and np.max(np.abs(line - spread[starts[first] : end])) <= PACE_TICKS * tick:
            even[starts[first] : end] = line
    return even
