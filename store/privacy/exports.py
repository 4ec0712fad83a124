"""Copies of customers' data that wait to be downloaded, in sealed pieces."""

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
    connection: Connection, tenant: str, customer: str, request_id: str, now: datetime
) -> dict[str, Any] | None:
    """Return a copy that has not expired."""
    return rows.one(
        connection,
        "select request_id, made_at, expires_at, bytes, sha256 from privacy.export "
        "where tenant = %s and customer = %s and request_id = %s and expires_at > %s",
        (tenant, customer, request_id, now),
    )


def of_customer(
    connection: Connection, tenant: str, customer: str, now: datetime
) -> dict[str, dict[str, Any]]:
    """Return the copies of a customer that have not expired, by request."""
    found = rows.all_(
        connection,
        "select request_id, made_at, expires_at, bytes, sha256 from privacy.export "
        "where tenant = %s and customer = %s and expires_at > %s",
        (tenant, customer, now),
    )
    return {row["request_id"]: row for row in found}


def part(connection: Connection, request_id: str, number: int) -> bytes | None:
    """Return a sealed piece; None where there is none."""
    row = connection.execute(
        "select content from privacy.export_part where request_id = %s and part = %s",
        (request_id, number),
    ).fetchone()
    return None if row is None else bytes(row[0])
