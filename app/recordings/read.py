"""Read the tables of `score-trip` and `analyse-meter` from files.

Rows may be in any order. Rows of the same instant are joined by the pipeline's rule
(`ingest.decoding.pack`): in columns that belong together (a position, a register with its meter's
number) the greater row wins, value by value, and a measured value beats a missing one. So the order
of rows does not matter.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from app.recordings.cells import (
    RawTable,
    TableError,
    did_you_mean,
    parse_mapping,
    read_raw,
    some_of,
)
from app.recordings.clock import spread_ticks
from app.recordings.exchange import order_meters
from app.recordings.guesses import Guess
from app.recordings.interval_ends import guess_ends, moved_to_starts
from app.recordings.meter_headers import (
    DATE,
    TIME_OF_DAY,
    find_names,
    kwh_of,
    names_a_begin,
)
from app.recordings.meter_numbers import choose_reading
from app.recordings.nem12_table import is_nem12, read_nem12_table
from app.recordings.times import (
    US_PER_S,
    Times,
    absolute_times,
    on_the_clock,
    relative_times,
)
from app.recordings.values import Numbers, clean_text, meter_keys, numbers, qualities
from app.recordings.wall_clock import Clock, Resolved
from contracts.units import (
    METER_COLUMNS,
    METER_GROUPS,
    VEHICLE_COLUMNS,
    VEHICLE_GROUPS,
    Column,
)

__all__ = ["Options", "Table", "TableError", "read_meter_table", "read_trip_table"]

# Any origin is possible (boot, engine start, 1970), but not a wrong column.
T_S = Column("t_s", "s", -1e10, 1e10, "seconds from any origin; the rows' order does not matter")
TRIP_TIMES = ("t_s", "observed_at")
METER_TIMES = ("start", "read_at", "end")
TARIFFS = ("register_t1_kwh", "register_t2_kwh")
MOTION = ("speed_kmh", "lat_deg", "accel_long_mps2", "accel_x_mps2")
VECTORS = (
    ("lat_deg", "lon_deg"),
    ("accel_x_mps2", "accel_y_mps2", "accel_z_mps2"),
    ("gyro_x_radps", "gyro_y_radps", "gyro_z_radps"),
)

NEGATIVE_CODES = {-1.0, -9.0, -99.0, -999.0, -9_999.0, -99_999.0}
MOST_CODES = 0.05  # share of the rows; a file with more negative values means them

Progress = Callable[[float, str], None]


@dataclass(frozen=True, slots=True)
class Options:
    """What options state about a file; None = find out.

    decimal, thousands : signs of numbers ('' = no thousands separator)
    date_format        : strptime format of times
    clock              : the clock that wrote wall times
    channel            : of a NEM12 file: "NMI/suffix" or suffix
    """

    decimal: str | None = None
    thousands: str | None = None
    date_format: str | None = None
    clock: Clock | None = None
    channel: str | None = None


FIND_OUT = Options()


@dataclass(frozen=True, slots=True)
class Table:
    """A recording: samples in strictly ascending time.

    t_us      : int64[n], µs since 1970 UTC (`absolute`), else from an origin of our own
    offset_us : int64[n], µs to add for local wall time
    columns   : float64[n] each, by name of contracts.units, NaN = not measured
    t_s       : float64[n], s in the file's own scale, None if the file has none
    local     : source of local time, for people
    rows      : rows with a time in the file
    duplicate : rows that repeat or contradict a value of another row of that instant
    joined    : rows that add other columns to another row of that instant
    """

    path: Path
    t_us: NDArray[np.int64]
    offset_us: NDArray[np.int64]
    columns: dict[str, NDArray[np.float64]]
    t_s: NDArray[np.float64] | None
    absolute: bool
    local: str
    rows: int
    duplicate: int
    joined: int
    ignored: tuple[str, ...]
    notes: tuple[str, ...] = field(default=())
    guesses: tuple[Guess, ...] = field(default=())

    @property
    def local_us(self) -> NDArray[np.int64]:
        """Local wall time of each sample: int64[n] µs."""
        return self.t_us + self.offset_us

    def seconds(self, t_us: int) -> float:
        """Convert an instant to the file's own scale (0 = first sample if it has none)."""
        origin = 0.0 if self.t_s is None else float(self.t_s[0])
        return round(origin + (t_us - int(self.t_us[0])) / US_PER_S, 6)


