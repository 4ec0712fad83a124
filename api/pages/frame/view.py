"""One request of one person: who they are, how they want to read, and what a page is made with."""

import json
import threading
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode

from fastapi import Request
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from starlette.responses import HTMLResponse, RedirectResponse, Response

from api.http.auth import Call, Caller
from api.http.deps import Deps
from api.http.scopes import Scope
from api.pages.frame import assets
from api.pages.frame.formats import Formats
from api.pages.frame.texts import Texts
from store.people import access, customers
from store.postgres.pool import Connection
from store.postgres.times import from_us

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}

LOG_AGAIN_S = 600.0
"""A page that keeps itself true reads the same again and again; that is one read in the log."""


class _RecentReads:
    """What was logged of late, in the memory of this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._at: dict[tuple[str, str, str], float] = {}

    def new(self, key: tuple[str, str, str], now_s: float) -> bool:
        """True where it was not logged within LOG_AGAIN_S."""
        with self._lock:
            if len(self._at) > 20_000:
                self._at = {k: at for k, at in self._at.items() if now_s - at < LOG_AGAIN_S}
            at = self._at.get(key)
            if at is not None and now_s - at < LOG_AGAIN_S:
                return False
            self._at[key] = now_s
            return True


_RECENT_READS = _RecentReads()

_ENVIRONMENT = Environment(
    loader=PackageLoader("api.pages"),
    autoescape=select_autoescape(default=True, default_for_string=True),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_ENVIRONMENT.globals["asset"] = lambda name: assets.own()[name].path
_ENVIRONMENT.globals["plotly"] = assets.plotly
_ENVIRONMENT.filters["pretty"] = lambda value: json.dumps(value, indent=2, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of the menu."""

    name: str
    path: str
    current: bool


_MENU: tuple[tuple[str, str, tuple[Scope, ...]], ...] = (
    ("overview", "/", ()),
    ("customers", "/customers", (Scope.CONTEXT_READ,)),
    ("fleet", "/fleet", (Scope.TRIPS_READ,)),
    ("meters", "/meters", (Scope.CONSUMPTION_READ,)),
    ("own_fleet", "/fleet", (Scope.DATA_READ,)),
    ("own_meters", "/meters", (Scope.DATA_READ,)),
    ("alerts", "/alerts", (Scope.ALERTS_READ,)),
    ("cases", "/cases", (Scope.CASES_READ,)),
    ("inbox", "/inbox", (Scope.INBOX_READ,)),
    ("contacts", "/contacts", (Scope.CONTACTS_READ,)),
    ("own_data", "/me", (Scope.DATA_READ,)),
    ("dead_letters", "/dead-letters", (Scope.OPERATIONS_READ,)),
    ("playbooks", "/playbooks", (Scope.OPERATIONS_READ,)),
)
"""What there is, and the scopes that open it (all of them)."""


