"""The log of reads: who read which of a customer's personal data, when and why."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from store.postgres.merged import same_as
from store.postgres.pool import Connection
from store.postgres.times import from_us


@dataclass(frozen=True, slots=True)
class Reader:
    """The key that reads, and its request."""

    tenant: str
    key_id: str
    role: str
    name: str
    request_id: str


class ObjectRead(NamedTuple):
    """An object with personal data that is read.

    kind : case, contact, alert, signal, vehicle, meter, contract or customer; id : of that object.
    seen : what distinguishes two states of it; it is not stored.
    """

    customer: str
    kind: str
    id: str
    seen: str = ""


def of_customers(customers: Iterable[str | None]) -> list[ObjectRead]:
    """Return the read of what is said about these customers themselves; None is nobody."""
    return [ObjectRead(customer, "customer", customer) for customer in customers if customer]


def of_rows(rows: Iterable[Mapping[str, Any]], kind: str, column: str) -> list[ObjectRead]:
    """Return the read of rows; column : of their id. Rows without a customer concern nobody."""
    return [
        ObjectRead(
            row["customer"],
            kind,
            row[column],
            " ".join(str(row.get(name, "")) for name in ("version", "state", "withdrawn")),
        )
        for row in rows
        if row["customer"]
    ]


def of_subject(customer: str, subject: str) -> list[ObjectRead]:
    """Return the read of a subject, such as vehicle:<id>."""
    kind, _, id_ = subject.partition(":")
    return [ObjectRead(customer, kind, id_)]


_ALL = "o.kind = 'customer' and o.id = o.customer"


def log_reads(
    connection: Connection,
    reader: Reader,
    objects: Collection[ObjectRead],
    what: str,
    why: str,
    now_us: int,
) -> None:
    """Log a read of personal data, one row per object, in the transaction that reads.

    why : a purpose, or the reason that the reader gave. Who reads a customer reads all ids that
    are merged: each has its own row, which stays theirs after a split.
    """
    stored = sorted({one[:3] for one in objects})
    if stored:
        connection.execute(
            "insert into access.read_log (at, tenant, customer, object_kind, object_id, key_id, "
            "role, reader, what, why, request_id, leads) select %s, %s, r.customer, r.kind, r.id, "
            "%s, %s, %s, %s, %s, %s, "
            "row_number() over (partition by r.customer order by r.position) = 1 "
            "from (select s.customer, o.kind, "
            f"case when {_ALL} then s.customer else o.id end as id, min(o.position) as position "
            "from unnest(%s::text[], %s::text[], %s::text[]) "
            "with ordinality as o (customer, kind, id, position) cross join lateral unnest("
            f"case when {_ALL} then customers.same_as(%s, o.customer) else array[o.customer] end) "
            "as s (customer) group by 1, 2, 3) as r order by r.position, r.customer",
            (
                from_us(now_us),
                reader.tenant,
                reader.key_id,
                reader.role,
                reader.name,
                what,
                why,
                reader.request_id,
                [customer for customer, _, _ in stored],
                [kind for _, kind, _ in stored],
                [id_ for _, _, id_ in stored],
                reader.tenant,
            ),
        )


def of_customer(
    connection: Connection, tenant: str, customer: str, *, after: int | None = None, limit: int = 50
) -> list[dict[str, Any]]:
    """Return the reads of a customer's data, newest first; after : read_id of the last row seen."""
    names = (
        "read_id", "at", "role", "reader", "what", "object_kind", "object_id", "why", "request_id",
    )  # fmt: skip
    rows = connection.execute(
        f"select {', '.join(names)} from access.read_log where tenant = %s and customer = any(%s) "
        "and (%s::bigint is null or read_id < %s) order by read_id desc limit %s",
        (tenant, same_as(connection, tenant, customer), after, after, limit),
    )
    return [dict(zip(names, row, strict=True)) for row in rows.fetchall()]


def days_of_customer(
    connection: Connection,
    tenant: str,
    customer: str,
    zone: str,
    *,
    after: tuple[date, str, str] | None = None,
    limit: int = 50,
    own: bool = True,
) -> list[dict[str, Any]]:
    """Return who read a customer's data on each local day: one row a day and reader, newest first.

    Rows: day, role, reader, whats (what was read, sorted), times (how often), last_at. zone : IANA;
    after : day, role and reader of the last row seen; own : also the customer's own reads.
    """
    names = ("day", "role", "reader", "whats", "times", "last_at")
    rows = connection.execute(
        "select * from (select (at at time zone %s)::date as day, role, reader, "
        "array_agg(distinct what order by what) as whats, count(distinct request_id) as times, "
        "max(at) as last_at from access.read_log where tenant = %s and customer = any(%s) "
        "and (%s or role <> 'customer') group by 1, 2, 3) as d "
        "where %s::date is null or d.day < %s or (d.day = %s and (d.role, d.reader) > (%s, %s)) "
        "order by d.day desc, d.role, d.reader limit %s",
        (
            zone, tenant, same_as(connection, tenant, customer), own,
            *((after or (None,))[:1] * 3),
            *((after[1], after[2]) if after else (None, None)), limit,
        ),
    )  # fmt: skip
    return [dict(zip(names, row, strict=True)) for row in rows.fetchall()]
