"""Corrections of readings, values released for billing, and what leaves as events."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from psycopg.types.json import Jsonb

from store.people import registry
from store.people.consent import DECIDED
from store.postgres import notify, rows
from store.postgres.pool import Connection, scalar


def put_correction(
    connection: Connection,
    request_id: str,
    tenant: str,
    reading_id: str,
    customer: str | None,
    kwh: float,
    reason: str,
    now: datetime,
) -> None:
    """Store what a request for a correction asks for."""
    connection.execute(
        "insert into customers.reading_correction (request_id, tenant, reading_id, customer, kwh, "
        "reason, asked_at) values (%s, %s, %s, %s, %s, %s, %s)",
        (request_id, tenant, reading_id, customer, kwh, reason, now),
    )


_CORRECTION = (
    "select c.request_id, c.reading_id, c.kwh, c.reason, c.asked_at, e.meter, e.customer, "
    "e.read_at, e.kwh as old_kwh, e.status, e.source, r.requester, r.requested_by, r.expires_at "
    "from customers.reading_correction c join customers.entered_reading e using (reading_id) "
    "join access.change_request r using (request_id) "
)


def correction(connection: Connection, tenant: str, request_id: str) -> dict[str, Any] | None:
    """Return one correction with the reading as it is."""
    return rows.one(
        connection,
        f"{_CORRECTION} where c.tenant = %s and c.request_id = %s",
        (tenant, request_id),
    )


def waiting(connection: Connection, tenant: str, now: datetime) -> list[dict[str, Any]]:
    """Return corrections that wait for a second person, oldest first."""
    return rows.all_(
        connection,
        f"{_CORRECTION} where c.tenant = %s and r.expires_at > %s and not exists "
        "(select from access.change_decision d where d.request_id = c.request_id) "
        "and not exists (select from customers.entered_reading n where n.replaces = e.reading_id) "
        "order by c.asked_at, c.request_id limit 200",
        (tenant, now),
    )


def set_number(connection: Connection, tenant: str, meter: str, number: str) -> None:
    """Give a metering point the number of another meter."""
    connection.execute(
        "update customers.meter set number = %s where tenant = %s and meter = %s",
        (number, tenant, meter),
    )
    registry.bump(connection)


_CONTRACT = (
    "select c.contract, c.customer, c.meter, coalesce(m.timezone, t.timezone) as timezone "
    "from customers.contract c join customers.meter m using (tenant, meter) "
    "join customers.tenant t using (tenant) cross join lateral ("
    + DECIDED.format(tenant="c.tenant", customer="c.customer", purpose="'energy_insight'")
    + ") as d where d.state = 'granted' and c.tenant = %s and c.valid_from < %s::date + 1 "
    "and (c.valid_to is null or c.valid_to >= %s::date)"
)


def contracts(
    connection: Connection, tenant: str, start: date, end: date, limit: int
) -> list[dict[str, Any]]:
    """Return contracts of meters that cover a period and whose customers agree, by contract."""
    return rows.all_(
        connection, f"{_CONTRACT} order by c.contract limit %s", (tenant, start, end, limit)
    )


def contract(
    connection: Connection, tenant: str, contract_id: str, start: date, end: date
) -> dict[str, Any] | None:
    """Return one of `contracts`."""
    return rows.one(
        connection, f"{_CONTRACT} and c.contract = %s", (tenant, start, end, contract_id)
    )


def put_value(
    connection: Connection,
    tenant: str,
    contract_id: str,
    start: date,
    end: date,
    meter: str,
    customer: str,
    body: dict[str, Any],
    now: datetime,
    by: str,
) -> int:
    """Store a released value; return its version. The same value again stays as it is."""
    newest = rows.one(
        connection,
        "select version, body from customers.billing_value where tenant = %s and contract = %s "
        "and start_on = %s and end_on = %s order by version desc limit 1",
        (tenant, contract_id, start, end),
    )
    if newest is not None and newest["body"] == body:
        return int(newest["version"])
    version = 1 if newest is None else int(newest["version"]) + 1
    connection.execute(
        "insert into customers.billing_value (tenant, contract, start_on, end_on, version, meter, "
        "customer, body, released_at, released_by) "
        "values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        (tenant, contract_id, start, end, version, meter, customer, Jsonb(body), now, by),
    )
    return version


def released(
    connection: Connection, tenant: str, contract_id: str, start: date, end: date
) -> int | None:
    """Return the newest version that was released for a period; None = none."""
    found = scalar(
        connection,
        "select max(version) from customers.billing_value where tenant = %s and contract = %s "
        "and start_on = %s and end_on = %s",
        (tenant, contract_id, start, end),
    )
    return None if found is None else int(found)


def put_event(
    connection: Connection,
    tenant: str,
    kind: str,
    customer: str | None,
    ref: str,
    version: int,
    now: datetime,
) -> None:
    """Let a reading or value leave to the utility's systems, once for each version."""
    connection.execute(
        "insert into contacts.meter_event (tenant, kind, customer, ref, version, due_at) "
        "values (%s, %s, %s, %s, %s, %s) on conflict do nothing",
        (tenant, kind, customer, ref, version, now),
    )
    notify.wake(connection, notify.CONTACT)


