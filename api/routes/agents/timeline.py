"""Agents: everything about a customer over all channels, newest first, and search in it."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from pydantic import Field

from api.http.answers import Instant, Shape, json
from api.http.auth import Call, needs
from api.http.paging import MAX_CURSOR, After, Limit, Page
from api.http.problems import not_found
from api.http.scopes import Scope
from api.resources import timeline as resource
from api.resources.timeline import Channel, Kind, TimelineEntry
from services import timeline
from services.timeline import Filter
from store.people import customers

router = APIRouter(prefix="/v1/customers/{customer_id}/timeline", tags=["agents"])

CustomerId = Annotated[str, Path(max_length=64)]
PageOfEntries = Page[TimelineEntry]
_WHY = "service"


class TimelineSearch(Shape):
    """What to look for in a timeline, and which page of what is found."""

    q: str = Field(
        min_length=1,
        max_length=200,
        description='Words, all of which must occur, in German or English; "a phrase"; -without; '
        "or. In interactions, messages and cases, and in the names of signals.",
    )
    kinds: list[Kind] | None = Field(default=None, max_length=10)
    channel: Channel | None = None
    since: Instant | None = Field(default=None, description="Inclusive.")
    until: Instant | None = Field(default=None, description="Exclusive.")
    after: str | None = Field(
        default=None,
        max_length=MAX_CURSOR,
        description="`pagination.end_cursor` of the previous page.",
    )
    limit: int = Field(default=50, ge=1, le=200, description="Maximum rows per page.")


@router.get("", responses={200: {"model": PageOfEntries}})
def list_timeline(
    call: Annotated[Call, needs(Scope.CONTEXT_READ)],
    customer_id: CustomerId,
    kind: Annotated[
        list[Kind], Query(default_factory=list, max_length=10, description="Several are allowed.")
    ],
    channel: Annotated[Channel | None, Query()] = None,
    from_: Annotated[Instant | None, Query(alias="from", description="Inclusive.")] = None,
    to: Annotated[Instant | None, Query(description="Exclusive.")] = None,
    after: After = None,
    limit: Limit = 50,
) -> Response:
    """Everything about a customer, newest first. To search, POST …/timeline/search: words stand in
    no URL."""
    return _page(call, customer_id, None, Filter(kind or None, channel, from_, to), after, limit)


@router.post("/search", responses={200: {"model": PageOfEntries}})
def search_timeline(
    call: Annotated[Call, needs(Scope.CONTEXT_READ)],
    customer_id: CustomerId,
    search: TimelineSearch,
) -> Response:
    """Entries of a customer's timeline with these words, newest first."""
    wanted = Filter(search.kinds or None, search.channel, search.since, search.until)
    return _page(call, customer_id, search.q, wanted, search.after, search.limit)


def _page(
    call: Call, customer: str, words: str | None, wanted: Filter, after: str | None, limit: int
) -> Response:
    key, tenant = resource.decode(after), call.caller.tenant
    with call.connection() as connection:
        if not customers.customer_exists(connection, tenant, customer):
            raise not_found()
        found = timeline.read(
            connection, call.deps.box, tenant, customer, wanted, words=words, after=key, limit=limit
        )
        call.log(connection, timeline.reads(customer, found.entries), "timeline", _WHY)
    data = [resource.shape(entry) for entry in found.entries]
    return json(PageOfEntries(data=data, pagination=resource.pagination(found)))
