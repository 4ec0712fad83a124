"""Speed: distance goes over true time, acceleration over at least a second."""

import numpy as np

from feature_kernels.driving.carry import (
    ANCHOR_LAT,
    ANCHOR_LON,
    ANCHOR_T,
    CHANGE_T,
    HEAD_ACCEL,
    HEAD_ACCEL_T,
    HEAD_AT,
    HEAD_N,
    HEAD_T,
    HEAD_V,
    HEADING_RING,
    LAT,
    LAT_T,
    LATERAL,
    LONG,
    LONG_T,
    LONGITUDINAL,
    POS_LAT,
    POS_LON,
    POS_T,
    RING_AT,
    RING_N,
    RING_STEP_US,
    RING_T,
    RING_V,
    SPEED,
    SPEED_ACCEL,
    SPEED_ACCEL_T,
    SPEED_DT,
    SPEED_LAT,
    SPEED_LON,
    SPEED_RING,
    SPEED_T,
    STAIRS,
    STEP_N,
    STEP_SIGN,
    STEP_T,
    TRIP,
)
from feature_kernels.driving.crash import feed_crash
from feature_kernels.driving.events import FRESH_US, feed_channel, feed_speeding
from feature_kernels.driving.frame import correlate
from feature_kernels.driving.sources import add_by_speed
from feature_kernels.driving.trips import add_sparse, add_trend, add_use, advance_trip
from feature_kernels.kernel import hot_kernel

SOURCE_US = 2e6  # an accelerometer value this young is preferred to speed or heading
STEP_GAP_US = 1.25e6  # steps further apart are not one run


@hot_kernel
def push_ring(c, at, t0, v0, size, t, v):
    """Append (t, v) to a ring unless it is younger than RING_STEP_US. c[at + 1] is its fill."""
    n = int(c[at + 1])
    head = int(c[at])
    if n > 0 and t - c[t0 + (head - 1 + size) % size] < RING_STEP_US:
        return
    c[t0 + head] = t
    c[v0 + head] = v
    c[at] = float((head + 1) % size)
    if n < size:
        c[at + 1] = float(n + 1)


@hot_kernel
def find_ring(c, at, t0, size, t, age_s, younger):
    """How many entries of a ring are younger than age_s at t, of which `younger` are known to be.

    -1 = all are. `ring_index` says where the first one that is as old lies.
    """
    sure = age_s * 1e6 * (1.0 - 1e-9)  # far more than a division rounds: most need none
    j = int(c[at]) - younger
    if j < 0:
        j += size
    for i in range(younger, int(c[at + 1])):
        j = (j if j > 0 else size) - 1
        if t - c[t0 + j] >= sure and (t - c[t0 + j]) / 1e6 >= age_s:
            return i
    return -1


@hot_kernel
def ring_index(c, at, size, younger):
    """Index of the entry of a ring that has so many younger ones."""
    j = int(c[at]) - 1 - younger
    return j if j >= 0 else j + size


@hot_kernel
def _look_for_stairs(c, p, t, v, step_s):
    """Follow whether the speed is a slower source's, filled forward into dense rows.

    Such a speed climbs in stairs: still for several rows, then a step that no car makes within
    one. A window over dense rows would find one stair in it or two; only its changes are values.
    Two changes in successive rows end it. Returns s since the last value, 0 = this is none.
    """
    if not step_s < p.dense_s:
        if v != c[SPEED]:
            c[CHANGE_T] = t
        return step_s
    if v == c[SPEED]:
        return 0.0 if c[STAIRS] > 0.0 else step_s
    step = abs(v - c[SPEED])
    if c[CHANGE_T] == c[SPEED_T]:
        c[STAIRS] = 0.0
    elif step >= p.stairs_kmh and step > 3.6 * p.spike_mps2 * step_s:
        c[STAIRS] = 1.0
    since = (t - c[CHANGE_T]) / 1e6
    c[CHANGE_T] = t
    return since if c[STAIRS] > 0.0 else step_s


