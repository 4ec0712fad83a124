"""Meters whose intervals wait to be settled (`interval_estimates.py`)."""

from datetime import datetime
from typing import Any

from store.postgres import notify, rows
from store.postgres.pool import Connection

SWEPT = 500
"""As many devices are looked at in one transaction."""


def ask(connection: Connection, tenant: str, meter: str, at: datetime) -> None:
    """Let a meter's intervals be settled from a time on, unless they wait already."""
    connection.execute(
        "insert into contacts.estimate_due as d (tenant, meter, due_at) values (%s, %s, %s) "
        "on conflict (tenant, meter) do update set due_at = least(d.due_at, excluded.due_at)",
        (tenant, meter, at),
    )
    notify.wake(connection, notify.CONTACT)


def due(connection: Connection, now: datetime, limit: int) -> list[dict[str, Any]]:
    """Lock and return meters that wait, without those that another worker has."""
    return rows.all_(
        connection,
        "select tenant, meter from contacts.estimate_due where due_at <= %s "
        "order by due_at, tenant, meter limit %s for update skip locked",
        (now, limit),
    )


def done(connection: Connection, tenant: str, meter: str, again: datetime | None) -> None:
    """Take a locked meter out of the queue, or put it off. again : None = it is settled."""
    if again is None:
        connection.execute(
            "delete from contacts.estimate_due where tenant = %s and meter = %s", (tenant, meter)
        )
        return
    connection.execute(
        "update contacts.estimate_due set due_at = %s where tenant = %s and meter = %s",
        (again, tenant, meter),
    )


def sweep(connection: Connection, now: datetime, since: datetime, next_at: datetime) -> bool:
    """Look at some devices for holes since a time, and let their meters be settled.

    Return whether there are more of them. It begins again at `next_at`.
    """
    row = rows.one(
        connection,
        "select device from contacts.estimate_sweep where due_at <= %s for update skip locked",
        (now,),
    )
    if row is None:
        return False
    found = connection.execute(
        "with looked as (select device_id from customers.device where kind = 'meter' "
        "and device_id > %s order by device_id limit %s), holes as ("
        "insert into contacts.estimate_due (tenant, meter, due_at) "
        "select distinct a.tenant, a.meter, %s::timestamptz from looked "
        "join customers.assignment a using (device_id) where a.meter is not null and exists ("
        "select from features.meter_day m where m.device_id = looked.device_id "
        "and m.start_at >= %s and m.present < m.expected) on conflict do nothing) "
        "select count(*), max(device_id) from looked",
        (row["device"], SWEPT, now, since),
    ).fetchone()
    more = found is not None and found[0] == SWEPT
    connection.execute(
        "update contacts.estimate_sweep set device = %s, due_at = %s",
        (found[1] if found and more else 0, now if more else next_at),
    )
    return more
