"""Agents: where a customer can be reached."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import Field

from api.http.answers import Instant, Shape, json
from api.http.auth import Call, needs
from api.http.idempotency import IdempotencyKey, once
from api.http.problems import not_found
from api.http.scopes import Scope
from api.resources import contact_points
from api.resources.contact_points import ContactPoint, Kind
from api.resources.subjects import invalid
from contracts.contact_points import MAX_LENGTH, NotUsable
from services.contact_points import NewPoint
from store.people import customers
from store.postgres.pool import Connection
from store.postgres.times import from_us

router = APIRouter(prefix="/v1/customers/{customer_id}/contact-points", tags=["agents"])

CustomerId = Annotated[str, Path(max_length=64)]
PointId = Annotated[str, Path(max_length=64)]
_WHY = "service"


class NewContactPoint(Shape):
    """A number or address to record. The same one again changes what is given."""

    kind: Kind
    value: str = Field(min_length=1, max_length=MAX_LENGTH)
    preferred: bool = False
    verified_at: Instant | None = Field(
        default=None, description="When it was checked that it reaches the customer."
    )
    valid_from: Instant | None = Field(default=None, description="Default: now.")
    valid_to: Instant | None = None


class ContactPoints(Shape):
    """The contact points of a customer, preferred first."""

    data: list[ContactPoint]


class Recorded(Shape):
    """A contact point was recorded. Its value is in GET …/contact-points only."""

    id: str
    kind: Kind
    recorded_at: datetime


@router.get("", responses={200: {"model": ContactPoints}})
def list_contact_points(
    call: Annotated[Call, needs(Scope.CONTEXT_READ)],
    customer_id: CustomerId,
    ended: Annotated[bool, Query(description="Also those that are no longer valid.")] = False,
) -> Response:
    """Where a customer can be reached, preferred first."""
    with call.connection() as connection:
        _known(connection, call, customer_id)
        at = None if ended else from_us(call.now_us)
        found = contact_points.points(call.deps).of_customer(
            connection, call.caller.tenant, customer_id, at
        )
        read = contact_points.reads(customer_id, found)
        call.log(connection, read, "contact points", _WHY)
    return json(ContactPoints(data=[contact_points.shape(point) for point in found]))


@router.post("", status_code=201, responses={201: {"model": Recorded}})
def record_contact_point(
    request: Request,
    call: Annotated[Call, needs(Scope.CUSTOMERS_WRITE)],
    customer_id: CustomerId,
    body: NewContactPoint,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Record a number or address of a customer."""

    def work(connection: Connection) -> Response:
        _known(connection, call, customer_id)
        new = NewPoint(
            call.caller.tenant,
            customer_id,
            body.kind,
            body.value,
            body.preferred,
            body.verified_at,
            body.valid_from,
            body.valid_to,
        )
        try:
            found = contact_points.points(call.deps).record(
                connection, new, call.caller.name, call.now_us
            )
        except NotUsable as error:
            raise invalid("body.value", str(error)) from None
        answer = Recorded(id=found.point_id, kind=found.kind, recorded_at=found.recorded_at)  # type: ignore[arg-type]  # one of Kind
        return json(answer, 201)

    return once(request, call, idempotency_key, body, work)


@router.post("/{point_id}/end", responses={200: {"model": ContactPoint}})
def end_contact_point(
    call: Annotated[Call, needs(Scope.CUSTOMERS_WRITE)],
    customer_id: CustomerId,
    point_id: PointId,
) -> Response:
    """End a contact point: the customer is not reached there any more."""
    with call.connection() as connection:
        found = contact_points.points(call.deps).end(
            connection, call.caller.tenant, customer_id, point_id, call.now_us
        )
        read = contact_points.reads(customer_id, [found])
        call.log(connection, read, "contact points", _WHY)
    return json(contact_points.shape(found))


def _known(connection: Connection, call: Call, customer_id: str) -> None:
    if not customers.customer_exists(connection, call.caller.tenant, customer_id):
        raise not_found()
