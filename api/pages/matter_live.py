"""GET /matter/{link}/live: notifies a customer's open page of a change in its case."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable

from fastapi import Request
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse, Response

from api.http.deps import Deps
from api.http.problems import Problem
from api.pages import matter
from api.pages.frame.enter import open_view
from api.pages.frame.links import Closed
from api.pages.frame.view import HEADERS, View
from runtime.errors import Retry
from services import case_fields
from store.casework.case_links import CaseLink

_TICK_S = 15.0
"""So often a stream looks whether its link is still valid, also without a change."""
_WHATS = ("case", "draft")


def stream(deps: Deps) -> Callable[[Request], Awaitable[Response]]:
    """Build the endpoint."""

    async def live(request: Request) -> Response:
        view = open_view(deps, request)
        try:
            first = await run_in_threadpool(_look, view)
        except Problem as problem:
            headers = {**HEADERS, **problem.headers}
            return PlainTextResponse(problem.detail, problem.status, headers)
        if first is None:
            return PlainTextResponse("this link opens nothing", 404, HEADERS)
        return EventSourceResponse(
            _events(deps, view, *first), headers=dict(HEADERS), ping=15, sep="\n"
        )

    return live


def _look(view: View) -> tuple[CaseLink, tuple[object, ...]] | None:
    """Return the link and the state of its case; None where the link opens nothing any more."""
    view.now_us = view.deps.clock.now_us()
    try:
        with matter.opened(view) as (connection, link):
            return link, case_fields.stamp(connection, link.tenant, link.case_id)
    except Closed:
        return None


async def _events(
    deps: Deps, view: View, link: CaseLink, seen: tuple[object, ...]
) -> AsyncIterator[ServerSentEvent]:
    with deps.changes.subscribe(link.tenant) as subscription:
        yield ServerSentEvent("[]", event="change")  # something may have changed before
        while not subscription.closed:
            changes = await subscription.wait(_TICK_S)
            if changes and not any(change.what in _WHATS for change in changes):
                continue
            try:
                found = await run_in_threadpool(_look, view)
            except (Retry, Problem):
                continue  # the store is away, or this page asks too often
            if found is None:
                yield ServerSentEvent("{}", event="bye")
                return
            if found[1] != seen:
                seen = found[1]
                yield ServerSentEvent(json.dumps(list(_WHATS)), event="change")
