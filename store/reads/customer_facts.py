"""Facts about a customer that stand in tables of cases, contacts, interactions and alerts."""

from datetime import datetime
from typing import Any

from store.postgres import rows
from store.postgres.pool import Connection


def open_cases(connection: Connection, tenant: str, customer: str) -> dict[str, int]:
    """Return kind → number of cases that are not resolved; the type of those that have one."""
    found = connection.execute(
        "select coalesce(p.case_type, s.kind), count(*) from contacts.service_case s "
        "left join contacts.case_plan p using (case_id) where s.tenant = %s and s.customer = %s "
        "and s.state <> 'resolved' group by 1",
        (tenant, customer),
    )
    return {kind: int(count) for kind, count in found.fetchall()}


def messages(
    connection: Connection, tenant: str, customer: str, since: datetime
) -> list[dict[str, Any]]:
    """Return messages to a customer since a time that were delivered or wait: at, channel, urgent.

    at : of delivery; of one that waits, when it is to be tried.
    """
    return rows.all_(
        connection,
        "select coalesce(finished_at, next_attempt_at, created_at) as at, channel, urgent "
        "from contacts.contact where tenant = %s and customer = %s and channel <> 'webhook' "
        "and state in ('pending', 'delivered') and created_at >= %s order by created_at",
        (tenant, customer, since),
    )


def interactions(
    connection: Connection, tenant: str, customer: str, since: datetime, purposes: list[str]
) -> dict[str, Any]:
    """Return the last inbound interaction and how many there were since a time.

    purposes : granted ones; what rests on another is not seen.
    """
    found = rows.one(
        connection,
        "select max(at) as last, count(*) as number from customers.interaction "
        "where tenant = %s and customer = %s and at >= %s and direction = 'inbound' "
        "and (purpose is null or purpose = any(%s))",
        (tenant, customer, since, purposes),
    )
    assert found is not None
    return found


def open_anomaly(connection: Connection, tenant: str, customer: str) -> dict[str, Any] | None:
    """Return kind and time of the newest open anomaly of a customer."""
    return rows.one(
        connection,
        "select kind, happened_at from contacts.alert where tenant = %s and customer = %s "
        "and state <> 'resolved' and not cleared and not retracted "
        "order by happened_at desc, alert_id limit 1",
        (tenant, customer),
    )
