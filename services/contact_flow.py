"""Contacts: what a reader sees of them; resend; claim due contacts that consent allows.

Functions that return contacts, except those to be sent, return them as `services.visibility` shows
them. reader : the customer who reads; None = anybody else.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from contracts.channels import STORED, TO_CUSTOMER
from contracts.purposes import side_of
from contracts.rights import LimitKind
from customer_context.contact_policy.policy import Outcome
from customer_context.playbooks.plan import refusal
from customer_context.relevance.usefulness import Reaction, Reader
from runtime.errors import NotAllowed, NotFound
from runtime.secret_box import KeyMissing, SecretBox
from runtime.settings import Settings
from services import (
    case_links,
    consent_links,
    consent_renewals,
    contact_policy,
    decisions,
    preferences,
    reading_links,
    usefulness,
    visibility,
)
from services.consent import refused_channels
from services.contact_policy import FREE, ContactRules
from services.visibility import NEXT_ACTION, TYPED, Kind
from store.casework import contacts, delivery
from store.casework.cases import AUTHOR
from store.casework.delivery import Attempt, Lane
from store.people import consent, consent_requests, customers
from store.postgres.pool import Connection
from store.postgres.rows import After
from store.postgres.times import from_us, to_us
from store.reads import pages as reads

RESENT = ("failed", "cancelled", "refused")
"""States from which a contact can be sent again."""


def list_(
    connection: Connection,
    tenant: str,
    *,
    reader: str | None = None,
    state: str | None = None,
    channel: str | None = None,
    customer: str | None = None,
    case_id: str | None = None,
    alert_id: str | None = None,
    side: str | None = None,
    after: After = None,
    limit: int = 50,
) -> list[dict[str, Any]]:
    """Return contacts, newest first; the filters are those of `store.casework.contacts.list_`."""
    rows = contacts.list_(
        connection,
        tenant,
        state=state,
        channel=channel,
        customer=customer,
        case_id=case_id,
        alert_id=alert_id,
        side=side,
        after=after,
        limit=limit,
    )
    return visibility.shown(connection, tenant, Kind.CONTACT, rows, reader=reader)


def count(
    connection: Connection,
    tenant: str,
    *,
    state: str | None,
    side: str | None,
    most: int = reads.COUNTED,
) -> int:
    """Count the contacts of `list_` with these filters, up to `most`."""
    return contacts.count(connection, tenant, state=state, side=side, most=most)


def visible(
    connection: Connection,
    tenant: str,
    side: str | None,
    contact_id: str,
    *,
    reader: str | None = None,
) -> dict[str, Any] | None:
    """Return a contact of the tenant, and of the side where one is given; else None."""
    contact = contacts.get(connection, tenant, contact_id)
    if contact is None or side not in (None, side_of(contact["purpose"])):
        return None
    return visibility.one(connection, tenant, Kind.CONTACT, contact, reader=reader)


def attempts(connection: Connection, contact: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the attempts to deliver a contact, oldest first.

    Those of a hidden contact are without their detail, where a receiver may have answered anything.
    """
    found = contacts.attempts(connection, contact["contact_id"])
    if contact["withdrawn"] is None:
        return found
    return [{**attempt, "detail": ""} for attempt in found]


def inbox(
    connection: Connection, tenant: str, customer: str, *, after: After = None, limit: int = 50
) -> list[dict[str, Any]]:
    """Return a customer's messages as this customer sees them, newest first; none that is held."""
    return list_(
        connection,
        tenant,
        reader=customer,
        state="delivered",
        customer=customer,
        channel="inbox",
        after=after,
        limit=limit,
    )


def resend(connection: Connection, contact: dict[str, Any], now_us: int) -> None:
    """Send a contact again under its id; delivery checks consent again before.

    Raises `NotAllowed` where its state or its receiver does not allow it.
    """
    id_ = contact["contact_id"]
    if not contacts.resend(connection, contact["tenant"], [id_], now_us, states=RESENT):
        raise NotAllowed(
            f"contact {id_} is {contact['state']}: what is {', '.join(RESENT)} and has a "
            "receiver that is active can be sent again"
        )


