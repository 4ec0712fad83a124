"""Pack decoded messages into arrays, check ranges, sort rows and join rows of one instant."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from contracts.meter_number import meter_key
from contracts.units import (
    METER_COLUMNS,
    METER_GROUPS,
    TARIFF_COLUMNS,
    VEHICLE_COLUMNS,
    VEHICLE_GROUPS,
    Column,
)
from ingest.decoding.decoded import Decoded
from store.pipeline.telemetry import METER, VEHICLE, Samples, SampleTable

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns of one kind of device.

    position : column name → index. groups : indices of the columns that are joined together.
    lowest, highest : float64[columns], the physical range.
    """

    table: SampleTable
    columns: tuple[Column, ...]
    position: dict[str, int]
    groups: tuple[tuple[int, ...], ...]
    lowest: Floats
    highest: Floats


def _layout(
    table: SampleTable, columns: tuple[Column, ...], groups: tuple[tuple[str, ...], ...]
) -> Layout:
    position = {column.name: i for i, column in enumerate(columns)}
    if sorted(name for group in groups for name in group) != sorted(position):
        raise ValueError("every column belongs to exactly one group")
    return Layout(
        table,
        columns,
        position,
        tuple(tuple(position[name] for name in group) for group in groups),
        np.array([column.lowest for column in columns]),
        np.array([column.highest for column in columns]),
    )


LAYOUTS: dict[str, Layout] = {
    "vehicle": _layout(VEHICLE, VEHICLE_COLUMNS, VEHICLE_GROUPS),
    "meter": _layout(METER, METER_COLUMNS, METER_GROUPS),
}


@dataclass(frozen=True, slots=True)
class Packed:
    """Samples of many messages, one row per sample, in the order of the messages.

    message : int64[n], position of the row's message in its batch.
    """

    samples: Samples
    message: Ints


@dataclass(frozen=True, slots=True)
class Item:
    """One message to pack."""

    message: int
    device_id: int
    received_us: int
    decoded: Decoded


def pack(items: Sequence[Item], layout: Layout) -> Packed:
    """Pack messages into arrays. Complexity: one slice assignment per message and column."""
    lengths = np.array([len(item.decoded.observed_us) for item in items], np.int64)
    n = int(lengths.sum())
    values = np.full((n, len(layout.columns)), np.nan)
    observed = np.empty(n, np.int64)
    position = layout.position
    at = 0
    for item in items:
        decoded = item.decoded
        end = at + len(decoded.observed_us)
        observed[at:end] = decoded.observed_us
        for name, column in decoded.columns.items():
            values[at:end, position[name]] = column  # None becomes NaN
        if decoded.meter_number is not None:
            values[at:end, position["meter_key"]] = meter_key(decoded.meter_number)
        at = end
    return Packed(
        Samples(
            np.repeat(np.array([item.device_id for item in items], np.int64), lengths),
            observed,
            np.repeat(np.array([item.received_us for item in items], np.int64), lengths),
            values + 0.0,  # −0.0 and 0.0 are one measurement
        ),
        np.repeat(np.array([item.message for item in items], np.int64), lengths),
    )


def add_totals(packed: Packed, layout: Layout) -> None:
    """Add the registers of both tariffs up where their meter sends no total, in place.

    Of each message alone, so that the result does not depend on the order of arrival.
    """
    if "register_t1_kwh" not in layout.position:
        return
    values = packed.samples.values
    first, second = (values[:, layout.position[column.name]] for column in TARIFF_COLUMNS)
    total = values[:, layout.position["register_kwh"]]
    rows = np.flatnonzero(np.isnan(total) & np.isfinite(first) & np.isfinite(second))
    if rows.size:
        values[rows, layout.position["register_kwh"]] = np.round(first[rows] + second[rows], 6)


def out_of_range(packed: Packed, layout: Layout) -> dict[int, str]:
    """Find messages with a physically impossible value: message → column, value and range."""
    values = packed.samples.values
    bad = (values < layout.lowest) | (values > layout.highest)
    if not bad.any():
        return {}
    found: dict[int, str] = {}
    for row, column in zip(*np.nonzero(bad), strict=True):
        message = int(packed.message[row])
        if message not in found:
            spec = layout.columns[column]
            found[message] = (
                f"{spec.name} is {values[row, column]:g} {spec.unit}; "
                f"possible are {spec.lowest:g} to {spec.highest:g}"
            )
    return found


def join_values(a: Floats, b: Floats, layout: Layout) -> Floats:
    """Join the values of two messages about one device and instant.

    a, b : float64[columns]. In each group of columns the greater one wins, compared value by value
    with NaN below everything. This is the join of a semilattice: commutative, associative,
    idempotent. Therefore the result does not depend on the order of arrival.
    """
    joined = a.copy()
    for group in layout.groups:
        index = list(group)
        left = [-np.inf if v != v else v for v in a[index].tolist()]
        right = [-np.inf if v != v else v for v in b[index].tolist()]
        if right > left:
            joined[index] = b[index]
    return joined


def same_values(a: Floats, b: Floats) -> bool:
    """Return whether all values are equal, NaN equal to NaN."""
    return bool(np.array_equal(a, b, equal_nan=True))


@dataclass(frozen=True, slots=True)
class Ordered:
    """Samples sorted by (device, time), each pair once.

    samples : the joined rows.
    message : int64[n], the first message with this row.
    merged, duplicate : the messages of further rows of the same instant that added values, or
    nothing; one entry per row.
    """

    samples: Samples
    message: Ints
    merged: list[int]
    duplicate: list[int]


def order(packed: Packed, layout: Layout) -> Ordered:
    """Sort by device and time, and join rows of one instant.

    Rows that are already sorted, with nothing to join, are returned unchanged.
    """
    s = packed.samples
    if _ascending(s):
        return Ordered(s, packed.message, [], [])
    index = np.lexsort((packed.message, s.observed_us, s.device))
    samples, message = s.take(index), packed.message[index]
    again = np.zeros(len(samples), np.bool_)
    again[1:] = (samples.device[1:] == samples.device[:-1]) & (
        samples.observed_us[1:] == samples.observed_us[:-1]
    )
    merged: list[int] = []
    duplicate: list[int] = []
    if not again.any():
        return Ordered(samples, message, merged, duplicate)
    first = 0
    for row in range(len(samples)):
        if not again[row]:
            first = row
            continue
        joined = join_values(samples.values[first], samples.values[row], layout)
        if same_values(joined, samples.values[first]):
            duplicate.append(int(message[row]))
        else:
            samples.values[first] = joined
            merged.append(int(message[row]))
    return Ordered(samples.take(~again), message[~again], merged, duplicate)


def _ascending(samples: Samples) -> bool:
    """Return whether (device, time) increases strictly from row to row."""
    device, at = samples.device, samples.observed_us
    later = (device[1:] > device[:-1]) | ((device[1:] == device[:-1]) & (at[1:] > at[:-1]))
    return bool(later.all())
