"""Events of back offices that were refused: write them again, as they are or corrected; drop them.

API and command call this. What an event writes is written as when it was received; an event that
was refused stays with its bytes until it is written or dropped.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from contracts.registry_events import RegistryEvent
from runtime.errors import NotAllowed, NotFound
from services import registry_events
from services.back_office import Outcome, Result
from services.registry_events import Record
from services.registry_rows import Refusal
from store.people import received_events, registry
from store.people.received_events import UNKNOWN_TENANT
from store.postgres.pool import Connection
from store.postgres.roles import set_tenant_scope
from store.postgres.times import from_us

_TOPIC = "customers"


@dataclass(frozen=True, slots=True)
class Settled:
    """What a retry came to. state : as in the table; refused = it stays; object : None = none."""

    number: int
    state: str
    object: str | None
    errors: Sequence[Refusal] = ()


def retry(
    connection: Connection,
    tenants: Sequence[str],
    number: int,
    by: str,
    now_us: int,
    *,
    corrected: bytes | None = None,
    overrule: bool = False,
) -> Settled:
    """Write a refused event of these tenants again; the caller commits.

    corrected : the event to write in its place, None = as it was sent. overrule : also where a
    later event has written the same object meanwhile. Raises `NotFound`, `NotAllowed`.
    """
    event = _refused(connection, tenants, number)
    value = bytes(event["body"]) if corrected is None else corrected
    record = Record(_TOPIC, event["log_partition"], event["log_offset"], value)
    known = frozenset(registry.known_tenants(connection))
    read, reason = registry_events.read_event(record, known)
    if read.tenant not in tenants:
        reason = reason or f"tenant: you may not write for {read.tenant!r}"
    if reason is not None:
        return _again(connection, number, None, (Refusal(field=None, message=reason),))
    set_tenant_scope(connection, tenants)
    _check(connection, event, read, overrule)
    outcome = registry_events.write(connection, read, now_us)
    if outcome.result is Result.REFUSED:
        return _again(connection, number, outcome.id, outcome.errors)
    return _written(connection, event, record, read, outcome, by, now_us)


def drop(
    connection: Connection, tenants: Sequence[str], number: int, by: str, now_us: int
) -> Settled:
    """Give a refused event up: its bytes are deleted. Raises `NotFound`, `NotAllowed`."""
    event = _refused(connection, tenants, number)
    received_events.settle(connection, number, "dropped", by, from_us(now_us), None)
    return Settled(number, "dropped", event["object"])


def _refused(connection: Connection, tenants: Sequence[str], number: int) -> dict[str, Any]:
    set_tenant_scope(connection, tenants)
    event = received_events.get(connection, tenants, number, lock=True)
    if event is None:
        raise NotFound(f"there is no event {number}")
    if event["state"] != "refused":
        raise NotAllowed(f"event {number} is {event['state']}; only refused ones can be settled")
    return event


def _check(
    connection: Connection, event: Mapping[str, Any], read: RegistryEvent, overrule: bool
) -> None:
    """Raise `NotAllowed` where writing an event would undo what came later, or repeat another."""
    key = (read.tenant, read.source, read.id)
    if key != _key(event) and received_events.known(connection, [key]):
        raise NotAllowed(f"event {read.id!r} of {read.source!r} was received already; use a new id")
    data = read.data if isinstance(read.data, Mapping) else {}
    object_ = data.get("device" if read.kind == "assignments" else "id")
    if overrule or not isinstance(object_, str):
        return
    if received_events.newer(connection, event, read.tenant, read.type, object_):
        raise NotAllowed(
            f"a later event has written {object_!r}; this one would undo it: drop it, or overrule"
        )


def _again(
    connection: Connection, number: int, object_: str | None, errors: Sequence[Refusal]
) -> Settled:
    received_events.refuse_again(connection, number, registry_events.reason_of(errors))
    return Settled(number, "refused", object_, errors)


def _written(
    connection: Connection,
    event: Mapping[str, Any],
    record: Record,
    read: RegistryEvent,
    outcome: Outcome,
    by: str,
    now_us: int,
) -> Settled:
    number, at = event["number"], from_us(now_us)
    state = "unchanged" if outcome.result is Result.UNCHANGED else "applied"
    if (read.tenant, read.source, read.id) != _key(event):
        # The event that was written is known from now on, under its own id.
        received_events.put(connection, [registry_events.row_of(record, read, outcome, at)])
        state = "corrected"
    received_events.settle(connection, number, state, by, at, outcome.id)
    return Settled(number, state, outcome.id)


def _key(event: Mapping[str, Any]) -> tuple[str, str, str]:
    return event["tenant"], event["source"], event["event_id"]


def everybody(connection: Connection) -> list[str]:
    """Return all tenants, and the one of events that do not say theirs: for who owns the tables."""
    return [*registry.known_tenants(connection), UNKNOWN_TENANT]
