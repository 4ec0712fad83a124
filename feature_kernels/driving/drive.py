"""The kernel's loop over devices and rows, and its Python face."""

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from feature_kernels.driving.carry import (
    ACCEL_DT,
    ACCEL_T,
    CARRY_WIDTH,
    CH_LAST,
    CH_SIGN,
    CRASH_T,
    DEVICE,
    IGNITION,
    IGNITION_OFF_T,
    LATERAL,
    LIMIT,
    LIMIT_T,
    LOCAL_SHIFT,
    LONGITUDINAL,
    MEASURED_T,
    NOW,
    SAMPLES,
    SPEED,
    SPEED_T,
    STAND_T,
    TRIP,
    TRIP_START,
    VEHICLE_T,
    WAITS,
)
from feature_kernels.driving.consistency import note_clock
from feature_kernels.driving.crash import feed_impulse, resolve_crash
from feature_kernels.driving.doubt import feed_speed
from feature_kernels.driving.events import close_channel
from feature_kernels.driving.frame import feed_frame
from feature_kernels.driving.gnss import DERIVE_AFTER_US, REFUSED, feed_position, follow_places
from feature_kernels.driving.motion import SOURCE_US, feed_heading, feed_lat, feed_long
from feature_kernels.driving.parameters import DEFAULTS, Parameters
from feature_kernels.driving.rows import EVENT_WIDTH, FINISH, TRIP_WIDTH, event_rows, trip_rows
from feature_kernels.driving.sources import DERIVE, TAKE, judge_speed, note_rate
from feature_kernels.driving.trips import check_end, close_trip
from feature_kernels.kernel import hot_kernel, kernel, lean_kernel, record
from feature_kernels.ragged import check_ragged

COLUMNS = (
    "speed_kmh",
    "lat_deg",
    "lon_deg",
    "accuracy_m",
    "heading_deg",
    "accel_long_mps2",
    "accel_lat_mps2",
    "accel_vert_mps2",
    "accel_x_mps2",
    "accel_y_mps2",
    "accel_z_mps2",
    "speed_limit_kmh",
    "ignition",
)
"""The columns that are read; others are ignored."""

(_SPEED, _LAT, _LON, _ACC, _HEADING, _AL, _AT, _AV, _AX, _AY, _AZ, _LIMIT, _IGN) = range(13)
PORTION_ROWS = 2_048  # 13 columns of so many rows fit a second-level cache
_NOTHING = np.empty(0)
SILENT_US = 3e6  # a harsh event whose source has been silent for so long is closed


class DriveResult(NamedTuple):
    """trips : TRIP_DTYPE[k]; events : EVENT_DTYPE[m]; carry : float64[d, CARRY_WIDTH]."""

    trips: NDArray[np.void]
    events: NDArray[np.void]
    carry: NDArray[np.float64]


@hot_kernel
def _acceleration(c, p, t, x, i, out, events, emitted):
    """Take the accelerometer's values of row i, in whichever frame."""
    along = x[_AL, i]
    across = x[_AT, i]
    size = -1.0
    if not math.isnan(along) or not math.isnan(across):
        c[VEHICLE_T] = t
        out[3] = 0.0 if math.isnan(along) else along
        out[4] = 0.0 if math.isnan(across) else across
        out[5] = 0.0
        size = math.sqrt(out[3] * out[3] + out[4] * out[4])
    elif not (math.isnan(x[_AX, i]) or math.isnan(x[_AY, i]) or math.isnan(x[_AZ, i])):
        feed_frame(c, p, t, x[_AX, i], x[_AY, i], x[_AZ, i], out)
        size = out[2]
        if not t - c[VEHICLE_T] <= SOURCE_US:
            along = out[0]
            across = out[1]
    if size < 0.0:
        return
    c[ACCEL_DT] = (t - c[ACCEL_T]) / 1e6
    c[ACCEL_T] = t
    feed_impulse(c, p, t, out, size)
    if not math.isnan(along):
        feed_long(c, p, t, along, events, emitted)
    if not math.isnan(across):
        feed_lat(c, p, t, across, events, emitted)


