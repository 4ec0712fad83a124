"""Meters whose intervals wait to be settled (`interval_estimates.py`)."""

from datetime import datetime
from typing import Any

from contracts.quality import Reason
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


_DAYS_MISSING = (
    "(select max(m.day) - min(m.day) + 1 > count(*) from features.meter_day m "
    "where m.device_id = looked.device_id and m.start_at >= %(since)s)"
)
"""A hole of whole days that the stream left open has no day of its own."""
_TARIFFS_DIFFER = (
    "exists (select from (select s.register_kwh, s.register_t1_kwh, s.register_t2_kwh "
    "from telemetry.meter_sample s where s.device_id = looked.device_id "
    "order by s.observed_at desc limit 100) r cross join lateral (select greatest("
    "scale(trim_scale(r.register_kwh::numeric)), scale(trim_scale(r.register_t1_kwh::numeric)), "
    "scale(trim_scale(r.register_t2_kwh::numeric))) as decimals) d "
    "where abs(r.register_kwh - r.register_t1_kwh - r.register_t2_kwh) "
    "> 3.5 / power(10, least(d.decimals, 6)))"
)
"""Beyond a step of each of the three registers, in the newest samples."""
_IN_DOUBT = (
    "exists (select from features.interval_estimate e where e.device_id = looked.device_id "
    "and e.start_at >= %(since)s and e.replaced_at = 'infinity' and e.reason = "
    f"{int(Reason.SUM_DIFFERS)})"
)
"""What was provisional may be in order now."""


def sweep(connection: Connection, now: datetime, since: datetime, next_at: datetime) -> bool:
    """Look at some devices for holes since a time, and for registers of tariffs that do not add
    up to the total; let their meters be settled.

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
        "and device_id > %(after)s order by device_id limit %(most)s), holes as ("
        "insert into contacts.estimate_due (tenant, meter, due_at) "
        "select distinct a.tenant, a.meter, %(now)s::timestamptz from looked "
        "join customers.assignment a using (device_id) where a.meter is not null and (exists ("
        "select from features.meter_day m where m.device_id = looked.device_id "
        "and m.start_at >= %(since)s and m.present < m.expected) "
        f"or {_DAYS_MISSING} or {_TARIFFS_DIFFER} or {_IN_DOUBT}) on conflict do nothing) "
        "select count(*), max(device_id) from looked",
        {"after": row["device"], "most": SWEPT, "now": now, "since": since},
    ).fetchone()
    more = found is not None and found[0] == SWEPT
    connection.execute(
        "update contacts.estimate_sweep set device = %s, due_at = %s",
        (found[1] if found and more else 0, now if more else next_at),
    )
    return more
