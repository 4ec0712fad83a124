"""Which clock wrote a file's wall times: one that follows the zone, or one of standard time.

A meter that ignores daylight saving writes the hour that spring skips *and* the one after it with
values of their own; a clock that follows it cannot. Only rows that say something count as
evidence: exports fill a fixed grid of 48 half-hours, and put nothing or 0 into the two that do not
exist. The decision is made for each summer: between the change in spring and that in autumn the
two clocks differ. A summer without evidence follows the others of the file.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from app.recordings.guesses import Guess
from app.recordings.zones import DAY_US, Int64s, Zone

HOUR_US = 3_600_000_000
# A value of zero says something only in a home that has zeros at other times: this share of rows.
SOME_ZEROS = 0.01
OPTION = "--clock"

Bools = NDArray[np.bool_]


class Clock(StrEnum):
    """The clock that wrote wall times."""

    LOCAL = "local"  # follows the zone, with summer time
    STANDARD = "standard"  # keeps standard time all year


@dataclass(frozen=True, slots=True)
class Resolved:
    """Instants of a column of wall times, and ambiguities resolved.

    t_us        : int64[n]
    void        : bool[n], rows of an hour that spring skips that say nothing: they do not exist
    silent      : bool[n], rows of an hour that autumn repeats whose value says nothing
    repeated    : rows in an hour that autumn repeats
    nonexistent : rows with a value in an hour that spring skips (moved on by the skip)
    standard    : the clock keeps standard time, at least in one summer
    guess       : what was guessed, None where the file leaves no choice
    """

    t_us: Int64s
    void: Bools
    silent: Bools
    repeated: int
    nonexistent: int
    standard: bool
    guess: Guess | None


def resolve(
    zone: Zone,
    wall_us: Int64s,
    says: NDArray[np.float64],
    rising: bool,
    clock: Clock | None = None,
) -> Resolved:
    """Turn wall times (µs, in the file's order) into instants.

    says   : float64[n], the rows' values, NaN = none
    rising : the values are registers
    clock  : the clock that an option states, None = find out
    """
    early = np.concatenate((np.array([zone.first_us], np.int64), zone.after))
    summer = np.searchsorted(zone.at + np.maximum(zone.before, zone.after), wall_us, "right")
    winter = np.searchsorted(zone.at + np.minimum(zone.before, zone.after), wall_us, "right")
    t_us = wall_us - early[summer]
    none = np.zeros(wall_us.size, np.bool_)
    if zone.at.size == 0 or (clock is None and bool(np.array_equal(summer, winter))):
        return Resolved(t_us, none, none, 0, 0, False, None)
    unclear = np.flatnonzero(summer != winter)
    change = summer[unclear]  # index of the next transition (fold 0 uses the offset before it)
    forward = zone.after[change] > zone.before[change]
    skipped, repeats = unclear[forward], unclear[~forward]
    speaks = _speaks(wall_us, says, rising)
    zeros = _zeros_are_usual(says, rising, unclear)
    second = _second_pass(wall_us, repeats)
    twice = repeats[second & np.isin(wall_us[repeats], wall_us[repeats[~second]])]
    late = repeats[second]
    t_us[late] = wall_us[late] - early[winter[late]]
    rows = none.copy()
    summers = _standard_summers(zone, wall_us, t_us, skipped, twice, speaks, zeros, clock)
    for spring in summers:
        there = _in_summer(zone, spring, wall_us)
        offset = zone.before[spring] if spring >= 0 else zone.after[0]
        t_us[there] = wall_us[there] - offset
        rows |= there
    local = skipped[~rows[skipped]]
    void, silent = none.copy(), none.copy()
    void[local[~speaks[local]]] = True
    if not zeros:
        pairs = repeats[np.isin(wall_us[repeats], wall_us[twice]) & ~rows[repeats]]
        mute = pairs[~speaks[pairs]]
        silent[mute[np.isin(wall_us[mute], wall_us[pairs[speaks[pairs]]])]] = True
    return Resolved(
        t_us,
        void,
        silent,
        int(np.sum(~rows[repeats])),
        int(np.sum(speaks[local])),
        bool(summers),
        _guess(clock, summers, int(np.sum(rows[skipped])), int(void.sum())),
    )


def _guess(clock: Clock | None, standard: list[int], kept: int, gone: int) -> Guess | None:
    if clock is not None:
        return None
    if standard:
        return Guess(
            "clock", "", "standard time all year",
            f"{kept} rows with values stand in the hour that spring skips, beside those of the "
            "hour after it", OPTION,
        )  # fmt: skip
    if gone:
        return Guess(
            "clock", "", "local time with summer time",
            f"{gone} rows of the hour that spring skips say nothing: left out", OPTION,
        )  # fmt: skip
    return None


def _speaks(wall_us: Int64s, says: NDArray[np.float64], rising: bool) -> Bools:
    """Tell which rows say something: measured, and not a zero, which may only fill a grid.

    A register says something where it rises above the row before it.
    """
    known = ~np.isnan(says)
    if not rising:
        return np.asarray(known & (says != 0.0), np.bool_)
    order = np.argsort(wall_us, kind="stable")
    order = order[known[order]]
    before = np.concatenate((np.array([-np.inf]), says[order][:-1]))
    rises = np.zeros(says.size, np.bool_)
    rises[order] = says[order] > before
    return rises


def _zeros_are_usual(says: NDArray[np.float64], rising: bool, unclear: Int64s) -> bool:
    """Return whether rows that do not speak occur at other times too."""
    if rising:
        return True
    others = np.delete(says, unclear)
    others = others[~np.isnan(others)]
    return bool(others.size) and float(np.mean(others == 0.0)) > SOME_ZEROS


def _standard_summers(
    zone: Zone,
    wall_us: Int64s,
    t_us: Int64s,
    skipped: Int64s,
    twice: Int64s,
    speaks: Bools,
    zeros: bool,
    clock: Clock | None,
) -> list[int]:
    """Find the summers in which the clock kept standard time, as the index of their spring.

    Evidence for it: rows that say something in the skipped hour, and at the same instants, were
    it local time, an hour later. Evidence against it: a repeated hour that stands twice, or a
    skipped hour without rows that say something beside hours with them.
    """
    summers = np.flatnonzero(zone.after > zone.before)
    if zone.after[0] < zone.before[0]:  # the file begins in a summer, whose spring it lacks
        summers = np.concatenate((np.array([-1]), summers))
    votes = np.zeros(summers.size, np.int64)
    present = t_us[speaks]
    for at, spring in enumerate(summers.tolist()):
        if spring >= 0:
            hour = skipped[_between(zone, spring, wall_us[skipped])]
            own = hour[speaks[hour]]
            others = speaks.copy()
            others[own] = False
            skip = int(zone.after[spring] - zone.before[spring])
            change = int(zone.at[spring])
            if own.size and bool(np.isin(t_us[own], t_us[others]).any()):
                votes[at] += 1
            elif own.size == 0 and not (hour.size and zeros):
                beside = _any_between(present, change - skip, change) and _any_between(
                    present, change, change + skip
                )
                votes[at] -= int(beside)
        autumn = spring + 1
        if autumn < zone.at.size:
            votes[at] -= 2 * int(np.any(speaks[twice[_between(zone, autumn, wall_us[twice])]]))
    if clock is not None:
        votes[:] = 1 if clock is Clock.STANDARD else -1
    elif np.any(votes > 0) and not np.any(votes < 0):
        votes[votes == 0] = 1  # no evidence of its own: like the others
    return [int(spring) for spring in summers[votes > 0]]


def _any_between(t_us: Int64s, first: int, end: int) -> bool:
    return bool(np.any((t_us >= first) & (t_us < end)))


def _between(zone: Zone, change: int, wall_us: Int64s) -> Bools:
    """Tell which wall times lie between the two offsets of a change."""
    low = zone.at[change] + min(zone.before[change], zone.after[change])
    high = zone.at[change] + max(zone.before[change], zone.after[change])
    return np.asarray((wall_us >= low) & (wall_us < high), np.bool_)


def _in_summer(zone: Zone, spring: int, wall_us: Int64s) -> Bools:
    """Tell which times of a clock of standard time lie in the summer that a spring begins."""
    rows = np.ones(wall_us.size, np.bool_)
    if spring >= 0:
        rows &= wall_us >= zone.at[spring] + zone.before[spring]
    autumn = spring + 1
    if autumn < zone.at.size:  # and the hour after it, which is read as winter
        rows &= wall_us < zone.at[autumn] + zone.before[autumn]
    return rows


def _second_pass(wall_us: Int64s, rows: Int64s) -> Bools:
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


def _second_pass_forwards(wall_us: Int64s, rows: Int64s) -> Bools:
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
