"""The period that a meter's page shows: a day, a week, a month, a year, or from a day to a day."""

from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

SPANS = ("day", "week", "month", "year")
MOST_DAYS = 366
_WEEK = 7
_YEARS = range(2000, 2101)


@dataclass(frozen=True, slots=True)
class Period:
    """since, until : first and last day. span : None = days that somebody chose."""

    span: str | None
    since: date
    until: date

    @property
    def days(self) -> int:
        """How many days."""
        return (self.until - self.since).days + 1

    @property
    def earlier(self) -> dict[str, str | None]:
        """Parameters of the URL of the period before."""
        return self._moved(self.since - timedelta(days=1))

    def later(self, newest: date) -> dict[str, str | None] | None:
        """Parameters of the URL of the period after; None where nothing is known of it."""
        if self.until >= newest:
            return None
        ends = {"day": 1, "week": _WEEK, "month": 1, "year": 1, None: self.days}
        return self._moved(self.until + timedelta(days=ends[self.span]))

    def _moved(self, until: date) -> dict[str, str | None]:
        since = None if self.span else (until - timedelta(days=self.days - 1)).isoformat()
        return {"span": self.span, "from": since, "to": until.isoformat()}


def period_of(given: Mapping[str, str], newest: date) -> Period:
    """Return the period of a URL; the last week where it names none that can be shown."""
    since, until = day_of(given.get("from")), day_of(given.get("to"))
    if since and until and since <= until and (until - since).days < MOST_DAYS:
        return Period(None, since, until)
    span, until = given.get("span", ""), until or newest
    if span == "day":
        return Period(span, until, until)
    if span == "month":
        last = monthrange(until.year, until.month)[1]
        return Period(span, until.replace(day=1), until.replace(day=last))
    if span == "year":
        return Period(span, date(until.year, 1, 1), date(until.year, 12, 31))
    return Period("week", until - timedelta(days=_WEEK - 1), until)


def day_of(text: str | None) -> date | None:
    """Return the day of a text like 2026-11-30; None for any other."""
    try:
        day = date.fromisoformat(text or "")
    except ValueError:
        return None
    return day if day.year in _YEARS else None
