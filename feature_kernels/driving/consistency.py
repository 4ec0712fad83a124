"""Signs that a recording was made up or changed: places that jump, speeds that contradict places
or are those of another time, a clock that jumps while the car drives on. What is marked by one of
them is not scored.
"""

import math

import numpy as np

from feature_kernels.driving.carry import (
    APART_S,
    CLOCK_T,
    COMPARED_S,
    GAP_US,
    JUMPS,
    LEGS,
    LEGS_APART,
    LEGS_FROM_M,
    LEGS_P,
    LEGS_PP,
    LEGS_PV,
    LEGS_V,
    LEGS_VV,
    PATH_LAT,
    PATH_LON,
    PATH_M,
    PATH_SPEED_M,
    PATH_START_T,
    PATH_T,
    PLACED_S,
    POS_LAT,
    POS_LON,
    POS_T,
    SCALE_M,
    SCALE_PLACES_M,
    SCALE_S,
    SPEED,
    SPEED_LAT,
    SPEED_LON,
    SPEED_T,
    STEP_2,
    TRIP,
)
from feature_kernels.geo import farther_than, haversine_m
from feature_kernels.kernel import hot_kernel, lean_kernel


@lean_kernel
def note_jump(c, p, t, lat, lon, weight):
    """Count a fix that no car reaches from the last one, where places were followed before.

    After a cold start the first places may be old ones: there nothing is counted.
    """
    if c[TRIP] == 0.0 or c[PLACED_S] < p.bridge_s:
        return
    reach = p.teleport_m + p.jump_kmh / 3.6 * (t - c[POS_T]) / 1e6
    if farther_than(c[POS_LAT], c[POS_LON], lat, lon, reach):
        c[JUMPS] += weight


@hot_kernel
def note_clock(c, p, t, speed, lat, lon):
    """Note that after a silence the car is as fast and where it would be without the silence.

    lat, lon, speed : of the row after it; STEP_2 is the usual step before it.
    """
    if not (t - c[SPEED_T] > c[GAP_US] and speed >= p.clock_kmh and c[SPEED] >= p.clock_kmh):
        return
    if abs(speed - c[SPEED]) > p.spike_slack_kmh or not c[STEP_2] <= p.coarse_step_s * 1e6:
        return
    fastest = speed if speed > c[SPEED] else c[SPEED]
    reach = p.jump_slack_m + p.outlier_ratio * fastest / 3.6 * c[STEP_2] / 1e6
    if lat != lat or c[SPEED_LAT] != c[SPEED_LAT]:
        return
    if not farther_than(c[SPEED_LAT], c[SPEED_LON], lat, lon, reach):
        c[CLOCK_T] = t


@hot_kernel
def _forget_path(c):
    c[PATH_T] = np.nan
    c[PATH_M] = 0.0
    c[PATH_SPEED_M] = 0.0


@lean_kernel
def _start_path(c):
    c[PATH_T] = c[POS_T]
    c[PATH_START_T] = c[POS_T]
    c[PATH_LAT] = c[POS_LAT]
    c[PATH_LON] = c[POS_LON]
    c[PATH_M] = 0.0


