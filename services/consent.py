"""Consent: record decisions of a customer, and return those in force."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from contracts.purposes import LegalBasis, Method
from customer_context.consent.state import (
    GRANTED,
    WITHDRAWN,
    Decision,
    channels_refused,
    in_force,
)
from customer_context.playbooks.plan import refusal
from runtime.errors import NotAllowed, NotFound
from store.casework import contacts
from store.people import consent, customers, registry
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
) -> Consents:
    """Append a decision, taken now, to the customer's ledger; it applies from the next message on.

    state : granted or withdrawn. limits : any of `store.people.consent.LIMITS`, such as a channel,
    a recipient or an end; a withdrawal has no time. Returns the consents after it. Raises
    `NotFound` where the registry has no such customer, and `NotAllowed` where the decision would
    not be in force because the ledger has a later one; the caller's transaction must not commit
    then. A withdrawal refuses the contacts that wait and rest on it.
    """
    if not customers.customer_exists(connection, tenant, customer):
        raise NotFound(f"there is no customer {customer!r} of tenant {tenant!r}")
    at = from_us(now_us)
    decision = {
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
    consent.decide(connection, [decision])
    after = of_customer(connection, tenant, customer, now_us)
    if _is_whole(limits) and (purpose in after.granted) != (state == GRANTED):
        raise NotAllowed(
            f"{purpose} is not {state}: a later decision is in force; decide again in a moment"
        )
    if state == WITHDRAWN:
        _stop_waiting(connection, tenant, customer, now_us)
    return after


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
