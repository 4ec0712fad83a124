"""Events of a back office that were refused: list, read, write again or corrected, drop."""

import json as json_module
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Response
from pydantic import Field

from api.http import paging
from api.http.answers import Shape, json
from api.http.auth import Call, needs
from api.http.paging import After, Limit, Page, Pagination
from api.http.problems import not_found
from api.http.scopes import Scope
from services import refused_events
from services.refused_events import Settled
from services.registry_rows import Refusal
from store.people import received_events
from store.people.read_log import of_customers

router = APIRouter(prefix="/v1/registry-events", tags=["back office"])

EventState = Literal["applied", "unchanged", "refused", "corrected", "dropped"]
Number = Annotated[int, Path(ge=1, le=2**63 - 1)]
_WHY = "back office"


class RegistryEventEntry(Shape):
    """An event of the topic `customers`, and what became of it."""

    number: int
    source: str
    event_id: str
    type: str = Field(description="Empty where it could not be read.")
    object: str | None
    state: EventState
    reason: str | None = Field(description="Why it was refused.")
    received_at: datetime
    settled_at: datetime | None = Field(
        description="When a refused event was written, corrected or dropped."
    )
    settled_by: str | None
    bytes: int | None = Field(description="Length of what is kept: of refused events only.")


class RegistryEventShape(RegistryEventEntry):
    """An event with its text."""

    text: str | None = Field(
        description="The untouched bytes as text; null where they are no text or not kept."
    )


class Correction(Shape):
    """How to write a refused event again."""

    event: dict[str, Any] | None = Field(
        default=None, description="The CloudEvent to write in its place; null = as it was sent."
    )
    overrule: bool = Field(
        default=False, description="Also over what a later event has written meanwhile."
    )


class SettledEvent(Shape):
    """What it came to. state : refused = it stays, `errors` say why."""

    number: int
    state: EventState
    object: str | None
    errors: list[Refusal]


PageOfRegistryEvents = Page[RegistryEventEntry]


@router.get("", responses={200: {"model": PageOfRegistryEvents}})
def list_registry_events(
    call: Annotated[Call, needs(Scope.REGISTRY_READ)],
    state: Annotated[EventState, Query()] = "refused",
    after: After = None,
    limit: Limit = 50,
) -> Response:
    """Events of the back office in a state, newest first."""
    cursor = paging.decode("registry-events", after, paging.number)
    with call.connection() as connection:
        rows = received_events.listed(
            connection,
            [call.caller.tenant],
            state=state,
            after=None if cursor is None else cursor[0],
            limit=limit + 1,
        )
    shown = rows[:limit]
    page = Pagination(
        end_cursor=paging.encode("registry-events", shown[-1]["number"]) if shown else None,
        has_next_page=len(rows) > limit,
    )
    data = [RegistryEventEntry.model_validate(_fields(row)) for row in shown]
    return json(PageOfRegistryEvents(data=data, pagination=page))


@router.get("/{number}", responses={200: {"model": RegistryEventShape}})
def get_registry_event(
    call: Annotated[Call, needs(Scope.REGISTRY_READ)], number: Number
) -> Response:
    """One event, with its text while it is refused."""
    with call.connection() as connection:
        row = received_events.get(connection, [call.caller.tenant], number)
        if row is None:
            raise not_found()
        if row["type"] == "customer.put":
            call.log(connection, of_customers([row["object"]]), "changes of the registry", _WHY)
    return json(RegistryEventShape(**_fields(row), text=_text(row["body"])))


@router.post("/{number}/retry", responses={200: {"model": SettledEvent}})
def retry_registry_event(
    call: Annotated[Call, needs(Scope.REGISTRY_WRITE)], number: Number, body: Correction
) -> Response:
    """Write a refused event after its cause has been mended, or another one in its place. One that
    would undo what a later event has written is not allowed without `overrule`."""
    corrected = None if body.event is None else json_module.dumps(body.event).encode()
    with call.connection() as connection:
        done = refused_events.retry(
            connection,
            [call.caller.tenant],
            number,
            call.caller.name,
            call.now_us,
            corrected=corrected,
            overrule=body.overrule,
        )
    return json(_settled(done))


@router.post("/{number}/drop", responses={200: {"model": SettledEvent}})
def drop_registry_event(
    call: Annotated[Call, needs(Scope.REGISTRY_WRITE)], number: Number
) -> Response:
    """Give a refused event up; its bytes are deleted."""
    with call.connection() as connection:
        done = refused_events.drop(
            connection, [call.caller.tenant], number, call.caller.name, call.now_us
        )
    return json(_settled(done))


def _settled(done: Settled) -> SettledEvent:
    return SettledEvent.model_validate(
        {"number": done.number, "state": done.state, "object": done.object,
         "errors": [one.model_dump() for one in done.errors]}
    )  # fmt: skip


def _fields(row: dict[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in RegistryEventEntry.model_fields}


def _text(body: bytes | None) -> str | None:
    try:
        return None if body is None else bytes(body).decode()
    except UnicodeDecodeError:
        return None
