"""Measured speeds are doubted: a step that no car makes, and a level that nobody saw it climb to.

A lower level is believed once a second value agrees. A higher one, and the first value after start
or silence, need more, because a false value (a sentinel of the bus, 127 or 254 km/h) agrees with
itself: places that move as fast, changes as a speed has them, or time without a contradiction.
Until then the values wait; what is believed later counts from the first one on.
"""

import numpy as np

from feature_kernels.driving.carry import (
    BY_SPEED_M,
    BY_SPEED_MORE_M,
    CH_SIGN,
    CLIMBED,
    DOUBT_CHANGES,
    DOUBT_LAT,
    DOUBT_LON,
    DOUBT_N,
    DOUBT_POS_T,
    DOUBT_T,
    DOUBT_V,
    ENTRY_CHANGES,
    ENTRY_T,
    GAP_US,
    LATERAL,
    LONGITUDINAL,
    MEASURED_T,
    OVER_START,
    POS_LAT,
    POS_LON,
    POS_T,
    RING_N,
    SPEED,
    SPEED_DT,
    SPEED_LAT,
    SPEED_LON,
    SPEED_T,
    SPIKE,
    SPIKE_T,
    STAND_T,
    TRIP,
    TRIP_START,
)
from feature_kernels.driving.events import FRESH_US
from feature_kernels.driving.motion import accept_speed
from feature_kernels.driving.rows import clear_trip
from feature_kernels.driving.sources import reject
from feature_kernels.geo import haversine_m
from feature_kernels.kernel import hot_kernel, lean_kernel

NONE, LIVELY, SEEN = 0, 1, 2  # evidence for a level: none, its own changes, a way up or the places


@hot_kernel
def _credible(p, step_kmh, dt_s):
    first = dt_s if dt_s < 1.0 else 1.0
    limit = p.spike_slack_kmh + 3.6 * (p.spike_mps2 * first + p.spike_late_mps2 * (dt_s - first))
    return abs(step_kmh) <= limit


@lean_kernel
def _placed(p, lat1, lon1, lat2, lon2, by_speed_m):
    """Tell whether two places lie as far apart as a speed says."""
    metres = haversine_m(lat1, lon1, lat2, lon2)
    most = p.outlier_ratio * by_speed_m + p.jump_slack_m
    return metres >= p.derive_m and 0.5 * by_speed_m <= metres <= most


@lean_kernel
def _believable_after_silence(c, p, t, v, base):
    """Near the last believed speed, or slow, or as fast as the places moved meanwhile."""
    if v <= p.spike_slack_kmh or abs(v - base) <= p.spike_slack_kmh:
        return True
    if not (t - c[POS_T] <= FRESH_US and c[SPEED_LAT] == c[SPEED_LAT]):
        return False
    if not t - c[SPEED_T] <= c[GAP_US]:
        return False
    by_speed = (base + v) / 7.2 * (t - c[SPEED_T]) / 1e6
    return _placed(p, c[SPEED_LAT], c[SPEED_LON], c[POS_LAT], c[POS_LON], by_speed)


@lean_kernel
def _evidence(c, p, t, v, changes):
    """What speaks for the doubted level, with v at t as its newest value."""
    dt = (t - c[DOUBT_T]) / 1e6
    placed = t - c[POS_T] <= FRESH_US and c[DOUBT_POS_T] <= c[POS_T]
    if placed:
        by_speed = (c[DOUBT_V] + v) / 7.2 * dt
        if _placed(p, c[DOUBT_LAT], c[DOUBT_LON], c[POS_LAT], c[POS_LON], by_speed):
            return SEEN
    if changes >= p.doubt_changes and dt >= p.doubt_lively_s:
        return LIVELY
    if placed:
        return NONE
    if dt >= p.doubt_s:
        return LIVELY
    sparse = t - c[SPIKE_T] > p.coarse_step_s * 1e6
    if sparse and v >= p.move_kmh and abs(v - c[SPIKE]) <= p.sparse_change_kmh:
        return LIVELY
    return NONE


@lean_kernel
def _doubt(c, t, v):
    c[SPIKE] = v
    c[SPIKE_T] = t
    c[DOUBT_T] = t
    c[DOUBT_V] = v
    c[DOUBT_N] = 1.0
    c[DOUBT_CHANGES] = 0.0
    c[DOUBT_LAT] = c[POS_LAT]
    c[DOUBT_LON] = c[POS_LON]
    c[DOUBT_POS_T] = c[POS_T] if t - c[POS_T] <= FRESH_US else np.nan