def read_trip_table(
    path: Path,
    tz: str | None = None,
    mapping: Sequence[str] = (),
    progress: Progress = lambda done, what: None,
    options: Options = FIND_OUT,
) -> Table:
    """Read a vehicle's recording.

    tz      : zone of times without an offset, and of local wall time
    mapping : pairs "our_name=name in file"
    options : what is stated about the file's form

    Raises TableError for what does not fit.
    """
    known = (*TRIP_TIMES, *(column.name for column in VEHICLE_COLUMNS))
    progress(0.0, "reading")
    raw = read_raw(path, known, parse_mapping(mapping, known))
    time_name = _one_of(raw, TRIP_TIMES, known, "a time column")
    _one_of(raw, MOTION, known, "a column of motion")
    for vector in VECTORS:
        if given := [name for name in vector if name in raw.cells]:
            for name in vector:
                if name not in raw.cells:
                    raise TableError(
                        f"{path}: column {name} is missing, expected beside {given[0]}"
                        f"{did_you_mean(name, raw.ignored)}"
                    )
    progress(0.3, "times")
    guesses: list[Guess] = []
    how = Numbers(options.decimal, options.thousands)
    seconds = numbers(raw, T_S, how, guesses) if "t_s" in raw.cells else None
    notes: list[str] = []
    if seconds is None:
        times = absolute_times(raw, "observed_at", tz, options.date_format)
    else:
        times = relative_times(raw, seconds)
        if "observed_at" in raw.cells:
            times = _anchor(
                times, seconds, absolute_times(raw, "observed_at", tz, options.date_format)
            )
            notes.append("t_s gives the times; the first observed_at says when that was")
    columns = {}
    present = [column for column in VEHICLE_COLUMNS if column.name in raw.cells]
    for at, column in enumerate(present):
        progress(0.4 + 0.5 * at / len(present), column.name)
        columns[column.name] = numbers(raw, column, how, guesses)
    absolute = "observed_at" in raw.cells
    measured = np.full(times.t_us.size, np.nan)
    for values in columns.values():
        measured[~np.isnan(values)] = 1.0
    times, found = on_the_clock(times, measured, False, options.clock)
    notes += _clock_notes(found)
    notes += [guess.sentence() for guess in (*raw.guesses, *times.guesses, *guesses)]
    return _table(raw, time_name, times, columns, seconds, absolute, notes, guesses)


def read_meter_table(
    path: Path,
    tz: str | None = None,
    mapping: Sequence[str] = (),
    progress: Progress = lambda done, what: None,
    options: Options = FIND_OUT,
) -> Table:
    """Read a meter's recording: `start` or `end` with `energy_kwh`, or `read_at` with
    `register_kwh`.

    A NEM12 file is read as the intervals of one of its channels.

    Energies and registers outside their physical range are kept: the kernel judges them, so that
    one code of an error does not refuse the whole file.

    Raises TableError for what does not fit.
    """
    if is_nem12(path):
        return read_nem12_table(path, tz, options.channel)
    if options.channel is not None:
        raise TableError(f"{path}: --channel is for NEM12 files; this is none")
    units = [c for c in METER_COLUMNS if c.name != "meter_key"]
    known = (*METER_TIMES, *(column.name for column in units), "meter_number")
    progress(0.0, "reading")
    raw = read_raw(path, (*known, DATE, TIME_OF_DAY), parse_mapping(mapping, known), find_names)
    _join_date_and_time(raw)
    time_name = _one_of(raw, METER_TIMES, known, "a time column")
    value, other = (
        ("register_kwh", "energy_kwh") if time_name == "read_at" else ("energy_kwh", "register_kwh")
    )
    by_tariff = value == "register_kwh" and raw.cells.keys() >= set(TARIFFS)
    if value not in raw.cells and not by_tariff:
        hint = f" ({other} goes with another time column)" if other in raw.cells else ""
        raise TableError(
            f"{path}: column {value} is missing, expected beside {time_name}{hint}"
            f"{did_you_mean(value, raw.ignored)}{_has(raw)}"
        )
    progress(0.3, "times")
    times = absolute_times(raw, time_name, tz, options.date_format)
    guesses: list[Guess] = []
    notes: list[str] = []
    foreign = dict(raw.foreign)
    columns = {}
    present = [c for c in units if c.name in raw.cells and c.name != other]
    for at, column in enumerate(present):
        progress(0.4 + 0.5 * at / len(present), column.name)
        if column.name == "quality":
            columns["quality"] = _qualities(raw, column, "quality" in foreign, notes)
            continue
        choose = choose_reading(column.name, times, raw.comma_is_free)
        judged = column.name in ("energy_kwh", "register_kwh")
        how = Numbers(options.decimal, options.thousands, choose, judged)
        columns[column.name] = numbers(raw, column, how, guesses)
    if not mapping and value in foreign:
        columns[value] *= kwh_of(foreign[value])
    if value not in columns:
        columns[value] = np.round(sum(columns[name] for name in TARIFFS), 6)
        notes.append(f"{value} is the sum of {' and '.join(TARIFFS)}")
    _drop_negative(value, columns[value], notes)
    times, found = on_the_clock(times, columns[value], value == "register_kwh", options.clock)
    notes += _clock_notes(found)
    named = [foreign[name] for name in ("start", DATE, TIME_OF_DAY) if name in foreign]
    ends = None
    if time_name == "start" and named and not mapping and not any(map(names_a_begin, named)):
        ends = guess_ends(named, raw.cells[time_name], times)
    if ends is not None:
        guesses.append(ends)
        raw = replace(raw, guesses=tuple(one for one in raw.guesses if one.column != time_name))
    if ends is not None or time_name == "end":
        times = moved_to_starts(times, columns.get("interval_s"), tz)
    if found is not None:
        for values in columns.values():
            values[found.void | found.silent] = np.nan
    if "meter_number" in raw.cells:
        columns["meter_key"] = meter_keys(raw.cells["meter_number"])
        times = order_meters(raw, times, columns["meter_key"])
        columns["meter_key"][times.missing] = np.nan
    if other in raw.cells:
        notes.append(f"{other} is left aside: {time_name} goes with {value}")
    return _table(raw, time_name, times, columns, None, True, notes, guesses)


