"""The device's frame: gravity gives the vertical, changes of speed give the direction ahead."""

import math

import numpy as np

from feature_kernels.driving.carry import (
    CALIBRATION_S,
    COR_T,
    COR_V,
    COR_X,
    COR_Y,
    COR_Z,
    FRAME_ENERGY,
    FRAME_T,
    GRAV_S,
    GRAV_X,
    GRAV_Y,
    GRAV_Z,
    INT_S,
    INT_X,
    INT_Y,
    INT_Z,
    SPEED_ENERGY,
)
from feature_kernels.kernel import hot_kernel

MIN_GRAVITY_MPS2 = 5.0  # a mean below is an acceleration without gravity
MIN_CHANGE_MPS2 = 0.3  # slower changes of speed tell no direction
MEMORY_S = 600.0  # the correlation forgets, so that a device mounted anew is learnt anew


@hot_kernel
def feed_frame(c, p, t, x, y, z, out):
    """Take one acceleration in the device's frame, m/s².

    out : float64[6], receives forward, left and horizontal magnitude, NaN = not known yet, and the
    horizontal acceleration along the device's axes (the whole where the vertical is not known).
    """
    out[0] = np.nan
    out[1] = np.nan
    dt = (t - c[FRAME_T]) / 1e6
    c[FRAME_T] = t
    if not dt <= 2.0:
        dt = 0.0
    if c[GRAV_S] == 0.0:
        c[GRAV_X] = x
        c[GRAV_Y] = y
        c[GRAV_Z] = z
        c[GRAV_S] = 1e-3
    else:
        c[GRAV_S] += dt
        memory = c[GRAV_S] if c[GRAV_S] < p.gravity_s else p.gravity_s
        size = math.sqrt(x * x + y * y + z * z)
        if size <= 3.0 * 9.80665:  # an impact says nothing about the vertical
            share = dt / (memory + dt)
            c[GRAV_X] += share * (x - c[GRAV_X])
            c[GRAV_Y] += share * (y - c[GRAV_Y])
            c[GRAV_Z] += share * (z - c[GRAV_Z])
    gx = c[GRAV_X]
    gy = c[GRAV_Y]
    gz = c[GRAV_Z]
    g = math.sqrt(gx * gx + gy * gy + gz * gz)
    vertical = g >= MIN_GRAVITY_MPS2
    if vertical:
        x -= gx
        y -= gy
        z -= gz
        up = (x * gx + y * gy + z * gz) / (g * g)
        x -= up * gx
        y -= up * gy
        z -= up * gz
    size = math.sqrt(x * x + y * y + z * z)
    out[2] = size
    out[3] = x
    out[4] = y
    out[5] = z
    if size <= p.physical_mps2:
        c[INT_X] += x * dt
        c[INT_Y] += y * dt
        c[INT_Z] += z * dt
        c[INT_S] += dt
    cx = c[COR_X]
    cy = c[COR_Y]
    cz = c[COR_Z]
    square = cx * cx + cy * cy + cz * cz
    if c[CALIBRATION_S] < p.calibration_s or square <= 0.0:
        return
    best = c[SPEED_ENERGY] * c[FRAME_ENERGY]
    if square < p.calibration_quality * p.calibration_quality * best:
        return
    length = math.sqrt(square)
    out[0] = (x * cx + y * cy + z * cz) / length
    if vertical:  # left = up x forward
        lx = gy * cz - gz * cy
        ly = gz * cx - gx * cz
        lz = gx * cy - gy * cx
        across = math.sqrt(lx * lx + ly * ly + lz * lz)
        if across > 0.0:
            out[1] = (x * lx + y * ly + z * lz) / across


@hot_kernel
def correlate(c, p, t, v):
    """Take one speed, km/h: correlate its change with the acceleration felt meanwhile.

    A change is judged over a second at least, and where a speed that is held from row to row
    has moved: a column filled forward changes in steps of one row, which say nothing of that row.
    """
    dt = (t - c[COR_T]) / 1e6
    step_kmh = v - c[COR_V]
    if dt < p.window_s or (step_kmh == 0.0 and dt <= p.window_max_s):
        return
    c[COR_V] = v
    c[COR_T] = t
    covered = c[INT_S]
    ix = c[INT_X]
    iy = c[INT_Y]
    iz = c[INT_Z]
    c[INT_X] = 0.0
    c[INT_Y] = 0.0
    c[INT_Z] = 0.0
    c[INT_S] = 0.0
    if not (dt > 0.0 and dt <= p.window_max_s) or covered < 0.5 * dt:
        return
    a = step_kmh / 3.6 / dt
    if abs(a) < MIN_CHANGE_MPS2:
        return
    keep = 1.0 - dt / MEMORY_S
    weight = dt / (covered * covered)
    c[COR_X] = c[COR_X] * keep + a * ix / covered * dt
    c[COR_Y] = c[COR_Y] * keep + a * iy / covered * dt
    c[COR_Z] = c[COR_Z] * keep + a * iz / covered * dt
    c[SPEED_ENERGY] = c[SPEED_ENERGY] * keep + a * a * dt
    c[FRAME_ENERGY] = c[FRAME_ENERGY] * keep + (ix * ix + iy * iy + iz * iz) * weight
    c[CALIBRATION_S] += dt
