"""Parse the times that devices send."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from contracts.telemetry import MAX_EPOCH_MS
from runtime.errors import DeadLetter, Reason

YEAR_2000_US = 946_684_800_000_000

WEEK_US = 7 * 86_400 * 1_000_000
ROLLOVER_US = 1_024 * WEEK_US
"""The civil GPS message counts weeks by 10 bits (IS-GPS-200, 20.3.3.3.1.1)."""

ROLLOVER_BUFFER_US = 30 * 86_400 * 1_000_000
"""So long a device may have kept a message. History of exactly 19.6 or 39.2 years is none."""

ROLLOVER_AHEAD_US = 300 * 1_000_000
"""... and so far such a clock may be ahead within its era."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_US = timedelta(microseconds=1)


def rolled_over(observed_us: int | NDArray[np.int64], received_us: int | NDArray[np.int64]) -> Any:
    """Whether times lie one or two rollovers of the GPS week before their arrival, as a bool or an
    array of them.

    Receivers with old firmware put the week into the wrong era: all their times are 1,024 weeks
    back, while the message arrives as usual.
    """
    lag_us = received_us - observed_us
    era_us = lag_us % ROLLOVER_US
    near = (era_us <= ROLLOVER_BUFFER_US) | (era_us >= ROLLOVER_US - ROLLOVER_AHEAD_US)
    return near & (lag_us >= ROLLOVER_US - ROLLOVER_AHEAD_US) & (lag_us < 3 * ROLLOVER_US)


def parse_time(value: str | int | datetime) -> int:
    """Convert RFC 3339 text with an offset, or epoch milliseconds, to microseconds since 1970 UTC.

    Raises `DeadLetter`: bad_time, or time_without_offset.
    """
    if isinstance(value, int):
        if not -MAX_EPOCH_MS <= value <= MAX_EPOCH_MS:
            raise DeadLetter(Reason.BAD_TIME, f"{value} is no time in epoch milliseconds")
        return value * 1000
    if isinstance(value, str):
        try:
            at = datetime.fromisoformat(value)
        except ValueError:
            raise DeadLetter(
                Reason.BAD_TIME,
                f"{value[:60]!r} is no time; expected RFC 3339 such as 2026-11-21T10:00:00Z, "
                "or epoch milliseconds",
            ) from None
    else:
        at = value
    if at.tzinfo is None:
        raise DeadLetter(
            Reason.TIME_WITHOUT_OFFSET, f"{value!s:.60} has no offset; add Z or ±hh:mm"
        )
    try:
        return (at - _EPOCH) // _US
    except OverflowError:
        raise DeadLetter(Reason.BAD_TIME, f"{value!s:.60} is out of range") from None


def local_time(text: str, timezone: str, received_us: int) -> int:
    """Convert a wall-clock time without an offset to microseconds since 1970 UTC.

    In the repeated hour of autumn the earlier instant is taken, unless the message arrived more
    than half an hour after it and no more than half an hour before the later one: such devices
    send at once. Raises `DeadLetter`: bad_time.
    """
    try:
        wall = datetime.fromisoformat(text)
    except ValueError:
        raise DeadLetter(
            Reason.BAD_TIME, f"{text[:60]!r} is no time; expected 2022-07-07T13:01:11"
        ) from None
    if wall.tzinfo is not None:
        return parse_time(wall)
    zone = ZoneInfo(timezone)
    try:
        first = parse_time(wall.replace(tzinfo=zone, fold=0))
        second = parse_time(wall.replace(tzinfo=zone, fold=1))
    except (OverflowError, ValueError):
        raise DeadLetter(Reason.BAD_TIME, f"{text[:60]!r} is out of range") from None
    half_hour = 1_800_000_000
    if second > first and received_us - first > half_hour and second <= received_us + half_hour:
        return second
    return first
