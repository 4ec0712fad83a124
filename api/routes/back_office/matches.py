"""Back office and supervisors: customers who may be one, and what a person decides about them."""

from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from pydantic import Field

from api.http import paging
from api.http.answers import Shape, json
from api.http.auth import Call, needs
from api.http.idempotency import IdempotencyKey, once
from api.http.paging import After, Limit, Page, Pagination
from api.http.scopes import Scope
from api.resources import contact_points
from api.resources.contact_points import ContactPoint
from api.routes.back_office.merges import MergedCustomer, merged_customer, second_of
from services import matching
from services.matching import Side
from store.people.read_log import of_customers
from store.postgres.pool import Connection

router = APIRouter(prefix="/v1/matches", tags=["back office"])

CustomerId = Annotated[str, Path(max_length=64)]
_WHY = "back office"


class MatchedCustomer(Shape):
    """One of both, as it was entered."""

    id: str
    name: str
    birth_date: date | None
    contracts: int
    contact_points: list[ContactPoint]


class DoubtfulPair(Shape):
    """Two customers who may be one."""

    one: MatchedCustomer
    other: MatchedCustomer
    score: float = Field(description="How sure it is, 0 to 1.")
    sure: bool
    needs_approval: bool = Field(description="A second person has to approve the merge.")
    agreement: dict[str, float] = Field(
        description="name, birth_date, email, phone, postal: how far both agree, 0 to 1."
    )
    proposed_at: datetime


class AcceptedPair(Shape):
    """Who stands for both from now on."""

    survivor: str = Field(min_length=1, max_length=64)


class KeptApart(Shape):
    """The pair is not proposed again."""

    one: str
    other: str
    state: str


PageOfPairs = Page[DoubtfulPair]
Write = Annotated[Call, needs(Scope.CUSTOMERS_MERGE)]


@router.get("", responses={200: {"model": PageOfPairs}})
def list_matches(call: Write, after: After = None, limit: Limit = 50) -> Response:
    """Pairs that wait for a decision, the surest first."""
    cursor = paging.decode("matches", after, paging.real, paging.text, paging.text)
    with call.connection() as connection:
        pairs = matching.queue(
            connection,
            contact_points.points(call.deps),
            call.caller.tenant,
            call.now_us,
            after=None if cursor is None else (cursor[0], cursor[1], cursor[2]),
            limit=limit + 1,
        )
        ids = [side.customer for pair in pairs[:limit] for side in (pair.one, pair.other)]
        call.log(connection, of_customers(ids), "doubtful pairs", _WHY)
    shown = pairs[:limit]
    end = None
    if shown:
        last = shown[-1]
        end = paging.encode("matches", last.score.hex(), last.one.customer, last.other.customer)
    page = Pagination(end_cursor=end, has_next_page=len(pairs) > limit)
    sure_from = call.deps.settings.match_sure_from
    below = matching.four_eyes_below(call.deps.settings, call.caller.tenant)
    data = [
        DoubtfulPair(
            one=_side(pair.one),
            other=_side(pair.other),
            score=pair.score,
            sure=pair.score >= sure_from,
            needs_approval=pair.needs_second(below),
            agreement=dict(pair.agreement),
            proposed_at=pair.proposed_at,
        )
        for pair in shown
    ]
    return json(PageOfPairs(data=data, pagination=page))


@router.post("/{one}/{other}/accept", responses={200: {"model": MergedCustomer}})
def accept_match(
    request: Request,
    call: Write,
    one: CustomerId,
    other: CustomerId,
    body: AcceptedPair,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """They are one: merge them, as POST /v1/customers/{id}/merge. A doubtful pair needs a second
    person: ask for `customer.merge` of it (POST /v1/approvals), and merge when it is approved."""

    def work(connection: Connection) -> Response:
        done = matching.accept(
            connection,
            call.caller.tenant,
            one,
            other,
            body.survivor,
            call.caller.name,
            call.now_us,
            second=second_of(call),
        )
        call.log(connection, of_customers([one, other]), "merge", _WHY)
        return json(merged_customer(done))

    return once(request, call, idempotency_key, body, work)


@router.post("/{one}/{other}/reject", responses={200: {"model": KeptApart}})
def reject_match(call: Write, one: CustomerId, other: CustomerId) -> Response:
    """They are not the same: the pair is not proposed again."""
    with call.connection() as connection:
        matching.reject(connection, call.caller.tenant, one, other, call.caller.name, call.now_us)
        call.log(connection, of_customers([one, other]), "doubtful pairs", _WHY)
    return json(KeptApart(one=one, other=other, state="rejected"))


def _side(side: Side) -> MatchedCustomer:
    return MatchedCustomer(
        id=side.customer,
        name=side.name,
        birth_date=side.birth_date,
        contracts=side.contracts,
        contact_points=[contact_points.shape(point) for point in side.points],
    )
