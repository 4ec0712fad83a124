"""What vibration leaves in an acceleration after the low-pass of the driving kernel."""

import math

import numpy as np
from numpy.typing import NDArray

CELL_US = 200_000
"""Noise is looked at in means over 0.2 s, near 2.5 Hz: manoeuvres are slower, and most of what a
car vibrates with above 5 Hz is averaged out here, as it is by the low-pass; own."""
_BLOCKS, _BLOCK_ROWS = 8, 1_280
"""So many stretches of a long recording, of so many rows, say how large the noise is."""
PEAK_OF_FOUR = 1.03
"""Expected maximum of four independent standard normal values (Tippett, Biometrika 17 (1925)
364-387): a low-pass of 0.4 s has as many of them in a manoeuvre of 3 s."""


def left_noise(t_us: NDArray[np.int64], accel: NDArray[np.float64], smooth_s: float) -> float:
    """Return the deviation, m/s², of what a low-pass leaves of the noise in an acceleration.

    t_us : int64[n], ascending. accel : float64[n], m/s², NaN = not measured. smooth_s : time
    constant of the low-pass, which forgets exponentially.

    Noise of density N has the variance N / cell in means over a cell, and N / (2 smooth_s) after
    the low-pass. Its fourth differences have a deviation of sqrt(70) times its own; those of a
    motion are small, and their median is not moved by bumps. 0 where too little is measured.
    At most some thousand means are looked at.
    Complexity: O(n). Oracle: `tests/oracles/inertial.py`.
    """
    n = t_us.size
    if n <= _BLOCKS * _BLOCK_ROWS:
        fourth = _fourth(t_us, accel)
    else:
        starts = np.linspace(0, n - _BLOCK_ROWS, _BLOCKS).astype(np.int64)
        blocks = [slice(start, start + _BLOCK_ROWS) for start in starts.tolist()]
        fourth = np.concatenate([_fourth(t_us[block], accel[block]) for block in blocks])
    if fourth.size < 5:
        return 0.0
    noise = 1.4826 * float(np.median(fourth)) / math.sqrt(70.0)
    return noise * math.sqrt(CELL_US / 1e6 / (2.0 * smooth_s))


def _fourth(t_us: NDArray[np.int64], accel: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sizes of the fourth differences of means over five cells side by side."""
    known = np.flatnonzero(~np.isnan(accel))
    if known.size < 5:
        return np.empty(0)
    cell = t_us[known] // CELL_US
    first = np.flatnonzero(np.concatenate(([True], np.diff(cell) > 0)))
    counts = np.diff(np.concatenate((first, [known.size])))
    means = np.add.reduceat(accel[known], first) / counts
    at = cell[first]
    if at.size < 5:
        return np.empty(0)
    even = at[4:] - at[:-4] == 4
    found: NDArray[np.float64] = np.abs(np.diff(means, 4))[even]
    return found
