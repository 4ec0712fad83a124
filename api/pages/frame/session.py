"""Sign in with a key, and sign out."""

from starlette.responses import Response

from api.http.auth import KeyRefused, admit
from api.pages.frame.enter import FORM, SESSION, form_token, safe_next
from api.pages.frame.view import View
from store.people import sessions

SESSION_S = 12 * 3600.0
"""Lifetime of a session from sign-in; activity does not extend it, and idleness ends it before."""


def login_page(view: View) -> Response:
    """GET /login"""
    if view.key is not None:
        return view.go(safe_next(view.request.query_params.get("next", "/")))
    return _form(view)


def login(view: View) -> Response:
    """POST /login: exchange a key for a session. The key is not stored, not in a cookie either."""
    deps, text = view.deps, view.form.get("key", "").strip()
    client = view.request.client.host if view.request.client else None
    try:
        admit(deps, text, client, view.now_us)
    except KeyRefused:
        return _form(view, refused=True)
    ttl_s = SESSION_S
    with deps.pool.connection() as connection:
        opened = sessions.open_session(connection, text, view.now_us, ttl_s)
    if opened is None:  # revoked in between
        return _form(view, refused=True)
    token, _ = opened
    view.cookies[deps.site.cookie(SESSION)] = (token, round(ttl_s))
    view.cookies[deps.site.cookie(FORM)] = ("", 0)
    return view.go(safe_next(view.form.get("next", "/")))


def logout(view: View) -> Response:
    """POST /logout"""
    cookie = view.deps.site.cookie(SESSION)
    sessions.close_session(view.connection, view.request.cookies[cookie])
    view.cookies[cookie] = ("", 0)
    return view.go("/login", "signed_out")


def logout_everywhere(view: View) -> Response:
    """POST /logout/everywhere: end all sessions of this key, on all devices."""
    cookie = view.deps.site.cookie(SESSION)
    sessions.close_sessions(view.connection, view.request.cookies[cookie])
    view.cookies[cookie] = ("", 0)
    return view.go("/login", "signed_out_everywhere")


def _form(view: View, refused: bool = False) -> Response:
    form_token(view)
    back = view.form.get("next") or view.request.query_params.get("next", "/")
    return view.page("login.html", 401 if refused else 200, refused=refused, back=safe_next(back))
