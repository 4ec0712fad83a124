"""A person's own account: who they are here, and where they are signed in."""

import re

from starlette.responses import Response

from api.http.problems import not_found
from api.pages.devices import device_name
from api.pages.frame.enter import SESSION
from api.pages.frame.view import View
from services import passwords, sign_in
from store.people import person_sessions

_ID = re.compile(r"[0-9a-f]{16}")


def show(view: View) -> Response:
    """GET /account"""
    return _page(view)


def end(view: View) -> Response:
    """POST /account: end one session of this person."""
    wanted = view.form.get("session", "")
    if not _ID.fullmatch(wanted):
        raise not_found()
    person_sessions.close_beside(view.connection, _token(view), wanted)
    return view.go("/account", "session_ended")


def change_password(view: View) -> Response:
    """POST /account/password"""
    new, token = view.form.get("password", ""), _token(view)
    problem = passwords.weakness(new, view.caller.name, view.tenant_name)
    if problem is None and new != view.form.get("again", ""):
        problem = "differs"
    if problem is None:
        old = view.form.get("old", "")
        if sign_in.change_password(view.connection, token, old, new, view.now_us):
            return view.go("/account", "password_changed")
        problem = "old"
    return _page(view, problem)


def _page(view: View, problem: str = "") -> Response:
    token = _token(view)
    return view.page(
        "account.html",
        422 if problem else 200,
        sessions=person_sessions.sessions_beside(view.connection, token, view.now_us),
        has_password=person_sessions.password_beside(view.connection, token) is not None,
        problem=problem,
        shortest=passwords.MIN_LENGTH,
        named=device_name,
    )


def _token(view: View) -> str:
    """Return the token of the session. Raises the 404 problem for one that a key opened."""
    token = view.request.cookies.get(view.deps.site.cookie(SESSION), "")
    if not token.startswith(sign_in.PREFIX):
        raise not_found()
    return token
