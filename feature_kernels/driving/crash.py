"""Crash: a change of velocity that no tyre gives; moving before, standing afterwards.

An impulse counts by its integral, the change of velocity: a pothole or a falling device has a
collision's peak but neither its change of velocity nor its length. Where the accelerometer is too
slow to integrate, or there is none, speed must fall faster than tyres brake.
"""

import numpy as np

from feature_kernels.driving.carry import (
    ACCEL_DT,
    ACCEL_T,
    CH_SIGN,
    CLIMBED,
    CRASH_DELTA_V,
    CRASH_FALL,
    CRASH_IMPULSE,
    CRASH_LAT,
    CRASH_LON,
    CRASH_PEAK,
    CRASH_STAND_LAT,
    CRASH_STAND_LON,
    CRASH_STAND_T,
    CRASH_T,
    CRASH_V0,
    FELT_X,
    FELT_Y,
    FELT_Z,
    IMPULSE,
    IMPULSE_T,
    LATERAL,
    LIMIT,
    LIMIT_T,
    LONGITUDINAL,
    POS_LAT,
    POS_LON,
    POS_T,
    PULSE_AT,
    PULSE_LAST,
    PULSE_T,
    PULSE_X,
    PULSE_Y,
    PULSE_Z,
    RING_AT,
    RING_N,
    RING_T,
    RING_V,
    SPEED,
    SPEED_RING,
    SPEED_T,
    TRIP,
    WAITS,
)
from feature_kernels.driving.events import FRESH_US
from feature_kernels.driving.rows import CRASH, emit_event
from feature_kernels.geo import haversine_m
from feature_kernels.kernel import hot_kernel, kernel, lean_kernel

BEFORE_US = 4e6  # the speed before an impact is the highest of so long before
MOVING_US = 2e6  # ... and it still moved within: a device dropped after the stop is no crash
DROP_US = 4e6  # the change of velocity is looked for so long after it (GNSS lags 2 s)
PULSE_US = 3e6  # impulses within are one crash
PAUSE_US = 0.03e6  # ringing: a pulse ends with the first value after so long without a strong one


@hot_kernel
def fastest_since(c, since):
    """Highest measured speed in the ring from `since` on, km/h; 0 where there is none."""
    fastest = 0.0
    for i in range(int(c[RING_N])):
        j = (int(c[RING_AT]) - 1 - i + 2 * SPEED_RING) % SPEED_RING
        if c[RING_T + j] < since:
            break
        if c[RING_V + j] > fastest:
            fastest = c[RING_V + j]
    return fastest


@lean_kernel
def _suspect(c, t, peak, v0, impulse):
    c[CRASH_T] = t
    c[CRASH_PEAK] = peak
    c[CRASH_V0] = v0
    c[CRASH_DELTA_V] = 0.0
    c[CRASH_FALL] = 0.0 if impulse > 0.0 else v0 - c[SPEED]
    c[CRASH_STAND_T] = np.nan
    c[CRASH_IMPULSE] = impulse
    c[CRASH_LAT] = c[POS_LAT]
    c[CRASH_LON] = c[POS_LON]


@hot_kernel
def _strong(c, p):
    """Has the suspected crash changed the velocity as a collision does?"""
    return c[CRASH_DELTA_V] >= p.crash_delta_v_kmh or c[CRASH_FALL] >= p.crash_drop_kmh


@lean_kernel
def _integrate(c, p, t, a, magnitude):
    """Add a value to the open pulse, by trapezoids; begin one, or end it.

    a : float64[6], the last three are the acceleration, m/s².
    """
    strong = magnitude >= 0.5 * p.crash_low_mps2
    dt = (t - c[PULSE_AT]) / 1e6
    if c[PULSE_T] <= t:
        half = 0.5 * dt
        vx = c[PULSE_X] + half * (c[FELT_X] + a[3])
        vy = c[PULSE_Y] + half * (c[FELT_Y] + a[4])
        vz = c[PULSE_Z] + half * (c[FELT_Z] + a[5])
        changed_kmh = 3.6 * np.sqrt(vx * vx + vy * vy + vz * vz)
        lasts = (t - c[PULSE_T]) / 1e6
        over = lasts > p.crash_window_s and changed_kmh < p.crash_delta_v_kmh
        faded = not strong and c[PULSE_AT] - c[PULSE_LAST] > PAUSE_US
        if dt > p.crash_dense_s or over or faded or lasts > p.crash_pulse_s:
            c[PULSE_T] = np.nan
        else:
            c[PULSE_X] = vx
            c[PULSE_Y] = vy
            c[PULSE_Z] = vz
    if strong:
        if not c[PULSE_T] <= t:
            half = 0.5 * c[ACCEL_DT] if c[ACCEL_DT] <= p.crash_dense_s else 0.0
            c[PULSE_T] = t
            c[PULSE_X] = half * a[3]
            c[PULSE_Y] = half * a[4]
            c[PULSE_Z] = half * a[5]
        c[PULSE_LAST] = t
    c[PULSE_AT] = t
    c[FELT_X] = a[3]
    c[FELT_Y] = a[4]
    c[FELT_Z] = a[5]


