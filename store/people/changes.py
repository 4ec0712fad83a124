"""What has changed in the registry and in consents, in an order without gaps.

Triggers write `customers.change` (migration 0028). A transaction's number (xid) and not a sequence
orders them: a reader takes only transactions below the oldest that still runs, and whatever commits
later has a higher number.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from runtime.errors import TachowattError
from store.postgres.pool import Connection, scalar


@dataclass(frozen=True, slots=True)
class Change:
    """One object that a transaction has changed. kind, object : see customers.change."""

    xid: int
    change_id: int
    tenant: str
    kind: str
    object: str
    operation: str
    recorded_at: datetime


_COLUMNS = "xid::text::bigint, change_id, tenant, kind, object, operation, recorded_at"


def snapshot(connection: Connection) -> str:
    """Return which transactions this connection sees now, for `not_seen`."""
    return str(scalar(connection, "select pg_current_snapshot()::text"))


def not_seen(connection: Connection, seen: str, most: int) -> list[Change] | None:
    """Return what transactions have changed that a snapshot did not see.

    None where there are more than `most`, or where some were forgotten: read everything again.
    """
    if scalar(
        connection,
        "select forgotten >= pg_snapshot_xmin(%s::pg_snapshot) from customers.change_horizon",
        (seen,),
    ):
        return None
    rows = connection.execute(
        f"select {_COLUMNS} from customers.change where xid >= pg_snapshot_xmin(%s::pg_snapshot) "
        "and not pg_visible_in_snapshot(xid, %s::pg_snapshot) order by xid, change_id limit %s",
        (seen, seen, most + 1),
    ).fetchall()
    return None if len(rows) > most else [Change(*row) for row in rows]


class Forgotten(TachowattError):
    """Changes after a cursor were forgotten: only a snapshot shows what they were."""


def horizon(connection: Connection) -> int:
    """Return the transaction below which none runs: whatever commits from now on is not below."""
    return int(scalar(connection, "select pg_snapshot_xmin(pg_current_snapshot())::text::bigint"))


def forgotten(connection: Connection) -> int:
    """Return the last transaction whose changes are gone."""
    return int(scalar(connection, "select forgotten::text::bigint from customers.change_horizon"))


def page(
    connection: Connection, tenant: str | None, after: tuple[int, int], limit: int
) -> list[Change]:
    """Return the next changes of a tenant after (xid, change_id), in order; None = of all.

    Raises `Forgotten` where some after it are gone, or where it is of another database.
    """
    if scalar(
        connection,
        "select forgotten::text::bigint > %s or %s > "
        "pg_snapshot_xmax(pg_current_snapshot())::text::bigint from customers.change_horizon",
        (after[0], after[0]),
    ):
        raise Forgotten("changes after this cursor were forgotten")
    whose = "" if tenant is None else "tenant = %s and "
    query = (
        f"select {_COLUMNS} from customers.change where {whose}(xid, change_id) > "
        "(%s::text::xid8, %s) and xid < pg_snapshot_xmin(pg_current_snapshot()) "
        "order by xid, change_id limit %s"
    )
    found = connection.execute(
        query.encode(),
        (*(() if tenant is None else (tenant,)), after[0], after[1], limit),
    )
    return [Change(*row) for row in found.fetchall()]


def devices_of(connection: Connection, changed: Sequence[Change]) -> list[int]:
    """Return the devices whose own row, meter, assignments or contracts are among the changes.

    Of a contract: the devices of the vehicles and meters that it covers now, or did before.
    """
    rows = connection.execute(
        "with changed as (select distinct * from unnest(%s::text[], %s::text[], %s::text[]) "
        "as c (tenant, kind, object)), "
        "covered as (select k.tenant, k.vehicle, k.meter from changed c "
        "join customers.contract k on k.tenant = c.tenant and k.contract = c.object "
        "where c.kind = 'contract' union select k.tenant, k.vehicle, k.meter from changed c "
        "join customers.contract_past k on k.tenant = c.tenant and k.contract = c.object "
        "where c.kind = 'contract' "
        "union select c.tenant, null, c.object from changed c where c.kind = 'meter') "
        "select d.device_id from changed c join customers.device d on d.tenant = c.tenant "
        "and d.device = c.object where c.kind in ('device', 'assignment') "
        "union select a.device_id from covered s join customers.assignment a "
        "on a.tenant = s.tenant and a.vehicle = s.vehicle "
        "union select a.device_id from covered s join customers.assignment a "
        "on a.tenant = s.tenant and a.meter = s.meter",
        (
            [change.tenant for change in changed],
            [change.kind for change in changed],
            [change.object for change in changed],
        ),
    )
    return [row[0] for row in rows.fetchall()]
