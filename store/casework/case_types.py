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


def activate(
    connection: Connection,
    *,
    tenant: str,
    digest: str,
    request_id: str,
    activated_by: str,
    approved_by: str,
    now_us: int,
) -> None:
    """Bring a recorded text into force. request_id : that was approved and is executed."""
    connection.execute(
        "insert into contacts.case_type_activation (tenant, case_type, digest, request_id, "
        "activated_at, activated_by, approved_by) select tenant, case_type, digest, %s, %s, %s, %s "
        "from contacts.case_type where tenant = %s and digest = %s",
        (request_id, from_us(now_us), activated_by, approved_by, tenant, digest),
    )


def state(connection: Connection, tenant: str, digest: str) -> list[str] | None:
    """Return what must not change between a request to activate a text and its execution.

    The text is named by its digest; the one in force is what the approver has compared it with.
    """
    row = connection.execute(
        "select case_type from contacts.case_type where tenant = %s and digest = %s",
        (tenant, digest),
    ).fetchone()
    if row is None:
        return None
    return [row[0], in_force(connection, tenant).get(row[0], "shipped")]


def activations(connection: Connection, tenant: str, case_type: str) -> list[dict[str, Any]]:
    """Return what was in force, newest first."""
    return rows.all_(
        connection,
        "select * from contacts.case_type_activation where tenant = %s and case_type = %s "
        "order by activation_id desc",
        (tenant, case_type),
    )
