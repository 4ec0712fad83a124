"""What vibration leaves in an acceleration after the low-pass of the driving kernel."""

import math

import numpy as np
from numpy.typing import NDArray

from feature_kernels.kernel import kernel

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
        fourth = _fourth(t_us, accel, np.zeros(min(n, 1), np.int64), n)
    else:
        starts = np.linspace(0, n - _BLOCK_ROWS, _BLOCKS).astype(np.int64)
        fourth = _fourth(t_us, accel, starts, _BLOCK_ROWS)
    if fourth.size < 5:
        return 0.0
    noise = 1.4826 * float(np.median(fourth)) / math.sqrt(70.0)
    return noise * math.sqrt(CELL_US / 1e6 / (2.0 * smooth_s))


@kernel
def _fourth(t_us, accel, starts, rows):
    """Sizes of the fourth differences of means over five cells side by side: float64[m].

    starts : int64[k], first rows of the stretches to look at. rows : of a stretch.
    """
    found = np.empty(starts.size * rows)
    means, cells = np.empty(rows), np.empty(rows, np.int64)
    m = 0
    for first in starts:
        n, total, count = 0, 0.0, 0
        for i in range(first, first + rows):
            if np.isnan(accel[i]):
                continue
            cell = t_us[i] // CELL_US
            if n and cells[n - 1] == cell:
                total += accel[i]
                count += 1
            else:
                n, total, count = n + 1, accel[i], 1
                cells[n - 1] = cell
            means[n - 1] = total / count
        for i in range(4, n):
            if cells[i] - cells[i - 4] == 4:
                outer, inner = means[i - 4] + means[i], means[i - 3] + means[i - 1]
                found[m] = abs(outer - 4.0 * inner + 6.0 * means[i - 2])
                m += 1
    return found[:m]
