"""Weighted quantiles of the hours of past days, and how their last days compare with the mean."""

import numpy as np
from numpy.typing import NDArray

from feature_kernels.kernel import kernel, lean_kernel

Floats = NDArray[np.float64]
Int64s = NDArray[np.int64]
Bools = NDArray[np.bool_]


@lean_kernel
def _put_in_order(kwh, weight, hour, value, each):
    """Sort the known days of an hour by kWh, equal ones in order of time; return their number."""
    n = 0
    for day in range(weight.size):
        now = kwh[day, hour]
        if not np.isfinite(now):
            continue
        at = n
        while at > 0 and value[at - 1] > now:
            value[at], each[at] = value[at - 1], each[at - 1]
            at -= 1
        value[at], each[at] = now, weight[day]
        n += 1
    return n


@lean_kernel
def _merge(value, each, count, hour, beside, line, line_weight):
    """Merge an hour with those before and after it, which weigh `beside`; return their number.

    Of equal values the hour's own come first, then those of the hour before.
    """
    hours = count.size
    before, after = (hour - 1) % hours, (hour + 1) % hours
    i = j = k = 0
    n = count[hour] + count[before] + count[after]
    for at in range(n):
        own = value[hour, i] if i < count[hour] else np.inf
        early = value[before, j] if j < count[before] else np.inf
        late = value[after, k] if k < count[after] else np.inf
        if own <= early and own <= late:
            line[at], line_weight[at] = own, each[hour, i]
            i += 1
        elif early <= late:
            line[at], line_weight[at] = early, beside * each[before, j]
            j += 1
        else:
            line[at], line_weight[at] = late, beside * each[after, k]
            k += 1
    return n


@lean_kernel
def _read_off(value, weight, n, shares, middle, hour, found):
    """Fill `found[:, hour]` with the quantiles of n sorted values, shares ascending."""
    total = 0.0
    for i in range(n):
        total += weight[i]
        middle[i] = total - 0.5 * weight[i]
    row = -1
    for s in range(shares.size):
        at = shares[s] * total
        while row + 1 < n and middle[row + 1] <= at:
            row += 1
        low, high = max(row, 0), min(row + 1, n - 1)
        found[s, hour] = value[low]
        run = middle[high] - middle[low]
        if row >= 0 and run > 0.0:
            rise = value[high] - value[low]
            found[s, hour] += (rise / run) * (at - middle[low])


@kernel
def _of_hours(kwh, weight, least, shares, near_shares, beside):
    days, hours = kwh.shape
    value, each, count = np.empty((hours, days)), np.empty((hours, days)), np.zeros(hours, np.int64)
    line, line_weight, middle = np.empty(3 * days), np.empty(3 * days), np.empty(3 * days)
    known, mean = np.zeros(hours, np.bool_), np.zeros(hours)
    found, near = np.zeros((shares.size, hours)), np.zeros((near_shares.size, hours))
    for hour in range(hours):
        count[hour] = _put_in_order(kwh, weight, hour, value[hour], each[hour])
        known[hour] = count[hour] >= least
    for hour in range(hours):
        if not known[hour]:
            continue
        energy = total = 0.0
        for day in range(days):
            if np.isfinite(kwh[day, hour]):
                energy += kwh[day, hour] * weight[day]
                total += weight[day]
        mean[hour] = energy / total
        _read_off(value[hour], each[hour], count[hour], shares, middle, hour, found)
        if near_shares.size > 0:
            n = _merge(value, each, count, hour, beside, line, line_weight)
            _read_off(line, line_weight, n, near_shares, middle, hour, near)
    return known, mean, found, near


def quantiles_of_hours(
    kwh: Floats, weight: Floats, least: int, shares: Floats, near_shares: Floats, beside: float
) -> tuple[Bools, Floats, Floats, Floats]:
    """Return mean and quantiles of hours over past days.

    kwh : float64[n, hours], NaN = not measured; weight : float64[n], above 0
    least : days that an hour is known by, at least 1; shares, near_shares : ascending, below 1
    beside : weight of the hours before and after each, which `near_shares` are asked of too

    Returns bool[hours], which are known; float64[hours], their weighted mean; float64[shares,
    hours], weighted quantiles by the middle of each value's weight; float64[near_shares, hours],
    those with the hours beside. 0 where an hour is not known.

    Complexity: hours · n² / 4 steps of a sort by insertion, which few days are quickest with.
    Oracle: tests/oracles/day_forecast.py.
    """
    known, mean, found, near = _of_hours(kwh, weight, least, shares, near_shares, beside)
    return known, mean, found, near


@kernel
def _last_days(ago, off, kwh, recent, back, shares, other_kind):
    days, hours = kwh.shape
    level = weights = 0.0
    for b in range(back.size):
        row = -1
        for day in range(days):
            if ago[day] == back[b]:
                row = day
        if row < 0 or not np.isfinite(kwh[row]).all():
            continue
        mean = used = 0.0
        for hour in range(hours):
            energy = total = 0.0
            for day in range(days):
                if np.isfinite(kwh[day, hour]):
                    one = recent[day] if off[day] == off[row] else other_kind * recent[day]
                    energy += one * kwh[day, hour]
                    total += one
            mean += energy / total
            used += kwh[row, hour]
        if mean > 0.0:
            level += shares[b] * used / mean
            weights += shares[b]
    return level / weights if weights > 0.0 else 1.0


def level_of_last_days(
    ago: Int64s, off: Floats, kwh: Floats, recent: Floats, back: Int64s, shares: Floats,
    other_kind: float,
) -> float:  # fmt: skip
    """Return the use of the last days as a multiple of the mean day of their kind.

    ago : int64[n], how many days ago each was; off : float64[n], 1 = weekend or holiday
    kwh : float64[n, hours], NaN = not measured; recent : float64[n], weight of each in the mean,
    times `other_kind` for those of the other kind
    back, shares : the days ago that are compared, and their weights; those that are not whole, or
    whose mean is not above 0, are left out

    Returns 1 where none is left. Oracle: tests/oracles/day_forecast.py.
    """
    return float(_last_days(ago, off, kwh, recent, back, shares, other_kind))
