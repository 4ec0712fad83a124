"""Texts of case types, and which of them are in force."""

from typing import Any

from store.postgres import rows
from store.postgres.pool import Connection
from store.postgres.times import from_us


def put(
    connection: Connection,
    *,
    tenant: str,
    digest: str,
    case_type: str,
    version: int,
    text: str,
    by: str,
    now_us: int,
) -> bool:
    """Record a text; return False where it is recorded already."""
    cursor = connection.execute(
        "insert into contacts.case_type (tenant, digest, case_type, version, text, recorded_at, "
        "recorded_by) values (%s, %s, %s, %s, %s, %s, %s) on conflict do nothing",
        (tenant, digest, case_type, version, text, from_us(now_us), by),
    )
    return cursor.rowcount == 1


def text(connection: Connection, tenant: str, digest: str) -> str | None:
    """Return a text by its digest."""
    found = rows.one(
        connection,
        "select text from contacts.case_type where tenant = %s and digest = %s",
        (tenant, digest),
    )
    return None if found is None else str(found["text"])


def in_force(connection: Connection, tenant: str) -> dict[str, str]:
    """Return the types that were activated → the digest of the text in force."""
    found = connection.execute(
        "select distinct on (case_type) case_type, digest from contacts.case_type_activation "
        "where tenant = %s order by case_type, activation_id desc",
        (tenant,),
    )
    return dict(found.fetchall())


def list_(connection: Connection, tenant: str) -> list[dict[str, Any]]:
    """Return the recorded texts of a tenant, by type and version, without the text."""
    return rows.all_(
        connection,
        "select case_type, version, digest, recorded_at, recorded_by from contacts.case_type "
        "where tenant = %s order by case_type, version, recorded_at",
        (tenant,),
    )
