"""Parse timestamps of command lines and files."""

from datetime import datetime

from runtime.errors import Usage


def as_datetime(value: str) -> datetime:
    """Parse an ISO 8601 time with an offset. Raises `Usage`."""
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        raise Usage(f"{value!r} is no time; expected 2026-11-21T10:00:00+01:00") from None
    if at.tzinfo is None:
        raise Usage(f"{value!r} has no offset; add Z or +01:00")
    return at
