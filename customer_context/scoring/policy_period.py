"""The policy period of a contract: the year of insurance that a date is in."""

from datetime import datetime
from zoneinfo import ZoneInfo


def policy_period(
    valid_from: datetime, valid_to: datetime | None, as_of: datetime, zone: ZoneInfo
) -> tuple[datetime, datetime]:
    """Return begin and end of the year of insurance that ends at `as_of` or is running then.

    A year begins at each anniversary of the contract's begin, in the tenant's local time; of 29
    February on the 28th where there is no 29th. A period ends with the contract. A renewal date is
    the end of the year before it and not the begin of the next. Of a contract that has ended it is
    the last one.
    """
    if valid_to is not None and valid_to < as_of:
        as_of = valid_to
    begin = valid_from.astimezone(zone)
    years = max(as_of.astimezone(zone).year - begin.year, 0)
    while years > 0 and _anniversary(begin, years) >= as_of:
        years -= 1
    start, end = _anniversary(begin, years), _anniversary(begin, years + 1)
    return start, end if valid_to is None else min(end, valid_to)


def _anniversary(begin: datetime, years: int) -> datetime:
    year = begin.year + years
    try:
        return begin.replace(year=year)
    except ValueError:
        return begin.replace(year=year, day=28)
