"""What a meter was expected to use, the same period a year before, and what tomorrow will be.

All of it comes from the meter's own past under the contract of the customer who has it now, without
a look ahead. The range of a day is what the days before it say, but for those of anomalies.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from contracts.purposes import Purpose
from customer_context.metering import day_forecast
from customer_context.metering.day_forecast import Floats, Int64s
from customer_context.metering.use import country_of, days_off
from customer_context.metering.weather_effect import Effect, effect
from customer_context.metering.weather_model import Spans, hourly
from store.casework import weather
from store.postgres.merged import same_as
from store.postgres.pool import Connection
from store.postgres.times import to_us
from store.reads import metering

PURPOSE = Purpose.ENERGY_INSIGHT
_EPOCH = date(1970, 1, 1)
PAST = timedelta(days=day_forecast.PAST_DAYS)
_NEW_USUAL_DAYS = 28
_YEAR = timedelta(days=365)
_ENOUGH_HOURS = 0.9
"""Share of a period's hours with a temperature, so that its mean says something."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What an hour or a day is expected to use. 80 of 100 lie between low and high. kWh."""

    start_at: datetime
    end_at: datetime
    kwh: float
    low_kwh: float
    high_kwh: float


@dataclass(frozen=True, slots=True)
class Hours:
    """The measured past of a meter.

    days : int64[n] since 1970; off : 1 = weekend or public holiday; kwh : [n, 24]
    """

    zone: ZoneInfo
    days: Int64s
    off: Floats
    kwh: Floats


@dataclass(frozen=True, slots=True)
class Compared:
    """A period and the same days a year before, over the days that are known in both.

    celsius : mean outdoor temperature of those days; None = not known. weather : by how much the
    weather made the use higher than a year before; None = not asked or not known.
    """

    days: int
    kwh: float
    before_kwh: float
    celsius: float | None
    before_celsius: float | None
    weather: Effect | None

    @property
    def corrected_kwh(self) -> float | None:
        """What the days of the year before would have used with the weather of now."""
        return None if self.weather is None else max(self.before_kwh + self.weather.kwh, 0.0)

    @property
    def corrected_change(self) -> float | None:
        """As `change`, to the days of the year before with the weather of now."""
        return self.kwh / self.corrected_kwh - 1.0 if self.corrected_kwh else None

    @property
    def change(self) -> float | None:
        """The share by which the use is higher; None where there was none."""
        return self.kwh / self.before_kwh - 1.0 if self.before_kwh > 0.0 else None


@dataclass(frozen=True, slots=True)
class Month:
    """A month so far. days : those with a use; today_kwh : measured today, which is not over.

    kwh : of the days and of today. compared : the days with those of the year before.
    """

    since: date
    until: date
    days: int
    kwh: float
    today_kwh: float | None
    compared: Compared | None

    @property
    def missing(self) -> int:
        """Days of which nothing is known."""
        return (self.until - self.since).days + 1 - self.days - (self.today_kwh is not None)