def _join_date_and_time(raw: RawTable) -> None:
    """Make one time of a column of dates and one of times of day."""
    if DATE not in raw.cells or TIME_OF_DAY not in raw.cells:
        return
    date, clock = raw.cells.pop(DATE), raw.cells.pop(TIME_OF_DAY)
    first = pc.replace_substring_regex(clean_text(clock), r"\s*[-–].*$", "")  # 00:00 - 00:15
    name = "start" if "energy_kwh" in raw.cells else "read_at"
    raw.cells[name] = pc.binary_join_element_wise(clean_text(date), first, " ")


def _qualities(
    raw: RawTable, column: Column, guessed: bool, notes: list[str]
) -> NDArray[np.float64]:
    """Read the status; leave a column aside that was only guessed to be one."""
    try:
        return qualities(raw, column)
    except TableError as error:
        if not guessed:
            raise
        notes.append(f"the status is left aside: {error}")
        return np.full(len(raw.cells[column.name]), np.nan)


def _drop_negative(name: str, values: NDArray[np.float64], notes: list[str]) -> None:
    """Take out negative codes of errors: any in a register, and −1, −99, … as the only negative
    energies (a home with sun on its roof has others)."""
    negative = values < 0.0
    codes = name == "register_kwh" or set(values[negative].tolist()) <= NEGATIVE_CODES
    if negative.any() and codes and np.mean(negative) <= MOST_CODES:
        found = float(values[negative][0])
        values[negative] = np.nan
        notes.append(f"{int(negative.sum())} values of {name} are negative ({found:g}): not used")


def _clock_notes(found: Resolved | None) -> list[str]:
    notes: list[str] = []
    if found is None:
        return notes
    if found.repeated:
        notes.append(f"{found.repeated} rows stand in an hour that autumn repeats")
    if found.silent.any():
        notes.append(
            f"{int(found.silent.sum())} rows of an hour that autumn repeats are zero beside one "
            "with a value: taken as missing"
        )
    if found.nonexistent:
        notes.append(f"{found.nonexistent} rows stand in an hour that spring skips: moved on")
    if found.void.any():
        notes.append(
            f"{int(found.void.sum())} rows of an hour that spring skips say nothing: left out"
        )
    if found.standard:
        notes.append("rows of the hour that spring skips have values of their own: the file is "
                     "read as standard time all year")  # fmt: skip
    return notes


def _one_of(raw: RawTable, names: tuple[str, ...], known: Sequence[str], what: str) -> str:
    """Return the first of `names` that the file has; else raise an error."""
    for name in names:
        if name in raw.cells:
            return name
    near = "".join(
        f"; did you mean {name} by {foreign!r}?"
        for foreign in raw.ignored
        for name in names
        if did_you_mean(foreign, [name])
    )
    raise TableError(
        f"{raw.path}: {what} is missing, expected {' or '.join(names)}{near}{_has(raw)}"
    )


def _has(raw: RawTable) -> str:
    has = some_of([*raw.cells, *raw.ignored])
    return f"; the file has {has} (--map our_name='name in file' renames)"


def _anchor(relative: Times, seconds: NDArray[np.float64], wall: Times) -> Times:
    """Put a recording that has both times onto the wall clock: t_s is the finer one."""
    both = ~relative.missing & ~wall.missing
    if not both.any():
        return relative
    first = int(np.flatnonzero(both)[np.argmin(seconds[both])])
    shift = int(wall.t_us[first]) - int(relative.t_us[first])
    offset = np.full(relative.t_us.size, wall.offset_us[first], np.int64)
    return Times(relative.t_us + shift, offset, relative.missing, wall.local)


