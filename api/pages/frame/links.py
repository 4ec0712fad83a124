"""Pages that a link opens without a session: its secret moves from the address into a cookie."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Protocol, TypeVar

from starlette.responses import Response

from api.http.site import network_of
from api.pages.frame.enter import FORM, form_token
from api.pages.frame.view import View
from runtime.secret_box import SecretBox
from store.postgres.pool import Connection
from store.postgres.times import to_us
from store.reads import pages as reads

_LINK = re.compile(r"[0-9a-f]{32}")
_SECRET = re.compile(r"[A-Za-z0-9_-]{43}")


class Closed(Exception):
    """The link opens nothing."""


class Opens(Protocol):
    """What a genuine link opens."""

    @property
    def tenant(self) -> str: ...
    @property
    def expires_at(self) -> datetime: ...


Found = TypeVar("Found", bound=Opens)


@contextmanager
def opened(
    view: View,
    cookie: str,
    open_: Callable[[Connection, SecretBox, str, str, int], Found | None],
) -> Iterator[tuple[Connection, Found]]:
    """Open what the request's link opens, in a transaction. Raises `Closed` and the 429 problem.

    cookie : begin of its name. open_ : checks id and secret. The page is the customer's: a session
    that the browser has of staff counts for nothing here.
    """
    request, deps = view.request, view.deps
    link_id = request.path_params["link"]
    name = deps.site.cookie(cookie + link_id[:8])
    given = request.query_params.get("t", "")
    secret = given or request.cookies.get(name, "").removeprefix(f"{link_id}.")
    if not _LINK.fullmatch(link_id) or not _SECRET.fullmatch(secret):
        raise Closed
    network = network_of(request.client.host if request.client else None)
    deps.failures.check(network, f"link {link_id} {secret}")
    with view.store() as connection:
        found = open_(connection, deps.box, link_id, secret, view.now_us)
        if found is None:
            deps.failures.failed(network)
            raise Closed
        deps.failures.accepted(f"link {link_id} {secret}")
        deps.rate.take(f"link {link_id}").check()
        view.key = None
        view.tenant_name, view.timezone = reads.tenant(connection, found.tenant)
        if given:
            left_s = (to_us(found.expires_at) - view.now_us) // 1_000_000
            view.cookies[name] = (f"{link_id}.{secret}", max(1, int(left_s)))
        yield connection, found


def own_form(view: View) -> None:
    """Give the forms of the page the token of the browser, not that of a session."""
    view.csrf = view.request.cookies.get(view.deps.site.cookie(FORM), "")
    form_token(view)


def closed(view: View, why: str) -> Response:
    """Answer that the link opens nothing. why : name of the text."""
    view.key = None
    return view.page("link_closed.html", 404, why=why)
