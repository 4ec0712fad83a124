"""Copies of customers' data that wait to be downloaded, in sealed pieces."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from store.postgres import rows
from store.postgres.pool import Connection


def begin(
    connection: Connection,
    request_id: str,
    tenant: str,
    customer: str,
    made_at: datetime,
    expires_at: datetime,
) -> None:
    """Store an empty copy in the place of an earlier one."""
    connection.execute("delete from privacy.export where request_id = %s", (request_id,))
    connection.execute(
        "insert into privacy.export (request_id, tenant, customer, made_at, expires_at, bytes, "
        "sha256) values (%s, %s, %s, %s, %s, 0, '')",
        (request_id, tenant, customer, made_at, expires_at),
    )


def add(connection: Connection, request_id: str, part: int, content: bytes) -> None:
    """Store a piece."""
    connection.execute(
        "insert into privacy.export_part (request_id, part, content) values (%s, %s, %s)",
        (request_id, part, content),
    )


def finish(connection: Connection, request_id: str, size: int, sha256: str) -> None:
    """Store size (bytes) and digest (hex)."""
    connection.execute(
        "update privacy.export set bytes = %s, sha256 = %s where request_id = %s",
        (size, sha256, request_id),
    )


def get(
    connection: Connection, tenant: str, ids: Sequence[str], request_id: str, now: datetime
) -> dict[str, Any] | None:
    """Return a copy of a customer by their ids, if it has not expired."""
    return of_customer(connection, tenant, ids, now).get(request_id)


def of_customer(
    connection: Connection, tenant: str, ids: Sequence[str], now: datetime
) -> dict[str, dict[str, Any]]:
    """Return the copies of a customer by their ids that have not expired, by request.

    Not those made while the id was merged with another one from which it was split since: they
    have the data of both.
    """
    found = rows.all_(
        connection,
        "select request_id, customer, made_at, expires_at, bytes, sha256 from privacy.export e "
        "where tenant = %s and customer = any(%s) and expires_at > %s and not exists ("
        "select from customers.merge m where m.tenant = e.tenant "
        "and e.customer in (m.merged, m.survivor) and e.made_at >= m.merged_at "
        "and e.made_at < m.split_at)",
        (tenant, list(ids), now),
    )
    return {row["request_id"]: row for row in found}


def part(connection: Connection, request_id: str, number: int) -> bytes | None:
    """Return a sealed piece; None where there is none."""
    row = connection.execute(
        "select content from privacy.export_part where request_id = %s and part = %s",
        (request_id, number),
    ).fetchone()
    return None if row is None else bytes(row[0])
