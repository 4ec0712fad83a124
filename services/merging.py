"""Merge customers who are one and the same, and split them again; page, API and command call this.

A merge moves nothing: what was recorded under an id stays there, readers ask for all ids of a
customer (store/postgres/merged.py), and the merged id leads to the survivor. Consents of both
become the narrower ones (customer_context/consent/narrowing.py); while they are merged, the
database writes each decision of one for the others too (migration 0046).
"""

import secrets
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from contracts.purposes import Method
from customer_context.consent.narrowing import (
    Appended,
    appended_at,
    is_left_out,
    merge_source,
    narrowed,
    restored,
)
from customer_context.consent.state import GRANTED, WITHDRAWN, Decision
from customer_context.identity.merging import Common, Party, Refusal, refusal_to_merge
from runtime.errors import NotAllowed, NotFound
from store.people import consent, match_pairs, merges, registry
from store.people.merges import Merge
from store.people.recording import record_at
from store.postgres.merged import same_as
from store.postgres.pool import Connection
from store.postgres.times import from_us

_MESSAGES = {
    Refusal.SAME: "a customer is not merged with itself",
    Refusal.MERGED_ALREADY: "{merged} is merged into {its_survivor} already; split it first",
    Refusal.SURVIVOR_IS_MERGED: "{survivor} is merged into {their_survivor}; name that one",
    Refusal.HAS_OTHERS: "others are merged into {merged}; merge {survivor} into it instead",
    Refusal.OTHER_KIND: "one is a {merged_kind} and the other a {survivor_kind}",
    Refusal.KEPT_APART: "somebody decided that they are not the same; overrule that to merge them",
    Refusal.ONLY_SHARED: "what they have in common is used by others too; overrule that to merge "
    "them",
}


class Refused(NotAllowed):
    """The rule does not allow the merge; the message says why."""

    def __init__(self, refusal: Refusal, message: str) -> None:
        super().__init__(message)
        self.refusal = refusal


def merge(
    connection: Connection,
    tenant: str,
    merged: str,
    survivor: str,
    reason: str,
    by: str,
    now_us: int,
    *,
    overrule: bool = False,
) -> Merge:
    """Merge one customer into another; return the merge.

    overrule : also where somebody kept them apart, or where they have only in common what others
    use too. Raises `NotFound`, `NotAllowed`, `Refused`.
    """
    registry.bump(connection)  # first: it locks, so that no decision comes between
    merges.lock(connection, tenant)
    record_at(connection, now_us)
    _check(connection, tenant, merged, survivor, overrule)
    done = Merge(
        secrets.token_hex(12), tenant, merged, survivor, reason, from_us(now_us), by,
        None, None, None,
    )  # fmt: skip
    merges.put(connection, done)
    match_pairs.decide(connection, tenant, merged, survivor, "accepted", by, from_us(now_us))
    _narrow(connection, tenant, survivor, done.merge_id, now_us)
    return done


def split(
    connection: Connection, tenant: str, merged: str, reason: str, by: str, now_us: int
) -> Merge:
    """End the merge of an id; return it. Raises `NotFound`, `NotAllowed` where it is not merged.

    Both have the consents that they had. What was withdrawn meanwhile stays withdrawn for both, and
    what was granted under one id counts for this one only.
    """
    registry.bump(connection)
    merges.lock(connection, tenant)
    record_at(connection, now_us)
    found = merges.in_force(connection, tenant, merged)
    if found is None:
        if merged not in merges.customers(connection, tenant, [merged]):
            raise NotFound(f"there is no customer {merged!r} of tenant {tenant!r}")
        raise NotAllowed(f"customer {merged!r} is not merged into another one")
    merges.end(connection, found.merge_id, max(from_us(now_us), found.merged_at), by, reason)
    for customer in (merged, found.survivor):
        ledger = consent.consents_of(connection, tenant, customer)
        left_out = {
            row["consent_id"]
            for row in ledger
            if row["method"] == Method.MERGE
            and is_left_out(row["state"], row["source"], found.merge_id)
        }
        appended = restored([_decision(row) for row in ledger], left_out, from_us(now_us))
        _append(connection, tenant, customer, appended, f"split {found.merge_id}", now_us)
    _narrow(connection, tenant, found.survivor, found.merge_id, now_us)
    ended = merges.of_ids(connection, tenant, [merged])[merged]
    assert ended.split_at is not None, "it was ended in this transaction"
    return ended


