"""Meters that are silent now, by how often and how late each of them sends. Pure.

A gap is known once the meter sends again; an outage is to be seen before. Some meters send each
quarter of an hour and some a day's values at once, so each has its own limit.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

LEAST = timedelta(hours=1)
"""Nobody drives out for a shorter silence, and networks fail for minutes."""

FACTOR = 2
"""Times the longest that this meter has been heard of nothing before: one message may be lost."""

FEWEST = 8
"""Samples that show how often a meter sends; readings of people are fewer."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What the last samples of a meter say.

    last : when the newest was measured; samples : how many there are
    pause : longest time between two of them; lag : longest time until one was received.
    """

    last: datetime
    samples: int
    pause: timedelta
    lag: timedelta


def is_silent(heard: Heard, now: datetime) -> bool:
    """Return whether a meter has been silent for longer than it ever is."""
    if heard.samples < FEWEST:
        return False
    return now - heard.last > max(LEAST, FACTOR * (heard.pause + max(heard.lag, timedelta())))