@lean_kernel
def _note_delta_v(c, p, t):
    """Note the change of velocity of the open pulse, where it is the suspected crash's."""
    if not (c[CRASH_T] <= t and t - c[CRASH_T] <= PULSE_US and c[PULSE_T] <= t):
        return
    if c[PULSE_LAST] - c[PULSE_T] < p.crash_least_s * 1e6:
        return
    x = c[PULSE_X]
    y = c[PULSE_Y]
    z = c[PULSE_Z]
    changed_kmh = 3.6 * np.sqrt(x * x + y * y + z * z)
    if changed_kmh > c[CRASH_DELTA_V]:
        c[CRASH_DELTA_V] = changed_kmh


@lean_kernel
def _look_for_fall(c, p, t, speed):
    """Note how far the measured speed at t has fallen faster than tyres brake."""
    for i in range(int(c[RING_N])):
        j = (int(c[RING_AT]) - 1 - i + 2 * SPEED_RING) % SPEED_RING
        dt = (t - c[RING_T + j]) / 1e6
        if dt > p.collapse_s:
            return
        fall = c[RING_V + j] - speed
        if fall > c[CRASH_FALL] and fall >= 3.6 * p.crash_fall_mps2 * dt:
            c[CRASH_FALL] = fall


@hot_kernel
def feed_impulse(c, p, t, a, magnitude):
    """Take one unfiltered acceleration without gravity, m/s².

    a : float64[6], the last three are the acceleration; magnitude : its size.
    """
    if c[PULSE_T] <= t or magnitude >= 0.5 * p.crash_low_mps2:
        _integrate(c, p, t, a, magnitude)
        _note_delta_v(c, p, t)
    if magnitude >= 0.5 * p.crash_low_mps2:
        c[IMPULSE] = magnitude
        c[IMPULSE_T] = t
    if magnitude < p.crash_low_mps2:
        return
    if c[CRASH_T] <= t and (t - c[CRASH_T] <= PULSE_US or _strong(c, p)):
        if c[CRASH_IMPULSE] == 0.0:
            c[CRASH_IMPULSE] = 1.0
            c[CRASH_PEAK] = magnitude
        elif t - c[CRASH_T] <= PULSE_US and magnitude > c[CRASH_PEAK]:
            c[CRASH_PEAK] = magnitude
        return
    if t - c[SPEED_T] <= FRESH_US:
        v0 = fastest_since(c, t - BEFORE_US)
        if c[SPEED] > v0:
            v0 = c[SPEED]
        last = max(fastest_since(c, t - MOVING_US), c[SPEED])
        if last >= p.crash_speed_kmh and c[TRIP] > 0.0:
            _suspect(c, t, magnitude, v0, 1.0)
            _note_delta_v(c, p, t)
            _look_for_fall(c, p, c[SPEED_T], c[SPEED])


