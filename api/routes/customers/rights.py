"""Rights under the GDPR: a customer asks for their own, an agent records a letter or a call."""

from datetime import date, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import Field

from api.http import paging
from api.http.answers import Shape, json
from api.http.auth import Call, needs
from api.http.idempotency import IdempotencyKey, once
from api.http.paging import After, Limit, Page
from api.http.problems import not_found
from api.http.scopes import Scope
from api.resources import rights as resources
from api.resources.rights import LimitName, RightName, RightsOfCustomer, RightsRequest
from api.routes.customers.own import OWN, CustomerId, only_own
from contracts.rights import AskedBy, LimitKind, Right
from store.people import customers, read_log
from store.people.read_log import of_customers
from store.postgres.pool import Connection

router = APIRouter(prefix="/v1/customers/{customer_id}", tags=["customers"])

RightId = Annotated[str, Path(max_length=64, description="Id of a request.")]
_WHY = "rights"


class NewRightsRequest(Shape):
    """What is asked for. An objection and a rectification need details."""

    right: RightName
    details: str = Field(default="", max_length=4_000, description="In the customer's words.")


class RightsRequestChange(Shape):
    """extend : by two months, once, by staff and with a reason; withdraw : it is taken back."""

    action: Literal["extend", "withdraw"]
    reason: str = Field(default="", max_length=1_000)


class LimitEnd(Shape):
    """Which limit ends."""

    kind: LimitName


class ReadDay(Shape):
    """Who read your data on a day, what and how often."""

    day: date
    role: str
    reader: str
    what: list[str]
    times: int
    last_at: datetime


PageOfReadDays = Page[ReadDay]


@router.get("/rights", responses={200: {"model": RightsOfCustomer}})
def list_rights(
    call: Annotated[Call, needs(Scope.RIGHTS_READ)], customer_id: CustomerId
) -> Response:
    """Requests under the GDPR with state, deadline and proof, newest first."""
    with call.connection() as connection:
        _check(connection, call, customer_id)
        call.log(connection, of_customers([customer_id]), "rights", _why(call))
        return json(_all(connection, call, customer_id))


