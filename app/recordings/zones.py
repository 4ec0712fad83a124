"""Wall-clock times of a time zone, for whole columns.

A zone is read once into its transitions (instant, offset before, offset after); numpy then searches
whole columns. Wall times of the hour that autumn repeats are distinguished by their order in the
file; those of the hour that spring skips are moved by the skip, like zoneinfo's fold 0.
"""

import difflib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
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


def load_zone(name: str, first_us: int, last_us: int) -> Zone:
    """Read a zone's transitions between two instants (µs UTC, a day is added on both sides)."""
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

    day = (first_us - 2 * DAY_US) // DAY_US * DAY_US
    start = offset(day)
    changes: list[tuple[int, int, int]] = []
    here = start
    while day < last_us + 2 * DAY_US:
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


@dataclass(frozen=True, slots=True)
class Resolved:
    """Instants of a column of wall times, and ambiguities resolved.

    t_us        : int64[n]
    repeated    : rows in an hour that autumn repeats
    nonexistent : rows in an hour that spring skips (moved by the skip)
    standard    : the clock that wrote the file keeps standard time all year
    """

    t_us: Int64s
    repeated: int
    nonexistent: int
    standard: bool


def resolve(zone: Zone, wall_us: Int64s) -> Resolved:
    """Turn wall times (µs, in the file's order) into instants.

    A meter that ignores daylight saving is recognisable: it writes the hour that spring skips *and*
    the one after it, which would be the same instants. If every skipped hour in the file is like
    that, and no repeated hour occurs twice, the whole file is in standard time; otherwise some
    intervals would coincide and be lost.
    """
    early = np.concatenate((np.array([zone.first_us], np.int64), zone.after))
    summer = np.searchsorted(zone.at + np.maximum(zone.before, zone.after), wall_us, "right")
    winter = np.searchsorted(zone.at + np.minimum(zone.before, zone.after), wall_us, "right")
    t_us = wall_us - early[summer]
    unclear = np.flatnonzero(summer != winter)
    if unclear.size == 0:
        return Resolved(t_us, 0, 0, False)
    change = summer[
        unclear
    ]  # index of the next transition (fold 0 still uses the offset before it)
    forward = zone.after[change] > zone.before[change]
    skipped, repeats = unclear[forward], unclear[~forward]
    second = _second_pass(wall_us, repeats)
    if _keeps_standard_time(zone, wall_us, t_us, skipped) and not second.any():
        standard = int(zone.before[change[forward]].min())
        return Resolved(wall_us - standard, 0, skipped.size, True)
    late = repeats[second]
    t_us[late] = wall_us[late] - early[winter[late]]
    return Resolved(t_us, repeats.size, skipped.size, False)


def _keeps_standard_time(zone: Zone, wall_us: Int64s, t_us: Int64s, skipped: Int64s) -> bool:
    """Return whether each skipped hour's rows collide with rows of the next hour."""
    if skipped.size == 0:
        return False
    others = np.delete(t_us, skipped)
    hits = np.isin(t_us[skipped], others)
    change = np.searchsorted(zone.at, t_us[skipped] - 1, "right")
    springs = np.unique(change)
    return all(bool(hits[change == spring].any()) for spring in springs)


def _second_pass(wall_us: Int64s, rows: Int64s) -> NDArray[np.bool_]:
    """Return which rows in repeated hours (ascending row numbers) are winter time.

    Within one repeated hour, in file order: after the clock has gone back, all is winter. If it
    never goes back but every time occurs at least twice (a file sorted by wall time), the first of
    each is summer and the others winter, unless the whole file is duplicated. If the hour occurs
    once, it is the pass with the nearer neighbour; summer if both are equally near. A descending
    file is read backwards.
    """
    second = np.zeros(rows.size, np.bool_)
    if rows.size == 0:
        return second
    if float(np.sum(np.diff(wall_us) < 0)) > wall_us.size / 2:
        wall_us, rows = wall_us[::-1], wall_us.size - 1 - rows[::-1]
        return _second_pass_forwards(wall_us, rows)[::-1]
    return _second_pass_forwards(wall_us, rows)


def _second_pass_forwards(wall_us: Int64s, rows: Int64s) -> NDArray[np.bool_]:
    second = np.zeros(rows.size, np.bool_)
    others = np.delete(wall_us, rows)
    doubled = np.unique(others).size < 0.75 * others.size
    days = wall_us[rows] // DAY_US
    for day in np.unique(days):
        mine = np.flatnonzero(days == day)
        times = wall_us[rows[mine]]
        fell = np.flatnonzero(np.diff(times) < 0)
        _, first, count = np.unique(times, return_index=True, return_counts=True)
        if fell.size == 1:
            second[mine[fell[0] + 1 :]] = True
        elif fell.size > 1 or (bool(np.all(count >= 2)) and not doubled):
            later = np.ones(times.size, np.bool_)
            later[first] = False
            second[mine[later]] = True
        else:
            start, end = rows[mine[0]], rows[mine[-1]]
            far = np.iinfo(np.int64).max
            before = wall_us[start] - wall_us[start - 1] if start > 0 else far
            after = wall_us[end + 1] - wall_us[end] if end + 1 < wall_us.size else far
            second[mine] = 0 <= after < before
    return second
