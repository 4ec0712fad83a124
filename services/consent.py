"""Consent: record decisions of a customer, and return those in force."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from contracts.purposes import LegalBasis, Method
from customer_context.consent import opt_in
from customer_context.consent.matrix import Cell, matrix_of
from customer_context.consent.state import (
    GRANTED,
    PENDING,
    WITHDRAWN,
    Decision,
    channels_refused,
    in_force,
)
from customer_context.playbooks.plan import refusal
from runtime.errors import NotAllowed, NotFound
from services.consent_terms import Terms
from store.casework import contacts
from store.people import consent, consent_requests, customers, registry
from store.postgres.pool import Connection
from store.postgres.times import from_us

__all__ = ["GRANTED", "WITHDRAWN", "Consents", "decide", "of_customer"]


@dataclass(frozen=True, slots=True)
class Consents:
    """granted : purpose → id of the decision that grants it; ledger : all decisions, oldest
    first."""

    granted: dict[str, int]
    ledger: list[dict[str, Any]]


def decide(
    connection: Connection,
    tenant: str,
    customer: str,
    purpose: str,
    state: str,
    now_us: int,
    *,
    notice_version: str,
    source: str,
    method: str = Method.COMMAND,
    legal_basis: str = LegalBasis.CONSENT,
    limits: Mapping[str, Any] | None = None,
    verified: bool = False,
    terms: Terms | None = None,
) -> Consents:
    """Append a decision, taken now, to the customer's ledger; it applies from the next message on.

    state : granted or withdrawn. limits : any of `store.people.consent.LIMITS`, such as a channel,
    a recipient or an end; a withdrawal has no time. verified : whether the address of a channel is
    known to be the customer's, terms : None = the defaults. A grant that needs a double opt-in
    waits for it (ADR 62): the recipient is asked, and once again where it is entered again.
    Returns the consents after it. Raises
    `NotFound` where the registry has no such customer, and `NotAllowed` where the decision would
    not be in force because the ledger has a later one; the caller's transaction must not commit
    then. A withdrawal refuses the contacts that wait and rest on it.
    """
    if not customers.customer_exists(connection, tenant, customer):
        raise NotFound(f"there is no customer {customer!r} of tenant {tenant!r}")
    at, terms = from_us(now_us), terms or Terms()
    decision: dict[str, Any] = {
        "tenant": tenant,
        "customer": customer,
        "purpose": purpose,
        "state": state,
        "legal_basis": legal_basis,
        "notice_version": notice_version,
        "source": source,
        "at": at,
        "recorded_at": at,
        "method": method,
        **(limits or {}),
    }
    registry.bump(connection)  # first: it locks, so that each decision sees the one before it
    if state == GRANTED:
        decision["valid_to"] = terms.end_of(purpose, legal_basis, at, decision.get("valid_to"))
        strict = consent_requests.confirms_own_grants(connection, tenant)
        if opt_in.is_needed(purpose, method, verified=verified, strict=strict):
            return _ask(connection, decision, now_us, terms)
    consent.decide(connection, [decision])
    after = of_customer(connection, tenant, customer, now_us)
    if _is_whole(limits) and (purpose in after.granted) != (state == GRANTED):
        raise NotAllowed(
            f"{purpose} is not {state}: a later decision is in force; decide again in a moment"
        )
    if state == WITHDRAWN:
        _stop_waiting(connection, tenant, customer, now_us)
    return after


def _ask(connection: Connection, decision: dict[str, Any], now_us: int, terms: Terms) -> Consents:
    """Record a grant that waits for its confirmation, and ask for it; one that is asked for already
    is asked for once again. What is permitted already, and not for longer, needs none."""
    tenant, customer, at = decision["tenant"], decision["customer"], from_us(now_us)
    ledger = ledger_of(connection, tenant, customer)
    now = in_force(ledger, at).get(decision["purpose"])
    until = decision.get("valid_to")
    if now is not None and now.grants(at) and _ends_no_later(until, now.valid_to):
        consent.decide(connection, [decision])
        return of_customer(connection, tenant, customer, now_us)
    by_id = {one.consent_id: one for one in ledger}
    for request in consent_requests.open_of(connection, tenant, customer, at):
        pending = by_id[request["consent_id"]]
        same = all(
            getattr(pending, name) == decision.get(name)
            for name in ("purpose", "channel", "data_category", "recipient")
        ) and (pending.valid_to == until or decision["purpose"] in terms.max_age)
        if same and opt_in.refusal(ledger, pending, request["expires_at"], at) is None:
            consent_requests.again(connection, pending.consent_id, at)
            return of_customer(connection, tenant, customer, now_us)
    consent.decide(connection, [{**decision, "opt_in": PENDING}])
    consent_requests.ask(connection, [(tenant, customer)], at, at + terms.request)
    return of_customer(connection, tenant, customer, now_us)


def import_decisions(
    connection: Connection, rows: Sequence[Mapping[str, Any]], terms: Terms | None = None
) -> None:
    """Append decisions of another system; skip those already recorded.

    rows : as of `store.people.consent.decide`, all recorded at one time. Grants that need a double
    opt-in wait for it, unless the other system had one (`opt_in` confirmed); terms : None = the
    defaults. The caller bumps the registry's version.
    """
    terms, asked = terms or Terms(), dict[tuple[str, str], None]()
    decisions = []
    for given in rows:
        row = dict(given)
        if row["state"] == GRANTED:
            basis, begin = row["legal_basis"], row["at"]
            row["valid_to"] = terms.end_of(row["purpose"], basis, begin, row.get("valid_to"))
            needed = opt_in.is_needed(row["purpose"], row["method"], verified=False, strict=False)
            if needed and row.get("opt_in") is None:
                row["opt_in"] = PENDING
                asked[row["tenant"], row["customer"]] = None
        decisions.append(row)
    consent.decide(connection, decisions)
    if asked:
        at = rows[0]["recorded_at"]
        consent_requests.ask(connection, list(asked), at, at + terms.request)


def _ends_no_later(one: datetime | None, other: datetime | None) -> bool:
    return other is None or (one is not None and one <= other)


def _stop_waiting(connection: Connection, tenant: str, customer: str, now_us: int) -> None:
    """Refuse the customer's contacts that wait and may not be sent any more."""
    waiting = contacts.waiting_of(connection, tenant, customer)
    if not waiting:
        return
    pair = (tenant, customer)
    granted = frozenset(consent.granted_to(connection, [pair], from_us(now_us))[pair])
    not_by = refused_channels(connection, [pair], now_us).get(pair, frozenset())
    reasons = {
        row["contact_id"]: reason
        for row in waiting
        if (reason := refusal(row["purpose"], row["channel"], granted, not_by)) is not None
    }
    contacts.refuse(connection, tenant, reasons, now_us)


