"""Request wrapper for pages: session, form, CSRF and scope checks; renders errors as pages.

A page is a plain function of a `View`. For each request, in this order: read the form, check its
origin, begin a transaction, load the session, check the rate limit, check the form's CSRF token,
check the scopes, run the page, commit. A sign-in, and a request without a session's cookie, need no
transaction.
"""

import hmac
import logging
import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.http import problems
from api.http.auth import session_of
from api.http.deps import Deps
from api.http.problems import Problem
from api.http.scopes import Scope
from api.pages.frame.texts import best_language
from api.pages.frame.view import View
from contracts.kinds import LANGUAGES
from store.postgres import roles
from store.postgres.pool import Connection
from store.reads import pages as reads

log = logging.getLogger("api.pages")

SESSION, FORM, LANGUAGE, THEME = "tw_session", "tw_form", "tw_lang", "tw_theme"
"""Cookies: session, CSRF token of the sign-in form, language and theme."""


_YEAR_S = 365 * 24 * 3600
_THEMES = ("light", "dark")

Page = Callable[[View], Response]


def page(
    deps: Deps,
    show: Page,
    *scopes: Scope,
    session: bool = True,
    files: int = 0,
    by_link: bool = False,
) -> Any:
    """Build the endpoint of a page.

    scopes : any of them suffices; session : False = public; files : most files that its form sends.
    by_link : a code in its URL, which the page checks, stands for session and form token; so a
    program of a mail provider can post to it.
    """

    async def endpoint(request: Request) -> Response:
        form, uploads = await _form(request, files) if request.method == "POST" else ({}, [])
        if by_link:
            return await run_in_threadpool(_answer_link, deps, request, form, show)
        return await run_in_threadpool(_answer, deps, request, form, uploads, show, scopes, session)

    return endpoint


async def _form(request: Request, files: int) -> tuple[Mapping[str, str], list[bytes]]:
    """Return the fields of a form, and the contents of its files."""
    try:
        async with request.form(max_files=files, max_fields=100) as found:
            form = {name: value for name, value in found.items() if isinstance(value, str)}
            uploads = [
                await value.read()
                for _, value in found.multi_items()
                if not isinstance(value, str) and (value.filename or value.size)
            ]
    except UnicodeError:  # a form may name an encoding that cannot decode it
        raise problems.bad_request("refused", "The form is not readable.", "Send UTF-8.") from None
    return form, uploads


def _answer(
    deps: Deps,
    request: Request,
    form: Mapping[str, str],
    uploads: Sequence[bytes],
    show: Page,
    scopes: tuple[Scope, ...],
    session: bool,
) -> Response:
    view = open_view(deps, request, form)
    view.uploads = uploads
    redirect = _save_preferences(view)
    if redirect is not None:
        return redirect
    try:
        if request.method == "POST" and not deps.site.own_origin(request.headers):
            raise Problem(403, "csrf", "The form is of another site.", "Open the page again.")
        signing_in = request.method == "POST" and not session
        if signing_in or not request.cookies.get(deps.site.cookie(SESSION)):
            if session:
                return _to_login(view)
            view.csrf = request.cookies.get(deps.site.cookie(FORM), "")
            if request.method == "POST":
                _check_token(view)
            return show(view)
        with deps.pool.connection() as connection:
            view._connection = connection
            _load_session(view, connection)
            if session and view.key is None:
                return _to_login(view)
            if view.key is not None:
                deps.rate.take(view.key.key_id).check()
            if request.method == "POST":
                _check_token(view)
            if scopes and not any(view.may(scope) for scope in scopes):
                raise Problem(403, "forbidden", "This page belongs to another role.", "")
            answer = show(view)
        view.committed()
        return answer
    except Exception as error:  # render every error as a page; `of` logs unexpected ones
        return error_page(view, problems.of(error))
    finally:
        view._connection = None


