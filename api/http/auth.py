"""Authentication: by Bearer key or token in the API, by session in the pages.

The API does not accept a page's session cookie, and the pages no token.
"""

from collections.abc import Callable, Collection
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import Depends, Query, Request
from fastapi.openapi.models import HTTPBearer as HTTPBearerModel
from fastapi.security.base import SecurityBase

from api.http.deps import Deps
from api.http.oidc import ProviderAway, TokenRefused
from api.http.problems import Problem
from api.http.scopes import OF_ROLE, Scope, roles_with
from api.http.site import network_of
from contracts.roles import OF_A_PERSON
from customer_context.four_eyes.rule import Actor
from runtime.clock import US_PER_S
from runtime.errors import TachowattError
from services import sign_in
from store.people import keys, merges, persons, sessions, stream_tokens
from store.people.idempotency import Logged
from store.people.persons import Account
from store.people.read_log import ObjectRead, Reader, log_reads
from store.postgres.pool import Connection

UNKNOWN_TENANT = "-"
"""The tenant of messages whose own tenant is unknown."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls: a machine with a key or token, or a person.

    key_id : of the key, `oidc:<client>`, or the person's id, whichever way they came. customer : of
    the role customer. person : None for a machine. by_key : the key of a person who came with one.
    until_us : when the token expires, None = no end known.
    """

    key_id: str
    tenant: str
    role: str
    customer: str | None
    name: str
    scopes: frozenset[str]
    person: str | None = None
    by_key: str | None = None
    until_us: int | None = None

    @classmethod
    def of(cls, key: keys.KeyRow) -> "Caller":
        """Build the caller of a valid key of a machine."""
        return cls(key.key_id, key.tenant, key.role, key.customer, key.name, frozenset(key.scopes))

    @classmethod
    def of_person(
        cls,
        account: Account,
        role: str | None = None,
        within: Collection[str] | None = None,
        by_key: str | None = None,
        until_us: int | None = None,
    ) -> "Caller":
        """Build the caller of a person.

        role : stated by an OpenID provider. within : scopes of a key or token, None = all.
        """
        role = role or account.role
        scopes: frozenset[str] = OF_ROLE.get(role, frozenset())
        return cls(
            account.person_id,
            account.tenant,
            role,
            account.customer,
            account.name,
            scopes if within is None else scopes & set(within),
            account.person_id,
            by_key,
            until_us,
        )

    @property
    def tenants(self) -> tuple[str, ...]:
        """The tenants whose rows this caller sees: its own, and UNKNOWN_TENANT with the scope for
        that."""
        unassigned = Scope.UNASSIGNED_READ in self.scopes
        return (self.tenant, UNKNOWN_TENANT) if unassigned else (self.tenant,)

    @property
    def actor(self) -> Actor:
        """Who acts, for the rule of four eyes."""
        return Actor(self.person, self.tenant, self.role)

    @property
    def side(self) -> str | None:
        """The side (insurer or utility) whose cases and contacts this caller sees; None = both."""
        return self.role if self.role in ("insurer", "utility") else None


class KeyRefused(TachowattError):
    """The key is unknown, revoked or expired; the message names which."""


def admit(deps: Deps, text: str, client: str | None, now_us: int) -> Caller:
    """Return the caller of a key or access token that a client has sent.

    Raises `KeyRefused`, or the 429 problem if the client has sent too many that are not valid. What
    can be neither is refused without a connection to the store. client : its address.
    """
    network = network_of(client)
    deps.failures.check(network, text)
    try:
        if keys.well_formed(text):
            with deps.pool.connection() as connection:
                caller = caller_of_key(connection, text, now_us)
        elif deps.provider is not None and deps.provider.takes(text):
            caller = _caller_of_token(deps, text, now_us)
        else:
            raise KeyRefused("the key is not known")
    except KeyRefused:
        deps.failures.failed(network)
        raise
    deps.failures.accepted(text)
    return caller


def caller_of_key(connection: Connection, key_text: str, now_us: int) -> Caller:
    """Return the caller of a key. Raises `KeyRefused`."""
    found = keys.find_key(connection, key_text, now_us)
    if found is None:
        raise KeyRefused("the key is not known")
    if found.revoked_at is not None:
        raise KeyRefused("the key is revoked")
    if not keys.valid(found, now_us):
        raise KeyRefused("the key has expired")
    return _caller_of_row(connection, found)


def _caller_of_row(connection: Connection, key: keys.KeyRow) -> Caller:
    if key.role != OF_A_PERSON:
        return Caller.of(key)
    account = persons.of_key(connection, key.key_id)
    if account is None:
        raise KeyRefused("the person of this key is disabled")
    return Caller.of_person(account, within=key.scopes, by_key=key.key_id)


