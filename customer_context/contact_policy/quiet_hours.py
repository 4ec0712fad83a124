"""Quiet hours: when a message may be delivered, by the customer's wall clock. Pure.

Quiet hours hold delivery, not the decision. An instant is quiet where the wall clock of the zone
shows a time from `begin` to before `end`, which may span midnight. Where clocks change, the wall
clock alone counts: an hour that is skipped is not waited for. Oracle:
tests/oracles/contact_policy.py.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

_US_PER_MIN = 60_000_000
_LONGEST_US = 27 * 60 * _US_PER_MIN
"""No quiet time lasts longer: a day, and what clocks are set back."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From begin to before end, minutes of the day; begin = end means never.

    channels : which they hold; None = all.
    """

    begin_min: int
    end_min: int
    channels: frozenset[str] | None = None

    def hold(self, channel: str) -> bool:
        """Return whether they hold messages by this channel."""
        return self.channels is None or channel in self.channels


def minutes_of(text: str) -> int:
    """Return minutes of the day of a time such as 21:30. Raises `ValueError`."""
    at = time.fromisoformat(text)
    return at.hour * 60 + at.minute


@lru_cache(maxsize=256)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def is_quiet(at_us: int, zone: str, hours: QuietHours) -> bool:
    """Return whether an instant is quiet. at_us : microseconds since 1970."""
    local = _local(at_us, zone)
    return _within(local.hour * 60 + local.minute, hours)


def _local(at_us: int, zone: str) -> datetime:
    return (_EPOCH + timedelta(microseconds=at_us)).astimezone(_zone(zone))


def _within(minute: int, hours: QuietHours) -> bool:
    if hours.begin_min <= hours.end_min:
        return hours.begin_min <= minute < hours.end_min
    return minute >= hours.begin_min or minute < hours.end_min


@lru_cache(maxsize=4096)  # customers of one run share the instant
def deliver_from(at_us: int, zone: str, hours: QuietHours | None) -> int:
    """Return the first instant from `at_us` on that is not quiet, in microseconds since 1970.

    Invariants: never before at_us; at_us itself where it is not quiet.
    """
    if hours is None or not is_quiet(at_us, zone, hours):
        return at_us
    local = _local(at_us, zone)
    wanted = time(hours.end_min // 60, hours.end_min % 60)
    found = [
        instant
        for day in (0, 1)
        for fold in (0, 1)
        if (instant := _instant(local + timedelta(days=day), wanted, fold, zone)) > at_us
        and not is_quiet(instant, zone, hours)
    ]
    return _first_after_a_gap(at_us, min(found, default=at_us + _LONGEST_US), zone, hours)


def _instant(day: datetime, wanted: time, fold: int, zone: str) -> int:
    at = datetime.combine(day.date(), wanted, _zone(zone)).replace(fold=fold)
    return (at.astimezone(UTC) - _EPOCH) // timedelta(microseconds=1)


def _first_after_a_gap(at_us: int, found_us: int, zone: str, hours: QuietHours) -> int:
    """Return the end of a skipped hour that contains the end of quiet hours, else `found_us`."""
    local = _local(found_us, zone)
    if local.hour * 60 + local.minute == hours.end_min:
        return found_us
    quiet_us, over_us = at_us // _US_PER_MIN, found_us // _US_PER_MIN
    while over_us - quiet_us > 1:
        middle = (quiet_us + over_us) // 2
        if is_quiet(middle * _US_PER_MIN, zone, hours):
            quiet_us = middle
        else:
            over_us = middle
    return over_us * _US_PER_MIN
