"""Retry-After: seconds, or a date. Source: RFC 9110, section 10.2.3."""

import re
from datetime import UTC
from email.utils import parsedate_to_datetime

from runtime.clock import US_PER_S
from store.postgres.times import to_us

MAX_S = 86_400
"""A receiver cannot put a contact off for longer than this at a time."""

_SECONDS = re.compile(r"[0-9]{1,12}")


def seconds_of(value: str | None, now_us: int) -> float:
    """Return how long to wait, at most `MAX_S`; 0 where the header is absent, past or no time."""
    if value is None:
        return 0.0
    text = value.strip()
    if _SECONDS.fullmatch(text):
        return float(min(int(text), MAX_S))
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return 0.0
    if at.tzinfo is None:  # "-0000", or no zone: HTTP dates are in GMT
        at = at.replace(tzinfo=UTC)
    return min(max((to_us(at) - now_us) / US_PER_S, 0.0), float(MAX_S))
