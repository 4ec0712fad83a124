"""Numbers, units and times as people read them, in their language and the tenant's time zone."""

import math
from datetime import date as Date  # a method here is called date
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_datetime, format_timedelta
from babel.numbers import format_decimal, format_percent

NONE = "–"
"""What stands where nothing is known."""

_LOCALES = {"de": "de_DE", "en": "en_GB"}


class Formats:
    """Babel, bound to a language and a zone. None and NaN become a dash."""

    def __init__(self, language: str, timezone: str) -> None:
        self.locale = Locale.parse(_LOCALES[language])
        self.zone = ZoneInfo(timezone)

    def number(self, value: float | None, digits: int = 0) -> str:
        """With exactly so many digits after the point."""
        if value is None or not math.isfinite(value):
            return NONE
        pattern = "#,##0" + ("." + "0" * digits if digits else "")
        return format_decimal(value, pattern, locale=self.locale)

    def percent(self, share: float | None, digits: int = 0) -> str:
        """Of a share from 0 to 1."""
        if share is None or not math.isfinite(share):
            return NONE
        pattern = "#,##0" + ("." + "0" * digits if digits else "") + "\u00a0%"
        return format_percent(share, pattern, locale=self.locale)

    def with_unit(self, value: float | None, unit: str, digits: int = 0) -> str:
        """The number and its unit, which a line never breaks apart."""
        text = self.number(value, digits)
        return text if text == NONE else f"{text}\u00a0{unit}"

    def quantity(self, value: float | None, unit: str) -> str:
        """What an anomaly measures: watts whole, hours and kilowatt-hours with a digit."""
        return self.with_unit(value, unit, 0 if unit == "W" else 1)

    def strength(self, value: float | None, unit: str, digits: int = 0) -> str:
        """How strong something was, whichever way it went."""
        return self.with_unit(None if value is None else abs(value), unit, digits)

    def metres(self, value: float | None) -> str:
        """As kilometres, with a digit where it is little."""
        if value is None or not math.isfinite(value):
            return NONE
        return self.with_unit(value / 1000.0, "km", 0 if value >= 100_000 else 1)

    def seconds(self, value: float | None) -> str:
        """A duration as h and min, or min and s."""
        if value is None or not math.isfinite(value):
            return NONE
        whole = round(value)
        if whole >= 3600:
            return f"{whole // 3600}\u00a0h {whole % 3600 // 60:02d}\u00a0min"
        if whole >= 60:
            return f"{whole // 60}\u00a0min"
        return f"{whole}\u00a0s"

    def date(self, at: datetime | None) -> str:
        """21 Nov 2026"""
        if at is None:
            return NONE
        return format_date(at.astimezone(self.zone).date(), "medium", locale=self.locale)

    def day(self, day: Date | None) -> str:
        """21 Nov 2026, of a day that has no time."""
        return NONE if day is None else format_date(day, "medium", locale=self.locale)

    def moment(self, at: datetime | None) -> str:
        """21 Nov 2026, 14:05"""
        if at is None:
            return NONE
        pattern = "d. MMM y, HH:mm" if self.locale.language == "de" else "d MMM y, HH:mm"
        return format_datetime(at, pattern, tzinfo=self.zone, locale=self.locale)

    def distance_in_time(self, at: datetime, now: datetime) -> str:
        """in 12 minutes, 3 hours ago"""
        return format_timedelta(
            at - now,
            granularity="second" if abs(at - now) < timedelta(minutes=1) else "minute",
            add_direction=True,
            locale=self.locale,
        )

    def local(self, at: datetime) -> str:
        """Wall-clock time without an offset: the plots' axes have no zones."""
        return at.astimezone(self.zone).replace(tzinfo=None).isoformat(timespec="milliseconds")

    @property
    def separators(self) -> str:
        """Decimal point and thousands separator, as Plotly takes them."""
        return ",." if self.locale.language == "de" else ".,"

    @property
    def day_format(self) -> str:
        """A day on an axis, in d3's notation."""
        return "%d.%m." if self.locale.language == "de" else "%d/%m"
