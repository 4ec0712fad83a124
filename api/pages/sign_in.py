"""Sign in as a person: password, one-time link, OpenID provider, invitation, or in the demo."""

import json
import logging
import re
from collections.abc import Callable
from dataclasses import asdict

import segno
from starlette.responses import Response

from api.http.oidc import Attempt, ProviderAway, TokenRefused
from api.http.problems import Problem, not_found
from api.http.site import network_of
from api.pages.frame.enter import form_token, safe_next
from api.pages.frame.session import demo_allowed, enter_as, external_url, login_form
from api.pages.frame.view import PROVIDER, View
from runtime.secret_box import SecretError
from services import passwords, sign_in
from store.people import person_sessions, persons
from store.people.person_sessions import Link
from store.people.persons import Account

log = logging.getLogger("api.pages")

_ATTEMPT_S = 600
"""Seconds that a sign-in at the provider may take."""
_TOKEN = re.compile(r"[A-Za-z0-9_-]{20,100}")
_EMAIL = re.compile(r"[^\s@]{1,64}@[^\s@]{1,190}")


def with_password(view: View) -> Response:
    """POST /login/password: e-mail, password and a code of the second factor, all at once.

    So nobody learns whether a password alone is right.
    """
    email, deps = view.form.get("email", "").strip()[:254], view.deps

    def prove() -> Account | None:
        return sign_in.by_password(
            view.store,
            deps.box,
            email,
            view.form.get("password", ""),
            view.form.get("code", "")[:40],
            view.now_us,
        )

    account = _counted(view, f"person {email.lower()}", prove)
    if account is None or enter_as(view, account, "password") is None:
        return login_form(view, "password")
    return view.go(safe_next(view.form.get("next", "/")))


def ask_link(view: View) -> Response:
    """POST /login/link: let a link be sent. The answer is the same whoever has the address."""
    url, email = external_url(view), view.form.get("email", "").strip()
    if url is None or view.deps.settings.smtp_url is None:
        raise not_found()
    if not _EMAIL.fullmatch(email):
        return login_form(view, "email")
    network = network_of(view.request.client.host if view.request.client else None)
    view.deps.failures.check(network, f"link {email.lower()}")
    view.deps.failures.failed(network)  # each one counts: nobody needs many
    with view.store() as connection:
        person_sessions.request_links(connection, email, url, view.now_us, sign_in.LINK_S)
    return view.page("link_sent.html", minutes=round(sign_in.LINK_S / 60))


def open_link(view: View) -> Response:
    """GET /login/link: show whom a link is for; it is used by the button only.

    Programs of mail servers open links before people do.
    """
    link = _link(view, "sign_in")
    if link is None:
        return login_form(view, "link")
    form_token(view)
    return view.page("link.html", link=link, token=view.request.query_params["t"])


def use_link(view: View) -> Response:
    """POST /login/link/use"""
    token = view.form.get("t", "")

    def prove() -> Account | None:
        with view.store() as connection:
            return sign_in.by_link(connection, token, view.now_us)

    account = _counted(view, "link", prove) if _TOKEN.fullmatch(token) else None
    if account is None or enter_as(view, account, "link") is None:
        return login_form(view, "link")
    return view.go("/")


def invitation(view: View) -> Response:
    """GET /invitation: choose a password and set up the second factor."""
    link = _link(view, "invitation")
    if link is None:
        return login_form(view, "invitation")
    form_token(view)
    return _invitation(view, link, view.request.query_params["t"], passwords.new_totp_secret())


def accept(view: View) -> Response:
    """POST /invitation: store both, sign in, and show the recovery codes once."""
    token, secret = view.form.get("t", ""), view.form.get("secret", "")
    link = _link(view, "invitation", token)
    if link is None or not passwords.is_totp_secret(secret):
        return login_form(view, "invitation")
    password, again = view.form.get("password", ""), view.form.get("again", "")
    problem = passwords.weakness(password, link.name, link.email or "", link.tenant_name)
    if problem is None and password != again:
        problem = "differs"
    if problem is not None:
        return _invitation(view, link, token, secret, problem)
    with view.store() as connection:
        codes = sign_in.set_up(
            connection,
            view.deps.box,
            token,
            link.person_id,
            password,
            secret,
            view.form.get("code", "")[:20],
            view.now_us,
        )
        account = persons.account(connection, link.person_id)
    if codes is None:
        return _invitation(view, link, token, secret, "code")
    if account is None or enter_as(view, account, "password") is None:
        return login_form(view, "invitation")
    return view.page("recovery_codes.html", codes=codes)


