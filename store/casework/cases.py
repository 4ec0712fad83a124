"""Service cases: opened by playbooks, worked on by people, with a diary.

The text of a diary entry is `opened`, `corrected` or `retracted` for the kind `signal`, the new
state for `state`, the new owner for `owner`, a person's text for `note`, a code for `outcome` and
`answer` (customer_context/cases/outcomes.py), and a time for `call_back`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from runtime.errors import NotFound, Stale
from store.casework.filters import Queue
from store.postgres import notify, rows
from store.postgres.merged import only
from store.postgres.pool import Connection, scalar
from store.postgres.times import from_us

AUTHOR = "tachowatt"
"""Author of the entries that no person wrote."""
CUSTOMER = "customer:"
"""Begins the author of the entries that a customer wrote: customer:<id>."""


@dataclass(frozen=True, slots=True)
class NewCase:
    """A case before it is opened.

    title : language → text; deadline_us : None = none; purpose : of its playbook or type, None =
    the contract; signal_id : None = a person opens it; skill : that it needs, '' = none; severity :
    of its signal, 0 = none.
    """

    case_id: str
    tenant: str
    side: str
    kind: str
    title: dict[str, str]
    urgent: bool
    customer: str | None
    subject: str | None
    signal_id: str | None
    playbook: str
    deadline_us: int | None
    purpose: str | None
    skill: str = ""
    severity: int = 0


def open_(connection: Connection, case: NewCase, now_us: int, author: str = AUTHOR) -> bool:
    """Open a case; return False where it was opened before. author : who opens it."""
    cursor = connection.execute(
        "insert into contacts.service_case (case_id, tenant, side, kind, title, urgent, customer, "
        "subject, signal_id, playbook, deadline, purpose, opened_at, updated_at, skill, severity, "
        "language) values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, "
        "coalesce((select c.language from customers.customer c where c.tenant = %s "
        "and c.customer = %s), '')) on conflict do nothing",
        (
            case.case_id,
            case.tenant,
            case.side,
            case.kind,
            Jsonb(case.title),
            case.urgent,
            case.customer,
            case.subject,
            case.signal_id,
            case.playbook,
            None if case.deadline_us is None else from_us(case.deadline_us),
            case.purpose,
            from_us(now_us),
            from_us(now_us),
            case.skill,
            case.severity,
            case.tenant,
            case.customer,
        ),
    )
    if cursor.rowcount == 0:
        return False
    if case.signal_id is None:
        _write(connection, case.case_id, author, "state", "open", now_us)
    else:
        _write(connection, case.case_id, author, "signal", "opened", now_us)
    notify.changed(connection, case.tenant, "case")
    return True


def signal_changed(connection: Connection, signal_id: str, what: str, now_us: int) -> int:
    """Write `what` (corrected or retracted) into the cases of a signal; return their number."""
    found = connection.execute(
        "update contacts.service_case set updated_at = %s, version = version + 1 "
        "where signal_id = %s returning tenant, case_id",
        (from_us(now_us), signal_id),
    ).fetchall()
    for tenant, case_id in found:
        _write(connection, case_id, AUTHOR, "signal", what, now_us)
        notify.changed(connection, tenant, "case")
    return len(found)


def deadlines(connection: Connection, signal_id: str) -> dict[str, datetime | None]:
    """Return the cases that a signal has opened → their deadlines."""
    found = connection.execute(
        "select case_id, deadline from contacts.service_case where signal_id = %s", (signal_id,)
    )
    return {case_id: deadline for case_id, deadline in found.fetchall()}


def list_(
    connection: Connection,
    tenant: str,
    *,
    side: str | None = None,
    state: str | None = None,
    customer: str | None = None,
    owner: str | None = None,
    after: tuple[datetime, str] | None = None,
    limit: int = 50,
) -> list[dict[str, Any]]:
    """Return cases, newest first; after : (opened_at, case_id) of the previous page's last row."""
    where = rows.Conditions("tenant = %s", tenant)
    where.add("side = %s", side).add("state = %s", state)
    only(where, "customer", connection, tenant, customer).add("owner = %s", owner)
    where.add("(opened_at, case_id) < (%s, %s)", *(after or (None, None)))
    return rows.all_(
        connection,
        f"select * from contacts.service_case where {where.sql} "
        "order by opened_at desc, case_id desc limit %s",
        [*where.values, limit],
    )