@lean_kernel
def _add_leg(c, p, t, v, step_s):
    """Add the way to the newest fix, and compare once a minute of it is full."""
    leg = haversine_m(c[PATH_LAT], c[PATH_LON], c[POS_LAT], c[POS_LON])
    since = v / 3.6 * (t - c[POS_T]) / 1e6  # driven since that fix
    metres = c[PATH_SPEED_M] - since
    lasted = (c[POS_T] - c[PATH_T]) / 1e6
    by_places = 3.6 * leg / lasted
    by_speed = 3.6 * (metres - c[LEGS_FROM_M]) / lasted
    c[LEGS_FROM_M] = metres
    # Places that jump have a mark of their own; sparse speeds are no mean of a leg.
    if by_places <= p.jump_kmh and step_s <= p.leg_step_s:
        c[LEGS] += 1.0
        c[LEGS_P] += by_places
        c[LEGS_V] += by_speed
        c[LEGS_PP] += by_places * by_places
        c[LEGS_VV] += by_speed * by_speed
        c[LEGS_PV] += by_places * by_speed
        if abs(by_places - by_speed) > p.varies_kmh:
            c[LEGS_APART] += 1.0
    c[PATH_M] += leg
    c[PATH_T] = c[POS_T]
    c[PATH_LAT] = c[POS_LAT]
    c[PATH_LON] = c[POS_LON]
    seconds = (c[POS_T] - c[PATH_START_T]) / 1e6
    if seconds < p.chord_s:
        return
    slack = 2.0 * p.chord_slack_m
    c[COMPARED_S] += seconds
    if c[PATH_M] > p.apart_ratio * metres + slack or metres > p.apart_ratio * c[PATH_M] + slack:
        c[APART_S] += seconds
    if c[PATH_M] >= p.scale_kmh / 3.6 * seconds:
        most = p.apart_ratio * metres + slack
        c[SCALE_S] += seconds
        c[SCALE_M] += metres
        c[SCALE_PLACES_M] += c[PATH_M] if c[PATH_M] < most else most
    _start_path(c)
    c[PATH_SPEED_M] = since
    c[LEGS_FROM_M] = since


@hot_kernel
def follow_path(c, p, t, v, seconds, derived):
    """Compare the way by measured speed with that of the places, by each minute of driving on.

    Called before v of t replaces the last speed. Places count every coarse_step_s: shorter legs
    are noise, and bends are cut by longer ones. A stand, and fixes further apart, begin anew.
    """
    if derived or v < p.move_kmh or seconds > p.coarse_step_s:
        _forget_path(c)
        return
    c[PATH_SPEED_M] += (c[SPEED] + v) / 7.2 * seconds
    step = c[POS_T] - c[PATH_T]
    if step >= p.coarse_step_s * 1e6 and step <= 2e6 * p.coarse_step_s:
        _add_leg(c, p, t, v, seconds)
    elif not step <= 2e6 * p.coarse_step_s or t - c[PATH_T] > 3e6 * p.coarse_step_s:
        _forget_path(c)
        if t - c[POS_T] <= p.coarse_step_s * 1e6:
            _start_path(c)
            c[PATH_SPEED_M] = v / 3.6 * (t - c[POS_T]) / 1e6
            c[LEGS_FROM_M] = c[PATH_SPEED_M]


@lean_kernel
def _at_other_times(c, p):
    """Tell whether speeds and places of the open trip's legs vary, but not together.

    They differ on many legs then. A receiver that repeats a place for seconds makes one leg too
    short and the next one too long: few of them undo a correlation.
    """
    n = c[LEGS]
    if n < p.least_legs or c[LEGS_APART] < p.apart_share * n:
        return False
    places = c[LEGS_PP] / n - (c[LEGS_P] / n) * (c[LEGS_P] / n)
    speeds = c[LEGS_VV] / n - (c[LEGS_V] / n) * (c[LEGS_V] / n)
    least = p.varies_kmh * p.varies_kmh
    if places < least or speeds < least:
        return False
    both = c[LEGS_PV] / n - (c[LEGS_P] / n) * (c[LEGS_V] / n)
    return both < p.together * math.sqrt(places * speeds)


@lean_kernel
def manipulated(c, p):
    """Flags of the open trip (rows.QUALITY_FLAGS) that keep it from being scored."""
    flags = 0.0
    if c[JUMPS] >= 3.0:
        flags += 16.0
    apart = c[APART_S] >= p.apart_s and c[APART_S] >= p.apart_share * c[COMPARED_S]
    scaled = c[SCALE_S] >= p.apart_s and c[SCALE_PLACES_M] > p.scale_ratio * c[SCALE_M]
    if _at_other_times(c, p):
        flags += 256.0
    elif apart or scaled:
        flags += 32.0
    return flags