@router.post("/rights", status_code=201, responses={201: {"model": RightsRequest}})
def ask_right(
    request: Request,
    call: Annotated[Call, needs(Scope.RIGHTS_WRITE)],
    customer_id: CustomerId,
    body: NewRightsRequest,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Ask for a right. It is answered within a month; 409 where the same is asked for already.

    A copy of the data is ready within a minute, a restriction and an objection take effect at once.
    """

    def work(connection: Connection) -> Response:
        _check(connection, call, customer_id)
        own = call.caller.customer is not None
        made = resources.rights(call.deps).ask(
            connection,
            call.caller.tenant,
            customer_id,
            Right(body.right),
            call.now_us,
            asked_by=AskedBy.API if own else AskedBy.DESK,
            author=_author(call),
            details=body.details.replace("\x00", ""),
        )
        return json(resources.shape(made, own=own), 201)

    return once(request, call, idempotency_key, body, work)


@router.get("/rights/{right_id}", responses={200: {"model": RightsRequest}})
def get_rights_request(
    call: Annotated[Call, needs(Scope.RIGHTS_READ)], customer_id: CustomerId, right_id: RightId
) -> Response:
    """One request."""
    with call.connection() as connection:
        _check(connection, call, customer_id)
        call.log(connection, of_customers([customer_id]), "rights", _why(call))
        found = resources.rights(call.deps).get(
            connection, call.caller.tenant, customer_id, right_id, call.now_us
        )
    return json(resources.shape(found, own=call.caller.customer is not None))


@router.post("/rights/{right_id}", responses={200: {"model": RightsRequest}})
def change_rights_request(
    call: Annotated[Call, needs(Scope.RIGHTS_WRITE)],
    customer_id: CustomerId,
    right_id: RightId,
    body: RightsRequestChange,
) -> Response:
    """Take a request back, or extend its period."""
    rights, tenant = resources.rights(call.deps), call.caller.tenant
    own = call.caller.customer is not None
    with call.connection() as connection:
        _check(connection, call, customer_id)
        if body.action == "withdraw":
            found = rights.withdraw(
                connection, tenant, customer_id, right_id, _author(call), call.now_us
            )
        elif own:
            raise not_found()
        else:
            found = rights.extend(
                connection, tenant, customer_id, right_id, body.reason.replace("\x00", ""),
                _author(call), call.now_us,
            )  # fmt: skip
    return json(resources.shape(found, own=own))


@router.get(
    "/rights/{right_id}/copy",
    response_class=StreamingResponse,
    responses={
        200: {"content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}}}
    },
)
def get_data_copy(
    call: Annotated[Call, needs(Scope.DATA_READ)], customer_id: CustomerId, right_id: RightId
) -> Response:
    """The copy of your data that a request was answered with; for 14 days. Only you can read it."""
    only_own(call, customer_id)
    return resources.download(call, customer_id, right_id)


@router.post("/limits/end", responses={200: {"model": RightsOfCustomer}})
def end_limit(
    call: Annotated[Call, needs(Scope.RIGHTS_WRITE)], customer_id: CustomerId, body: LimitEnd
) -> Response:
    """End a restriction, or take an objection back; 409 where none is in force."""
    with call.connection() as connection:
        _check(connection, call, customer_id)
        resources.rights(call.deps).end_limit(
            connection, call.caller.tenant, customer_id, LimitKind(body.kind), _author(call),
            call.now_us,
        )  # fmt: skip
        return json(_all(connection, call, customer_id))


@router.get("/reads/days", responses={200: {"model": PageOfReadDays}})
def list_own_read_days(
    call: Annotated[Call, needs(Scope.DATA_READ)],
    customer_id: CustomerId,
    after: After = None,
    limit: Limit = 50,
) -> Response:
    """Who read your data: one row a day and reader, newest first. Your own reads are not in it."""
    only_own(call, customer_id)
    cursor = paging.decode("read_days", after, paging.day, paging.text, paging.text)
    tenant = call.caller.tenant
    with call.connection() as connection:
        person = customers.person(connection, tenant, customer_id)
        if person is None:
            raise not_found()
        rows = read_log.days_of_customer(
            connection,
            tenant,
            customer_id,
            person.timezone,
            after=None if cursor is None else (cursor[0], cursor[1], cursor[2]),
            limit=limit + 1,
            own=False,
        )
        call.log(connection, of_customers([customer_id]), "log of reads", OWN)
    shown, page = paging.cut(
        rows, limit, lambda row: paging.encode("read_days", row["day"], row["role"], row["reader"])
    )
    data = [
        ReadDay(
            day=row["day"], role=row["role"], reader=row["reader"], what=row["whats"],
            times=row["times"], last_at=row["last_at"],
        )
        for row in shown
    ]  # fmt: skip
    return json(PageOfReadDays(data=data, pagination=page))


def _all(connection: Connection, call: Call, customer_id: str) -> RightsOfCustomer:
    rights, tenant = resources.rights(call.deps), call.caller.tenant
    own = call.caller.customer is not None
    found = rights.of_customer(connection, tenant, customer_id, call.now_us)
    limits = rights.limits_of(connection, tenant, customer_id)
    return RightsOfCustomer(
        data=[resources.shape(one, own=own) for one in found],
        limits=[
            resources.ProcessingLimit(kind=kind.value, since=since)
            for kind, since in sorted(limits.items())
        ],
    )


def _check(connection: Connection, call: Call, customer_id: str) -> None:
    """Raise 404 for a customer that the caller may not ask about."""
    if call.caller.customer is not None:
        only_own(call, customer_id)
    elif not customers.customer_exists(connection, call.caller.tenant, customer_id):
        raise not_found()


def _author(call: Call) -> str:
    own = call.caller.customer
    return call.caller.name if own is None else f"customer:{own}"


def _why(call: Call) -> str:
    return _WHY if call.caller.customer is None else OWN
