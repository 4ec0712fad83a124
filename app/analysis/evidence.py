"""Evidence of an anomaly in figures: what was expected with its range, used, in excess, and why.

Expected is what this meter used at the same local hours of the same kind of day (workday, day off)
in the four weeks before the onset. The range is how far spans of the same length in the eight weeks
before lay from what was expected of them in the same way. A likelier cause than a fault is named
where the data show one; it clears nothing.
"""

from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.analysis.answer import number
from app.analysis.baseline import HOLIDAYS, Use, days_off
from app.analysis.weather_model import Temperatures
from contracts.kinds import Anomaly

Floats = NDArray[np.float64]
Int64s = NDArray[np.int64]

HOUR_US = 3_600_000_000
DAY_US = 24 * HOUR_US
EPOCH = date(1970, 1, 1)
EXPECTED_DAYS = 28
RANGE_DAYS = 56
LEAST_DAYS = 7
LEAST_SPANS = 5
RANGE = (0.1, 0.9)
MOST_SIMILAR = 5
KINDS = (
    Anomaly.SPIKE, Anomaly.ZERO, Anomaly.STUCK, Anomaly.BASE_LOAD_RISE, Anomaly.NEGATIVE,
    Anomaly.SUSTAINED_DROP,
)  # fmt: skip
CAR_KW = (3.4, 22.5)  # what a car draws at a wall box (IEC 61851, mode 3)
CAR_LEAST_US = HOUR_US
CAR_EVEN = 0.15  # of its power, from interval to interval
WARMER_K, HOT_C = 4.0, 20.0  # than the four weeks before, and in the mean
COLDER_K, COLD_C = 4.0, 8.0


def _us(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1e6)