def _caller_of_token(deps: Deps, text: str, now_us: int) -> Caller:
    """Return the caller of an access token: a machine of the settings, or a person it is linked to.

    Raises `KeyRefused`, or the 503 problem where the provider's keys cannot be had.
    """
    assert deps.provider is not None
    try:
        token = deps.provider.access_token(text, now_us)
    except TokenRefused as error:
        raise KeyRefused(str(error)) from None
    except ProviderAway as error:
        raise Problem(
            503,
            "provider_away",
            str(error),
            "Repeat the request later; keys of `tachowatt key create` do not need the provider.",
            user_message="Signing in does not work at the moment.",
            headers={"Retry-After": "10"},
        ) from None
    until_us = token.expires_s * US_PER_S
    machine = deps.provider.machine(token.client)
    if machine is not None:
        tenant, role = machine
        return Caller(
            f"oidc:{token.client}",
            tenant,
            role,
            None,
            token.client,
            OF_ROLE[role] & token.scopes,
            until_us=until_us,
        )
    with deps.pool.connection() as connection:
        account = sign_in.by_identity(
            connection, deps.box, deps.provider.issuer, token.subject, None, now_us
        )
    if account is None:
        raise KeyRefused(f"the client {token.client!r} is not registered here")
    return Caller.of_person(account, within=token.scopes, until_us=until_us)


def still_valid(connection: Connection, caller: Caller, now_us: int) -> bool:
    """Return whether an accepted caller still is one; for answers that last long (streams)."""
    if caller.until_us is not None and caller.until_us <= now_us:
        return False
    if caller.person is None:
        machine = caller.until_us is not None  # by a token, which nothing revokes
        return machine or keys.still_valid(connection, caller.key_id, now_us)
    if caller.by_key is not None and not keys.still_valid(connection, caller.by_key, now_us):
        return False
    account = persons.account(connection, caller.person)
    return account is not None and account.role == caller.role


@dataclass(frozen=True, slots=True)
class PageSession:
    """A session of the pages, and its CSRF token."""

    caller: Caller
    csrf: str


def session_of(
    deps: Deps, connection: Connection, token: str, now_us: int, *, use: bool
) -> PageSession | None:
    """Return the session of a cookie's token; None where it is over, or never was one.

    use : False = this is no use of it, it may become idle.
    """
    idle_s = deps.settings.api_session_idle_s
    if token.startswith(sign_in.PREFIX):
        found = sign_in.find_session(connection, deps.box, token, now_us, idle_s, use=use)
        if found is None:
            return None
        return PageSession(Caller.of_person(found.account, found.stated_role), found.csrf)
    if not deps.settings.sign_in_by_key:
        return None
    of_key = sessions.find_session(connection, token, now_us, idle_s, use=use)
    if of_key is None:
        return None
    try:
        return PageSession(_caller_of_row(connection, of_key.key), of_key.csrf)
    except KeyRefused:
        return None


@dataclass(frozen=True, slots=True)
class Call:
    """An authorised request, passed to endpoints."""

    deps: Deps
    caller: Caller
    request_id: str
    reason: str | None
    now_us: int
    logged: list[Logged] = field(default_factory=list)
    """What was logged in this request; a stored answer keeps it for its replays."""

    def connection(self) -> AbstractContextManager[Connection]:
        """Open a transaction that sees only the rows of the caller's tenants."""
        caller = self.caller
        return self.deps.pool.connection(caller.tenants, caller.customer)

    def log(
        self, connection: Connection, objects: Collection[ObjectRead], what: str, why: str
    ) -> None:
        """Record a read of these objects in the read log.

        why : the purpose; X-Reason, if the caller sent one, precedes it.
        """
        self.logged.append(Logged(what, why, tuple(objects)))
        caller = self.caller
        log_reads(
            connection,
            Reader(caller.tenant, caller.key_id, caller.role, caller.name, self.request_id),
            objects,
            what,
            why if self.reason is None else f"{self.reason} ({why})",
            self.now_us,
        )


_OF_RECORDS = frozenset({Scope.REGISTRY_READ, Scope.REGISTRY_WRITE, Scope.CUSTOMERS_MERGE})
"""Scopes of endpoints about a record, whoever it stands for."""


