"""Messages that the contact policy counts, and reactions that it asks about."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from contracts.channels import TO_CUSTOMER
from store.postgres import rows
from store.postgres.pool import Connection

_WAITS = timedelta(days=5)
"""Nothing that was created waits longer for its delivery: quiet hours, and the retries."""


def counted(
    connection: Connection, tenant: str, customers: Sequence[str], since: datetime
) -> list[dict[str, Any]]:
    """Return messages to customers that were delivered since then or wait, and are not urgent:
    contact_id, customer, at (when they count), channel, exempt, created_at and signal_id; oldest
    first."""
    return rows.all_(
        connection,
        "select * from (select contact_id, customer, "
        "coalesce(counted_at, finished_at, next_attempt_at, created_at) as at, channel, exempt, "
        "created_at, signal_id from contacts.contact "
        "where tenant = %s and customer = any(%s) and created_at > %s and not urgent "
        "and state in ('pending', 'delivered') and channel = any(%s)) as sent "
        "where at > %s order by at, contact_id",
        (tenant, list(customers), since - _WAITS, list(TO_CUSTOMER), since),
    )


def reactions(
    connection: Connection, pairs: Sequence[tuple[str, str]], since: datetime
) -> dict[tuple[str, str], list[dict[str, Any]]]:
    """Return (tenant, customer) → outcomes since then, oldest first: action, channel, outcome,
    at; of all the customer's ids."""
    found: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for row in rows.all_(
        connection,
        "select p.t, p.c, o.action, o.channel, o.outcome, o.at "
        "from unnest(%s::text[], %s::text[]) as p (t, c) "
        "join contacts.outcome o on o.tenant = p.t "
        "and o.customer = any(customers.same_as(p.t, p.c)) "
        "where o.at >= %s order by o.at, o.outcome_id",
        (*rows.pair_columns(pairs), since),
    ):
        found[row.pop("t"), row.pop("c")].append(row)
    return found
