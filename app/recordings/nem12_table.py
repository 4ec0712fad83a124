"""A channel of a NEM12 file as a table, to be analysed like any other recording.

NEM12 writes local days in the market's time, UTC+10 all year (AEMO, Meter Data File Format, NEM
time); `tz` is the zone of the home's own days.
"""

import gzip
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from app.recordings.encoding import TableError
from app.recordings.guesses import Guess
from app.recordings.nem12 import NO_DATA, Channel, Day, begins_nem12, read_nem12
from app.recordings.values import quality_code
from app.recordings.zones import load_zone

if TYPE_CHECKING:
    from app.recordings.read import Table

OPTION = "--channel"
MARKET_OFFSET_US = 10 * 3_600_000_000
DAY_US = 86_400_000_000
MINUTE_US = 60_000_000
_EPOCH = date(1970, 1, 1).toordinal()
KWH = {"WH": Decimal("0.001"), "KWH": Decimal(1), "MWH": Decimal(1_000)}
FROM_GRID = "E"  # a suffix E1, E2: energy that the customer takes; B1: that they feed in


def is_nem12(path: Path) -> bool:
    """Return whether a file is NEM12 (also .gz), by its first records."""
    try:
        with path.open("rb") as file:
            packed = file.read(2) == b"\x1f\x8b"
        with gzip.open(path) if packed else path.open("rb") as file:
            return begins_nem12(file.read(4_096))
    except (OSError, EOFError):
        return False  # the reader of tables names this error


def read_nem12_table(path: Path, tz: str | None, name: str | None) -> "Table":
    """Read a channel's intervals: `start`, `energy_kwh`, `interval_s`, `quality`.

    name : "NMI/suffix" or suffix; None = the one channel of energy from the grid

    Raises TableError, with the channels of the file, where `name` does not say which.
    """
    from app.recordings.read import Table  # it imports this module

    channels = read_nem12(path)
    chosen = _choose(path, channels, name)
    first = chosen[0]
    days = [(channel, day) for channel in chosen for day in channel.days.values() if day.values]
    if not days:
        raise TableError(f"{path}: channel {_name(first)} has no days, expected at least one")
    days.sort(key=lambda one: one[1].date)
    for (_, before), (_, after) in pairwise(days):
        if before.date == after.date:
            raise TableError(
                f"{path}: channel {_name(first)} has two interval lengths on {after.date}"
            )
    length = max(channel.interval_min for channel, _ in days)  # of 5 and 30 minutes: 30
    parts = [_day(channel, day, length) for channel, day in days]
    t_us = np.concatenate([part[0] for part in parts])
    columns = {
        column: np.concatenate([part[at] for part in parts])
        for at, column in enumerate(("energy_kwh", "interval_s", "quality"), start=1)
    }
    offset = np.full(t_us.size, MARKET_OFFSET_US, np.int64)
    if tz is not None:
        offset = load_zone(tz, int(t_us[0]), int(t_us[-1])).offset_us(t_us)
    others = tuple(_name(channel) for channel in channels if channel not in chosen)
    guesses: tuple[Guess, ...] = ()
    if name is None and others:
        why = "it is the only one of energy from the grid"
        guesses = (Guess("channel", "", _name(first), why, OPTION),)
    return Table(
        path=path,
        t_us=t_us,
        offset_us=offset,
        columns=columns,
        t_s=None,
        absolute=True,
        local=tz or "UTC+10: the time of NEM12",
        rows=t_us.size,
        duplicate=0,
        joined=0,
        ignored=others,
        guesses=guesses,
    )


def _name(channel: Channel) -> str:
    return f"{channel.nmi}/{channel.suffix}"


def _choose(path: Path, channels: Sequence[Channel], name: str | None) -> list[Channel]:
    """Return the channel, in parts where its unit or the length of its intervals changed."""
    energies = [channel for channel in channels if channel.unit.upper() in KWH]
    if name is None:
        found = [channel for channel in energies if channel.suffix.upper().startswith(FROM_GRID)]
    else:
        wanted = name.strip().upper()
        found = [c for c in energies if wanted in (c.suffix.upper(), _name(c).upper())]
    names = list(dict.fromkeys(_name(channel) for channel in found))
    if len(names) == 1:
        return found
    listed = ", ".join(dict.fromkeys(f"{_name(c)} ({c.unit})" for c in channels))
    if name is None:
        what = "several channels" if names else "no channel"
        raise TableError(
            f"{path}: has {what} of energy from the grid; say which with {OPTION}: {listed}"
        )
    what = "is of several meters" if names else "is no channel of energy of this file"
    raise TableError(f"{path}: {OPTION} {name!r} {what}, expected one of {listed}")


def _day(
    channel: Channel, day: Day, length: int
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return the starts, energies, lengths and statuses of a day's intervals.

    length : min, a multiple of the channel's; the status is the least of what is joined
    """
    joined = length // channel.interval_min
    count = len(day.values) // joined
    midnight = (day.date.toordinal() - _EPOCH) * DAY_US - MARKET_OFFSET_US
    t_us = midnight + np.arange(count, dtype=np.int64) * length * MINUTE_US
    letters = [day.quality] * len(day.values)
    for part in day.parts:
        letters[part.first - 1 : part.last] = [part.quality] * (part.last - part.first + 1)
    codes = {letter: quality_code(letter) for letter in set(letters)}
    quality = np.array([codes[letter] for letter in letters], np.float64).reshape(count, joined)
    factor = KWH[channel.unit.upper()]
    kwh = np.array(
        [float(sum(day.values[at : at + joined]) * factor) for at in range(0, len(letters), joined)]
    )
    null = np.array([letter.startswith(NO_DATA) for letter in letters]).reshape(count, joined)
    kwh[null.any(axis=1)] = np.nan
    return t_us, kwh, np.full(count, length * 60.0), quality.min(axis=1)