@hot_kernel
def _take_row(c, p, t, x, i, out, trips, events, emitted):
    speed = x[_SPEED, i]
    lat = x[_LAT, i]
    if math.isnan(x[_LON, i]):
        lat = np.nan
    note_rate(c, p, t, speed, lat, x[_LON, i])
    note_clock(c, p, t, speed, lat, x[_LON, i])
    check_end(c, p, t, trips, events, emitted)
    began = c[TRIP_START] if c[TRIP] > 0.0 else -1.0
    for channel in (LONGITUDINAL, LATERAL):
        waits = c[WAITS + (1 if channel == LATERAL else 0)] > 0.0 and c[CRASH_T] <= t
        if c[channel + CH_SIGN] != 0.0 and t - c[channel + CH_LAST] >= SILENT_US and not waits:
            close_channel(c, p, channel, events, emitted)
    if not math.isnan(x[_LIMIT, i]):
        c[LIMIT] = x[_LIMIT, i]
        c[LIMIT_T] = t
    if not math.isnan(x[_IGN, i]):
        on = x[_IGN, i] >= 0.5
        if on:
            c[IGNITION_OFF_T] = np.nan
        elif c[IGNITION] >= 0.5:
            c[IGNITION_OFF_T] = t
        c[IGNITION] = x[_IGN, i]
    said = TAKE
    became = REFUSED
    if not math.isnan(lat):
        usable = speed if speed <= p.jump_kmh else np.nan
        became = feed_position(c, p, t, lat, x[_LON, i], x[_ACC, i], usable)
    has_speed = not math.isnan(speed)
    if has_speed:
        said = judge_speed(c, p, t, speed, x[_ACC, i])
    if became != REFUSED:
        derive = said == DERIVE or (not has_speed and not t - c[MEASURED_T] <= DERIVE_AFTER_US)
        follow_places(c, p, t, x[_ACC, i], became, derive, events, emitted)
    if has_speed and said == TAKE:
        feed_speed(c, p, t, speed, events, emitted)
        if not c[STAND_T] <= t and c[SPEED] >= p.event_kmh and c[SPEED_T] == t:
            c[IGNITION_OFF_T] = np.nan  # it drives: the ignition was not really off
    if not math.isnan(x[_HEADING, i]):
        feed_heading(c, p, t, x[_HEADING, i], events, emitted)
    _acceleration(c, p, t, x, i, out, events, emitted)
    if c[TRIP] > 0.0 and c[TRIP_START] == began:
        c[SAMPLES] += 1.0  # the row that began it is counted there


@lean_kernel
def _copy_finite(values, out):
    """Copy values; what is infinite was not measured."""
    for i in range(out.shape[0]):
        value = values[i]
        out[i] = value if value - value == 0.0 else np.nan


@lean_kernel
def _fill(x, given, begin, end):
    """Copy the rows [begin, end) of the columns that there are into the table x."""
    for k in range(x.shape[0]):
        if given[k].shape[0] > 0:
            _copy_finite(given[k][begin:end], x[k, : end - begin])


@kernel
def _drive(given, x, t_us, local_us, starts, carry, p, trips, events, emitted):
    """Take all rows.

    given : tuple of float64[n], as COLUMNS, empty = none. x : float64[13, m], NaN: a table that the
    rows go through in portions, so small that it stays in the cache.
    """
    out = np.empty(6)
    begin, end = 0, 0
    for d in range(starts.shape[0] - 1):
        c = carry[d]
        c[DEVICE] = d
        for i in range(starts[d], starts[d + 1]):
            if i == end:
                begin, end = end, min(end + x.shape[1], t_us.shape[0])
                _fill(x, given, begin, end)
            t = float(t_us[i])
            c[NOW] = t
            c[LOCAL_SHIFT] = float(local_us[i] - t_us[i])
            _take_row(c, p, t, x, i - begin, out, trips, events, emitted)
        c[DEVICE] = 0.0


@lean_kernel
def _finish(carry, p, trips, events, emitted):
    for d in range(carry.shape[0]):
        c = carry[d]
        c[DEVICE] = d
        resolve_crash(c, p, events, emitted)
        close_trip(c, p, FINISH, trips, events, emitted)
        c[DEVICE] = 0.0


