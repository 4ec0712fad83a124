"""What customers are to be notified of in their cases: milestones, and steps that wait for them."""

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
    kind: str,
    name: str,
    now_us: int,
) -> None:
    """Ask for a notice, in the transaction of the event that it is about; once for each."""
    connection.execute(
        "insert into contacts.case_notice (case_id, item, times, kind, name, tenant, due_at) "
        "values (%s, %s, %s, %s, %s, %s, %s) on conflict do nothing",
        (case_id, item, times, kind, name, tenant, from_us(now_us)),
    )
    notify.wake(connection, notify.CONTACT)


def due(
    connection: Connection, now_us: int, limit: int, *, run: bool = False
) -> list[dict[str, Any]]:
    """Lock and return notices that wait, oldest first, without those that another worker has.

    run : automatic steps of ours in place of notices.
    """
    return rows.all_(
        connection,
        "select case_id, item, times, kind, name, tenant, due_at from contacts.case_notice "
        "where done_at is null and due_at <= %s and (kind = 'run') = %s "
        "order by due_at, case_id, item limit %s for update skip locked",
        (from_us(now_us), run, limit),
    )


def customers(connection: Connection, case_ids: list[str]) -> list[tuple[str, str]]:
    """Return the (tenant, customer) of cases."""
    found = connection.execute(
        "select distinct tenant, customer from contacts.service_case "
        "where case_id = any(%s) and customer is not null order by 1, 2",
        (case_ids,),
    )
    return [(tenant, customer) for tenant, customer in found.fetchall()]


def waiting(connection: Connection) -> int:
    """Count the notices that wait."""
    found = connection.execute("select count(*) from contacts.case_notice where done_at is null")
    return int((found.fetchone() or (0,))[0])


def postpone(connection: Connection, row: dict[str, Any], until_us: int) -> None:
    """Let a locked row wait until then."""
    connection.execute(
        "update contacts.case_notice set due_at = %s "
        "where case_id = %s and item = %s and times = %s and kind = %s and name = %s",
        (
            from_us(until_us),
            *(row[name] for name in ("case_id", "item", "times", "kind", "name")),
        ),
    )


def done(
    connection: Connection, row: dict[str, Any], channel: str | None, reason: str, now_us: int
) -> None:
    """Record what became of a locked notice."""
    connection.execute(
        "update contacts.case_notice set done_at = %s, channel = %s, reason = %s "
        "where case_id = %s and item = %s and times = %s and kind = %s and name = %s",
        (
            from_us(now_us),
            channel,
            reason,
            *(row[name] for name in ("case_id", "item", "times", "kind", "name")),
        ),
    )
