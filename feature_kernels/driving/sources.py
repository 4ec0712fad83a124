"""Speed against place: each bounds the other, and what is not measured is no 0.

Three sources of error have one cause, a value that nobody measured: a fix that lies elsewhere, a
speed of 0 where the receiver had none, and a last speed that is repeated while the car stands.
"""

import numpy as np

from feature_kernels.driving.carry import (
    BEFORE_LAT,
    BEFORE_LON,
    BEFORE_T,
    BY_SPEED_M,
    BY_SPEED_MORE_M,
    CHORD_T,
    DISTANCE,
    FROZEN_T,
    GAP_US,
    KEPT,
    KEPT_LAT,
    KEPT_LON,
    KEPT_T,
    KEPT_V,
    LEG_M,
    LEG_SPEED_M,
    MOTION_T,
    PLACES_ONLY_M,
    POS_LAT,
    POS_LON,
    POS_T,
    REJECTED,
    REJECTED_ALL,
    SPEED,
    SPEED_LAT,
    SPEED_LON,
    SPEED_T,
    SPIKE,
    SPIKE_T,
    STAND_T,
    STEP_1,
    STEP_2,
    TRIP,
    ZERO_LAT,
    ZERO_LON,
    ZERO_M,
    ZERO_SEEN_T,
    ZERO_T,
    ZERO_V,
    ZERO_VOID,
)
from feature_kernels.driving.events import FRESH_US
from feature_kernels.driving.trips import come_to_stand
from feature_kernels.geo import farther_than, haversine_m
from feature_kernels.kernel import hot_kernel, lean_kernel

TAKE, HOLD, DERIVE = 0, 1, 2  # what becomes of a measured speed: DERIVE = the places say it


@hot_kernel
def reject(c, n):
    """Count n values that were not taken."""
    c[REJECTED] += n
    c[REJECTED_ALL] += n


@lean_kernel
def _drove(c, p, step_us, speed, lat, lon):
    """Tell whether the car drove on through a long step: by its places, else by both speeds."""
    if lat == lat and c[POS_LAT] == c[POS_LAT]:
        metres = haversine_m(c[POS_LAT], c[POS_LON], lat, lon)
        return metres >= p.sparse_kmh / 3.6 * step_us / 1e6
    last = c[SPIKE] if c[SPIKE_T] == c[SPIKE_T] else c[SPEED]
    return speed >= p.move_kmh and last >= p.move_kmh


@hot_kernel
def note_rate(c, p, t, speed, lat, lon):
    """Set how long a silence ends a trip at this row: longer where the device seldom reports."""
    gap = p.gap_s * 1e6
    c[GAP_US] = gap
    motion = speed == speed or lat == lat
    step = t - c[MOTION_T]
    if step > gap or p.gap_steps * c[STEP_1] > gap:
        usual = c[STEP_1]
        if c[STEP_2] > usual:
            usual = c[STEP_2]
        limit = p.sparse_gap_s * 1e6
        if p.gap_steps * usual < limit:
            limit = p.gap_steps * usual
        elif usual != usual and not motion:
            limit = gap
        if limit > gap and step <= limit and (not motion or _drove(c, p, step, speed, lat, lon)):
            c[GAP_US] = limit
            if lat == lat and c[STAND_T] == c[SPEED_T]:
                c[STAND_T] = np.nan  # one 0 between two such steps is no stop that is seen
    if motion:
        c[STEP_2] = c[STEP_1]
        c[STEP_1] = step
        c[MOTION_T] = t


@lean_kernel
def _turned_back(c, p, t, v, lat, lon, by_speed):
    """Tell whether the last fix lay off the way: far there, far back, and no speed to match.

    Then what only the places had added is taken back. v : km/h at t; by_speed : m since that fix.
    """
    if not (v >= p.move_kmh and c[SPEED] >= p.move_kmh and t - c[BEFORE_T] <= 2.0 * c[GAP_US]):
        return False
    there = c[LEG_M]
    back = haversine_m(c[POS_LAT], c[POS_LON], lat, lon)
    seconds = (c[POS_T] - c[BEFORE_T]) / 1e6
    if not there > p.outlier_ratio * c[LEG_SPEED_M] + p.jump_slack_m:
        return False
    if not back > p.outlier_ratio * by_speed + p.jump_slack_m:
        return False
    if there < p.outlier_kmh / 3.6 * seconds:
        return False
    if back < p.outlier_kmh / 3.6 * (t - c[POS_T]) / 1e6:
        return False
    across = haversine_m(c[BEFORE_LAT], c[BEFORE_LON], lat, lon)
    by_speed_across = c[LEG_SPEED_M] + by_speed
    as_said = abs(across - by_speed_across) <= 0.2 * by_speed_across + p.jump_slack_m
    if not as_said and (across >= there or across >= back):
        return False
    reject(c, 1.0)
    if c[TRIP] > 0.0 and not c[STAND_T] <= t:
        c[DISTANCE] -= c[PLACES_ONLY_M]
    c[PLACES_ONLY_M] = 0.0
    c[CHORD_T] = np.nan
    c[SPEED_LAT] = np.nan
    c[SPEED_LON] = np.nan
    c[LEG_M] = across
    c[LEG_SPEED_M] += by_speed
    return True


@lean_kernel
def compare_leg(c, p, t, v, lat, lon, by_speed):
    """Keep the leg to this fix for the next one; by_speed : m, NaN = no speed says."""
    if not (by_speed == by_speed and _turned_back(c, p, t, v, lat, lon, by_speed)):
        c[BEFORE_LAT] = c[POS_LAT]
        c[BEFORE_LON] = c[POS_LON]
        c[BEFORE_T] = c[POS_T]
        c[LEG_M] = haversine_m(c[POS_LAT], c[POS_LON], lat, lon)
        c[LEG_SPEED_M] = by_speed


