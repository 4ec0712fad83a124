"""Events of back offices that were received, each once, and up to where changes are published."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from runtime.errors import Retry
from store.postgres import rows
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


STATES = ("applied", "unchanged", "refused", "corrected", "dropped")

_SHOWN = (
    "number, tenant, source, event_id, type, object, state, reason, log_partition, log_offset, "
    "received_at, settled_at, settled_by, octet_length(body) as bytes"
)


def listed(
    connection: Connection,
    tenants: Sequence[str] | None,
    *,
    state: str = "refused",
    after: int | None = None,
    limit: int = 50,
) -> list[dict[str, Any]]:
    """Return events of these tenants (None = of all) in a state, newest first, without bodies.

    after : number of the last one of the page before.
    """
    where = rows.Conditions("state = %s", state).add("tenant = any(%s)", tenants)
    where.add("number < %s", after)
    return rows.all_(
        connection,
        f"select {_SHOWN} from customers.received_event where {where.sql} "
        "order by number desc limit %s",
        (*where.values, limit),
    )


def get(
    connection: Connection, tenants: Sequence[str] | None, number: int, *, lock: bool = False
) -> dict[str, Any] | None:
    """Return one event of these tenants with its `body`; lock : until the caller commits."""
    where = rows.Conditions("number = %s", number).add("tenant = any(%s)", tenants)
    return rows.one(
        connection,
        f"select {_SHOWN}, body from customers.received_event where {where.sql}"
        + (" for update" if lock else ""),
        where.values,
    )


def counts(connection: Connection, tenants: Sequence[str] | None) -> int:
    """Count the refused events of these tenants; None = of all."""
    where = rows.Conditions("state = 'refused'").add("tenant = any(%s)", tenants)
    query = f"select count(*) from customers.received_event where {where.sql}"
    return int(scalar(connection, query, where.values))


def newer(
    connection: Connection, event: Mapping[str, Any], tenant: str, type_: str, object_: str
) -> bool:
    """Return whether an event that was received after this one has written an object."""
    return bool(
        scalar(
            connection,
            "select exists (select from customers.received_event where received_at >= %s "
            "and tenant = %s and type = %s and object = %s and number > %s "
            "and state in ('applied', 'unchanged'))",
            (event["received_at"], tenant, type_, object_, event["number"]),
        )
    )


def settle(
    connection: Connection, number: int, state: str, by: str, at: datetime, object_: str | None
) -> None:
    """Note what became of a refused event; its bytes go. object_ : None = as it is."""
    connection.execute(
        "update customers.received_event set state = %s, body = null, settled_by = %s, "
        "settled_at = %s, object = coalesce(%s, object) where number = %s",
        (state, by, at, object_, number),
    )


def refuse_again(connection: Connection, number: int, reason: str) -> None:
    """Note why a refused event was refused again."""
    connection.execute(
        "update customers.received_event set reason = %s where number = %s", (reason, number)
    )


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
