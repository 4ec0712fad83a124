"""Claims as they were handed to the insurer, signed."""

from typing import Any

from psycopg.types.json import Jsonb

from store.postgres import rows
from store.postgres.pool import Connection
from store.postgres.times import from_us


def put(
    connection: Connection,
    tenant: str,
    case_id: str,
    jws: str,
    digest: bytes,
    public_key: dict[str, Any],
    now_us: int,
) -> bool:
    """Store a signed claim; return False where the case has one."""
    cursor = connection.execute(
        "insert into contacts.claim_file (case_id, tenant, jws, digest, public_key, signed_at) "
        "values (%s, %s, %s, %s, %s, %s) on conflict do nothing",
        (case_id, tenant, jws, digest, Jsonb(public_key), from_us(now_us)),
    )
    return cursor.rowcount == 1


def get(connection: Connection, tenant: str, case_id: str) -> dict[str, Any] | None:
    """Return the signed claim of a case."""
    return rows.one(
        connection,
        "select jws, digest, public_key, signed_at from contacts.claim_file "
        "where tenant = %s and case_id = %s",
        (tenant, case_id),
    )
