"""Consents of customers who are merged: the narrower counts until they decide anew. Pure.

Each id keeps its own ledger. Where another id of the same customer has refused what this one
grants, or grants it for a shorter time, decisions are appended that say the narrower. An id that
has never decided about something neither grants it nor refuses it to the others. A split appends
what the id would say without these rows; what was withdrawn meanwhile stays withdrawn.
Oracle: tests/oracles/merging.py.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import product

from customer_context.consent.state import (
    GRANTED,
    WITHDRAWN,
    Decision,
    Question,
    decision_in_force,
    newest,
)


@dataclass(frozen=True, slots=True)
class Grant:
    """What is granted. valid_to : None = until it is withdrawn. like : the decision that says so,
    whose notice and legal basis a copy repeats. valid_from : None = it counts already."""

    valid_to: datetime | None
    like: int
    valid_from: datetime | None = None


@dataclass(frozen=True, slots=True)
class Appended:
    """A decision to append, about exactly this question. grant : None = withdrawn."""

    question: Question
    grant: Grant | None


_Wanted = Callable[[Question], Grant | None]


def narrowed(
    own: Sequence[Decision], others: Collection[Sequence[Decision]], at: datetime
) -> list[Appended]:
    """Return the decisions to append to a ledger, so that it says what all ids agree on.

    own : the ledger of one id; others : those of the other ids of the same customer.
    """

    def wanted(question: Question) -> Grant | None:
        found = _grant(own, question, at)
        for ledger in others:
            other = decision_in_force(ledger, question, at)
            if found is None or other is None:
                continue
            if not other.grants(at):
                return None
            if other.valid_to is not None:
                earliest = min(other.valid_to, found.valid_to or other.valid_to)
                found = replace(found, valid_to=earliest)
        return found

    all_ = [decision for ledger in (own, *others) for decision in ledger]
    return _appended(own, all_, wanted, at)


def restored(own: Sequence[Decision], left_out: Collection[int], at: datetime) -> list[Appended]:
    """Return the decisions to append to a ledger, so that it says what it would without some.

    left_out : consent_id of decisions that a merge has written. A grant that begins later is said
    again where it is the last word about its purpose; else it stays outranked, which is narrower.
    """
    kept = [decision for decision in own if decision.consent_id not in left_out]
    found = _appended(own, own, lambda question: _grant(kept, question, at), at)
    changed = {decision.purpose for decision in own if decision.consent_id in left_out}
    return found + [
        Appended(
            Question(last.purpose, last.channel, last.data_category, last.recipient),
            Grant(last.valid_to, last.consent_id, last.valid_from),
        )
        for purpose in sorted(changed)
        if (last := newest(kept, purpose)) is not None
        and last.valid_from is not None
        and last.valid_from > at
        and last.grants(last.valid_from)
    ]


def is_left_out(state: str, source: str, merge_id: str) -> bool:
    """Return whether a split leaves out a decision that was written for a merge.

    source : `merge_source` of what the merge narrowed, `said_source` of what was said for the other
    id meanwhile. A withdrawal that was said meanwhile counts for both.
    """
    if source == merge_source(merge_id):
        return True
    return source == said_source(merge_id) and state == GRANTED


def merge_source(merge_id: str) -> str:
    """Return the source of decisions that a merge writes."""
    return f"merge {merge_id}"


def said_source(merge_id: str) -> str:
    """Return the source of copies of what is decided while ids are merged (migration 0046)."""
    return f"said for {merge_id}"


def _grant(ledger: Sequence[Decision], question: Question, at: datetime) -> Grant | None:
    found = decision_in_force(ledger, question, at)
    if found is None or not found.grants(at):
        return None
    return Grant(found.valid_to, found.consent_id)


def _appended(
    own: Sequence[Decision], all_: Sequence[Decision], wanted: _Wanted, at: datetime
) -> list[Appended]:
    """Append where what the ledger says is not what is wanted, the most general questions first.

    A decision is about all questions that are more specific, so that a later one corrects it.
    """
    ledger, found = list(own), []
    for question in _questions(own, all_):
        grant, said = wanted(question), _grant(ledger, question, at)
        if (grant is None) == (said is None) and (
            grant is None or said is None or grant.valid_to == said.valid_to
        ):
            continue
        found.append(Appended(question, grant))
        ledger.append(_decision(found[-1], ledger, at, len(found)))
    return found


def _questions(own: Sequence[Decision], all_: Sequence[Decision]) -> list[Question]:
    """Return what may be asked: each value that some decision names, and none, by purpose."""
    found: list[Question] = []
    for purpose in dict.fromkeys(decision.purpose for decision in own):
        about = [decision for decision in all_ if decision.purpose == purpose]
        channels = {decision.channel for decision in about} | {None}
        categories = {decision.data_category for decision in about} | {None}
        recipients = {decision.recipient for decision in about} | {None}
        found += [
            Question(purpose, *values) for values in product(channels, categories, recipients)
        ]
    return sorted(found, key=_generality)


def _generality(question: Question) -> tuple[int, str, str, str, str]:
    limits = (question.channel, question.data_category, question.recipient)
    named = sum(value is not None for value in limits)
    channel, category, recipient = (value or "" for value in limits)
    return named, question.purpose, channel, category, recipient


def _decision(one: Appended, ledger: Sequence[Decision], at: datetime, number: int) -> Decision:
    recorded_at = appended_at(at, number)
    return Decision(
        max((decision.consent_id for decision in ledger), default=0) + 1,
        one.question.purpose,
        WITHDRAWN if one.grant is None else GRANTED,
        recorded_at,
        recorded_at,
        one.question.channel,
        one.question.data_category,
        one.question.recipient,
        None,
        None if one.grant is None else one.grant.valid_to,
    )


def appended_at(at: datetime, number: int) -> datetime:
    """Return when the n-th appended decision is recorded: of two at one instant the withdrawal
    would count."""
    return at + timedelta(microseconds=number)
