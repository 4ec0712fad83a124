"""Rows of back offices as events: write each once, by the use case of the API; and the changes.

The event, what it wrote and its answer are one transaction. What is refused is kept with its reason
and its untouched bytes (customers.received_event).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from contracts import registry_events
from contracts.registry_events import RegistryEvent, Unreadable
from services import back_office, registry_changes
from services.back_office import Kind, Outcome, Result
from services.registry_rows import Refusal
from store.people import received_events, registry
from store.people.received_events import UNKNOWN_TENANT, ReceivedEvent
from store.postgres.pool import Connection
from store.postgres.roles import set_tenant_scope
from store.postgres.times import from_us

_MOST_REASON = 500


@dataclass(frozen=True, slots=True)
class Record:
    """A record of the topic."""

    topic: str
    partition: int
    offset: int
    value: bytes | None


@dataclass(frozen=True, slots=True)
class Received:
    """What became of records: applied, unchanged, refused, and known from before."""

    applied: int = 0
    unchanged: int = 0
    refused: int = 0
    repeated: int = 0


def receive(connection: Connection, records: Sequence[Record], now_us: int) -> Received:
    """Write the rows of records in their order, each once; the caller commits.

    The connection may be that of the API's role: each tenant is written within its own scope.
    """
    at = from_us(now_us)
    tenants = _tenants(connection)
    read = [read_event(record, tenants) for record in records]
    counts = {"applied": 0, "unchanged": 0, "refused": 0, "repeated": 0}
    for tenant in dict.fromkeys(event.tenant for event, _ in read):
        set_tenant_scope(connection, (tenant,))
        mine = [
            (record, event, reason)
            for record, (event, reason) in zip(records, read, strict=True)
            if event.tenant == tenant
        ]
        keys = [(event.tenant, event.source, event.id) for _, event, _ in mine]
        known = received_events.known(connection, keys)
        rows: list[ReceivedEvent] = []
        for record, event, reason in mine:
            key = (event.tenant, event.source, event.id)
            if key in known:
                counts["repeated"] += 1
                continue
            known.add(key)
            outcome = _refusal(reason) if reason else write(connection, event, now_us)
            rows.append(row_of(record, event, outcome, at))
            counts[rows[-1].state] += 1
        received_events.put(connection, rows)
    return Received(**counts)


def _tenants(connection: Connection) -> frozenset[str]:
    return frozenset(registry.known_tenants(connection))


def read_event(record: Record, tenants: frozenset[str]) -> tuple[RegistryEvent, str | None]:
    """Return the event, and why it cannot be used. tenants : those that exist."""
    place = f"{record.partition}/{record.offset}"
    try:
        event = registry_events.read(record.value)
    except Unreadable as error:
        tenant = error.tenant if error.tenant in tenants else UNKNOWN_TENANT
        known = error.source is not None and error.id is not None
        return (
            RegistryEvent(
                tenant or UNKNOWN_TENANT,
                error.source if known and error.source else record.topic,
                error.id if known and error.id else place,
                "",
                "",
                None,
            ),
            str(error),
        )
    if event.tenant not in tenants:
        unknown = RegistryEvent(
            UNKNOWN_TENANT, event.source, event.id, event.type, event.kind, event.data
        )
        return unknown, f"tenant: there is no tenant {event.tenant!r}"
    return event, None


def _refusal(reason: str) -> Outcome:
    return Outcome(None, Result.REFUSED, (Refusal(field=None, message=reason),))


def write(connection: Connection, event: RegistryEvent, now_us: int) -> Outcome:
    """Write the row of an event; return its outcome. The caller commits."""
    if event.kind in registry_events.BILLING:
        from services import billing_rows  # and numpy with it, which other rows do not need

        return billing_rows.apply(
            connection, event.tenant, event.kind, event.data, event.source, now_us
        )
    return back_office.apply(connection, event.tenant, Kind(event.kind), [event.data], now_us)[0]


def row_of(record: Record, event: RegistryEvent, outcome: Outcome, at: datetime) -> ReceivedEvent:
    """Return what is kept of an event."""
    refused = outcome.result is Result.REFUSED
    state = "refused" if refused else "applied"
    return ReceivedEvent(
        event.tenant,
        event.source,
        event.id,
        event.type,
        outcome.id,
        "unchanged" if outcome.result is Result.UNCHANGED else state,
        reason_of(outcome.errors) if refused else None,
        (record.value or b"") if refused else None,
        record.partition,
        record.offset,
        at,
    )


def reason_of(errors: Sequence[Refusal]) -> str:
    """Return why an event was refused, as one text."""
    reason = "; ".join(
        f"{one.field}: {one.message}" if one.field else one.message for one in errors
    )
    return (reason or "refused")[:_MOST_REASON]


@dataclass(frozen=True, slots=True)
class Due:
    """Changes to publish: (key, CloudEvent), and the cursor after them."""

    events: list[tuple[str, bytes]]
    cursor: tuple[int, int]


def changes_due(connection: Connection, name: str, limit: int) -> Due | None:
    """Return the next changes of all tenants for a publisher; None where there are none.

    A publisher begins with what is kept. Where what it had not sent yet was forgotten, it goes on
    with what is kept: its receivers take a snapshot from the API.
    """
    set_tenant_scope(connection, registry.known_tenants(connection))
    cursor = received_events.published(connection, name)
    oldest = registry_changes.oldest(connection)
    if cursor is None or cursor[0] < oldest:
        cursor = (oldest, 2**63 - 1)
    items, after = registry_changes.after_all(connection, cursor, limit)
    if not items:
        return None
    return Due(
        [
            (
                f"{one.change.tenant}/{one.kind}:{one.object}",
                registry_events.changed(
                    one.change.tenant,
                    f"{one.change.xid}.{one.change.change_id}",
                    one.kind,
                    one.change.operation,
                    one.object,
                    one.change.recorded_at,
                    one.data,
                ),
            )
            for one in items
            if one.change is not None
        ],
        after,
    )


def changes_published(
    connection: Connection, name: str, cursor: tuple[int, int], now_us: int
) -> None:
    """Note what a publisher has sent; the caller commits."""
    received_events.note_published(connection, name, cursor, from_us(now_us))
