"""GNSS plausibility: 0/0, jumps, frozen fixes, bad accuracy; and speed from places."""

import numpy as np

from feature_kernels.driving.carry import (
    ANCHOR_LAT,
    ANCHOR_LON,
    ANCHOR_T,
    FROZEN_T,
    JUMP_FIRST_T,
    JUMP_LAT,
    JUMP_LON,
    JUMP_N,
    JUMP_T,
    MEASURED_T,
    POS_LAT,
    POS_LON,
    POS_T,
    REJECTED,
    SPEED,
)
from feature_kernels.driving.events import FRESH_US
from feature_kernels.driving.geo import farther_than, haversine_m
from feature_kernels.driving.motion import accept_speed
from feature_kernels.kernel import hot_kernel, lean_kernel

DERIVE_AFTER_US = 12e6  # speed is derived once it was not measured for so long
JUMP_FIXES = 3.0


@hot_kernel
def feed_position(c, p, t, lat, lon, accuracy, has_speed, events, emitted):
    """Take one fix. has_speed : the same row measures a speed."""
    if accuracy > p.accuracy_limit_m or (abs(lat) < 1e-6 and abs(lon) < 1e-6):
        c[REJECTED] += 1.0
        return
    measured = t - c[MEASURED_T] <= FRESH_US
    if lat == c[POS_LAT] and lon == c[POS_LON] and measured and c[SPEED] >= p.frozen_kmh:
        if not c[FROZEN_T] <= t:
            c[FROZEN_T] = t
        if t - c[FROZEN_T] >= p.frozen_s * 1e6:
            c[REJECTED] += 1.0
        return
    c[FROZEN_T] = np.nan
    jumped = False
    if t - c[POS_T] <= p.gap_s * 1e6:
        dt = (t - c[POS_T]) / 1e6
        reach = p.jump_kmh / 3.6 * dt
        if measured and dt <= 10.0:
            slow = (2.0 * c[SPEED] / 3.6 + 10.0) * dt
            if slow < reach:
                reach = slow
        if farther_than(c[POS_LAT], c[POS_LON], lat, lon, p.jump_slack_m + reach):
            again = c[JUMP_N] > 0.0
            if again:
                reach = p.jump_kmh / 3.6 * (t - c[JUMP_T]) / 1e6
                limit = p.jump_slack_m + reach
                again = not farther_than(c[JUMP_LAT], c[JUMP_LON], lat, lon, limit)
            if not again:
                c[JUMP_N] = 0.0
                c[JUMP_FIRST_T] = t
            c[JUMP_N] += 1.0
            c[JUMP_LAT] = lat
            c[JUMP_LON] = lon
            c[JUMP_T] = t
            if c[JUMP_N] < JUMP_FIXES or t - c[JUMP_FIRST_T] < p.jump_keep_s * 1e6:
                c[REJECTED] += 1.0
                return
            jumped = True
    c[JUMP_N] = 0.0
    c[POS_LAT] = lat
    c[POS_LON] = lon
    c[POS_T] = t
    if jumped or not t - c[ANCHOR_T] <= p.gap_s * 1e6:
        _anchor(c, lat, lon, t)
    elif not has_speed and not t - c[MEASURED_T] <= DERIVE_AFTER_US:
        _derive(c, p, t, lat, lon, accuracy, events, emitted)


@lean_kernel
def _anchor(c, lat, lon, t):
    c[ANCHOR_LAT] = lat
    c[ANCHOR_LON] = lon
    c[ANCHOR_T] = t


@lean_kernel
def _derive(c, p, t, lat, lon, accuracy, events, emitted):
    seconds = (t - c[ANCHOR_T]) / 1e6
    metres = haversine_m(c[ANCHOR_LAT], c[ANCHOR_LON], lat, lon)
    least = p.derive_m
    if accuracy > least:
        least = accuracy
    moved = metres >= least and seconds >= p.derive_s
    if not moved and not (metres < least and seconds >= p.derive_stand_s):
        return
    v = 3.6 * metres / seconds if moved else 0.0
    accept_speed(c, p, t, v, True, c[ANCHOR_T], events, emitted)
    c[ANCHOR_T] = t
    if moved:  # else the place stays: a slow drift must not creep along
        c[ANCHOR_LAT] = lat
        c[ANCHOR_LON] = lon
