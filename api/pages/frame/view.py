"""The view of one request: user, language and theme, names, rendering of templates."""

import json
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
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
from store.people import customers
from store.people.read_log import ObjectRead, Reader, log_reads
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

PROVIDER = "tw_provider"
"""Cookie of a sign-in at an OpenID provider. It is `SameSite=Lax`: the provider's answer comes from
another site."""

MATTER = "tw_matter_"
"""Cookie of a link to a case, with the beginning of its id: several can be open at once. It is
`SameSite=Lax`: the link is opened from a message. Its forms have a token as well."""

READING_LINK = "tw_reading_"
"""The same of a link to the reading of a meter."""

LOG_AGAIN_S = 600.0
"""What an open page shows again when it refreshes itself within this time, unchanged, is one entry
of the read log with its last showing."""


_Read = tuple[str, str, ObjectRead]
"""Key, what and object of a read."""


class _RecentReads:
    """Recently logged reads, in the memory of this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._at: dict[_Read, float] = {}

    def new(self, read: _Read, now_s: float) -> bool:
        """Return True if the read was not logged within LOG_AGAIN_S."""
        with self._lock:
            at = self._at.get(read)
        return at is None or now_s - at >= LOG_AGAIN_S

    def remember(self, reads: Iterable[_Read], now_s: float) -> None:
        """Remember reads that are logged now."""
        with self._lock:
            if len(self._at) > 20_000:
                self._at = {k: at for k, at in self._at.items() if now_s - at < LOG_AGAIN_S}
            self._at.update(dict.fromkeys(reads, now_s))


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
    """A menu entry."""

    name: str
    path: str
    current: bool


@dataclass(slots=True)
class View:
    """The argument of a page's function; templates see it as `view`.

    key : None without a session; connection : in the request's transaction.
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
    uploads: Sequence[bytes] = ()
    cookies: dict[str, tuple[str, int | None]] = field(default_factory=dict)
    _connection: Connection | None = None
    _names: dict[str, str] = field(default_factory=dict)
    _looked_up: set[str] = field(default_factory=set)
    _logged: list[_Read] = field(default_factory=list)

    # ── caller ───────────────────────────────────────────────────────────────────────────────────

    @property
    def caller(self) -> Caller:
        """The caller of the session; public pages do not use it."""
        assert self.key is not None, "this page needs a session"
        return self.key

    @property
    def connection(self) -> Connection:
        """The connection, in the request's transaction."""
        assert self._connection is not None, "error pages do not read the store"
        return self._connection

    @contextmanager
    def store(self) -> Iterator[Connection]:
        """Lend the request's connection, or where it has none (public pages) one of the pool."""
        if self._connection is not None:
            yield self._connection
            return
        with self.deps.pool.connection() as connection:
            yield connection

    @property
    def tenant(self) -> str:
        """The tenant of the caller."""
        return self.caller.tenant

    @property
    def now(self) -> datetime:
        """The time of this request."""
        return from_us(self.now_us)

    def may(self, *scopes: Scope) -> bool:
        """True if the key has all these scopes."""
        return self.key is not None and all(scope in self.key.scopes for scope in scopes)

    def log(self, objects: Iterable[ObjectRead], what: str, why: str) -> None:
        """Record a read of these objects in the read log, except a customer's own reads.

        Where an open page refreshes itself (static/live.js), only objects that it shows newly, or
        in a new state, are recorded.
        """
        caller = self.caller
        reads = [(caller.key_id, what, one) for one in objects if one.customer != caller.customer]
        if self.request.headers.get("x-live") == "1":
            now_s = self.deps.clock.monotonic()
            reads = [read for read in reads if _RECENT_READS.new(read, now_s)]
        request_id = getattr(self.request.state, "request_id", "-")
        log_reads(
            self.connection,
            Reader(caller.tenant, caller.key_id, caller.role, caller.name, request_id),
            [one for _, _, one in reads],
            what,
            why,
            self.now_us,
        )
        self._logged += reads

    def committed(self) -> None:
        """Remember what was logged; call it after the transaction has committed."""
        _RECENT_READS.remember(self._logged, self.deps.clock.monotonic())

    @property
    def call(self) -> Call:
        """This request as a `Call` of the API."""
        request_id = getattr(self.request.state, "request_id", "-")
        return Call(self.deps, self.caller, request_id, None, self.now_us)

    # ── for the templates ────────────────────────────────────────────────────────────────────────

    @property
    def menu(self) -> list[Entry]:
        """The menu entries that the caller may open.

        `app.state.menu` has the name, path and required scopes of each (api/pages/__init__.py).
        """
        here = self.request.url.path
        person = self.key is not None and self.key.person is not None
        return [
            Entry(name, path, here == path or (path != "/" and here.startswith(_stem(path))))
            for name, path, scopes in self.request.app.state.menu
            if self.may(*scopes) and (person or name != "account")
        ]

    @property
    def query(self) -> list[tuple[str, str]]:
        """The parameters of the URL."""
        return self.request.query_params.multi_items()

    @property
    def done(self) -> str | None:
        """The code of the action that led to this page; None if it is absent or unknown."""
        done = self.request.query_params.get("done")
        return done if done and self.text.has("done", done) else None

    @property
    def has_cursor(self) -> bool:
        """True on any page of a list but the first."""
        return "after" in self.request.query_params

    @property
    def shows_path(self) -> bool:
        """True for customers, the only role that sees samples and positions."""
        return self.may(Scope.DATA_READ)

    @property
    def text(self) -> Texts:
        """The texts in the viewer's language."""
        return Texts(self.language)

    def here(self, **changes: str | None) -> str:
        """Return this URL with some parameters changed; None removes one."""
        query = {k: v for k, v in self.query if k not in ("lang", "theme", "done")}
        for name, value in changes.items():
            query.pop(name, None)
            if value is not None:
                query[name] = value
        path = self.request.url.path
        return f"{path}?{urlencode(query)}" if query else path

    def own_language(self, texts: Mapping[str, str]) -> str:
        """Return the text in the viewer's language, otherwise any other."""
        return texts.get(self.language) or texts.get("en") or next(iter(texts.values()), "")

    def instant(self, text: str) -> datetime | None:
        """Return the time of an ISO 8601 text of ours; None for any other text."""
        try:
            return datetime.fromisoformat(text)
        except ValueError:
            return None

    def load_names(self, subjects: Iterable[str | None]) -> None:
        """Load the names of vehicles, meters and customers in one query each, before a list."""
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
        """Return the name of a subject; its id if it has no name."""
        if not subject:
            return "–"
        if self._connection is not None:
            self.load_names([subject])
        return self._names.get(subject) or subject.partition(":")[2]

    def path_of(self, subject: str | None) -> str | None:
        """Return the path of a subject's page; None if the caller may not open it."""
        kind, _, name = (subject or "").partition(":")
        opens = {
            "vehicle": ("/vehicles/", (Scope.TRIPS_READ, Scope.DATA_READ)),
            "meter": ("/meters/", (Scope.CONSUMPTION_READ, Scope.DATA_READ)),
            "customer": ("/customers/", (Scope.CONTEXT_READ, Scope.DATA_READ)),
        }.get(kind)
        if opens is None or not any(self.may(scope) for scope in opens[1]):
            return None
        return opens[0] + quote(name, safe="")

    # ── responses ────────────────────────────────────────────────────────────────────────────────

    def page(self, template: str, status: int = 200, **values: Any) -> Response:
        """Render a template."""
        texts, formats = self.text, Formats(self.language, self.timezone)
        html = _ENVIRONMENT.get_template(template).render(
            view=self, t=texts, f=formats, Scope=Scope, **values
        )
        return self.finish(HTMLResponse(html, status))

    def go(self, path: str, done: str | None = None) -> Response:
        """Redirect to another page, after a form."""
        if done is not None:
            path += ("&" if "?" in path else "?") + f"done={done}"
        return self.finish(RedirectResponse(path, 303))

    def finish(self, response: Response) -> Response:
        """Add the headers and cookies of every response."""
        response.headers.update(HEADERS)
        from_elsewhere = tuple(map(self.deps.site.cookie, (PROVIDER, MATTER, READING_LINK)))
        secure = self.deps.site.secure or self.request.url.scheme == "https"
        for name, (value, age_s) in self.cookies.items():
            response.set_cookie(
                name,
                value,
                max_age=age_s,
                path="/",
                secure=secure,
                httponly=True,
                samesite="lax" if name.startswith(from_elsewhere) else "strict",
            )
        return response


def _stem(path: str) -> str:
    """Return the prefix of the paths below a menu entry."""
    return {"/fleet": "/vehicles/", "/me": "/customers/"}.get(path, path + "/")
