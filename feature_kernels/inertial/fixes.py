"""Speed and course as a receiver gives them: without repeats of an old fix and without noise."""

import math

import numpy as np

from feature_kernels.inertial.parameters import Parameters
from feature_kernels.kernel import kernel


def repeats(t_us, speed_kmh, lat_deg, lon_deg, p: Parameters):
    """Rows in which an old fix is said again: speed and place of a moving car both as before.

    A receiver does so while it has no new fix, and so does a table whose slower columns were
    filled forward. What is said again is no measurement.

    t_us : int64[n], ascending. speed_kmh, lat_deg, lon_deg : float64[n], NaN = not measured.
    Returns bool[n]; of a run longer than repeat_s none: that car may stand.
    Complexity: O(n). Oracle: `tests/oracles/inertial.py`.
    """
    out = np.zeros(t_us.size, np.bool_)
    rows = np.flatnonzero(~(np.isnan(speed_kmh) | np.isnan(lat_deg) | np.isnan(lon_deg)))
    if rows.size < 2:
        return out
    same = speed_kmh[rows[1:]] >= p.repeat_kmh
    for column in (speed_kmh, lat_deg, lon_deg):
        same &= column[rows[1:]] == column[rows[:-1]]
    edges = np.flatnonzero(np.diff(np.concatenate(([False], same, [False])).astype(np.int8)))
    for first, last in zip(edges[::2], edges[1::2], strict=True):
        if t_us[rows[last]] - t_us[rows[first]] <= p.repeat_s * 1e6:
            out[rows[first + 1 : last + 1]] = True
    return out


def noise_of(t_us, values):
    """Deviation of the noise of even values: what no car does from one to the next.

    t_us : int64[n], ascending; values : float64[n], all measured. 0 = too few values.
    White noise of deviation s has fourth differences of deviation s sqrt(70); those of a motion
    vanish with the fourth power of the step. The median is not moved by single jumps.
    """
    if t_us.size < 10:
        return 0.0
    steps = np.diff(t_us)
    even = np.abs(steps - np.median(steps)) <= 0.5 * np.median(steps)
    fourth = np.abs(np.diff(values, 4))
    fourth = fourth[even[:-3] & even[1:-2] & even[2:-1] & even[3:]]
    return 1.4826 * float(np.median(fourth)) / math.sqrt(70.0) if fourth.size >= 5 else 0.0


@kernel
def steadied(t_us, values, noise, least_us, most_us, gap_us, sure, out):
    """Fit a straight line around each value, over as long as the values allow it.

    Around each row the line is fitted to the rows within least_us on both sides, and to ever more
    as long as the intervals of confidence of its value at the row still have a point in common;
    the last fit is taken. So noise is averaged where speed is steady or changes evenly, and a
    braking stays as it is.

    t_us : int64[n], ascending. values : float64[n]. noise : float64[n], deviation of each.
    least_us, most_us : on each side. gap_us : no fit reaches over a longer step. sure : deviations.
    out : float64[n], written.
    Complexity: O(n k), k rows within most_us.
    Source: intersection of confidence intervals (Katkovnik, IEEE Transactions on Signal Processing
    47 (1999) 2567-2571, 10.1109/78.782208).
    Oracle: `tests/oracles/inertial.py`.
    """
    n = t_us.size
    for i in range(n):
        best, low, high = values[i], values[i] - sure * noise[i], values[i] + sure * noise[i]
        count, x, y, xx, xy = 1.0, 0.0, 0.0, 0.0, 0.0
        square = noise[i] * noise[i]
        k = 1
        while i - k >= 0 and i + k < n:
            before, after = i - k, i + k
            if t_us[i] - t_us[before] > most_us or t_us[after] - t_us[i] > most_us:
                break
            if t_us[before + 1] - t_us[before] > gap_us or t_us[after] - t_us[after - 1] > gap_us:
                break
            for j in (before, after):
                at, value = (t_us[j] - t_us[i]) / 1e6, values[j] - values[i]
                count, x, y, xx, xy = count + 1.0, x + at, y + value, xx + at * at, xy + at * value
                square += noise[j] * noise[j]
            k += 1
            size = count * xx - x * x
            level = (y * xx - x * xy) / size
            fit = values[i] + level
            spread = sure * math.sqrt(square / count * xx / size)
            within = t_us[i] - t_us[before] <= least_us and t_us[after] - t_us[i] <= least_us
            low = fit - spread if within else max(low, fit - spread)
            high = fit + spread if within else min(high, fit + spread)
            if low > high:
                break
            best = fit
        out[i] = best


def quiet(t_us, speed_kmh, heading_deg, p: Parameters):
    """Speeds and courses without the noise of their receiver, where it is worth it.

    t_us : int64[n], ascending; speed_kmh : float64[n], all measured; heading_deg : float64[n], NaN
    = not measured. Returns both, and the deviation of the speed's noise, m/s; 0 = they are as they
    were, because they are sparse (even_s) or quiet (noise_mps2), or held from row to row.
    Zeros stay zero: the receiver says that it stands.
    Complexity: as `steadied`.
    """
    none = speed_kmh, heading_deg, 0.0
    if t_us.size < 10:
        return none
    step_s = float(np.median(np.diff(t_us))) / 1e6
    moving = speed_kmh >= p.repeat_kmh
    held = (np.diff(speed_kmh) == 0.0) & moving[1:]
    if not 0.0 < step_s <= p.even_s or np.sum(held) > p.held_share * max(np.sum(moving), 1):
        return none
    noise = noise_of(t_us[moving], speed_kmh[moving] / 3.6)
    if noise * math.sqrt(2.0) / max(p.window_s, step_s) <= p.noise_mps2:
        return none
    limits = p.steady_least_s * 1e6, p.steady_s * 1e6, 2.5 * step_s * 1e6, p.steady_sure
    speed = np.empty(t_us.size)
    steadied(t_us, speed_kmh, np.full(t_us.size, 3.6 * noise), *limits, speed)
    speed = np.where(speed_kmh == 0.0, 0.0, np.maximum(speed, 0.0))
    known = np.flatnonzero(~np.isnan(heading_deg) & moving)
    if known.size < 10:
        return speed, heading_deg, noise
    course = np.degrees(np.unwrap(np.radians(heading_deg[known])))
    # Of a velocity with noise s at right angles to it the course has s / v.
    across = noise_of(t_us[known], np.radians(course)) * float(np.median(speed[known])) / 3.6
    found, heading = np.empty(known.size), heading_deg.copy()
    deviation = np.degrees(across * 3.6 / np.maximum(speed[known], p.repeat_kmh))
    steadied(t_us[known], course, deviation, *limits, found)
    heading[known] = found % 360.0
    return speed, heading, noise
