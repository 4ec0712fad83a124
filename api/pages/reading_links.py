"""The reading of a meter by the link of a reading round, on a phone, without signing in."""

from contextlib import AbstractContextManager

from starlette.responses import JSONResponse, Response

from api.pages import readings
from api.pages.frame import links
from api.pages.frame.enter import LANGUAGE
from api.pages.frame.links import Closed
from api.pages.frame.view import READING_LINK, View
from contracts.kinds import LANGUAGES
from customer_context.metering.reading_check import Judgement
from services import matter, reading_links
from services.reading_links import Opened
from store.people import customers
from store.postgres.pool import Connection

_GONE = 410


def _opened(view: View) -> AbstractContextManager[tuple[Connection, Opened]]:
    return links.opened(view, READING_LINK, reading_links.open_)


def show(view: View) -> Response:
    """GET /reading/by-link/{link}"""
    try:
        with _opened(view) as (connection, found):
            return _page(view, connection, found)
    except Closed:
        return links.closed(view, "reading_link.closed_text")


def check(view: View) -> Response:
    """POST /reading/by-link/{link}/check: what the page shows while somebody types, as JSON."""
    try:
        with _opened(view) as (connection, found):
            if found.ended or found.given is not None:
                return view.finish(JSONResponse({"verdict": None}, _GONE))
            return readings.judged(view, connection, found.meter)
    except Closed:
        return view.finish(JSONResponse({"verdict": None}, 404))


def enter(view: View) -> Response:
    """POST /reading/by-link/{link}: enter it; by the page's worker with a key of its own."""
    try:
        with _opened(view) as (connection, found):

            def work() -> None:
                author = matter.author_of(found.link.customer)
                given = readings.given_in(view, "customer", author, f"link\0{found.link.link_id}")
                with connection.transaction():
                    reading_links.enter(connection, view.deps.box, found, given, view.now_us)

            return readings.sent(
                view,
                work,
                lambda asked, problem, status: _page(
                    view, connection, found, asked, problem, status
                ),
                _path(found),
            )
    except Closed:
        return links.closed(view, "reading_link.closed_text")


def _path(found: Opened) -> str:
    return f"{reading_links.PATH}{found.link.link_id}"


def _page(
    view: View,
    connection: Connection,
    found: Opened,
    asked: Judgement | None = None,
    problem: str | None = None,
    status: int = 200,
) -> Response:
    """Show the form; what became of it where the link was used, or the round has ended."""
    person = customers.person(connection, found.tenant, found.meter.customer)
    if LANGUAGE not in view.request.cookies and person and person.language in LANGUAGES:
        view.language = person.language
    links.own_form(view)
    if found.ended:
        status = _GONE
    return view.page(
        "reading_link.html",
        status,
        found=found,
        path=_path(found),
        staff=False,
        problem=problem,
        **readings.form_of(view, connection, found.meter, asked),
    )
