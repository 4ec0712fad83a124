"""Customers: an objection to a trip, or an event of one, that counts in their driving score."""

from typing import Annotated, Literal

from fastapi import APIRouter, Request, Response
from pydantic import Field

from api.http.answers import Shape, json
from api.http.auth import Call, needs
from api.http.idempotency import IdempotencyKey, once
from api.http.scopes import Scope
from api.routes.customers.own import OWN, CustomerId, TripId, only_own
from api.routes.insurers.trip_counting import CountedEvent, Given
from services import trip_disputes
from store.people.read_log import of_customers
from store.postgres.pool import Connection

router = APIRouter(prefix="/v1/customers/{customer_id}", tags=["customers"])


class NewDispute(Shape):
    """What should not count, and why. Without `event` it is the whole trip."""

    reason: Given
    event: CountedEvent | None = None
    words: str = Field(default="", max_length=2_000, description="In your own words.")


class Disputed(Shape):
    """The case in which a person decides."""

    case: str
    state: Literal["open", "in_progress", "resolved"]


@router.post("/trips/{trip_id}/dispute", status_code=201, responses={201: {"model": Disputed}})
def dispute_trip(
    request: Request,
    call: Annotated[Call, needs(Scope.INBOX_WRITE)],
    customer_id: CustomerId,
    trip_id: TripId,
    body: NewDispute,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Object to one of your trips, or an event of it. The same objection again joins its case."""
    only_own(call, customer_id)

    def work(connection: Connection) -> Response:
        event = None if body.event is None else (str(body.event.kind), body.event.started_at)
        row = trip_disputes.open_(
            connection, call.caller.tenant, customer_id, trip_id, event, body.reason,
            body.words.replace("\x00", ""), f"customer:{customer_id}", call.now_us,
        )  # fmt: skip
        call.log(connection, of_customers([customer_id]), "trips", OWN)
        return json(Disputed(case=row["case_id"], state=row["state"]), 201)

    return once(request, call, idempotency_key, body, work)
