"""Disputes: whether a trip, or an event of one, counts in the driving score."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Request, Response
from pydantic import Field

from api.http.answers import Instant, Shape, json
from api.http.auth import Call, needs
from api.http.idempotency import IdempotencyKey, once
from api.http.scopes import Scope
from api.resources.subjects import invalid
from contracts.purposes import Purpose
from runtime.errors import Usage
from services import trip_counting
from services.trip_counting import Asked
from store.people.read_log import of_subject
from store.postgres.pool import Connection

router = APIRouter(prefix="/v1/trips/{trip_id}/counting", tags=["insurers"])

TripId = Annotated[str, Path(max_length=64)]
Event = Literal["harsh_braking", "harsh_acceleration", "harsh_cornering", "speeding"]
Reason = Literal[
    "passenger", "not_driving", "pothole", "emergency", "wrong_limit", "wrong_data", "replayed",
    "counts_again",
]  # fmt: skip
Given = Literal["passenger", "not_driving", "pothole", "emergency", "wrong_limit", "wrong_data"]


class CountedEvent(Shape):
    """An event of the trip, by its kind and begin."""

    kind: Event
    started_at: Instant


class NewCounting(Shape):
    """A decision. Without `event` it is about the whole trip."""

    counts: bool = Field(description="false takes it out of the score, true puts it back.")
    reason: Given | None = Field(default=None, description="Required to take something out.")
    event: CountedEvent | None = None
    case_id: str | None = Field(
        default=None, max_length=64, description="The case in whose diary it is written."
    )


class Counting(Shape):
    """A decision about a trip or an event. The newest of each holds."""

    event: Event | None
    happened_at: datetime = Field(description="Within the trip; of an event its begin.")
    counts: bool
    reason: Reason
    decided_by: str
    decided_at: datetime
    case_id: str | None


class Countings(Shape):
    """All decisions about a trip, in the order in which they were made."""

    data: list[Counting]


class Counted(Counting):
    """The decision, and the driver's score before and after it."""

    score_before: float | None
    score_after: float | None


@router.get("", responses={200: {"model": Countings}})
def list_countings(call: Annotated[Call, needs(Scope.SCORES_WRITE)], trip_id: TripId) -> Response:
    """Decisions whether a trip, or an event of it, counts in the score."""
    tenant = call.caller.tenant
    with call.connection() as connection:
        trip = trip_counting.find(connection, tenant, trip_id)
        _log(call, connection, trip)
        span = (trip["device_id"], trip["start_at"], trip["end_at"])
        rows = trip_counting.decided(connection, tenant, [span])[trip_id]
    return json(Countings(data=[Counting(**_fields(row)) for row in rows]))


@router.post("", status_code=201, responses={201: {"model": Counted}})
def decide_counting(
    request: Request,
    call: Annotated[Call, needs(Scope.SCORES_WRITE)],
    trip_id: TripId,
    body: NewCounting,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Take a trip or an event out of the score, or put it back. The score follows at once."""

    def work(connection: Connection) -> Response:
        tenant = call.caller.tenant
        _log(call, connection, trip_counting.find(connection, tenant, trip_id))
        event = None if body.event is None else (str(body.event.kind), body.event.started_at)
        asked = Asked(tenant, trip_id, event, body.counts, body.reason, body.case_id)
        try:
            row = trip_counting.decide(connection, asked, call.caller.name, call.now_us)
        except Usage as error:
            raise invalid("body.reason", str(error)) from None
        scores = {name: row[name] for name in ("score_before", "score_after")}
        return json(Counted(**_fields(row), **scores), 201)

    return once(request, call, idempotency_key, body, work)


def _log(call: Call, connection: Connection, trip: dict[str, Any]) -> None:
    read = of_subject(trip["customer"], f"vehicle:{trip['vehicle']}")
    call.log(connection, read, "trips", Purpose.DRIVING_SCORE)


def _fields(row: dict[str, Any]) -> dict[str, Any]:
    names = ("event", "counts", "reason", "decided_by", "decided_at", "case_id")
    return {"happened_at": row["at"], **{name: row[name] for name in names}}
