"""Caps: how many messages a customer gets in a day by one channel. Pure."""

from collections.abc import Iterable
from datetime import datetime, timedelta

WINDOW = timedelta(days=1)


def cap_reached(sent: Iterable[datetime], now: datetime, per_day: int) -> bool:
    """Return whether one more message would be too many.

    sent : aware times of earlier messages to the customer by the channel, without urgent ones.
    per_day : most in any 24 hours; 0 = no cap. Urgent messages pass without this question.
    """
    return per_day > 0 and sum(now - WINDOW < at <= now for at in sent) >= per_day