def resend_many(
    connection: Connection,
    tenant: str,
    ids: Sequence[str] | None,
    now_us: int,
    *,
    delivered: bool = False,
) -> int:
    """Send contacts again under their ids; delivery checks consent again before.

    ids : None = all failed ones. delivered : also those that were delivered. Returns how many;
    those whose state or receiver does not allow it stay as they are.
    """
    states = ("failed",) if ids is None else (*RESENT, "delivered") if delivered else RESENT
    return contacts.resend(connection, tenant, ids, now_us, states=states)


def counts(connection: Connection, tenant: str) -> dict[str, int]:
    """Count contacts by state, with every state as a key."""
    return contacts.counts(connection, tenant)


def mark_read(
    connection: Connection, tenant: str, customer: str, contact_id: str, now_us: int
) -> bool:
    """Mark a message as read; return False where this customer has no such message."""
    found = contacts.mark_read(connection, tenant, customer, contact_id, now_us)
    contact = contacts.get(connection, tenant, contact_id) if found else None
    if contact is not None:
        decisions.reached(connection, contact, Outcome.OPENED, now_us)
        _judged(connection, contact, Reaction.OPENED, now_us)
    return found


def judge_message(
    connection: Connection,
    tenant: str,
    customer: str,
    contact_id: str,
    reaction: Reaction,
    now_us: int,
) -> bool:
    """Record what a customer made of a message in their inbox, which is read with it.

    Return False where this customer has no such message.
    """
    if not mark_read(connection, tenant, customer, contact_id, now_us):
        return False
    contact = contacts.get(connection, tenant, contact_id)
    assert contact is not None, "it was marked as read"
    _judged(connection, contact, reaction, now_us)
    return True


def _judged(
    connection: Connection, contact: Mapping[str, Any], reaction: Reaction, now_us: int
) -> None:
    item = usefulness.of_message(contact, to_us(contact["created_at"]))
    usefulness.record(
        connection, contact["tenant"], contact["customer"], item, reaction, Reader.CUSTOMER,
        contact["customer"], now_us,
    )  # fmt: skip


