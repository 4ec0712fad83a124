"""`tamper_score` of the windows of a meter, with the weather of its place where that is known."""

from datetime import date, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.analysis.answer import number
from app.analysis.tamper import History
from customer_context.metering.day_forecast import hours_of
from customer_context.metering.use import EPOCH, Use
from customer_context.metering.weather_model import HOUR_US, Temperatures

Floats = NDArray[np.float64]
Int64s = NDArray[np.int64]

DAY_US = 24 * HOUR_US
HEATS_BELOW_C, COOLS_ABOVE_C = 16.0, 19.0
DAY_BEFORE = 0.25  # share of the day before: a house follows the weather late
LEAST_HOURS = 20  # of a day's temperatures


def degrees_of_days(
    days: Int64s, start_us: Int64s, local_us: Int64s, weather: Temperatures
) -> Floats:
    """Return the mean heating and cooling degrees of local days, K: float64[days, 2].

    days : int64[n] since 1970, without holes; start_us, local_us : of the meter's intervals

    NaN where temperatures are missing.
    """
    at = np.minimum(np.searchsorted(start_us, weather.t_us), start_us.size - 1)
    local = weather.t_us + local_us[at] - start_us[at]
    row = local // DAY_US - days[0]
    fine = (row >= 0) & (row < days.size) & np.isfinite(weather.celsius)
    row, celsius = row[fine], weather.celsius[fine]
    hours = np.bincount(row, minlength=days.size)
    found = np.empty((days.size, 2))
    for part, above in enumerate((HEATS_BELOW_C - celsius, celsius - COOLS_ABOVE_C)):
        total = np.bincount(row, np.maximum(above, 0.0), days.size)
        found[:, part] = np.where(hours >= LEAST_HOURS, total / np.maximum(hours, 1), np.nan)
    before = np.concatenate((found[:1], found[:-1]))
    before = np.where(np.isfinite(before), before, found)
    return (1.0 - DAY_BEFORE) * found + DAY_BEFORE * before


def scores(
    use: Use, length: int, start: date | None = None, weather: Temperatures | None = None
) -> list[dict[str, Any]]:
    """Return `tamper_score`: a score for each window of `length` days; null where it has none.

    use   : intervals of an hour at most; start : a local day with which a window begins
    """
    lengths = use.end_us - use.start_us
    per_hour = 2 if float(np.median(lengths)) <= HOUR_US / 2 else 1
    days, energy = hours_of(use.local_us, lengths, use.energy_kwh, per_hour)
    phase = 0 if start is None else ((start - EPOCH).days - int(days[0])) % length
    degrees = (
        None if weather is None else degrees_of_days(days, use.start_us, use.local_us, weather)
    )
    history = History(energy * 1000.0 * per_hour, length, degrees)
    firsts = np.arange(phase, days.size - length + 1, length)
    windows = []
    for first, score in zip(firsts.tolist(), history.scores(firsts).tolist(), strict=True):
        windows.append(
            {
                "start": (EPOCH + timedelta(days=int(days[first]))).isoformat(),
                "end": (EPOCH + timedelta(days=int(days[first]) + length)).isoformat(),
                "score": number(score, 6),
            }
        )
    return windows
