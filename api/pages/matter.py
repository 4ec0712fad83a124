"""A case for its customer, on a phone: opened by a link for this case alone, without signing in."""

import hashlib
import logging
import re
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any

from starlette.responses import JSONResponse, Response

from api.http.problems import Problem, not_found
from api.pages import case_steps
from api.pages.case_steps import Shown
from api.pages.frame import assets, links
from api.pages.frame.enter import LANGUAGE
from api.pages.frame.links import Closed
from api.pages.frame.view import HEADERS, MATTER, View
from contracts.kinds import LANGUAGES
from customer_context.cases.case_state import What
from runtime.errors import Invalid, NotAllowed, NotFound
from services import case_actions, case_fields, case_files, case_links, matter
from store.casework.case_links import CaseLink
from store.postgres.pool import Connection

log = logging.getLogger("api.pages")

_KEY = re.compile(r"[0-9a-f-]{8,64}")
_TIMES = re.compile(r"\d{1,6}")
_POSITION = {"Permissions-Policy": "camera=(), geolocation=(self), microphone=()"}
_SANDBOX = "default-src 'none'; sandbox; frame-ancestors 'none'"


def opened(view: View) -> AbstractContextManager[tuple[Connection, CaseLink]]:
    """Open the case of the request's link, in a transaction. Raises `Closed`, the 429 problem."""
    return links.opened(view, MATTER, case_links.open_)


def show(view: View) -> Response:
    """GET /matter/{link}"""
    try:
        with opened(view) as (connection, link):
            return _page(view, connection, link)
    except Closed:
        return links.closed(view, "matter.closed_text")


def act(view: View) -> Response:
    """POST /matter/{link}: complete or start a step of the customer's own."""
    form = view.form
    step, action = form.get("step", "")[:64], form.get("action", "")
    try:
        with opened(view) as (connection, link):
            if action not in (What.COMPLETE, What.START):
                return view.go(_path(link))
            if "key" in form:
                return _sent_by_worker(
                    view, connection, link, lambda: _late(view, connection, link, What(action))
                )
            if _collide(view, connection, link, step):
                return view.go(_path(link), "both_wrote")
            try:
                with connection.transaction():
                    _act(view, connection, link, What(action), step)
            except (Invalid, NotAllowed, Problem) as error:
                return _page(view, connection, link, error)
            return view.go(_path(link), "step_sent")
    except Closed:
        return links.closed(view, "matter.closed_text")


def _collide(view: View, connection: Connection, link: CaseLink, step: str) -> bool:
    plan = matter.of_case(connection, link.tenant, link.case_id, link.customer).plan
    item = None if plan is None else plan.type.items.get(step)
    if plan is None or item is None or view.form.get("times") != str(plan.state.items[step].times):
        return False
    author = matter.author_of(link.customer)
    found = case_steps.collisions(view, connection, link.tenant, link.case_id, author, item)
    return bool(found)


def fields(view: View) -> Response:
    """GET and POST /matter/{link}/fields: what is entered in the customer's steps."""
    try:
        with opened(view) as (connection, link):
            author = matter.author_of(link.customer)
            if view.request.method == "POST":
                return case_steps.written(
                    view, connection, link.tenant, link.case_id, author, link.customer
                )
            found = matter.of_case(connection, link.tenant, link.case_id, link.customer)
            if found.plan is None:
                raise not_found()
            return case_steps.listed(view, connection, found.plan, found.case, author, found.own)
    except Closed:
        return links.closed(view, "matter.closed_text")


def _act(view: View, connection: Connection, link: CaseLink, what: What, step: str) -> None:
    found = matter.of_case(connection, link.tenant, link.case_id, link.customer)
    plan = found.plan
    data: dict[str, Any] = {}
    if what == What.COMPLETE and plan is not None and step in plan.type.items:
        if view.form.get("times") != str(plan.state.items[step].times):
            raise NotAllowed("this step is done already")
        data = case_steps.entered(plan.type.items[step], view.form)
    matter.act(connection, link.tenant, link.case_id, link.customer, view.now_us, what, step, data)


def add_files(view: View) -> Response:
    """POST /matter/{link}/files: add photos to a step."""
    form = view.form
    try:
        with opened(view) as (connection, link):
            if "key" in form:
                return _sent_by_worker(
                    view, connection, link, lambda: _add_photos(view, connection, link)
                )
            try:
                with connection.transaction():
                    _add_photos(view, connection, link)
            except (Invalid, NotAllowed) as error:
                return _page(view, connection, link, error)
            return view.go(_path(link), "photo_sent" if view.uploads else None)
    except Closed:
        return links.closed(view, "matter.closed_text")


def _add_photos(view: View, connection: Connection, link: CaseLink) -> str:
    for upload in view.uploads:
        case_files.add(
            connection, view.deps.box, link.tenant, link.case_id,
            matter.author_of(link.customer), view.form.get("step", "")[:64],
            view.form.get("document", "")[:64], upload, view.now_us,
            keep_position=view.form.get("keep_position") == "1",
        )  # fmt: skip
    return case_actions.DONE


