"""What each day of a recording was expected to use, from the days before it, as pages show it."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from customer_context.metering.day_forecast import day_total
from customer_context.metering.use import EPOCH, days_off

Floats = NDArray[np.float64]

NEW_USUAL_DAYS = 28  # an anomaly that lasts so long has become what is usual


def expected_days(
    days: Sequence[Mapping[str, Any]],
    anomalies: Sequence[Mapping[str, Any]] = (),
    country: str | None = None,
) -> Floats:
    """Return expected, low and high of each day and of the one after the last, kWh: [n + 1, 3].

    days : of the answer, ascending; days that are not complete and those of anomalies do not count

    80 of 100 days lie between low and high. NaN with too little past. No look-ahead.
    """
    number = np.array([(date.fromisoformat(day["date"]) - EPOCH).days for day in days], np.int64)
    kwh = np.array(
        [day["energy_kwh"] if day["present"] >= day["expected"] else np.nan for day in days],
        np.float64,
    )
    for one in anomalies:
        first, last = (
            (date.fromisoformat((at or days[-1]["date"])[:10]) - EPOCH).days
            for at in (one["start"], one["end"])
        )
        if last - first < NEW_USUAL_DAYS:
            kwh[(number >= first) & (number <= last)] = np.nan
    targets = np.append(number, number[-1] + 1)
    off = days_off(targets, country)
    found = np.full((targets.size, 3), np.nan)
    for at, target in enumerate(targets.tolist()):
        total = day_total(number, off[:-1], kwh, target, float(off[at]))
        if total is not None:
            found[at] = total
    return found
