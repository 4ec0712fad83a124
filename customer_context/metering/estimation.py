"""Estimate what a meter did not send, from like days, and share a known sum out over it. Pure.

Like days are those before the hole: later ones count more, days of the same kind (workday, day off)
more than others, and days as warm as the missing one more than colder or warmer ones. Where a sum
is known (a register was read before and after) the estimates are scaled to it in whole
milliwatt-hours, so that nothing is lost by rounding (largest remainder).

Source: docs/field/consumption.md (estimation rules: proxy day, averaging, proration).
Oracle: tests/oracles/validation.py
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Int64s = NDArray[np.int64]
Bools = NDArray[np.bool_]

DAY_US = 86_400_000_000
HOUR_US = 3_600_000_000
MWH_PER_KWH = 1_000_000
PAST_DAYS = 56
HALF_LIFE_DAYS = 14.0
OTHER_KIND = 0.2  # weight of a workday for a day off, and the other way round
ALIKE_K = 2.0  # a day this much colder or warmer weighs 0.61


@dataclass(frozen=True, slots=True)
class Series:
    """Intervals of a meter, ascending, without overlaps.

    start_us, end_us : int64[n]; local_us : int64[n], start as local wall time
    energy_kwh : float64[n], NaN = missing
    given : bool[n], sent by the meter and usable; else estimated by us, or missing
    """

    start_us: Int64s
    end_us: Int64s
    local_us: Int64s
    energy_kwh: Floats
    given: Bools


@dataclass(frozen=True, slots=True)
class Days:
    """What is known of local days since 1970, from `first` on, without holes.

    off : float64[d], 1 = weekend or holiday; celsius : float64[d], mean temperature, NaN = unknown
    """

    first: int
    off: Floats
    celsius: Floats


def day_weights(days: Days, target: int) -> tuple[int, Floats]:
    """Return the first past day and the weights of the past days for the day `target`.

    target : index into `days`.
    """
    first = max(target - PAST_DAYS, 0)
    age = target - np.arange(first, target)
    weight = 0.5 ** (age / HALF_LIFE_DAYS)
    weight = weight * np.where(days.off[first:target] == days.off[target], 1.0, OTHER_KIND)
    apart = (days.celsius[first:target] - days.celsius[target]) / ALIKE_K
    alike = np.exp(-0.5 * np.minimum(apart * apart, 50.0))
    return first, np.asarray(weight * np.where(np.isnan(apart), 1.0, alike), np.float64)


def from_like_days(series: Series, rows: Int64s, days: Days, step_us: int) -> Floats:
    """Estimate rows of a series from like days before them.

    rows : int64[k], indices; step_us : usual length of an interval, µs

    Returns float64[k], kWh; NaN where no like day was measured at that time of day.
    """
    slots = -(-DAY_US // step_us)
    day = series.local_us // DAY_US - days.first
    slot = series.local_us % DAY_US // step_us
    size = days.off.size * slots
    use = series.given
    at = (day * slots + slot)[use]
    length = (series.end_us - series.start_us) / HOUR_US
    energy = np.bincount(at, series.energy_kwh[use], size).reshape(-1, slots)
    hours = np.bincount(at, length[use], size).reshape(-1, slots)
    power = energy / np.where(hours > 0.0, hours, 1.0)
    found = np.full(rows.size, np.nan)
    for target in np.unique(day[rows]).tolist():
        first, weight = day_weights(days, target)
        known = (hours[first:target] > 0.0) * weight[:, None]
        total = known.sum(axis=0)
        mean = (known * power[first:target]).sum(axis=0) / np.where(total > 0.0, total, np.nan)
        mine = np.flatnonzero(day[rows] == target)
        found[mine] = mean[slot[rows[mine]]] * length[rows[mine]]
    return found


def share_out(total: int, weights: Floats) -> Int64s:
    """Divide a whole number by weights; the parts are whole and add up to it.

    total : at least 0; weights : float64[n], at least 0; all zero = equal parts
    """
    if not weights.size:
        return np.zeros(0, np.int64)
    whole = float(weights.sum())
    exact = total * (weights / whole if whole > 0.0 else np.full(weights.size, 1 / weights.size))
    parts = np.floor(exact).astype(np.int64)
    left = total - int(parts.sum())
    each, more = divmod(left, weights.size)
    parts += each
    parts[np.argsort(parts - exact, kind="stable")[:more]] += 1
    return parts
