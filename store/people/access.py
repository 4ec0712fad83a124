"""Who may use the API: keys, sessions of the pages, stored answers, and the log of reads.

A key is `tw_<key id>_<secret>`. Of the secret (32 random bytes) only the SHA-256 is stored: what
is that random needs no slow hash. Sessions are kept the same way.

Both are found before a tenant is known: the API's database role reaches them through functions of
migration 0006 only, one key or one session at a time.
"""

import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from store.postgres.pool import Connection, scalar
from store.postgres.times import from_us

_KEY = re.compile(r"tw_([0-9a-f]{16})_([A-Za-z0-9_-]{43})")
_USED_EVERY_US = 60_000_000
"""last_used_at is written at most this often: a key in use must not cost a write a request."""

IDEMPOTENCY_S = 24 * 3600
"""How long an answer is kept for its Idempotency-Key."""


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


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A session of the pages, with the key that opened it."""

    key: KeyRow
    csrf: str


_COLUMNS = (
    "k.key_id, k.tenant, k.role, k.customer, k.name, k.scopes, k.created_at, k.expires_at, "
    "k.revoked_at, k.last_used_at"
)


def _key_row(values: Sequence[Any]) -> KeyRow:
    key_id, tenant, role, customer, name, scopes, *times = values[:10]
    return KeyRow(key_id, tenant, role, customer, name, tuple(scopes), *times)


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


# ── keys ────────────────────────────────────────────────────────────────────────────────────────


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
    """Make a key; returns its id and its text, which nobody can read again."""
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
            _digest(secret),
            sorted(scopes),
            from_us(now_us),
            expires_at,
        ),
    )
    return key_id, f"tw_{key_id}_{secret}"


def keys(connection: Connection, tenant: str | None = None) -> list[KeyRow]:
    """All keys, or a tenant's, oldest first."""
    rows = connection.execute(
        f"select {_COLUMNS} from access.api_key k where %s::text is null or tenant = %s "
        "order by created_at, key_id",
        (tenant, tenant),
    )
    return [_key_row(row) for row in rows.fetchall()]


def revoke_key(connection: Connection, key_id: str, now_us: int) -> bool:
    """End a key and its sessions at once; False where there is none that still holds."""
    done = connection.execute(
        "update access.api_key set revoked_at = %s where key_id = %s and revoked_at is null",
        (from_us(now_us), key_id),
    ).rowcount
    connection.execute("delete from access.session where key_id = %s", (key_id,))
    return bool(done)


def find_key(connection: Connection, text: str, now_us: int) -> KeyRow | None:
    """The key whose text this is, valid or not (`valid` tells); None where the secret is wrong."""
    match = _KEY.fullmatch(text)
    if match is None:
        return None
    row = connection.execute(
        f"select {_COLUMNS}, k.hash from access.key_of(%s) k", (match[1],)
    ).fetchone()
    stored = bytes(32) if row is None else bytes(row[10])
    if not hmac.compare_digest(stored, _digest(match[2])) or row is None:
        return None
    found = _key_row(row)
    if valid(found, now_us):
        _used(connection, found, now_us)
    return found


def valid(key: KeyRow, now_us: int) -> bool:
    """True where the key is neither revoked nor expired."""
    now = from_us(now_us)
    return key.revoked_at is None and (key.expires_at is None or key.expires_at > now)


def still_valid(connection: Connection, key_id: str, now_us: int) -> bool:
    """Whether a key that was let in before still holds; for answers that go on for long."""
    return bool(
        scalar(
            connection,
            "select exists (select 1 from access.key_of(%s) "
            "where revoked_at is null and (expires_at is null or expires_at > %s))",
            (key_id, from_us(now_us)),
        )
    )


def _used(connection: Connection, key: KeyRow, now_us: int) -> None:
    before = from_us(now_us - _USED_EVERY_US)
    if key.last_used_at is None or key.last_used_at <= before:
        connection.execute(
            "select access.key_used(%s, %s, %s)", (key.key_id, from_us(now_us), before)
        )


# ── sessions ────────────────────────────────────────────────────────────────────────────────────


