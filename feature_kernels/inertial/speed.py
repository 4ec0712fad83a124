"""What GNSS or the car's bus say of the car's acceleration, on the grid of a stretch."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from feature_kernels.inertial.parameters import Parameters
from feature_kernels.inertial.smoothing import both_ways
from feature_kernels.kernel import kernel

EARTH_M = 6_371_008.8


class Motion(NamedTuple):
    """Motion by speed and course; NaN = not known.

    speed : float64[n], m/s. accel : float64[n], m/s², its change. yaw : float64[n], rad/s, change
    of the course, to the left positive; NaN below course_kmh.
    """

    speed: NDArray[np.float64]
    accel: NDArray[np.float64]
    yaw: NDArray[np.float64]


def paced(t_us, speed_kmh, lat_deg, lon_deg, p: Parameters) -> Parameters:
    """Parameters for the usual step between two speeds of a recording, or between two fixes.

    Two speeds that are seconds apart give the mean acceleration between them and nothing faster;
    so changes, blocks of evidence and what the accelerometer is corrected by are that slow too.
    Denser speeds leave the parameters as they are. Arguments as of `motion_of`.
    """
    rows = _known(speed_kmh)
    rows = rows if rows.size >= 2 else _known(lat_deg, lon_deg)
    if rows.size < 2:
        return p
    step_s = float(np.median(np.diff(t_us[rows]))) / 1e6
    if not p.sparse_s < step_s <= p.sparse_most_s:
        return p
    slow_s = p.sparse_band * step_s
    return p._replace(
        speed_gap_s=max(p.speed_gap_s, p.sparse_steps * step_s),
        band_s=max(p.band_s, slow_s),
        block_s=max(p.block_s, slow_s),
        complement_s=max(p.complement_s, step_s),
    )


def motion_of(grid_us, t_us, speed_kmh, lat_deg, lon_deg, heading_deg, p: Parameters) -> Motion:
    """Resample speed and course.

    grid_us : int64[n], even. t_us : int64[m], ascending; the columns float64[m], NaN = not
    measured, or empty = no such column. Speed and course come from the places where they are not
    measured themselves.
    Complexity: O(n + m).
    """
    nothing = np.full(grid_us.size, np.nan)
    fixed = _known(lat_deg, lon_deg)
    when, metres, course = _legs(t_us[fixed], lat_deg, lon_deg, fixed, p)
    speed, known = nothing, np.zeros(grid_us.size)
    rows = _known(speed_kmh)
    if rows.size >= 2:
        speed, known = _onto(grid_us, t_us[rows], speed_kmh[rows] / 3.6, p)
    elif when.size >= 2:
        speed, known = _onto(grid_us, when, metres, p)
    if not known.any():
        return Motion(nothing, nothing, nothing)
    smooth = both_ways(speed, known, p.grid_s, p.speed_smooth_s)
    smooth[known == 0.0] = np.nan
    yaw = nothing
    rows = _known(heading_deg)
    if rows.size >= 2:
        yaw = _yaw(grid_us, t_us[rows], np.radians(heading_deg[rows]), smooth, p)
    elif when.size >= 2:
        yaw = _yaw(grid_us, when, course, smooth, p)
    return Motion(smooth, np.gradient(smooth, p.grid_s), yaw)


def _known(*columns):
    """Rows in which all columns are measured."""
    if any(column.size == 0 for column in columns):
        return np.empty(0, np.int64)
    absent = np.isnan(columns[0])
    for column in columns[1:]:
        absent |= np.isnan(column)
    return np.flatnonzero(~absent)


@kernel
def _between(grid_us, t_us, values, gap_us, out, close):
    """Interpolate onto the grid; `close` is 1.0 between neighbours at most gap_us apart."""
    j, last = 0, t_us.size - 1
    for i in range(grid_us.size):
        t = grid_us[i]
        while j + 1 < last and t_us[j + 1] < t:
            j += 1
        step = t_us[j + 1] - t_us[j]
        out[i] = (values[j + 1] - values[j]) * ((t - t_us[j]) / step) + values[j]
        close[i] = 1.0 if step <= gap_us and t_us[0] <= t <= t_us[last] else 0.0
        if t <= t_us[0]:
            out[i] = values[0]
            close[i] = 1.0 if t == t_us[0] else 0.0
        elif t >= t_us[last]:
            out[i] = values[last]


def _onto(grid_us, t_us, values, p):
    """Interpolate onto the grid: values, and 1.0 where they lie between close neighbours."""
    out, close = np.empty(grid_us.size), np.empty(grid_us.size)
    _between(grid_us, t_us, np.ascontiguousarray(values), p.speed_gap_s * 1e6, out, close)
    return out, close


def _legs(t_us, lat_deg, lon_deg, fixed, p):
    """Between successive distinct fixes: time of the middle, m/s, course in rad."""
    if fixed.size < 2:
        return np.empty(0, np.int64), np.empty(0), np.empty(0)
    lat, lon = np.radians(lat_deg[fixed]), np.radians(lon_deg[fixed])
    moved = np.concatenate(([True], (np.diff(lat) != 0.0) | (np.diff(lon) != 0.0)))
    t_us, lat, lon = t_us[moved], lat[moved], lon[moved]
    if t_us.size < 2:
        return np.empty(0, np.int64), np.empty(0), np.empty(0)
    east = np.diff(lon) * np.cos(0.5 * (lat[1:] + lat[:-1])) * EARTH_M
    north = np.diff(lat) * EARTH_M
    middle = t_us[:-1] + np.diff(t_us) // 2
    return middle, np.hypot(east, north) / (np.diff(t_us) / 1e6), np.arctan2(east, north)


def _yaw(grid_us, t_us, course, speed, p):
    """Change of the course; compass courses grow to the right."""
    values, known = _onto(grid_us, t_us, np.unwrap(course), p)
    known = known * (speed >= p.course_kmh / 3.6)
    if not known.any():
        return np.full(grid_us.size, np.nan)
    smooth = both_ways(values, known, p.grid_s, p.speed_smooth_s)
    yaw = -np.gradient(smooth, p.grid_s)
    yaw[(known == 0.0) | (np.abs(yaw) > p.course_radps)] = np.nan
    return yaw
