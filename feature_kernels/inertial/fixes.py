"""Speed and course as a receiver gives them: without repeats of an old fix and without noise."""

import math
from typing import NamedTuple

import numpy as np

from feature_kernels.geo import EARTH_M, farther_than
from feature_kernels.inertial.parameters import Parameters
from feature_kernels.inertial.smoothing import both_ways
from feature_kernels.kernel import kernel, lean_kernel

_GROUPS = 4096
"""Groups of five neighbours that say how large the noise is; more say nothing new."""


def repeats(t_us, speed_kmh, lat_deg, lon_deg, p: Parameters):
    """Rows in which an old fix is said again: speed and place of a moving car both as before.

    A receiver does so while it has no new fix, and so does a table whose slower columns were
    filled forward. What is said again is no measurement.

    t_us : int64[n], ascending. speed_kmh, lat_deg, lon_deg : float64[n], NaN = not measured.
    Returns bool[n]; of a run longer than repeat_s none: that car may stand.
    Complexity: O(n). Oracle: `tests/oracles/inertial.py`.
    """
    out = np.zeros(t_us.size, np.bool_)
    _repeats(t_us, speed_kmh, lat_deg, lon_deg, p.repeat_kmh, p.repeat_s * 1e6, out)
    return out


@lean_kernel
def _repeats(t_us, speed, lat, lon, least, longest_us, out):
    first, last = -1, -1
    for i in range(t_us.size + 1):
        if i < t_us.size and (math.isnan(speed[i]) or math.isnan(lat[i]) or math.isnan(lon[i])):
            continue
        moving = i < t_us.size and last >= 0 and speed[i] >= least
        if moving and speed[i] == speed[last] and lat[i] == lat[last] and lon[i] == lon[last]:
            last = i
            continue
        if last > first and t_us[last] - t_us[first] <= longest_us:
            for j in range(first + 1, last + 1):
                out[j] = not (math.isnan(speed[j]) or math.isnan(lat[j]) or math.isnan(lon[j]))
        first, last = i, i


def old_places(t_us, lat_deg, lon_deg, p: Parameters):
    """Rows in which an old place is said again: no car that stood there reaches the next one.

    t_us : int64[n], ascending. lat_deg, lon_deg : float64[n], NaN = not measured. A car from a
    stand comes leap_mps2 / 2 times the square of the time far, and fixes have noise of leap_m.
    Returns bool[n]. Complexity: O(n). Oracle: `tests/oracles/inertial.py`.
    """
    out = np.zeros(t_us.size, np.bool_)
    _old_places(t_us, lat_deg, lon_deg, p.leap_m, 0.5 * p.leap_mps2, out)
    return out


@lean_kernel
def _old_places(t_us, lat, lon, leap_m, half_mps2, out):
    first, last = -1, -1
    for i in range(t_us.size):
        if math.isnan(lat[i]) or math.isnan(lon[i]):
            continue
        if last >= 0 and lat[i] == lat[last] and lon[i] == lon[last]:
            last = i
            continue
        if last > first:
            seconds = (t_us[i] - t_us[last]) / 1e6
            reach = leap_m + half_mps2 * seconds * seconds
            if farther_than(lat[last], lon[last], lat[i], lon[i], reach):
                for j in range(first + 1, last + 1):
                    out[j] = not (math.isnan(lat[j]) or math.isnan(lon[j]))
        first, last = i, i


