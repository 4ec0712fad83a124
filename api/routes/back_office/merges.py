"""Back office and supervisors: customers who are one and the same, merged and split again."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from pydantic import Field

from api.http.answers import Shape, json
from api.http.auth import Call, needs
from api.http.idempotency import IdempotencyKey, once
from api.http.problems import not_found
from api.http.scopes import Scope
from services import matching, merging
from services.matching import Second
from store.people import customers, merges
from store.people.merges import Merge
from store.people.read_log import of_customers
from store.postgres.pool import Connection

router = APIRouter(prefix="/v1/customers/{customer_id}", tags=["back office"])

CustomerId = Annotated[str, Path(max_length=64)]
_WHY = "back office"


class IntoCustomer(Shape):
    """Into whom a customer is merged, and why."""

    into: str = Field(min_length=1, max_length=64, description="The customer who stands for both.")
    reason: str = Field(min_length=3, max_length=500, description="Why they are the same.")
    overrule: bool = Field(
        default=False,
        description="Also where a person kept them apart, or where they have only in common what "
        "others use too.",
    )


class WhySplit(Shape):
    """Why a customer is not the same as the one into whom it was merged."""

    reason: str = Field(min_length=3, max_length=500)


class MergedCustomer(Shape):
    """A merge. split_at : null = it is in force."""

    merged: str
    survivor: str
    reason: str
    merged_at: datetime
    merged_by: str
    split_at: datetime | None
    split_by: str | None
    split_reason: str | None


class Merges(Shape):
    """All merges that a customer is, or was, in; newest first."""

    data: list[MergedCustomer]


Write = Annotated[Call, needs(Scope.CUSTOMERS_MERGE)]


@router.get("/merges", responses={200: {"model": Merges}})
def list_merges(call: Write, customer_id: CustomerId) -> Response:
    """The merges that a customer is, or was, in, newest first."""
    with call.connection() as connection:
        if not customers.customer_exists(connection, call.caller.tenant, customer_id):
            raise not_found()
        found = merges.history(connection, call.caller.tenant, customer_id)
        call.log(connection, of_customers([customer_id]), "merges", _WHY)
    return json(Merges(data=[merged_customer(merge) for merge in found]))


@router.post("/merge", responses={200: {"model": MergedCustomer}})
def merge_customer(
    request: Request,
    call: Write,
    customer_id: CustomerId,
    body: IntoCustomer,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Merge a customer into another one, who stands for both from now on. Nothing is moved, and a
    split gives back what was. Of consents the narrower one counts until the customer decides anew;
    agents who ask for the merged customer are led to the other one (307)."""

    def work(connection: Connection) -> Response:
        matching.approve(
            connection, call.caller.tenant, customer_id, body.into, second_of(call), call.now_us
        )
        done = merging.merge(
            connection,
            call.caller.tenant,
            customer_id,
            body.into,
            body.reason,
            call.caller.name,
            call.now_us,
            overrule=body.overrule,
        )
        call.log(connection, of_customers([customer_id, body.into]), "merge", _WHY)
        return json(merged_customer(done))

    return once(request, call, idempotency_key, body, work)


@router.post("/split", responses={200: {"model": MergedCustomer}})
def split_customer(
    request: Request,
    call: Write,
    customer_id: CustomerId,
    body: WhySplit,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Split a merged customer from the one who stands for it. What was withdrawn meanwhile stays
    withdrawn for both."""

    def work(connection: Connection) -> Response:
        done = merging.split(
            connection, call.caller.tenant, customer_id, body.reason, call.caller.name, call.now_us
        )
        call.log(connection, of_customers([customer_id, done.survivor]), "split", _WHY)
        return json(merged_customer(done))

    return once(request, call, idempotency_key, body, work)


def second_of(call: Call) -> Second:
    """Return who merges, and which merges need a second person."""
    below = matching.four_eyes_below(call.deps.settings, call.caller.tenant)
    return Second(call.caller.actor, below)


def merged_customer(merge: Merge) -> MergedCustomer:
    """Return the shape of a merge."""
    return MergedCustomer(**{name: getattr(merge, name) for name in MergedCustomer.model_fields})