def _answer_link(deps: Deps, request: Request, form: Mapping[str, str], show: Page) -> Response:
    view = open_view(deps, request, form)
    redirect = _save_preferences(view)
    if redirect is not None:
        return redirect
    try:
        return show(view)
    except Exception as error:  # as in `_answer`
        return error_page(view, problems.of(error))


def open_view(deps: Deps, request: Request, form: Mapping[str, str] | None = None) -> View:
    """Build a view without a session."""
    language = request.cookies.get(LANGUAGE, "")
    if language not in LANGUAGES:
        language = best_language(request.headers.get("accept-language", ""))
    theme = request.cookies.get(THEME)
    return View(
        request=request,
        deps=deps,
        language=language,
        theme=theme if theme in _THEMES else None,
        csrf="",
        now_us=deps.clock.now_us(),
        form=form or {},
    )


def _save_preferences(view: View) -> Response | None:
    """Store ?lang and ?theme in cookies, then redirect to the same URL without them."""
    preferences = {k: v for k, v in view.query if k in ("lang", "theme")}
    if not preferences or view.request.method != "GET":
        return None
    if preferences.get("lang") in LANGUAGES:
        view.cookies[LANGUAGE] = (preferences["lang"], _YEAR_S)
    if "theme" in preferences:
        known = preferences["theme"] in _THEMES
        view.cookies[THEME] = (preferences["theme"], _YEAR_S) if known else ("", 0)
    return view.go(view.here())


def _load_session(view: View, connection: Connection) -> None:
    """Load the session if its cookie is valid, and restrict the connection to its tenants."""
    site, cookies = view.deps.site, view.request.cookies
    found = session_of(
        view.deps,
        connection,
        cookies.get(site.cookie(SESSION), ""),
        view.now_us,
        use="x-live" not in view.request.headers,  # a page that keeps itself current
    )
    if found is None:
        view.csrf = cookies.get(site.cookie(FORM), "")
        return
    view.key, view.csrf = found.caller, found.csrf
    roles.set_tenant_scope(connection, view.key.tenants, view.key.customer)
    view.tenant_name, view.timezone = reads.tenant(connection, view.key.tenant)


def _check_token(view: View) -> None:
    """Raise a problem unless the form has the CSRF token of its session or sign-in page."""
    given = view.form.get("csrf", "")
    if not view.csrf or not hmac.compare_digest(given.encode(), view.csrf.encode()):
        raise Problem(403, "csrf", "The form is not from this session.", "Open the page again.")


def form_token(view: View) -> None:
    """Create the CSRF token of the sign-in form if there is none."""
    if not view.csrf:
        view.csrf = secrets.token_urlsafe(24)
        view.cookies[view.deps.site.cookie(FORM)] = (view.csrf, None)


def _to_login(view: View) -> Response:
    here = view.here()
    back = f"?next={quote(here, safe='')}" if here != "/" and view.request.method == "GET" else ""
    return view.go(f"/login{back}")


def safe_next(path: str) -> str:
    """Return the path to open after sign-in; `/` for a URL of another host."""
    if path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable():
        return path
    return "/"


def error_page(view: View, problem: Problem) -> Response:
    """Render the problem as a page."""
    request_id = getattr(view.request.state, "request_id", "-")
    code = problem.code if view.text.has("error", f"{problem.code}.title") else ""
    if not code:
        code = {403: "forbidden", 404: "not_found", 409: "not_allowed_now", 503: "store_away"}.get(
            problem.status, "internal" if problem.status >= 500 else "refused"
        )
    answer = view.page("error.html", problem.status, code=code, request_id=request_id)
    answer.headers.update(problem.headers)
    return answer


def outside(deps: Deps) -> Callable[[Request, Problem], Response]:
    """Build the renderer of errors outside of pages: unknown paths, bodies too large."""

    def show(request: Request, problem: Problem) -> Response:
        return error_page(open_view(deps, request), problem)

    return show
