"""Agents: search for customers, and the relevant context of one."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Response
from pydantic import Field

from api.http import paging
from api.http.answers import Shape, json
from api.http.auth import Call, needs
from api.http.paging import MAX_CURSOR, After, Limit, Page
from api.http.problems import not_found
from api.http.scopes import Scope
from api.resources import contact_points, context
from api.resources.context import CustomerContext
from customer_context.relevance.usefulness import Reaction, Reader
from runtime.errors import NotFound
from services import customer_context, customer_search
from store.people import subjects
from store.people.read_log import of_customers
from store.postgres.pool import Connection

router = APIRouter(prefix="/v1/customers", tags=["agents"])

CustomerId = Annotated[str, Path(max_length=64)]
_WHY = "service"


class CustomerFound(Shape):
    """A customer in a list."""

    id: str
    name: str
    language: str
    contracts: int
    open_cases: int


class CustomerSearch(Shape):
    """What to look for, and which page of what is found."""

    q: str = Field(
        min_length=1,
        max_length=100,
        description="Part of the name, id, contract, meter number or number plate; or a whole "
        "phone number or e-mail address.",
    )
    after: str | None = Field(
        default=None,
        max_length=MAX_CURSOR,
        description="`pagination.end_cursor` of the previous page.",
    )
    limit: int = Field(default=50, ge=1, le=200, description="Maximum rows per page.")


PageOfCustomers = Page[CustomerFound]
_Page = tuple[list[dict[str, Any]], paging.Pagination]


@router.get("", responses={200: {"model": PageOfCustomers}})
def list_customers(
    call: Annotated[Call, needs(Scope.CONTEXT_READ)],
    q: Annotated[
        str | None,
        Query(
            max_length=100,
            deprecated=True,
            description="As in POST /v1/customers/search. URLs are logged by proxies: use "
            "POST /v1/customers/search.",
        ),
    ] = None,
    after: After = None,
    limit: Limit = 50,
) -> Response:
    """Customers of the tenant, by id."""
    return _found(call, q, after, limit)


@router.post("/search", responses={200: {"model": PageOfCustomers}})
def search_customers(
    call: Annotated[Call, needs(Scope.CONTEXT_READ)], search: CustomerSearch
) -> Response:
    """Customers by name, id, contract, meter number, number plate, phone number or e-mail address.

    First those whose number or address it is, then those that contain it. The text stands in no
    URL."""
    return _found(call, search.q, search.after, search.limit)


def _found(call: Call, q: str | None, after: str | None, limit: int) -> Response:
    with call.connection() as connection:
        shown, page = (
            _search(connection, call, q, after, limit)
            if q
            else _all(connection, call, after, limit)
        )
        call.log(connection, of_customers(row["customer"] for row in shown), "customer list", _WHY)
    data = [
        CustomerFound(
            id=row["customer"],
            name=row["name"],
            language=row["language"],
            contracts=row["contracts"],
            open_cases=row["open_cases"],
        )
        for row in shown
    ]
    return json(PageOfCustomers(data=data, pagination=page))


def _all(connection: Connection, call: Call, after: str | None, limit: int) -> _Page:
    cursor = paging.decode("customers", after, paging.text)
    rows = subjects.listed_customers(
        connection,
        call.caller.tenant,
        after=None if cursor is None else cursor[0],
        limit=limit + 1,
    )
    return paging.cut(rows, limit, lambda row: paging.encode("customers", row["customer"]))


def _search(connection: Connection, call: Call, q: str, after: str | None, limit: int) -> _Page:
    cursor = paging.decode("found", after, paging.number, paging.text)
    rows = customer_search.find(
        connection,
        contact_points.points(call.deps),
        call.caller.tenant,
        q,
        call.now_us,
        after=None if cursor is None else (cursor[0], cursor[1]),
        limit=limit + 1,
    )
    return paging.cut(rows, limit, lambda row: paging.encode("found", row["rank"], row["customer"]))


@router.get("/{customer_id}/context", responses={200: {"model": CustomerContext}})
def get_customer_context(
    call: Annotated[Call, needs(Scope.CONTEXT_READ)],
    customer_id: CustomerId,
    limit: Annotated[int, Query(ge=1, le=50, description="Maximum items.")] = 7,
    role: Annotated[
        Reader | None,
        Query(
            description="Who reads it: at most five occasions, ordered by what such readers found "
            "useful, and one next action with its sentence."
        ),
    ] = None,
) -> Response:
    """The few items about a customer that are relevant now, each with its reasons."""
    with call.connection() as connection:
        if role is None:
            found = context.of_customer(connection, call, customer_id, limit)
        else:
            found = context.for_role(connection, call, customer_id, role, limit)
        if found is None:
            raise not_found()
        call.log(connection, context.reads(found), "customer context", _WHY)
    return json(found)


class ContextFeedback(Shape):
    """What an agent did with an item of the context: opened it, used it, or found it of no use."""

    kind: context.Kind
    id: str = Field(min_length=1, max_length=64)
    reaction: Reaction


class FeedbackRecorded(Shape):
    """outcome : `duplicate` = it was recorded before."""

    outcome: Literal["recorded", "duplicate"]


@router.post(
    "/{customer_id}/context/feedback",
    status_code=201,
    responses={201: {"model": FeedbackRecorded}},
)
def report_context_feedback(
    call: Annotated[Call, needs(Scope.CONTEXT_READ)],
    customer_id: CustomerId,
    body: ContextFeedback,
) -> Response:
    """Report what you did with an item of the context; such items rank higher or lower from then
    on. Each reaction counts once: a repetition is harmless and needs no Idempotency-Key."""
    with call.connection() as connection:
        try:
            new = customer_context.feedback(
                connection, call.caller.tenant, customer_id, body.kind, body.id, body.reaction,
                call.caller.name, call.now_us,
            )  # fmt: skip
        except NotFound:
            raise not_found() from None
    return json(FeedbackRecorded(outcome="recorded" if new else "duplicate"), 201)
