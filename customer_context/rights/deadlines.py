"""When a request of a customer has to be answered: GDPR Art. 12(3). Pure.

A period in months ends with the day of its last month that has the number of the day of receipt,
or with that month's last day (Regulation 1182/71, Art. 3). That regulation moves an end on a
holiday to the next working day; this rule does not, so that its date is never too late.
"""

import calendar
from datetime import datetime, time
from zoneinfo import ZoneInfo

MONTHS, EXTENDED_MONTHS = 1, 3
"""One month, extendable by two further months with a reason."""


def due_at(received_at: datetime, timezone: str, *, extended: bool = False) -> datetime:
    """Return the last second in which the answer is in time. received_at : aware."""
    day = received_at.astimezone(ZoneInfo(timezone)).date()
    months = day.month - 1 + (EXTENDED_MONTHS if extended else MONTHS)
    year, month = day.year + months // 12, months % 12 + 1
    last = day.replace(
        year=year, month=month, day=min(day.day, calendar.monthrange(year, month)[1])
    )
    return datetime.combine(last, time(23, 59, 59), ZoneInfo(timezone))


def may_extend(received_at: datetime, timezone: str, now: datetime) -> bool:
    """Return whether an extension is in time: the customer learns of it in the first month."""
    return now <= due_at(received_at, timezone)
