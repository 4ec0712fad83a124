"""The stop link of an e-mail: withdraw without signing in, also by the mail program's button."""

from collections.abc import Iterator
from contextlib import contextmanager

from starlette.responses import PlainTextResponse, Response

from api.http.problems import not_found
from api.http.site import network_of
from api.pages.frame.view import View
from runtime.errors import NotFound
from services import stop_link
from services.stop_link import Link
from store.postgres import roles
from store.postgres.pool import Connection

_MOST = 200
"""Characters of a part of the link."""


def show(view: View) -> Response:
    """GET /stop: what the link can stop. It stops nothing: mail servers open links too."""
    with _opened(view) as (_, link):
        return _page(view, link)


def stop(view: View) -> Response:
    """POST /stop: by the button of the page, or by the mail program (RFC 8058, 3.2).

    A mail program gets a text: it must not be redirected, and has no cookies.
    """
    with _opened(view) as (connection, link):
        only_purpose = view.form.get("what") == "purpose"
        stop_link.stop(connection, link, view.now_us, only_purpose=only_purpose)
    if view.form.get("List-Unsubscribe") == "One-Click":
        return PlainTextResponse("stopped\n")
    return _page(view, link, "purpose" if only_purpose else "channel")


@contextmanager
def _opened(view: View) -> Iterator[tuple[Connection, Link]]:
    """Yield what the link can stop, in a transaction of its tenant. Raises the 404 problem."""
    given = view.request.query_params
    tenant, contact_id, code = (given.get(name, "")[:_MOST] for name in ("n", "c", "t"))
    failures = view.deps.failures
    network = network_of(view.request.client.host if view.request.client else None)
    failures.check(network, "stop link")
    if not stop_link.is_ours(view.deps.box, tenant, contact_id, code):
        failures.failed(network)
        raise not_found()
    with view.deps.pool.connection() as connection:
        roles.set_tenant_scope(connection, (tenant,))
        try:
            link = stop_link.read(connection, tenant, contact_id, view.now_us)
        except NotFound:
            raise not_found() from None
        yield connection, link


def _page(view: View, link: Link, done: str = "") -> Response:
    return view.page("stop.html", link=link, done=done, action=str(view.request.url.query))
