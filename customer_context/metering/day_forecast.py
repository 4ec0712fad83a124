"""Forecast of the next day by hour, from the meter's own past.

Each hour is a weighted mean of the same hour of past days: recent days count more, days of the
same kind (workday, day off) and of the same weekday more than others. The mean of four days that
"the same weekday" offers scatters much more. Use is skewed: a median has the smaller absolute
error and falls short in the sum, so a forecast is the lowest quantile, the same for each hour,
whose sum stays near the mean's. Holidays and guests last: a part of what the last three days were
above or below their kind's mean is taken over. Pure: the command, the meter's page and its expected
range share it.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Int64s = NDArray[np.int64]
Bools = NDArray[np.bool_]

HOURS = 24
PAST_DAYS = 56
LEAST_DAYS = 7
HALF_LIFE_DAYS = 14.0
OTHER_KIND = 0.35  # weight of a workday for a day off, and the other way round
SAME_WEEKDAY = 1.6
MOST_SHORT = 0.04  # the share by which the sum may fall below that of the mean
LEVEL_SHARES = tuple(0.5 + 0.02 * step for step in range(21))  # quantiles that are tried
NEIGHBOUR = 0.15  # weight of the hours before and after
RANGE = (0.1, 0.9)
LAST_DAYS = {1: 0.55, 2: 0.3, 3: 0.15}  # days before, with their weights
LAST_KIND = 0.6  # weight of the other kind of day, in the mean that they are compared with
TAKEN_OVER = 0.35  # of their level
LEVELS = (0.2, 2.5)  # of the last days, to their mean


def _weights(days: NDArray[np.int64], off: Floats, target: int, target_off: float) -> Floats:
    weight = 0.5 ** ((target - days) / HALF_LIFE_DAYS)
    weight = weight * np.where(off == target_off, 1.0, OTHER_KIND)
    return np.asarray(weight * np.where((target - days) % 7 == 0, SAME_WEEKDAY, 1.0), np.float64)


def _quantiles(values: Floats, weight: Floats, shares: tuple[float, ...]) -> Floats:
    """Weighted quantiles of columns, by the middle of each value's weight: float64[shares, k].

    values, weight : float64[n, k]; weight 0 and infinity where a value is not known
    Equal values stand in order of time, so that every machine finds the same.
    """
    order = np.argsort(values, axis=0, kind="stable")
    value = np.take_along_axis(values, order, axis=0)
    each = np.take_along_axis(weight, order, axis=0)
    value = np.where(np.isfinite(value), value, -np.inf)
    value = np.where(np.isfinite(value), value, value.max(axis=0))  # what is not known comes last
    total = np.cumsum(each, axis=0)
    middle = total - 0.5 * each
    found = np.empty((len(shares), values.shape[1]))
    last, column = values.shape[0] - 1, np.arange(values.shape[1])
    for out, share in zip(found, shares, strict=True):
        at = share * total[-1]
        row = np.count_nonzero(middle <= at, axis=0) - 1
        low, high = np.maximum(row, 0), np.minimum(row + 1, last)
        start, rise = middle[low, column], value[high, column] - value[low, column]
        run = middle[high, column] - start
        inside = (row >= 0) & (run > 0.0)
        out[:] = value[low, column]
        out[inside] += (rise[inside] / run[inside]) * (at[inside] - start[inside])
    return found


def _level(days: NDArray[np.int64], off: Floats, hourly_kwh: Floats, target: int) -> float:
    """Return the use of the last days, as a multiple of the mean of their kind; 1 = not known."""
    fine = np.isfinite(hourly_kwh)
    rows, shares = [], []
    for back, share in LAST_DAYS.items():
        at = np.flatnonzero(days == target - back)
        if at.size and fine[at[0]].all():
            rows.append(int(at[0]))
            shares.append(share)
    if not rows:
        return 1.0
    known = np.where(fine, hourly_kwh, 0.0)
    recent = 0.5 ** ((target - days) / HALF_LIFE_DAYS)
    weight = recent * np.where(off == off[rows][:, None], 1.0, LAST_KIND)
    sums = weight @ fine.astype(np.float64)
    means = ((weight @ known) / np.where(sums > 0.0, sums, 1.0)).sum(axis=1).tolist()
    total = weights = 0.0
    for row, share, mean in zip(rows, shares, means, strict=True):
        if mean > 0.0:
            total += share * float(known[row].sum()) / mean
            weights += share
    return min(max(total / weights, LEVELS[0]), LEVELS[1]) if weights > 0.0 else 1.0


def next_day(
    days: NDArray[np.int64], off: Floats, hourly_kwh: Floats, target: int, target_off: float
) -> tuple[Floats, Floats, Floats] | None:
    """Forecast the hours of a local day.

    days : int64[n], local days since 1970, ascending; off : float64[n], 1 = weekend or holiday
    hourly_kwh : float64[n, 24], NaN = not measured

    Returns float64[24] each: expected, low and high (80 of 100 hours lie between), kWh; None if
    fewer than seven days are known.
    """
    recent = (days < target) & (days >= target - PAST_DAYS)
    days, off, hourly_kwh = days[recent], off[recent], hourly_kwh[recent]
    if np.isfinite(hourly_kwh).any(axis=1).sum() < LEAST_DAYS:
        return None
    weight = _weights(days, off, target, target_off)[:, None]
    fine = np.isfinite(hourly_kwh)
    known = np.count_nonzero(fine, axis=0) >= LEAST_DAYS // 2
    if not known.any():
        return None
    each = weight * fine
    values = np.where(fine, hourly_kwh, np.inf)
    mean, low, high = (np.empty(HOURS) for _ in range(3))
    total = (np.where(fine, hourly_kwh, 0.0) * each).sum(axis=0)
    mean[known] = total[known] / each.sum(axis=0)[known]
    low[known], high[known] = _quantiles(values[:, known], each[:, known], RANGE)
    for part in (mean, low, high):
        part[~known] = np.mean(part[known])
    expected = _level_quantile(values, each, known, float(mean.sum()))
    expected = np.where(low >= 0.0, np.maximum(expected, 0.0), expected)
    if np.all(low >= 0.0):  # what exports has no level
        factor = 1.0 + TAKEN_OVER * (_level(days, off, hourly_kwh, target) - 1.0)
        expected, low, high = expected * factor, low * factor, high * factor
    return expected, np.minimum(low, expected), np.maximum(high, expected)


def _level_quantile(values: Floats, each: Floats, known: Bools, total: float) -> Floats:
    """Return the same quantile of each hour, the lowest whose sum falls short by `MOST_SHORT`.

    values, each : float64[n, 24], kWh and weight, infinity and 0 where not known; total : kWh

    Of all forecasts with that sum this has the least absolute error: an hour that were moved from
    the common quantile would gain less than another one loses.
    """
    sides = [np.roll(part, step, axis=1) for step in (1, -1) for part in (values, each)]
    near = np.concatenate((values, sides[0], sides[2]))[:, known]
    weight = np.concatenate((each, NEIGHBOUR * sides[1], NEIGHBOUR * sides[3]))[:, known]
    found = np.empty((len(LEVEL_SHARES), HOURS))
    found[:, known] = _quantiles(near, weight, LEVEL_SHARES)
    found[:, ~known] = found[:, known].mean(axis=1)[:, None]
    sums = found.sum(axis=1)
    goal = total - MOST_SHORT * max(total, 0.0)
    above = int(np.count_nonzero(sums < goal))
    if above in (0, sums.size):
        return np.asarray(found[min(above, sums.size - 1)])
    part = (goal - sums[above - 1]) / (sums[above] - sums[above - 1])
    return np.asarray(found[above - 1] + part * (found[above] - found[above - 1]))


def day_total(
    days: Int64s, off: Floats, daily_kwh: Floats, target: int, target_off: float
) -> tuple[float, float, float] | None:
    """Forecast the sum of a local day from the days before it.

    days, off : as in `next_day`; daily_kwh : float64[n], NaN = not measured

    Returns expected, low and high (80 of 100 days lie between), kWh; None as in `next_day`.
    """
    fine = (days < target) & (days >= target - PAST_DAYS) & np.isfinite(daily_kwh)
    if fine.sum() < LEAST_DAYS:
        return None
    days, off, kwh = days[fine], off[fine], daily_kwh[fine]
    weight = _weights(days, off, target, target_off)
    found = [float(np.average(kwh, weights=weight))]
    found += _quantiles(kwh[:, None], weight[:, None], RANGE)[:, 0].tolist()
    if kwh.min() >= 0.0:  # what exports has no level
        level = _level(days, off, kwh[:, None], target)
        found = [value * (1.0 + TAKEN_OVER * (level - 1.0)) for value in found]
    expected, low, high = found
    return expected, min(low, expected), max(high, expected)


def hours_of(
    local_us: NDArray[np.int64],
    length_us: NDArray[np.int64],
    energy_kwh: Floats,
    per_hour: int = 1,
) -> tuple[NDArray[np.int64], Floats]:
    """Add intervals up to local hours, or to `per_hour` equal parts of them.

    Returns int64[n] days without holes and float64[n, 24 · per_hour] kWh, NaN where less than the
    whole slot was measured. A slot that the clock repeats counts with its mean.
    """
    slots, slot_us = HOURS * per_hour, 3_600_000_000 // per_hour
    slot = local_us // slot_us
    first_day, last_day = int(slot.min() // slots), int(slot.max() // slots)
    at = (slot - first_day * slots).astype(np.int64)
    size = (last_day - first_day + 1) * slots
    energy = np.bincount(at, energy_kwh, size)
    measured = np.bincount(at, length_us, size) / slot_us
    known = np.where(measured >= 0.99, energy / np.maximum(measured, 1.0), np.nan)
    return np.arange(first_day, last_day + 1), known.reshape(-1, slots)
