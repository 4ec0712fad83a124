"""Requests for changes that need a second person, their decisions and executions (migration 0021).

Rows are only added. The keys of the tables admit one decision and one execution of a request, no
decision by its requester, and no execution without an approval.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from store.postgres.pool import Connection, scalar
from store.postgres.times import from_us


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """A request with what became of it."""

    request_id: str
    tenant: str
    kind: str
    subject: str
    digest: str
    reason: str
    requested_by: str
    requester: str
    requested_at: datetime
    expires_at: datetime
    verdict: str | None
    decided_by: str | None
    decider: str | None
    note: str | None
    decided_at: datetime | None
    executed_at: datetime | None


_SQL = (
    "select r.request_id, r.tenant, r.kind, r.subject, r.digest, r.reason, r.requested_by, "
    "r.requester, r.requested_at, r.expires_at, d.verdict, d.decided_by, d.decider, d.note, "
    "d.decided_at, e.executed_at from access.change_request r "
    "left join access.change_decision d using (request_id) "
    "left join access.change_execution e using (request_id) where r.tenant = any(%s) "
)


def put(
    connection: Connection,
    *,
    request_id: str,
    tenant: str,
    kind: str,
    subject: str,
    digest: str,
    reason: str,
    requested_by: str,
    requester: str,
    now_us: int,
    expires_us: int,
) -> None:
    """Store a request."""
    connection.execute(
        "insert into access.change_request (request_id, tenant, kind, subject, digest, reason, "
        "requested_by, requester, requested_at, expires_at) "
        "values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        (
            request_id,
            tenant,
            kind,
            subject,
            digest,
            reason,
            requested_by,
            requester,
            from_us(now_us),
            from_us(expires_us),
        ),
    )


def find(connection: Connection, tenants: Sequence[str], request_id: str) -> ChangeRow | None:
    """Return a request of these tenants."""
    row = connection.execute(
        f"{_SQL} and r.request_id = %s", (list(tenants), request_id)
    ).fetchone()
    return None if row is None else ChangeRow(*row)


def list_(
    connection: Connection,
    tenants: Sequence[str],
    *,
    waiting_at_us: int | None = None,
    after: tuple[Any, ...] | None = None,
    limit: int = 50,
) -> list[ChangeRow]:
    """Return requests, newest first.

    waiting_at_us : only those that wait for a decision at this time; after : (requested_at,
    request_id) of the last row seen.
    """
    at = None if waiting_at_us is None else from_us(waiting_at_us)
    before, last = after or (None, None)
    rows = connection.execute(
        f"{_SQL} and (%s::timestamptz is null or (d.verdict is null and r.expires_at > %s)) "
        "and (%s::timestamptz is null or (r.requested_at, r.request_id) < (%s, %s)) "
        "order by r.requested_at desc, r.request_id desc limit %s",
        (list(tenants), at, at, before, before, last, limit),
    )
    return [ChangeRow(*row) for row in rows.fetchall()]


def newest(
    connection: Connection, tenant: str, kind: str, subjects: Sequence[str]
) -> dict[str, ChangeRow]:
    """Return subject → the newest request of a kind about it."""
    rows = connection.execute(
        f"select distinct on (q.subject) q.* from ({_SQL}) as q where q.kind = %s "
        "and q.subject = any(%s) order by q.subject, q.requested_at desc, q.request_id desc",
        ([tenant], kind, list(subjects)),
    )
    return {row[3]: ChangeRow(*row) for row in rows.fetchall()}


def decide(
    connection: Connection,
    row: ChangeRow,
    *,
    verdict: str,
    decided_by: str,
    decider: str,
    note: str,
    now_us: int,
) -> bool:
    """Store a decision; return False where there is one already."""
    done = connection.execute(
        "insert into access.change_decision (request_id, tenant, requested_by, verdict, "
        "decided_by, decider, note, decided_at) values (%s, %s, %s, %s, %s, %s, %s, %s) "
        "on conflict do nothing",
        (
            row.request_id,
            row.tenant,
            row.requested_by,
            verdict,
            decided_by,
            decider,
            note,
            from_us(now_us),
        ),
    )
    return bool(done.rowcount)


def dead_letter_state(connection: Connection, tenant: str, id_: int) -> list[str] | None:
    """Return what must not change of a dead letter between a request and its execution."""
    row = connection.execute(
        "select topic, received_at, partition, log_offset, reason, state, retried_at "
        "from pipeline.dead_letter where tenant = %s and dead_letter_id = %s",
        (tenant, id_),
    ).fetchone()
    return None if row is None else [str(value) for value in row]


def reveal_dead_letter(
    connection: Connection, request_id: str, executor: str, now_us: int
) -> bytes | None:
    """Execute a request to see a body: return it, once; None where that was done before."""
    found = scalar(
        connection,
        "select access.reveal_dead_letter(%s, %s, %s)",
        (request_id, executor, from_us(now_us)),
    )
    return None if found is None else bytes(found)


def execute(connection: Connection, row: ChangeRow, executor: str, now_us: int) -> bool:
    """Record that an approved change is made; return False where it was made before."""
    done = connection.execute(
        "insert into access.change_execution (request_id, tenant, executed_by, executed_at) "
        "values (%s, %s, %s, %s) on conflict do nothing",
        (row.request_id, row.tenant, executor, from_us(now_us)),
    )
    return done.rowcount == 1
