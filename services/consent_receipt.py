"""Receipts of decisions: signed copies of what stands in the consent ledger, for its customer."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from contracts.purposes import KeyUse
from customer_context.consent.receipt import receipt_of
from customer_context.consent.record import records_of
from runtime.errors import NotFound
from runtime.secret_box import SecretBox
from services import signing
from store.people import consent, consent_chain, customers, tenants
from store.postgres.pool import Connection
from store.postgres.times import from_us

KIND = "consent-receipt+jws"
"""`typ` of a receipt (RFC 7515, 4.1.9)."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """receipt : JSON-LD; jws : the same, signed, in compact form; key : the public JWK."""

    receipt: dict[str, Any]
    jws: str
    key: dict[str, Any]


def issue(
    connection: Connection,
    box: SecretBox,
    tenant: str,
    customer: str,
    consent_id: int,
    now_us: int,
    base_url: str = "",
) -> Receipt:
    """Return the receipt of a decision.

    Raises `NotFound` where the customer has no such decision, or no key was made yet.
    """
    row = consent.one(connection, tenant, customer, consent_id)
    if row is None:
        raise NotFound(f"there is no decision {consent_id} of this customer")
    receipt = receipt_of(row, from_us(now_us), f"{base_url}/me#consents" if base_url else "")
    jws = signing.sign(connection, box, KeyUse.RECEIPT, KIND, receipt)
    keys = consent_chain.receipt_public_keys(connection)
    return Receipt(receipt, jws, keys[signing.key_id_of(jws)])


RECORD_KIND = "consent-record+jws"
"""`typ` of a record."""


def record(
    connection: Connection,
    box: SecretBox,
    tenant: str,
    customer: str,
    now_us: int,
    *,
    base_url: str = "",
    retention_days: int | None = None,
) -> Receipt:
    """Return the records of a customer: all decisions, by what they are about.

    Raises `NotFound` where there is no such customer, or no key was made yet.
    """
    if not customers.customer_exists(connection, tenant, customer):
        raise NotFound(f"there is no customer {customer!r} of tenant {tenant!r}")
    found = records_of(
        consent.all_of(connection, tenant, customer),
        tenants.controller(connection, tenant),
        from_us(now_us),
        withdraw_at=f"{base_url}/me#consents" if base_url else "",
        retention_days=retention_days,
    )
    jws = signing.sign(connection, box, KeyUse.RECEIPT, RECORD_KIND, found)
    keys = consent_chain.receipt_public_keys(connection)
    return Receipt(found, jws, keys[signing.key_id_of(jws)])


def check(jws: str, keys: Mapping[str, Mapping[str, Any]], kind: str = KIND) -> dict[str, Any]:
    """Return the receipt, or record, of a signed text. keys : public ones of ours.

    Raises `BadSignature`.
    """
    return signing.verify(jws, kind, keys)
