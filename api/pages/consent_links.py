"""The link of a request about a consent: confirm it, or renew it, without signing in."""

from collections.abc import Iterator
from contextlib import contextmanager

from starlette.responses import Response

from api.http.problems import not_found
from api.http.site import network_of
from api.pages.frame.texts import Texts
from api.pages.frame.view import View
from api.resources import contact_points
from services import consent_links
from services.consent_links import KINDS, Link
from services.consent_terms import terms_of
from store.postgres import roles
from store.postgres.pool import Connection

_MOST = 200
"""Characters of a part of the link."""
_DIGITS = 18
NOTICE = "2026-11"
"""Version of the texts of this page."""


def show(view: View) -> Response:
    """GET /consent: what the link stands for. It confirms nothing: mail servers open links too."""
    with _opened(view) as (_, link):
        return _page(view, link)


def use(view: View) -> Response:
    """POST /consent: confirm or renew."""
    with _opened(view) as (connection, link):
        if link.refusal is None:
            consent_links.use(
                connection, contact_points.points(view.deps), link, view.now_us,
                notice_version=NOTICE, notice=_notice(view, link), language=view.language,
            )  # fmt: skip
            return _page(view, link, done=True)
    return _page(view, link)


@contextmanager
def _opened(view: View) -> Iterator[tuple[Connection, Link]]:
    """Yield what the link stands for, in a transaction of its tenant. Raises the 404 problem."""
    given = view.request.query_params
    tenant, number, kind, code = (given.get(name, "")[:_MOST] for name in ("n", "c", "k", "t"))
    failures = view.deps.failures
    network = network_of(view.request.client.host if view.request.client else None)
    failures.check(network, "consent link")
    numbered = number.isascii() and number.isdigit() and len(number) <= _DIGITS
    if not numbered or kind not in KINDS or "\0" in tenant:
        failures.failed(network)
        raise not_found()
    with view.deps.pool.connection() as connection:
        roles.set_tenant_scope(connection, (tenant,))
        link = consent_links.open_(
            connection, view.deps.box, tenant, int(number), kind, code, view.now_us,
            terms_of(view.deps.settings),
        )  # fmt: skip
        if link is None:
            failures.failed(network)
            raise not_found()
        yield connection, link


def _notice(view: View, link: Link) -> str:
    """Return what the page says about what is decided."""
    t = Texts(view.language)
    lines = [
        t(f"consent_link.{link.kind}.lead", tenant=link.tenant_name),
        t.of("consent.purpose", link.purpose),
        t.of("consent.purpose_text", link.purpose),
        t("consent_link.withdraw"),
    ]
    return "\n\n".join(lines)


def _page(view: View, link: Link, *, done: bool = False) -> Response:
    return view.page("consent_link.html", link=link, done=done, action=str(view.request.url.query))