def open_session(connection: Connection, key_id: str, now_us: int, ttl_s: float) -> tuple[str, str]:
    """Begin a session of a key: its token (for the cookie) and its CSRF token (for the forms)."""
    token, csrf = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    connection.execute(
        "select access.open_session(%s, %s, %s, %s, %s)",
        (_digest(token), key_id, csrf, from_us(now_us), from_us(now_us + round(ttl_s * 1e6))),
    )
    return token, csrf


def session(connection: Connection, token: str, now_us: int) -> SessionRow | None:
    """The session of a token; None where it is unknown or over, or its key no longer holds."""
    row = connection.execute(
        f"select {_COLUMNS}, s.csrf from access.session_of(%s, %s) s "
        "cross join lateral access.key_of(s.key_id) k",
        (_digest(token), from_us(now_us)),
    ).fetchone()
    if row is None:
        return None
    found = _key_row(row)
    if not valid(found, now_us):
        return None
    _used(connection, found, now_us)
    return SessionRow(found, row[10])


def close_session(connection: Connection, token: str) -> None:
    """End a session."""
    connection.execute("select access.close_session(%s)", (_digest(token),))


# ── stored answers ──────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Stored:
    """The answer that was given to an Idempotency-Key."""

    fingerprint: bytes
    status: int
    headers: Mapping[str, str]
    body: bytes


def claim(connection: Connection, key_id: str, key: str) -> bool:
    """Take an Idempotency-Key for the caller's transaction; False while another one has it.

    The lock ends with the transaction, so that a process which dies leaves nothing behind.
    """
    return bool(
        scalar(
            connection,
            "select pg_try_advisory_xact_lock(hashtextextended(%s, 7261004))",
            (f"{key_id} {key}",),
        )
    )


def stored(connection: Connection, key_id: str, key: str, now_us: int) -> Stored | None:
    """The answer kept for a key, if it is not older than IDEMPOTENCY_S."""
    row = connection.execute(
        "select fingerprint, status, headers, body from access.idempotency "
        "where key_id = %s and key = %s and created_at > %s",
        (key_id, key, from_us(now_us - IDEMPOTENCY_S * 1_000_000)),
    ).fetchone()
    return None if row is None else Stored(bytes(row[0]), row[1], row[2], bytes(row[3]))


def keep(
    connection: Connection, tenant: str, key_id: str, key: str, answer: Stored, now_us: int
) -> None:
    """Keep an answer to a key of a tenant, in the transaction that did what it tells of."""
    connection.execute(
        "insert into access.idempotency (tenant, key_id, key, fingerprint, status, headers, body, "
        "created_at) values (%s, %s, %s, %s, %s, %s, %s, %s) "
        "on conflict (key_id, key) do update set fingerprint = excluded.fingerprint, "
        "status = excluded.status, headers = excluded.headers, body = excluded.body, "
        "created_at = excluded.created_at",
        (
            tenant,
            key_id,
            key,
            answer.fingerprint,
            answer.status,
            json.dumps(dict(answer.headers)),
            answer.body,
            from_us(now_us),
        ),
    )


def forget_expired(connection: Connection, now_us: int) -> None:
    """Remove sessions and stored answers whose time is over."""
    connection.execute(
        "select access.forget_expired(%s, %s)",
        (from_us(now_us), from_us(now_us - IDEMPOTENCY_S * 1_000_000)),
    )


# ── the log of reads ────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads, through which request."""

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
    """Write down a read of personal data, one row a customer concerned, in the transaction that
    reads. `why` is a purpose, or the reason that the reader gave."""
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


def reads(
    connection: Connection, tenant: str, customer: str, *, after: int | None = None, limit: int = 50
) -> list[dict[str, Any]]:
    """Who read a customer's data, newest first; `after` is the read_id of the last row seen."""
    names = ("read_id", "at", "role", "reader", "what", "why", "request_id")
    rows = connection.execute(
        f"select {', '.join(names)} from access.read_log where tenant = %s and customer = %s "
        "and (%s::bigint is null or read_id < %s) order by read_id desc limit %s",
        (tenant, customer, after, after, limit),
    )
    return [dict(zip(names, row, strict=True)) for row in rows.fetchall()]
