"""Due times in working time: local hours of working days that are no holidays of the place. Pure.

Oracle: tests/oracles/case_engine.py.
"""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

import holidays
from pydantic import Field

from customer_context.rules.form import Part, Slug

_Minutes = Annotated[int, Field(ge=1, le=525_600)]
_Clock = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_US = 1_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MOST_DAYS = 3_660
"""A due time farther ahead is an error of the rule, not a date."""


class WorkingTime(Part):
    """When people work. country, region : of their holidays, ISO 3166; begin, end : local time."""

    country: str = "DE"
    region: str | None = None
    days: list[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]] = Field(
        default=["mon", "tue", "wed", "thu", "fri"], min_length=1
    )
    begin: _Clock = "08:00"
    end: _Clock = "18:00"


class Deadline(Part):
    """A deadline of an item, counted from its activation by exactly one of three measures.

    within_min : minutes; working_min : minutes of working time; working_days : end of the n-th
    working day after. do : remind and escalate name it to people; exception : the exception stage
    takes the case; exit : the item ends; complete : a wait is over.
    """

    id: Slug = "due"
    within_min: _Minutes | None = None
    working_min: _Minutes | None = None
    working_days: Annotated[int, Field(ge=1, le=260)] | None = None
    do: Literal["remind", "escalate", "exception", "exit", "complete"] = "escalate"


def due_us(deadline: Deadline, hours: WorkingTime, timezone: str, start_us: int) -> int:
    """Return when a deadline ends. start_us : of the item's activation; µs since 1970 UTC."""
    if deadline.within_min is not None:
        return start_us + deadline.within_min * 60 * _US
    zone = ZoneInfo(timezone)
    start = _EPOCH + timedelta(microseconds=start_us)
    if deadline.working_min is not None:
        return _after_minutes(hours, zone, start, timedelta(minutes=deadline.working_min))
    assert deadline.working_days is not None
    return _after_days(hours, zone, start, deadline.working_days)


def _after_minutes(hours: WorkingTime, zone: ZoneInfo, start: datetime, left: timedelta) -> int:
    """Add working time. Elapsed time counts: a change to summer time makes a day shorter."""
    day = start.astimezone(zone).date()
    for _ in range(_MOST_DAYS):
        if works(hours, day):
            opens, closes = _opening(hours, zone, day)
            begin = max(opens, start)
            if begin < closes:
                if left <= closes - begin:
                    return _us(begin + left)
                left -= closes - begin
        day += timedelta(days=1)
    raise OverflowError(f"no working time within {_MOST_DAYS} days")


def _after_days(hours: WorkingTime, zone: ZoneInfo, start: datetime, days: int) -> int:
    """Return the end of working time on the n-th working day after the day of `start`."""
    day = start.astimezone(zone).date()
    for _ in range(_MOST_DAYS):
        day += timedelta(days=1)
        if works(hours, day):
            days -= 1
            if days == 0:
                return _us(_opening(hours, zone, day)[1])
    raise OverflowError(f"no {days} working days within {_MOST_DAYS} days")


def works(hours: WorkingTime, day: date) -> bool:
    """Return whether people work on a day."""
    return DAYS[day.weekday()] in hours.days and day not in _holidays(
        hours.country, hours.region, day.year
    )


def _opening(hours: WorkingTime, zone: ZoneInfo, day: date) -> tuple[datetime, datetime]:
    """Return begin and end of working time in UTC; in a gap of the clock the later instant."""
    return (
        datetime.combine(day, time.fromisoformat(hours.begin), zone).astimezone(UTC),
        datetime.combine(day, time.fromisoformat(hours.end), zone).astimezone(UTC),
    )


@lru_cache(maxsize=256)
def is_holiday(day: date, country: str, region: str | None = None) -> bool:
    """Return whether a day is a public holiday. country, region : ISO 3166; None = nationwide."""
    return day in _holidays(country, region, day.year)


def _holidays(country: str, region: str | None, year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays(country, subdiv=region, years=year))


def unusable(hours: WorkingTime) -> str | None:
    """Return why the place or the hours are unusable; None where they are usable."""
    if hours.begin >= hours.end:
        return "working time ends after it begins"
    try:
        _holidays(hours.country, hours.region, 2026)
    except NotImplementedError:
        return f"no holidays are known for {hours.country} {hours.region or ''}".strip()
    return None


def _us(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(microseconds=1)
