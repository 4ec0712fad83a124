"""Contacts: messages to customers and receivers, with their state (delivery: delivery.py)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from contracts.channels import STORED, TO_RECEIVERS
from contracts.purposes import INSURERS
from store.postgres import notify, rows
from store.postgres.merged import only, same_as
from store.postgres.pool import Connection, scalar
from store.postgres.times import from_us


@dataclass(frozen=True, slots=True)
class NewContact:
    """A contact before it is stored.

    address : for an e-mail; payload : the body of a webhook; purpose : None = it rests on the
    contract; signal_id : None = of a case, and of no signal. deliver_at_us : from when the contact
    policy lets it go, None = it has no say; exempt : ids of its rules that do not count it;
    decision_id, action : the outbound decision that chose it, and what won.
    """

    contact_id: str
    tenant: str
    customer: str | None
    channel: str
    receiver_id: int | None
    address: str | None
    purpose: str | None
    language: str
    type: str
    subject: str
    body: str
    payload: dict[str, Any] | None
    urgent: bool
    signal_id: str | None
    signal_revision: int | None
    playbook: str
    treatment: str
    case_id: str | None
    alert_id: str | None
    deliver_at_us: int | None = None
    exempt: Sequence[str] = ()
    decision_id: str | None = None
    action: str | None = None


_COLUMNS = (
    "contact_id", "tenant", "customer", "channel", "receiver_id", "address", "purpose", "language",
    "type", "subject", "body", "payload", "urgent", "signal_id", "signal_revision", "playbook",
    "treatment", "case_id", "alert_id", "exempt", "decision_id", "action",
)  # fmt: skip
HELD = "quiet_hours"
"""Reason of a contact that waits for the end of quiet hours."""
# Columns that a corrected signal updates as long as nothing has been sent.
_CORRECTED = (
    "address", "language", "subject", "body", "payload", "urgent", "signal_revision", "case_id",
    "reason", "counted_at", "exempt",
)  # fmt: skip


def put(connection: Connection, contacts: Sequence[NewContact], now_us: int) -> dict[str, str]:
    """Store contacts, in the caller's transaction; return contact id → outcome.

    `new`; `corrected`: it was not sent yet and now has the newer revision's content; `standing`:
    it was sent, failed or refused before, and is unchanged. A contact to an inbox is delivered
    at once, unless it is held.
    """
    outcome: dict[str, str] = {}
    for contact in contacts:
        values: dict[str, Any] = {name: getattr(contact, name) for name in _COLUMNS}
        values["payload"] = None if contact.payload is None else Jsonb(contact.payload)
        values["exempt"] = list(contact.exempt)
        at_us = now_us if contact.deliver_at_us is None else contact.deliver_at_us
        held = at_us > now_us
        stored = contact.channel in STORED and not held
        values |= {
            "state": "delivered" if stored else "pending",
            "reason": HELD if held else "",
            "created_at": from_us(now_us),
            "counted_at": None if contact.deliver_at_us is None else from_us(at_us),
            "next_attempt_at": None if stored else from_us(at_us),
            "delivered_at": from_us(now_us) if stored else None,
            "finished_at": from_us(now_us) if stored else None,
        }
        sets = ", ".join(f"{name} = excluded.{name}" for name in _CORRECTED)
        found = connection.execute(
            f"insert into contacts.contact as c ({', '.join(values)}) "
            f"values ({', '.join(['%s'] * len(values))}) on conflict (contact_id) do update "
            f"set {sets}, state = 'pending', finished_at = null, "
            "next_attempt_at = coalesce(greatest(c.next_attempt_at, "
            "excluded.next_attempt_at), excluded.created_at) "
            "where c.state in ('pending', 'cancelled') and c.delivered_at is null "
            "and c.signal_revision <= excluded.signal_revision "
            "returning (xmax = 0)".encode(),
            list(values.values()),
        ).fetchone()
        outcome[contact.contact_id] = (
            "standing" if found is None else "new" if found[0] else "corrected"
        )
        if found is not None:
            notify.changed(connection, contact.tenant, "contact")
    if "new" in outcome.values() or "corrected" in outcome.values():
        notify.wake(connection, notify.CONTACT)
    return outcome


def cancel(
    connection: Connection,
    signal_id: str,
    reason: str,
    now_us: int,
    *,
    playbook: str | None = None,
    keep: Sequence[str] = (),
) -> int:
    """Cancel a signal's pending contacts (of one playbook, or all), except the ids in `keep`.

    Returns their number. A contact that is being sent at this moment may still arrive.
    """
    found = connection.execute(
        "update contacts.contact set state = 'cancelled', reason = %s, finished_at = %s, "
        "next_attempt_at = null, claimed_by = null "
        "where signal_id = %s and state = 'pending' and (%s::text is null or playbook = %s) "
        "and contact_id <> all(%s) returning tenant, contact_id",
        (reason, from_us(now_us), signal_id, playbook, playbook, list(keep)),
    ).fetchall()
    for tenant in {tenant for tenant, _ in found}:
        notify.changed(connection, tenant, "contact")
    return len(found)


def waiting_of(connection: Connection, tenant: str, customer: str) -> list[dict[str, Any]]:
    """Return the contacts of a customer that wait, locked: contact_id, purpose, channel."""
    return rows.all_(
        connection,
        "select contact_id, purpose, channel from contacts.contact "
        "where tenant = %s and customer = %s and state = 'pending' for no key update",
        (tenant, customer),
    )


def refuse(connection: Connection, tenant: str, reasons: Mapping[str, str], now_us: int) -> None:
    """Refuse contacts that wait. reasons : contact id → why.

    One that is being sent at this moment may still arrive; it then counts as delivered.
    """
    if not reasons:
        return
    connection.execute(
        "update contacts.contact c set state = 'refused', reason = r.reason, finished_at = %s, "
        "next_attempt_at = null, claimed_by = null "
        "from unnest(%s::text[], %s::text[]) as r (contact_id, reason) "
        "where c.tenant = %s and c.contact_id = r.contact_id and c.state = 'pending'",
        (from_us(now_us), list(reasons), list(reasons.values()), tenant),
    )
    notify.changed(connection, tenant, "contact")


def list_(
    connection: Connection,
    tenant: str,
    *,
    state: str | None = None,
    channel: str | None = None,
    customer: str | None = None,
    case_id: str | None = None,
    alert_id: str | None = None,
    side: str | None = None,
    after: tuple[datetime, str] | None = None,
    limit: int = 50,
) -> list[dict[str, Any]]:
    """Return contacts, newest first, with their receiver's name.

    side : insurer or utility, to which the purpose belongs; after : (created_at, contact_id) of
    the previous page's last row.
    """
    where = _conditions(tenant, state, side).add("c.channel = %s", channel)
    only(where, "c.customer", connection, tenant, customer)
    where.add("c.case_id = %s", case_id).add("c.alert_id = %s", alert_id)
    where.add("(c.created_at, c.contact_id) < (%s, %s)", *(after or (None, None)))
    return rows.all_(
        connection,
        "select c.*, r.name as receiver from contacts.contact c "
        f"left join contacts.receiver r using (receiver_id) where {where.sql} "
        "order by c.created_at desc, c.contact_id desc limit %s",
        [*where.values, limit],
    )


def count(
    connection: Connection, tenant: str, *, state: str | None, side: str | None, most: int
) -> int:
    """Count the contacts of `list_` with these filters, up to `most`."""
    where = _conditions(tenant, state, side)
    return int(
        scalar(
            connection,
            f"select count(*) from (select 1 from contacts.contact c where {where.sql} "
            "limit %s) as counted",
            [*where.values, most],
        )
    )


def _conditions(tenant: str, state: str | None, side: str | None) -> rows.Conditions:
    where = rows.Conditions("c.tenant = %s", tenant).add("c.state = %s", state)
    if side is not None:
        where.add("(c.purpose = any(%s)) = %s", list(map(str, INSURERS)), side == "insurer")
    return where


def get(connection: Connection, tenant: str, contact_id: str) -> dict[str, Any] | None:
    """Return one contact, with its receiver's name."""
    return rows.one(
        connection,
        "select c.*, r.name as receiver from contacts.contact c "
        "left join contacts.receiver r using (receiver_id) "
        "where c.tenant = %s and c.contact_id = %s",
        (tenant, contact_id),
    )


