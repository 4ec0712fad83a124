"""Plans of cases with a type, and the events that changed them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg.types.json import Jsonb

from store.postgres import rows
from store.postgres.pool import Connection
from store.postgres.times import from_us


@dataclass(frozen=True, slots=True)
class NewPlan:
    """A plan before it is stored. data : sealed, or {}; signal : the data of its signal."""

    case_id: str
    tenant: str
    case_type: str
    digest: str
    state: Mapping[str, Any]
    data: Mapping[str, Any] | str
    signal: Mapping[str, Any]
    next_due_us: int | None
    parent: str | None = None
    parent_item: str | None = None


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event with what it changed. changes : [item, state, reason]; effects : [does, item, …].

    Those of an event with a text are sealed, as is the text.
    """

    at_us: int
    author: str
    what: str
    item: str
    text: str
    changes: Sequence[Sequence[str]] | str
    effects: Sequence[Sequence[Any]] | str


def put(connection: Connection, plan: NewPlan) -> bool:
    """Store a new plan; return False where the case has one."""
    cursor = connection.execute(
        "insert into contacts.case_plan (case_id, tenant, case_type, digest, state, data, signal, "
        "next_due, parent, parent_item) values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s) "
        "on conflict do nothing",
        (
            plan.case_id,
            plan.tenant,
            plan.case_type,
            plan.digest,
            Jsonb(dict(plan.state)),
            _json(plan.data),
            Jsonb(dict(plan.signal)),
            None if plan.next_due_us is None else from_us(plan.next_due_us),
            plan.parent,
            plan.parent_item,
        ),
    )
    return cursor.rowcount == 1


def get(connection: Connection, case_id: str) -> dict[str, Any] | None:
    """Return the plan of a case; None where it has no type. Whoever changes it locks the case."""
    return rows.one(connection, "select * from contacts.case_plan where case_id = %s", (case_id,))


def write(
    connection: Connection,
    case_id: str,
    state: Mapping[str, Any],
    data: Mapping[str, Any] | str,
    next_due_us: int | None,
) -> None:
    """Write the plan of a locked case. data : sealed, or {}."""
    connection.execute(
        "update contacts.case_plan set state = %s, data = %s, next_due = %s where case_id = %s",
        (
            Jsonb(dict(state)),
            _json(data),
            None if next_due_us is None else from_us(next_due_us),
            case_id,
        ),
    )


def put_back(
    connection: Connection, case_id: str, state: Mapping[str, Any], next_due_us: int | None
) -> None:
    """Write the states of a locked case's plan; its data stay."""
    connection.execute(
        "update contacts.case_plan set state = %s, next_due = %s where case_id = %s",
        (Jsonb(dict(state)), None if next_due_us is None else from_us(next_due_us), case_id),
    )


def add_event(connection: Connection, case_id: str, event: NewEvent) -> None:
    """Append an event to the history of a locked case."""
    connection.execute(
        "insert into contacts.case_event (case_id, number, at, author, what, item, text, changes, "
        "effects) select %s, coalesce(max(number), 0) + 1, %s, %s, %s, %s, %s, %s, %s "
        "from contacts.case_event where case_id = %s",
        (
            case_id,
            from_us(event.at_us),
            event.author,
            event.what,
            event.item,
            event.text,
            _json(event.changes),
            _json(event.effects),
            case_id,
        ),
    )


def events(connection: Connection, case_id: str) -> list[dict[str, Any]]:
    """Return the history of a case, oldest first."""
    return rows.all_(
        connection,
        "select * from contacts.case_event where case_id = %s order by number",
        (case_id,),
    )


def due(connection: Connection, now_us: int, limit: int) -> list[tuple[str, str]]:
    """Return (tenant, case) of plans with a deadline that has ended, oldest first."""
    found = connection.execute(
        "select tenant, case_id from contacts.case_plan where next_due <= %s "
        "order by next_due limit %s",
        (from_us(now_us), limit),
    )
    return [(tenant, case_id) for tenant, case_id in found.fetchall()]


def _json(value: Mapping[str, Any] | Sequence[Sequence[Any]] | str) -> Jsonb:
    if isinstance(value, str):
        return Jsonb(value)
    return Jsonb(dict(value) if isinstance(value, Mapping) else [list(one) for one in value])