def demo(view: View) -> Response:
    """POST /login/demo: sign in as one of the demo's people, on the loopback only."""
    if not demo_allowed(view.deps, view.request):
        raise not_found()
    with view.store() as connection:
        people = {one.person_id: one for one in persons.of_demo(connection)}
    account = people.get(view.form.get("person", ""))
    if account is None or enter_as(view, account, "demo") is None:
        raise not_found()
    return view.go("/")


def to_provider(view: View) -> Response:
    """GET /login/provider: go to the OpenID provider."""
    provider, url = view.deps.provider, external_url(view)
    if provider is None or not provider.for_people or url is None:
        raise not_found()
    try:
        address, attempt = provider.begin(f"{url}/login/provider/done")
    except ProviderAway as error:
        log.warning("sign-in: %s", error)
        return login_form(view, "provider_away", 503)
    back = safe_next(view.request.query_params.get("next", "/"))
    kept = json.dumps({**asdict(attempt), "back": back, "at_us": view.now_us})
    sealed = view.deps.box.seal(kept, PROVIDER)
    view.cookies[view.deps.site.cookie(PROVIDER)] = (sealed, _ATTEMPT_S)
    return view.go(address)


def from_provider(view: View) -> Response:
    """GET /login/provider/done: the provider sent the browser back, with a code or an error."""
    provider, query = view.deps.provider, view.request.query_params
    if provider is None or not provider.for_people:
        raise not_found()
    cookie = view.deps.site.cookie(PROVIDER)
    kept = _kept_attempt(view, view.request.cookies.get(cookie, ""))
    view.cookies[cookie] = ("", 0)  # once: an answer that comes again finds nothing
    if kept is None or query.get("state") != kept[0].state or "code" not in query:
        return login_form(view, "provider")
    attempt, back = kept
    try:
        identity = provider.finish(attempt, query["code"])
    except ProviderAway as error:
        log.warning("sign-in: %s", error)
        return login_form(view, "provider_away", 503)
    except TokenRefused as error:
        log.warning("sign-in refused: %s", error)
        return login_form(view, "provider")
    with view.store() as connection:
        account = sign_in.by_identity(
            connection,
            view.deps.box,
            provider.issuer,
            identity.subject,
            identity.email,
            view.now_us,
        )
    if account is None or enter_as(view, account, "provider", identity.role) is None:
        return login_form(view, "nobody")
    # A page and no redirect: browsers keep `SameSite=Strict` cookies from a redirect that another
    # site began, and the person would have to sign in again.
    return view.page("signed_in.html", back=back)


def _counted(view: View, known_as: str, prove: Callable[[], Account | None]) -> Account | None:
    """Check a proof; a failure counts for the client's network (api/http/ratelimit.py)."""
    failures = view.deps.failures
    network = network_of(view.request.client.host if view.request.client else None)
    failures.check(network, known_as)
    try:
        account = prove()
    except SecretError as error:
        log.error("sign-in: %s", error)
        raise Problem(
            503, "store_away", "No key of secrets.", "See the log of the service."
        ) from error
    if account is None:
        failures.failed(network)
    else:
        failures.accepted(known_as)
    return account


def _link(view: View, purpose: str, token: str | None = None) -> Link | None:
    token = view.request.query_params.get("t", "") if token is None else token
    if not _TOKEN.fullmatch(token):
        return None
    with view.store() as connection:
        found = person_sessions.link(connection, token, view.now_us)
    return found if found is not None and found.purpose == purpose else None


def _invitation(view: View, link: Link, token: str, secret: str, problem: str = "") -> Response:
    """Render the form. The secret goes through the form: nothing is stored before it is proved."""
    uri = passwords.totp_uri(secret, link.email or link.name, link.tenant_name)
    return view.page(
        "invitation.html",
        422 if problem else 200,
        link=link,
        token=token,
        secret=secret,
        shown=" ".join(secret[at : at + 4] for at in range(0, len(secret), 4)),
        picture=segno.make_qr(uri, error="m").svg_data_uri(scale=5, border=3, light="#fff"),
        problem=problem,
        shortest=passwords.MIN_LENGTH,
    )


def _kept_attempt(view: View, sealed: str) -> tuple[Attempt, str] | None:
    """Return what the browser kept of its sign-in, and where it goes after; None if it is none."""
    try:
        kept = json.loads(view.deps.box.open(sealed, PROVIDER))
    except (SecretError, ValueError):
        return None
    if view.now_us - kept.pop("at_us") > _ATTEMPT_S * 1_000_000:
        return None
    back = kept.pop("back")
    return Attempt(**kept), back