@hot_kernel
def _accelerate(c, p, t, v, dt, events, emitted):
    """Acceleration from measured speed; the channel takes it where no accelerometer speaks.

    dt : s since the value before
    """
    near = find_ring(c, RING_AT, RING_T, SPEED_RING, t, p.window_s, 0)
    known = near if near > 0 and p.trend_s >= p.window_s else 0
    far = find_ring(c, RING_AT, RING_T, SPEED_RING, t, p.trend_s, known)
    if far >= 0 and c[TRIP] > 0.0 and v >= p.move_kmh and dt <= p.window_max_s:
        j = ring_index(c, RING_AT, SPEED_RING, far)
        span = (t - c[RING_T + j]) / 1e6
        if span <= p.trend_s + p.window_max_s:
            along = (v - c[RING_V + j]) / 3.6 / span
            add_trend(c, along, dt)
            across = 0.0
            if t - c[LAT_T] <= SOURCE_US:
                across = c[LAT]
            elif t - c[HEAD_ACCEL_T] <= SOURCE_US:
                across = c[HEAD_ACCEL]
            add_use(c, p, t, v, along, across, dt)
    elif far >= 0 and c[TRIP] > 0.0 and dt > p.window_max_s:
        j = ring_index(c, RING_AT, SPEED_RING, far)
        add_sparse(c, p, c[RING_V + j], v, (t - c[RING_T + j]) / 1e6)
    if near < 0 or not dt <= p.window_max_s:
        return
    j = ring_index(c, RING_AT, SPEED_RING, near)
    span = (t - c[RING_T + j]) / 1e6
    if span > p.window_max_s:
        return
    a = (v - c[RING_V + j]) / 3.6 / span
    c[SPEED_ACCEL] = a
    c[SPEED_ACCEL_T] = t
    if t - c[LONG_T] <= SOURCE_US:
        return
    if dt < p.held_s and (c[STEP_N] < 2.0 or c[STEP_SIGN] * a < 0.0):
        a = 0.0
    feed_channel(
        c, p, LONGITUDINAL, t, a, c[RING_T + j], dt, c[RING_V + j], False, 0.0, events, emitted
    )


@hot_kernel
def accept_speed(c, p, t, v, derived, since, events, emitted):
    """Take one believed speed: trip, speeding, crash, acceleration."""
    last_t = c[SPEED_T]
    step = t - last_t
    fresh = 0.0
    if not derived:
        fresh = _look_for_stairs(c, p, t, v, step / 1e6)
    add_by_speed(c, p, t, v)
    advance_trip(c, p, t, v, derived, since)
    if not derived:
        c[SPEED_DT] = step / 1e6
        sign = np.sign(v - c[SPEED])
        if not step <= STEP_GAP_US:
            c[STEP_N] = 0.0
        elif sign != 0.0:
            if sign == c[STEP_SIGN] and t - c[STEP_T] <= STEP_GAP_US:
                c[STEP_N] += 1.0
            else:
                c[STEP_N] = 1.0
            c[STEP_SIGN] = sign
            c[STEP_T] = t
        correlate(c, p, t, v)
    here = t - c[POS_T] <= FRESH_US
    c[SPEED] = v
    c[SPEED_T] = t
    c[SPEED_LAT] = c[POS_LAT] if here else np.nan
    c[SPEED_LON] = c[POS_LON] if here else np.nan
    if here and not derived:
        c[ANCHOR_LAT] = c[POS_LAT]
        c[ANCHOR_LON] = c[POS_LON]
        c[ANCHOR_T] = c[POS_T]
    feed_speeding(c, p, t, v, step, events, emitted)
    feed_crash(c, p, t, v, not derived, events, emitted)
    if not derived and fresh != 0.0:
        _accelerate(c, p, t, v, fresh, events, emitted)
        youngest = (int(c[RING_AT]) - 1 + SPEED_RING) % SPEED_RING
        held = c[STAIRS] > 0.0 and fresh * 1e6 >= RING_STEP_US and c[RING_N] > 0.0
        if held and t - c[RING_T + youngest] < RING_STEP_US:
            c[RING_AT] = float(youngest)  # said again since: it makes room for the new value
            c[RING_N] -= 1.0
        push_ring(c, RING_AT, RING_T, RING_V, SPEED_RING, t, v)


