"""Back office: what has changed, nothing missed and nothing twice; and a snapshot to begin with."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import Field

from api.http import paging
from api.http.answers import Shape, json
from api.http.auth import Call, needs
from api.http.paging import MAX_CURSOR, After, Limit, Page, Pagination
from api.http.problems import Problem
from api.http.scopes import Scope
from services import registry_changes
from services.registry_changes import Item
from store.people.changes import Forgotten
from store.people.read_log import of_customers
from store.postgres.pool import Connection

router = APIRouter(prefix="/v1/changes", tags=["back office"])

_WHY = "back office"
_LAST = 2**63 - 1


class Changed(Shape):
    """An object that has changed, as it is now."""

    id: str = Field(description="Of the change; the same whenever it is read.")
    type: str = Field(description="Kind and what happened: customer.updated, contract.created, …")
    kind: str
    object: str = Field(description="Its id; of an assignment the device.")
    recorded_at: datetime
    data: Any = Field(description="The object as it is now; null where it is gone or has no form.")


class RegistryObject(Shape):
    """An object of the snapshot."""

    kind: str
    object: str
    data: Any


class Snapshot(Page[RegistryObject]):
    """A page of all objects. changes_after : what to follow from when all pages are read."""

    changes_after: str


PageOfChanges = Page[Changed]


@router.get("", responses={200: {"model": PageOfChanges}})
def list_changes(
    call: Annotated[Call, needs(Scope.REGISTRY_READ)],
    after: Annotated[
        str | None,
        Query(
            max_length=MAX_CURSOR,
            description="`pagination.end_cursor` of the page before, also of an empty one, or "
            "`changes_after` of a snapshot. Without: all that are kept.",
        ),
    ] = None,
    limit: Limit = 50,
) -> Response:
    """What has changed after a cursor, in the order in which transactions can be read."""
    cursor = paging.decode("changes", after, paging.number, paging.number)
    with call.connection() as connection:
        if cursor is None:
            cursor = (registry_changes.oldest(connection), _LAST)
        # First: an empty page says that nothing before it is missing. Whose tenant is quiet moves
        # on with it, and is never behind what was forgotten of others.
        newest = (registry_changes.begin(connection) - 1, _LAST)
        try:
            found = registry_changes.after(
                connection, call.caller.tenant, (cursor[0], cursor[1]), limit + 1
            )
        except Forgotten:
            raise Problem(
                410,
                "changes_forgotten",
                "The changes after this cursor are not kept any more.",
                "Read GET /v1/changes/snapshot, and follow from its `changes_after`.",
            ) from None
        shown = found[:limit]
        _log(connection, call, shown)
    data = [
        Changed(
            id=f"{one.change.xid}.{one.change.change_id}",
            type=f"{one.kind}.{one.change.operation}",
            kind=one.kind,
            object=one.object,
            recorded_at=one.change.recorded_at,
            data=one.data,
        )
        for one in shown
        if one.change is not None
    ]
    last = shown[-1].change if shown else None
    at = (last.xid, last.change_id) if last else max(newest, (cursor[0], cursor[1]))
    end = paging.encode("changes", *at)
    page = Pagination(end_cursor=end, has_next_page=len(found) > limit)
    return json(PageOfChanges(data=data, pagination=page))


@router.get("/snapshot", responses={200: {"model": Snapshot}})
def get_snapshot(
    call: Annotated[Call, needs(Scope.REGISTRY_READ)], after: After = None, limit: Limit = 50
) -> Response:
    """All objects, page by page. What changes meanwhile follows after `changes_after`."""
    cursor = paging.decode("snapshot", after, paging.number, paging.text, paging.text)
    with call.connection() as connection:
        since = registry_changes.begin(connection) if cursor is None else cursor[0]
        position = ("", "") if cursor is None else (cursor[1], cursor[2])
        found = registry_changes.objects(connection, call.caller.tenant, position, limit + 1)
        shown = found[:limit]
        _log(connection, call, shown)
    end = paging.encode("snapshot", since, shown[-1].kind, shown[-1].object) if shown else None
    return json(
        Snapshot(
            data=[RegistryObject(kind=one.kind, object=one.object, data=one.data) for one in shown],
            pagination=Pagination(end_cursor=end, has_next_page=len(found) > limit),
            changes_after=paging.encode("changes", since - 1, _LAST),
        )
    )


def _log(connection: Connection, call: Call, items: Sequence[Item]) -> None:
    """Log whose data are in the answer."""
    customers = {one.object for one in items if one.kind == "customer" and one.data is not None}
    customers |= {
        one.data["customer"] for one in items if one.kind == "contract" and one.data is not None
    }
    call.log(connection, of_customers(sorted(customers)), "changes of the registry", _WHY)
