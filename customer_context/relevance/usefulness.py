"""Usefulness of items, learnt from what agents and customers did with such items. Pure.

The usefulness of a topic (a kind of anomaly, a playbook, a type of case) is a share, shrunk step by
step: of everybody about the kind of item, of everybody about its topic, of readers of one role
about its topic. Each step starts from the result of the one before as if it were `PRIOR` further
reactions, so that few reactions move little:

    share = (PRIOR · share before + used + opened / 2) / (PRIOR + used + opened + dismissed)

It begins at a half, which is a factor of 1. A dismissal never raises it, a use never lowers it.
Oracle: tests/oracles/relevance.py.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Reaction(StrEnum):
    """What a reader did with an item."""

    OPENED = "opened"
    USED = "used"
    DISMISSED = "dismissed"


class Reader(StrEnum):
    """Who read it."""

    AGENT = "agent"
    CUSTOMER = "customer"


PRIOR = 8.0
"""Reactions that a topic needs to weigh as much as what was known before."""

OWN_PRIOR = 2.0
"""The same of an item's own reactions: who has dismissed it does not want to see it again."""

NEUTRAL = 1.0
"""The factor without feedback."""


@dataclass(frozen=True, slots=True)
class Feedback:
    """Numbers of reactions of one kind of readers to items of one topic."""

    kind: str
    topic: str
    reader: str
    opened: int = 0
    used: int = 0
    dismissed: int = 0


def learnt(feedback: Iterable[Feedback], kind: str, topic: str, reader: str) -> float:
    """Return the factor for items of a topic to a reader: 0 to 2, 1 without feedback."""
    of_kind = [one for one in feedback if one.kind == kind]
    of_topic = [one for one in of_kind if one.topic == topic]
    factor = NEUTRAL
    for known in (of_kind, of_topic, [one for one in of_topic if one.reader == reader]):
        factor = shrunk(
            factor,
            PRIOR,
            sum(one.opened for one in known),
            sum(one.used for one in known),
            sum(one.dismissed for one in known),
        )
    return factor


def shrunk(before: float, prior: float, opened: int, used: int, dismissed: int) -> float:
    """Return a factor after these reactions. before : the factor without them."""
    share = (prior * before / 2 + used + opened / 2) / (prior + opened + used + dismissed)
    return 2 * share