@kernel
def confirm_crash(c, p, events, emitted):
    """Emit the suspected crash."""
    start = c[CRASH_T]
    end = c[CRASH_STAND_T]
    if end < start:
        end = start
    peak = c[CRASH_PEAK]
    impulse = c[CRASH_IMPULSE] > 0.0
    delta_v = c[CRASH_DELTA_V] if c[CRASH_DELTA_V] >= p.crash_delta_v_kmh else c[CRASH_FALL]
    severity = 1.0
    if delta_v >= 2.0 * p.crash_drop_kmh:
        severity = 3.0
    elif delta_v >= 1.25 * p.crash_drop_kmh:
        severity = 2.0
    v = np.full(7, np.nan)
    v[0] = peak if impulse else -peak
    v[1] = -delta_v
    v[2] = c[CRASH_V0]
    if start - c[LIMIT_T] <= p.limit_stale_s * 1e6:
        v[4] = c[LIMIT]
    v[5] = c[CRASH_LAT]
    v[6] = c[CRASH_LON]
    emit_event(c, events, emitted, CRASH, start, end, severity, v)
    c[CRASH_T] = np.nan
    if c[WAITS] > 0.0:  # what was felt since was the crash
        c[LONGITUDINAL + CH_SIGN] = 0.0
    if c[WAITS + 1] > 0.0:
        c[LATERAL + CH_SIGN] = 0.0


@lean_kernel
def resolve_crash(c, p, events, emitted):
    """Nothing more will be heard: a suspected crash that came to stand is one."""
    if _strong(c, p) and c[CRASH_T] <= c[CRASH_STAND_T]:
        confirm_crash(c, p, events, emitted)
    c[CRASH_T] = np.nan


@hot_kernel
def _has_collapsed(c, p, speed):
    """Whether any place of the ring, filled or not, is so much faster: as mostly, none is."""
    found = 0
    for i in range(RING_V, RING_V + SPEED_RING):
        found += c[i] - speed >= p.collapse_kmh
    return found > 0


@lean_kernel
def _look_for_collapse(c, p, t, speed):
    dense = c[ACCEL_DT] <= 0.06 and t - c[ACCEL_T] <= 2e6  # slower, it may miss a pulse of 0.1 s
    if dense and not t - c[IMPULSE_T] <= PULSE_US:
        return  # it would have felt it
    if not _has_collapsed(c, p, speed):
        return
    for i in range(int(c[RING_N])):
        j = (int(c[RING_AT]) - 1 - i + 2 * SPEED_RING) % SPEED_RING
        dt = (t - c[RING_T + j]) / 1e6
        if dt > p.collapse_s:
            return
        drop = c[RING_V + j] - speed
        if dt > 0.0 and drop >= p.collapse_kmh and drop >= 3.6 * p.collapse_mps2 * dt:
            _suspect(c, c[RING_T + j], drop / (3.6 * dt), c[RING_V + j], 0.0)
            return


@hot_kernel
def feed_crash(c, p, t, speed, measured, events, emitted):
    """Take one accepted speed: look for a collapse, or judge the suspected crash."""
    if not c[CRASH_T] <= t:
        if measured and c[TRIP] == 2.0 and c[CLIMBED] > 0.0:  # else no speed was there to lose
            _look_for_collapse(c, p, t, speed)
        if not c[CRASH_T] <= t:
            return
    age = t - c[CRASH_T]
    if measured and age <= DROP_US:
        _look_for_fall(c, p, t, speed)
    strong = _strong(c, p)
    here = t - c[POS_T] <= FRESH_US
    if speed >= p.move_kmh:
        c[CRASH_STAND_T] = np.nan
    elif not c[CRASH_STAND_T] <= t:
        c[CRASH_STAND_T] = t
        c[CRASH_STAND_LAT] = c[POS_LAT] if here else np.nan
        c[CRASH_STAND_LON] = c[POS_LON] if here else np.nan
    stands = c[CRASH_STAND_T] <= t
    if not stands and age > p.crash_settle_s * 1e6:
        c[CRASH_T] = np.nan
        return
    if age >= DROP_US and (not strong or speed > 0.8 * c[CRASH_V0]):
        c[CRASH_T] = np.nan
        return
    if stands and here and c[CRASH_STAND_LAT] == c[CRASH_STAND_LAT]:
        away = haversine_m(c[CRASH_STAND_LAT], c[CRASH_STAND_LON], c[POS_LAT], c[POS_LON])
        if away > p.drift_m:
            c[CRASH_T] = np.nan
            return
    need = p.crash_stand_s if c[CRASH_IMPULSE] > 0.0 else p.crash_stand_collapse_s
    if stands and strong and t - c[CRASH_STAND_T] >= need * 1e6:
        confirm_crash(c, p, events, emitted)
