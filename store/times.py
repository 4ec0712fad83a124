"""Times at the border of the database: int64 microseconds since 1970 UTC ↔ timestamptz."""

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_US = timedelta(microseconds=1)


def from_us(us: int) -> datetime:
    """Aware datetime, exact to the microsecond."""
    return EPOCH + timedelta(microseconds=int(us))


def to_us(at: datetime) -> int:
    """Microseconds since 1970 UTC, exact."""
    return (at - EPOCH) // _US
