"""The log of reads: who read which of a customer's personal data, when and why."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

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


def log_reads(
    connection: Connection,
    reader: Reader,
    customers: Collection[str],
    what: str,
    why: str,
    now_us: int,
) -> None:
    """Log a read of personal data, one row per customer, in the transaction that reads.

    why : a purpose, or the reason that the reader gave.
    """
    if customers:
        connection.execute(
            "insert into access.read_log (at, tenant, customer, key_id, role, reader, what, why, "
            "request_id) select %s, %s, unnest(%s::text[]), %s, %s, %s, %s, %s, %s",
            (
                from_us(now_us),
                reader.tenant,
                sorted(set(customers)),
                reader.key_id,
                reader.role,
                reader.name,
                what,
                why,
                reader.request_id,
            ),
        )


def of_customer(
    connection: Connection, tenant: str, customer: str, *, after: int | None = None, limit: int = 50
) -> list[dict[str, Any]]:
    """Return the reads of a customer's data, newest first; after : read_id of the last row seen."""
    names = ("read_id", "at", "role", "reader", "what", "why", "request_id")
    rows = connection.execute(
        f"select {', '.join(names)} from access.read_log where tenant = %s and customer = %s "
        "and (%s::bigint is null or read_id < %s) order by read_id desc limit %s",
        (tenant, customer, after, after, limit),
    )
    return [dict(zip(names, row, strict=True)) for row in rows.fetchall()]
