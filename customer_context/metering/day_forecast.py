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

from feature_kernels.baseline import level_of_last_days, quantiles_of_hours

Floats = NDArray[np.float64]
Int64s = NDArray[np.int64]

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
_RANGE, _LEVEL_SHARES, _NONE = np.array(RANGE), np.array(LEVEL_SHARES), np.empty(0)
_LAST_BACK, _LAST_SHARES = np.array([*LAST_DAYS]), np.array([*LAST_DAYS.values()])


def _weights(days: NDArray[np.int64], off: Floats, target: int, target_off: float) -> Floats:
    weight = 0.5 ** ((target - days) / HALF_LIFE_DAYS)
    weight = weight * np.where(off == target_off, 1.0, OTHER_KIND)
    return np.asarray(weight * np.where((target - days) % 7 == 0, SAME_WEEKDAY, 1.0), np.float64)


def _level(days: Int64s, off: Floats, hourly_kwh: Floats, target: int) -> float:
    """Return the use of the last days, as a multiple of the mean of their kind; 1 = not known."""
    ago = target - days
    recent = 0.5 ** (ago / HALF_LIFE_DAYS)
    level = level_of_last_days(ago, off, hourly_kwh, recent, _LAST_BACK, _LAST_SHARES, LAST_KIND)
    return min(max(level, LEVELS[0]), LEVELS[1])


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
    weight = _weights(days, off, target, target_off)
    known, mean, (low, high), near = quantiles_of_hours(
        hourly_kwh, weight, LEAST_DAYS // 2, _RANGE, _LEVEL_SHARES, NEIGHBOUR
    )
    if not known.all():
        if not known.any():
            return None
        for part in (mean, low, high):
            part[~known] = np.mean(part[known])
        near[:, ~known] = near[:, known].mean(axis=1)[:, None]
    expected = _level_quantile(near, float(mean.sum()))
    expected = np.where(low >= 0.0, np.maximum(expected, 0.0), expected)
    if np.all(low >= 0.0):  # what exports has no level
        factor = 1.0 + TAKEN_OVER * (_level(days, off, hourly_kwh, target) - 1.0)
        expected, low, high = expected * factor, low * factor, high * factor
    return expected, np.minimum(low, expected), np.maximum(high, expected)


def _level_quantile(found: Floats, total: float) -> Floats:
    """Return the same quantile of each hour, the lowest whose sum falls short by `MOST_SHORT`.

    found : float64[shares, 24], of `LEVEL_SHARES`, kWh; total : kWh

    Of all forecasts with that sum this has the least absolute error: an hour that were moved from
    the common quantile would gain less than another one loses.
    """
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
    found += quantiles_of_hours(kwh[:, None], weight, 1, _RANGE, _NONE, 0.0)[2][:, 0].tolist()
    if kwh.min() >= 0.0:  # what exports has no level
        level = _level(days, off, kwh[:, None], target)
        found = [value * (1.0 + TAKEN_OVER * (level - 1.0)) for value in found]
    expected, low, high = found
    return expected, min(low, expected), max(high, expected)


def warm_up() -> None:
    """Load what a forecast needs, by forecasting a day by hour and in all."""
    days = np.arange(LEAST_DAYS)
    off, kwh = np.zeros(LEAST_DAYS), np.ones((LEAST_DAYS, HOURS))
    next_day(days, off, kwh, LEAST_DAYS, 0.0)
    day_total(days, off, kwh.sum(axis=1), LEAST_DAYS, 0.0)


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
