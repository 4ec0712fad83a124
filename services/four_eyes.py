"""Changes that need four eyes: ask, approve or reject, execute once.

The rule is pure (customer_context/four_eyes/rule.py), the kinds stand in contracts/approvals.py. A
further kind needs its row there, a `_subject_state` here, and the function that makes the change.
"""

import hashlib
import json
import secrets
from collections.abc import Sequence
from typing import Any

from contracts.approvals import (
    ACTIVATE,
    ACTIVATE_SCORE,
    KINDS,
    MERGE_CUSTOMERS,
    REVEAL_DEAD_LETTER,
)
from customer_context.four_eyes import rule
from customer_context.four_eyes.rule import Actor, Refusal
from runtime.clock import US_PER_S
from runtime.errors import NotAllowed, NotFound, Usage
from store.casework import rules, score_models
from store.people import approvals, match_pairs, readings
from store.people.approvals import ChangeRow
from store.postgres.pool import Connection
from store.postgres.times import to_us

_MESSAGES = {
    Refusal.NO_PERSON: "only a person can do this: sign in, or use a key made with --person",
    Refusal.WRONG_ROLE: "your role may not do this",
    Refusal.OWN_REQUEST: "you asked for it yourself; another person has to decide",
    Refusal.NOT_REQUESTER: "only who asked for it can execute it",
    Refusal.EXPIRED: "the request has expired; ask for it again",
    Refusal.DECIDED: "it is decided already",
    Refusal.NOT_APPROVED: "it is not approved",
    Refusal.EXECUTED: "it was executed already; ask for it again",
    Refusal.CHANGED: "what it is about has changed since; ask for it again",
}


