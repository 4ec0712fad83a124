"""Answers stored for an Idempotency-Key (api/http/idempotency.py)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from store.people.read_log import ObjectRead
from store.postgres.pool import Connection, scalar
from store.postgres.times import from_us

IDEMPOTENCY_S = 24 * 3600
"""Seconds for which an answer is kept for its Idempotency-Key."""


class Logged(NamedTuple):
    """One entry of the read log as it was made with an answer; see `read_log.log_reads`."""

    what: str
    why: str
    objects: tuple[ObjectRead, ...]


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """The answer that was given to an Idempotency-Key.

    reads : what it had of whom; decisions : number of consent decisions of these customers then.
    """

    fingerprint: bytes
    status: int
    headers: Mapping[str, str]
    body: bytes
    reads: tuple[Logged, ...] = ()
    decisions: int = 0

    @property
    def customers(self) -> frozenset[str]:
        """The customers that the answer is about."""
        return frozenset(one.customer for logged in self.reads for one in logged.objects)


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
        "select fingerprint, status, headers, body, reads, decisions from access.idempotency "
        "where key_id = %s and key = %s and created_at > %s",
        (key_id, key, from_us(now_us - IDEMPOTENCY_S * 1_000_000)),
    ).fetchone()
    if row is None:
        return None
    fingerprint, status, headers, body, reads, decisions = row
    return StoredAnswer(
        bytes(fingerprint),
        status,
        headers,
        bytes(body),
        tuple(
            Logged(
                one["what"], one["why"], tuple(ObjectRead(*object_) for object_ in one["objects"])
            )
            for one in reads
        ),
        decisions,
    )


def keep_answer(
    connection: Connection, tenant: str, key_id: str, key: str, answer: StoredAnswer, now_us: int
) -> None:
    """Keep an answer for a key of a tenant, in the transaction whose work it reports."""
    connection.execute(
        "insert into access.idempotency (tenant, key_id, key, fingerprint, status, headers, body, "
        "reads, decisions, created_at) values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s) "
        "on conflict (key_id, key) do update set fingerprint = excluded.fingerprint, "
        "status = excluded.status, headers = excluded.headers, body = excluded.body, "
        "reads = excluded.reads, decisions = excluded.decisions, "
        "created_at = excluded.created_at",
        (
            tenant,
            key_id,
            key,
            answer.fingerprint,
            answer.status,
            json.dumps(dict(answer.headers)),
            answer.body,
            json.dumps([one._asdict() for one in answer.reads]),
            answer.decisions,
            from_us(now_us),
        ),
    )
