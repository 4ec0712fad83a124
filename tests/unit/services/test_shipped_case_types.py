"""Shipped case types: whatever people answer, each comes to its end, and every step can be done."""

from random import Random
from typing import Any

import jsonschema
import pytest

from contracts.kinds import LANGUAGES
from customer_context.cases.case_state import (
    ENDED,
    CaseState,
    Event,
    Outcome,
    State,
    Surroundings,
    What,
)
from customer_context.cases.case_types import CaseType, FormField, Item, Kind, schema_of
from customer_context.cases.engine import apply, open_, open_steps
from services.case_types import shipped

TYPES = {
    "complaint", "contract-change", "crash-claim", "customer-rights", "driving-dispute",
    "meter-inspection", "moving-house", "reading-dispute",
}  # fmt: skip
AROUND = Surroundings(granted=frozenset({"claims_assistance", "driving_score", "energy_insight"}))
MOST_STEPS = 200


def test_all_are_shipped() -> None:
    assert set(shipped()) == TYPES
    for case_type in shipped().values():
        assert case_type.file == f"{case_type.id}.yaml"
        assert any(item.exception for item in case_type.items.values()), case_type.id


def answer(random: Random, field: FormField) -> Any:
    return {
        "boolean": lambda: random.random() < 0.7,
        "text": lambda: "text",
        "number": lambda: 12.5,
        "integer": lambda: 3,
        "date": lambda: "2026-12-01",
        "choice": lambda: random.choice(field.choices).value,
    }[field.type]()


def do(case_type: CaseType, state: CaseState, item: Item, random: Random, at_us: int) -> Outcome:
    """Do what is to be done with a step; a failing automatic step is tried again."""
    if "stuck" in state.exceptions and item.id == "sort-out":
        return apply(case_type, state, Event(What.CLOSE, at_us, text="nothing to do"), AROUND)
    now = state.items[item.id].state
    if now == State.ENABLED:
        return apply(case_type, state, Event(What.START, at_us, item.id), AROUND)
    if now == State.FAILED:
        return apply(case_type, state, Event(What.RETRY, at_us, item.id), AROUND)
    if item.kind == Kind.AUTOMATIC and random.random() < 0.2:
        return apply(case_type, state, Event(What.FAIL, at_us, item.id, text="down"), AROUND)
    for document in item.documents:
        state = apply(case_type, state, Event(What.DOCUMENT, at_us, text=document.id), AROUND).state
    data = {field.name: answer(random, field) for field in item.form}
    jsonschema.Draft202012Validator(schema_of(item)).validate(data)
    return apply(case_type, state, Event(What.COMPLETE, at_us, item.id, data), AROUND)


def walk(case_type: CaseType, random: Random) -> tuple[CaseState, set[str]]:
    """Do random steps until the case has ended; return its end and the steps done."""
    at_us, done = 1_000_000_000_000_000, set()
    state = open_(case_type, Event(What.OPEN, at_us), AROUND).state
    for _ in range(MOST_STEPS):
        if state.state in ENDED:
            break
        at_us += 60_000_000
        steps = open_steps(case_type, state)
        if not steps:
            due = state.next_due_us
            assert due is not None, f"{case_type.id}: nobody can do anything"
            at_us = max(at_us, due)
            state = apply(case_type, state, Event(What.TIME, at_us), AROUND).state
            continue
        item = random.choice(steps)
        done.add(item.id)
        state = do(case_type, state, item, random, at_us).state
    return state, done


@pytest.mark.parametrize("id_", sorted(TYPES))
def test_each_comes_to_its_end_whatever_is_answered(id_: str) -> None:
    case_type = shipped()[id_]
    done: set[str] = set()
    for seed in range(60):
        state, steps = walk(case_type, Random(seed))
        assert state.state in ENDED, f"seed {seed}: {state}"
        done |= steps
    doable = {
        item.id
        for item in case_type.items.values()
        if item.kind in (Kind.HUMAN, Kind.AUTOMATIC) and item.id != "sort-out"
    }
    assert doable <= done, f"never done: {doable - done}"


@pytest.mark.parametrize("id_", sorted(TYPES))
def test_a_step_asks_for_little_and_nothing_that_the_record_knows(id_: str) -> None:
    known = {"name", "language", "customer", "email", "phone", "mobile"}
    for item in shipped()[id_].items.values():
        assert len(item.form) <= 4, item.id
        assert not known & {field.name for field in item.form}, item.id
        assert not [field for field in item.form if field.fact is not None], item.id
        for field in item.form:
            assert all(getattr(field.label, language) for language in LANGUAGES)
