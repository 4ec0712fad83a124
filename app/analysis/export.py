"""`--export`: the samples or intervals that were used, as CSV; of meters also Green Button, BO4E.

Measured and estimated values have separate columns of the CSV, so it is an input that gives the
same answer.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
from numpy.typing import NDArray

from app.analysis.meter import MeterAnalysis
from app.analysis.trip import TripAnalysis
from app.recordings.read import Table
from contracts.quality import Quality, Reason
from runtime.errors import Usage
from services.interval_formats import Value, bo4e, green_button

US_PER_S = 1_000_000


def export_trip(analysis: TripAnalysis, path: Path) -> None:
    """Write the samples: time, measured columns, index in `trips` of the answer, status.

    status : in_trip or outside; event : kind of event at the sample.
    """
    table = analysis.table
    columns: dict[str, Any] = {}
    if table.t_s is not None:
        columns["t_s"] = table.t_s
    if table.absolute:
        columns["observed_at"] = iso_column(table.t_us, table.offset_us)
    columns |= {name: _nullable(values) for name, values in table.columns.items()}
    trip = np.full(table.t_us.size, -1, np.int64)
    for index, row in enumerate(analysis.trips):
        trip[_within(table, row)] = index
    event = np.full(table.t_us.size, "", object)
    for row, found in zip(analysis.events, analysis.answer["events"], strict=True):
        event[_within(table, row)] = found["kind"]
    columns["trip"] = pa.array(trip, mask=trip < 0)
    columns["status"] = np.where(trip >= 0, "in_trip", "outside")
    columns["event"] = pa.array(event, pa.string())
    _write(columns, path)


def export_aligned(analysis: TripAnalysis, path: Path) -> None:
    """Write accelerations in the car's axes at the accelerometer's rows, with speed and place.

    Speed and place are those of the same moment: their lag is taken out.
    """
    table, axes = analysis.used or analysis.table, analysis.axes
    if axes is None:
        raise ValueError("a recording without axes has nothing to align")
    origin = table.seconds(int(table.t_us[0]))
    rows = {
        "t_s": np.round(origin + (axes.t_us - table.t_us[0]) / US_PER_S, 6),
        "accel_long_mps2": np.round(axes.long, 4),
        "accel_lat_mps2": np.round(axes.lat, 4),
        "accel_vert_mps2": np.round(axes.vert, 4),
    }
    for name in ("speed_kmh", "lat_deg", "lon_deg"):
        rows[name] = _between(table, name, axes.t_us + round((axes.lag_s or 0.0) * US_PER_S))
    _write({name: _nullable(values) for name, values in rows.items()}, path)


BRIDGE_US = 5 * US_PER_S  # speed and place are interpolated over no longer a silence


def _between(table: Table, name: str, t_us: NDArray[np.int64]) -> NDArray[np.float64]:
    """Interpolate a column; NaN beyond its ends and over longer silences."""
    values = table.columns.get(name)
    known = np.flatnonzero(~np.isnan(values)) if values is not None else np.empty(0, np.int64)
    if values is None or known.size == 0:
        return np.full(t_us.size, np.nan)
    at = table.t_us[known]
    out: NDArray[np.float64] = np.interp(
        (t_us - at[0]).astype(float), (at - at[0]).astype(float), values[known]
    )
    after = np.clip(np.searchsorted(at, t_us, side="left"), 0, at.size - 1)
    before = np.clip(np.searchsorted(at, t_us, side="right") - 1, 0, at.size - 1)
    out[(at[after] - at[before] > BRIDGE_US) | (t_us < at[0]) | (t_us > at[-1])] = np.nan
    return out


def _within(table: Table, row: np.void) -> slice:
    first = np.searchsorted(table.t_us, row["start_us"], side="left")
    last = np.searchsorted(table.t_us, row["end_us"], side="right")
    return slice(int(first), int(last))


FORMS = (".xml", ".json")  # endings of Green Button and BO4E; any other is CSV


def export_meter(analysis: MeterAnalysis, path: Path) -> None:
    """Write the intervals: start, end, measured and estimated energy, quality, status and reason.

    A file .xml is a Green Button feed, .json a Lastgang of BO4E, any other CSV.

    quality : name of contracts.quality; status : measured, substituted (by the sender),
    spread (a register's difference over several intervals), estimated (by us) or missing;
    reason : name of contracts.quality.Reason, why an interval is not as read, empty if it is.
    """
    table, grid = analysis.table, analysis.grid
    rows = analysis.intervals[analysis.intervals["end_us"] > analysis.intervals["start_us"] + 1]
    start_us, end_us = grid.to_utc(rows["start_us"]), grid.to_utc(rows["end_us"])
    energy, code, reason = rows["energy_kwh"], rows["status"], rows["reason"]
    ours = rows["estimated"] == 1
    if "energy_kwh" in table.columns:  # rows of the file that were not used
        bare = ~np.isin(table.t_us, start_us)
        length = round(grid.interval_s * US_PER_S)
        start_us = np.concatenate((start_us, table.t_us[bare]))
        end_us = np.concatenate((end_us, table.t_us[bare] + length))
        energy = np.concatenate((energy, np.full(int(bare.sum()), np.nan)))
        code = np.concatenate((code, np.zeros(int(bare.sum()), np.int64)))
        reason = np.concatenate((reason, np.full(int(bare.sum()), int(Reason.HOLE), np.int64)))
        ours = np.concatenate((ours, np.zeros(int(bare.sum()), np.bool_)))
        measured = ~ours
    else:
        measured = np.ones(
            ours.size, np.bool_
        )  # a register's difference is measured, even if spread
    order = np.argsort(start_us, kind="stable")
    start_us, end_us, energy, code = start_us[order], end_us[order], energy[order], code[order]
    ours, measured, reason = ours[order], measured[order], reason[order]
    if path.suffix.lower() in FORMS:
        values = [
            Value(start, end, None if kwh != kwh else kwh, Quality(status), Reason(why))
            for start, end, kwh, status, why in zip(
                start_us.tolist(), end_us.tolist(), energy.tolist(), code.tolist(),
                reason.tolist(), strict=True,
            )
        ]  # fmt: skip
        write_form(path, table.path.name.partition(".")[0], values, int(end_us[-1]))
        return
    missing = np.isnan(energy) | (code <= Quality.NICHT_VERWENDBAR)
    status = np.select(
        [missing, ours & measured, ours, code < Quality.ABGELESEN],
        ["missing", "spread", "estimated", "substituted"],
        "measured",
    )
    names = np.array([Quality(value).name for value in range(len(Quality))])
    reasons = np.array(["", *(Reason(value).name for value in range(1, len(Reason)))])
    columns = {
        "start": iso_column(start_us, _offsets(table, start_us)),
        "end": iso_column(end_us, _offsets(table, end_us)),
        "energy_kwh": _nullable(np.where(measured, energy, np.nan)),
        "estimated_kwh": _nullable(np.where(measured, np.nan, energy)),
        "quality": names[code],
        "status": status,
        "reason": reasons[reason],
    }
    _write(columns, path)


def write_form(path: Path, meter: str, values: list[Value], updated_us: int) -> None:
    """Write values in the form of the file's ending. Raises Usage."""
    if path.suffix.lower() == ".xml":
        text = green_button(meter, values, updated_us)
    else:
        text = bo4e(meter, values)
    try:
        path.write_text(text, "utf-8")
    except OSError as error:
        raise Usage(f"--export: {path}: {error.strerror or error}") from error


def _offsets(table: Table, t_us: NDArray[np.int64]) -> NDArray[np.int64]:
    row = np.searchsorted(table.t_us, t_us, side="right") - 1
    return table.offset_us[np.maximum(row, 0)]


def iso_column(t_us: NDArray[np.int64], offset_us: NDArray[np.int64]) -> pa.Array:
    """Format a column of instants as ISO 8601 with offset."""
    whole = bool(np.all(t_us % US_PER_S == 0))
    local = (t_us + offset_us).astype("datetime64[us]")
    text = np.datetime_as_string(local, unit="s" if whole else "us")
    distinct, which = np.unique(offset_us // (60 * US_PER_S), return_inverse=True)
    signs = [f"{'-' if m < 0 else '+'}{abs(m) // 60:02d}:{abs(m) % 60:02d}" for m in distinct]
    return pa.array(np.char.add(text, np.array(signs, "U6")[which]), pa.string())


def _nullable(values: NDArray[np.float64]) -> pa.Array:
    return pa.array(values, mask=np.isnan(values))


def _write(columns: dict[str, Any], path: Path) -> None:
    options = pa.csv.WriteOptions(quoting_style="none")
    try:
        pa.csv.write_csv(pa.table(columns), path, options)
    except OSError as error:
        raise Usage(f"--export: {path}: {error.strerror or error}") from error