def begin_of(day: date, zone: ZoneInfo) -> datetime:
    """Return the instant at which a local day begins."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def energy_of(day: Mapping[str, Any]) -> float | None:
    """Return what a day used, measured and estimated, kWh; None = nothing is known of it."""
    known = [v for v in (day["energy_kwh"], day["estimated_kwh"]) if v is not None and v == v]
    return sum(map(float, known)) if known else None


def _own(
    connection: Connection,
    tenant: str,
    meter: Mapping[str, Any],
    rows: Sequence[dict[str, Any]],
) -> list[dict[str, Any]]:
    """Return the rows of the customer who has the meter now, by any of their ids."""
    mine = same_as(connection, tenant, meter["customer"])
    return [row for row in rows if row["customer"] in mine]


def _hours_of(
    connection: Connection,
    tenant: str,
    meter: Mapping[str, Any],
    since: date,
    until: date,
    reader: str | None,
) -> list[dict[str, Any]]:
    """Return the hours of the local days from `since` to `until`, as `days_of` does days."""
    zone = ZoneInfo(meter["timezone"])
    found = metering.hours(
        connection, tenant, meter["meter"], PURPOSE, meter["timezone"],
        begin_of(since, zone), begin_of(until + timedelta(days=1), zone), reader,
    )  # fmt: skip
    return _own(connection, tenant, meter, found)


def days_of(
    connection: Connection,
    tenant: str,
    meter: Mapping[str, Any],
    since: date,
    until: date,
    reader: str | None,
) -> list[dict[str, Any]]:
    """Return the days from `since` to `until` of the customer who has the meter now, by date.

    meter : as from `metering.meter`; reader : a customer who reads their own.
    """
    found = metering.days(
        connection, tenant, meter["meter"], PURPOSE,
        from_date=since, to_date=until, own=reader, limit=(until - since).days + 2,
    )  # fmt: skip
    return _own(connection, tenant, meter, found)[::-1]


def newest_day(
    connection: Connection, tenant: str, meter: Mapping[str, Any], reader: str | None
) -> dict[str, Any] | None:
    """Return the last day of the customer who has the meter now; None without one."""
    found = metering.days(connection, tenant, meter["meter"], PURPOSE, own=reader, limit=1)
    return next(iter(_own(connection, tenant, meter, found)), None)


def hours(
    connection: Connection,
    tenant: str,
    meter: Mapping[str, Any],
    since: date,
    until: date,
    reader: str | None,
) -> Hours | None:
    """Return the measured hours of local days from the past that `since` needs up to `until`."""
    rows = _hours_of(connection, tenant, meter, since - PAST, until, reader)
    if not rows:
        return None
    zone = ZoneInfo(meter["timezone"])
    local = np.array([row["hour"] for row in rows], "datetime64[us]").astype(np.int64)
    length = np.array([row["measured_s"] for row in rows]) * 1e6
    energy = np.array([row["energy_kwh"] for row in rows], np.float64)
    days, kwh = day_forecast.hours_of(local, length.astype(np.int64), energy)
    return Hours(zone, days, _off(days, zone), kwh)


def odd_days(
    anomalies: Sequence[tuple[datetime, datetime | None]], zone: ZoneInfo, now: datetime
) -> set[date]:
    """Return the local days of anomalies: they say nothing about what is usual.

    anomalies : begin and end; None = it lasts. One that lasts for weeks has become what is usual.
    """
    found: set[date] = set()
    for start, ended in anomalies:
        first, last = (at.astimezone(zone).date() for at in (start, ended or now))
        if (last - first).days < _NEW_USUAL_DAYS:
            found.update(_each(first, last))
    return found


def expected_hours(
    past: Hours, since: date, until: date, odd: Collection[date] = ()
) -> list[Expected]:
    """Return what each hour of the local days was expected to use, from the days before it.

    odd : days that do not count. Days with too little past are left out.
    """
    found = []
    kwh = past.kwh.copy()
    kwh[np.isin(past.days, [_number(day) for day in odd])] = np.nan
    for day in _each(since, until):
        target = _number(day)
        forecast = day_forecast.next_day(
            past.days, past.off, kwh, target, float(_off(np.array([target]), past.zone)[0])
        )
        if forecast is None:
            continue
        for hour in range(day_forecast.HOURS):
            start = datetime.combine(day, time(hour), past.zone).astimezone(UTC)
            each = (float(part[hour]) for part in forecast)
            found.append(Expected(start, start + timedelta(hours=1), *each))
    return found


def expected_days(
    before: Sequence[Mapping[str, Any]],
    zone: ZoneInfo,
    since: date,
    until: date,
    odd: Collection[date] = (),
) -> list[Expected]:
    """Return what each local day was expected to use. before : days with those of its past.

    odd : as in `expected_hours`
    """
    if not before:
        return []
    whole = [
        row
        for row in before
        if row["expected"] and row["present"] == row["expected"] and row["date"] not in odd
    ]
    known = {_number(row["date"]): row["energy_kwh"] for row in whole}
    days = np.array(sorted(known), np.int64)
    kwh = np.array([known[int(day)] for day in days], np.float64)
    found = []
    for day in _each(since, until):
        target = _number(day)
        total = day_forecast.day_total(
            days, _off(days, zone), kwh, target, float(_off(np.array([target]), zone)[0])
        )
        if total is not None:
            start, end = begin_of(day, zone), begin_of(day + timedelta(days=1), zone)
            found.append(Expected(start, end, *total))
    return found


def compared(
    connection: Connection,
    tenant: str,
    meter: Mapping[str, Any],
    shown: Sequence[Mapping[str, Any]],
    reader: str | None,
    *,
    corrected: bool = False,
) -> Compared | None:
    """Compare days with the same dates a year before; None where none is known in both.

    corrected : ask for the effect of the weather as well, from up to two years before the days
    """
    now = {row["date"]: value for row in shown if (value := energy_of(row)) is not None}
    if not now:
        return None
    before = {
        row["date"]: value
        for row in days_of(
            connection, tenant, meter, year_before(min(now)), year_before(max(now)), reader
        )
        if (value := energy_of(row)) is not None
    }
    pairs = [(day, year_before(day)) for day in sorted(now) if year_before(day) in before]
    if not pairs:
        return None
    zone, customer = ZoneInfo(meter["timezone"]), meter["customer"]
    celsius = [
        _mean_celsius(connection, tenant, customer, days, zone) for days in zip(*pairs, strict=True)
    ]
    by_weather = None
    if corrected and None not in celsius:
        by_weather = _effect(connection, tenant, meter, pairs, reader)
    return Compared(
        len(pairs), sum(now[day] for day, _ in pairs), sum(before[day] for _, day in pairs),
        celsius[0], celsius[1], by_weather,
    )  # fmt: skip


def energy_year_before(
    connection: Connection,
    tenant: str,
    meter: Mapping[str, Any],
    since: date,
    until: date,
    reader: str | None,
) -> dict[date, float]:
    """Return what the same dates of the year before used, kWh, by the dates of now."""
    found = days_of(connection, tenant, meter, year_before(since), year_before(until), reader)
    known = {row["date"]: value for row in found if (value := energy_of(row)) is not None}
    return {day: known[was] for day in _each(since, until) if (was := year_before(day)) in known}


def hours_year_before(
    connection: Connection,
    tenant: str,
    meter: Mapping[str, Any],
    since: date,
    until: date,
    reader: str | None,
) -> dict[datetime, float]:
    """Return what was measured in the same hours a year before, kWh, by the wall time of now."""
    dates = {year_before(day): day for day in _each(since, until)}
    return {
        datetime.combine(dates[row["hour"].date()], row["hour"].time()): float(row["energy_kwh"])
        for row in _hours_of(connection, tenant, meter, min(dates), max(dates), reader)
        if row["hour"].date() in dates
    }


def _effect(
    connection: Connection,
    tenant: str,
    meter: Mapping[str, Any],
    pairs: Sequence[tuple[date, date]],
    reader: str | None,
) -> Effect | None:
    """Return what the weather did to days against those of the year before."""
    zone = ZoneInfo(meter["timezone"])
    now, before = zip(*pairs, strict=True)
    since, until = before[0] - _YEAR, now[0] - timedelta(days=1)
    past = [
        row
        for row in days_of(connection, tenant, meter, since, until, reader)
        if row["expected"] and row["present"] == row["expected"]
    ]
    hours = [
        row
        for row in weather.at_customer(
            connection, tenant, meter["customer"],
            begin_of(since, zone), begin_of(now[-1] + timedelta(days=1), zone),
        )
        if row["temperature_c"] is not None
    ]  # fmt: skip
    if not past or not hours:
        return None
    temperatures = hourly(
        np.array([to_us(row["at"]) for row in hours], np.int64),
        np.array([row["temperature_c"] for row in hours], np.float64),
    )
    energy = np.array([row["energy_kwh"] for row in past], np.float64)
    spans = _spans([row["date"] for row in past], energy, zone)
    return effect(
        spans, temperatures,
        _spans(now, np.zeros(len(now)), zone), _spans(before, np.zeros(len(before)), zone),
    )  # fmt: skip


def _spans(days: Sequence[date], kwh: Floats, zone: ZoneInfo) -> Spans:
    starts = [to_us(begin_of(day, zone)) for day in days]
    ends = [to_us(begin_of(day + timedelta(days=1), zone)) for day in days]
    off = _off(np.array([_number(day) for day in days], np.int64), zone)
    return Spans(np.array(starts, np.int64), np.array(ends, np.int64), kwh, off)


def month(
    connection: Connection,
    tenant: str,
    meter: Mapping[str, Any],
    now: datetime,
    reader: str | None,
) -> Month | None:
    """Return the month so far, or the last one of which something is known; None without a day."""
    last = newest_day(connection, tenant, meter, reader)
    if last is None:
        return None
    today = now.astimezone(ZoneInfo(meter["timezone"])).date()
    rows = _hours_of(connection, tenant, meter, today, today, reader)
    measured = [float(row["energy_kwh"]) for row in rows]
    since = (today if measured else last["date"]).replace(day=1)
    days = days_of(connection, tenant, meter, since, last["date"], reader)
    known = [value for row in days if (value := energy_of(row)) is not None]
    until = today if measured else last["date"]
    # A day that is closed already, while ingest still has intervals of it, counts once.
    today_kwh = sum(measured) if measured and last["date"] < today else None
    return Month(
        since, until, len(known), sum(known) + (today_kwh or 0.0), today_kwh,
        compared(connection, tenant, meter, days, reader, corrected=True),
    )  # fmt: skip


def year_before(day: date) -> date:
    """Return the same date of the year before; of 29 February the 28th."""
    last = day.day if (day.month, day.day) != (2, 29) else 28
    return day.replace(year=day.year - 1, day=last)


def _mean_celsius(
    connection: Connection, tenant: str, customer: str, days: Sequence[date], zone: ZoneInfo
) -> float | None:
    """Return the mean temperature of days at a customer's place; None with too few hours."""
    since, until = begin_of(days[0], zone), begin_of(days[-1] + timedelta(days=1), zone)
    wanted = set(days)
    known = [
        row["temperature_c"]
        for row in weather.at_customer(connection, tenant, customer, since, until)
        if row["temperature_c"] is not None and row["at"].astimezone(zone).date() in wanted
    ]
    return float(np.mean(known)) if len(known) >= _ENOUGH_HOURS * 24 * len(wanted) else None


def _each(since: date, until: date) -> list[date]:
    return [since + timedelta(days=n) for n in range((until - since).days + 1)]


def _number(day: date) -> int:
    return (day - _EPOCH).days


def _off(days: Int64s, zone: ZoneInfo) -> Floats:
    """Return 1 for the days off at the place, as far as its holidays are known."""
    return days_off(days, country_of(zone.key))