def states(connection: Connection, tenant: str, ids: Sequence[str]) -> dict[str, str]:
    """Return id → state of those contacts that exist."""
    return dict(
        connection.execute(
            "select contact_id, state from contacts.contact "
            "where tenant = %s and contact_id = any(%s)",
            (tenant, list(ids)),
        ).fetchall()
    )


def attempts(connection: Connection, contact_id: str) -> list[dict[str, Any]]:
    """Return the attempts to deliver a contact, oldest first."""
    return rows.all_(
        connection,
        "select * from contacts.attempt where contact_id = %s order by number",
        (contact_id,),
    )


def resend(
    connection: Connection,
    tenant: str,
    ids: Sequence[str] | None,
    now_us: int,
    *,
    states: Sequence[str] = ("failed",),
) -> int:
    """Send contacts again under the same id, with a new retry schedule.

    ids : None = all in these states. Consent is checked again before sending. Returns the number
    of contacts; those whose receiver is removed or disabled are not changed.
    """
    found = connection.execute(
        "update contacts.contact c set state = 'pending', reason = '', retry_from = attempts, "
        "next_attempt_at = %s, finished_at = null, claimed_by = null "
        "where tenant = %s and state = any(%s) and channel <> all(%s) "
        "and (%s::text[] is null or contact_id = any(%s)) and (channel <> all(%s) or exists "
        "(select 1 from contacts.receiver r where r.receiver_id = c.receiver_id "
        "and r.state = 'active')) returning contact_id",
        (
            from_us(now_us),
            tenant,
            list(states),
            list(STORED),
            None if ids is None else list(ids),
            None if ids is None else list(ids),
            list(TO_RECEIVERS),
        ),
    ).fetchall()
    if found:
        notify.wake(connection, notify.CONTACT)
        notify.changed(connection, tenant, "contact")
    return len(found)


def mark_read(
    connection: Connection, tenant: str, customer: str, contact_id: str, now_us: int
) -> bool:
    """Mark a message as read; return False where this customer has no such message."""
    cursor = connection.execute(
        "update contacts.contact set read_at = coalesce(read_at, %s) "
        "where tenant = %s and customer = any(%s) and contact_id = %s and channel = 'inbox' "
        "and state = 'delivered'",
        (from_us(now_us), tenant, same_as(connection, tenant, customer), contact_id),
    )
    return cursor.rowcount == 1


def counts(connection: Connection, tenant: str | None = None) -> dict[str, int]:
    """Count contacts by state, with every state as a key. tenant : None = all tenants."""
    where = rows.Conditions("true").add("tenant = %s", tenant)
    found = dict.fromkeys(("pending", "delivered", "failed", "refused", "cancelled"), 0)
    for state, count in connection.execute(
        f"select state, count(*) from contacts.contact where {where.sql} group by state".encode(),
        where.values,
    ).fetchall():
        found[state] = count
    return found
