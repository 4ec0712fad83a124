"""Outcomes of calls and answers of customers change a case as the oracle says."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customer_context.cases import outcomes, states
from runtime.errors import NotAllowed
from tests.oracles import cases as oracle

START = datetime(2026, 11, 29, tzinfo=UTC)
NOW_MIN = 1_000
_MINUTES = st.integers(-50_000, 60_000)
TIMES = ("deadline", "call_back_at")
OPEN = {
    "case_id": "c1", "state": "open", "owner": None, "kind": outcomes.CRASH_CALL, "attempts": 0,
    "deadline": None, "call_back_at": None,
}  # fmt: skip


def at(minutes: int | None) -> datetime | None:
    return None if minutes is None else START + timedelta(minutes=minutes)


@st.composite
def cases(draw):
    return {
        "case_id": "c1",
        "state": draw(st.sampled_from(states.STATES)),
        "owner": draw(st.none() | st.just("bob")),
        "kind": draw(st.sampled_from([outcomes.CRASH_CALL, "meter-anomaly"])),
        "attempts": draw(st.integers(0, 5)),
        "outcome": None,
        "call_back_at": None,
        "deadline": draw(st.none() | _MINUTES),
    }


def timed(case):
    return {**case, **{name: at(case[name]) for name in TIMES}}


def check(expected, decide, case):
    if expected is None:
        with pytest.raises(NotAllowed):
            decide()
        return
    fields = decide().fields
    after = {**timed(case), **fields}
    assert {name: after[name] for name in case} == timed(expected)
    if after["state"] != case["state"]:
        assert (fields["resolved_at"] is not None) == (after["state"] == "resolved")


@given(cases(), st.sampled_from(sorted(outcomes.OUTCOMES)), st.none() | _MINUTES)
def test_a_call_changes_a_case_as_the_oracle_says(case, outcome, again):
    def decide():
        return outcomes.record(timed(case), "eve", at(NOW_MIN), outcome, call_back_at=at(again))

    expected = oracle.case_after_call(case, "eve", NOW_MIN, outcome, again)
    check(expected, decide, case)
    assert outcome in outcomes.possible(case) or expected is None


@given(cases(), st.sampled_from(sorted(outcomes.ANSWERS)))
def test_an_answer_changes_a_case_as_the_oracle_says(case, said):
    def decide():
        return outcomes.answer(timed(case), at(NOW_MIN), said)

    check(oracle.case_after_answer(case, NOW_MIN, said), decide, case)


def test_the_diary_says_what_was_done():
    found = outcomes.record(OPEN, "eve", START, "voicemail", note="Asked to call back.")
    assert found.entries == (
        ("outcome", "voicemail"),
        ("note", "Asked to call back."),
        ("call_back", (START + timedelta(hours=1)).isoformat()),
        ("state", "in_progress"),
        ("owner", "eve"),
    )
    reached = outcomes.record(OPEN, "eve", START, "reached", note="Fine.")
    assert reached.fields["resolution"] == "Fine."


def test_what_is_none_is_refused():
    with pytest.raises(NotAllowed):
        outcomes.record(OPEN, "eve", START, "hung_up")
    with pytest.raises(NotAllowed):
        outcomes.answer(OPEN, START, "maybe")


@given(
    cases(),
    st.sampled_from(sorted(outcomes.OUTCOMES)),
    st.sampled_from(("bob", "eve")),
    st.booleans(),
    st.integers(0, 40),
    st.booleans(),
)
def test_an_undone_outcome_leaves_the_case_as_it_was(case, outcome, who, leads, later_min, touched):
    now = at(NOW_MIN)
    whole = {
        **timed(case),
        "resolution": "x",
        "words": None,
        "resolved_at": None,
        "waiting_since": now,
    }
    try:
        change = outcomes.record(whole, "bob", now, outcome)
    except NotAllowed:
        return
    kept = json.loads(json.dumps(outcomes.before(whole, "bob", now)))
    seen = now + timedelta(seconds=1) if touched else now
    after = {**whole, **change.fields, "before_outcome": kept, "updated_at": seen}
    may = (who == "bob" or leads) and later_min <= 30 and not touched

    def undo():
        return outcomes.undo(after, who, now + timedelta(minutes=later_min), leads=leads)

    if not may:
        with pytest.raises(NotAllowed):
            undo()
        return
    again = {**after, **undo().fields}
    assert {name: again[name] for name in whole} == whole
    assert again["before_outcome"] is None
