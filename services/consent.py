"""Consent: record decisions of a customer, and return those in force."""

from dataclasses import dataclass
from typing import Any

from contracts.purposes import LegalBasis
from runtime.errors import NotFound
from store.people import consent, customers, registry
from store.postgres.pool import Connection
from store.postgres.times import from_us

GRANTED, WITHDRAWN = "granted", "withdrawn"


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
    legal_basis: str = LegalBasis.CONSENT,
) -> None:
    """Append a decision, taken now, to the customer's ledger; it applies from the next message on.

    state : granted or withdrawn. Raises `NotFound` where the registry has no such customer.
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
    }
    consent.decide(connection, [decision])
    registry.bump(connection)


def of_customer(connection: Connection, tenant: str, customer: str) -> Consents:
    """Return the purposes that a customer grants now, and all decisions."""
    return Consents(
        consent.granted_of(connection, tenant, customer),
        consent.consents_of(connection, tenant, customer),
    )