def _lead_to_survivor(request: Request, deps: Deps, caller: Caller) -> None:
    """Raise the redirect where the path names a customer who is merged into another one."""
    named = request.path_params.get("customer_id")
    if not isinstance(named, str):
        return
    with deps.pool.connection(caller.tenants) as connection:
        survivor = merges.survivor_of(connection, caller.tenant, named)
    if survivor is None:
        return
    before, _, after = request.url.path.partition(f"/customers/{named}")
    path = f"{quote(before)}/customers/{quote(survivor, safe='')}{quote(after)}"
    raise Problem(
        307,
        "merged",
        "This customer is merged into another one, which stands for both.",
        "Follow Location.",
        headers={"Location": f"{path}?{request.url.query}" if request.url.query else path},
    )


class _Bearer(SecurityBase):
    """Reads the key; also the security scheme of the OpenAPI document."""

    def __init__(self) -> None:
        self.model = HTTPBearerModel(
            description="A key made by `tachowatt key create`: `Authorization: Bearer tw_…`, or an "
            "access token of the OpenID provider that the settings name"
        )
        self.scheme_name = "key"

    async def __call__(self, request: Request) -> str:
        return self.key_of(request)

    def key_of(self, request: Request) -> str:
        """Return the key that a request has sent. Raises the 401 problem."""
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not key.strip():
            raise unauthorised("This path needs a key.")
        return key.strip()


bearer = _Bearer()


def unauthorised(detail: str) -> Problem:
    """Build the 401 problem."""
    return Problem(
        401,
        "unauthorised",
        detail,
        "Send `Authorization: Bearer tw_<id>_<secret>` with a key of `tachowatt key create`.",
        user_message="Please sign in again.",
        headers={"WWW-Authenticate": "Bearer"},
    )


def forbidden(caller: Caller, scope: Scope) -> Problem:
    """Build the 403 problem: the scope needed, and which roles can have it."""
    roles = roles_with(scope)
    if caller.role in roles:
        advice = f"Use a key that has {scope}: tachowatt key create --role {caller.role} …"
    else:
        advice = f"Only a key of the role {' or '.join(roles)} can have {scope}."
    return Problem(
        403,
        "missing_scope",
        f"This needs the scope {scope}; this key of the role {caller.role} does not have it.",
        advice,
        user_message="You are not allowed to do this.",
    )


def needs(scope: Scope) -> Any:
    """Build the dependency of an endpoint: a `Call` whose key has `scope`.

    It runs before the request is validated, so validation errors reach authorised callers only.
    """

    def authorise(request: Request, key: str = Depends(bearer)) -> Call:
        deps: Deps = request.app.state.deps
        now_us = deps.clock.now_us()
        try:
            caller = admit(deps, key, request.client.host if request.client else None, now_us)
        except KeyRefused as error:
            raise unauthorised(f"{str(error).capitalize()}.") from None
        return _call(request, caller, scope, now_us)

    return Depends(_with_scope(authorise, scope))


def _call(request: Request, caller: Caller, scope: Scope, now_us: int) -> Call:
    """Return the call of an admitted caller. Raises the problems of its rate and its scopes."""
    deps: Deps = request.app.state.deps
    request.state.rate = deps.rate.take(caller.key_id)
    request.state.rate.check()
    if scope not in caller.scopes:
        raise forbidden(caller, scope)
    if caller.customer is None and scope not in _OF_RECORDS:
        _lead_to_survivor(request, deps, caller)
    reason = request.headers.get("x-reason", "").strip()
    return Call(deps, caller, request.state.request_id, reason[:200] or None, now_us)


def needs_or_token(scope: Scope, stream: str) -> Any:
    """As `needs`, or a token of `POST /v1/stream-tokens` for this stream in `token`."""

    def authorise(
        request: Request,
        token: Annotated[
            str | None,
            Query(max_length=100, description="Of POST /v1/stream-tokens, instead of a key."),
        ] = None,
    ) -> Call:
        if token is None or "authorization" in request.headers:
            return key(request, bearer.key_of(request))
        deps: Deps = request.app.state.deps
        now_us = deps.clock.now_us()
        network = network_of(request.client.host if request.client else None)
        deps.failures.check(network, token)
        with deps.pool.connection() as connection:
            found = stream_tokens.find_key(connection, token, stream, now_us)
        if found is None:
            deps.failures.failed(network)
            raise unauthorised("The token is not known, has expired, or is of another stream.")
        return _call(request, Caller.of(found), scope, now_us)

    key: Callable[..., Call] = needs(scope).dependency
    return Depends(_with_scope(authorise, scope))


def _with_scope(authorise: Callable[..., Call], scope: Scope) -> Callable[..., Call]:
    authorise.scope = scope  # type: ignore[attr-defined]  # api.openapi.document reads it back
    return authorise
