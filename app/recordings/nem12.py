"""Read NEM12, the Australian file of interval data (AEMO, Meter Data File Format).

Records: 100 header, 200 channel (NMI, register, unit, interval length), 300 a day's values with
their quality, 400 the quality of a part of a day whose quality is V, 500 readings of a register,
900 end. Energies are decimal numbers and are added as such, so that totals are exact.

What a customer gets from a portal may lack both the record 100 and the record 900: such a file is
read, but then nothing says that it is whole.
"""

import csv
import gzip
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from runtime.errors import Usage

MINUTES_A_DAY = 1_440
LENGTHS_MIN = (1, 5, 15, 30, 60)
QUALITIES = frozenset("AEFNSV")
VARIES = "V"
NO_DATA = "N"
_BEGIN = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?:100\s*,\s*NEM12\b|200(?:,[^,\r\n]*){8,}[\r\n]+300,)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Part:
    """The quality of intervals first to last (from 1) of a day."""

    first: int
    last: int
    quality: str
    reason: str


@dataclass(slots=True)
class Day:
    """A day of a channel: its values as they stand in the file.

    blank : positions of values that the file leaves empty, which are those of quality N
    """

    date: date
    values: list[Decimal]
    quality: str
    reason: str
    updated: str
    parts: list[Part] = field(default_factory=list)
    blank: tuple[int, ...] = ()


@dataclass(slots=True)
class Channel:
    """A register of a meter, and its days by date. unit : as the file writes it"""

    nmi: str
    suffix: str
    register: str
    serial: str
    unit: str
    interval_min: int
    days: dict[date, Day] = field(default_factory=dict)


def is_quality(cell: str) -> bool:
    """Return whether a cell is a quality with or without its method: A, S14."""
    return (
        bool(cell)
        and cell[0] in QUALITIES
        and (not cell[1:] or (len(cell) == 3 and cell[1:].isdigit()))
    )