@dataclass(slots=True)
class View:
    """What a page's function gets, and the templates see as `view`.

    key : None for somebody who is not signed in; connection : in the request's transaction.
    """

    request: Request
    deps: Deps
    language: str
    theme: str | None
    csrf: str
    now_us: int
    key: Caller | None = None
    tenant_name: str = ""
    timezone: str = "UTC"
    form: Mapping[str, str] = field(default_factory=dict)
    cookies: dict[str, tuple[str, int | None]] = field(default_factory=dict)
    _connection: Connection | None = None
    _names: dict[str, str] = field(default_factory=dict)
    _looked_up: set[str] = field(default_factory=set)

    # ── who ──────────────────────────────────────────────────────────────────────────────────────

    @property
    def caller(self) -> Caller:
        """Who is signed in; pages that need nobody do not ask."""
        assert self.key is not None, "this page lets nobody in without a session"
        return self.key

    @property
    def connection(self) -> Connection:
        """The request's transaction."""
        assert self._connection is not None, "error pages do not read the store"
        return self._connection

    @property
    def tenant(self) -> str:
        """The tenant of who is signed in."""
        return self.caller.tenant

    @property
    def now(self) -> datetime:
        """The time of this request."""
        return from_us(self.now_us)

    def may(self, *scopes: Scope) -> bool:
        """True where the key has all these scopes."""
        return self.key is not None and all(scope in self.key.scopes for scope in scopes)

    def log(self, customers: Collection[str], what: str, why: str) -> None:
        """Write down that these customers' data are read; customers' own reads are not news."""
        caller = self.caller
        others = {customer for customer in customers if customer and customer != caller.customer}
        request_id = getattr(self.request.state, "request_id", "-")
        access.log_reads(
            self.connection,
            access.Reader(caller.tenant, caller.key_id, caller.role, caller.name, request_id),
            others,
            what,
            why,
            self.now_us,
        )

    def log_once(self, customers: Collection[str], what: str, why: str) -> None:
        """As `log`, for what a page shows again by itself: not again within LOG_AGAIN_S."""
        caller, now = self.caller, self.deps.clock.monotonic()
        fresh = {c for c in customers if _RECENT_READS.new((caller.key_id, what, c), now)}
        self.log(fresh, what, why)

    @property
    def call(self) -> Call:
        """This request as the API's functions take it."""
        request_id = getattr(self.request.state, "request_id", "-")
        return Call(self.deps, self.caller, request_id, None, self.now_us)

    # ── what the templates ask ───────────────────────────────────────────────────────────────────

    @property
    def menu(self) -> list[Entry]:
        """What this person may open."""
        here = self.request.url.path
        return [
            Entry(name, path, here == path or (path != "/" and here.startswith(_stem(path))))
            for name, path, scopes in _MENU
            if self.may(*scopes)
        ]

    @property
    def query(self) -> list[tuple[str, str]]:
        """The address's parameters."""
        return self.request.query_params.multi_items()

    @property
    def done(self) -> str | None:
        """What the form before this page did; a word of ours, or nothing."""
        done = self.request.query_params.get("done")
        return done if done and self.text.has("done", done) else None

    @property
    def has_cursor(self) -> bool:
        """True on a later page of a list."""
        return "after" in self.request.query_params

    @property
    def shows_path(self) -> bool:
        """True for the customer whose own data these are: nobody else sees samples or places."""
        return self.may(Scope.DATA_READ)

    @property
    def text(self) -> Texts:
        """Texts in this person's language."""
        return Texts(self.language)

    def here(self, **changes: str | None) -> str:
        """This address with some parameters changed; None leaves one out."""
        query = {k: v for k, v in self.query if k not in ("lang", "theme", "done")}
        for name, value in changes.items():
            query.pop(name, None)
            if value is not None:
                query[name] = value
        path = self.request.url.path
        return f"{path}?{urlencode(query)}" if query else path

    def own_language(self, texts: Mapping[str, str]) -> str:
        """The text in this person's language, else any there is."""
        return texts.get(self.language) or texts.get("en") or next(iter(texts.values()), "")

    def load_names(self, subjects: Iterable[str | None]) -> None:
        """Fetch names of vehicles, meters and customers at once, before a list is shown."""
        wanted = {subject for subject in subjects if subject} - self._looked_up
        if not wanted:
            return
        self._looked_up |= wanted
        people = [s.partition(":")[2] for s in wanted if s.startswith("customer:")]
        things = [(self.tenant, s) for s in wanted if not s.startswith("customer:")]
        if things:
            found = customers.subject_names(self.connection, things)
            self._names.update({subject: name for (_, subject), name in found.items()})
        if people:
            persons = customers.persons(self.connection, [(self.tenant, p) for p in people])
            self._names.update({f"customer:{p.customer}": p.name for p in persons.values()})

    def name_of(self, subject: str | None) -> str:
        """What people call a subject; its id where it has no name."""
        if not subject:
            return "–"
        if self._connection is not None:
            self.load_names([subject])
        return self._names.get(subject) or subject.partition(":")[2]

    def path_of(self, subject: str | None) -> str | None:
        """The page of a subject, if this person may open such pages."""
        kind, _, name = (subject or "").partition(":")
        opens = {
            "vehicle": ("/vehicles/", (Scope.TRIPS_READ, Scope.DATA_READ)),
            "meter": ("/meters/", (Scope.CONSUMPTION_READ, Scope.DATA_READ)),
            "customer": ("/customers/", (Scope.CONTEXT_READ, Scope.DATA_READ)),
        }.get(kind)
        if opens is None or not any(self.may(scope) for scope in opens[1]):
            return None
        return opens[0] + quote(name, safe="")

    # ── answers ──────────────────────────────────────────────────────────────────────────────────

    def page(self, template: str, status: int = 200, **values: Any) -> Response:
        """A page of a template."""
        texts, formats = self.text, Formats(self.language, self.timezone)
        html = _ENVIRONMENT.get_template(template).render(
            view=self, t=texts, f=formats, Scope=Scope, **values
        )
        return self.finish(HTMLResponse(html, status))

    def go(self, path: str, done: str | None = None) -> Response:
        """To another page, after a form."""
        if done is not None:
            path += ("&" if "?" in path else "?") + f"done={done}"
        return self.finish(RedirectResponse(path, 303))

    def finish(self, response: Response) -> Response:
        """Headers and cookies of every answer."""
        response.headers.update(HEADERS)
        secure = self.request.url.scheme == "https"
        for name, (value, age_s) in self.cookies.items():
            response.set_cookie(
                name,
                value,
                max_age=age_s,
                path="/",
                secure=secure,
                httponly=True,
                samesite="strict",
            )
        return response


def _stem(path: str) -> str:
    """What the addresses below a menu's entry begin with."""
    return {"/fleet": "/vehicles/", "/me": "/customers/"}.get(path, path + "/")
