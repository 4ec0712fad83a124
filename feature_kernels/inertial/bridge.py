"""Speed through a silence of GNSS or bus, by the accelerometer along the car's axes."""

import numpy as np

from feature_kernels.inertial.parameters import Parameters


def bridged(grid_us, along, lag_s: float, t_us, speed_kmh, p: Parameters):
    """Speed at the points of a grid that lie in a silence between two measured speeds.

    The speed before, and the sum of acceleration since; what is missing to the speed after is
    spread evenly over the silence, as a constant error of the acceleration would be.

    grid_us : int64[n], even. along : float64[n], m/s², forward, of the same stretch.
    lag_s : how much later speeds are than accelerations.
    t_us : int64[m], ascending; speed_kmh : float64[m], all measured.
    Returns float64[n], km/h as the source of speed would say it, with its lag. NaN = the speeds
    around are close together (speed_gap_s) or too far apart (bridge_s), or the accelerometer
    contradicts them (bridge_mps2).
    Invariants: a constant error of `along` changes nothing within bridge_mps2.
    Complexity: O(n + m).
    Source: strapdown integration aided by fixes (Titterton and Weston, Strapdown Inertial
    Navigation Technology, 2004).
    Oracle: `tests/oracles/inertial.py`.
    """
    out = np.full(grid_us.size, np.nan)
    if not (np.diff(t_us) > p.speed_gap_s * 1e6).any():
        return out  # as mostly: no silence
    after = np.searchsorted(t_us, grid_us)
    rows = np.flatnonzero((after > 0) & (after < t_us.size))
    after = after[rows]
    seconds = (t_us[after] - t_us[after - 1]) / 1e6
    silent = (seconds > p.speed_gap_s) & (seconds <= p.bridge_s)
    if not silent.any():
        return out
    rows, after, seconds = rows[silent], after[silent], seconds[silent]
    origin = int(grid_us[0])
    said_s, here_s = (t_us - origin) / 1e6, (grid_us - origin) / 1e6
    felt_s, gained = here_s + lag_s, np.cumsum(along) * p.grid_s
    start, now, end = (
        np.interp(at, felt_s, gained) for at in (said_s[after - 1], here_s[rows], said_s[after])
    )
    first, last = speed_kmh[after - 1] / 3.6, speed_kmh[after] / 3.6
    wrong = (last - first - (end - start)) / seconds
    speed = first + (now - start) + wrong * (here_s[rows] - said_s[after - 1])
    known = (said_s[after - 1] >= felt_s[0]) & (said_s[after] <= felt_s[-1])
    known &= np.abs(wrong) <= p.bridge_mps2
    out[rows[known]] = 3.6 * np.maximum(speed[known], 0.0)
    return out
