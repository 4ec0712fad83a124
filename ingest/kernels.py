"""Run the kernels over samples: the only place in ingest that calls a feature kernel."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from feature_kernels import consumption, driving
from feature_kernels.ragged import starts_of
from ingest.feature_inputs import Grids
from store.pipeline.feature_tables import ANOMALY, DAY, DRIVING_EVENT, INTERVAL, TRIP
from store.pipeline.features import PROVISIONAL_US, FeatureTable, Rows
from store.pipeline.telemetry import METER, VEHICLE, Samples, SampleTable

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_QUARTER_US = 900_000_000
_EPOCH_S = 1_000_000
_MAX_QUARTERS = 1_000_000


@dataclass(frozen=True, slots=True)
class Kind:
    """The tables and kernels of one kind of device.

    samples : its table of samples.
    features : its tables of features.
    aligned : brings carries to one form, equal if they give the same features from then on.
    finish : makes rows for `features` of what is still open; None = no provisional rows.
    """

    name: str
    samples: SampleTable
    features: tuple[FeatureTable, ...]
    carry_version: int
    carry_width: int
    initial: Callable[[int], Floats]
    aligned: Callable[[Floats], Floats]
    finish: Callable[[Floats], Sequence[Any]] | None


KINDS: dict[str, Kind] = {
    "vehicle": Kind(
        "vehicle",
        VEHICLE,
        (TRIP, DRIVING_EVENT),
        driving.CARRY_VERSION,
        driving.CARRY_WIDTH,
        driving.initial_carry,
        driving.aligned,
        lambda carry: driving.finish(carry)[:2],
    ),
    "meter": Kind(
        "meter",
        METER,
        (INTERVAL, DAY, ANOMALY),
        consumption.CARRY_VERSION,
        consumption.CARRY_WIDTH,
        consumption.initial_carry,
        lambda carry: carry,  # its ring buffers advance by days, which late samples seldom add
        None,  # half a day's energy would be mistaken for a day's
    ),
}


def local_us(t_us: Ints, timezone: str) -> Ints:
    """Convert instants to local wall-clock time. Offsets change on quarter hours only."""
    if not t_us.shape[0]:
        return t_us.copy()
    quarter = t_us // _QUARTER_US
    zone = ZoneInfo(timezone)
    first, span = int(quarter.min()), int(quarter.max()) - int(quarter.min()) + 1
    if span > _MAX_QUARTERS:
        quarters, inverse = np.unique(quarter, return_inverse=True)
        return np.asarray(t_us + _offsets(quarters, zone)[inverse], np.int64)
    occurs = np.zeros(span, np.bool_)  # as above, without the sort that was most of the cost
    occurs[quarter - first] = True
    offsets = np.zeros(span, np.int64)
    offsets[occurs] = _offsets(np.flatnonzero(occurs) + first, zone)
    return np.asarray(t_us + offsets[quarter - first], np.int64)


def _offsets(quarters: Ints, zone: ZoneInfo) -> Ints:
    offsets = np.empty(quarters.shape[0], np.int64)
    for i, quarter in enumerate(quarters.tolist()):
        at = datetime.fromtimestamp(quarter * 900, UTC).astimezone(zone)
        offset = at.utcoffset()
        offsets[i] = 0 if offset is None else round(offset.total_seconds()) * _EPOCH_S
    return offsets


@dataclass(frozen=True, slots=True)
class Computed:
    """The result of one call.

    rows : one array per feature table, with device ids.
    carry : float64[devices, carry_width], in the order of the samples' devices.
    """

    rows: dict[str, Rows]
    carry: Floats


def compute(kind: Kind, samples: Samples, carry: Floats, grids: Grids) -> Computed:
    """Run the kernels over samples of many devices.

    samples : by device and ascending time, each (device, time) once.
    carry : float64[devices, carry_width], before these samples, in the order of their devices.
    grids : of at least these devices. Raises KeyError if one is missing.
    """
    rows: dict[str, list[Rows]] = {table.name: [] for table in kind.features}
    after = np.empty_like(carry)
    ids, starts = starts_of(samples.device)
    at = grids.find(ids)
    local = np.empty_like(samples.observed_us)
    for zone, members in _groups(grids.zone[at]):
        rows_of_zone = _rows_of(starts, members)
        local[rows_of_zone] = local_us(samples.observed_us[rows_of_zone], grids.zones[zone])
    # Meters of different grids need different parameters: one call per grid.
    metering = grids.metering[at] if kind.name == "meter" else np.zeros_like(ids)
    for group, members in _groups(metering):
        lengths = np.diff(starts)[members]
        group_starts = np.concatenate((np.zeros(1, np.int64), np.cumsum(lengths, dtype=np.int64)))
        index = _rows_of(starts, members)
        found, after[members] = _call(
            kind,
            samples.take(index),
            local[index],
            group_starts,
            carry[members],
            grids.meterings[group],
        )
        for table, array in zip(kind.features, found, strict=True):
            rows[table.name].append(_with_ids(table, array, ids[members]))
    return Computed(
        {
            table.name: np.concatenate(parts)
            if (parts := rows[table.name])
            else np.empty(0, table.dtype)
            for table in kind.features
        },
        after,
    )


def still_open(kind: Kind, ids: Ints, carry: Floats) -> dict[str, Rows]:
    """Make provisional rows of the open features (a trip in progress) of silent devices.

    ids : int64[devices]; carry : float64[devices, carry_width].
    """
    if kind.finish is None or not ids.shape[0]:
        return {}
    found = kind.finish(carry)
    rows = {
        table.name: _with_ids(table, array, ids)
        for table, array in zip(kind.features, found, strict=True)
    }
    for array in rows.values():
        array["decided_us"] = PROVISIONAL_US
    return rows


def _groups(codes: Ints) -> Iterator[tuple[int, Ints]]:
    """Yield each code that occurs, and its positions."""
    for code in np.unique(codes).tolist():
        yield code, np.flatnonzero(codes == code)


def _rows_of(starts: Ints, members: Ints) -> Any:
    """Return the index of the rows of some devices; a slice if it is all, which copies nothing."""
    if members.shape[0] == starts.shape[0] - 1:
        return slice(None)
    return np.concatenate([np.arange(starts[i], starts[i + 1]) for i in members.tolist()])


def _call(
    kind: Kind,
    samples: Samples,
    local: Ints,
    starts: Ints,
    carry: Floats,
    group: tuple[float, int],
) -> tuple[Sequence[Any], Floats]:
    columns = {
        name: np.ascontiguousarray(samples.values[:, i])
        for i, name in enumerate(kind.samples.names)
    }
    if kind.name == "vehicle":
        drove = driving.drive(columns, samples.observed_us, local, starts, carry)
        return (drove.trips, drove.events), drove.carry
    parameters = consumption.DEFAULTS._replace(interval_s=group[0], register_digits=group[1])
    consumed = consumption.consume(columns, samples.observed_us, local, starts, carry, parameters)
    return (consumed.intervals, consumed.days, consumed.anomalies), consumed.carry


def _with_ids(table: FeatureTable, array: Any, ids: Ints) -> Rows:
    rows = np.empty(array.shape[0], table.dtype)
    rows["device_id"] = ids[array["device"].astype(np.int64)]
    for name, dtype in table.fields.items():
        column = array[name]
        if name.endswith("_us"):
            column = np.maximum(column, 0)  # 0 is the only encoding of "no time"
        elif dtype.base.kind == "f":
            # One NaN and one zero, so that a row read back from the store has the same bits.
            column = np.where(np.isnan(column), np.nan, column) + 0.0
        rows[name] = column
    return rows
