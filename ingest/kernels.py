"""Between stored samples and kernels: the only place in ingest that calls a kernel."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from customer_context.identity import Device
from feature_kernels import consumption, driving
from feature_kernels.ragged import starts_of
from store.feature_tables import ANOMALY, DAY, DRIVING_EVENT, INTERVAL, TRIP
from store.features import PROVISIONAL_US, FeatureTable, Rows
from store.telemetry import METER, VEHICLE, Samples, SampleTable

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_QUARTER_US = 900_000_000
_EPOCH_S = 1_000_000


@dataclass(frozen=True, slots=True)
class Kind:
    """What belongs to one kind of device.

    samples : its table of samples.
    features : its tables of features.
    finish : what is still open, as rows for `features`; None where that is not wanted.
    """

    name: str
    samples: SampleTable
    features: tuple[FeatureTable, ...]
    carry_version: int
    carry_width: int
    initial: Callable[[int], Floats]
    finish: Callable[[Floats], Sequence[Any]] | None


KINDS: dict[str, Kind] = {
    "vehicle": Kind(
        "vehicle",
        VEHICLE,
        (TRIP, DRIVING_EVENT),
        driving.CARRY_VERSION,
        driving.CARRY_WIDTH,
        driving.initial_carry,
        lambda carry: driving.finish(carry)[:2],
    ),
    "meter": Kind(
        "meter",
        METER,
        (INTERVAL, DAY, ANOMALY),
        consumption.CARRY_VERSION,
        consumption.CARRY_WIDTH,
        consumption.initial_carry,
        None,  # half a day's energy would only be mistaken for a day's
    ),
}


def local_us(t_us: Ints, timezone: str) -> Ints:
    """The same instants as local wall-clock time. Offsets change on quarter hours only."""
    if not t_us.shape[0]:
        return t_us.copy()
    quarters, inverse = np.unique(t_us // _QUARTER_US, return_inverse=True)
    zone = ZoneInfo(timezone)
    return np.asarray(t_us + _offsets(quarters, zone)[inverse], np.int64)


def _offsets(quarters: Ints, zone: ZoneInfo) -> Ints:
    offsets = np.empty(quarters.shape[0], np.int64)
    for i, quarter in enumerate(quarters.tolist()):
        at = datetime.fromtimestamp(quarter * 900, UTC).astimezone(zone)
        offset = at.utcoffset()
        offsets[i] = 0 if offset is None else round(offset.total_seconds()) * _EPOCH_S
    return offsets


@dataclass(frozen=True, slots=True)
class Computed:
    """What a call found.

    rows : one array a feature table, with device ids.
    carry : device id → its new carry, float64[carry_width].
    """

    rows: dict[str, Rows]
    carry: dict[int, Floats]


def compute(
    kind: Kind,
    samples: Samples,
    carry: Mapping[int, Floats],
    devices: Mapping[int, Device],
) -> Computed:
    """Run the kernels over samples of many devices.

    samples : by device and ascending time, each (device, time) once.
    carry : device id → carry before these samples.
    """
    rows: dict[str, list[Rows]] = {table.name: [] for table in kind.features}
    after: dict[int, Floats] = {}
    ids, starts = starts_of(samples.device)
    local = np.empty_like(samples.observed_us)
    groups: dict[tuple[float, int], list[int]] = {}
    zones: dict[str, list[int]] = {}
    for i, device_id in enumerate(ids.tolist()):
        device = devices[device_id]
        zones.setdefault(device.timezone, []).append(i)
        # Meters of different grids need different parameters, so each grid is a call.
        group = (device.interval_s, device.register_digits) if kind.name == "meter" else (0.0, 0)
        groups.setdefault(group, []).append(i)
    for zone, members in zones.items():
        rows_of_zone = _rows_of(starts, members)
        local[rows_of_zone] = local_us(samples.observed_us[rows_of_zone], zone)
    for group, members in groups.items():
        lengths = np.diff(starts)[members]
        group_starts = np.concatenate((np.zeros(1, np.int64), np.cumsum(lengths, dtype=np.int64)))
        group_ids = ids[members]
        before = np.stack([carry[int(device_id)] for device_id in group_ids])
        index = _rows_of(starts, members)
        found, new_carry = _call(
            kind,
            samples.take(index),
            local[index],
            group_starts,
            before,
            group,
        )
        for table, array in zip(kind.features, found, strict=True):
            rows[table.name].append(_with_ids(table, array, group_ids))
        for i, device_id in enumerate(group_ids.tolist()):
            after[device_id] = new_carry[i]
    return Computed(
        {
            table.name: np.concatenate(parts)
            if (parts := rows[table.name])
            else np.empty(0, table.dtype)
            for table in kind.features
        },
        after,
    )


def still_open(kind: Kind, carry: Mapping[int, Floats]) -> dict[str, Rows]:
    """What silent devices have open (a trip under way), as provisional rows."""
    ids = np.array(sorted(carry), np.int64)
    if kind.finish is None or not ids.shape[0]:
        return {}
    found = kind.finish(np.stack([carry[int(device_id)] for device_id in ids]))
    rows = {
        table.name: _with_ids(table, array, ids)
        for table, array in zip(kind.features, found, strict=True)
    }
    for array in rows.values():
        array["decided_us"] = PROVISIONAL_US
    return rows


def _rows_of(starts: Ints, members: Sequence[int]) -> Any:
    """Index of the rows of some devices; all of them as a slice, which copies nothing."""
    if len(members) == starts.shape[0] - 1:
        return slice(None)
    return np.concatenate([np.arange(starts[i], starts[i + 1]) for i in members])


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
            column = np.maximum(column, 0)  # 0 is the one way to say "no time"
        elif dtype.base.kind == "f":
            # One NaN and one zero, so that a row read back from the store has the same bits.
            column = np.where(np.isnan(column), np.nan, column) + 0.0
        rows[name] = column
    return rows
