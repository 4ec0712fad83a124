"""Automatic steps of cases that wait to be handed over to a system."""

from typing import Any

from store.postgres import notify, rows
from store.postgres.pool import Connection
from store.postgres.times import from_us


def put(
    connection: Connection,
    tenant: str,
    case_id: str,
    item: str,
    times: int,
    action: str,
    now_us: int,
) -> None:
    """Ask for an automatic step, in the transaction of the event that activates it."""
    connection.execute(
        "insert into contacts.case_order (case_id, item, times, action, tenant, due_at) "
        "values (%s, %s, %s, %s, %s, %s) on conflict do nothing",
        (case_id, item, times, action, tenant, from_us(now_us)),
    )
    notify.wake(connection, notify.CONTACT)


def due(connection: Connection, now_us: int, limit: int) -> list[dict[str, Any]]:
    """Lock and return steps that wait, oldest first, without those that another worker has."""
    return rows.all_(
        connection,
        "select case_id, item, times, action, tenant, due_at from contacts.case_order "
        "where done_at is null and due_at <= %s order by due_at, case_id, item limit %s "
        "for update skip locked",
        (from_us(now_us), limit),
    )


def waiting(connection: Connection) -> int:
    """Count the steps that wait."""
    found = connection.execute("select count(*) from contacts.case_order where done_at is null")
    return int((found.fetchone() or (0,))[0])


def done(connection: Connection, row: dict[str, Any], reason: str, now_us: int) -> None:
    """Record that a locked step was handed over, or why not."""
    connection.execute(
        "update contacts.case_order set done_at = %s, reason = %s "
        "where case_id = %s and item = %s and times = %s and due_at = %s",
        (from_us(now_us), reason, *(row[name] for name in ("case_id", "item", "times", "due_at"))),
    )
