"""Actions of customers that were answered, by the key that their phone has chosen."""

from typing import Any

from store.postgres import rows
from store.postgres.pool import Connection
from store.postgres.times import from_us


def get(connection: Connection, tenant: str, case_id: str, key: str) -> dict[str, Any] | None:
    """Return fingerprint and result of an action; None where it was not answered yet."""
    return rows.one(
        connection,
        "select fingerprint, status, result from contacts.case_action "
        "where tenant = %s and case_id = %s and action_key = %s",
        (tenant, case_id, key),
    )


def put(
    connection: Connection,
    tenant: str,
    case_id: str,
    key: str,
    fingerprint: bytes,
    status: int,
    result: str,
    now_us: int,
) -> None:
    """Store the answer of an action, in the transaction that did it."""
    connection.execute(
        "insert into contacts.case_action (tenant, case_id, action_key, fingerprint, status, "
        "result, at) values (%s, %s, %s, %s, %s, %s, %s)",
        (tenant, case_id, key, fingerprint, status, result, from_us(now_us)),
    )
