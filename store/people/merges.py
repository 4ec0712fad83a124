"""Merges of customers: which ids are one and the same, now and before (migration 0046)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from store.people.registry import refusing
from store.postgres import rows
from store.postgres.pool import Connection, scalar


@dataclass(frozen=True, slots=True)
class Merge:
    """A merge. split_at : None = it is in force."""

    merge_id: str
    tenant: str
    merged: str
    survivor: str
    reason: str
    merged_at: datetime
    merged_by: str
    split_at: datetime | None
    split_by: str | None
    split_reason: str | None


_NAMES = tuple(Merge.__dataclass_fields__)
_COLUMNS = ", ".join(_NAMES)


def survivor_of(connection: Connection, tenant: str, customer: str) -> str | None:
    """Return the id that a merged one stands for; None where it is not merged."""
    found: str | None = scalar(
        connection,
        "select survivor from customers.merge where tenant = %s and merged = %s "
        "and split_at is null",
        (tenant, customer),
    )
    return found


def survivors(connection: Connection, tenant: str, ids: Sequence[str]) -> dict[str, str]:
    """Return merged id → its survivor, of those among `ids` that are merged."""
    found = connection.execute(
        "select merged, survivor from customers.merge where tenant = %s and merged = any(%s) "
        "and split_at is null",
        (tenant, list(ids)),
    )
    return {merged: survivor for merged, survivor in found}


def touched(
    connection: Connection, customers: Collection[tuple[str, str]]
) -> list[tuple[str, str]]:
    """Return these (tenant, customer), and all ids that are or were merged with one of them."""
    if not customers:
        return []
    found = connection.execute(
        "with given as (select * from unnest(%s::text[], %s::text[]) as g (tenant, id)), near as ("
        "select tenant, id from given union select m.tenant, m.survivor from customers.merge m "
        "join given g on g.tenant = m.tenant and g.id = m.merged) "
        "select tenant, id from near union select m.tenant, m.merged from customers.merge m "
        "join near n on n.tenant = m.tenant and n.id = m.survivor order by 1, 2",
        rows.pair_columns(sorted(customers)),
    )
    return [(tenant, customer) for tenant, customer in found]


def lock(connection: Connection, tenant: str) -> None:
    """Let no other transaction merge or split this tenant's customers, until this one ends."""
    connection.execute(
        "select pg_advisory_xact_lock(hashtextextended('tachowatt.merge:' || %s, 0))", (tenant,)
    )


def put(connection: Connection, merge: Merge) -> None:
    """Record a merge. Raises `registry.Refused` where there is no such customer."""
    with refusing():
        connection.execute(
            f"insert into customers.merge ({_COLUMNS}) "
            f"values ({', '.join(['%s'] * len(_NAMES))})".encode(),
            [getattr(merge, name) for name in _NAMES],
        )


def end(connection: Connection, merge_id: str, at: datetime, by: str, reason: str) -> None:
    """Record that a merge ends."""
    connection.execute(
        "update customers.merge set split_at = %s, split_by = %s, split_reason = %s "
        "where merge_id = %s and split_at is null",
        (at, by, reason, merge_id),
    )


def in_force(connection: Connection, tenant: str, merged: str) -> Merge | None:
    """Return the merge of an id into another one; None where it is not merged."""
    row = rows.one(
        connection,
        f"select {_COLUMNS} from customers.merge where tenant = %s and merged = %s "
        "and split_at is null",
        (tenant, merged),
    )
    return None if row is None else Merge(**row)


def of_ids(connection: Connection, tenant: str, merged: Sequence[str]) -> dict[str, Merge]:
    """Return merged id → its newest merge, in force or not."""
    found = rows.all_(
        connection,
        f"select distinct on (merged) {_COLUMNS} from customers.merge "
        "where tenant = %s and merged = any(%s) order by merged, merged_at desc",
        (tenant, list(merged)),
    )
    return {row["merged"]: Merge(**row) for row in found}


def history(connection: Connection, tenant: str, customer: str) -> list[Merge]:
    """Return all merges that a customer's id is in, newest first."""
    found = rows.all_(
        connection,
        f"select {_COLUMNS} from customers.merge where tenant = %s "
        "and (merged = %s or survivor = %s) order by merged_at desc, merge_id",
        (tenant, customer, customer),
    )
    return [Merge(**row) for row in found]


def customers(connection: Connection, tenant: str, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return id → kind and whether others are merged into it."""
    found = rows.all_(
        connection,
        "select c.customer, c.kind, exists (select from customers.merge m "
        "where m.tenant = c.tenant and m.survivor = c.customer and m.split_at is null) "
        "as has_others "
        "from customers.customer c where c.tenant = %s and c.customer = any(%s)",
        (tenant, list(ids)),
    )
    return {row["customer"]: row for row in found}


def common_points(
    connection: Connection, tenant: str, one: str, other: str
) -> list[tuple[str, bool]]:
    """Return (kind, is shared by others) of the contact points that two customers both have."""
    found = connection.execute(
        "select distinct a.kind, exists (select from customers.shared_identifier s "
        "where s.tenant = a.tenant and s.digest = a.lookup) "
        "from customers.contact_point a join customers.contact_point b "
        "on b.tenant = a.tenant and b.lookup = a.lookup "
        "where a.tenant = %s and a.customer = %s and b.customer = %s",
        (tenant, one, other),
    )
    return [(kind, shared) for kind, shared in found]
