"""`tachowatt analyse-meter`: compute the answer from the table of a meter's recording."""

from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.analysis.answer import iso, number
from app.analysis.meter_doubts import (
    KW_PER_A,
    connection,
    doubted_intervals,
    estimated_by_us,
    estimated_kwh,
    interval_summary,
    refused_us,
    why_not,
)
from app.recordings.guesses import Guess
from app.recordings.meter_grid import Grid, find_grid
from app.recordings.read import Table
from contracts.kinds import ANOMALIES
from contracts.quality import Quality, Reason
from customer_context.metering.evidence import confidence
from feature_kernels.consumption import (
    ANOMALY_KINDS,
    DEFAULTS,
    Parameters,
    base_load,
    consume,
    finish,
    initial_carry,
    load_profile,
)
from feature_kernels.sums import exact_sums

US_PER_S = 1_000_000
HOUR_S = 3_600.0
LEVEL_TO_S = 12 * HOUR_S  # longer intervals average out the quiet hours of the night
DAY_US = 86_400_000_000
KWH_DECIMALS = 9  # of registers: 35187.2 less 34000.0 is 1187.1999999999971 in binary
KIND_NAMES = {code: name for name, code in ANOMALY_KINDS.items()}


@dataclass(frozen=True, slots=True)
class MeterAnalysis:
    """The answer and its inputs.

    answer    : printed values
    intervals : INTERVAL_DTYPE[k] of the kernel
    values    : what was given beside them, None = `given_values` says it
    """

    table: Table
    grid: Grid
    intervals: NDArray[Any]
    answer: dict[str, Any]
    guesses: tuple[Guess, ...]
    values: "Values | None" = None


def analyse_meter(table: Table, parameters: Parameters = DEFAULTS) -> dict[str, Any]:
    """Analyse one meter's recording; return plain values, None where unknown."""
    return analyse(table, parameters).answer


def analyse(
    table: Table, parameters: Parameters = DEFAULTS, fuse_a: float | None = None
) -> MeterAnalysis:
    """Analyse one meter's recording; return all data for plots and exports."""
    grid = find_grid(table, parameters.interval_s)
    parameters = parameters._replace(interval_s=grid.kernel_s)
    fuse = None
    if fuse_a is not None:
        parameters = parameters._replace(highest_power_kw=fuse_a * KW_PER_A)
    else:
        parameters, fuse = connection(table, grid, parameters)
    guesses = (*table.guesses, *((fuse,) if fuse else ()))
    columns = {name: values for name, values in table.columns.items() if name != "interval_s"}
    if grid.lengths_s is not None:
        columns["interval_s"] = grid.lengths_s
    starts = np.array([0, table.t_us.size], np.int64)
    run = consume(columns, grid.t_us, table.local_us, starts, initial_carry(1), parameters)
    end = finish(run.carry, parameters)
    intervals = run.intervals
    if end.intervals.size:
        intervals = np.concatenate((run.intervals, end.intervals))
    summary = interval_summary(intervals)
    unlike = intervals[:0]  # mostly none is, and looking for them takes as long as the sums
    if any(one["reason"] != Reason.AS_READ.name for one in summary):
        unlike = intervals[intervals["reason"] != Reason.AS_READ]
    values = given_values(table, grid, intervals, refused_us(unlike))
    notes = list(table.notes)
    if not grid.inferred:
        notes.append("a single row has no interval: the default is assumed")
    doubted = doubted_intervals(table, grid, unlike)
    notes += why_not(table, grid, unlike, end.carry, parameters)
    if grid.periods:
        notes.append("rows lie further apart than a day: no days, base load or anomalies")
    slots, ours = grid.slots(values.start_us), estimated_by_us(unlike)
    base_load_w = _base_load(grid, values, slots)
    if base_load_w is None:
        notes.append(f"base_load_w is not computed: {_no_base_load(grid, values)}")
    if grid.interval_s > HOUR_S:
        notes.append("profile is not computed: intervals are longer than an hour")
    total = _total(values.energy_kwh)
    answer: dict[str, Any] = {
        "quality": _quality(table, grid, intervals, ours, values, slots),
        "intervals": summary,
        "energy_kwh": round(total, KWH_DECIMALS) if _registers(table) else total,
        "estimated_kwh": estimated_kwh(table, ours),
        "interval_s": grid.interval_s,
        "base_load_w": base_load_w,
        "profile": _profile(intervals) if grid.interval_s <= HOUR_S else None,
        "days": [] if grid.periods else _days(table, grid, values, (run.days, end.days)),
        "anomalies": []
        if grid.periods
        else _anomalies(table, grid, (run.anomalies, end.anomalies), unlike),
        "doubted": doubted,
        "start": iso(table, int(table.t_us[0])),
        "end": iso(table, int(table.t_us[-1]) + (0 if _registers(table) else grid.last_us)),
        "local_time": table.local,
        "guesses": [guess.as_answer() for guess in guesses],
        "notes": notes,
    }
    return MeterAnalysis(table, grid, intervals, answer, guesses, values)


