"""Sessions of the pages. The cookie's token is stored only as its SHA-256, like a key's secret.

A session is found before a tenant is known, through functions of migrations 0006, 0012 and
0025, one at a time.
"""

import secrets
from dataclasses import dataclass
from datetime import timedelta

from store.people.idempotency import IDEMPOTENCY_S
from store.people.keys import COLUMNS, KeyRow, digest, key_row, mark_used, parts, valid
from store.postgres.pool import Connection, scalar
from store.postgres.times import from_us


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A session of the pages, with the key that opened it."""

    key: KeyRow
    csrf: str


def open_session(
    connection: Connection, key_text: str, now_us: int, ttl_s: float
) -> tuple[str, str] | None:
    """Open a session for a key; return its token (for the cookie) and CSRF token (for forms).

    None where the key is not valid. ttl_s : 12 hours at most, and never longer than the key.
    """
    named = parts(key_text)
    if named is None:
        return None
    token, csrf = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    opened = scalar(
        connection,
        "select access.open_session(%s, %s, %s, %s, %s, %s)",
        (digest(token), *named, csrf, from_us(now_us), from_us(now_us + round(ttl_s * 1e6))),
    )
    return (token, csrf) if opened else None


def find_session(
    connection: Connection, token: str, now_us: int, idle_s: float, *, use: bool = True
) -> SessionRow | None:
    """Return the session of a token; None where it is unknown, expired or was not used for
    `idle_s`, or where its key is invalid. use : False = this is no use of it."""
    row = connection.execute(
        f"select {COLUMNS}, s.csrf from access.use_session(%s, %s, %s, %s) s "
        "cross join lateral access.key_of(s.key_id) k",
        (digest(token), from_us(now_us), timedelta(seconds=idle_s), use),
    ).fetchone()
    if row is None:
        return None
    found = key_row(row)
    if not valid(found, now_us):
        return None
    mark_used(connection, found, now_us)
    return SessionRow(found, row[10])


def close_session(connection: Connection, token: str) -> None:
    """End a session."""
    connection.execute("select access.close_session(%s)", (digest(token),))


def close_sessions(connection: Connection, token: str) -> None:
    """End all sessions of the key whose session has this token."""
    connection.execute("select access.close_sessions(%s)", (digest(token),))


def forget_expired(connection: Connection, now_us: int) -> None:
    """Remove expired sessions and stored answers."""
    connection.execute(
        "select access.forget_expired(%s, %s)",
        (from_us(now_us), from_us(now_us - IDEMPOTENCY_S * 1_000_000)),
    )
