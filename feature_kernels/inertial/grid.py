"""Bring accelerometer and gyroscope, each with its own clock, onto one even grid."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from feature_kernels.inertial.parameters import Parameters
from feature_kernels.kernel import hot_kernel, lean_kernel


class Inertial(NamedTuple):
    """A stretch without gaps, on an even grid.

    t_us      : int64[n], µs, grid_s apart
    accel     : float64[n, 3], m/s², in the frame of the file
    gyro      : float64[n, 3], rad/s, NaN = no gyroscope
    vibration : float64[n], m/s², root mean square about the mean of the second around; empty where
                nobody asked for it
    """

    t_us: NDArray[np.int64]
    accel: NDArray[np.float64]
    gyro: NDArray[np.float64]
    vibration: NDArray[np.float64]


def stretches(t_us, accel, gyro, p: Parameters, vibration: bool = True) -> list[Inertial]:
    """Cut a recording at its gaps and resample each piece.

    t_us : int64[n] ascending, µs. accel, gyro : float64[n, 3], or three float64[n], NaN = not
    measured in that row. Nothing is copied where each column lies together in memory.
    vibration : whether it is computed.
    Values of a cell of the grid are averaged; a cell without one is interpolated.
    Complexity: O(n).
    Oracle: `tests/oracles/inertial_grid.py`.
    """
    t_us = np.ascontiguousarray(t_us, np.int64)
    felt, turning = columns_of(accel), columns_of(gyro)
    step = round(p.grid_s * 1e6)
    found = []
    for first, last in _bounds(t_us, felt, p.gap_s * 1e6):
        start, end = int(t_us[first]), int(t_us[last])
        if end - start < 2_000_000:
            continue
        grid = np.arange(start + step // 2, end, step, dtype=np.int64)
        means, _ = _cells(t_us, felt, first, last + 1, grid, step)
        inside = np.searchsorted(t_us, [start - 1_000_000, end + 1_000_001])
        rate, rows = _cells(t_us, turning, *inside, grid, step)
        if rows < max(0.5 * (end - start) / (p.gap_s * 1e6), 1.0):
            rate[:] = np.nan  # the gyroscope was off
        shaken = np.empty(grid.size if vibration else 0)
        if vibration:
            root = np.zeros((end - start) // 1_000_000 + 1)
            _vibration(t_us, *felt, first, last + 1, grid[0], step, root, shaken)
        found.append(Inertial(grid, means, rate, shaken))
    return found


def _bounds(t_us, felt, gap_us):
    bounds = np.empty((64, 2), np.int64)
    while True:
        pieces = _pieces(t_us, *felt, gap_us, bounds)
        if pieces <= bounds.shape[0]:
            return bounds[:pieces]
        bounds = np.empty((pieces, 2), np.int64)


def _cells(t_us, columns, first, last, grid, step):
    """Mean of each cell of the grid, float64[n, 3], and the number of measured rows.

    A cell without a row is interpolated.
    """
    mean, out = np.empty((grid.size, 4)), np.empty((grid.size, 3))
    full, rows = _cell_means(t_us, *columns, first, last, grid[0], step, mean)
    if full:
        _onto(mean, full, step, out)
    return out, rows


def columns_of(vectors):
    """Three contiguous columns of float64[n, 3], or of three float64[n]."""
    three = vectors if isinstance(vectors, tuple) else [vectors[:, k] for k in range(3)]
    return [np.ascontiguousarray(column, np.float64) for column in three]


@hot_kernel
def _absent(x, y, z, i):
    return np.isnan(x[i]) or np.isnan(y[i]) or np.isnan(z[i])


@lean_kernel
def _pieces(t_us, x, y, z, gap_us, bounds):
    """Write first and last measured row of each piece; return how many there are."""
    k, first, last = 0, -1, -1
    for i in range(t_us.size):
        if _absent(x, y, z, i):
            continue
        if first >= 0 and t_us[i] - t_us[last] > gap_us:
            if k < bounds.shape[0]:
                bounds[k, 0], bounds[k, 1] = first, last
            k += 1
            first = i
        if first < 0:
            first = i
        last = i
    if first < 0:
        return 0
    if k < bounds.shape[0]:
        bounds[k, 0], bounds[k, 1] = first, last
    return k + 1


@lean_kernel
def _cell_means(t_us, x, y, z, first, last, origin, step, mean):
    """Mean time (µs after origin) and values of the rows [first, last) in each cell that has any.

    origin : µs, middle of the first cell. mean : float64[cells, 4], written.
    Returns how many cells have rows, and how many rows are measured.
    """
    cells = mean.shape[0]
    full, count, cell, rows = 0, 0, 0, 0
    ends = origin - step // 2 + step
    at, a, b, c = 0.0, 0.0, 0.0, 0.0
    for i in range(first, last):
        if _absent(x, y, z, i):
            continue
        if t_us[i] >= ends and cell < cells - 1:
            if count > 0:
                _put_mean(mean, full, at, a, b, c, count)
                full += 1
            rows += count
            count = 0
            at, a, b, c = 0.0, 0.0, 0.0, 0.0
            while t_us[i] >= ends and cell < cells - 1:
                cell += 1
                ends += step
        count += 1
        at += float(t_us[i] - origin)
        a, b, c = a + x[i], b + y[i], c + z[i]
    if count > 0:
        _put_mean(mean, full, at, a, b, c, count)
        full += 1
    return full, rows + count


@hot_kernel
def _put_mean(mean, at, when, a, b, c, count):
    mean[at, 0], mean[at, 1], mean[at, 2], mean[at, 3] = (
        when / count, a / count, b / count, c / count,
    )  # fmt: skip


@lean_kernel
def _onto(mean, full, step, out):
    """Interpolate the means of the first `full` rows onto the grid: float64[cells, 3]."""
    j = 0
    for g in range(out.shape[0]):
        t = float(g * step)
        while j + 1 < full and mean[j + 1, 0] <= t:
            j += 1
        share = 0.0
        after = min(j + 1, full - 1)
        if after > j and t > mean[j, 0]:
            share = (t - mean[j, 0]) / (mean[after, 0] - mean[j, 0])
        for k in range(3):
            out[g, k] = (mean[after, k + 1] - mean[j, k + 1]) * share + mean[j, k + 1]


@lean_kernel
def _vibration(t_us, x, y, z, first, last, origin, step, root, out):
    """Deviation within the second around each grid point, m/s², of all three axes.

    root : float64[seconds], zeros: room for the deviation of each second.
    """
    begin, seconds = t_us[first], root.size
    i = first
    while i < last:
        second = (t_us[i] - begin) // 1_000_000
        ends = begin + (second + 1) * 1_000_000
        j, count = i, 0
        a, b, c = 0.0, 0.0, 0.0
        while j < last and t_us[j] < ends:
            if not _absent(x, y, z, j):
                count += 1
                a, b, c = a + x[j], b + y[j], c + z[j]
            j += 1
        if count > 0:
            a, b, c = a / count, b / count, c / count
            square = 0.0
            for k in range(i, j):
                if not _absent(x, y, z, k):
                    square += (x[k] - a) ** 2 + (y[k] - b) ** 2 + (z[k] - c) ** 2
            root[second] = np.sqrt(square / count)
        i = j
    second = 0
    for g in range(out.size):
        t = origin - begin + g * step - 500_000  # from the middle of the first second
        while second + 1 < seconds and t >= (second + 1) * 1_000_000:
            second += 1
        if t <= 0 or second + 1 == seconds:
            out[g] = root[second]
        else:
            share = (t - second * 1_000_000) / 1e6
            out[g] = (root[second + 1] - root[second]) * share + root[second]
