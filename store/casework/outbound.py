"""Outbound decisions that wait: runs over all customers, and signals (migration 0072)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from store.postgres import rows
from store.postgres.pool import Connection
from store.postgres.times import from_us

SHARDS = 4
"""Parts of a run, so that workers share it."""
_KEPT = timedelta(days=60)


@dataclass(frozen=True, slots=True)
class Run:
    """A part of a run that this transaction has. after : the last customer decided about."""

    tenant: str
    period_at: datetime
    shard: int
    after: str


def begin(connection: Connection, period_at: datetime, now_us: int) -> int:
    """Begin the runs of a period for all tenants, once; end those of earlier ones. Returns how many
    parts are new."""
    found = connection.execute(
        "insert into contacts.outbound_run (tenant, period_at, shard) "
        "select tenant, %s, shard from customers.tenant, generate_series(0, %s - 1) as shard "
        "on conflict do nothing",
        (period_at, SHARDS),
    ).rowcount
    if found:
        connection.execute(
            "update contacts.outbound_run set done_at = %s "
            "where done_at is null and period_at < %s",
            (from_us(now_us), period_at),
        )
        connection.execute(
            "delete from contacts.outbound_run where period_at < %s", (period_at - _KEPT,)
        )
    return found


def claim(connection: Connection) -> Run | None:
    """Lock a part of a run that no other worker has; None = there is none."""
    found = connection.execute(
        "select tenant, period_at, shard, after from contacts.outbound_run where done_at is null "
        "order by period_at, tenant, shard limit 1 for update skip locked"
    ).fetchone()
    return None if found is None else Run(*found)


def next_customers(connection: Connection, run: Run, limit: int) -> list[str]:
    """Return the next customers of a run, without ids that are merged into another."""
    return [
        row[0]
        for row in connection.execute(
            "select c.customer from customers.customer c where c.tenant = %s and c.customer > %s "
            "and abs(hashtext(c.customer) %% %s) = %s "
            "and not exists (select from customers.merge m where m.tenant = c.tenant "
            "and m.merged = c.customer and m.split_at is null) "
            "order by c.customer limit %s",
            (run.tenant, run.after, SHARDS, run.shard, limit),
        ).fetchall()
    ]


def advance(
    connection: Connection, run: Run, after: str, decided: int, won: int, done_us: int | None
) -> None:
    """Record how far a run is. done_us : it has ended then."""
    connection.execute(
        "update contacts.outbound_run set after = %s, decided = decided + %s, won = won + %s, "
        "done_at = %s where tenant = %s and period_at = %s and shard = %s",
        (
            after, decided, won, None if done_us is None else from_us(done_us), run.tenant,
            run.period_at, run.shard,
        ),
    )  # fmt: skip


def ask(connection: Connection, tenant: str, customer: str, signal_id: str, now_us: int) -> None:
    """Ask for an outbound decision on a signal about a customer."""
    connection.execute(
        "insert into contacts.outbound_signal (tenant, customer, signal_id, asked_at) "
        "values (%s, %s, %s, %s) on conflict do nothing",
        (tenant, customer, signal_id, from_us(now_us)),
    )


def asked(connection: Connection, limit: int) -> list[dict[str, Any]]:
    """Lock and return signals that wait, oldest first, without those that another worker has."""
    return rows.all_(
        connection,
        "select tenant, customer, signal_id from contacts.outbound_signal "
        "order by asked_at, signal_id limit %s for update skip locked",
        (limit,),
    )


def answered(connection: Connection, row: dict[str, Any]) -> None:
    """Remove a locked signal that was decided on."""
    connection.execute(
        "delete from contacts.outbound_signal "
        "where tenant = %s and customer = %s and signal_id = %s",
        (row["tenant"], row["customer"], row["signal_id"]),
    )
