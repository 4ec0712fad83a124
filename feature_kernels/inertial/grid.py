"""Bring accelerometer and gyroscope, each with its own clock, onto one even grid."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from feature_kernels.inertial.parameters import Parameters


class Inertial(NamedTuple):
    """A stretch without gaps, on an even grid.

    t_us      : int64[n], µs, grid_s apart
    accel     : float64[n, 3], m/s², in the frame of the file
    gyro      : float64[n, 3], rad/s, NaN = no gyroscope
    vibration : float64[n], m/s², root mean square about the mean of the second around
    """

    t_us: NDArray[np.int64]
    accel: NDArray[np.float64]
    gyro: NDArray[np.float64]
    vibration: NDArray[np.float64]


def stretches(t_us, accel, gyro, p: Parameters) -> list[Inertial]:
    """Cut a recording at its gaps and resample each piece.

    t_us : int64[n] ascending, µs. accel, gyro : float64[n, 3], NaN = not measured in that row.
    Values of a cell of the grid are averaged; a cell without one is interpolated.
    Complexity: O(n).
    """
    known = ~np.isnan(accel).any(axis=1)
    at, values = t_us[known], accel[known]
    turning = ~np.isnan(gyro).any(axis=1)
    gyro_at, rates = t_us[turning], gyro[turning]
    if at.size < 2:
        return []
    cuts = np.flatnonzero(np.diff(at) > p.gap_s * 1e6) + 1
    found = []
    for rows in np.split(np.arange(at.size), cuts):
        if at[rows[-1]] - at[rows[0]] < 2e6:
            continue
        start, end = int(at[rows[0]]), int(at[rows[-1]])
        step = round(p.grid_s * 1e6)
        grid = np.arange(start + step // 2, end, step, dtype=np.int64)
        means = _cells(at[rows], values[rows], grid, step)
        inside = (gyro_at >= start - 1_000_000) & (gyro_at <= end + 1_000_000)
        rate = np.full((grid.size, 3), np.nan)
        if np.sum(inside) >= 0.5 * (end - start) / (p.gap_s * 1e6):
            rate = _cells(gyro_at[inside], rates[inside], grid, step)
        found.append(Inertial(grid, means, rate, _vibration(at[rows], values[rows], grid)))
    return found


def _cells(at, values, grid, step):
    """Mean of the values of each cell, interpolated where it has none: float64[k, 3]."""
    cell = np.clip((at - (int(grid[0]) - step // 2)) // step, 0, grid.size - 1)
    count = np.bincount(cell, minlength=grid.size)
    full = np.flatnonzero(count)
    out = np.empty((grid.size, values.shape[1]))
    when = np.bincount(cell, at - grid[0], grid.size)[full] / count[full]
    for k in range(values.shape[1]):
        mean = np.bincount(cell, values[:, k], grid.size)[full] / count[full]
        out[:, k] = np.interp((grid - grid[0]).astype(np.float64), when, mean)
    return out


def _vibration(at, values, grid):
    """Deviation within the second around each grid point, m/s², of all three axes."""
    second = (at - at[0]) // 1_000_000
    count = np.maximum(np.bincount(second), 1)
    square = np.zeros(count.size)
    for k in range(values.shape[1]):
        mean = np.bincount(second, values[:, k]) / count
        square += np.bincount(second, (values[:, k] - mean[second]) ** 2) / count
    middle = at[0] + np.arange(count.size) * 1_000_000 + 500_000
    return np.interp((grid - at[0]).astype(float), (middle - at[0]).astype(float), np.sqrt(square))
