"""Utilities: the stream of alert changes, as server-sent events.

The id of an event is the sequence number of the change in the store, in commit order. A client that
sends its last id back (browsers do so automatically) receives each later change exactly once.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Annotated, Literal

from fastapi import APIRouter, Header, Query, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import Field
from sse_starlette import EventSourceResponse, ServerSentEvent

from api.http.answers import Shape
from api.http.auth import Call, needs_or_token, still_valid
from api.http.problems import bad_request
from api.http.scopes import Scope
from api.resources import alerts
from api.resources.alerts import Alert
from runtime.errors import Retry
from services import alert_flow
from store.people.read_log import of_rows

router = APIRouter(prefix="/v1/alerts", tags=["utilities"])

HEARTBEAT_S = 15
_LOOK_EVERY_S = 1.0
_BATCH = 100
_RECONNECT_MS = 2_000
_SEQUENCE = re.compile(r"\d{1,18}")


class AlertChange(Shape):
    """`data` of an event `alert`: a change of an alert, and the current alert."""

    sequence: int = Field(description="Also the id of the event.")
    what: str = Field(
        description="raised, corrected, cleared, retracted, evidence, case, acknowledged, "
        "resolved, classified"
    )
    alert: Alert


class StreamOpened(Shape):
    """`data` of the first event, `opened`: the change after which the stream begins."""

    sequence: int
    resumed: bool


STREAM = (AlertChange, StreamOpened)
"""The models of the stream's events, for the OpenAPI document."""
LastEventId = Annotated[
    str | None,
    Header(alias="Last-Event-ID", description="Id of the last event received.", max_length=18),
]

LastOfQuery = Annotated[
    str | None,
    Query(
        alias="last_event_id",
        max_length=18,
        description="As Last-Event-ID, for a new EventSource, which cannot send that header.",
    ),
]


@router.get(
    "/stream",
    response_class=EventSourceResponse,
    responses={
        200: {
            "description": "Server-sent events; contentSchema has the data of each",
            "content": {
                "text/event-stream": {
                    "schema": {
                        "type": "string",
                        "contentMediaType": "text/event-stream",
                        "contentSchema": {
                            "description": "`data` of each event",
                            "anyOf": [
                                {"$ref": f"#/components/schemas/{model.__name__}"}
                                for model in STREAM
                            ],
                        },
                    }
                }
            },
        }
    },
)
async def stream_alerts(
    request: Request,
    call: Annotated[Call, needs_or_token(Scope.ALERTS_READ, "alerts")],
    last_event_id: LastEventId = None,
    last: LastOfQuery = None,
) -> EventSourceResponse:
    """Changes of alerts as they happen, from now on or after Last-Event-ID; a comment every 15 s.

    The event `opened` comes first and has an id too. The stream ends when the key is no longer
    valid and when the server stops: reconnect with the last id. A browser opens it with the `url`
    of POST /v1/stream-tokens.
    """
    last_event_id = last if last_event_id is None else last_event_id
    if last_event_id is not None and not _SEQUENCE.fullmatch(last_event_id):
        raise bad_request(
            "bad_last_event_id",
            "Last-Event-ID is no id of this stream.",
            "Send the id of the last event you have, or leave the header out to begin now.",
        )
    start = await run_in_threadpool(_now, call) if last_event_id is None else int(last_event_id)
    return EventSourceResponse(
        _events(call, start, last_event_id is not None),
        ping=HEARTBEAT_S,
        headers={"Cache-Control": "no-store", **_cors(request, call)},
    )


def _cors(request: Request, call: Call) -> dict[str, str]:
    """Let pages of the origins in the settings read the stream. There are no cookies in it."""
    origin = request.headers.get("origin", "")
    allowed = call.deps.settings.api_stream_origins.replace(" ", "").split(",")
    headers = {"Vary": "Origin"}
    if origin and origin in allowed:
        headers["Access-Control-Allow-Origin"] = origin
    return headers


async def _events(call: Call, last: int, resumed: bool) -> AsyncIterator[ServerSentEvent]:
    opened = StreamOpened(sequence=last, resumed=resumed)
    yield _event("opened", last, opened)
    with call.deps.changes.subscribe(call.caller.tenant) as subscription:
        while not subscription.closed:
            try:
                found = await run_in_threadpool(_read, call, last)
            except Retry:
                await asyncio.sleep(1.0)  # the store is unavailable; no change is lost
                continue
            if found is None:
                return
            for row in found.shown:
                alert = alerts.of_row(row["alert"])
                change = AlertChange(sequence=row["sequence"], what=row["what"], alert=alert)
                yield _event("alert", row["sequence"], change)
            if found.last is not None:
                last = found.last
            else:
                await subscription.wait(_LOOK_EVERY_S)


def _event(name: Literal["opened", "alert"], sequence: int, data: Shape) -> ServerSentEvent:
    return ServerSentEvent(
        data.model_dump_json(), event=name, id=str(sequence), retry=_RECONNECT_MS
    )


def _now(call: Call) -> int:
    with call.connection() as connection:
        return alert_flow.last_change(connection, call.caller.tenant)


def _read(call: Call, last: int) -> alert_flow.Changes | None:
    """Read the next changes; None where the key is no longer valid."""
    now_us = call.deps.clock.now_us()
    with call.connection() as connection:
        if not still_valid(connection, call.caller, now_us):
            return None
        found = alert_flow.changes(connection, call.caller.tenant, last, _BATCH)
        concerned = of_rows([row["alert"] for row in found.shown], "alert", "alert_id")
        call.log(connection, concerned, "alert stream", alerts.PURPOSE)
    return found
