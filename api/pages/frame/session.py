"""The sign-in page, sessions in cookies, signing in with a key, and signing out."""

import ipaddress
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from api.http.auth import KeyRefused, admit
from api.http.deps import Deps
from api.pages.frame.enter import FORM, SESSION, form_token, safe_next
from api.pages.frame.view import View
from services import sign_in
from services.sign_in import Opened
from store.people import person_sessions, persons, sessions
from store.people.persons import Account

SESSION_S = 12 * 3600.0
"""Lifetime of a session from sign-in; activity does not extend it, and idleness ends it before."""

_FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")


@dataclass(frozen=True, slots=True)
class Ways:
    """The ways to sign in that the page offers. demo : the demo's people; provider : its name."""

    demo: list[Account]
    provider: str
    link: bool
    key: bool


def login_page(view: View) -> Response:
    """GET /login"""
    if view.key is not None:
        return view.go(safe_next(view.request.query_params.get("next", "/")))
    return login_form(view)


def login(view: View) -> Response:
    """POST /login: exchange a key for a session. The key is not stored, not in a cookie either."""
    deps, text = view.deps, view.form.get("key", "").strip()
    client = view.request.client.host if view.request.client else None
    if not deps.settings.sign_in_by_key:
        return login_form(view, "key")
    try:
        caller = admit(deps, text, client, view.now_us)
    except KeyRefused:
        return login_form(view, "key")
    if caller.person is not None or caller.until_us is not None:
        return login_form(view, "key")  # a person signs in as such, and a token is for the API
    ttl_s = SESSION_S
    with view.store() as connection:
        opened = sessions.open_session(connection, text, view.now_us, ttl_s)
    if opened is None:  # revoked in between
        return login_form(view, "key")
    _set_cookie(view, opened[0], ttl_s)
    return view.go(safe_next(view.form.get("next", "/")))


def enter_as(
    view: View, account: Account, method: str, stated_role: str | None = None
) -> Opened | None:
    """Open a session of a person and set its cookie; None where the person is disabled.

    The token is always a new one, and the session that the browser had ends: nobody can prepare a
    session for somebody else to sign in to.
    """
    deps = view.deps
    device = view.request.headers.get("user-agent", "")
    before = view.request.cookies.get(deps.site.cookie(SESSION), "")
    if before:
        end_session(view, before)
    with view.store() as connection:
        opened = sign_in.open_session(
            connection, deps.box, account, method, device, view.now_us, stated_role
        )
    if opened is not None:
        _set_cookie(view, opened.token, opened.ttl_s)
    return opened


def end_session(view: View, token: str) -> None:
    """End the session of a token, whatever opened it."""
    with view.store() as connection:
        if token.startswith(sign_in.PREFIX):
            person_sessions.close_session(connection, token)
        else:
            sessions.close_session(connection, token)


def logout(view: View) -> Response:
    """POST /logout"""
    cookie = view.deps.site.cookie(SESSION)
    end_session(view, view.request.cookies[cookie])
    view.cookies[cookie] = ("", 0)
    return view.go("/login", "signed_out")


def logout_everywhere(view: View) -> Response:
    """POST /logout/everywhere: end all sessions of this person or key, on all devices."""
    cookie = view.deps.site.cookie(SESSION)
    token = view.request.cookies[cookie]
    if token.startswith(sign_in.PREFIX):
        person_sessions.close_beside(view.connection, token)
    else:
        sessions.close_sessions(view.connection, token)
    view.cookies[cookie] = ("", 0)
    return view.go("/login", "signed_out_everywhere")


def login_form(view: View, problem: str = "", status: int = 401) -> Response:
    """Render the sign-in page.

    problem : why the last try failed (`login.problem` of the texts); '' = there was none.
    """
    form_token(view)
    back = view.form.get("next") or view.request.query_params.get("next", "/")
    return view.page(
        "login.html",
        status if problem else 200,
        problem=problem,
        ways=_ways(view),
        back=safe_next(back),
        email=view.form.get("email", ""),
    )


def external_url(view: View) -> str | None:
    """Return the address of the pages for links that others follow; None where it is not sure.

    The header Host is whatever a client sends, so it counts for the loopback only.
    """
    site, request = view.deps.site, view.request
    if site.base_url:
        return site.base_url
    host = request.headers.get("host", "")
    return f"{request.url.scheme}://{host}" if _loopback(_name_of(host)) else None


def demo_allowed(deps: Deps, request: Request) -> bool:
    """Return whether the demo's people may sign in by one click.

    Only if everything is on the loopback: where the API listens, the client, and the host that the
    browser asked for (another name may be made to lead here). A proxy is no client of the loopback.
    """
    settings = deps.settings
    client = request.client.host if request.client else ""
    return (
        settings.demo_sign_in
        and not settings.api_base_url
        and _loopback(settings.api_host)
        and _loopback(client)
        and _loopback(_name_of(request.headers.get("host", "")))
        and not any(name in request.headers for name in _FORWARDED)
    )


def _ways(view: View) -> Ways:
    deps = view.deps
    people: list[Account] = []
    if demo_allowed(deps, view.request):
        with view.store() as connection:
            people = persons.of_demo(connection)
    outside = external_url(view) is not None
    by_provider = outside and deps.provider is not None and deps.provider.for_people
    return Ways(
        people,
        deps.settings.oidc_name if by_provider else "",
        outside and deps.settings.smtp_url is not None,
        deps.settings.sign_in_by_key,
    )


def _set_cookie(view: View, token: str, ttl_s: float) -> None:
    site = view.deps.site
    view.cookies[site.cookie(SESSION)] = (token, round(ttl_s))
    view.cookies[site.cookie(FORM)] = ("", 0)


def _name_of(host: str) -> str:
    """Return the name of a header Host, without its port."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]


def _loopback(name: str) -> bool:
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
