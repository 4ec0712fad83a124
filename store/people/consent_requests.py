"""Requests to customers about their consents: confirm a grant that waits, renew one that ends."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from contracts.purposes import PARTNER
from store.postgres import notify, rows
from store.postgres.pool import Connection, scalar

OPT_IN, RENEWAL = "opt_in", "renewal"
_RETRY_AFTER, _RETRY_AT_MOST = timedelta(seconds=30), timedelta(hours=1)
"""Between two attempts, doubled each time."""
_TAKEN = (
    "r.consent_id, r.kind, r.tenant, r.customer, r.expires_at, r.times, c.purpose, "
    "t.name as tenant_name, t.timezone"
)


def ask(
    connection: Connection, customers: Sequence[tuple[str, str]], at: datetime, until: datetime
) -> int:
    """Ask for the confirmation of grants recorded at a time that wait for it; return how many.

    Copies for merged ids are not asked about: they are confirmed with the decision they copy.
    """
    tenants, names = rows.pair_columns(customers)
    found = connection.execute(
        "insert into contacts.consent_request "
        "(consent_id, kind, tenant, customer, asked_at, expires_at, next_attempt_at) "
        "select c.consent_id, %s, c.tenant, c.customer, %s, %s, %s from customers.consent c "
        "where c.opt_in = 'pending' and c.recorded_at = %s and c.method is distinct from 'merge' "
        "and (c.tenant, c.customer) in (select * from unnest(%s::text[], %s::text[])) "
        "on conflict do nothing",
        (OPT_IN, at, until, at, at, tenants, names),
    )
    if found.rowcount:
        notify.wake(connection, notify.LINK)
    return found.rowcount


def open_of(
    connection: Connection, tenant: str, customer: str, at: datetime
) -> list[dict[str, Any]]:
    """Return the requests for a confirmation of a customer that have not expired, newest first."""
    return rows.all_(
        connection,
        "select r.*, c.purpose from contacts.consent_request r join customers.consent c "
        "using (consent_id) where r.tenant = %s and r.customer = %s and r.kind = %s "
        "and r.expires_at > %s order by r.consent_id desc",
        (tenant, customer, OPT_IN, at),
    )


def of_customer(connection: Connection, tenant: str, customer: str) -> list[dict[str, Any]]:
    """Return all requests to a customer with the purpose that each is about, newest first."""
    return rows.all_(
        connection,
        "select r.kind, c.purpose, r.consent_id, r.asked_at, r.expires_at, r.sent_at, r.outcome, "
        "exists (select from customers.consent d where d.confirms = r.consent_id) as confirmed "
        "from contacts.consent_request r join customers.consent c using (consent_id) "
        "where r.tenant = %s and r.customer = %s order by r.asked_at desc, r.consent_id desc",
        (tenant, customer),
    )


def again(connection: Connection, consent_id: int, at: datetime) -> bool:
    """Let a request be sent once again; return False where it was before."""
    found = connection.execute(
        "update contacts.consent_request set times = 2, next_attempt_at = %s, outcome = '' "
        "where consent_id = %s and kind = %s and times = 1",
        (at, consent_id, OPT_IN),
    )
    if found.rowcount:
        notify.wake(connection, notify.LINK)
    return found.rowcount == 1


def lock(connection: Connection, consent_id: int, kind: str) -> dict[str, Any] | None:
    """Return a request, locked: of two who confirm at once the second one sees the first."""
    return rows.one(
        connection,
        "select * from contacts.consent_request where consent_id = %s and kind = %s for update",
        (consent_id, kind),
    )


def take(connection: Connection, at: datetime) -> dict[str, Any] | None:
    """Return the next request to send, and put off its next attempt; None where none is due.

    What has expired is not sent any more.
    """
    connection.execute(
        "update contacts.consent_request set next_attempt_at = null, outcome = 'expired' "
        "where next_attempt_at is not null and expires_at <= %s",
        (at,),
    )
    return rows.one(
        connection,
        "with taken as (select consent_id, kind from contacts.consent_request "
        "where next_attempt_at <= %s order by next_attempt_at, consent_id limit 1 "
        "for update skip locked) update contacts.consent_request r "
        "set attempts = r.attempts + 1, next_attempt_at = %s + "
        "least(%s * power(2, least(r.attempts, 10)), %s) from taken, customers.consent c, "
        "customers.tenant t where r.consent_id = taken.consent_id and r.kind = taken.kind "
        f"and c.consent_id = r.consent_id and t.tenant = r.tenant returning {_TAKEN}",
        (at, at, _RETRY_AFTER, _RETRY_AT_MOST),
    )


def sent(
    connection: Connection, consent_id: int, kind: str, outcome: str, at: datetime | None
) -> None:
    """Record how sending ended. at : when it was sent; None = it was not."""
    connection.execute(
        "update contacts.consent_request set next_attempt_at = null, outcome = %s, "
        "sent_at = coalesce(%s, sent_at) where consent_id = %s and kind = %s",
        (outcome, at, consent_id, kind),
    )


def confirms_own_grants(connection: Connection, tenant: str) -> bool:
    """Return whether the tenant asks for a confirmation also of what customers grant themselves."""
    return bool(
        scalar(
            connection,
            "select confirm_own_grants from customers.tenant where tenant = %s",
            (tenant,),
        )
    )


def set_confirms_own_grants(connection: Connection, tenant: str, value: bool) -> None:
    """Set it."""
    connection.execute(
        "update customers.tenant set confirm_own_grants = %s where tenant = %s", (value, tenant)
    )


def ending(
    connection: Connection, at: datetime, within: timedelta, limit: int
) -> list[dict[str, Any]]:
    """Return grants that end within a time and were recorded before that, and of which nobody was
    reminded, the earliest first. Without those to partners, and copies for merged ids."""
    return rows.all_(
        connection,
        "select c.consent_id, c.tenant, c.customer, c.purpose, c.channel, c.data_category, "
        "c.recipient, c.valid_to from customers.consent c where c.valid_to > %s "
        "and c.valid_to <= %s and c.recorded_at <= c.valid_to - %s::interval "
        "and c.state = 'granted' and c.opt_in is distinct from 'pending' "
        "and (c.valid_from is null or c.valid_from <= %s) and c.customer is not null "
        "and c.method is distinct from 'merge' and coalesce(c.recipient, '') not like %s "
        "and not exists (select from contacts.consent_request r "
        "where r.consent_id = c.consent_id and r.kind = %s) "
        "order by c.valid_to, c.consent_id limit %s",
        (at, at + within, within, at, f"{PARTNER}%", RENEWAL, limit),
    )


def renew(connection: Connection, row: dict[str, Any], at: datetime) -> bool:
    """Write that a customer is reminded; return False where another worker has."""
    found = connection.execute(
        "insert into contacts.consent_request "
        "(consent_id, kind, tenant, customer, asked_at, expires_at) "
        "values (%s, %s, %s, %s, %s, %s) on conflict do nothing",
        (row["consent_id"], RENEWAL, row["tenant"], row["customer"], at, row["valid_to"]),
    )
    return found.rowcount == 1


def renewal_done(
    connection: Connection, consent_id: int, contact_id: str | None, outcome: str
) -> None:
    """Record by which message, or why by none, a customer is reminded. outcome : or its channel."""
    connection.execute(
        "update contacts.consent_request set contact_id = %s, outcome = %s "
        "where consent_id = %s and kind = %s",
        (contact_id, outcome, consent_id, RENEWAL),
    )


def of_contact(connection: Connection, contact_id: str) -> dict[str, Any] | None:
    """Return the request of a renewal's message."""
    return rows.one(
        connection,
        "select * from contacts.consent_request where contact_id = %s",
        (contact_id,),
    )