def courses(t_us, speed_kmh, lat_deg, lon_deg, p: Parameters):
    """Course of a moving car by its places, at least window_s before each and window_s after it.

    t_us : int64[n], ascending. speed_kmh, lat_deg, lon_deg : float64[n], NaN = not measured.
    Returns float64[n], degrees from north, NaN = unknown: slower than repeat_kmh, places or
    speeds further apart than even_s, or a chord that contradicts the speed. All are unknown where
    the noise of places makes more than course_mps2 of acceleration across.
    Complexity: O(n log n). Oracle: `tests/oracles/inertial.py`.
    """
    out = np.full(t_us.size, np.nan)
    rows = np.flatnonzero(~np.isnan(lat_deg) & ~np.isnan(lon_deg))
    t, kmh = t_us[rows], _speed_at(t_us[rows], t_us, speed_kmh, p.even_s)
    north = EARTH_M * np.radians(lat_deg[rows])
    east = EARTH_M * np.cos(np.radians(lat_deg[rows])) * np.radians(lon_deg[rows])
    reach_us = round(p.window_s * 1e6)
    before = np.searchsorted(t, t - reach_us, "right") - 1
    after = np.searchsorted(t, t + reach_us, "left")
    # Errors of a receiver wander: those of neighbours are alike, those over a window count.
    apart = max(1, round(float(np.median(np.arange(t.size) - before)))) if t.size else 1
    noise = max(look_at(t[::apart], axis[::apart]).noise for axis in (north, east))
    # Two chords of twice window_s, window_s apart, have four places.
    if t.size < 3 or noise / p.window_s**2 > p.course_mps2:
        return out
    known = np.flatnonzero((before >= 0) & (after < t.size) & (kmh >= p.repeat_kmh))
    first, last = before[known], after[known]
    near = np.maximum(t[known] - t[first], t[last] - t[known]) <= p.even_s * 1e6
    known, first, last = known[near], first[near], last[near]
    turned = (lon_deg[rows][last] - lon_deg[rows][first] + 180.0) % 360.0 - 180.0
    x = EARTH_M * np.radians(turned) * np.cos(np.radians(lat_deg[rows][known]))
    y = north[last] - north[first]
    way = kmh[known] / 3.6 * (t[last] - t[first]) / 1e6
    fits = np.abs(np.hypot(x, y) - way) <= 0.5 * way
    known, way = known[fits], way[fits]
    course = np.degrees(np.unwrap(np.arctan2(x[fits], y[fits])))
    found = np.empty(known.size)
    limits = p.steady_least_s * 1e6, p.steady_s * 1e6, p.even_s * 1e6, p.steady_sure
    steadied(t[known], course, np.degrees(math.sqrt(2.0) * noise / way), *limits, found)
    out[rows[known]] = found % 360.0
    return out


def _speed_at(at_us, t_us, speed_kmh, even_s):
    """Speeds on the straight line between two measured ones that are even_s from it at most."""
    known = np.flatnonzero(~np.isnan(speed_kmh))
    if known.size == 0:
        return np.full(at_us.size, np.nan)
    t = t_us[known]
    after = np.searchsorted(t, at_us, "left")
    first = np.maximum(np.where(t[np.minimum(after, t.size - 1)] == at_us, after, after - 1), 0)
    last = np.minimum(after, t.size - 1)
    far = np.maximum(np.abs(at_us - t[first]), np.abs(t[last] - at_us)) > even_s * 1e6
    return np.where(far, np.nan, np.interp(at_us, t, speed_kmh[known]))


class Look(NamedTuple):
    """What a column of a receiver looks like.

    noise : deviation, in its own unit; 0 = too few values. step_s : the usual step, 0 = none.
    held_share : of the values that equal the one before.
    """

    noise: float
    step_s: float
    held_share: float


