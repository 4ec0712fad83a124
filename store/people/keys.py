"""API keys.

A key is `tw_<key id>_<secret>`. Only the SHA-256 of the secret is stored; 32 random bytes need no
slow hash.

A key is found before a tenant is known: the API's database role reaches it through functions of
migrations 0006 and 0025 only, one key at a time, and never sees a hash.
"""

import hashlib
import re
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from store.postgres.pool import Connection, scalar
from store.postgres.times import from_us

_KEY = re.compile(r"tw_([0-9a-f]{16})_([A-Za-z0-9_-]{43})")

_USED_EVERY_US = 60_000_000
"""last_used_at is written at most this often, so that a request does not cost a write."""


@dataclass(frozen=True, slots=True)
class KeyRow:
    """A key, without its secret."""

    key_id: str
    tenant: str
    role: str
    customer: str | None
    name: str
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None


COLUMNS = (
    "k.key_id, k.tenant, k.role, k.customer, k.name, k.scopes, k.created_at, k.expires_at, "
    "k.revoked_at, k.last_used_at"
)


def key_row(values: Sequence[Any]) -> KeyRow:
    key_id, tenant, role, customer, name, scopes, *times = values[:10]
    return KeyRow(key_id, tenant, role, customer, name, tuple(scopes), *times)


def digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def create_key(
    connection: Connection,
    *,
    tenant: str,
    role: str,
    name: str,
    scopes: Collection[str],
    now_us: int,
    customer: str | None = None,
    expires_at: datetime | None = None,
) -> tuple[str, str]:
    """Create a key; return its id and its text, which cannot be read again."""
    key_id, secret = secrets.token_hex(8), secrets.token_urlsafe(32)
    connection.execute(
        "insert into access.api_key (key_id, tenant, role, customer, name, hash, scopes, "
        "created_at, expires_at) values (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
        (
            key_id,
            tenant,
            role,
            customer,
            name,
            digest(secret),
            sorted(scopes),
            from_us(now_us),
            expires_at,
        ),
    )
    return key_id, f"tw_{key_id}_{secret}"


def list_keys(connection: Connection, tenant: str | None = None) -> list[KeyRow]:
    """Return all keys, or those of a tenant, oldest first."""
    rows = connection.execute(
        f"select {COLUMNS} from access.api_key k where %s::text is null or tenant = %s "
        "order by created_at, key_id",
        (tenant, tenant),
    )
    return [key_row(row) for row in rows.fetchall()]


def revoke_key(connection: Connection, key_id: str, now_us: int) -> bool:
    """Revoke a key and end its sessions; return False where no unrevoked key has this id."""
    done = connection.execute(
        "update access.api_key set revoked_at = %s where key_id = %s and revoked_at is null",
        (from_us(now_us), key_id),
    ).rowcount
    connection.execute("delete from access.session where key_id = %s", (key_id,))
    return bool(done)


def well_formed(text: str) -> bool:
    """Return whether a text can be a key at all, without asking the store."""
    return _KEY.fullmatch(text) is not None


def parts(text: str) -> tuple[str, bytes] | None:
    """Return a key's id and the hash of its secret; None where the text cannot be a key."""
    match = _KEY.fullmatch(text)
    return None if match is None else (match[1], digest(match[2]))


def find_key(connection: Connection, text: str, now_us: int) -> KeyRow | None:
    """Return the key with this text, valid or not (see `valid`); None where the secret is wrong."""
    named = parts(text)
    if named is None:
        return None
    row = connection.execute(f"select {COLUMNS} from access.check_key(%s, %s) k", named).fetchone()
    if row is None:
        return None
    found = key_row(row)
    if valid(found, now_us):
        mark_used(connection, found, now_us)
    return found


def valid(key: KeyRow, now_us: int) -> bool:
    """Return True where the key is neither revoked nor expired."""
    now = from_us(now_us)
    return key.revoked_at is None and (key.expires_at is None or key.expires_at > now)


def still_valid(connection: Connection, key_id: str, now_us: int) -> bool:
    """Return whether an accepted key is still valid; for responses that last long (streams)."""
    return bool(
        scalar(
            connection,
            "select exists (select 1 from access.key_of(%s) "
            "where revoked_at is null and (expires_at is null or expires_at > %s))",
            (key_id, from_us(now_us)),
        )
    )


def mark_used(connection: Connection, key: KeyRow, now_us: int) -> None:
    before = from_us(now_us - _USED_EVERY_US)
    if key.last_used_at is None or key.last_used_at <= before:
        connection.execute(
            "select access.key_used(%s, %s, %s)", (key.key_id, from_us(now_us), before)
        )
