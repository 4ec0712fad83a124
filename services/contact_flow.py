"""Contacts: check visibility, resend, and claim due contacts that consent allows."""

from collections.abc import Sequence
from typing import Any

from contracts.purposes import side_of
from customer_context.playbooks.plan import refusal
from runtime.errors import NotAllowed
from store.casework import contacts, delivery
from store.casework.delivery import Attempt, Lane
from store.people import consent
from store.postgres.pool import Connection

RESENT = ("failed", "cancelled", "refused")
"""States from which a contact can be sent again."""


def visible(
    connection: Connection, tenant: str, side: str | None, contact_id: str
) -> dict[str, Any] | None:
    """Return a contact of the tenant, and of the side where one is given; else None."""
    contact = contacts.get(connection, tenant, contact_id)
    if contact is None or side not in (None, side_of(contact["purpose"])):
        return None
    return contact


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


def claim(
    connection: Connection, worker: int, free: Sequence[tuple[Lane, int]], now_us: int
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Claim due contacts for a worker; return those that may be sent, and those refused.

    free : lanes with the number of contacts that each has room for. Consent is checked again; a
    refusal is stored at once.
    """
    claimed = delivery.claim(connection, worker, free, now_us)
    pairs = {(c["tenant"], c["customer"]) for c in claimed if c["customer"] is not None}
    granted = consent.granted_to(connection, sorted(pairs)) if pairs else {}
    allowed, refused = [], []
    for contact in claimed:
        purposes = frozenset(granted.get((contact["tenant"], contact["customer"]), ()))
        reason = refusal(contact["purpose"], contact["channel"], purposes)
        if reason is None:
            allowed.append(contact)
            continue
        refused.append(contact)
        attempt = Attempt("refused", "refused", reason)
        delivery.finish(connection, contact["contact_id"], worker, attempt, now_us)
    delivery.add_signing_secrets(connection, allowed, now_us)
    return allowed, refused
