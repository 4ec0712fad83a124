"""Times that are the ends of intervals: their starts are an interval earlier.

A column named `end` (or *bis*, *to*) says so. Where its name was guessed, 24:00 says so, and rows
that begin one interval after local midnight and end with a midnight: meters that stamp what they
have counted write whole days like that.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from app.recordings.guesses import Guess
from app.recordings.times import Times
from app.recordings.values import is_text
from app.recordings.zones import load_zone

DAY_US = 86_400_000_000
HOUR_US = 3_600_000_000
_MIDNIGHT = r"(?:^|[T ])24:00"


def guess_ends(names: Sequence[str], cells: pa.Array, times: Times) -> Guess | None:
    """Return that columns have the ends of its intervals, of at most an hour; None where not."""
    step = _step_us(times, None)
    kept = np.flatnonzero(~times.missing)
    if step is None or step > HOUR_US or DAY_US % step:
        return None
    why = ""
    if is_text(cells) and pc.any(pc.match_substring_regex(cells, _MIDNIGHT)).as_py():
        why = "24:00 stands there"
    else:
        t_us = times.t_us[kept]
        first, last = kept[np.argmin(t_us)], kept[np.argmax(t_us)]
        local = (times.t_us + times.offset_us)[[first, last]] % DAY_US
        if local[0] == step and local[1] == 0:
            why = "the rows begin one interval after midnight and end with midnight"
    if not why:
        return None
    found = f"{' and '.join(map(repr, names))}: the end of each interval"
    return Guess("times", "start", found, why, "--map start=… or end=…")


def moved_to_starts(times: Times, lengths_s: NDArray[np.float64] | None, tz: str | None) -> Times:
    """Return the starts of intervals whose ends are given.

    lengths_s : float64[n], s, where the file states them; else the usual distance of the rows
    """
    step = _step_us(times, lengths_s)
    if step is None:
        return times  # a single row: nothing says how long it is
    back = np.full(times.t_us.size, step, np.int64)
    if lengths_s is not None:
        stated = np.isfinite(lengths_s)
        back[stated] = np.rint(lengths_s[stated] * 1e6).astype(np.int64)
    t_us = np.where(times.missing, times.t_us, times.t_us - back)
    offset_us = times.offset_us
    kept = t_us[~times.missing]
    if tz is not None and kept.size:
        offset_us = load_zone(tz, int(kept.min()), int(kept.max())).offset_us(t_us)
    return replace(times, t_us=t_us, offset_us=offset_us)


def _step_us(times: Times, lengths_s: NDArray[np.float64] | None) -> int | None:
    """Return the most frequent length of the intervals, µs; None where a single row says none."""
    if lengths_s is not None and np.isfinite(lengths_s).any():
        found = np.rint(lengths_s[np.isfinite(lengths_s)] * 1e6).astype(np.int64)
    else:
        at = np.unique(times.t_us[~times.missing])
        found = at[1:] - at[:-1]
    if not found.size:
        return None
    distinct, count = np.unique(found, return_counts=True)
    return int(distinct[np.argmax(count)])
