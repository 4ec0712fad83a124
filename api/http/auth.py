"""Authentication by Bearer key. The API does not accept a page's session cookie."""

from collections.abc import Callable, Collection
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import Depends, Query, Request
from fastapi.openapi.models import HTTPBearer as HTTPBearerModel
from fastapi.security.base import SecurityBase

from api.http.deps import Deps
from api.http.problems import Problem
from api.http.scopes import Scope, roles_with
from api.http.site import network_of
from runtime.errors import TachowattError
from store.people import keys, stream_tokens
from store.people.idempotency import Logged
from store.people.read_log import ObjectRead, Reader, log_reads
from store.postgres.pool import Connection

UNKNOWN_TENANT = "-"
"""The tenant of messages whose own tenant is unknown."""


@dataclass(frozen=True, slots=True)
class Caller:
    """An authenticated key. customer : owner of a customer's key; None for the other roles."""

    key_id: str
    tenant: str
    role: str
    customer: str | None
    name: str
    scopes: frozenset[str]

    @classmethod
    def of(cls, key: keys.KeyRow) -> "Caller":
        """Build the caller of a valid key."""
        return cls(key.key_id, key.tenant, key.role, key.customer, key.name, frozenset(key.scopes))

    @property
    def tenants(self) -> tuple[str, ...]:
        """The tenants whose rows this caller sees: its own, and UNKNOWN_TENANT with the scope for
        that."""
        unassigned = Scope.UNASSIGNED_READ in self.scopes
        return (self.tenant, UNKNOWN_TENANT) if unassigned else (self.tenant,)

    @property
    def side(self) -> str | None:
        """The side (insurer or utility) whose cases and contacts this caller sees; None = both."""
        return self.role if self.role in ("insurer", "utility") else None


class KeyRefused(TachowattError):
    """The key is unknown, revoked or expired; the message names which."""


def admit(deps: Deps, key_text: str, client: str | None, now_us: int) -> Caller:
    """Return the caller of a key that a client has sent.

    Raises `KeyRefused`, or the 429 problem if the client has sent too many invalid keys. What
    cannot be a key is refused without a connection to the store. client : its address.
    """
    network = network_of(client)
    deps.failures.check(network, key_text)
    try:
        if not keys.well_formed(key_text):
            raise KeyRefused("the key is not known")
        with deps.pool.connection() as connection:
            caller = caller_of_key(connection, key_text, now_us)
    except KeyRefused:
        deps.failures.failed(network)
        raise
    deps.failures.accepted(key_text)
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
    return Caller.of(found)


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


class _Bearer(SecurityBase):
    """Reads the key; also the security scheme of the OpenAPI document."""

    def __init__(self) -> None:
        self.model = HTTPBearerModel(
            description="A key made by `tachowatt key create`: `Authorization: Bearer tw_…`"
        )
        self.scheme_name = "key"

    def __call__(self, request: Request) -> str:
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
            return key(request, bearer(request))
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
