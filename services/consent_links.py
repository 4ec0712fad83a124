"""Links by which a customer, without signing in, confirms a consent or renews one that ends.

A link names a request by a code that only this service can make, over all that it stands for, the
address that it went to included (`SecretBox.mac`). It can do one thing, once, until it expires.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from contracts.channels import CHANNELS, CONFIRMED
from contracts.purposes import Method
from customer_context.consent import opt_in
from customer_context.consent.opt_in import Refusal
from customer_context.consent.state import (
    CONFIRMED as IS_CONFIRMED,
)
from customer_context.consent.state import (
    GRANTED,
    WITHDRAWN,
    Decision,
    Question,
    decision_in_force,
    rank,
)
from runtime.errors import NotFound
from runtime.secret_box import SecretBox
from services import consent as consents
from services.consent_terms import Terms
from services.contact_points import ContactPoints
from store.people import consent, consent_requests, customers, registry
from store.people.consent_requests import OPT_IN, RENEWAL
from store.postgres.pool import Connection
from store.postgres.times import from_us, to_us

PATH = "/consent"
KINDS = (OPT_IN, RENEWAL)
_USE = "consent link"
SOURCE = {OPT_IN: "confirmation link", RENEWAL: "renewal link"}


@dataclass(frozen=True, slots=True)
class Link:
    """What a link stands for. refusal : why it does nothing any more; None = it does.

    valid_to : until when the consent counts; renewed_to : until when it would, renewed.
    """

    tenant: str
    tenant_name: str
    customer: str
    consent_id: int
    kind: str
    purpose: str
    channel: str | None
    address: str | None
    expires_at: datetime
    valid_to: datetime | None
    renewed_to: datetime | None
    refusal: Refusal | None


def url(base_url: str, box: SecretBox, request: dict[str, Any], address: str | None) -> str:
    """Return the link of a request that goes to an address. Raises `KeyMissing`."""
    code = box.mac(_USE, _signed(request, address))
    query = {"n": request["tenant"], "c": request["consent_id"], "k": request["kind"], "t": code}
    return f"{base_url}{PATH}?{urlencode(query)}"


def address_of(
    connection: Connection, tenant: str, customer: str, kind: str, purpose: str
) -> str | None:
    """Return where a request goes; None where the customer has no such address."""
    person = customers.person(connection, tenant, customer)
    channel = CONFIRMED.get(purpose) if kind == OPT_IN else "email"
    needed = None if channel is None else CHANNELS[channel].address
    return None if person is None or needed is None else person.addresses.get(needed)


def open_(
    connection: Connection,
    box: SecretBox,
    tenant: str,
    consent_id: int,
    kind: str,
    code: str,
    now_us: int,
    terms: Terms,
) -> Link | None:
    """Return what a link stands for; None where it is not ours, or its customer is gone.

    The caller has scoped the transaction to the tenant. It locks the request.
    """
    request = consent_requests.lock(connection, consent_id, kind)
    if request is None or request["tenant"] != tenant:
        return None
    row = consent.one(connection, tenant, request["customer"], consent_id)
    if row is None:
        return None
    address = address_of(connection, tenant, request["customer"], kind, row["purpose"])
    if not box.is_mac(_USE, _signed(request, address), code):
        return None
    ledger = consents.ledger_of(connection, tenant, request["customer"])
    decision = next(one for one in ledger if one.consent_id == consent_id)
    at = from_us(now_us)
    return Link(
        tenant, row["tenant_name"], request["customer"], consent_id, kind, row["purpose"],
        CONFIRMED.get(row["purpose"]), address, request["expires_at"], decision.valid_to,
        _renewed_to(row, at, terms) if kind == RENEWAL else None,
        _refusal(ledger, decision, request, at),
    )  # fmt: skip


def _refusal(
    ledger: list[Decision], decision: Decision, request: dict[str, Any], at: datetime
) -> Refusal | None:
    if request["kind"] == OPT_IN:
        return opt_in.refusal(ledger, decision, request["expires_at"], at)
    question = Question(
        decision.purpose, decision.channel, decision.data_category, decision.recipient
    )
    now = decision_in_force(ledger, question, at)
    if now is not None and rank(now) > rank(decision):
        return Refusal.WITHDRAWN if now.state == WITHDRAWN else Refusal.CONFIRMED
    return None if at < request["expires_at"] else Refusal.EXPIRED


def _renewed_to(row: dict[str, Any], at: datetime, terms: Terms) -> datetime:
    """As long as before, from now on."""
    begin = row["valid_from"] or min(row["decided_at"], row["recorded_at"])
    end = terms.end_of(row["purpose"], row["legal_basis"], at, at + (row["valid_to"] - begin))
    assert end is not None, "an end was given"
    return end


def use(
    connection: Connection,
    points: ContactPoints,
    link: Link,
    now_us: int,
    *,
    notice_version: str,
    notice: str,
    language: str,
) -> None:
    """Confirm or renew, in a decision of its own; nothing where the link does nothing any more.

    notice : the text that was shown. Who confirms an address has proved that it is theirs.
    """
    if link.refusal is not None:
        return
    registry.bump(connection)
    at = from_us(now_us)
    row = consent.one(connection, link.tenant, link.customer, link.consent_id)
    if row is None:
        raise NotFound("the request of this link is gone")
    digest = consent.add_notice(connection, link.tenant, notice_version, language, notice, at)
    opts_in = link.kind == OPT_IN
    decision = {
        **{name: row[name] for name in ("channel", "data_category", "recipient", "valid_from")},
        "tenant": link.tenant,
        "customer": link.customer,
        "purpose": link.purpose,
        "state": GRANTED,
        "legal_basis": row["legal_basis"],
        "notice_version": notice_version,
        "notice_digest": digest,
        "language": language,
        "source": SOURCE[link.kind],
        "method": Method.CONFIRMATION_LINK if opts_in else Method.RENEWAL_LINK,
        "at": at,
        "recorded_at": at,
        "valid_to": row["valid_to"] if opts_in else link.renewed_to,
        "opt_in": IS_CONFIRMED if opts_in else None,
        "confirms": link.consent_id if opts_in else None,
    }
    consent.decide(connection, [decision])
    if opts_in and link.address is not None:
        points.verify(connection, link.tenant, link.customer, link.address, now_us)


def _signed(request: dict[str, Any], address: str | None) -> str:
    parts = (
        request["tenant"], str(request["consent_id"]), request["kind"],
        str(to_us(request["expires_at"])), address or "",
    )  # fmt: skip
    return "\0".join(parts)
