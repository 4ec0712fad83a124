"""Signs that a recording was made up or changed: places that jump, speeds that contradict places,
a clock that jumps while the car drives on. What is marked by one of them is not scored.
"""

import numpy as np

from feature_kernels.driving.carry import (
    APART_S,
    CLOCK_T,
    COMPARED_S,
    GAP_US,
    JUMPS,
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
    SPEED,
    SPEED_LAT,
    SPEED_LON,
    SPEED_T,
    STEP_2,
    TRIP,
)
from feature_kernels.driving.geo import farther_than, haversine_m
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
def _add_leg(c, p, t, v):
    """Add the way to the newest fix, and compare once a minute of it is full."""
    c[PATH_M] += haversine_m(c[PATH_LAT], c[PATH_LON], c[POS_LAT], c[POS_LON])
    c[PATH_T] = c[POS_T]
    c[PATH_LAT] = c[POS_LAT]
    c[PATH_LON] = c[POS_LON]
    seconds = (c[POS_T] - c[PATH_START_T]) / 1e6
    if seconds < p.chord_s:
        return
    since = v / 3.6 * (t - c[POS_T]) / 1e6  # driven since that fix
    metres = c[PATH_SPEED_M] - since
    slack = 2.0 * p.chord_slack_m
    c[COMPARED_S] += seconds
    if c[PATH_M] > p.apart_ratio * metres + slack or metres > p.apart_ratio * c[PATH_M] + slack:
        c[APART_S] += seconds
    _start_path(c)
    c[PATH_SPEED_M] = since


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
        _add_leg(c, p, t, v)
    elif not step <= 2e6 * p.coarse_step_s or t - c[PATH_T] > 3e6 * p.coarse_step_s:
        _forget_path(c)
        if t - c[POS_T] <= p.coarse_step_s * 1e6:
            _start_path(c)
            c[PATH_SPEED_M] = v / 3.6 * (t - c[POS_T]) / 1e6


@lean_kernel
def manipulated(c, p):
    """Flags of the open trip (rows.QUALITY_FLAGS) that keep it from being scored."""
    flags = 0.0
    if c[JUMPS] >= 3.0:
        flags += 16.0
    if c[APART_S] >= p.apart_s and c[APART_S] >= p.apart_share * c[COMPARED_S]:
        flags += 32.0
    return flags