@dataclass(frozen=True, slots=True)
class Values:
    """Energies of the file, without estimates of the kernel.

    start_us   : int64[k], start on the grid's axis, µs
    end_us     : int64[k]
    local_us   : int64[k], start as local wall time
    energy_kwh : float64[k], usable values only
    read       : bool[k], measured; else estimated by the sender, or spread by us
    """

    start_us: NDArray[np.int64]
    end_us: NDArray[np.int64]
    local_us: NDArray[np.int64]
    energy_kwh: NDArray[np.float64]
    read: NDArray[np.bool_]


def _total(values: NDArray[np.float64]) -> float:
    return float(exact_sums(values, np.array([0, values.size], np.int64))[0])


def _registers(table: Table) -> bool:
    return "register_kwh" in table.columns


def given_values(
    table: Table,
    grid: Grid,
    intervals: NDArray[Any],
    refused: NDArray[np.int64] | None = None,
) -> Values:
    """Select the energies of the file: its values, or its registers' differences.

    A register's difference is measured even where we spread it over several intervals.
    refused : starts of the intervals whose value was refused, None = look for them
    """
    if _registers(table):
        rows = intervals[np.isfinite(intervals["energy_kwh"])]
        read = (rows["estimated"] == 0) & (rows["status"] == Quality.ABGELESEN)
        return Values(rows["start_us"], rows["end_us"], rows["local_us"], rows["energy_kwh"], read)
    energy = table.columns["energy_kwh"]
    keep, read = ~np.isnan(energy), np.ones(energy.size, np.bool_)
    status = table.columns.get("quality")
    if status is not None:
        status = np.where(np.isnan(status), float(Quality.ABGELESEN), status)
        keep &= status > Quality.NICHT_VERWENDBAR
        read = status == Quality.ABGELESEN
    if refused is None:
        refused = refused_us(intervals)
    if refused.size:
        keep &= ~np.isin(grid.t_us, refused)
    lengths = grid.interval_s if grid.lengths_s is None else grid.lengths_s
    end_us = grid.t_us + np.rint(np.multiply(lengths, US_PER_S)).astype(np.int64)
    columns = grid.t_us, end_us, table.local_us, energy, read
    return Values(*(columns if keep.all() else (column[keep] for column in columns)))


def _quality(
    table: Table,
    grid: Grid,
    intervals: NDArray[Any],
    ours: NDArray[Any],
    values: Values,
    slots: NDArray[np.int64],
) -> dict[str, Any]:
    """Count intervals: expected = present + missing; estimated by the sender, or by us (`ours`)."""
    if grid.periods:
        expected = max(table.t_us.size - 1, 0) if _registers(table) else table.t_us.size
        present = expected if _registers(table) else values.energy_kwh.size
        estimated = 0 if _registers(table) else int(np.sum(~values.read))
    elif _registers(table):
        every = _cells(grid, intervals["start_us"], intervals["end_us"])
        expected = int(every.max() - every.min()) + 1 if every.size else 0
        spread = np.unique(_cells(grid, ours["start_us"], ours["end_us"]))
        read = _cells(grid, values.start_us[values.read], values.end_us[values.read])
        present = np.setdiff1d(read, spread).size
        estimated = spread.size
    else:
        expected = int(grid.slots(grid.t_us[-1:])[0]) + 1
        present = _distinct(slots)
        expected = max(expected, present)
        estimated = int(np.sum(~values.read)) + ours.size
    return {
        "expected": expected,
        "present": present,
        "duplicate": table.duplicate + table.joined,
        "missing": expected - present,
        "estimated": estimated,
        "ignored_columns": list(table.ignored),
    }


def _distinct(ascending: NDArray[np.int64]) -> int:
    return int(np.count_nonzero(np.diff(ascending))) + 1 if ascending.size else 0


