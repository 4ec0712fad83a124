"""Conversion of times: int64 microseconds since 1970 UTC ↔ timestamptz."""

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_US = timedelta(microseconds=1)

PROVISIONAL_US = 253_402_214_400_000_000
"""decided_us (9999-12-31) of a provisional row: the open trip of a silent device. The next sample,
or any correction, replaces it."""


def from_us(us: int) -> datetime:
    """Return an aware datetime, exact to the microsecond."""
    return EPOCH + timedelta(microseconds=int(us))


def to_us(at: datetime) -> int:
    """Return microseconds since 1970 UTC, exact."""
    return (at - EPOCH) // _US