def _own(values, kind, shape):
    """A contiguous, writeable, checked array: one type means one compilation."""
    array = np.require(values, dtype=kind, requirements=["C", "W", "A"])
    if array.shape != shape:
        raise ValueError(f"expected shape {shape}, got {array.shape}")
    return array


def _column(name, columns, n):
    """A column as the kernel takes it, of one type whatever it was; empty if there is none."""
    if name not in columns:
        return _NOTHING
    values = np.require(columns[name], np.float64, ["C", "W", "A"])
    if values.shape != (n,):
        raise ValueError(f"column {name}: expected shape {(n,)}, got {values.shape}")
    return values


def _run(call, carry, rows, devices):
    """Run a kernel; once more with enough room if the rows did not fit. The carry is copied."""
    trips_room, events_room = rows // 600 + devices + 8, rows // 64 + 2 * devices + 32
    while True:
        after = carry.copy()
        trips = np.empty((trips_room, TRIP_WIDTH))
        events = np.empty((events_room, EVENT_WIDTH))
        emitted = np.zeros(2, np.int64)
        call(after, trips, events, emitted)
        if emitted[0] <= trips_room and emitted[1] <= events_room:
            return DriveResult(
                trip_rows(trips[: emitted[0]]), event_rows(events[: emitted[1]]), after
            )
        trips_room, events_room = int(emitted[0]), int(emitted[1])


def drive(
    columns: Mapping[str, NDArray[np.float64]],
    t_us: NDArray[np.int64],
    local_us: NDArray[np.int64],
    starts: NDArray[np.int64],
    carry: NDArray[np.float64],
    parameters: Parameters = DEFAULTS,
) -> DriveResult:
    """Trips, harsh events, speeding and crashes of many devices.

    columns : float64[n] each, names and units of `COLUMNS`, NaN = not measured; a column may be
    absent (never measured), and each may have a rate of its own.
    t_us : int64[n], µs since 1970 UTC, strictly ascending within a device.
    local_us : int64[n], the same instants as local wall-clock time.
    starts : int64[d + 1], see `feature_kernels.ragged`.
    carry : float64[d, CARRY_WIDTH], from `initial_carry` or the call before; not changed.

    Returns DriveResult; rows of a device in the order of emission, devices in order.
    Raises ValueError where shapes do not fit or times do not ascend.
    Invariants: any cut of the rows into calls gives the same rows and carry, bit for bit; a row
    depends on nothing after its `decided_us`; devices do not influence each other.
    Complexity: O(n) time, O(d) state; twice that where more rows come out than expected.
    Source: `docs/field/driving.md`; thresholds in `parameters.py`.
    Oracle: `tests/oracles/driving.py`.
    """
    t_us = np.asarray(t_us)
    n = t_us.shape[0]
    t_us, local_us = _own(t_us, np.int64, (n,)), _own(local_us, np.int64, (n,))
    starts = np.require(starts, dtype=np.int64, requirements=["C", "W", "A"])
    check_ragged(t_us, starts)
    devices = starts.shape[0] - 1
    carry = _own(carry, np.float64, (devices, CARRY_WIDTH))
    given = tuple(_column(name, columns, n) for name in COLUMNS)
    x = np.full((len(COLUMNS), min(n, PORTION_ROWS)), np.nan)
    p = record(parameters)
    return _run(
        lambda after, trips, events, emitted: _drive(
            given, x, t_us, local_us, starts, after, p, trips, events, emitted
        ),
        carry,
        n,
        devices,
    )


def finish(carry: NDArray[np.float64], parameters: Parameters = DEFAULTS) -> DriveResult:
    """The recordings end: close what is open. `decided_us` is the time of the last row.

    carry : float64[d, CARRY_WIDTH]; not changed. A suspected crash that stands is confirmed.
    """
    carry = _own(carry, np.float64, (carry.shape[0], CARRY_WIDTH))
    p = record(parameters)
    return _run(
        lambda after, trips, events, emitted: _finish(after, p, trips, events, emitted),
        carry,
        0,
        carry.shape[0],
    )
