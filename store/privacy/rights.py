"""Requests of customers about their data, and the limits on processing that they set."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from store.postgres import rows
from store.postgres.pool import Connection, scalar
from store.postgres.times import from_us

_COLUMNS = (
    "request_id, tenant, customer, kind, state, details, asked_by, author, case_id, received_at, "
    "due_at, extended_at, extension, identified_at, identified_by, executed_at, closed_at, answer, "
    "proof, attempts"
)
OPEN = ("open", "executing", "executed")
MOST_ATTEMPTS = 5
"""How often the program tries to do a request before people have to look."""


def put(connection: Connection, row: Mapping[str, Any]) -> None:
    """Insert a request. row : request_id, tenant, customer, kind, state, details, asked_by, author,
    received_at, due_at."""
    connection.execute(
        "insert into privacy.rights_request (request_id, tenant, customer, kind, state, details, "
        "asked_by, author, received_at, due_at, case_id) values (%(request_id)s, %(tenant)s, "
        "%(customer)s, %(kind)s, %(state)s, %(details)s, %(asked_by)s, %(author)s, "
        "%(received_at)s, %(due_at)s, %(case_id)s)",
        dict(row),
    )


def get(connection: Connection, tenant: str, request_id: str) -> dict[str, Any] | None:
    """Return one request."""
    return rows.one(
        connection,
        f"select {_COLUMNS} from privacy.rights_request where tenant = %s and request_id = %s",
        (tenant, request_id),
    )


def of_case(connection: Connection, case_id: str) -> dict[str, Any] | None:
    """Return the request of a case."""
    return rows.one(
        connection,
        f"select {_COLUMNS} from privacy.rights_request where case_id = %s",
        (case_id,),
    )


def lock(connection: Connection, tenant: str, request_id: str) -> dict[str, Any] | None:
    """Return one request, locked for the caller's transaction."""
    return rows.one(
        connection,
        f"select {_COLUMNS} from privacy.rights_request where tenant = %s and request_id = %s "
        "for update",
        (tenant, request_id),
    )


def of_customer(connection: Connection, tenant: str, ids: Sequence[str]) -> list[dict[str, Any]]:
    """Return the requests of a customer by their ids, newest first."""
    return rows.all_(
        connection,
        f"select {_COLUMNS} from privacy.rights_request where tenant = %s and customer = any(%s) "
        "order by received_at desc, request_id",
        (tenant, list(ids)),
    )


def list_(
    connection: Connection,
    tenant: str,
    *,
    open_only: bool,
    after: tuple[datetime, str] | None = None,
    limit: int = 50,
) -> list[dict[str, Any]]:
    """Return requests of a tenant, due first; after : (due_at, request_id) of the last row."""
    where = rows.Conditions("tenant = %s", tenant)
    if open_only:
        where.add("state = any(%s)", list(OPEN))
    where.add("(due_at, request_id) > (%s, %s)", *(after or (None, None)))
    return rows.all_(
        connection,
        f"select {_COLUMNS} from privacy.rights_request where {where.sql} "
        "order by due_at, request_id limit %s",
        [*where.values, limit],
    )


def counts(connection: Connection, tenant: str, now: datetime) -> dict[str, int]:
    """Count a tenant's open requests: open, late (past their date)."""
    row = rows.one(
        connection,
        "select count(*) as open, count(*) filter (where due_at < %s) as late "
        "from privacy.rights_request where tenant = %s and state = any(%s)",
        (now, tenant, list(OPEN)),
    )
    assert row is not None
    return {name: int(number) for name, number in row.items()}


def write(connection: Connection, request_id: str, **fields: Any) -> None:
    """Write columns of a request. proof : as a mapping."""
    if "proof" in fields:
        fields["proof"] = Jsonb(fields["proof"])
    columns = ", ".join(f"{name} = %s" for name in fields)
    connection.execute(
        f"update privacy.rights_request set {columns} where request_id = %s".encode(),
        [*fields.values(), request_id],
    )


def claim(connection: Connection, now_us: int) -> dict[str, Any] | None:
    """Lock the next request that the program has to do, and count the attempt; None = none is due.

    A further attempt waits a minute more each time. Needs the owner of the tables.
    """
    return rows.one(
        connection,
        "update privacy.rights_request set attempts = attempts + 1 where request_id = ("
        "select request_id from privacy.rights_request where state = 'executing' "
        "and attempts < %s and identified_at <= %s - attempts * interval '1 minute' "
        f"order by identified_at limit 1 for update skip locked) returning {_COLUMNS}",
        (MOST_ATTEMPTS, from_us(now_us)),
    )


# ── limits ───────────────────────────────────────────────────────────────────────────────────────


def begin_limit(
    connection: Connection, tenant: str, customer: str, kind: str, request_id: str, at: datetime
) -> bool:
    """Set a limit; return False where one of the kind is in force."""
    cursor = connection.execute(
        "insert into privacy.processing_limit (tenant, customer, kind, request_id, begun_at) "
        "values (%s, %s, %s, %s, %s) on conflict (tenant, customer, kind) where ended_at is null "
        "do nothing",
        (tenant, customer, kind, request_id, at),
    )
    return cursor.rowcount == 1


def end_limit(
    connection: Connection, tenant: str, ids: Sequence[str], kind: str, by: str, at: datetime
) -> bool:
    """End the limits of a kind under these ids; return False where none is in force."""
    cursor = connection.execute(
        "update privacy.processing_limit set ended_at = %s, ended_by = %s "
        "where tenant = %s and customer = any(%s) and kind = %s and ended_at is null",
        (at, by, tenant, list(ids), kind),
    )
    return cursor.rowcount > 0


def limits_of(connection: Connection, tenant: str, ids: Sequence[str]) -> dict[str, datetime]:
    """Return the limits in force under one of the ids: kind → since when."""
    found = connection.execute(
        "select kind, min(begun_at) from privacy.processing_limit "
        "where tenant = %s and customer = any(%s) and ended_at is null group by kind",
        (tenant, list(ids)),
    )
    return {kind: since for kind, since in found.fetchall()}


def only_one(connection: Connection) -> bool:
    """Return whether this session alone does requests; it stays so until the session ends."""
    return bool(scalar(connection, "select pg_try_advisory_lock(hashtext('tachowatt rights'))"))


def waiting(connection: Connection) -> int:
    """Count the requests that the program has to do, of all tenants."""
    return int(
        scalar(
            connection,
            "select count(*) from privacy.rights_request where state = 'executing' "
            "and attempts < %s",
            (MOST_ATTEMPTS,),
        )
    )


def erasures(connection: Connection, tenant: str, limit: int) -> Sequence[dict[str, Any]]:
    """Return the newest erasures of a tenant, without who it was."""
    return rows.all_(
        connection,
        "select erasure_id, pseudonym, reason, erased_by, erased_at, physically_by, proof "
        "from privacy.erasure where tenant = %s order by erased_at desc, erasure_id limit %s",
        (tenant, limit),
    )
