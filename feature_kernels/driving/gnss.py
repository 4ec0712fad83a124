"""GNSS plausibility: 0/0, jumps, frozen fixes, bad accuracy; and speed from places."""

import numpy as np

from feature_kernels.driving.carry import (
    ANCHOR_LAT,
    ANCHOR_LON,
    ANCHOR_T,
    BEFORE_T,
    BY_SPEED_M,
    BY_SPEED_MORE_M,
    CHORD_T,
    CLIMBED,
    FROZEN_T,
    GAP_US,
    JUMP_FIRST_T,
    JUMP_LAT,
    JUMP_LON,
    JUMP_N,
    JUMP_T,
    KEPT,
    MEASURED_T,
    POS_LAT,
    POS_LON,
    POS_T,
    SPEED,
    SPEED_T,
    ZERO_VOID,
)
from feature_kernels.driving.consistency import note_jump
from feature_kernels.driving.events import FRESH_US
from feature_kernels.driving.motion import accept_speed
from feature_kernels.driving.sources import compare_leg, reject
from feature_kernels.geo import farther_than, haversine_m
from feature_kernels.kernel import hot_kernel, lean_kernel

DERIVE_AFTER_US = 12e6  # speed is derived once it was not measured for so long
JUMP_FIXES = 3.0
REFUSED, TAKEN, ANEW = 0, 1, 2  # what became of a fix; ANEW = after a jump, nothing leads to it


@hot_kernel
def _reach(c, p, t, v, by_speed):
    """How far from the last fix one at t may lie, m.

    v : km/h of the same row, NaN = not measured; by_speed : m that the speeds since then explain,
    NaN = they say nothing.
    """
    dt = (t - c[POS_T]) / 1e6
    reach = p.jump_kmh / 3.6 * dt
    fastest = c[SPEED]
    if v > fastest:
        fastest = v
    if dt <= p.coarse_step_s:
        if t - c[MEASURED_T] <= FRESH_US and c[ZERO_VOID] == 0.0:
            slow = (2.0 * fastest / 3.6 + 10.0) * dt
            if slow < reach:
                reach = slow
    elif by_speed == by_speed and fastest >= p.move_kmh:
        since = c[POS_T]
        if c[SPEED_T] > since:
            since = c[SPEED_T]
        seconds = (t - since) / 1e6
        share = 0.25 if v == v else 0.5  # up and down again, or up only
        more = c[BY_SPEED_MORE_M] + share * p.reach_mps2 * seconds * seconds
        slow = p.outlier_ratio * by_speed + more
        if slow < reach:
            reach = slow
    return p.jump_slack_m + reach


@hot_kernel
def _by_speed(c, p, t, v):
    """Metres that the speeds since the last fix explain, up to v at t; NaN = none was measured."""
    if not t - c[POS_T] > p.coarse_step_s * 1e6 or c[ZERO_VOID] > 0.0 or c[KEPT] > 0.0:
        return np.nan
    if not c[SPEED_T] >= c[POS_T] - FRESH_US:
        return np.nan
    since = c[POS_T]
    if c[SPEED_T] > since:
        since = c[SPEED_T]
    last = v if v == v else c[SPEED]
    return c[BY_SPEED_M] + (c[SPEED] + last) / 7.2 * (t - since) / 1e6


@lean_kernel
def _stays_off(c, p, t, v, lat, lon, by_speed):
    """Tell whether a fix goes on from a doubted place and not from the last one that was taken.

    With time the reach grows over the doubted place too: what the speeds explain decides.
    """
    if not (by_speed == by_speed and v == v and t - c[JUMP_T] <= c[GAP_US]):
        return False
    since = (c[SPEED] + v) / 7.2 * (t - c[JUMP_T]) / 1e6
    if farther_than(c[JUMP_LAT], c[JUMP_LON], lat, lon, p.outlier_ratio * since + p.jump_slack_m):
        return False
    most = p.outlier_ratio * by_speed + p.jump_slack_m
    return farther_than(c[POS_LAT], c[POS_LON], lat, lon, most)