def _cells(grid: Grid, start_us: NDArray[np.int64], end_us: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the cells of the kernel's grid that contain the rows, except pieces of ≤ 1 s."""
    long = end_us - start_us > US_PER_S
    middle = (start_us[long] + end_us[long]) // 2
    return np.asarray(middle // round(grid.kernel_s * US_PER_S), np.int64)


def _base_load(grid: Grid, values: Values, slots: NDArray[np.int64]) -> float | None:
    """Return the base load, W, of the measured values in their intervals."""
    if grid.interval_s > LEVEL_TO_S:
        return None
    whole = values.read & (values.end_us - values.start_us > 0.99e6 * grid.interval_s)
    if not whole.any():
        return None
    energy = values.energy_kwh
    if not whole.all():
        slots, energy = slots[whole], energy[whole]
    if grid.even and slots[-1] - slots[0] + 1 == slots.size:
        return number(base_load(energy, grid.interval_s), 3)
    first = slots.min()
    series = np.full(int(slots.max() - first) + 1, np.nan)
    series[slots - first] = energy
    return number(base_load(series, grid.interval_s), 3)


def _no_base_load(grid: Grid, values: Values) -> str:
    if grid.interval_s > LEVEL_TO_S:
        return "intervals are longer than half a day"
    if not values.read.any():
        return "no interval was measured"
    return "fewer than three whole days were measured"


def _profile(intervals: NDArray[Any]) -> dict[str, Any]:
    workday, weekend = load_profile(intervals)
    return {
        "unit": "W",
        "workday": [number(watt, 3) for watt in workday.tolist()],
        "weekend": [number(watt, 3) for watt in weekend.tolist()],
    }


@lru_cache(maxsize=16)
def _dates(first: int, last: int) -> list[str]:
    """Return the days since 1970 from first to last; many meters have the same."""
    numbers = np.arange(first, last + 1)
    dates: list[str] = np.datetime_as_string(numbers.astype("datetime64[D]")).tolist()
    return dates


def _days(
    table: Table, grid: Grid, values: Values, kernel_days: tuple[NDArray[Any], ...]
) -> list[dict[str, Any]]:
    """Return the energy of each local calendar day, from the first to the last."""
    if values.energy_kwh.size == 0:
        return []
    day = values.local_us // DAY_US
    numbers = np.arange(day[0], day[-1] + 1)
    expected = np.full(numbers.size, round(DAY_US / (grid.interval_s * US_PER_S)))
    for part in kernel_days:
        at = part["day"] - day[0]
        known = (at >= 0) & (at < numbers.size)
        expected[at[known]] = part["expected"][known]
    edges = np.searchsorted(day, np.arange(day[0], day[-1] + 2))
    rows = np.diff(edges)
    present = rows
    if _registers(table):
        before = np.concatenate((np.zeros(1, np.int64), np.cumsum(values.read)))
        present = np.diff(before[edges])
    dates = _dates(int(day[0]), int(day[-1]))
    energy = exact_sums(values.energy_kwh, edges).tolist()
    return [
        {
            "date": date,
            "energy_kwh": kwh if n else None,
            "expected": due,
            "present": read,
        }
        for date, kwh, n, due, read in zip(
            dates, energy, rows.tolist(), expected.tolist(), present.tolist(), strict=True
        )
    ]


def _plain(rows: tuple[NDArray[Any], ...]) -> list[dict[str, Any]]:
    """Return rows as plain values: numpy takes long for a field of a row."""
    return [
        dict(zip(part.dtype.names or (), row, strict=True))
        for part in rows
        for row in part.tolist()
    ]


def _anomalies(
    table: Table, grid: Grid, rows: tuple[NDArray[Any], ...], unlike: NDArray[Any]
) -> list[dict[str, Any]]:
    """Join each episode's two rows: the one that raised it, the one that cleared it.

    unlike : the intervals that are not as read; `reason` of the evidence says why the interval at
    an episode's start is one of them, None if it is not
    """
    reasons = dict(zip(unlike["start_us"].tolist(), unlike["reason"].tolist(), strict=True))

    @cache
    def when(t_us: int) -> str | None:
        if t_us <= 0:
            return None
        return iso(table, int(grid.to_utc(np.array([t_us], np.int64))[0]))

    episodes: dict[tuple[int, int], dict[str, Any]] = {}
    for row in _plain(rows):
        raised = row["phase"] == 0
        key = (row["kind"], row["start_us"])
        kind = KIND_NAMES[row["kind"]]
        before = episodes.get(key, {"raised_at": when(row["decided_us"])})
        episodes[key] = {
            "kind": kind,
            "start": when(row["start_us"]),
            "end": None if raised else when(row["end_us"]),
            "raised_at": before["raised_at"],
            "cleared_at": None if raised else when(row["decided_us"]),
            "severity": row["severity"],
            "confidence": confidence(kind, row["observed"], row["threshold"]),
            "evidence": {
                "expected": number(row["expected"]),
                "observed": number(row["observed"]),
                "since": when(int(row["since_us"])),
                "threshold": number(row["threshold"]),
                "unit": ANOMALIES[kind].unit,
                "reason": Reason(reasons[key[1]]).name if key[1] in reasons else None,
            },
        }
    return [episodes[key] for key in sorted(episodes, key=lambda key: (key[1], key[0]))]
