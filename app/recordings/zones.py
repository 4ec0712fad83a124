"""Wall-clock times of a time zone, for whole columns.

A zone is read once into its transitions (instant, offset before, offset after); numpy then searches
whole columns. `wall_clock.py` finds out which clock wrote a file.
"""

import difflib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

import numpy as np
from numpy.typing import NDArray

from runtime.errors import Usage

DAY_US = 86_400_000_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Int64s = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Zone:
    """A time zone between two instants.

    at     : int64[k], µs UTC of each change of offset
    before : int64[k], µs to add to UTC before it
    after  : int64[k], µs to add to UTC from it on
    """

    name: str
    at: Int64s
    before: Int64s
    after: Int64s
    first_us: int  # the offset if there is no transition

    def offset_us(self, t_us: Int64s) -> Int64s:
        """Return the offset from UTC of each instant: int64[n] µs."""
        offsets = np.concatenate((np.array([self.first_us], np.int64), self.after))
        return offsets[np.searchsorted(self.at, t_us, side="right")]

    def instants(self, wall_us: Int64s) -> Int64s:
        """Return the instant of each wall time: int64[n] µs.

        Of the hour that autumn repeats, the first pass; the hour that spring skips is moved on.
        """
        offsets = np.concatenate((np.array([self.first_us], np.int64), self.after))
        change = self.at + np.maximum(self.before, self.after)
        return wall_us - offsets[np.searchsorted(change, wall_us, "right")]


def load_zone(name: str, first_us: int, last_us: int) -> Zone:
    """Read a zone's transitions between two instants (µs UTC, a day is added on both sides)."""
    return _between(name, first_us // DAY_US - 2, -(-last_us // DAY_US) + 2)


@lru_cache(maxsize=64)  # the files of a folder are of the same years
def _between(name: str, first_day: int, last_day: int) -> Zone:
    """Read a zone's transitions between two days since 1970."""
    try:
        info = ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        near = difflib.get_close_matches(name, sorted(available_timezones()), 1, 0.5)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise Usage(
            f"--tz: {name!r} is no time zone, expected a name such as Europe/Berlin or UTC{hint}"
        ) from error

    def offset(t_us: int) -> int:
        shift = (EPOCH + timedelta(microseconds=t_us)).astimezone(info).utcoffset()
        return 0 if shift is None else round(shift.total_seconds() * 1e6)

    day = first_day * DAY_US
    start = offset(day)
    changes: list[tuple[int, int, int]] = []
    here = start
    while day < last_day * DAY_US:
        there = offset(day + DAY_US)
        if there != here:
            low, high = day, day + DAY_US
            while high - low > 1_000_000:
                middle = (low + high) // 2_000_000 * 1_000_000
                low, high = (low, middle) if offset(middle) != here else (middle, high)
            changes.append((high, here, there))
            here = there
        day += DAY_US
    table = np.array(changes, np.int64).reshape(-1, 3)
    return Zone(name, table[:, 0], table[:, 1], table[:, 2], start)
