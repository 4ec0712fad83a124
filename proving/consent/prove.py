"""Run random histories through our rules and through the oracle, and compare each answer."""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any, Protocol

from proving.consent import histories, rules
from proving.consent.histories import Event
from proving.consent.in_memory import InMemory
from runtime.settings import Settings
from tests.oracles import consent_history as oracle

Progress = Callable[[int], None]


class Ours(Protocol):
    """Our side of a history: in memory, or in a database."""

    def do(self, event: Event) -> Any:
        """Take an event; return the answer."""
        ...


@dataclass(slots=True)
class Proof:
    """What was tried, and what differed.

    samples, stored : of messages; planned, sent, refused : contacts; answers : all that were
    compared. in_database : histories that were run in PostgreSQL too.
    """

    histories: int = 0
    in_database: int = 0
    events: int = 0
    samples: int = 0
    stored: int = 0
    planned: int = 0
    sent: int = 0
    refused: int = 0
    hidden: int = 0
    problems: list[str] = field(default_factory=list)


def prove(
    seed: int,
    number: int,
    progress: Progress = lambda _: None,
    most_problems: int = 5,
    in_database: Callable[[int], Ours] | None = None,
    database_sample: int = 0,
) -> Proof:
    """Try `number` histories; stop after `most_problems`.

    in_database : makes the side in PostgreSQL of a history; `database_sample` of them have one,
    spread over all.
    """
    found = Proof()
    settings, playbooks = Settings(), rules.playbooks()
    for i in range(number):
        events = histories.history(Random(f"{seed} {i}"))
        sides: list[tuple[str, Ours]] = [("", InMemory(playbooks, settings))]
        sampled = in_database is not None and _is_sampled(i, number, database_sample)
        if in_database is not None and sampled:
            sides.append((" in the database", in_database(i)))
            found.in_database += 1
        found.histories += 1
        problem = _differ(events, sides, found)
        if problem is not None:
            found.problems.append(f"seed {seed}, history {i}: {problem}")
            if len(found.problems) >= most_problems:
                break
        progress(i + 1)
    return found


def _is_sampled(i: int, number: int, sample: int) -> bool:
    """Return whether this one is among `sample` that are spread evenly over all."""
    return (i + 1) * sample // number > i * sample // number


def _differ(events: list[Event], sides: list[tuple[str, Ours]], found: Proof) -> str | None:
    """Return the first difference."""
    town = oracle.Town()
    for at, event in enumerate(events):
        wanted = town.do(dict(event))
        found.events += 1
        _count(event, wanted, found)
        for where, side in sides:
            answer = side.do(dict(event))
            if answer != wanted:
                return f"event {at}{where} ({event}): {_first(answer, wanted)}"
    return None


def _count(event: Event, wanted: Any, found: Proof) -> None:
    if event["do"] == "message":
        found.samples += len(event["times"])
        found.stored += len(wanted["kept"])
    elif event["do"] == "signal":
        found.planned += sum(reason == "planned" and what != "case" for _, what, reason in wanted)
    elif event["do"] == "send":
        found.sent += sum(reason == "sent" for *_, reason in wanted)
        found.refused += sum(reason != "sent" for *_, reason in wanted)
    elif event["do"] == "show":
        shown = [one[1] for one in (*wanted["cases"], *wanted["contacts"], *wanted["trips"])]
        found.hidden += shown.count("hidden")


def _first(answer: Any, wanted: Any) -> str:
    if isinstance(answer, dict) and isinstance(wanted, dict):
        for name in wanted:
            if answer.get(name) != wanted[name]:
                return f"{name} is {answer.get(name)!r}, expected {wanted[name]!r}"
    return f"is {answer!r}, expected {wanted!r}"
