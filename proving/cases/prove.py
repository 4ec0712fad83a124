"""Compare the rules of cases with their oracle over random types, events, restarts and clocks."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import Any

import yaml

from customer_context.cases import engine
from customer_context.cases.case_state import (
    ENDED,
    CaseState,
    Does,
    Event,
    Outcome,
    Surroundings,
    What,
)
from customer_context.cases.case_types import CaseType, load
from proving.cases import random_types
from proving.testbed.rounds import problems_of
from runtime.errors import NotAllowed
from tests.oracles import case_engine as oracle

_US_PER_MIN = 60_000_000
_FIRED = (Does.REMIND, Does.ESCALATE)
_BEGIN = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp()) // 60
_YEAR_MIN = 366 * 24 * 60
_EVENTS = 25


@dataclass(slots=True)
class Proof:
    """What was tried, and what differed."""

    types: int = 0
    events: int = 0
    refused: int = 0
    fired: int = 0
    restarts: int = 0
    clock_changes: int = 0
    problems: list[str] = field(default_factory=list)


def prove(seed: int, rounds: int, most_problems: int = 5) -> Proof:
    """Try `rounds` random case types with a case each; stop after `most_problems`."""
    found = Proof()
    found.problems = problems_of(lambda random: _round(random, found), seed, rounds, most_problems)
    return found


def _round(random: Random, found: Proof) -> str | None:
    """Play one case; return the first difference."""
    plan, conditions = random_types.case_type(random)
    kind = load(yaml.safe_dump(plan, sort_keys=False), "random.yaml")
    zone = random.choice(random_types.ZONES)
    facts: dict[str, Any] = {"data": {}, "signal": {}, "granted": frozenset()}
    clock = _Clock(random)
    found.types += 1

    def truth(condition: str) -> bool | None:
        return conditions[condition].truth(facts)

    wanted = oracle.opened(plan, truth, clock.now_min, zone)
    outcome = engine.open_(kind, Event(What.OPEN, clock.now_us), _around(facts, zone))
    did = list(_did(outcome))
    fired = _count(outcome)
    problem = _differ(outcome.state, wanted, did)
    state = outcome.state
    for _ in range(_EVENTS):
        if problem is not None or state.state in ENDED:
            break
        if random.random() < 0.3:
            found.restarts += 1
            state = _restart(state)
        found.clock_changes += clock.move(state)
        states = {id_: item.state.value for id_, item in state.items.items()}
        what, item, text, data = random_types.event(random, states, facts)
        facts["data"] = {**facts["data"], **data}
        event = Event(What(what), clock.now_us, item, data, text)
        before = dict(wanted, did=list(wanted["did"]))
        refused = _refused_by_oracle(plan, wanted, (what, item, text), truth, clock.now_min, zone)
        try:
            outcome = engine.apply(kind, state, event, _around(facts, zone))
        except NotAllowed:
            if not refused:
                return f"{what} {item} was refused"
            found.refused += 1
            wanted = before
            facts["data"] = dict(state.data)
            continue
        if refused:
            return f"{what} {item} was not refused in {states.get(item, before['state'])}"
        found.events += 1
        fired += _count(outcome)
        did += _did(outcome)
        state = outcome.state
        problem = _differ(state, wanted, did)
        if problem is None and event.what == What.TIME:
            problem = _by_second_worker(kind, state, event, _around(facts, zone))
    found.fired += fired
    return problem


class _Clock:
    """A clock that a case's events come by: mostly ahead, at times back, in whole minutes."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self.now_min = _BEGIN + random.randrange(_YEAR_MIN)

    @property
    def now_us(self) -> int:
        return self.now_min * _US_PER_MIN

    def move(self, state: CaseState) -> int:
        """Move; return 1 where the clock was set back or jumped."""
        next_us = state.next_due_us
        if self._random.random() < 0.5 and next_us is not None:
            self.now_min = max(self.now_min, next_us // _US_PER_MIN + self._random.randint(-1, 1))
            return 0
        if self._random.random() < 0.1:
            self.now_min += self._random.choice((-90, -60, 60, 3 * 24 * 60))
            return 1
        self.now_min += self._random.randint(0, 600)
        return 0


def _restart(state: CaseState) -> CaseState:
    """Return what another process reads of a state that was written."""
    written = json.dumps([state.to_json(), dict(state.data)])
    read, data = json.loads(written)
    return CaseState.from_json(read, data)


def _around(facts: dict[str, Any], zone: str) -> Surroundings:
    return Surroundings(facts["signal"], {}, facts["granted"], zone)


def _did(outcome: Outcome) -> list[tuple[Any, ...]]:
    return [
        (effect.does.value, effect.item, effect.name, effect.times)
        if effect.does in _FIRED
        else (effect.does.value, effect.item)
        for effect in outcome.effects
    ]


def _count(outcome: Outcome) -> int:
    return sum(effect.does in _FIRED for effect in outcome.effects)


def _refused_by_oracle(
    plan: dict[str, Any], case: dict[str, Any], event: tuple[str, str, str], truth: Any,
    now_min: int, zone: str,
) -> bool:  # fmt: skip
    try:
        oracle.happened(plan, case, event, truth, now_min, zone)
    except oracle.Refused:
        return True
    return False


def _differ(state: CaseState, wanted: dict[str, Any], did: list[tuple[Any, ...]]) -> str | None:
    """Return the first difference between the rules and the oracle."""
    pairs: list[tuple[str, Any, Any]] = [("case", state.state.value, wanted["state"])]
    pairs += [
        (id_, (item.state.value, item.times), tuple(wanted["items"][id_].values()))
        for id_, item in state.items.items()
    ]
    pairs.append(
        (
            "deadlines",
            [(t.due_us / _US_PER_MIN, t.item, t.deadline, t.times) for t in state.timers],
            sorted(wanted["timers"]),
        )
    )
    pairs.append(("documents", set(state.documents), wanted["documents"]))
    pairs.append(("exceptions", len(state.exceptions), len(wanted["exceptions"])))
    pairs.append(("effects", did, wanted["did"]))
    for what, found, right in pairs:
        if found != right:
            return f"{what} is {found!r}, expected {right!r}"
    return None


def _by_second_worker(
    kind: CaseType, state: CaseState, event: Event, around: Surroundings
) -> str | None:
    """Return what a second look at the same time, by another process, still finds to fire."""
    if state.state in ENDED:
        return None
    again = engine.apply(kind, _restart(state), event, around)
    if again.effects or again.state.timers != state.timers:
        return f"a second worker fired {again.effects}"
    return None