@hot_kernel
def feed_position(c, p, t, lat, lon, accuracy, v):
    """Take one fix. v : km/h that the same row measures, NaN = none. Returns what became of it."""
    if accuracy > p.accuracy_limit_m or (abs(lat) < 1e-6 and abs(lon) < 1e-6):
        reject(c, 1.0)
        return REFUSED
    if lat == c[POS_LAT] and lon == c[POS_LON]:
        measured = t - c[MEASURED_T] <= FRESH_US
        if (measured and c[SPEED] >= p.frozen_kmh) or c[KEPT] > 0.0:
            if not c[FROZEN_T] <= t:
                c[FROZEN_T] = t
            if t - c[FROZEN_T] >= p.frozen_s * 1e6:
                reject(c, 1.0)
            return REFUSED
    c[FROZEN_T] = np.nan
    became = TAKEN
    if t - c[POS_T] <= c[GAP_US]:
        by_speed = _by_speed(c, p, t, v)
        off = farther_than(c[POS_LAT], c[POS_LON], lat, lon, _reach(c, p, t, v, by_speed))
        if off or (c[JUMP_N] > 0.0 and _stays_off(c, p, t, v, lat, lon, by_speed)):
            again = c[JUMP_N] > 0.0
            if again:
                reach = p.jump_kmh / 3.6 * (t - c[JUMP_T]) / 1e6
                limit = p.jump_slack_m + reach
                again = not farther_than(c[JUMP_LAT], c[JUMP_LON], lat, lon, limit)
            if not again:
                c[JUMP_N] = 0.0
                c[JUMP_FIRST_T] = t
                note_jump(c, p, t, lat, lon, 1.0)
            c[JUMP_N] += 1.0
            c[JUMP_LAT] = lat
            c[JUMP_LON] = lon
            c[JUMP_T] = t
            if c[JUMP_N] < JUMP_FIXES or t - c[JUMP_FIRST_T] < p.jump_keep_s * 1e6:
                reject(c, 1.0)
                return REFUSED
            became = ANEW
            note_jump(c, p, t, lat, lon, 3.0)
        if became == TAKEN and t - c[POS_T] > p.coarse_step_s * 1e6:
            compare_leg(c, p, t, v, lat, lon, by_speed)
        else:
            c[BEFORE_T] = np.nan
    else:
        c[BEFORE_T] = np.nan
    c[JUMP_N] = 0.0
    c[POS_LAT] = lat
    c[POS_LON] = lon
    c[POS_T] = t
    c[BY_SPEED_M] = 0.0
    c[BY_SPEED_MORE_M] = 0.0
    return became


@hot_kernel
def follow_places(c, p, t, accuracy, became, derive, events, emitted):
    """After a fix was taken: derive the speed from places where none is measured."""
    if became == ANEW or not t - c[ANCHOR_T] <= c[GAP_US]:
        c[ANCHOR_LAT] = c[POS_LAT]
        c[ANCHOR_LON] = c[POS_LON]
        c[ANCHOR_T] = t
        if became == ANEW:
            c[CHORD_T] = np.nan
    elif derive:
        _derive(c, p, t, accuracy, events, emitted)


@lean_kernel
def _derive(c, p, t, accuracy, events, emitted):
    lat = c[POS_LAT]
    lon = c[POS_LON]
    seconds = (t - c[ANCHOR_T]) / 1e6
    metres = haversine_m(c[ANCHOR_LAT], c[ANCHOR_LON], lat, lon)
    least = p.derive_m
    if accuracy > least:
        least = accuracy
    if c[KEPT] > 0.0 and p.still_m > least:
        least = p.still_m
    moved = metres >= least and seconds >= p.derive_s
    if not moved and not (metres < least and seconds >= p.derive_stand_s):
        return
    v = 3.6 * metres / seconds if moved else 0.0
    accept_speed(c, p, t, v, True, c[ANCHOR_T], events, emitted)
    c[CLIMBED] = 1.0
    c[ANCHOR_T] = t
    if moved:  # else the place stays: a slow drift must not creep along
        c[ANCHOR_LAT] = lat
        c[ANCHOR_LON] = lon
