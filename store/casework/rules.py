"""Texts of rules that people bring into force (case types, playbooks), and which are in force.

kind : of rule, as in `RULES` (contracts/approvals.py).
"""

from typing import Any

from store.postgres import rows
from store.postgres.pool import Connection
from store.postgres.times import from_us


def put(
    connection: Connection,
    *,
    tenant: str,
    kind: str,
    digest: str,
    id_: str,
    version: int,
    text: str,
    by: str,
    now_us: int,
) -> bool:
    """Record a text; return False where it is recorded already."""
    cursor = connection.execute(
        "insert into contacts.rule (tenant, kind, digest, rule_id, version, text, recorded_at, "
        "recorded_by) values (%s, %s, %s, %s, %s, %s, %s, %s) on conflict do nothing",
        (tenant, kind, digest, id_, version, text, from_us(now_us), by),
    )
    return cursor.rowcount == 1


def text(connection: Connection, tenant: str, digest: str) -> str | None:
    """Return a text by its digest."""
    found = rows.one(
        connection,
        "select text from contacts.rule where tenant = %s and digest = %s",
        (tenant, digest),
    )
    return None if found is None else str(found["text"])


def in_force(connection: Connection, tenant: str, kind: str) -> dict[str, str]:
    """Return the rules that were activated → the digest of the text in force."""
    found = connection.execute(
        "select distinct on (rule_id) rule_id, digest from contacts.rule_activation "
        "where tenant = %s and kind = %s order by rule_id, activation_id desc",
        (tenant, kind),
    )
    return dict(found.fetchall())


def last_activation(connection: Connection, kind: str) -> int:
    """Return the number of the newest activation of any tenant; 0 without one.

    While it stands no tenant's rules have changed.
    """
    row = connection.execute(
        "select coalesce(max(activation_id), 0) from contacts.rule_activation where kind = %s",
        (kind,),
    ).fetchone()
    assert row is not None
    return int(row[0])


def newest(connection: Connection, kind: str) -> list[dict[str, Any]]:
    """Return everything of all tenants that was activated and is in force, with the text."""
    return rows.all_(
        connection,
        "select a.tenant, a.rule_id, a.digest, a.activated_at, r.version, r.text from "
        "(select distinct on (tenant, rule_id) * from contacts.rule_activation where kind = %s "
        "order by tenant, rule_id, activation_id desc) as a "
        "join contacts.rule r using (tenant, digest) order by a.tenant, a.rule_id",
        (kind,),
    )


def list_(connection: Connection, tenant: str, kind: str) -> list[dict[str, Any]]:
    """Return the recorded texts of a tenant, by rule and version, without the text."""
    return rows.all_(
        connection,
        "select rule_id, version, digest, recorded_at, recorded_by from contacts.rule "
        "where tenant = %s and kind = %s order by rule_id, version, recorded_at",
        (tenant, kind),
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
        "insert into contacts.rule_activation (tenant, kind, rule_id, digest, request_id, "
        "activated_at, activated_by, approved_by) "
        "select tenant, kind, rule_id, digest, %s, %s, %s, %s "
        "from contacts.rule where tenant = %s and digest = %s",
        (request_id, from_us(now_us), activated_by, approved_by, tenant, digest),
    )


def state(connection: Connection, tenant: str, kind: str, digest: str) -> list[str] | None:
    """Return what must not change between a request to activate a text and its execution.

    The text is named by its digest; the one in force is what the approver has compared it with.
    """
    row = connection.execute(
        "select rule_id from contacts.rule where tenant = %s and kind = %s and digest = %s",
        (tenant, kind, digest),
    ).fetchone()
    if row is None:
        return None
    return [row[0], in_force(connection, tenant, kind).get(row[0], "shipped")]


def activations(
    connection: Connection, tenant: str, kind: str, id_: str | None = None
) -> list[dict[str, Any]]:
    """Return what was in force, newest first. id_ : None = of all rules of the kind."""
    return rows.all_(
        connection,
        "select a.*, r.version from contacts.rule_activation a "
        "join contacts.rule r using (tenant, digest) "
        "where a.tenant = %s and a.kind = %s and (%s::text is null or a.rule_id = %s) "
        "order by activation_id desc",
        (tenant, kind, id_, id_),
    )