def _hours(use: Use, country: str | None) -> tuple[Int64s, Floats]:
    """Return the slot of each interval (local hour, day off or not) and whether its day is off."""
    day = use.local_us // DAY_US
    off = days_off(day, country)
    return np.asarray(use.local_us // HOUR_US % 24 + 24 * off.astype(np.int64), np.int64), off


def _expected(
    slot: Int64s, power: Floats, length: Floats, past: slice, span: slice
) -> float | None:
    """Return the energy of a span by the mean power of its slots in the past, kWh."""
    energy = np.bincount(slot[past], power[past] * length[past], 48)
    hours = np.bincount(slot[past], length[past], 48)
    other = np.roll(np.arange(48), 24)  # the other kind of day, where one was not seen
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = energy / hours
    mean = np.where(hours > 0.0, mean, mean[other])
    found = float(np.sum(mean[slot[span]] * length[span]))
    return found if np.isfinite(found) else None


def enrich(
    anomalies: list[dict[str, Any]],
    use: Use,
    weather: Temperatures | None,
    price_per_kwh: float | None,
    country: str | None,
) -> None:
    """Add `energy`, `similar_days` and `likelier_cause` to the evidence of anomalies.

    use : what was measured, in order of time
    """
    if not use.start_us.size:
        return
    slot, off = _hours(use, country)
    length = (use.end_us - use.start_us) / HOUR_US
    power = use.energy_kwh / length
    for anomaly in anomalies:
        evidence = anomaly["evidence"]
        evidence |= {"energy": None, "similar_days": [], "likelier_cause": None}
        if anomaly["kind"] not in KINDS:
            continue
        start = _us(anomaly["start"])
        end = int(use.end_us[-1]) if anomaly["end"] is None else _us(anomaly["end"])
        span = slice(*np.searchsorted(use.start_us, [start, max(end, start + 1)]).tolist())
        evidence["energy"] = _energy(use, slot, power, length, span, start, price_per_kwh)
        evidence["similar_days"] = _similar(use, off, span, start)
        evidence["likelier_cause"] = _cause(
            anomaly["kind"], use, power, span, start, end, weather, country
        )


def _past(use: Use, start: int, days: int) -> slice:
    first, last = np.searchsorted(use.start_us, [start - days * DAY_US, start]).tolist()
    return slice(first, last)


def _energy(
    use: Use,
    slot: Int64s,
    power: Floats,
    length: Floats,
    span: slice,
    start: int,
    price_per_kwh: float | None,
) -> dict[str, Any] | None:
    past = _past(use, start, EXPECTED_DAYS)
    if length[past].sum() < LEAST_DAYS * 24.0 or span.stop <= span.start:
        return None
    expected = _expected(slot, power, length, past, span)
    if expected is None:
        return None
    observed = float(use.energy_kwh[span].sum())
    size = span.stop - span.start
    step = max(size, round(24.0 / float(np.median(length))))
    ratios = []
    for last in range(past.stop, max(_past(use, start, RANGE_DAYS).start, size) - 1, -step):
        one = slice(last - size, last)
        before = _past(use, int(use.start_us[one.start]), EXPECTED_DAYS)
        if one.start <= 0 or length[before].sum() < LEAST_DAYS * 24.0:
            break
        usual = _expected(slot, power, length, before, one)
        if usual is not None and usual > 0.0:
            ratios.append(float(use.energy_kwh[one].sum()) / usual)
    low = high = None
    if len(ratios) >= LEAST_SPANS:
        low, high = (number(max(q, 0.0) * expected, 3) for q in np.quantile(ratios, RANGE))
    excess = observed - expected
    return {
        "expected_kwh": number(expected, 3),
        "low_kwh": low,
        "high_kwh": high,
        "observed_kwh": number(observed, 3),
        "excess_kwh": number(excess, 3),
        "excess_cost": None if price_per_kwh is None else number(excess * price_per_kwh, 2),
    }


def _similar(use: Use, off: Floats, span: slice, start: int) -> list[dict[str, Any]]:
    """Return the latest days before of the kind of the first day, with their energy."""
    if span.stop <= span.start:
        return []
    past = _past(use, start, EXPECTED_DAYS)
    day = use.local_us // DAY_US
    kind, first = off[span.start], day[span.start]
    found = [d for d in np.unique(day[past][off[past] == kind]).tolist() if d < first]
    return [
        {
            "date": (EPOCH + timedelta(days=d)).isoformat(),
            "energy_kwh": number(float(use.energy_kwh[past][day[past] == d].sum()), 3),
        }
        for d in found[-MOST_SIMILAR:]
    ]


def _cause(
    kind: str,
    use: Use,
    power: Floats,
    span: slice,
    start: int,
    end: int,
    weather: Temperatures | None,
    country: str | None,
) -> str | None:
    """Name what explains the anomaly without a fault, if the data show it."""
    if span.stop <= span.start:
        return None
    if kind == Anomaly.SPIKE and _is_car(use, power, span):
        return "electric_car"
    if kind == Anomaly.BASE_LOAD_RISE and weather is not None:
        now, usual = _mean_c(weather, start, end), _mean_c(weather, start - 28 * DAY_US, start)
        if now is not None and usual is not None:
            if now >= max(usual + WARMER_K, HOT_C):
                return "heat"
            if now <= min(usual - COLDER_K, COLD_C):
                return "cold"
    if kind in (Anomaly.SPIKE, Anomaly.BASE_LOAD_RISE) and country is not None:
        days = np.unique(use.local_us[span] // DAY_US)
        dates = {EPOCH + timedelta(days=int(d)) for d in days}
        free = {d for year in {d.year for d in dates} for d in HOLIDAYS[country](year)}
        if 2 * len(dates & free) >= len(dates):
            return "public_holiday"
    return None


def _is_car(use: Use, power: Floats, span: slice) -> bool:
    """Tell whether a spike is an even power of a wall box for an hour or more."""
    first, last = span.start, span.stop
    while last < power.size and abs(power[last] - power[first]) <= CAR_EVEN * abs(power[first]):
        last += 1
    block = power[first:last]
    if not (CAR_KW[0] <= float(block.min()) and float(block.max()) <= CAR_KW[1]):
        return False
    even = float(block.max() - block.min()) <= 2.0 * CAR_EVEN * float(block.mean())
    return even and int(use.end_us[last - 1] - use.start_us[first]) >= CAR_LEAST_US


def _mean_c(weather: Temperatures, start: int, end: int) -> float | None:
    first, last = np.searchsorted(weather.t_us, [start, end]).tolist()
    part = weather.celsius[first:last]
    part = part[np.isfinite(part)]
    return float(part.mean()) if part.size >= 24 else None
