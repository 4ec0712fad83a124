"""What the hours within days show about heating and cooling, beside the days' sums.

Within a day the temperature rises and falls by more than the mean of a day differs from that of the
next, often across a balance point. So the hours show slopes and balance points, if the home answers
the temperature of the hour, sooner or later, and nothing else does so with it. That is asked first:

- the slopes by the hours must be those by the days;
- the rhythm of the day must be the same on cold, mild and hot days: a thermostat that is lower at
  night, or people who cook when it is cold, change it.

Where either fails the hours say nothing, and the days alone are used.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from customer_context.metering.climate import climate_of
from customer_context.metering.weather_model import Floats, Int64s, Temperatures
from feature_kernels.baseline import (
    FIRST_LAG,
    Hours,
    Witness,
    beside_degrees,
    explained_by_lag,
    products_with_use,
    without_rhythm,
)

INERTIAS_H = (0.0, 2.0, 4.0, 8.0, 16.0)  # light to heavy houses
MOST_APART = 2.0  # standard errors, between slopes by hours and by days ...
APART_SHARE = 0.1  # ... and this share of them
SAME_RHYTHM = 46.0  # chi² of 23 hours' differences; above it by chance in 3 of 1,000 homes
LEAST_DAYS = 60


@dataclass(frozen=True, slots=True)
class DayHours:
    """Hourly use of whole days.

    start_us : int64[d]; rows : int64[d], the day's index among all days; kwh : float64[d, 24]
    """

    start_us: Int64s
    rows: Int64s
    kwh: Floats

    def part(self, keep: NDArray[np.bool_]) -> "DayHours":
        """Return the hours of the days that are kept."""
        index = np.cumsum(keep) - 1
        mine = keep[self.rows]
        return DayHours(self.start_us[mine], index[self.rows[mine]], self.kwh[mine])


@dataclass(frozen=True, slots=True)
class Slopes:
    """What the days show: parts of the grid, their slopes and standard errors, kWh/(K·d)."""

    parts: Int64s
    found: Floats
    error: Floats


def ask(
    hours: DayHours, weather: Temperatures, weight: Floats, off: Floats, days: Slopes
) -> tuple[Temperatures, Witness] | None:
    """Find how the home answers the weather; None where the hours contradict the days.

    weight, off : float64[n], of all days

    Returns the temperatures as the home answers them, and the hours.
    """
    if hours.rows.size < LEAST_DAYS:
        return None
    climate, own = climate_of(weather), weight[hours.rows]
    use = hours.kwh - hours.kwh.mean(axis=1, keepdims=True)
    mine = Hours(climate.hour(hours.start_us), off[hours.rows].astype(np.int64), use)
    without = without_rhythm(mine, own)
    explained = np.array([
        explained_by_lag(climate.above(inertia, days.parts), days.parts, mine, own, without)
        for inertia in INERTIAS_H
    ])  # fmt: skip
    best, lag = np.unravel_index(int(np.argmax(explained)), explained.shape)
    form = weather.answered(FIRST_LAG + int(lag), INERTIAS_H[int(best)])
    above = climate.above(form.inertia_h, days.parts)
    found, doubt, change = beside_degrees(above, days.parts, form.lag_h, mine, own, without)
    doubt = doubt + days.error**2 + (APART_SHARE * days.found) ** 2
    if (np.abs(found - days.found) > MOST_APART * np.sqrt(doubt)).any():
        return None
    if (change > SAME_RHYTHM).any():
        return None
    packed, day = climate.packed(form, hours.start_us)
    return form, Witness(hours.rows, day, mine, packed, products_with_use(packed, day, use))
