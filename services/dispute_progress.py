"""What the steps of a case of the type driving-dispute mean for the score.

`services.case_steps` calls `follow` after each event of such a case, in the same transaction. The
trip is known by a time within it, as a customer says it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from customer_context.cases.case_state import Does, Event, Outcome, What
from runtime.errors import Invalid, NotAllowed, NotFound, Usage
from services import case_texts
from store.casework import cases
from store.people import customers
from store.postgres import roles
from store.postgres.merged import same_as
from store.postgres.pool import Connection
from store.postgres.times import from_us, to_us

CASE_TYPE = "driving-dispute"
TAKE_OUT = "take-out-of-score"
"""The action of the automatic step of that type."""
CLAIMED = "claimed"
WHOLE_TRIP = "trip"
NEAR_US = 30 * 60 * 1_000_000
"""A customer who names a time outside of every trip means the nearest one within half an hour."""


@dataclass(frozen=True, slots=True)
class Disputed:
    """trip : its id. event : kind and begin; None = the whole trip."""

    trip: str
    start_at: datetime
    end_at: datetime
    event: tuple[str, datetime] | None


def said_at(at: datetime, timezone: str) -> dict[str, str]:
    """Return the fields trip_day and trip_time of an instant."""
    local = at.astimezone(ZoneInfo(timezone))
    return {"trip_day": local.date().isoformat(), "trip_time": f"{local:%H:%M:%S}"}


def find(
    connection: Connection, tenant: str, customer: str | None, data: Mapping[str, Any]
) -> Disputed:
    """Return the trip or event that the data of a case name.

    Raises `Invalid` where there is none.
    """
    from store.reads import pages, scoring  # kernels are slow to import

    roles.set_tenant_scope(connection, (tenant,))
    person = None if customer is None else customers.person(connection, tenant, customer)
    if customer is None or person is None:
        raise Invalid("a trip is disputed for a customer: expected one")
    try:
        local = datetime.fromisoformat(f"{data['trip_day']}T{str(data['trip_time']).strip()}")
    except ValueError:
        raise Invalid("trip_time: expected a time such as 17:30") from None
    at_us = to_us(local.replace(tzinfo=ZoneInfo(person.timezone)))
    own = same_as(connection, tenant, customer)
    which = scoring.Which(
        tenant, customer, from_us=at_us - _us(days=2), to_us=at_us + NEAR_US + 1,
        also=tuple(one for one in own if one != customer),
    )  # fmt: skip
    trips = scoring.trips(connection, which)
    near = sorted(
        (max(start_us - at_us, at_us - end_us, 0), device, start_us, end_us)
        for device, start_us, end_us in zip(
            *(trips[name].tolist() for name in ("device", "start_us", "end_us")), strict=True
        )
    )
    if not near or near[0][0] > NEAR_US:
        raise Invalid(f"trip_time: this customer has no trip at {local:%Y-%m-%d %H:%M}")
    _, device, start_us, end_us = near[0]
    start, end = from_us(start_us), from_us(end_us)
    event = None
    if data["disputed"] != WHOLE_TRIP:
        found = [
            row["start_at"]
            for row in pages.events(connection, [(device, start, end)])
            if row["kind"] == data["disputed"]
        ]
        if not found:
            raise Invalid(f"disputed: there is no {data['disputed']} on this trip")
        nearest = min(found, key=lambda begin: abs(to_us(begin) - at_us))
        event = (str(data["disputed"]), nearest)
    return Disputed(f"{device}-{start_us}", start, end, event)


def follow(
    connection: Connection, case: Mapping[str, Any], event: Event, outcome: Outcome, author: str
) -> Sequence[Event]:
    """Write what an event of the case means; return what the program does next.

    Raises `Invalid` where the objection names no trip of the customer.
    """
    tenant, data = case["tenant"], outcome.state.data
    if event.what == What.COMPLETE and event.item == CLAIMED:
        found = find(connection, tenant, case["customer"], data)
        about = f"trip {found.start_at:%Y-%m-%d %H:%M} - {found.end_at:%H:%M} UTC"
        if found.event is not None:
            about = f"{found.event[0]} at {found.event[1]:%H:%M:%S} UTC of {about}"
        row = cases.lock(connection, tenant, case["case_id"])
        case_texts.write(connection, row, cases.AUTHOR, event.at_us, entries=[("note", about)])
    return [
        _take_out(connection, case, data, effect.item, author, event.at_us)
        for effect in outcome.effects
        if effect.does == Does.RUN and effect.name == TAKE_OUT
    ]


def _take_out(
    connection: Connection,
    case: Mapping[str, Any],
    data: Mapping[str, Any],
    item: str,
    author: str,
    at_us: int,
) -> Event:
    """Record that the trip or event does not count; return the end of the step."""
    from services import trip_counting  # its kernels are slow to import

    try:
        found = find(connection, case["tenant"], case["customer"], data)
        asked = trip_counting.Asked(
            case["tenant"], found.trip, found.event, False, data["disputed_because"],
            case["case_id"],
        )  # fmt: skip
        trip_counting.decide(connection, asked, author, at_us)
    except (Invalid, NotAllowed, NotFound, Usage) as error:
        return Event(What.FAIL, at_us, item, text=str(error)[:200])
    return Event(What.COMPLETE, at_us, item)


def _us(*, days: int) -> int:
    return timedelta(days=days) // timedelta(microseconds=1)