def due(connection: Connection, now: datetime, limit: int) -> list[dict[str, Any]]:
    """Lock and return events that wait, oldest first, without those that another worker has."""
    return rows.all_(
        connection,
        "select e.event_id, e.tenant, e.kind, e.customer, e.ref, e.version, e.due_at, "
        "r.meter, r.contract, r.read_at, r.kwh, r.status, r.source, r.replaces "
        "from contacts.meter_event e left join customers.entered_reading r "
        "on e.kind = 'reading.accepted' and r.reading_id = e.ref "
        "where e.done_at is null and e.due_at <= %s order by e.due_at, e.event_id limit %s "
        "for update of e skip locked",
        (now, limit),
    )


def value(connection: Connection, tenant: str, ref: str, version: int) -> dict[str, Any] | None:
    """Return a released value by the reference of its event."""
    return rows.one(
        connection,
        "select contract, start_on, end_on, version, meter, body from customers.billing_value "
        "where tenant = %s and contract || ' ' || start_on || ' ' || end_on = %s and version = %s",
        (tenant, ref, version),
    )


def done(connection: Connection, event_id: int, reason: str, now: datetime) -> None:
    """Record that a locked event was handed over, or why not."""
    connection.execute(
        "update contacts.meter_event set done_at = %s, reason = %s where event_id = %s",
        (now, reason, event_id),
    )


def events(connection: Connection, tenant: str, limit: int = 10_000) -> list[dict[str, Any]]:
    """Return the newest events of a tenant: which reading or value of which meter, its version,
    and when."""
    return rows.all_(
        connection,
        "select e.event_id, e.kind, e.customer, e.ref, e.version, e.due_at, e.done_at, e.reason, "
        "coalesce(r.meter, v.meter) as meter, coalesce(r.contract, v.contract) as contract, "
        "r.read_at, coalesce(r.kwh, (v.body->>'kwh')::float8) as kwh, v.start_on, v.end_on "
        "from (select * from contacts.meter_event where tenant = %s "
        "order by event_id desc limit %s) e left join customers.entered_reading r "
        "on e.kind = 'reading.accepted' and r.reading_id = e.ref "
        "left join customers.billing_value v on e.kind = 'billing.value.released' "
        "and v.tenant = e.tenant and v.customer = e.customer and v.version = e.version "
        "and v.contract || ' ' || v.start_on || ' ' || v.end_on = e.ref order by e.event_id desc",
        (tenant, limit),
    )


def renew(connection: Connection, event_ids: Sequence[int]) -> None:
    """Let events wait again that were handed over to nobody."""
    connection.execute(
        "update contacts.meter_event set done_at = null, reason = '' where event_id = any(%s)",
        (list(event_ids),),
    )
    notify.wake(connection, notify.CONTACT)
