"""Is a signal still news? Pure.

The age of a signal is the time from when it could be known (its `time`: the crash itself, or the
reading that decided an anomaly) until now. A device that was offline, or an imported history, makes
signals that are old when they come: features and alerts follow from them, contacts do not.
"""

from datetime import datetime, timedelta

PAST_AFTER = timedelta(days=3)
"""An alert that comes later than this is marked as past. Meters are often read once a day, and an
outage of their connection over a weekend is not unusual."""


def too_old(known_at: datetime, now: datetime, max_age_min: int | None) -> bool:
    """Return whether a signal is older than `max_age_min` minutes; None = never."""
    return max_age_min is not None and now - known_at > timedelta(minutes=max_age_min)


def deadline(known_at: datetime, minutes: int | None) -> datetime | None:
    """Return until when to act. It counts from the event and not from its arrival: a deadline of
    late news may be over at once."""
    return None if minutes is None else known_at + timedelta(minutes=minutes)


def still_ahead(deadline_at: datetime | None, now: datetime) -> datetime | None:
    """Return a deadline that may be promised to somebody; None for one that is over."""
    return deadline_at if deadline_at is not None and deadline_at > now else None


def is_past(known_at: datetime, arrived_at: datetime) -> bool:
    """Return whether an alert was past when it arrived."""
    return arrived_at - known_at > PAST_AFTER
