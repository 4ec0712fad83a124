"""Dates that are not ISO 8601: day first with points, slashes, names of months, own formats.

Each column is turned into ISO 8601 text, which `times.py` reads. The order of day and month is
decided for the column: points mean day first; with slashes or hyphens a number above 12 decides,
then the regularity of the rows. What remains open is a question.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from app.recordings.cells import RawTable
from app.recordings.guesses import Guess

OPTION = "--date-format"
_TAIL = (
    r"(?:[,;]?[ T]+(?P<hour>\d{1,2})[:.](?P<minute>\d{2})(?:[:.](?P<second>\d{2})"
    r"(?:[.,](?P<fraction>\d+))?)?)?\s*(?P<half>[AaPp]\.?[Mm]\.?)?(?:Uhr)?\s*"
    r"(?P<zone>Z|[+-]\d{2}:?\d{2})?$"
)
_DAY_OR_MONTH_FIRST = (
    r"^(?:[A-Za-z]{2,3}\.?,? )?(?P<a>\d{1,2})(?P<sign>[./-])\s?(?P<b>\d{1,2})[./-]\s?"
    r"(?P<year>\d{4}|\d{2})" + _TAIL
)
_YEAR_FIRST = r"^(?P<year>\d{4})(?P<sign>[./-])(?P<b>\d{1,2})[./-](?P<a>\d{1,2})" + _TAIL
_MONTHS = (
    ("jan", "jän"), ("feb",), ("mar", "mär", "mae", "mrz"), ("apr",), ("may", "mai"), ("jun",),
    ("jul",), ("aug",), ("sep",), ("oct", "okt"), ("nov",), ("dec", "dez"),
)  # fmt: skip
_ZONES = ((r"\s*(?:MESZ|CEST)$", "+02:00"), (r"\s*(?:MEZ|CET)$", "+01:00"),
          (r"\s*(?:UTC|GMT)$", "Z"))  # fmt: skip
_WHOLE_MONTHS = (
    (r"^(\d{4})-(0[1-9]|1[0-2])$", r"\1-\2-01"),
    (r"^(0[1-9]|1[0-2])[./](\d{4})$", r"\2-\1-01"),
)
_ISO_LIKE = r"^\d{4}-\d{2}-\d{2}(?:[Tt ]\d{2}:?\d{2}|$)|^\d{8}(?:[Tt]|$)"


@dataclass(frozen=True, slots=True)
class _Parts:
    """Fields of a column of dates, text arrays of one length; null = cell without a time."""

    fields: dict[str, pa.Array]
    day_first: bool

    def texts(self) -> pa.Array:
        """Return the dates as ISO 8601."""
        f = self.fields
        day, month = (f["a"], f["b"]) if self.day_first else (f["b"], f["a"])
        return pc.binary_join_element_wise(_year(f["year"]), _two(month), _two(day), "-")


def to_iso(
    raw: RawTable, name: str, text: pa.Array, date_format: str | None
) -> tuple[pa.Array, Guess | None]:
    """Turn a column's cells into ISO 8601 text, null where a cell has no time.

    text : cleaned cells

    Raises TableError for a cell that is no date, and for an order that is open.
    """
    if date_format is not None:
        return _by_format(raw, name, text, date_format), None
    if pc.all(pc.match_substring_regex(text, _ISO_LIKE)).as_py() is not False:
        return text, None
    for pattern, first_day in _WHOLE_MONTHS:
        if pc.all(pc.match_substring_regex(text, pattern)).as_py():
            return pc.replace_substring_regex(text, pattern, first_day), None
    spelled = _without_names(text)
    for pattern in (_DAY_OR_MONTH_FIRST, _YEAR_FIRST):
        parts = pc.extract_regex(spelled, pattern)
        fits = pc.or_(pc.is_null(spelled), pc.is_valid(parts))
        if not pc.all(fits).as_py():
            continue
        fields = {field.name: pc.struct_field(parts, [field.name]) for field in parts.type}
        if pattern == _YEAR_FIRST:
            return _join(_Parts(fields, True)), None
        day_first, guess = _order(raw, name, fields)
        return _join(_Parts(fields, day_first)), guess
    return text, None  # the reader of ISO 8601 names the first cell that is wrong


def _without_names(text: pa.Array) -> pa.Array:
    """Write names of months as numbers and abbreviations of zones as offsets."""
    for pattern, offset in _ZONES:
        text = pc.replace_substring_regex(text, pattern, offset)
    if pc.any(pc.match_substring_regex(text, r"(?i)\d[-. /]*[a-zä]{3,}")).as_py():
        for number, names in enumerate(_MONTHS, start=1):
            pattern = rf"(?i)^(\d{{1,2}})[-. /]+(?:{'|'.join(names)})[a-zä]*\.?[-. /]+(\d{{2,4}})"
            text = pc.replace_substring_regex(text, pattern, rf"\1.{number:02d}.\2")
    return text


def _numbers(cells: pa.Array) -> np.ndarray:
    filled = pc.fill_null(pc.if_else(pc.equal(cells, ""), "0", cells), "0")
    return np.asarray(pc.cast(filled, pa.int64()).to_numpy(zero_copy_only=False), np.int64)


def _order(raw: RawTable, name: str, fields: dict[str, pa.Array]) -> tuple[bool, Guess | None]:
    """Decide whether the day stands first: (it does, what was guessed)."""
    a, b = _numbers(fields["a"]), _numbers(fields["b"])
    signs = set(pc.unique(pc.drop_null(fields["sign"])).to_pylist())
    if a.size == 0 or a.max(initial=0) > 12 or b.max(initial=0) > 12:
        day_first = bool(a.max(initial=0) > 12 or b.max(initial=0) <= 12)
        if day_first and bool((b > 12).any()):
            row = int(np.argmax(b > 12))
            found = raw.cells[name][row].as_py() if name in raw.cells else None
            raise raw.error(name, row, found, f"day and month in one order; {OPTION} sets it")
        return day_first, None if day_first and "." in signs else Guess(
            "date", name, "day first" if day_first else "month first",
            "a number above 12 stands there", OPTION,
        )  # fmt: skip
    if signs == {"."}:
        return True, Guess("date", name, "day first", "the dates have points", OPTION)
    if np.array_equal(a, b):
        return True, None
    spans = []
    for day_first in (True, False):
        days = np.unique(_day_numbers(_Parts(fields, day_first).texts()))
        spans.append(int(days[-1] - days[0]) if days.size else 0)
    if 2 * spans[0] < spans[1]:
        return True, Guess("date", name, "day first", "only so the days follow each other", OPTION)
    if 2 * spans[1] < spans[0]:
        return False, Guess(
            "date", name, "month first", "only so the days follow each other", OPTION
        )
    row = int(np.argmax(a != b))
    found = raw.cells[name][row].as_py() if name in raw.cells else None
    raise raw.error(
        name,
        row,
        found,
        f"a date whose order is certain; say {OPTION} '%d/%m/%Y %H:%M' (day first) or "
        f"{OPTION} '%m/%d/%Y %H:%M' (month first)",
    )


def _day_numbers(texts: pa.Array) -> np.ndarray:
    known = pc.drop_null(texts)
    try:
        return np.asarray(pc.cast(pc.cast(known, pa.date32()), pa.int32()).to_numpy(False))
    except pa.ArrowInvalid:
        return np.array([-(10**9), 10**9])  # no such date: not this order


def _two(cells: pa.Array) -> pa.Array:
    return pc.utf8_lpad(pc.if_else(pc.equal(cells, ""), "0", cells), 2, "0")


def _year(cells: pa.Array) -> pa.Array:
    return pc.if_else(
        pc.equal(pc.utf8_length(cells), 2), pc.binary_join_element_wise("20", cells, ""), cells
    )


def _join(parts: _Parts) -> pa.Array:
    """Join date and time of day; 24:00 is 0:00 of the next day."""
    f = parts.fields
    hour = _numbers(f["hour"])
    half = pc.utf8_lower(pc.utf8_slice_codeunits(f["half"], 0, 1))
    if pc.any(pc.not_equal(half, "")).as_py():
        twelve = hour % 12
        is_pm = np.asarray(pc.fill_null(pc.equal(half, "p"), False).to_numpy(False), np.bool_)
        has_half = np.asarray(pc.fill_null(pc.not_equal(half, ""), False).to_numpy(False), np.bool_)
        hour = np.where(has_half, twelve + 12 * is_pm, hour)
    midnight = hour == 24
    clock = pa.array([f"{h:02d}" for h in range(25)]).take(
        pa.array(np.where(midnight, 0, np.minimum(hour, 24)))
    )
    fraction = pc.if_else(
        pc.equal(f["fraction"], ""), "", pc.binary_join_element_wise(".", f["fraction"], "")
    )
    seconds = pc.binary_join_element_wise(_two(f["second"]), fraction, "")
    time = pc.binary_join_element_wise(clock, _two(f["minute"]), seconds, ":")
    iso = pc.binary_join_element_wise(
        parts.texts(), "T", time, pc.replace_substring_regex(f["zone"], r"\s", ""), ""
    )
    if not midnight.any():
        return iso
    cells = iso.to_pylist()
    for row in np.flatnonzero(midnight).tolist():
        if cells[row] is not None:
            day = datetime.fromisoformat(cells[row]) + timedelta(days=1)
            cells[row] = day.isoformat()
    return pa.array(cells, pa.string())


def _by_format(raw: RawTable, name: str, text: pa.Array, date_format: str) -> pa.Array:
    coded = pc.dictionary_encode(text)
    read: list[str | None] = []
    for cell in coded.dictionary.to_pylist():
        try:
            at = datetime.strptime(cell, date_format)  # noqa: DTZ007 (--tz gives the zone)
        except ValueError:
            row = int(np.argmax(np.asarray(pc.fill_null(pc.equal(text, cell), False).to_numpy(
                zero_copy_only=False))))  # fmt: skip
            raise raw.error(name, row, cell, f"a time as {OPTION} {date_format!r} says") from None
        read.append(at.isoformat())
    if not read:
        return text
    return pa.array(read, pa.string()).take(coded.indices)
