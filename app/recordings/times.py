"""The time column of a file: seconds from any origin, ISO 8601, or epoch milliseconds.

Returns instants as int64 µs since 1970 UTC, with the offset to local wall time.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from app.recordings.cells import RawTable
from app.recordings.dates import to_iso
from app.recordings.guesses import Guess
from app.recordings.plain_cells import PlainTimes, plain_times
from app.recordings.values import clean_text, is_text
from app.recordings.wall_clock import Clock, Resolved, resolve
from app.recordings.zones import Zone, load_zone

US_PER_S = 1_000_000
MS_2000, MS_2100 = 946_684_800_000, 4_102_444_800_000
# A recording without wall-clock times starts at noon of 1970-01-02: no negative times, and neither
# night nor rush hour in its first half day.
RELATIVE_ORIGIN_US = 36 * 3600 * US_PER_S

ISO = "an ISO 8601 time with offset (2026-11-21T10:00:00+01:00, …Z) or epoch milliseconds"
_OFFSET = r"([Zz]|[+-]\d{2}(:?\d{2})?)$"
_AWARE = r"^\d{4}-?\d{2}-?\d{2}[Tt ].*" + _OFFSET

Int64s = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Times:
    """Times of the rows.

    t_us      : int64[n], µs since 1970 UTC (or since RELATIVE_ORIGIN_US before the first sample)
    offset_us : int64[n], µs to add for local wall time
    missing   : bool[n], the row has no time (its t_us is 0)
    local     : source of local time, for people
    """

    t_us: Int64s
    offset_us: Int64s
    missing: NDArray[np.bool_]
    local: str
    guesses: tuple[Guess, ...] = ()
    wall: "Wall | None" = None


@dataclass(frozen=True, slots=True)
class Wall:
    """Wall-clock times whose instants are still to be found (`on_the_clock`).

    zone    : their time zone
    wall_us : int64[n]
    """

    zone: Zone
    wall_us: Int64s


def relative_times(raw: RawTable, seconds: NDArray[np.float64]) -> Times:
    """Convert to instants `t_s` : float64[n], s from any origin, NaN = row without a time."""
    missing = np.isnan(seconds)
    origin = float(np.min(seconds, initial=np.inf, where=~missing))
    since = np.where(missing, 0.0, seconds - (0.0 if missing.all() else origin))
    t_us = np.rint(since * US_PER_S).astype(np.int64) + RELATIVE_ORIGIN_US
    zeros = np.zeros(t_us.size, np.int64)
    return Times(t_us, zeros, missing, "unknown: t_s counts from an unknown origin")


def absolute_times(
    raw: RawTable, name: str, tz: str | None, date_format: str | None = None
) -> Times:
    """Read `observed_at`, `start` or `read_at`.

    tz          : zone for times without an offset, and for local wall time of those with one.
    date_format : strptime format of the cells, None = find out.

    Wall times come out as instants of a clock that follows the zone; `on_the_clock` looks at the
    rows' values and corrects them where the clock did not.

    Raises TableError for an invalid time, or one without offset if `tz` is None.
    """
    cells = raw.cells[name]
    if pa.types.is_timestamp(cells.type):
        if cells.type.tz is not None:
            read = _int64(pc.cast(cells, pa.timestamp("us", "UTC"), safe=False))
            _check_span(raw, name, read)
            return _instants(read, tz)
        wall = _int64(pc.cast(cells, pa.timestamp("us"), safe=False))
        return _walls(raw, name, wall, tz)
    if not is_text(cells):
        return _instants(_epoch_ms(raw, name, cells), tz)
    plain = plain_times(cells) if date_format is None else None
    if plain is not None and (plain.offset_us is not None or tz is not None):
        return _plain(raw, name, plain, tz)
    text = clean_text(cells)
    known = pc.drop_null(text)
    numeric = date_format is None and len(known)
    if numeric and pc.all(pc.match_substring_regex(known, r"^-?\d+(\.0*)?$")).as_py():
        return _instants(_epoch_ms(raw, name, pc.cast(text, pa.float64())), tz)
    text, guess = to_iso(raw, name, text, date_format)
    times = _iso(raw, name, text, tz)
    return times if guess is None else replace(times, guesses=(guess,))


def on_the_clock(
    times: Times, says: NDArray[np.float64], rising: bool, clock: Clock | None
) -> tuple[Times, Resolved | None]:
    """Find the instants of wall times by the rows that say something.

    says   : float64[n], the value of each row, NaN = none
    rising : the values are registers, which say something where they rise
    clock  : what an option states, None = find out

    Returns the times and what was found about the changes of the clock.
    """
    if times.wall is None:
        return times, None
    zone = times.wall.zone
    found = resolve(zone, times.wall.wall_us, says, rising, clock)
    local = (
        f"{times.local}; the file keeps standard time all year" if found.standard else times.local
    )
    moved = replace(
        times,
        t_us=found.t_us,
        offset_us=zone.offset_us(found.t_us),
        missing=times.missing | found.void,
        local=local,
        guesses=(*times.guesses, *((found.guess,) if found.guess else ())),
    )
    return moved, found


def _plain(raw: RawTable, name: str, plain: PlainTimes, tz: str | None) -> Times:
    missing = np.zeros(plain.wall_us.size, np.bool_)
    if plain.offset_us is None:
        return _walls(raw, name, _Read(plain.wall_us, missing), tz)
    read = _Read(plain.wall_us - plain.offset_us, missing)
    _check_span(raw, name, read)
    return _instants(read, tz, plain.offset_us)


@dataclass(frozen=True, slots=True)
class _Read:
    t_us: Int64s
    missing: NDArray[np.bool_]


def _int64(cells: pa.Array) -> _Read:
    missing = np.asarray(pc.is_null(cells).to_numpy(zero_copy_only=False), np.bool_)
    values = pc.fill_null(pc.cast(cells, pa.int64()), 0).to_numpy(zero_copy_only=False)
    return _Read(np.array(values, np.int64), missing)


def _epoch_ms(raw: RawTable, name: str, cells: pa.Array) -> _Read:
    try:
        ms = np.array(pc.cast(cells, pa.float64(), safe=False).to_numpy(zero_copy_only=False))
    except pa.ArrowException:
        raise raw.error(name, 0, f"values of type {cells.type}", ISO) from None
    missing = np.isnan(ms)
    wrong = ~missing & ~((ms >= MS_2000) & (ms < MS_2100))
    if wrong.any():
        row = int(np.argmax(wrong))
        unit = next((u for u, k in (("s", 1e3), ("µs", 1e-3), ("ns", 1e-6))
                     if MS_2000 <= ms[row] * k < MS_2100), None)  # fmt: skip
        hint = f"; these look like epoch {unit}" if unit else ""
        found = raw.cells[name][row].as_py()
        raise raw.error(name, row, found, f"{ISO} between the years 2000 and 2100{hint}")
    return _Read(np.rint(np.where(missing, 0.0, ms) * 1e3).astype(np.int64), missing)


def _iso(raw: RawTable, name: str, text: pa.Array, tz: str | None) -> Times:
    missing = np.asarray(pc.is_null(text).to_numpy(zero_copy_only=False), np.bool_)
    aware = pc.fill_null(pc.match_substring_regex(text, _AWARE), True)
    is_aware = np.asarray(aware.to_numpy(zero_copy_only=False), np.bool_)
    if not is_aware.all() and tz is None:
        row = int(np.argmin(is_aware))
        _parse_one(raw, name, row, text[row].as_py())
        expected = f"{ISO}; say with --tz ZONE where this clock hangs (--tz Europe/Berlin)"
        raise raw.error(name, row, raw.cells[name][row].as_py(), expected)
    if is_aware.all():
        t_us, wall = _aware(raw, name, text)
        _check_span(raw, name, _Read(t_us, missing))
        return _instants(_Read(t_us, missing), tz, wall - t_us)
    if not is_aware[~missing].any():
        return _walls(raw, name, _Read(_naive(raw, name, text), missing), tz)
    row = int(np.argmin(is_aware))
    _parse_one(raw, name, row, text[row].as_py())
    raise raw.error(
        name, row, raw.cells[name][row].as_py(), "an offset as in the other rows of this column"
    )


def _aware(raw: RawTable, name: str, text: pa.Array) -> tuple[Int64s, Int64s]:
    try:
        t_us = _int64(pc.cast(text, pa.timestamp("us", "UTC"))).t_us
        wall = _int64(pc.cast(pc.replace_substring_regex(text, _OFFSET, ""),
                              pa.timestamp("us"))).t_us  # fmt: skip
        return t_us, wall
    except (pa.ArrowException, ValueError):
        rows = [
            None if cell is None else _parse_one(raw, name, row, cell)
            for row, cell in enumerate(text.to_pylist())
        ]
        t_us = np.array([0 if t is None else _us(t.astimezone(UTC)) for t in rows], np.int64)
        wall = np.array([0 if t is None else _us(t.replace(tzinfo=UTC)) for t in rows], np.int64)
        return t_us, wall


def _naive(raw: RawTable, name: str, text: pa.Array) -> Int64s:
    try:
        return _int64(pc.cast(text, pa.timestamp("us"))).t_us
    except pa.ArrowException:
        rows = [
            0 if cell is None else _us(_parse_one(raw, name, row, cell).replace(tzinfo=UTC))
            for row, cell in enumerate(text.to_pylist())
        ]
        return np.array(rows, np.int64)


def _parse_one(raw: RawTable, name: str, row: int, cell: str) -> datetime:
    try:
        return datetime.fromisoformat(cell.upper())
    except ValueError:
        raise raw.error(name, row, cell, ISO) from None


def _us(t: datetime) -> int:
    return round((t - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * US_PER_S)


def _check_span(raw: RawTable, name: str, read: _Read) -> None:
    """Reject impossible times; the contract allows 2000 to 2100."""
    wrong = ~read.missing & ((read.t_us < MS_2000 * 1000) | (read.t_us >= MS_2100 * 1000))
    if wrong.any():
        row = int(np.argmax(wrong))
        found = raw.cells[name][row].as_py()
        raise raw.error(name, row, str(found), f"{ISO} between the years 2000 and 2100")


def _span(t_us: Int64s, missing: NDArray[np.bool_]) -> tuple[int, int]:
    known = t_us[~missing]
    return (int(known.min()), int(known.max())) if known.size else (0, 0)


def _zone(tz: str, t_us: Int64s, missing: NDArray[np.bool_]) -> Zone:
    return load_zone(tz, *_span(t_us, missing))


def _instants(read: _Read, tz: str | None, own_offset: Int64s | None = None) -> Times:
    if tz is not None:
        offset = _zone(tz, read.t_us, read.missing).offset_us(read.t_us)
        return Times(read.t_us, offset, read.missing, tz)
    if own_offset is not None and own_offset.any():
        return Times(read.t_us, own_offset, read.missing, "the offsets in the file")
    zeros = np.zeros(read.t_us.size, np.int64)
    return Times(read.t_us, zeros, read.missing, "UTC: no offset from it in the file and no --tz")


def _walls(raw: RawTable, name: str, wall: _Read, tz: str | None) -> Times:
    if tz is None:
        row = int(np.argmin(wall.missing))
        expected = f"{ISO}; say with --tz ZONE where this clock hangs (--tz Europe/Berlin)"
        raise raw.error(name, row, str(raw.cells[name][row].as_py()), expected)
    _check_span(raw, name, wall)
    zone = _zone(tz, wall.t_us, wall.missing)
    t_us = zone.instants(wall.t_us)
    return Times(t_us, zone.offset_us(t_us), wall.missing, tz, wall=Wall(zone, wall.t_us))
