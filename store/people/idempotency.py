"""Answers stored for an Idempotency-Key (api/http/idempotency.py)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from store.postgres.pool import Connection, scalar
from store.postgres.times import from_us

IDEMPOTENCY_S = 24 * 3600
"""Seconds for which an answer is kept for its Idempotency-Key."""


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """The answer that was given to an Idempotency-Key."""

    fingerprint: bytes
    status: int
    headers: Mapping[str, str]
    body: bytes


def claim(connection: Connection, key_id: str, key: str) -> bool:
    """Lock an Idempotency-Key for the caller's transaction; return False while another has it.

    The lock ends with the transaction, also when the process dies.
    """
    return bool(
        scalar(
            connection,
            "select pg_try_advisory_xact_lock(hashtextextended(%s, 7261004))",
            (f"{key_id} {key}",),
        )
    )


def find_answer(connection: Connection, key_id: str, key: str, now_us: int) -> StoredAnswer | None:
    """Return the answer kept for a key, unless it is older than IDEMPOTENCY_S."""
    row = connection.execute(
        "select fingerprint, status, headers, body from access.idempotency "
        "where key_id = %s and key = %s and created_at > %s",
        (key_id, key, from_us(now_us - IDEMPOTENCY_S * 1_000_000)),
    ).fetchone()
    return None if row is None else StoredAnswer(bytes(row[0]), row[1], row[2], bytes(row[3]))


def keep_answer(
    connection: Connection, tenant: str, key_id: str, key: str, answer: StoredAnswer, now_us: int
) -> None:
    """Keep an answer for a key of a tenant, in the transaction whose work it reports."""
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
