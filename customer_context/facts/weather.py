"""Facts about the weather at a customer's place, from hours that were measured or forecast. Pure.

A fact is left out where the hours do not say it. Its time is when the hours that it rests on were
imported, so that an old forecast is none. Oracle: tests/oracles/weather.py.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from customer_context.facts.known import FactValue

_HOUR_US = 3_600_000_000
_DAY_US = 24 * _HOUR_US
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FROST_C = 0.0
_HEAT_C = 30.0
_HEAT_DAYS = 3
AHEAD_US = _DAY_US
BACK_US = (_HEAT_DAYS + 1) * _DAY_US
"""How far before and after now hours are asked."""


@dataclass(frozen=True, slots=True)
class Hour:
    """An hour at a place. at_us : its begin; temperature_c, hail : None = not known."""

    at_us: int
    temperature_c: float | None
    hail: bool | None
    recorded_us: int


def of_hours(hours: Sequence[Hour], zone: str, now_us: int) -> Iterator[FactValue]:
    """Yield weather.*: hours in any order."""
    measured = [one for one in hours if one.temperature_c is not None]
    past = [one for one in measured if one.at_us <= now_us]
    if past:
        latest = max(past, key=lambda one: one.at_us)
        assert latest.temperature_c is not None
        yield FactValue("weather.temperature_c", float(latest.temperature_c), latest.at_us)
    ahead = [one for one in hours if now_us < one.at_us + _HOUR_US and one.at_us < now_us + _DAY_US]
    cold = [one for one in ahead if one.temperature_c is not None]
    if cold:
        frost = any(one.temperature_c < _FROST_C for one in cold if one.temperature_c is not None)
        yield FactValue("weather.frost_24h", frost, _known_us(cold, now_us))
    said = [one for one in ahead if one.hail is not None]
    if said:
        hail = any(one.hail for one in said)
        yield FactValue("weather.hail_24h", hail, _known_us(said, now_us))
    heat = _heat_wave(past, zone, now_us)
    if heat is not None:
        yield FactValue("weather.heat_wave", heat, now_us)


def _known_us(hours: Sequence[Hour], now_us: int) -> int:
    """Return when all of these hours were known."""
    return min(now_us, *(one.recorded_us for one in hours))


def _heat_wave(past: Sequence[Hour], zone: str, now_us: int) -> bool | None:
    """Return whether three local days, the last of them today or yesterday, were above 30 °C."""
    highest: dict[date, float] = defaultdict(lambda: -_HEAT_C)
    for one in past:
        if one.temperature_c is not None:
            day = _day(one.at_us, zone)
            highest[day] = max(highest.get(day, one.temperature_c), one.temperature_c)
    today = _day(now_us, zone)
    found = []
    for last in (today, today - timedelta(days=1)):
        days = [last - timedelta(days=back) for back in range(_HEAT_DAYS)]
        if all(day in highest for day in days):
            found.append(all(highest[day] > _HEAT_C for day in days))
    return any(found) if found else None


def _day(at_us: int, zone: str) -> date:
    return (_EPOCH + timedelta(microseconds=at_us)).astimezone(ZoneInfo(zone)).date()
