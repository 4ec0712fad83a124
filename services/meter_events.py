"""Accepted readings and released values, on their way to the systems of the utility.

An event is a row that is written with the reading or value. One contact for each receiver is made
of it, in the transaction that marks the row, so that a kill between the two loses nothing and
doubles nothing. The delivery of the contact is the acknowledgement. Where Kafka feeds the store an
event is published on `customers.changes` as well; Kafka's acknowledgement is its one.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any
from urllib.parse import quote

from contracts.contacts import contact_id
from contracts.purposes import Purpose
from contracts.quality import Quality
from services.visibility import TYPED
from store.casework import contacts, receivers
from store.casework.contacts import NewContact
from store.people import consent, meter_data
from store.postgres import roles
from store.postgres.pool import Connection
from store.postgres.times import from_us
from store.signals import publications

BATCH = 100
GONE = "gone"
"""What the event is about is no longer there: nothing can be sent."""
MOST_AGAIN = 10_000
_SIDE = "utility"


def decide_due(connection: Connection, now_us: int, limit: int = BATCH) -> int:
    """Hand over events that wait, in the caller's transaction; return their number."""
    rows = meter_data.due(connection, from_us(now_us), limit)
    for row in rows:
        meter_data.done(
            connection, row["event_id"], _hand_over(connection, row, now_us), from_us(now_us)
        )
    return len(rows)


def _hand_over(connection: Connection, row: Mapping[str, Any], now_us: int) -> str:
    """Make the contacts of an event; return why there is none, else ''."""
    tenant = row["tenant"]
    data = _reading(row) if row["meter"] is not None else _value(connection, row)
    if data is None:
        return GONE
    by_kafka = False
    if Purpose.ENERGY_INSIGHT in consent.granted_of(connection, tenant, row["customer"] or ""):
        by_kafka = publications.put_event(
            connection, row["event_id"], tenant, row["customer"], _cloud_event(row, data)
        )
    to = receivers.active(connection, [tenant]).get((tenant, _SIDE), [])
    if not to and not by_kafka:
        return "no system takes events: tachowatt receiver add"
    contacts.put(connection, [_contact(row, data, one) for one in to], now_us)
    return ""


class Acknowledged(StrEnum):
    """Where an event is on its way."""

    WAITING = "waiting"  # the contacts process takes it next
    NOBODY = "nobody"  # no system took it; the reason says why
    SENT = "sent"  # and not acknowledged yet by every receiver
    FAILED = "failed"  # a receiver has not acknowledged it, and it is not sent again by itself
    YES = "acknowledged"  # by every receiver


def listed(
    connection: Connection, tenant: str, *, open_only: bool = False, limit: int = 200
) -> list[dict[str, Any]]:
    """Return events, newest first, each with `state` (`Acknowledged`).

    open_only : without those that every receiver has acknowledged
    """
    rows = meter_data.events(connection, tenant)
    receivers_of = receivers.ids(connection, tenant)
    ids = {row["event_id"]: [_id_of(row, one) for one in receivers_of] for row in rows}
    states = contacts.states(connection, tenant, [one for many in ids.values() for one in many])
    roles.set_tenant_scope(connection, [tenant])
    waiting = publications.events_waiting(connection, list(ids))
    by_kafka = publications.by_kafka(connection)
    found: list[dict[str, Any]] = []
    for row in rows:
        sent = [states[one] for one in ids[row["event_id"]] if one in states]
        if by_kafka and row["done_at"] is not None and not row["reason"]:
            sent.append("pending" if row["event_id"] in waiting else "delivered")
        state = _state(row, sent)
        if not open_only or state is not Acknowledged.YES:
            found.append({**row, "state": state})
    return found[:limit]


def shown(
    connection: Connection, tenant: str, *, open_only: bool = False, limit: int = 200
) -> list[dict[str, Any]]:
    """Return those of `listed` whose customers agree to energy insight."""
    rows = listed(connection, tenant, open_only=open_only, limit=MOST_AGAIN)
    pairs = sorted({(tenant, row["customer"]) for row in rows if row["customer"]})
    granted = consent.granted_to(connection, pairs)
    mine = [
        row
        for row in rows
        if Purpose.ENERGY_INSIGHT in granted.get((tenant, row["customer"]), {}) and row["meter"]
    ]
    return mine[:limit]


def _state(row: Mapping[str, Any], sent: Sequence[str]) -> Acknowledged:
    if row["done_at"] is None:
        return Acknowledged.WAITING
    if not sent:
        return Acknowledged.NOBODY
    if any(one in ("failed", "refused", "cancelled") for one in sent):
        return Acknowledged.FAILED
    return Acknowledged.SENT if "pending" in sent else Acknowledged.YES


def send_again(connection: Connection, tenant: str, now_us: int) -> int:
    """Send what nobody took and what has failed; return the number of events. The caller commits.

    Receivers get the same ids: one that has an event already knows it.
    """
    rows = listed(connection, tenant, open_only=True, limit=MOST_AGAIN)
    nobody = [
        row["event_id"]
        for row in rows
        if row["state"] is Acknowledged.NOBODY and row["reason"] != GONE
    ]
    meter_data.renew(connection, nobody)
    failed = [row for row in rows if row["state"] is Acknowledged.FAILED]
    to = receivers.ids(connection, tenant)
    ids = [_id_of(row, one) for row in failed for one in to]
    contacts.resend(connection, tenant, ids, now_us)
    return len(nobody) + len(failed)


def _cloud_event(row: Mapping[str, Any], data: Mapping[str, Any]) -> dict[str, Any]:
    tenant, kind = row["tenant"], row["kind"]
    return {
        "specversion": "1.0",
        "id": f"{kind} {row['ref']} {row['version']}",
        "source": quote(f"/{tenant}/metering", safe="/:@~!$&'()*+,;="),
        "type": kind,
        "subject": f"meter:{data['meter']}",
        "time": row["due_at"].isoformat(),
        "datacontenttype": "application/json",
        "tenant": tenant,
        "data": dict(data),
    }


def _id_of(row: Mapping[str, Any], receiver: int) -> str:
    return contact_id(f"{row['kind']} {row['ref']}", TYPED, str(row["version"]), receiver)


def _reading(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "reading_id": row["ref"],
        "version": row["version"],
        "meter": row["meter"],
        "contract": row["contract"],
        "read_at": row["read_at"].isoformat(),
        "kwh": row["kwh"],
        "status": Quality(row["status"]).name,
        "source": row["source"],
        "replaces": row["replaces"],
    }


def _value(connection: Connection, row: Mapping[str, Any]) -> dict[str, Any] | None:
    found = meter_data.value(connection, row["tenant"], row["ref"], row["version"])
    if found is None:
        return None
    return {
        "contract": found["contract"],
        "meter": found["meter"],
        "start_on": found["start_on"].isoformat(),
        "end_on": found["end_on"].isoformat(),
        "version": found["version"],
        **found["body"],
    }


def _contact(row: Mapping[str, Any], data: dict[str, Any], receiver: int) -> NewContact:
    kind = row["kind"]
    return NewContact(
        contact_id=_id_of(row, receiver),
        tenant=row["tenant"],
        customer=row["customer"],
        channel="webhook",
        receiver_id=receiver,
        address=None,
        purpose=Purpose.ENERGY_INSIGHT,
        language="en",
        type=kind,
        subject="",
        body="",
        payload={"type": kind, "timestamp": row["due_at"].isoformat(), "data": data},
        urgent=False,
        signal_id=None,
        signal_revision=None,
        playbook=TYPED,
        treatment="event",
        case_id=None,
        alert_id=None,
    )