def claim(
    connection: Connection,
    box: SecretBox,
    worker: int,
    free: Sequence[tuple[Lane, int]],
    now_us: int,
    settings: Settings | None = None,
    rules: ContactRules = FREE,
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Claim due contacts for a worker; return those that may be sent, and those refused.

    free : lanes with the number of contacts that each has room for. Consent is checked again, to
    the contact's purpose and to that of the signal that it is about; then the contact policy is
    asked again, at this moment. A refusal is stored at once; what has to wait is put off; what a
    stored channel may have now is delivered. box : opens the receivers' secrets; raises `Retry`
    where its key is missing. settings : for links to cases in e-mails, None = there are none.
    """
    claimed = delivery.claim(connection, worker, free, now_us)
    pairs = {(c["tenant"], c["customer"]) for c in claimed if c["customer"] is not None}
    granted = consent.granted_to(connection, sorted(pairs), from_us(now_us)) if pairs else {}
    channels = refused_channels(connection, sorted(pairs), now_us) if pairs else {}
    limits = consent.limits(connection, sorted(pairs)) if pairs else {}
    hidden = _hidden(connection, claimed, now_us)
    persons = customers.persons(connection, sorted(pairs)) if pairs else {}
    chosen = preferences.in_use(connection, persons, granted, rules.channels, now_us)
    allowed, refused = [], []
    for contact in claimed:
        purposes = frozenset(granted.get((contact["tenant"], contact["customer"]), ()))
        not_by = channels.get((contact["tenant"], contact["customer"]), frozenset())
        reason = refusal(
            contact["purpose"], contact["channel"], purposes, not_by, contract=_by_contract(contact)
        )
        if reason is None and contact["contact_id"] in hidden:
            reason = "no_consent:signal"
        pair = (contact["tenant"], contact["customer"] or "")
        objects = LimitKind.AUTOMATED_DECISIONS in limits.get(pair, {})
        if reason is None and objects and contact["channel"] in TO_CUSTOMER:
            reason = "objection"
        if reason is None and _asks(contact):
            if not contact_policy.try_lock(connection, pair, now_us):
                delivery.put_off(connection, contact["contact_id"], worker, None, now_us)
                continue
            zone = persons[pair].timezone
            verdict = contact_policy.ask_again(
                connection, contact, zone, purposes, not_by, rules, now_us, chosen.get(pair, {})
            )
            if verdict.deliver_at_us > now_us and not verdict.refusal:
                until_us = verdict.deliver_at_us
                delivery.put_off(connection, contact["contact_id"], worker, until_us, now_us)
                continue
            reason = verdict.refusal or None
            if reason is None:
                delivery.let_go(connection, [contact["contact_id"]], now_us)
        if reason is None and contact["channel"] in STORED:
            finish(connection, contact, worker, Attempt("delivered", "delivered"), now_us)
        elif reason is None:
            allowed.append(contact)
        else:
            refused.append(contact)
            attempt = Attempt("refused", "refused", reason)
            delivery.finish(connection, contact["contact_id"], worker, attempt, now_us)
    delivery.add_signing_secrets(connection, box, allowed, now_us)
    if settings is not None and settings.api_base_url:
        for contact in allowed:
            _add_link(connection, box, contact, settings, now_us)
    return allowed, refused


def finish(
    connection: Connection, contact: Mapping[str, Any], worker: int, attempt: Attempt, now_us: int
) -> None:
    """Record an attempt to deliver a contact; a delivered one is an outcome of its decision."""
    delivery.finish(connection, contact["contact_id"], worker, attempt, now_us)
    if attempt.state == "delivered":
        decisions.reached(connection, contact, Outcome.DELIVERED, now_us)


def _asks(contact: Mapping[str, Any]) -> bool:
    """Return whether the contact policy has a say about a contact."""
    return contact["counted_at"] is not None and not contact["urgent"]


def _by_contract(contact: Mapping[str, Any]) -> bool:
    """A notice about a case that a person opened, and a message of a bypassing action, rest on the
    contract where they have no purpose."""
    return contact["signal_id"] is None and contact["playbook"] in (TYPED, NEXT_ACTION)


def _add_link(
    connection: Connection,
    box: SecretBox,
    contact: dict[str, Any],
    settings: Settings,
    now_us: int,
) -> None:
    """Add `link` to an e-mail about a case: the address of its page, and until when it opens.

    The link is computed here, as no contact that people see may have it.
    """
    of_case = contact["case_id"] is not None and contact["customer"] is not None
    if contact["channel"] == "email" and contact["type"] == consent_renewals.TYPE:
        _add_renewal(connection, box, contact, settings)
    if contact["channel"] == "email" and contact["type"] == reading_links.TYPE:
        _add_reading_link(connection, box, contact, settings)
    if contact["channel"] != "email" or not of_case:
        return
    try:
        link, path = case_links.make(
            connection, box, contact["tenant"], contact["case_id"], AUTHOR, contact["contact_id"],
            now_us, settings.case_link_h,
        )  # fmt: skip
    except (NotFound, NotAllowed, KeyMissing):
        return  # the message goes out without it
    contact["link"] = (settings.api_base_url + path, link.expires_at)


def _add_renewal(
    connection: Connection, box: SecretBox, contact: dict[str, Any], settings: Settings
) -> None:
    request = consent_requests.of_contact(connection, contact["contact_id"])
    if request is None:
        return
    try:
        url = consent_links.url(settings.api_base_url, box, request, contact["address"])
    except KeyMissing:
        return
    contact["link"] = (url, request["expires_at"])


def _add_reading_link(
    connection: Connection, box: SecretBox, contact: dict[str, Any], settings: Settings
) -> None:
    link = reading_links.of_contact(connection, contact)
    if link is None:
        return
    try:
        contact["link"] = (settings.api_base_url + reading_links.path_of(box, link), link.closes_at)
    except KeyMissing:
        return  # as above


def _hidden(connection: Connection, claimed: Sequence[dict[str, Any]], now_us: int) -> set[str]:
    """Return the contacts that only their customer may see."""
    return {
        row["contact_id"]
        for tenant in {contact["tenant"] for contact in claimed}
        for row in visibility.shown(
            connection,
            tenant,
            Kind.CONTACT,
            [contact for contact in claimed if contact["tenant"] == tenant],
            reader=None,
            at=from_us(now_us),
        )
        if row["withdrawn"] is not None
    }
