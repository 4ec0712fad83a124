"""Try a rule on history on the page of its approval, and GET /approvals/{request}/trial.

The stream runs the trial and reports how far it is; then the page shows what it has found. Without
JavaScript the page runs it itself.
"""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

from fastapi import Request
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse, Response

from api.http.deps import Deps
from api.http.problems import Problem
from api.http.scopes import Scope
from api.pages.frame.enter import SESSION, open_view
from api.pages.frame.formats import Formats
from api.pages.frame.view import HEADERS, View
from api.pages.live import caller_of
from api.pages.plots import backtest as backtest_plot
from contracts.approvals import ACTIVATE
from runtime.clock import US_PER_S
from runtime.errors import NotFound
from services import four_eyes, rule_trial
from store.people.approvals import ChangeRow
from store.postgres.pool import Connection
from store.postgres.times import from_us

DAYS = 14
_KEPT_S, _MOST_KEPT = 300, 16
_PARTS = ("won", "stopped")
_OF_KIND = {ACTIVATE[kind]: kind for kind in rule_trial.KINDS}


class _Kept:
    """Results of streams, until their pages show them, in the memory of this process: the page
    runs the trial again where another process has the stream. Figures of all customers together."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: dict[tuple[str, str], tuple[int, dict[str, Any]]] = {}

    def put(self, tenant: str, request: str, now_us: int, found: dict[str, Any]) -> None:
        """Keep a result; forget the oldest ones."""
        with self._lock:
            self._found[tenant, request] = now_us, found
            while len(self._found) > _MOST_KEPT:
                del self._found[next(iter(self._found))]

    def take(self, tenant: str, request: str, now_us: int) -> dict[str, Any] | None:
        """Return a result that is not old, once."""
        with self._lock:
            at_us, found = self._found.pop((tenant, request), (0, {}))
        return found if found and now_us - at_us < _KEPT_S * US_PER_S else None


_RESULTS = _Kept()


def may(row: ChangeRow) -> bool:
    """Return whether the rule of a request can be tried."""
    return row.kind in _OF_KIND


def shown(view: View, row: ChangeRow) -> dict[str, Any] | None:
    """Return what a new version would have changed in the last days, where it was asked for: the
    figures of all customers together."""
    if not may(row) or view.request.query_params.get("try") != "1":
        return None
    found = _RESULTS.take(view.tenant, row.request_id, view.now_us) or _run(
        view.connection, view.deps, view.tenant, row, view.now_us, lambda done, of: None
    )
    kind = _OF_KIND[row.kind]
    if found["changed"] is None:
        return {**found, "kind": kind}
    sets = (found["live"], found["changed"])
    names = {part: sorted({name for one in sets for name in one[part]}) for part in _PARTS}
    drawn = backtest_plot.won(found, kind, view.text, Formats(view.language, view.timezone))
    return {**found, "kind": kind, "names": names, "plot": drawn}


def _run(
    connection: Connection, deps: Deps, tenant: str, row: ChangeRow, now_us: int,
    progress: rule_trial.Progress,
) -> dict[str, Any]:  # fmt: skip
    until = from_us(now_us)
    return rule_trial.run(
        connection, deps.settings, tenant, _OF_KIND[row.kind], row.subject.partition(":")[2],
        until - timedelta(days=DAYS), until, progress,
    )  # fmt: skip


def stream(deps: Deps) -> Callable[[Request], Awaitable[Response]]:
    """Build the endpoint GET /approvals/{request}/trial."""

    async def trial(request: Request) -> Response:
        view = open_view(deps, request)
        token = request.cookies.get(deps.site.cookie(SESSION), "")
        caller = await run_in_threadpool(caller_of, deps, token) if token else None
        if caller is None or Scope.APPROVALS_READ not in caller.scopes:
            return PlainTextResponse("sign in first", 401, HEADERS)
        view.key = caller
        try:
            deps.rate.take(caller.key_id).check()
            await run_in_threadpool(_found, view)
        except Problem as problem:
            headers = {**HEADERS, **problem.headers}
            return PlainTextResponse(problem.detail, problem.status, headers)
        except NotFound as error:
            return PlainTextResponse(str(error), 404, HEADERS)
        return EventSourceResponse(_events(view), headers=dict(HEADERS), ping=15, sep="\n")

    return trial


def _found(view: View) -> ChangeRow:
    caller = view.caller
    with view.deps.pool.connection(caller.tenants, caller.customer) as connection:
        row = four_eyes.find(connection, caller.tenant, view.request.path_params["request"])
    if not may(row):
        raise NotFound(f"the rule of {row.request_id} cannot be tried")
    return row


class _Left(Exception):  # no error: nobody waits any more
    """The reader has left the page."""


async def _events(view: View) -> AsyncIterator[ServerSentEvent]:
    loop = asyncio.get_running_loop()
    steps: asyncio.Queue[tuple[int, int] | None] = asyncio.Queue()
    left = threading.Event()

    def progress(done: int, of: int) -> None:
        if left.is_set():
            raise _Left
        loop.call_soon_threadsafe(steps.put_nowait, (done, of))

    running = loop.run_in_executor(None, _try, view, progress)
    running.add_done_callback(lambda _: steps.put_nowait(None))
    running.add_done_callback(_seen)
    f = Formats(view.language, view.timezone)
    try:
        while (step := await steps.get()) is not None:
            done, of = step
            text = view.text("approval.trying_of", n=f.number(done), of=f.number(of))
            data = {"done": done, "of": of, "text": text}
            yield ServerSentEvent(json.dumps(data), event="progress")
        # What went wrong, the page says: it runs it again.
        yield ServerSentEvent("{}", event="done" if running.exception() is None else "failed")
    finally:
        left.set()


def _seen(running: asyncio.Future[None]) -> None:
    """Take what went wrong: asyncio would report it where the reader has left."""
    if not running.cancelled():
        running.exception()


def _try(view: View, progress: rule_trial.Progress) -> None:
    caller, deps = view.caller, view.deps
    with deps.pool.connection(caller.tenants, caller.customer) as connection:
        row = four_eyes.find(connection, caller.tenant, view.request.path_params["request"])
        found = _run(connection, deps, caller.tenant, row, view.now_us, progress)
    _RESULTS.put(caller.tenant, row.request_id, deps.clock.now_us(), found)