def _table(
    raw: RawTable,
    time_name: str,
    times: Times,
    columns: dict[str, NDArray[np.float64]],
    seconds: NDArray[np.float64] | None,
    absolute: bool,
    notes: list[str],
    guesses: list[Guess],
) -> Table:
    _check_times(raw, time_name, times, columns)
    groups = VEHICLE_GROUPS if time_name in TRIP_TIMES else METER_GROUPS
    kept = np.flatnonzero(~times.missing)
    if kept.size == 0:
        raise TableError(f"{raw.path}: has no rows, expected at least one below the header")
    t_us = times.t_us
    if time_name in TRIP_TIMES:
        measured = {name: values[kept] for name, values in columns.items()}
        spread = spread_ticks(t_us[kept], measured)
        if spread is not None:
            moved = np.zeros(t_us.size, np.int64)
            moved[kept] = spread - t_us[kept]
            t_us = t_us + moved
            seconds = None if seconds is None else seconds + moved / US_PER_S
            notes.append(
                f"the clock of {time_name} is coarser than its rows: spread over each tick"
            )
    order = kept[np.argsort(t_us[kept], kind="stable")]
    t_sorted = t_us[order]
    first = np.concatenate((np.array([True]), np.diff(t_sorted) > 0))
    starts = np.flatnonzero(first)
    counts = np.diff(np.append(starts, order.size))
    ordered = {name: values[order] + 0.0 for name, values in columns.items()}  # −0.0 is 0.0
    joined, clash = _join(ordered, starts, groups)
    extra = counts - 1
    if other := _contradicted(ordered, joined, counts):
        notes.append(f"at {other} times rows contradict one another: the greater value counts")
    return Table(
        path=raw.path,
        t_us=t_sorted[starts],
        offset_us=times.offset_us[order][starts],
        columns=joined,
        t_s=None if seconds is None else seconds[order][starts],
        absolute=absolute,
        local=times.local,
        rows=int(order.size),
        duplicate=int(extra[clash].sum()),
        joined=int(extra[~clash].sum()),
        ignored=raw.ignored,
        notes=(*raw.notes, *notes),
        guesses=(*raw.guesses, *times.guesses, *guesses),
    )


def _join(
    columns: dict[str, NDArray[np.float64]],
    starts: NDArray[np.int64],
    groups: tuple[tuple[str, ...], ...],
) -> tuple[dict[str, NDArray[np.float64]], NDArray[np.bool_]]:
    """Join the rows of each instant, which begin at `starts`.

    Returns the joined columns, and which instants had a column measured more than once.
    """
    clash = np.zeros(starts.size, np.bool_)
    rows = next(iter(columns.values())).size
    if starts.size == rows:
        return columns, clash
    instant = np.repeat(np.arange(starts.size), np.diff(np.append(starts, rows)))
    last = np.append(starts[1:], rows) - 1
    joined: dict[str, NDArray[np.float64]] = {}
    for group in groups:
        names = [name for name in group if name in columns]
        if not names:
            continue
        known = [np.where(np.isnan(columns[name]), -np.inf, columns[name]) for name in names]
        best = np.lexsort((*reversed(known), instant))[last]
        for name in names:
            joined[name] = columns[name][best]
            clash |= np.add.reduceat(~np.isnan(columns[name]), starts, dtype=np.int64) > 1
    return {name: joined[name] for name in columns}, clash


def _contradicted(
    columns: dict[str, NDArray[np.float64]],
    joined: dict[str, NDArray[np.float64]],
    counts: NDArray[np.int64],
) -> int:
    """Count the instants of which a row says another value than the one that counts."""
    if counts.size == next(iter(columns.values())).size:
        return 0
    instant = np.repeat(np.arange(counts.size), counts)
    odd = np.zeros(instant.size, np.bool_)
    for name, values in columns.items():
        odd |= ~np.isnan(values) & (values != joined[name][instant])
    return int(np.unique(instant[odd]).size)


def _check_times(
    raw: RawTable, name: str, times: Times, columns: dict[str, NDArray[np.float64]]
) -> None:
    """Reject a row with values but no time; ignore empty rows."""
    if not times.missing.any():
        return
    says = np.zeros(times.missing.size, np.bool_)
    for values in columns.values():
        says |= ~np.isnan(values)
    wrong = times.missing & says
    if wrong.any():
        raise raw.error(name, int(np.argmax(wrong)), None, "the time of this row's values")
