"""Receipts of decisions: signed copies of what stands in the consent ledger, for its customer."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from contracts.purposes import KeyUse
from customer_context.consent.receipt import receipt_of
from runtime.errors import NotFound
from runtime.secret_box import SecretBox
from services import signing
from store.people import consent, consent_chain
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


def check(jws: str, keys: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return the receipt of a signed text. keys : public ones of ours. Raises `BadSignature`."""
    return signing.verify(jws, KIND, keys)