class Refused(NotAllowed):
    """The rule does not allow it; the message says why."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(_MESSAGES[refusal])
        self.refusal = refusal


def ask(
    connection: Connection,
    actor: Actor,
    name: str,
    kind: str,
    subject: str,
    reason: str,
    now_us: int,
) -> ChangeRow:
    """Store a request. name : of the person; subject : such as dead_letter:17.

    Raises `Refused`, and `NotFound` where the tenant has no such subject.
    """
    facts = KINDS[kind]
    _check(rule.may_request(actor, facts.requesters))
    assert actor.person is not None
    digest = _digest(connection, actor.tenant, kind, subject)
    if digest is None:
        raise NotFound(f"there is no {subject}")
    request_id = secrets.token_hex(12)
    approvals.put(
        connection,
        request_id=request_id,
        tenant=actor.tenant,
        kind=kind,
        subject=subject,
        digest=digest,
        reason=reason,
        requested_by=actor.person,
        requester=name,
        now_us=now_us,
        expires_us=now_us + facts.valid_s * US_PER_S,
    )
    return find(connection, actor.tenant, request_id)


def find(connection: Connection, tenant: str, request_id: str) -> ChangeRow:
    """Return a request of a tenant. Raises `NotFound`."""
    row = approvals.find(connection, (tenant,), request_id)
    if row is None:
        raise NotFound(f"there is no request {request_id!r}")
    return row


def list_(
    connection: Connection,
    tenant: str,
    *,
    waiting: bool,
    now_us: int,
    after: tuple[Any, ...] | None = None,
    limit: int,
) -> list[ChangeRow]:
    """Return requests of a tenant, newest first. waiting : only those without a decision."""
    at_us = now_us if waiting else None
    return approvals.list_(connection, (tenant,), waiting_at_us=at_us, after=after, limit=limit)


def decide(
    connection: Connection,
    actor: Actor,
    name: str,
    request_id: str,
    verdict: str,
    note: str,
    now_us: int,
) -> ChangeRow:
    """Approve or reject a request. Raises `Refused`, `NotFound`."""
    row = find(connection, actor.tenant, request_id)
    digest = _digest(connection, row.tenant, row.kind, row.subject)
    approvers = KINDS[row.kind].approvers
    _check(rule.may_decide(_request(row), actor, approvers, digest, now_us))
    assert actor.person is not None
    decided = approvals.decide(
        connection,
        row,
        verdict=verdict,
        decided_by=actor.person,
        decider=name,
        note=note,
        now_us=now_us,
    )
    if not decided:
        raise Refused(Refusal.DECIDED)
    return find(connection, actor.tenant, request_id)


def refusal_to_decide(
    connection: Connection, actor: Actor, row: ChangeRow, now_us: int
) -> Refusal | None:
    """Return why somebody may not decide about a request; None = they may."""
    digest = _digest(connection, row.tenant, row.kind, row.subject)
    return rule.may_decide(_request(row), actor, KINDS[row.kind].approvers, digest, now_us)


def refusal_to_execute(
    connection: Connection, actor: Actor, row: ChangeRow, now_us: int
) -> Refusal | None:
    """Return why somebody may not execute a request; None = they may."""
    digest = _digest(connection, row.tenant, row.kind, row.subject)
    return rule.may_execute(_request(row), actor, KINDS[row.kind].requesters, digest, now_us)


def reveal_dead_letter(
    connection: Connection, actor: Actor, request_id: str, now_us: int
) -> tuple[ChangeRow, bytes]:
    """Return the body of a dead letter in full, once. Raises `Refused`, `NotFound`."""
    row = find(connection, actor.tenant, request_id)
    if row.kind != REVEAL_DEAD_LETTER:
        raise NotFound(f"there is no request {request_id!r} to see a dead letter")
    _check(refusal_to_execute(connection, actor, row, now_us))
    assert actor.person is not None
    body = approvals.reveal_dead_letter(connection, request_id, actor.person, now_us)
    if body is None:
        raise Refused(Refusal.EXECUTED)
    return row, body


def activate_rule(connection: Connection, actor: Actor, request_id: str, now_us: int) -> ChangeRow:
    """Bring a recorded version of a rule, or of the score, into force, once.

    Raises `Refused`, `NotFound`.
    """
    row = find(connection, actor.tenant, request_id)
    if row.kind not in (*ACTIVATE.values(), ACTIVATE_SCORE):
        raise NotAllowed(f"request {request_id} is not about a rule")
    _check(refusal_to_execute(connection, actor, row, now_us))
    assert actor.person is not None and row.decider is not None
    if not approvals.execute(connection, row, actor.person, now_us):
        raise Refused(Refusal.EXECUTED)
    subject = row.subject.partition(":")[2]
    if row.kind == ACTIVATE_SCORE:
        score_models.activate(
            connection, row.tenant, subject, now_us, request_id, row.requester, row.decider
        )
        return find(connection, actor.tenant, request_id)
    rules.activate(
        connection,
        tenant=row.tenant,
        digest=subject,
        request_id=request_id,
        activated_by=row.requester,
        approved_by=row.decider,
        now_us=now_us,
    )
    return find(connection, actor.tenant, request_id)


def of_subjects(
    connection: Connection, tenant: str, kind: str, subjects: Sequence[str]
) -> dict[str, ChangeRow]:
    """Return subject → the newest request about it."""
    return approvals.newest(connection, tenant, kind, subjects)


def execute_merge(connection: Connection, actor: Actor, request_id: str, now_us: int) -> ChangeRow:
    """Record that an approved merge is made; the caller makes it in this transaction.

    Raises `Refused`, `NotFound`.
    """
    row = find(connection, actor.tenant, request_id)
    if row.kind != MERGE_CUSTOMERS:
        raise NotAllowed(f"request {request_id} is not about customers")
    _check(refusal_to_execute(connection, actor, row, now_us))
    assert actor.person is not None
    if not approvals.execute(connection, row, actor.person, now_us):
        raise Refused(Refusal.EXECUTED)
    return row


def executed(connection: Connection, row: ChangeRow, now_us: int) -> None:
    """Record that a change is made at once with its approval, in the name of who asked for it.

    Raises `Refused` where it was made before.
    """
    if not approvals.execute(connection, row, row.requested_by, now_us):
        raise Refused(Refusal.EXECUTED)


def state_of(row: ChangeRow, now_us: int) -> str:
    """Return the state of a request: executed, rejected, expired, approved or waiting."""
    if row.executed_at is not None:
        return "executed"
    if row.verdict == "rejected":
        return "rejected"
    if to_us(row.expires_at) <= now_us:
        return "expired"
    return row.verdict or "waiting"


def _check(refusal: Refusal | None) -> None:
    if refusal is Refusal.NOT_FOUND:
        raise NotFound("there is no such request")
    if refusal is not None:
        raise Refused(refusal)


def _request(row: ChangeRow) -> rule.Request:
    return rule.Request(
        row.tenant,
        row.requested_by,
        row.digest,
        to_us(row.expires_at),
        row.verdict,
        row.executed_at is not None,
    )


def _digest(connection: Connection, tenant: str, kind: str, subject: str) -> str | None:
    """Return the digest of a change and of its subject's state; None where there is no subject."""
    state = _subject_state(connection, tenant, subject)
    if state is None:
        return None
    text = json.dumps([kind, subject, state])
    return hashlib.sha256(text.encode()).hexdigest()


def _subject_state(connection: Connection, tenant: str, subject: str) -> list[str] | None:
    """Return what must not change between the request and its execution."""
    kind, _, id_ = subject.partition(":")
    if kind in ACTIVATE:
        return rules.state(connection, tenant, kind, id_)
    if kind == "customer":
        return match_pairs.state(connection, tenant, *id_.partition(":")[::2])
    if kind == "score":
        return _score_state(connection, tenant, id_)
    if kind == "reading":
        row = readings.get(connection, tenant, id_)
        return None if row is None or row["replaced"] else [row["reading_id"], repr(row["kwh"])]
    if kind != "dead_letter" or not (id_.isascii() and id_.isdigit() and len(id_) <= 18):
        return None
    return approvals.dead_letter_state(connection, tenant, int(id_))


def _score_state(connection: Connection, tenant: str, version: str) -> list[str] | None:
    """Return the version in use and the numbers of the one that is to be used."""
    from services import score_versions  # its kernels are slow to import

    try:
        wanted = score_versions.model(connection, tenant, version)
    except Usage:
        return None
    if wanted.version in score_models.retired(connection, tenant):
        return None
    used = score_versions.model(connection, tenant).version
    return [used, json.dumps(score_versions.numbers_of(wanted), sort_keys=True)]
