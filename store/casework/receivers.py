"""Receivers of webhooks, and the secrets that sign their webhooks."""

import base64
import secrets as random_secrets
from datetime import datetime
from typing import Any

from runtime.errors import NotAllowed, NotFound
from runtime.secret_box import SecretBox
from store.postgres import notify, rows
from store.postgres.pool import Connection
from store.postgres.times import from_us
from store.secrets.columns import RECEIVER_SECRET

_SECRET_BYTES = 32


def ids(connection: Connection, tenant: str) -> list[int]:
    """Return the ids of a tenant's receivers."""
    found = connection.execute(
        "select receiver_id from contacts.receiver where tenant = %s order by 1", (tenant,)
    )
    return [row[0] for row in found.fetchall()]


def list_(connection: Connection, tenant: str | None = None) -> list[dict[str, Any]]:
    """Return the receivers of a tenant (None = of all) by name.

    `secrets` is the number of stored secrets; an expired one counts until it is deleted.
    """
    where = rows.Conditions("true").add("tenant = %s", tenant)
    return rows.all_(
        connection,
        "select r.*, (select count(*) from contacts.receiver_secret s "
        "where s.receiver_id = r.receiver_id) as secrets "
        f"from contacts.receiver r where {where.sql} order by tenant, name",
        where.values,
    )


def with_messages(connection: Connection, tenant: str, since: datetime) -> list[dict[str, Any]]:
    """Return the receivers of a tenant with the number of messages delivered since a time.

    Without their secrets: for those who supervise who gets what.
    """
    return rows.all_(
        connection,
        "select r.receiver_id, r.name, r.audience, r.state, "
        "(select count(*) from contacts.contact c "
        "where c.receiver_id = r.receiver_id and c.state = 'delivered' and c.finished_at >= %s) "
        "as messages from contacts.receiver r where r.tenant = %s order by r.name",
        (since, tenant),
    )


def get(connection: Connection, tenant: str, name: str) -> dict[str, Any]:
    """Return one receiver. Raises `NotFound`."""
    found = rows.one(
        connection,
        "select * from contacts.receiver where tenant = %s and name = %s",
        (tenant, name),
    )
    if found is None:
        raise NotFound(f"there is no receiver {name!r} of tenant {tenant!r}")
    return found


def add(
    connection: Connection,
    box: SecretBox,
    tenant: str,
    name: str,
    audience: str,
    url: str,
    now_us: int,
) -> str:
    """Add a receiver; return its secret (`whsec_…`). Raises `NotAllowed` where the name is taken.

    audience : insurer or utility. The tenant must exist. box : seals the secret.
    """
    found = connection.execute(
        "insert into contacts.receiver (tenant, name, audience, url, created_at) "
        "values (%s, %s, %s, %s, %s) on conflict (tenant, name) do nothing returning receiver_id",
        (tenant, name, audience, url, from_us(now_us)),
    ).fetchone()
    if found is None:
        raise NotAllowed(f"tenant {tenant!r} has a receiver {name!r} already")
    return _new_secret(connection, box, found[0], now_us)


def rotate(
    connection: Connection,
    box: SecretBox,
    tenant: str,
    name: str,
    now_us: int,
    *,
    overlap_s: float = 86_400.0,
) -> str:
    """Add and return a new secret; the older ones stay valid for `overlap_s` seconds."""
    receiver_id = get(connection, tenant, name)["receiver_id"]
    until = from_us(now_us + round(overlap_s * 1e6))
    connection.execute(
        "delete from contacts.receiver_secret where receiver_id = %s and expires_at <= %s",
        (receiver_id, from_us(now_us)),
    )
    connection.execute(
        "update contacts.receiver_secret set expires_at = least(expires_at, %s) "
        "where receiver_id = %s",
        (until, receiver_id),
    )
    return _new_secret(connection, box, receiver_id, now_us)


def remove(connection: Connection, tenant: str, name: str, now_us: int) -> int:
    """Remove a receiver and cancel its pending contacts; return their number.

    Raises `NotFound`.
    """
    receiver_id = get(connection, tenant, name)["receiver_id"]
    connection.execute(
        "select 1 from contacts.receiver where receiver_id = %s for update", (receiver_id,)
    )
    cancelled = _end_pending(connection, receiver_id, "cancelled", "receiver_removed", now_us)
    connection.execute("delete from contacts.receiver where receiver_id = %s", (receiver_id,))
    return cancelled


def enable(connection: Connection, tenant: str, name: str) -> None:
    """Enable a disabled receiver. Raises `NotFound`."""
    receiver_id = get(connection, tenant, name)["receiver_id"]
    connection.execute(
        "update contacts.receiver set state = 'active', reason = '' where receiver_id = %s",
        (receiver_id,),
    )


def disable(connection: Connection, receiver_id: int, reason: str, now_us: int) -> int:
    """Disable a receiver and set its pending contacts to failed; return their number."""
    connection.execute(
        "update contacts.receiver set state = 'disabled', reason = %s where receiver_id = %s",
        (reason, receiver_id),
    )
    return _end_pending(connection, receiver_id, "failed", "receiver_disabled", now_us)


def secrets(connection: Connection, box: SecretBox, receiver_id: int, now_us: int) -> list[str]:
    """Return the valid secrets, newest first. Raises `SecretError` where one does not open."""
    bound_to = RECEIVER_SECRET.bound_to(receiver_id)
    found = connection.execute(
        "select secret from contacts.receiver_secret where receiver_id = %s "
        "and (expires_at is null or expires_at > %s) order by secret_id desc",
        (receiver_id, from_us(now_us)),
    )
    return [box.open(sealed, bound_to) for (sealed,) in found.fetchall()]


def active(
    connection: Connection, tenants: list[str], *, locked: bool = True
) -> dict[tuple[str, str], list[int]]:
    """Return (tenant, audience) → ids of active receivers.

    locked : none can be removed until the caller commits, for who writes contacts to them; it
    takes a right to write that logins of pages do not have.
    """
    query = (
        "select tenant, audience, receiver_id from contacts.receiver "
        "where tenant = any(%s) and state = 'active' order by receiver_id"
    )
    found: dict[tuple[str, str], list[int]] = {}
    for tenant, audience, receiver_id in connection.execute(
        query + " for key share" if locked else query, (tenants,)
    ).fetchall():
        found.setdefault((tenant, audience), []).append(receiver_id)
    return found


def _new_secret(connection: Connection, box: SecretBox, receiver_id: int, now_us: int) -> str:
    secret = "whsec_" + base64.b64encode(random_secrets.token_bytes(_SECRET_BYTES)).decode()
    connection.execute(
        "insert into contacts.receiver_secret (receiver_id, secret, created_at) "
        "values (%s, %s, %s)",
        (
            receiver_id,
            box.seal(secret, RECEIVER_SECRET.bound_to(receiver_id)),
            from_us(now_us),
        ),
    )
    return secret


def _end_pending(
    connection: Connection, receiver_id: int, state: str, reason: str, now_us: int
) -> int:
    at: datetime = from_us(now_us)
    ended = connection.execute(
        "update contacts.contact set state = %s, reason = %s, finished_at = %s, "
        "next_attempt_at = null, claimed_by = null "
        "where channel = 'webhook' and receiver_id = %s and state = 'pending' "
        "returning tenant, contact_id",
        (state, reason, at, receiver_id),
    ).fetchall()
    for tenant in {tenant for tenant, _ in ended}:
        notify.changed(connection, tenant, "contact")
    return len(ended)