@hot_kernel
def add_by_speed(c, p, t, v):
    """Before speed v of t replaces the last one: metres by speed since the last fix."""
    since = c[POS_T]
    if not since < t or not t - c[SPEED_T] <= c[GAP_US]:
        return  # a fix of the same row, as mostly: nothing lies between
    if c[SPEED_T] > since:
        since = c[SPEED_T]
    seconds = (t - since) / 1e6
    if seconds > 0.0:
        c[BY_SPEED_M] += (c[SPEED] + v) / 7.2 * seconds
        c[BY_SPEED_MORE_M] += 0.25 * p.reach_mps2 * seconds * seconds


@lean_kernel
def _begin_zeros(c, t, lat, lon, v):
    c[ZERO_T] = t
    c[ZERO_LAT] = lat
    c[ZERO_LON] = lon
    c[ZERO_V] = v
    c[ZERO_M] = 0.0


@lean_kernel
def judge_zero(c, p, t, accuracy):
    """Judge a measured 0 by the places: TAKE, HOLD until it is clear, DERIVE = not measured.

    A car may drive on for a while and stop; the places must be farther than that, and farther
    still at a later fix: a fix that hops and stays, or comes back, moves no car.
    """
    if not t - c[POS_T] <= FRESH_US:
        return DERIVE if c[ZERO_VOID] > 0.0 else TAKE
    if c[ZERO_VOID] > 0.0:
        return DERIVE
    if not t - c[ZERO_T] <= p.sparse_gap_s * 1e6:
        if t - c[SPEED_T] <= c[GAP_US] and c[SPEED_LAT] == c[SPEED_LAT]:
            _begin_zeros(c, c[SPEED_T], c[SPEED_LAT], c[SPEED_LON], c[SPEED])
        else:
            _begin_zeros(c, t, c[POS_LAT], c[POS_LON], 0.0)
    slack = p.drift_m
    if 2.0 * accuracy > slack:
        slack = 2.0 * accuracy
    seconds = (t - c[ZERO_T]) / 1e6
    metres = 0.0
    could = slack + 1.1 * c[ZERO_V] / 3.6 * seconds
    if farther_than(c[ZERO_LAT], c[ZERO_LON], c[POS_LAT], c[POS_LON], could):
        metres = haversine_m(c[ZERO_LAT], c[ZERO_LON], c[POS_LAT], c[POS_LON])
    if metres > could and metres >= 2.0 * p.move_kmh / 3.6 * seconds:
        if c[ZERO_M] == 0.0:
            c[ZERO_M] = metres
            c[ZERO_SEEN_T] = t
            if c[STEP_1] > p.coarse_step_s * 1e6:
                c[STAND_T] = np.nan  # what stood there has driven on
            return HOLD
        if metres >= c[ZERO_M] + 0.5 * slack:
            c[ZERO_VOID] = 1.0
            return DERIVE
        if t - c[ZERO_SEEN_T] < p.derive_stand_s * 1e6:
            return HOLD
    if c[ZERO_M] > 0.0:
        reject(c, 1.0)  # the fix hopped
    if c[ZERO_M] > 0.0 or c[ZERO_V] > 0.0 or seconds >= p.derive_stand_s:
        _begin_zeros(c, t, c[POS_LAT], c[POS_LON], 0.0)
    return TAKE


@hot_kernel
def judge_kept(c, p, t, v):
    """Judge a speed that may be an old one repeated: TAKE, or DERIVE while the places stand."""
    frozen = c[FROZEN_T] <= t
    fresh = frozen or t - c[POS_T] <= FRESH_US
    if v == c[KEPT_V] and c[KEPT_T] <= t:
        if not fresh:
            return DERIVE if c[KEPT] > 0.0 else TAKE
        if not farther_than(c[KEPT_LAT], c[KEPT_LON], c[POS_LAT], c[POS_LON], p.still_m):
            seconds = (t - c[KEPT_T]) / 1e6
            if seconds >= p.kept_s and v / 3.6 * seconds > p.kept_m:
                c[KEPT] = 1.0
            if c[KEPT] == 0.0:
                return TAKE
            if not frozen:
                reject(c, 1.0)
            return DERIVE
    c[KEPT] = 0.0
    c[KEPT_V] = v
    c[KEPT_T] = t if fresh else np.nan
    c[KEPT_LAT] = c[POS_LAT]
    c[KEPT_LON] = c[POS_LON]
    return TAKE


@lean_kernel
def _stop_where_kept(c):
    """A speed was kept and then said to be 0, and the places never moved: it stood meanwhile."""
    c[SPEED] = 0.0
    c[SPEED_LAT] = np.nan
    c[SPEED_LON] = np.nan
    if c[TRIP] > 0.0 and not c[STAND_T] <= c[SPEED_T]:
        come_to_stand(c, c[SPEED_T], c[POS_LAT], c[POS_LON])


@hot_kernel
def judge_speed(c, p, t, v, accuracy):
    """Judge a measured speed by the places: TAKE, HOLD or DERIVE."""
    if v == 0.0:
        if c[KEPT] > 0.0:
            _stop_where_kept(c)
        c[KEPT] = 0.0
        c[KEPT_T] = np.nan
        return judge_zero(c, p, t, accuracy)
    if c[ZERO_T] == c[ZERO_T]:
        c[ZERO_T] = np.nan
        c[ZERO_M] = 0.0
        c[ZERO_VOID] = 0.0
    if v >= p.frozen_kmh and v <= p.jump_kmh:
        return judge_kept(c, p, t, v)
    c[KEPT] = 0.0
    c[KEPT_T] = np.nan
    return TAKE
