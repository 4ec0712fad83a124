"""Corrections of readings, which a second person approves, and exchanges of meters."""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from contracts.approvals import CORRECT_READING
from contracts.quality import Quality
from customer_context.four_eyes.rule import Actor
from runtime.errors import Invalid, NotAllowed, NotFound
from services import four_eyes, meter_reading
from services.meter_reading import EXCHANGE_GAP, PURPOSE
from store.people import consent, meter_data, readings
from store.people.approvals import ChangeRow
from store.people.readings import NewReading
from store.postgres.pool import Connection
from store.postgres.times import from_us

_SUBJECT = "reading:"


def ask_correction(
    connection: Connection,
    actor: Actor,
    name: str,
    reading_id: str,
    kwh: float,
    reason: str,
    now_us: int,
) -> ChangeRow:
    """Ask to correct a reading or an estimate; a second person approves it.

    Raises `NotFound`, and `Refused` for who may not ask.
    """
    row = readings.get(connection, actor.tenant, reading_id)
    if row is None:
        raise NotFound(f"there is no reading {reading_id!r}")
    if row["replaced"]:
        raise NotAllowed("this reading was corrected already")
    asked = four_eyes.ask(
        connection, actor, name, CORRECT_READING, f"{_SUBJECT}{reading_id}", reason, now_us
    )
    meter_data.put_correction(
        connection, asked.request_id, actor.tenant, reading_id, row["customer"], kwh, reason,
        from_us(now_us),
    )  # fmt: skip
    return asked


def decide_correction(
    connection: Connection,
    actor: Actor,
    name: str,
    request_id: str,
    *,
    approved: bool,
    note: str,
    now_us: int,
) -> dict[str, Any] | None:
    """Approve or reject a correction; return the new reading, None where it is rejected.

    Once it is approved the change is made, in the name of who asked for it. Raises `Refused`,
    `NotFound`.
    """
    asked = meter_data.correction(connection, actor.tenant, request_id)
    if asked is None:
        raise NotFound(f"there is no correction {request_id!r}")
    verdict = "approved" if approved else "rejected"
    row = four_eyes.decide(connection, actor, name, request_id, verdict, note, now_us)
    if not approved:
        return None
    return _correct(connection, asked, row, now_us)


def _correct(
    connection: Connection, asked: Mapping[str, Any], row: ChangeRow, now_us: int
) -> dict[str, Any]:
    four_eyes.executed(connection, row, now_us)
    old = readings.get(connection, row.tenant, asked["reading_id"])
    assert old is not None, "its state was compared"
    device = readings.device_of(connection, row.tenant, old["meter"], old["read_at"])
    if device is None:
        raise NotAllowed("the readings of this meter come from a device of its own")
    counts = bool(old["counts"]) or device.by_hand
    if old["counts"]:
        readings.withdraw(connection, row.tenant, device, old["read_at"])
    new = NewReading(
        **{
            name: old[name]
            for name in ("tenant", "meter", "customer", "contract", "read_at", "expected_kwh",
                         "low_kwh", "high_kwh", "case_id", "kind")
        },
        reading_id=secrets.token_hex(16),
        kwh=asked["kwh"],
        source="utility",
        author=row.requester,
        entered_at=from_us(now_us),
        status=int(Quality.ABGELESEN),
        verdict=old["verdict"],
        confirmed=True,
        counts=counts,
        replaces=old["reading_id"],
        version=old["version"] + 1,
        reason=f"{asked['reason']} ({row.requester}, {row.decider})",
        key=hashlib.sha256(f"correction\0{row.request_id}".encode()).hexdigest(),
    )  # fmt: skip
    _store(connection, new, device, from_us(now_us))
    return _stored(connection, new)


def waiting(connection: Connection, tenant: str, now_us: int) -> list[dict[str, Any]]:
    """Return corrections that wait for a second person, of customers who agree."""
    rows = meter_data.waiting(connection, tenant, from_us(now_us))
    pairs = sorted({(tenant, row["customer"]) for row in rows if row["customer"]})
    granted = consent.granted_to(connection, pairs)
    return [row for row in rows if PURPOSE in granted.get((tenant, row["customer"]), {})]


def exchange(
    connection: Connection,
    tenant: str,
    meter_id: str,
    at: datetime,
    old_kwh: float,
    new_number: str,
    new_kwh: float,
    by: str,
    now_us: int,
) -> list[dict[str, Any]]:
    """Record that a meter was exchanged, with the last reading of the old one and the first of the
    new one; return both. The metering point gets the new number.

    Raises `NotFound`, `NotAllowed` without consent, `Invalid`.
    """
    if at > from_us(now_us):
        raise Invalid("at: expected a time that is not ahead")
    at = readings.time_in_stream(at)
    meter = meter_reading.meter_at(connection, tenant, meter_id, at, None)
    device = readings.device_of(connection, tenant, meter_id, at)
    if device is None:
        raise NotAllowed("the readings of this meter come from a device of its own")
    base = NewReading(
        reading_id=secrets.token_hex(16), tenant=tenant, meter=meter_id, customer=meter.customer,
        contract=meter.contract, read_at=at, kwh=old_kwh, source="utility", author=by,
        entered_at=from_us(now_us), status=int(Quality.ABGELESEN), verdict="plausible",
        expected_kwh=None, low_kwh=None, high_kwh=None, confirmed=True, counts=device.by_hand,
        replaces=None, version=1, reason="exchange", case_id=None,
        key=hashlib.sha256(f"exchange\0{new_number}\0old".encode()).hexdigest(),
        kind="exchange_old",
    )  # fmt: skip
    if readings.by_key(connection, tenant, meter_id, base.key) is not None:
        raise NotAllowed(f"the exchange for meter {new_number!r} is recorded already")
    if meter.number == new_number:
        raise Invalid("new_number: expected that of another meter")
    first = replace(
        base, reading_id=secrets.token_hex(16), read_at=at + EXCHANGE_GAP, kwh=new_kwh,
        key=hashlib.sha256(f"exchange\0{new_number}\0new".encode()).hexdigest(),
        kind="exchange_new",
    )  # fmt: skip
    meter_data.set_number(connection, tenant, meter_id, new_number)
    for new, number in ((base, meter.number), (first, new_number)):
        _store(connection, new, device, from_us(now_us), number)
    return [_stored(connection, base), _stored(connection, first)]


def _store(
    connection: Connection, new: NewReading, device: readings.Device, now: datetime,
    number: str | None = None,
) -> None:  # fmt: skip
    readings.put(connection, new)
    if new.status >= Quality.VORLAEUFIGERWERT:
        meter_data.put_event(
            connection, new.tenant, "reading.accepted", new.customer, new.reading_id, new.version,
            now,
        )  # fmt: skip
    quality = Quality(new.status) if new.counts else Quality.NICHT_VERWENDBAR
    readings.send(
        connection, new.tenant, device, new.read_at, new.kwh, quality, new.source, now, number
    )


def _stored(connection: Connection, new: NewReading) -> dict[str, Any]:
    stored = readings.get(connection, new.tenant, new.reading_id)
    assert stored is not None, "it was stored just now"
    return stored
