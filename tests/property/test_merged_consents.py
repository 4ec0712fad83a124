"""Merge of customers: the narrower consent counts, and a split gives back what was."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import product
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.identifiers import NEVER_IDENTIFY, Identifier
from customer_context.consent.narrowing import Appended, appended_at, narrowed, restored
from customer_context.consent.state import (
    Decision,
    Question,
    decision_in_force,
    is_granted,
)
from customer_context.identity.merging import Common, Party, refusal_to_merge
from tests.oracles import merging as oracle
from tests.property.test_consent_in_force import OTHER, PURPOSE, decisions, ours

AT = datetime.fromisoformat("2026-11-30T12:00:00+00:00")
QUESTIONS = list(
    product(
        (PURPOSE, OTHER),
        (None, "email", "sms"),
        (None, "features", "telemetry"),
        (None, "insurer", "utility", "partner"),
    )
)
"""Also values that no decision names."""

ledgers = decisions().map(lambda rows: [{**row, "number": row["number"] + 1} for row in rows])


def ledger_of(rows: list[dict[str, Any]]) -> list[Decision]:
    return [ours(row, AT) for row in rows]


def with_(ledger: list[Decision], appended: list[Appended], at: datetime = AT) -> list[Decision]:
    """The ledger with what was appended, as the use case writes it."""
    found = list(ledger)
    after = max([at, *(one.recorded_at for one in ledger)])
    for number, one in enumerate(appended, start=1):
        recorded_at = appended_at(after, number)
        found.append(
            Decision(
                max((d.consent_id for d in found), default=0) + 1,
                one.question.purpose,
                "withdrawn" if one.grant is None else "granted",
                recorded_at,
                recorded_at,
                one.question.channel,
                one.question.data_category,
                one.question.recipient,
                None if one.grant is None else one.grant.valid_from,
                None if one.grant is None else one.grant.valid_to,
            )
        )
    return found


def says(ledger: list[Decision], question: tuple[Any, ...], at: datetime = AT) -> tuple[bool, Any]:
    decision = decision_in_force(ledger, Question(*question), at)
    if decision is None or not decision.grants(at):
        return False, None
    return True, decision.valid_to


@settings(max_examples=150)
@given(ledgers, st.lists(ledgers, max_size=2))
def test_the_narrower_counts(own: list[dict[str, Any]], others: list[list[dict[str, Any]]]) -> None:
    rows = [ledger_of(other) for other in others]
    after = with_(ledger_of(own), narrowed(ledger_of(own), rows, AT))
    for question in QUESTIONS:
        granted, end = oracle.narrower(own, others, question, 0)
        expected = (granted, None if end is None else AT + timedelta(minutes=end))
        assert says(after, question) == expected, question
    # Once all say the same, nothing more is appended.
    everything = [after, *(with_(one, narrowed(one, _but(one, [ledger_of(own), *rows]), AT))
                           for one in rows)]  # fmt: skip
    for index, one in enumerate(everything):
        rest = [ledger for position, ledger in enumerate(everything) if position != index]
        assert narrowed(one, rest, AT + timedelta(seconds=1)) == []


def _but(one: list[Decision], all_: list[list[Decision]]) -> list[list[Decision]]:
    return [ledger for ledger in all_ if ledger is not one]


@settings(max_examples=150)
@given(ledgers, ledgers, st.integers(0, 200))
def test_a_split_gives_back_what_was(
    own: list[dict[str, Any]], other: list[dict[str, Any]], minutes: int
) -> None:
    before = ledger_of(own)
    merged = with_(before, narrowed(before, [ledger_of(other)], AT))
    written = {d.consent_id for d in merged} - {d.consent_id for d in before}
    at = AT + timedelta(minutes=minutes)
    after = with_(merged, restored(merged, written, at), at)
    for later in (at + timedelta(seconds=1), at + timedelta(days=1)):
        for question in QUESTIONS:
            was = is_granted(before, Question(*question), later)
            now = is_granted(after, Question(*question), later)
            if later == at + timedelta(seconds=1):
                assert now == was, question
            else:
                assert was or not now, "later it may be narrower, and never more"
    if not written:
        assert after == before


@given(ledgers, ledgers)
def test_what_is_withdrawn_meanwhile_stays_withdrawn(
    own: list[dict[str, Any]], other: list[dict[str, Any]]
) -> None:
    before = ledger_of(own)
    merged = with_(before, narrowed(before, [ledger_of(other)], AT))
    written = {d.consent_id for d in merged} - {d.consent_id for d in before}
    said = replace(
        _last(merged, AT + timedelta(minutes=5)), state="withdrawn", valid_from=None, valid_to=None
    )
    at = AT + timedelta(minutes=9)
    after = with_([*merged, said], restored([*merged, said], written, at), at)
    for question in QUESTIONS:
        if question[0] == PURPOSE:
            assert not is_granted(after, Question(*question), at + timedelta(seconds=1))


def _last(ledger: list[Decision], at: datetime) -> Decision:
    number = max((d.consent_id for d in ledger), default=0) + 1
    return Decision(number, PURPOSE, "granted", at, at)


parties = st.fixed_dictionaries(
    {
        "id": st.sampled_from(["a", "b"]),
        "kind": st.sampled_from(["person", "company"]),
        "into": st.sampled_from([None, None, "c"]),
        "others": st.booleans(),
    }
)


@given(
    parties,
    parties,
    st.lists(st.tuples(st.sampled_from(list(Identifier)), st.booleans()), max_size=3),
    st.booleans(),
    st.booleans(),
)
def test_who_may_be_merged(
    merged: dict[str, Any],
    survivor: dict[str, Any],
    common: list[tuple[Identifier, bool]],
    apart: bool,
    overrule: bool,
) -> None:
    one, other = (Party(p["id"], p["kind"], p["into"], p["others"]) for p in (merged, survivor))
    found = refusal_to_merge(
        one, other, [Common(*both) for both in common], kept_apart=apart, overrule=overrule
    )
    assert found == oracle.refusal(merged, survivor, common, apart, overrule)


def test_a_shared_car_is_no_sign() -> None:
    assert {Identifier.VEHICLE, Identifier.METER} == NEVER_IDENTIFY