class _Reader:
    """The records of one file, in order."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.channels: dict[tuple[str, str, str, str], Channel] = {}
        self.channel: Channel | None = None
        self.day: Day | None = None
        self.line = 0

    def error(self, what: str) -> Usage:
        return Usage(f"{self.path}, line {self.line}: {what}")

    def take(self, cells: list[str]) -> None:
        kind = cells[0]
        if kind not in ("200", "300", "400", "500"):
            raise self.error(f"found record {kind!r}, expected 200, 300, 400, 500 or 900")
        if kind == "200":
            self.close_day()
            self.open_channel(cells)
        elif self.channel is None:
            raise self.error(f"found record {kind} before any record 200")
        elif kind == "300":
            self.close_day()
            self.open_day(self.channel, cells)
        elif kind == "400":
            self.add_part(self.channel, cells)
        else:
            pass  # readings of the register itself: totals are of intervals

    def open_channel(self, cells: list[str]) -> None:
        if len(cells) < 9:
            raise self.error(f"record 200 has {len(cells)} fields, expected at least 9")
        nmi, register, suffix, serial, unit = cells[1], cells[3], cells[4], cells[6], cells[7]
        if not nmi or not suffix:
            raise self.error("record 200 has no NMI or no suffix")
        if not cells[8].isdigit() or int(cells[8]) not in LENGTHS_MIN:
            raise self.error(f"found interval length {cells[8]!r}, expected one of {LENGTHS_MIN}")
        length = int(cells[8])
        self.channel = self.channels.setdefault(
            (nmi, suffix, unit.upper(), cells[8]),
            Channel(nmi, suffix, register, serial, unit, length),
        )

    def open_day(self, channel: Channel, cells: list[str]) -> None:
        count = MINUTES_A_DAY // channel.interval_min
        if len(cells) < count + 3 or not is_quality(cells[2 + count]):
            raise self.error(
                f"record 300: expected {count} values of {channel.interval_min} minutes and then "
                "their quality: A, E, F, N, S or V with its method"
            )
        try:
            day = datetime.strptime(cells[1], "%Y%m%d").replace(tzinfo=UTC).date()
        except ValueError:
            raise self.error(f"found date {cells[1]!r}, expected YYYYMMDD") from None
        quality = cells[2 + count]
        given = cells[2 : 2 + count]
        may_be_blank = quality[0] in (NO_DATA, VARIES)
        blank = tuple(at for at, cell in enumerate(given) if cell == "" and may_be_blank)
        values = [Decimal(0) if at in blank else self.value(cell) for at, cell in enumerate(given)]
        rest = [*cells[3 + count :], "", "", ""]
        self.day = Day(day, values, quality, rest[0], self.updated(rest[2]), blank=blank)

    def value(self, cell: str) -> Decimal:
        try:
            value = Decimal(cell)
        except InvalidOperation:
            raise self.error(f"found value {cell!r}, expected a number") from None
        if not value.is_finite() or value < 0:
            raise self.error(f"found value {cell!r}, expected a number that is not negative")
        return value

    def updated(self, cell: str) -> str:
        """Return the time in a form that sorts; "" without one."""
        if cell and (not cell.isdigit() or len(cell) not in (8, 12, 14)):
            raise self.error(f"found update time {cell!r}, expected YYYYMMDDhhmmss")
        return cell.ljust(14, "0") if cell else ""

    def add_part(self, channel: Channel, cells: list[str]) -> None:
        if self.day is None or self.day.quality[:1] != VARIES:
            raise self.error("found record 400 behind a day whose quality is not V")
        if len(cells) < 4 or not (cells[1].isdigit() and cells[2].isdigit()):
            raise self.error("record 400 needs its first and last interval and its quality")
        first, last = int(cells[1]), int(cells[2])
        count = MINUTES_A_DAY // channel.interval_min
        expected = self.day.parts[-1].last + 1 if self.day.parts else 1
        if first != expected or not first <= last <= count:
            raise self.error(f"record 400 is of {first} to {last}, expected {expected} to {count}")
        if not is_quality(cells[3]):
            raise self.error(
                f"found quality {cells[3]!r}, expected A, E, F, N or S with its method"
            )
        reason = cells[4] if len(cells) > 4 else ""
        self.day.parts.append(Part(first, last, cells[3], reason))

    def close_day(self) -> None:
        """Keep the day; of several versions the one that was updated last."""
        day, channel, self.day = self.day, self.channel, None
        if day is None or channel is None:
            return
        count = len(day.values)
        if day.quality[:1] == VARIES and (not day.parts or day.parts[-1].last != count):
            raise self.error(
                f"the day {day.date} has quality V, and its records 400 do not cover it"
            )
        null = [
            part.quality.startswith(NO_DATA)
            for part in day.parts
            for _ in range(part.first, part.last + 1)
        ]
        for at in day.blank:
            if null and not null[at]:
                raise self.error(
                    f"the day {day.date} has no value for interval {at + 1}, whose quality is not N"
                )
        before = channel.days.get(day.date)
        if before is None or day.updated >= before.updated:
            channel.days[day.date] = day


def _lines(path: Path) -> Iterator[list[str]]:
    try:
        with path.open("rb") as file:
            packed = file.read(2) == b"\x1f\x8b"
        opened: Any = gzip.open if packed else open
        with opened(path, "rt", encoding="utf-8-sig", newline="") as text:
            for cells in csv.reader(text):
                yield [cell.strip() for cell in cells]
    except OSError as error:
        raise Usage(f"{path}: {error.strerror or error}") from error
    except (UnicodeDecodeError, csv.Error, EOFError) as error:
        raise Usage(f"{path}: not a text file of comma-separated records") from error


def begins_nem12(head: bytes) -> bool:
    """Return whether the begin of a file is that of NEM12, also without the record 100."""
    return _BEGIN.match(head) is not None


def read_nem12(path: Path) -> list[Channel]:
    """Read a NEM12 file (.gz too); return its channels in order of the file.

    Raises Usage, with the line, for what does not fit.
    """
    reader = _Reader(path)
    ended = started = framed = False
    for reader.line, cells in enumerate(_lines(path), start=1):
        if not any(cells):
            continue
        if ended:
            raise reader.error("found a record behind the record 900")
        if not started and cells[0] == "200":
            started = True
            reader.take(cells)
        elif not started:
            if cells[0] != "100" or len(cells) < 2 or cells[1].upper() != "NEM12":
                found = ",".join(cells[:2])
                raise reader.error(
                    f"found {found!r}, expected the record 100,NEM12 of such a file (tachowatt "
                    "analyse-meter reads CSV)"
                )
            started = framed = True
        elif cells[0] == "900":
            reader.close_day()
            ended = True
        else:
            reader.take(cells)
    if not started:
        raise Usage(f"{path}: is empty, expected the record 100,NEM12")
    if framed and not ended:
        raise Usage(f"{path}: the record 900 at the end is missing: the file is cut off")
    reader.close_day()
    if not reader.channels:
        raise Usage(f"{path}: has no record 200, expected at least one channel")
    return list(reader.channels.values())


def as_answer(channels: list[Channel]) -> dict[str, Any]:
    """Return the channels with the energy and quality of each day, in the file's units."""
    return {
        "channels": [
            {
                "nmi": channel.nmi,
                "suffix": channel.suffix,
                "register": channel.register,
                "serial": channel.serial,
                "unit": channel.unit,
                "interval_min": channel.interval_min,
                "energy": float(
                    sum((sum(day.values) for day in channel.days.values()), Decimal(0))
                ),
                "days": [_day(channel.days[at]) for at in sorted(channel.days)],
            }
            for channel in channels
        ]
    }


def _day(day: Day) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "date": day.date.isoformat(),
        "energy": float(sum(day.values, Decimal(0))),
        "quality": day.quality,
    }
    if day.reason:
        answer["reason"] = day.reason
    if day.parts:
        answer["parts"] = [
            {"first": part.first, "last": part.last, "quality": part.quality, "reason": part.reason}
            for part in day.parts
        ]
    return answer