@lean_kernel
def _forget_entry(c):
    """A level without a way up collapsed: it was none. A trip that consists of it is dropped."""
    c[RING_N] = 0.0
    if c[TRIP] > 0.0 and c[TRIP_START] >= c[ENTRY_T]:
        clear_trip(c)
        c[STAND_T] = np.nan
        c[SPEED_T] = np.nan
        c[OVER_START] = np.nan
        c[LONGITUDINAL + CH_SIGN] = 0.0
        c[LATERAL + CH_SIGN] = 0.0


@lean_kernel
def _climbed(c, p, t):
    """Tell whether a level believed without a way up has lived long enough since."""
    return c[ENTRY_CHANGES] >= p.climbed_changes and t - c[ENTRY_T] >= p.climbed_s * 1e6


@hot_kernel
def feed_speed(c, p, t, v, events, emitted):
    """Take one measured speed, km/h."""
    if v > p.jump_kmh:
        reject(c, 1.0)
        return
    base = c[SPEED] if t - c[SPEED_T] <= c[GAP_US] else 0.0
    silence = p.silence_steps * c[SPEED_DT] * 1e6
    if not silence > 2.0 * FRESH_US:
        silence = 2.0 * FRESH_US
    if t - c[MEASURED_T] <= silence and t - c[SPEED_T] <= silence:
        believable = _credible(p, v - base, (t - c[SPEED_T]) / 1e6)
    else:
        believable = _believable_after_silence(c, p, t, v, base)
    first = 1
    evidence = NONE
    if c[SPIKE_T] <= t:
        goes_on = not c[SPIKE_T] <= c[SPEED_T]
        if goes_on:
            dt = (t - c[SPIKE_T]) / 1e6
            if dt > p.coarse_step_s:
                dt = p.coarse_step_s
            goes_on = t - c[SPIKE_T] <= c[GAP_US] and _credible(p, v - c[SPIKE], dt)
        down = c[SPIKE] < base
        if down:
            goes_on = goes_on and not believable
        elif goes_on:
            near = abs(v - c[SPIKE]) < abs(v - base)
            stops = v < p.move_kmh and c[SPIKE] - v > p.spike_slack_kmh
            goes_on = not stops and (near or not believable)
        if goes_on:
            changes = c[DOUBT_CHANGES] + (1.0 if v != c[SPIKE] else 0.0)
            if down:
                evidence = SEEN if c[CLIMBED] > 0.0 else LIVELY
            else:
                evidence = _evidence(c, p, t, v, changes)
            if evidence == NONE:
                c[SPIKE] = v
                c[SPIKE_T] = t
                c[DOUBT_N] += 1.0
                c[DOUBT_CHANGES] = changes
                return
            if not down:
                c[RING_N] = 0.0  # nothing was seen of the way up: no acceleration goes over it
            elif c[CLIMBED] == 0.0:
                _forget_entry(c)
            first = 0
        else:
            reject(c, c[DOUBT_N])
            c[SPIKE_T] = np.nan
            if not believable:
                _doubt(c, t, v)
                return
    elif not believable:
        _doubt(c, t, v)
        return
    elif c[CLIMBED] == 0.0 and v != c[SPEED]:
        c[ENTRY_CHANGES] += 1.0
    c[SPIKE_T] = np.nan
    lat = lon = pos_t = by_speed = more = 0.0
    if first == 0:
        lat = c[POS_LAT]
        lon = c[POS_LON]
        pos_t = c[POS_T]
        by_speed = c[BY_SPEED_M]
        more = c[BY_SPEED_MORE_M]
        c[POS_LAT] = c[DOUBT_LAT]
        c[POS_LON] = c[DOUBT_LON]
        c[POS_T] = c[DOUBT_POS_T]
    for turn in range(first, 2):  # a loop, so that the compiler inlines one call, not two
        then = c[DOUBT_T] if turn == 0 else t
        value = c[DOUBT_V] if turn == 0 else v
        accept_speed(c, p, then, value, False, 0.0, events, emitted)
        if turn == 0:
            c[POS_LAT] = lat
            c[POS_LON] = lon
            c[POS_T] = pos_t
            c[BY_SPEED_M] = by_speed
            c[BY_SPEED_MORE_M] = more
    c[MEASURED_T] = t
    if evidence == LIVELY:
        c[CLIMBED] = 0.0
        c[ENTRY_T] = c[DOUBT_T]
        c[ENTRY_CHANGES] = 0.0
    elif c[CLIMBED] == 0.0 and (evidence == SEEN or v <= p.spike_slack_kmh or _climbed(c, p, t)):
        c[CLIMBED] = 1.0