def _late(view: View, connection: Connection, link: CaseLink, what: What) -> str:
    """Do what a phone may send long after it was entered; return its result."""
    step, times = view.form.get("step", "")[:64], view.form.get("times", "")
    if what == What.START:
        _act(view, connection, link, what, step)
        return case_actions.DONE
    found = matter.of_case(connection, link.tenant, link.case_id, link.customer)
    item = None if found.plan is None else found.plan.type.items.get(step)
    if item is None or not matter.is_own(item) or not _TIMES.fullmatch(times):
        raise NotFound(f"there is no step {step!r}")
    if _collide(view, connection, link, step):
        return case_actions.CONFLICT
    return case_actions.complete(
        connection, link.tenant, link.case_id, link.customer, step, int(times),
        case_steps.entered(item, view.form), view.now_us,
    )  # fmt: skip


def _sent_by_worker(
    view: View, connection: Connection, link: CaseLink, work: Callable[[], str]
) -> Response:
    """Answer an action that the page's worker sends again until it is answered."""
    return sent_by_worker(view, connection, link.tenant, link.case_id, work)


def sent_by_worker(
    view: View,
    connection: Connection,
    tenant: str,
    case_id: str,
    work: Callable[[], str],
    notice: Callable[[], str] | None = None,
) -> Response:
    """Do an action that a worker sends again until it is answered, once by its key.

    What can never be done is refused with 422; the browser keeps it. notice : asked when it is
    done, what the page then says (texts, done); without it the form knows.
    """
    key = view.form["key"]
    sent = {name: value for name, value in view.form.items() if name != "csrf"}
    sent |= {f"file {n}": hashlib.sha256(one).hexdigest() for n, one in enumerate(view.uploads)}
    result, status = case_actions.REFUSED, 422
    if _KEY.fullmatch(key):
        try:
            with connection.transaction():
                result = case_actions.once(
                    connection, tenant, case_id, key, sent, view.now_us, work
                )
                status = 200
        except (Invalid, NotAllowed, NotFound, Problem) as error:
            log.info("an action of a page is refused: %s", error)
    answer = {"result": result}
    if notice is not None and result == case_actions.DONE:
        answer["notice"] = notice()
    return view.finish(JSONResponse(answer, status))


def worker(view: View) -> Response:
    """GET /matter-worker.js: the service worker of these pages, and of an agent's cases."""
    asset = assets.own()["matter-worker.js"]
    answer = Response(asset.body, media_type=asset.media_type)
    answer.headers.update(HEADERS)
    answer.headers.update({"Service-Worker-Allowed": "/", "Cache-Control": "no-cache"})
    return answer


def file(view: View) -> Response:
    """GET /matter/{link}/files/{file}"""
    try:
        with opened(view) as (connection, link):
            return photo(view, connection, link.tenant, link.case_id)
    except Closed:
        return links.closed(view, "matter.closed_text")


def photo(view: View, connection: Connection, tenant: str, case_id: str) -> Response:
    """Return the photo that the path names. Its case was checked by the caller."""
    found = case_files.content(
        connection, view.deps.box, tenant, case_id, view.request.path_params["file"][:64]
    )
    return Response(
        found.content,
        media_type=found.media_type,
        headers={**HEADERS, "Content-Security-Policy": _SANDBOX, "Content-Disposition": "inline"},
    )


def _path(link: CaseLink) -> str:
    return f"{case_links.PATH}{link.link_id}"


def _page(
    view: View, connection: Connection, link: CaseLink, error: Exception | None = None
) -> Response:
    found = matter.of_case(connection, link.tenant, link.case_id, link.customer)
    speaks = found.record["language"]
    if LANGUAGE not in view.request.cookies and speaks in LANGUAGES:
        view.language = speaks
    links.own_form(view)
    answer = view.page(
        "matter.html",
        200 if error is None else 409 if type(error) is NotAllowed else 422,
        case=found.case,
        matter=found,
        plan=_shown(view, connection, link, found),
        photos=case_files.of_case(connection, link.tenant, link.case_id),
        path=_path(link),
        until=link.expires_at,
        problem=None if error is None else _says(view, error),
    )
    answer.headers.update(_POSITION)
    return answer


def _shown(
    view: View, connection: Connection, link: CaseLink, found: matter.Matter
) -> Shown | None:
    if found.plan is None:
        return None
    entered: Mapping[str, Any] = {}
    if view.request.method == "POST":
        item = found.plan.type.items.get(view.form.get("step", ""))
        entered = {} if item is None else case_steps.as_entered(item, view.form)
    return Shown(
        found.plan, found.own, view.language, view.language, record=found.record, entered=entered,
        fields=case_fields.of_case(connection, found.plan, link.tenant, link.case_id),
        viewer=matter.author_of(link.customer),
    )  # fmt: skip


def _says(view: View, error: Exception) -> str:
    if isinstance(error, Invalid | Problem):
        return str(view.text("matter.invalid"))
    return str(view.text("matter.not_open"))
