"""Accepted readings and released values, on their way to the systems of the utility.

An event is a row that is written with the reading or value. One contact for each receiver is made
of it, in the transaction that marks the row, so that a kill between the two loses nothing and
doubles nothing. The delivery of the contact is the acknowledgement.
"""

from collections.abc import Mapping
from typing import Any

from contracts.contacts import contact_id
from contracts.purposes import Purpose
from contracts.quality import Quality
from services.visibility import TYPED
from store.casework import contacts, receivers
from store.casework.contacts import NewContact
from store.people import meter_data
from store.postgres.pool import Connection
from store.postgres.times import from_us

BATCH = 100
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
        return "gone"
    to = receivers.active(connection, [tenant]).get((tenant, _SIDE), [])
    if not to:
        return "no system takes events: tachowatt receiver add"
    contacts.put(connection, [_contact(row, data, one) for one in to], now_us)
    return ""


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
        contact_id=contact_id(f"{kind} {row['ref']}", TYPED, str(row["version"]), receiver),
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
