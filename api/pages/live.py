"""The figures of the overview, and GET /live: a stream of figures and change events.

An event names the kind of change and carries no data: the browser requests the page again, with the
same scope and consent checks as the first time.
"""

import json
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from fastapi import Request
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse, Response

from api.http.auth import Caller, session_of
from api.http.deps import Deps
from api.http.problems import Problem
from api.http.scopes import Scope
from api.pages.frame.enter import SESSION, open_view
from api.pages.frame.formats import Formats
from api.pages.frame.view import HEADERS, View
from runtime.errors import Retry
from store.pipeline import ledger
from store.pipeline.ledger import Entry
from store.reads import pages as reads

_TICK_S = 1.0
SCOPE_OF_EVENT: Mapping[str, tuple[Scope, ...]] = {
    "vehicle.crash": (Scope.CRASHES_READ,),
    "trip.completed": (Scope.TRIPS_READ,),
    "alert": (Scope.ALERTS_READ,),
    "case": (Scope.CASES_READ,),
    "draft": (Scope.CASES_READ,),
    "call": (Scope.CALLS_WRITE,),
    "contact": (Scope.CONTACTS_READ,),
}
"""Change event → scopes, any of which may see it. Other events (driving events) change no list."""


@dataclass(frozen=True, slots=True)
class Figures:
    """The ledger of one or more tenants at an instant, and the rates since the last read."""

    entry: Entry
    in_flight: int
    messages_per_s: float
    samples_per_s: float


@dataclass(slots=True)
class _LedgerSnapshot:
    """The ledger of some tenants as of its last read."""

    read_at: float = -1.0
    now: dict[ledger.Key, Entry] = field(default_factory=dict)
    rates: dict[ledger.Key, tuple[float, float]] = field(default_factory=dict)


class LedgerCache:
    """Caches the ledger of each tenant: at most one read per second for all viewers."""

    def __init__(self, deps: Deps) -> None:
        self._deps = deps
        self.clock = deps.clock
        self._lock = threading.Lock()
        self._of: dict[tuple[str, ...], _LedgerSnapshot] = {}

    def figures(self, tenants: tuple[str, ...]) -> Figures:
        """Sum over the dialects of these tenants. Raises `Retry` while the store is unavailable."""
        with self._lock:
            found = self._refreshed(tenants)
            total, messages, samples = Entry(), 0.0, 0.0
            for key, entry in found.now.items():
                total += entry
                rate = found.rates.get(key, (0.0, 0.0))
                messages, samples = messages + rate[0], samples + rate[1]
        ended = total.stored + total.duplicate + total.dead_lettered + total.refused + total.ignored
        return Figures(total, max(0, total.received - ended), messages, samples)

    def by_dialect(self, tenants: tuple[str, ...]) -> list[dict[str, object]]:
        """Return the cached ledger entries by tenant and dialect."""
        with self._lock:
            return [
                {"tenant": tenant, "dialect": dialect, "entry": entry}
                for (tenant, dialect), entry in self._refreshed(tenants).now.items()
            ]

    def _refreshed(self, tenants: tuple[str, ...]) -> _LedgerSnapshot:
        found = self._of.setdefault(tenants, _LedgerSnapshot())
        at = self._deps.clock.monotonic()
        passed = at - found.read_at
        if found.now and passed < 0.9 * _TICK_S:
            return found
        with self._deps.pool.connection(tenants) as connection:
            now = ledger.read(connection)
        before, found.now, found.read_at = found.now, now, at
        found.rates = (
            {key: _rate(before.get(key, Entry()), entry, passed) for key, entry in now.items()}
            if before and passed < 10 * _TICK_S
            else {}
        )
        return found


def _rate(before: Entry, now: Entry, passed_s: float) -> tuple[float, float]:
    return (
        (now.received - before.received) / passed_s,
        (now.samples_received - before.samples_received) / passed_s,
    )


def as_text(figures: Figures, view: View) -> dict[str, str]:
    """Format the figures in the viewer's language."""
    f = Formats(view.language, view.timezone)
    entry = figures.entry
    counts = {
        name: f.number(getattr(entry, name))
        for name in ("received", "stored", "duplicate", "dead_lettered", "refused", "ignored")
    }
    return {
        **counts,
        "in_flight": f.number(figures.in_flight),
        "samples": f.number(entry.samples_received),
        "messages_per_s": view.text("live.messages_per_s", n=f.number(figures.messages_per_s)),
        "samples_per_s": view.text("live.samples_per_s", n=f.number(figures.samples_per_s)),
    }


def stream(deps: Deps, cache: LedgerCache) -> Callable[[Request], Awaitable[Response]]:
    """Build the endpoint GET /live."""

    async def live(request: Request) -> Response:
        view = open_view(deps, request)
        token = request.cookies.get(deps.site.cookie(SESSION), "")
        caller = await run_in_threadpool(caller_of, deps, token) if token else None
        if caller is None:
            return PlainTextResponse("sign in first", 401, HEADERS)
        view.key = caller
        try:
            deps.rate.take(caller.key_id).check()
        except Problem as problem:
            headers = {**HEADERS, **problem.headers}
            return PlainTextResponse(problem.detail, problem.status, headers)
        return EventSourceResponse(
            _events(deps, cache, view, token), headers=dict(HEADERS), ping=15, sep="\n"
        )

    return live


def caller_of(deps: Deps, token: str) -> Caller | None:
    """Return who has this session; None = it has ended."""
    with deps.pool.connection() as connection:
        found = session_of(deps, connection, token, deps.clock.now_us(), use=False)
    return None if found is None else found.caller


async def _events(
    deps: Deps, cache: LedgerCache, view: View, token: str
) -> AsyncIterator[ServerSentEvent]:
    caller = view.caller
    shown: dict[str, str] = {}
    inbox: tuple[int, datetime | None] | None = None
    with deps.changes.subscribe(caller.tenant) as subscription:
        while not subscription.closed:
            try:
                current = await run_in_threadpool(caller_of, deps, token)
                if current is None:
                    yield ServerSentEvent("{}", event="bye")
                    return
                if current != caller:
                    return  # another role: the page comes again, as what it is now
                if caller.role == "customer":
                    now_inbox = await run_in_threadpool(_inbox_state, deps, caller)
                    if inbox is not None and now_inbox != inbox:
                        yield _change_event({"own"})
                    inbox = now_inbox
                if Scope.OPERATIONS_READ not in caller.scopes:
                    if not shown:
                        shown = {"": ""}
                        yield ServerSentEvent("{}", event="figures")
                else:
                    figures = await run_in_threadpool(cache.figures, caller.tenants)
                    text = as_text(figures, view)
                    if text != shown:
                        shown = text
                        yield ServerSentEvent(json.dumps(text), event="figures")
            except Retry:
                pass  # the store is unavailable: keep the stream open and try again
            changes = await subscription.wait(_TICK_S)
            events = {change.what for change in changes if _may_see(change.what, caller)}
            if events and caller.role != "customer":
                yield _change_event(events)


def _inbox_state(deps: Deps, caller: Caller) -> tuple[int, datetime | None]:
    """Return the state of a customer's inbox, the only change that customers are notified of."""
    assert caller.customer is not None
    with deps.pool.connection(caller.tenants, caller.customer) as connection:
        return reads.unread(connection, caller.tenant, caller.customer)


def _may_see(what: str, caller: Caller) -> bool:
    return any(scope in caller.scopes for scope in SCOPE_OF_EVENT.get(what, ()))


def _change_event(events: set[str]) -> ServerSentEvent:
    return ServerSentEvent(json.dumps(sorted(events)), event="change")
