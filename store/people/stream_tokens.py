"""Tokens that open one stream for a short time, for clients that can send no header.

A token stands in a URL, which proxies may log: it is of no use for anything else, and its stream
ends with the key. Only its SHA-256 is stored. A token is found before a tenant is known, through
functions of migration 0019.
"""

import secrets

from store.people.keys import COLUMNS, KeyRow, digest, key_row, mark_used, valid
from store.postgres.pool import Connection
from store.postgres.times import from_us

PREFIX = "ts_"


def create_token(connection: Connection, key_id: str, stream: str, now_us: int, ttl_s: int) -> str:
    """Return a new token of a key for a stream; expired ones of all keys are removed."""
    token = PREFIX + secrets.token_urlsafe(32)
    connection.execute(
        "select access.open_stream_token(%s, %s, %s, %s, %s)",
        (digest(token), key_id, stream, from_us(now_us), from_us(now_us + ttl_s * 1_000_000)),
    )
    return token


def find_key(connection: Connection, token: str, stream: str, now_us: int) -> KeyRow | None:
    """Return the key of a token; None where it is unknown, expired, or of another stream, or where
    its key is not valid."""
    row = connection.execute(
        f"select {COLUMNS} from access.stream_token_of(%s, %s, %s) t "
        "cross join lateral access.key_of(t.key_id) k",
        (digest(token), stream, from_us(now_us)),
    ).fetchone()
    if row is None:
        return None
    found = key_row(row)
    if not valid(found, now_us):
        return None
    mark_used(connection, found, now_us)
    return found