def refused_channels(
    connection: Connection, customers: Sequence[tuple[str, str]], now_us: int
) -> dict[tuple[str, str], frozenset[tuple[str, str]]]:
    """Return (tenant, customer) → (purpose, channel) by which nothing of the purpose may be sent;
    without those who have limited nothing to a channel."""
    return {
        pair: channels_refused(map(_decision, rows), from_us(now_us))
        for pair, rows in consent.limited_to_channels(connection, customers).items()
    }


def _is_whole(limits: Mapping[str, Any] | None) -> bool:
    """Return whether a decision is about the whole purpose, from now on."""
    return not any(
        value is not None and name not in ("notice_digest", "language", "valid_to")
        for name, value in (limits or {}).items()
    )


def of_customer(connection: Connection, tenant: str, customer: str, now_us: int) -> Consents:
    """Return the purposes that a customer grants now, and all decisions."""
    ledger = consent.consents_of(connection, tenant, customer)
    granted = {
        purpose: decision.consent_id
        for purpose, decision in in_force(map(_decision, ledger), from_us(now_us)).items()
        if decision.grants(from_us(now_us))
    }
    return Consents(granted, [_shown(row) for row in ledger])


def waiting(connection: Connection, tenant: str, customer: str, now_us: int) -> set[str]:
    """Return the purposes whose grant can still be confirmed by the link that was sent."""
    requests = consent_requests.open_of(connection, tenant, customer, from_us(now_us))
    if not requests:
        return set()
    ledger = ledger_of(connection, tenant, customer)
    by_id = {one.consent_id: one for one in ledger}
    return {
        request["purpose"]
        for request in requests
        if opt_in.refusal(
            ledger, by_id[request["consent_id"]], request["expires_at"], from_us(now_us)
        )
        is None
    }


@dataclass(frozen=True, slots=True)
class Matrix:
    """cells : purpose → its cells; rows : all decisions with the texts of their notices."""

    cells: dict[str, list[Cell]]
    rows: list[dict[str, Any]]


def matrix(connection: Connection, tenant: str, customer: str, now_us: int) -> Matrix:
    """Return what each purpose permits a customer's data to be used for, and its history."""
    rows = consent.all_of(connection, tenant, customer)
    return Matrix(matrix_of([_decision(row) for row in rows], from_us(now_us)), rows)


def ledger_of(connection: Connection, tenant: str, customer: str) -> list[Decision]:
    """Return all decisions of a customer, for the question what was granted at some time."""
    return [_decision(row) for row in consent.consents_of(connection, tenant, customer)]


def _decision(row: Mapping[str, Any]) -> Decision:
    return Decision(*(row[field.name] for field in fields(Decision)))


def _shown(row: Mapping[str, Any]) -> dict[str, Any]:
    hidden = ("consent_id", "confirms")
    return {
        "id": row["consent_id"],
        **{name: value for name, value in row.items() if name not in hidden},
    }
