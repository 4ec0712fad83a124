"""Events of back offices that were received, each once, and up to where changes are published."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from runtime.errors import Retry
from store.postgres.pool import Connection, scalar

UNKNOWN_TENANT = "-"
"""The tenant of events that do not say theirs."""


@dataclass(frozen=True, slots=True)
class ReceivedEvent:
    """An event and what became of it. body : only of what was refused."""

    tenant: str
    source: str
    event_id: str
    type: str
    object: str | None
    state: str
    reason: str | None
    body: bytes | None
    log_partition: int
    log_offset: int
    received_at: datetime


_NAMES = tuple(ReceivedEvent.__dataclass_fields__)


def known(
    connection: Connection, events: Sequence[tuple[str, str, str]]
) -> set[tuple[str, str, str]]:
    """Return those of (tenant, source, id) that were received before."""
    found = connection.execute(
        "select tenant, source, event_id from customers.received_event where "
        "(tenant, source, event_id) in (select * from unnest(%s::text[], %s::text[], %s::text[]))",
        ([one[0] for one in events], [one[1] for one in events], [one[2] for one in events]),
    )
    return {(tenant, source, id_) for tenant, source, id_ in found}


def put(connection: Connection, events: Sequence[ReceivedEvent]) -> None:
    """Record events, each once. Raises `Retry` where another worker has one of them meanwhile."""
    marks = ", ".join(["%s"] * len(_NAMES))
    with connection.cursor() as cursor:
        cursor.executemany(
            f"insert into customers.received_event ({', '.join(_NAMES)}) values ({marks}) "
            "on conflict do nothing".encode(),
            [[getattr(event, name) for name in _NAMES] for event in events],
        )
        written = cursor.rowcount
    if events and written != len(events):
        raise Retry("another worker has received one of these events")


def refused(connection: Connection, tenant: str, limit: int) -> list[ReceivedEvent]:
    """Return the newest events that were refused."""
    found = connection.execute(
        f"select {', '.join(_NAMES)} from customers.received_event where tenant = %s "
        "and state = 'refused' order by received_at desc limit %s".encode(),
        (tenant, limit),
    )
    return [ReceivedEvent(*row) for row in found.fetchall()]


_LOCK = 7_261_046


def may_publish(connection: Connection) -> bool:
    """Lock the publishing of changes for this session; False where another session has it."""
    mine = bool(scalar(connection, "select pg_try_advisory_lock(%s, 0)", (_LOCK,)))
    connection.commit()
    return mine


def published(connection: Connection, name: str) -> tuple[int, int] | None:
    """Return the last change that a publisher has sent; None = it has not begun."""
    found = connection.execute(
        "select xid, change_id from customers.change_publication where name = %s", (name,)
    ).fetchone()
    return None if found is None else (found[0], found[1])


def note_published(
    connection: Connection, name: str, cursor: tuple[int, int], at: datetime
) -> None:
    """Note the last change that a publisher has sent."""
    connection.execute(
        "insert into customers.change_publication (name, xid, change_id, updated_at) "
        "values (%s, %s, %s, %s) on conflict (name) do update set xid = excluded.xid, "
        "change_id = excluded.change_id, updated_at = excluded.updated_at",
        (name, *cursor, at),
    )