def _conditions(connection: Connection, tenant: str, queue: Queue) -> rows.Conditions:
    where = rows.Conditions("tenant = %s", tenant)
    where.add("side = %s", queue.side).add("kind = %s", queue.kind)
    only(where, "customer", connection, tenant, queue.customer).add("owner = %s", queue.owner)
    # A case ranks no later than it is due: the index reads no further than that.
    where.add("due < %s and rank_at < %s", queue.due_before, queue.due_before)
    if queue.nobody:
        where.add("owner is null and %s", True)
    if queue.state != "resolved":
        where.add("state <> 'resolved' and %s", True)
    where.add("state = %s", queue.state)
    return where


def queue(
    connection: Connection,
    tenant: str,
    which: Queue,
    *,
    after: tuple[datetime, str] | None = None,
    limit: int = 50,
) -> list[dict[str, Any]]:
    """Return cases of the work queue, most urgent first (`rank_at`).

    after : (rank_at, case_id) of the last row before.
    """
    where = _conditions(connection, tenant, which)
    where.add("(rank_at, case_id) > (%s, %s)", *(after or (None, None)))
    return rows.all_(
        connection,
        f"select * from contacts.service_case where {where.sql} order by rank_at, case_id limit %s",
        [*where.values, limit],
    )


def count(connection: Connection, tenant: str, which: Queue, most: int) -> int:
    """Count the cases of the work queue, up to `most`."""
    where = _conditions(connection, tenant, which)
    return int(
        scalar(
            connection,
            f"select count(*) from (select 1 from contacts.service_case where {where.sql} "
            "limit %s) as counted",
            [*where.values, most],
        )
    )


def get(connection: Connection, tenant: str, case_id: str) -> dict[str, Any] | None:
    """Return one case."""
    return rows.one(
        connection,
        "select * from contacts.service_case where tenant = %s and case_id = %s",
        (tenant, case_id),
    )


def entries(connection: Connection, case_id: str) -> list[dict[str, Any]]:
    """Return the diary of a case, oldest first."""
    return rows.all_(
        connection,
        "select * from contacts.case_entry where case_id = %s order by entry_id",
        (case_id,),
    )


def lock_free(connection: Connection, tenant: str, case_id: str) -> dict[str, Any] | None:
    """Read a case for a change, unless somebody else changes it now."""
    return rows.one(
        connection,
        "select * from contacts.service_case where tenant = %s and case_id = %s "
        "for no key update skip locked",
        (tenant, case_id),
    )


def lock(
    connection: Connection, tenant: str, case_id: str, expected_version: int | None = None
) -> dict[str, Any]:
    """Read a case for a change, in the caller's transaction.

    Raises `NotFound`, and `Stale` if it has another version than is expected.
    """
    found = rows.one(
        connection,
        "select * from contacts.service_case where tenant = %s and case_id = %s for no key update",
        (tenant, case_id),
    )
    if found is None:
        raise NotFound(f"there is no case {case_id!r}")
    if expected_version is not None and expected_version != found["version"]:
        raise Stale(f"case {case_id}", found["version"])
    return found


def write(
    connection: Connection,
    case: Mapping[str, Any],
    author: str,
    now_us: int,
    *,
    fields: Mapping[str, Any] | None = None,
    entries: Iterable[tuple[str, str]] = (),
) -> dict[str, Any]:
    """Write changed columns and diary entries (kind, text) of a locked case; return the case.

    The first write of a person of the company is the first action.
    """
    by_us = author != AUTHOR and not author.startswith(CUSTOMER)
    for kind, text in entries:
        _write(connection, case["case_id"], author, kind, text, now_us)
    fields = fields or {}
    columns = "".join(f"{column} = %s, " for column in fields)
    updated = rows.one(
        connection,
        f"update contacts.service_case set {columns}updated_at = %s, version = version + 1, "
        "first_action_at = coalesce(first_action_at, %s) where case_id = %s returning *",
        [
            *(Jsonb(v) if isinstance(v, dict) else v for v in fields.values()),
            from_us(now_us),
            from_us(now_us) if by_us else None,
            case["case_id"],
        ],
    )
    assert updated is not None
    notify.changed(connection, case["tenant"], "case")
    return updated


def write_words(connection: Connection, vectors: Iterable[tuple[str, str]]) -> None:
    """Write the words of cases, as (id, vector)."""
    with connection.cursor() as cursor:
        cursor.executemany(
            "update contacts.service_case set words = %s::tsvector where case_id = %s",
            [(vector, id_) for id_, vector in vectors],
        )


def _write(
    connection: Connection, case_id: str, author: str, kind: str, text: str, now_us: int
) -> None:
    connection.execute(
        "insert into contacts.case_entry (case_id, at, author, kind, text) "
        "values (%s, %s, %s, %s, %s)",
        (case_id, from_us(now_us), author, kind, text),
    )