def _check(connection: Connection, tenant: str, merged: str, survivor: str, overrule: bool) -> None:
    found = merges.customers(connection, tenant, [merged, survivor])
    if merged not in found:
        raise NotFound(f"there is no customer {merged!r} of tenant {tenant!r}")
    if survivor not in found:
        raise NotAllowed(f"there is no customer {survivor!r} to merge it into")
    of = merges.survivors(connection, tenant, [merged, survivor])
    one, other = (
        Party(id_, found[id_]["kind"], of.get(id_), found[id_]["has_others"])
        for id_ in (merged, survivor)
    )
    common = [
        Common(kind, shared)
        for kind, shared in merges.common_points(connection, tenant, merged, survivor)
    ]
    refusal = refusal_to_merge(
        one,
        other,
        common,
        kept_apart=match_pairs.rejected(connection, tenant, merged, survivor),
        overrule=overrule,
    )
    if refusal is not None:
        raise Refused(
            refusal,
            _MESSAGES[refusal].format(
                merged=merged, survivor=survivor, its_survivor=one.survivor,
                their_survivor=other.survivor, merged_kind=one.kind, survivor_kind=other.kind,
            ),
        )  # fmt: skip


def _narrow(connection: Connection, tenant: str, customer: str, merge_id: str, now_us: int) -> None:
    """Let each id of a customer say what all of them agree on."""
    ids = same_as(connection, tenant, customer)
    ledgers = {id_: _ledger(connection, tenant, id_) for id_ in ids}
    for id_ in ids:
        others = [ledger for other, ledger in ledgers.items() if other != id_]
        appended = narrowed(ledgers[id_], others, from_us(now_us))
        _append(connection, tenant, id_, appended, merge_source(merge_id), now_us)


def would_end(connection: Connection, tenant: str, one: str, other: str, now_us: int) -> list[str]:
    """Return the purposes that one of two ids grants now and that a merge of them would end."""
    ledgers = [_ledger(connection, tenant, id_) for id_ in (one, other)]
    found: set[str] = set()
    for id_, own, others in ((one, ledgers[0], ledgers[1:]), (other, ledgers[1], ledgers[:1])):
        appended = narrowed(own, others, from_us(now_us))
        ended = {each.question.purpose for each in appended if each.grant is None}
        found |= ended & set(consent.granted_of(connection, tenant, id_))
    return sorted(found)


def _append(
    connection: Connection,
    tenant: str,
    customer: str,
    appended: Sequence[Appended],
    source: str,
    now_us: int,
) -> None:
    """Append decisions to the ledger of an id; the copies repeat notice and legal basis."""
    rows = consent.consents_of(connection, tenant, customer)
    by_id = {row["consent_id"]: row for row in rows}
    newest = {row["purpose"]: row for row in rows}
    # After what was appended before in this transaction, else the withdrawal of two would count.
    after = from_us(now_us)
    if rows:
        after = max(after, *(row["recorded_at"] for row in rows))
    for number, one in enumerate(appended, start=1):
        like = newest[one.question.purpose] if one.grant is None else by_id[one.grant.like]
        at = appended_at(after, number)
        row: dict[str, Any] = {
            "tenant": tenant,
            "customer": customer,
            "purpose": one.question.purpose,
            "state": WITHDRAWN if one.grant is None else GRANTED,
            "legal_basis": like["legal_basis"],
            "notice_version": like["notice_version"],
            "notice_digest": like["notice_digest"],
            "language": like["language"],
            "source": source,
            "at": at,
            "recorded_at": at,
            "method": Method.MERGE,
            "channel": one.question.channel,
            "data_category": one.question.data_category,
            "recipient": one.question.recipient,
            "valid_from": None if one.grant is None else one.grant.valid_from,
            "valid_to": None if one.grant is None else one.grant.valid_to,
        }
        consent.decide(connection, [row])


def _ledger(connection: Connection, tenant: str, customer: str) -> list[Decision]:
    return [_decision(row) for row in consent.consents_of(connection, tenant, customer)]


def _decision(row: dict[str, Any]) -> Decision:
    return Decision(*(row[field.name] for field in fields(Decision)))
