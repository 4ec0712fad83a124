"""Facts that are computed from a household's or a driver's own data. Pure; no invented history.

Each is left out where its data do not suffice. Oracle: tests/oracles/needs.py.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from customer_context.facts.known import FactValue, Value

_DAY_US = 86_400_000_000
_YEAR_D = 365
_HOUR_US = 3_600_000_000
_CHARGER_W = 3_000.0
"""A car charges with 3.7 kW and more; a quarter of an hour with it is no kettle and no oven."""
_CHARGER_D, _CHARGER_NIGHTS, _CHARGER_LEAST_D = 30, 4, 20
"""Days that are looked at, nights that are needed, days without them that say no. Our choice."""
_FEWEST_DAYS = 28
"""Fewer days are projected to no year."""
_SHIFTABLE = 0.2
"""Share of what is used by day that a household can move to cheap hours: dishwasher, washing
machine, charging. Our own choice; the saving is a range because of it."""


@dataclass(frozen=True, slots=True)
class Day:
    """A measured day of a meter. Missing values are None. max_w : its highest interval power, in
    the interval that begins at peak_us."""

    start_us: int
    energy_kwh: float | None
    night_share: float | None
    base_load_w: float | None
    max_w: float | None = None
    peak_us: int | None = None


def of_days(days: Sequence[Day], now_us: int) -> Iterator[FactValue]:
    """Yield consumption.*: days of the last year, in any order."""
    measured = sorted(
        (day for day in days if day.energy_kwh is not None and day.start_us <= now_us),
        key=lambda day: day.start_us,
    )
    if not measured:
        return
    at_us = measured[-1].start_us + _DAY_US
    at_us = min(at_us, now_us)
    energies = [float(day.energy_kwh or 0.0) for day in measured]
    yield FactValue("consumption.observed_d", len(measured), at_us)
    if len(measured) >= _FEWEST_DAYS:
        yield FactValue("consumption.year_kwh", sum(energies) / len(measured) * _YEAR_D, at_us)
    total = sum(energies)
    night = [
        float(day.energy_kwh or 0.0) * day.night_share
        for day in measured
        if day.night_share is not None
    ]
    if night and total > 0 and len(night) == len(measured):
        yield FactValue("consumption.night_share", sum(night) / total, at_us)
    loads = [day.base_load_w for day in measured if day.base_load_w is not None]
    if loads:
        yield FactValue("consumption.base_load_w", float(loads[-1]), at_us)
    last = [
        float(day.energy_kwh or 0.0) for day in measured if now_us - day.start_us <= 7 * _DAY_US
    ]
    before = [
        float(day.energy_kwh or 0.0)
        for day in measured
        if 7 * _DAY_US < now_us - day.start_us <= 35 * _DAY_US
    ]
    if len(last) >= 5 and len(before) >= 20 and sum(before) > 0:
        rise = (sum(last) / len(last)) / (sum(before) / len(before)) - 1
        yield FactValue("consumption.rise_pct", 100 * rise, at_us)


def of_nights(days: Sequence[Day], now_us: int) -> Iterator[FactValue]:
    """Yield consumption.charger and charger_nights: whether the load profile of the last 30 days
    shows a car being charged again and again, which few other devices of a home look like."""
    last = [
        day
        for day in days
        if day.max_w is not None and day.peak_us is not None and day.base_load_w is not None
        if day.start_us <= now_us < day.start_us + _CHARGER_D * _DAY_US
    ]
    if len(last) < _CHARGER_NIGHTS:
        return
    nights = sum(_charges(day) for day in last)
    at_us = min(now_us, max(day.start_us for day in last) + _DAY_US)
    yield FactValue("consumption.charger_nights", nights, at_us)
    if nights >= _CHARGER_NIGHTS or len(last) >= _CHARGER_LEAST_D:
        yield FactValue("consumption.charger", nights >= _CHARGER_NIGHTS, at_us)


def _charges(day: Day) -> bool:
    """Return whether the peak of a day is at night and that of a charger."""
    assert day.max_w is not None and day.base_load_w is not None and day.peak_us is not None
    hour = (day.peak_us - day.start_us) / _HOUR_US
    return day.max_w - day.base_load_w >= _CHARGER_W and (hour < 6 or hour >= 22)


def of_trips(first_us: int, last_us: int, distance_m: float, now_us: int) -> Iterator[FactValue]:
    """Yield driving.*: first and last trip of the last 90 days, and their distance."""
    observed_d = min(90, max(1, (now_us - first_us) // _DAY_US))
    yield FactValue("driving.observed_d", int(observed_d), last_us)
    if observed_d >= _FEWEST_DAYS:
        year_km = distance_m / 1000 / observed_d * _YEAR_D
        yield FactValue("driving.year_km", year_km, last_us)


def computed(found: Mapping[str, FactValue], now_us: int) -> list[FactValue]:
    """Return facts that follow from others: what an instalment lacks, what a tariff would save."""
    made: dict[str, float] = {}
    year = _number(found, "consumption.year_kwh")
    price, fee = _number(found, "tariff.price_ct_kwh"), _number(found, "tariff.base_eur_month")
    instalment = _number(found, "instalment.eur_month")
    if year is not None and price is not None and instalment is not None:
        month = (year * price / 100 + 12 * (fee or 0.0)) / 12
        made["instalment.shortfall_eur_month"] = month - instalment
    low, high = _number(found, "tariff.tou_low_ct_kwh"), _number(found, "tariff.tou_high_ct_kwh")
    night = _number(found, "consumption.night_share")
    if None not in (year, price, low, high, night):
        assert year is not None and price is not None and night is not None
        assert low is not None and high is not None
        made["saving.time_of_use_low_eur"] = _saving(year, price, low, high, night)
        shifted = night + (1 - night) * _SHIFTABLE
        made["saving.time_of_use_high_eur"] = _saving(year, price, low, high, shifted)
    at_us = found["consumption.year_kwh"].at_us if "consumption.year_kwh" in found else now_us
    return [FactValue(name, value, at_us) for name, value in made.items() if name not in found]


def _saving(
    year_kwh: float, flat_ct: float, low_ct: float, high_ct: float, cheap_share: float
) -> float:
    """Return euro a year, with `cheap_share` of the use in cheap hours."""
    mean_ct = cheap_share * low_ct + (1 - cheap_share) * high_ct
    return year_kwh * (flat_ct - mean_ct) / 100


def _number(found: Mapping[str, FactValue], name: str) -> float | None:
    one = found.get(name)
    value: Value | None = None if one is None else one.value
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