@hot_kernel
def feed_heading(c, p, t, heading, events, emitted):
    """Lateral acceleration from the change of heading and the speed; left is positive."""
    last = HEAD_V + (int(c[HEAD_AT]) - 1 + HEADING_RING) % HEADING_RING
    if c[STAIRS] > 0.0 and c[HEAD_N] > 0.0 and heading == c[last]:
        return  # it is held like the speed
    if not (t - c[SPEED_T] <= SOURCE_US and c[SPEED] >= p.heading_kmh):
        c[HEAD_N] = 0.0
        return
    younger = find_ring(c, HEAD_AT, HEAD_T, HEADING_RING, t, p.window_s, 0)
    j = ring_index(c, HEAD_AT, HEADING_RING, younger)
    if younger >= 0 and (t - c[HEAD_T + j]) / 1e6 <= p.window_max_s:
        span = (t - c[HEAD_T + j]) / 1e6
        turn = heading - c[HEAD_V + j]
        turn -= 360.0 * np.floor((turn + 180.0) / 360.0)
        a = -c[SPEED] / 3.6 * turn * (np.pi / 180.0) / span
        before = c[HEAD_ACCEL] if t - c[HEAD_ACCEL_T] <= SOURCE_US else 0.0
        c[HEAD_ACCEL] = a
        c[HEAD_ACCEL_T] = t
        goes_on = before * np.sign(a) >= 0.3 * p.cornering_mps2
        if abs(turn) < p.heading_deg or (abs(turn) < p.heading_sure_deg and not goes_on):
            a = 0.0
        if not t - c[LAT_T] <= SOURCE_US:
            feed_channel(
                *(c, p, LATERAL, t, a, c[HEAD_T + j], span, c[SPEED], False, 0.0),
                *(events, emitted),
            )
    push_ring(c, HEAD_AT, HEAD_T, HEAD_V, HEADING_RING, t, heading)


@hot_kernel
def feed_long(c, p, t, a, events, emitted):
    """Take one longitudinal acceleration in the vehicle's frame, m/s²."""
    _smooth(c, p, LONG, LONG_T, LONGITUDINAL, t, a, events, emitted)


@hot_kernel
def feed_lat(c, p, t, a, events, emitted):
    """Take one lateral acceleration in the vehicle's frame, m/s²."""
    _smooth(c, p, LAT, LAT_T, LATERAL, t, a, events, emitted)


@hot_kernel
def _smooth(c, p, value, time, channel, t, a, events, emitted):
    if abs(a) > p.physical_mps2:
        return  # an impact or a bump: the crash detector's matter
    dt = (t - c[time]) / 1e6
    before = c[value]
    if not dt <= 2.0:
        dt = 2.0
        before = 0.0
        c[value] = a
    elif dt < p.as_is_s:
        c[value] += dt / (p.smooth_s + dt) * (a - c[value])
    else:
        c[value] = a
    c[time] = t
    other = 0.0
    if channel == LONGITUDINAL and t - c[SPEED_ACCEL_T] <= SOURCE_US:
        other = c[SPEED_ACCEL]
    if channel == LATERAL and t - c[HEAD_ACCEL_T] <= SOURCE_US:
        other = c[HEAD_ACCEL]
    if dt >= p.coarse_s and abs(before) > abs(other):
        other = before  # a neighbour that says the same
    v0 = c[SPEED] if t - c[SPEED_T] <= FRESH_US else np.nan
    feed_channel(c, p, channel, t, c[value], t, dt, v0, True, other, events, emitted)
