"""The order of the work queue, who can do a case, and which one somebody does next. Pure.

The order does not change while time passes: of two cases the one that is due first stays first. So
it is a column of the store (`rank_at`, migration 0048), which an index serves. Oracle:
tests/oracles/work_queue.py.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

NO_DEADLINE = timedelta(days=5)
"""When a case without a deadline is due, after its opening."""
WAITING = timedelta(minutes=60)
"""A customer who waits is answered within this time."""
URGENT = timedelta(minutes=240)
"""How much earlier an urgent case ranks."""
SEVERITY = timedelta(minutes=60)
"""How much earlier each level of severity ranks, in a case that is not urgent."""

SOON = timedelta(minutes=60)
"""An own case that ranks within this time from now is done before new ones."""
MOST_OWN = 20
"""Who has so many cases gets only urgent ones in addition."""


@dataclass(frozen=True, slots=True)
class Need:
    """What a case needs. skill, language : '' = any."""

    side: str
    skill: str
    language: str


@dataclass(frozen=True, slots=True)
class Worker:
    """Somebody who works on cases.

    skills, languages : empty = all. side : insurer or utility, None = both. load : cases of theirs
    that are not resolved.
    """

    name: str
    skills: frozenset[str] = frozenset()
    languages: frozenset[str] = frozenset()
    side: str | None = None
    load: int = 0
    absent: bool = False


@dataclass(frozen=True, slots=True)
class Ranked:
    """A case of the queue, as the choice of the next one needs it."""

    case_id: str
    rank_at: datetime
    urgent: bool


def rank_at(case: Mapping[str, Any]) -> datetime:
    """Return the place of a case in the queue; the earlier the sooner.

    case : deadline, opened_at, waiting_since, urgent, severity. The column `rank_at` is the same.
    """
    due: datetime = case["deadline"] or case["opened_at"] + NO_DEADLINE
    if case["waiting_since"] is not None:
        due = min(due, case["waiting_since"] + WAITING)
    return due - (URGENT if case["urgent"] else SEVERITY * case["severity"])


def fits(worker: Worker, need: Need) -> bool:
    """Return whether somebody can do what a case needs."""
    return (
        worker.side in (None, need.side)
        and (not need.skill or not worker.skills or need.skill in worker.skills)
        and (not need.language or not worker.languages or need.language in worker.languages)
    )


def choose(
    worker: Worker, own: Sequence[Ranked], free: Sequence[Ranked], now: datetime, but: str = ""
) -> str | None:
    """Return the case that somebody does next; None where there is none.

    own : theirs; free : nobody's that fit them; each may be only the beginning of its list, by
    rank, as long as it has more than one case. but : the one that they have just had.
    """
    soon = [case for case in own if case.rank_at <= now + SOON]
    new = [case for case in free if case.urgent or worker.load < MOST_OWN]
    for cases in ((*soon, *new), own):
        left = [case for case in cases if case.case_id != but]
        if left:
            return min(left, key=lambda case: (case.rank_at, case.case_id)).case_id
    return None


def delegates(need: Need, workers: Iterable[Worker], but: str = "") -> list[Worker]:
    """Return who can be given a case: present and able to do it, who has the fewest first."""
    able = [one for one in workers if not one.absent and one.name != but and fits(one, need)]
    return sorted(able, key=lambda one: (one.load, one.name))


def waits(author_is_customer: bool, before: datetime | None, now: datetime) -> datetime | None:
    """Return since when the customer waits, after somebody said or did something in the case."""
    if not author_is_customer:
        return None
    return now if before is None else before
