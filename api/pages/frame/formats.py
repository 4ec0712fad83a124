"""Localised numbers, units and times, in the viewer's language and the tenant's time zone."""

import math
from datetime import date as Date  # a method here is called date
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_datetime, format_timedelta
from babel.numbers import format_decimal, format_percent

NONE = "–"
"""Shown for an unknown value."""

_LOCALES = {"de": "de_DE", "en": "en_GB"}


class Formats:
    """Formats of one language and time zone (Babel). None and NaN become a dash.

    with_year : days on axes have their year, because they are not of this one.
    """

    def __init__(self, language: str, timezone: str, with_year: bool = False) -> None:
        self.with_year = with_year
        self.locale = Locale.parse(_LOCALES[language])
        self.zone = ZoneInfo(timezone)

    def number(self, value: float | None, digits: int = 0) -> str:
        """Format a number with exactly `digits` decimals."""
        if value is None or not math.isfinite(value):
            return NONE
        pattern = "#,##0" + ("." + "0" * digits if digits else "")
        return format_decimal(value, pattern, locale=self.locale)

    def percent(self, share: float | None, digits: int = 0) -> str:
        """Format a share from 0 to 1 as per cent."""
        if share is None or not math.isfinite(share):
            return NONE
        pattern = "#,##0" + ("." + "0" * digits if digits else "") + "\u00a0%"
        return format_percent(share, pattern, locale=self.locale)

    def with_unit(self, value: float | None, unit: str, digits: int = 0) -> str:
        """Format a number with its unit, joined by a no-break space."""
        text = self.number(value, digits)
        return text if text == NONE else f"{text}\u00a0{unit}"

    def quantity(self, value: float | None, unit: str) -> str:
        """Format the figure of an anomaly: a power as W or kW, h and kWh with one decimal."""
        return self.power(value) if unit == "W" else self.with_unit(value, unit, 1)

    def power(self, watts: float | None) -> str:
        """Format a power: kW with two decimals from 1,000 W on, else W."""
        if watts is not None and math.isfinite(watts) and abs(watts) >= 1000.0:
            return self.with_unit(watts / 1000.0, "kW", 2)
        return self.with_unit(watts, "W")

    def strength(self, value: float | None, unit: str, digits: int = 0) -> str:
        """Format a magnitude: the absolute value with its unit."""
        return self.with_unit(None if value is None else abs(value), unit, digits)

    def metres(self, value: float | None) -> str:
        """Format metres as km, with one decimal below 100 km."""
        if value is None or not math.isfinite(value):
            return NONE
        return self.with_unit(value / 1000.0, "km", 0 if value >= 100_000 else 1)

    def seconds(self, value: float | None) -> str:
        """Format a duration as h and min, as min, or as s."""
        if value is None or not math.isfinite(value):
            return NONE
        whole = round(value)
        if whole >= 3600:
            return f"{whole // 3600}\u00a0h {whole % 3600 // 60:02d}\u00a0min"
        if whole >= 60:
            return f"{whole // 60}\u00a0min"
        return f"{whole}\u00a0s"

    def date(self, at: datetime | None) -> str:
        """Format the local date: 21 Nov 2026."""
        if at is None:
            return NONE
        return format_date(at.astimezone(self.zone).date(), "medium", locale=self.locale)

    def day(self, day: Date | None) -> str:
        """Format a date without time: 21 Nov 2026."""
        return NONE if day is None else format_date(day, "medium", locale=self.locale)

    def moment(self, at: datetime | None) -> str:
        """Format date and time: 21 Nov 2026, 14:05."""
        if at is None:
            return NONE
        pattern = "d. MMM y, HH:mm" if self.locale.language == "de" else "d MMM y, HH:mm"
        return format_datetime(at, pattern, tzinfo=self.zone, locale=self.locale)

    def distance_in_time(self, at: datetime, now: datetime) -> str:
        """Format a time relative to now: in 12 minutes, 3 hours ago."""
        return format_timedelta(
            at - now,
            granularity="second" if abs(at - now) < timedelta(minutes=1) else "minute",
            add_direction=True,
            locale=self.locale,
        )

    def local(self, at: datetime) -> str:
        """Format as wall-clock time without offset: Plotly's axes have no time zones."""
        return at.astimezone(self.zone).replace(tzinfo=None).isoformat(timespec="milliseconds")

    @property
    def separators(self) -> str:
        """Decimal and thousands separators, in Plotly's notation."""
        return ",." if self.locale.language == "de" else ".,"

    @property
    def day_format(self) -> str:
        """Day and month on an axis, with the year where it is not this one, in d3's notation."""
        if self.locale.language == "de":
            return "%d.%m.%Y" if self.with_year else "%d.%m."
        return "%d/%m/%Y" if self.with_year else "%d/%m"