def look_at(t_us, values, least=-math.inf) -> Look:
    """Look at the noise of a column: what no car does from one value to the next.

    t_us : int64[n], ascending; values : float64[n], NaN = not measured. Below `least` they do not
    count. At most some thousand groups of five neighbours are looked at.
    White noise of deviation s has fourth differences of deviation s sqrt(70); those of a motion
    vanish with the fourth power of the step. The median is not moved by single jumps.
    Complexity: O(n). Oracle: `tests/oracles/inertial.py`.
    """
    every = max(1, np.count_nonzero(~np.isnan(values)) // _GROUPS)
    fourth, steps = np.empty(2 * _GROUPS), np.empty((2 * _GROUPS, 4))
    groups, counted, held = _groups(t_us, values, least, every, fourth, steps)
    if groups < 5:
        return Look(0.0, 0.0, 0.0)
    fourth, steps = fourth[:groups], steps[:groups]
    usual = np.median(steps)
    even = fourth[(np.abs(steps - usual) <= 0.5 * usual).all(axis=1)]
    noise = 1.4826 * float(np.median(even)) / math.sqrt(70.0) if even.size >= 5 else 0.0
    return Look(noise, float(usual) / 1e6, held / counted)


@kernel
def _groups(t_us, values, least, every, fourth, steps):
    """Fourth differences and steps of every so manieth group of five neighbours; how many.

    Returns the groups, the values that count, and those of them that equal the one before.
    """
    v, t = np.empty(5), np.empty(5, np.int64)
    filled, groups, seen, counted, held = 0, 0, 0, 0, 0
    for i in range(t_us.size):
        if math.isnan(values[i]):
            continue
        if not values[i] >= least:
            filled = 0
            continue
        counted += 1
        if filled > 0 and values[i] == v[4]:
            held += 1
        for k in range(4):
            v[k], t[k] = v[k + 1], t[k + 1]
        v[4], t[4] = values[i], t_us[i]
        filled += 1
        if filled < 5:
            continue
        seen += 1
        if seen % every == 0 and groups < fourth.size:
            fourth[groups] = abs(v[0] - 4.0 * v[1] + 6.0 * v[2] - 4.0 * v[3] + v[4])
            for k in range(4):
                steps[groups, k] = t[k + 1] - t[k]
            groups += 1
    return groups, counted, held


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


def worth_it(look: Look, p: Parameters) -> bool:
    """Tell whether speeds (noise in km/h) are to be steadied.

    They are not where they are sparse (even_s) or quiet (noise_mps2), or held from row to row.
    """
    if not 0.0 < look.step_s <= p.even_s or look.held_share > p.held_share:
        return False
    return look.noise / 3.6 * math.sqrt(2.0) / max(p.window_s, look.step_s) > p.noise_mps2


def quiet(t_us, speed_kmh, heading_deg, look: Look, p: Parameters):
    """Speeds and courses without the noise of their receiver.

    t_us : int64[n], ascending; speed_kmh : float64[n], all measured; heading_deg : float64[n], NaN
    = not measured. look : at the speeds from repeat_kmh on. Returns both.
    Zeros stay zero: the receiver says that it stands.
    Complexity: as `steadied`.
    """
    limits = p.steady_least_s * 1e6, p.steady_s * 1e6, 2.5e6 * look.step_s, p.steady_sure
    speed = np.empty(t_us.size)
    steadied(t_us, speed_kmh, np.full(t_us.size, look.noise), *limits, speed)
    # A line through a curve lies on its inner side: what is lost so is slow, and given back, so
    # that the way keeps its length (twicing: Tukey, Exploratory Data Analysis, 1977).
    speed += both_ways(speed_kmh - speed, np.ones(t_us.size), look.step_s, p.steady_s)
    speed = np.where(speed_kmh == 0.0, 0.0, np.maximum(speed, 0.0))
    known = np.flatnonzero(~np.isnan(heading_deg) & (speed_kmh >= p.repeat_kmh))
    if known.size < 10:
        return speed, heading_deg
    course = np.degrees(np.unwrap(np.radians(heading_deg[known])))
    # Of a velocity with noise s at right angles to it the course has s / v.
    across = look_at(t_us[known], course).noise * float(np.median(speed[known]))
    found, heading = np.empty(known.size), heading_deg.copy()
    deviation = across / np.maximum(speed[known], p.repeat_kmh)
    steadied(t_us[known], course, deviation, *limits, found)
    heading[known] = found % 360.0
    return speed, heading
