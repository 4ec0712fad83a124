"""An OpenID provider: people sign in to the pages by it, machines get tokens for the API from it.

Code flow with PKCE, state and nonce for people; signed access tokens for the API. Sources: OpenID
Connect Core 1.0 (3.1.3.7 on ID tokens), RFC 7636 (PKCE), RFC 8725 (JWT, best current practices),
RFC 9068 (access tokens).
"""

import json
import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx
from authlib.common.security import generate_token
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.httpx_client import OAuth2Client
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from api.http.scopes import OF_ROLE, Scope
from contracts.roles import Role
from runtime.clock import US_PER_S, Clock
from runtime.errors import TachowattError, Usage
from runtime.settings import Settings, pairs_of

log = logging.getLogger("api.oidc")

ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"]
"""Signatures with a provider's private key. `none`, and those with a shared secret, are refused."""

_LEEWAY_S = 30
"""How far the provider's clock may differ from ours."""
_TIMEOUT_S = 5.0
_METADATA_S = 3_600.0
_NEW_KEYS_S = 30.0
"""Least time between two fetches of keys for a key id that is not known."""
_MOST_BYTES = 16_384
"""Longest token that is read."""


class ProviderAway(TachowattError):
    """The provider does not answer, or not as OpenID requires; the message says what."""


class TokenRefused(TachowattError):
    """A token or answer is not valid; the message says why, without its content."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """A sign-in that was sent to the provider; the browser has it, sealed, until it comes back."""

    state: str
    nonce: str
    verifier: str
    redirect_uri: str


@dataclass(frozen=True, slots=True)
class Identity:
    """Who has signed in.

    email : None unless the provider has verified it; role : None = not stated.
    """

    subject: str
    email: str | None
    role: str | None


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A valid access token for the API."""

    client: str
    subject: str
    scopes: frozenset[Scope]
    expires_s: int


@dataclass(slots=True)
class _Fetched:
    """Metadata and keys of the provider, and when they were fetched."""

    metadata: Mapping[str, Any]
    keys: KeySet
    at_s: float
    keys_at_s: float


class Provider:
    """The provider of the settings. Thread-safe; fetches with its own short timeouts."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self.issuer = settings.oidc_issuer.rstrip("/")
        self._clock = clock
        self._client_id = settings.oidc_client_id
        self._secret_file = settings.oidc_client_secret_file
        self._audience = settings.oidc_audience
        self._role_claim = settings.oidc_role_claim
        self._roles = pairs_of(settings.oidc_role_map)
        self._scopes = _scopes_of(settings.oidc_scope_map)
        self._machines = _machines_of(settings.oidc_clients)
        self._lock = threading.Lock()
        self._fetched: _Fetched | None = None
        _check_url(self.issuer, "oidc_issuer")
        for role in self._roles.values():
            _check_role(role, "oidc_role_map")

    @property
    def for_people(self) -> bool:
        """True if people can sign in by it."""
        return bool(self._client_id)

    def takes(self, text: str) -> bool:
        """Return whether a text can be an access token for the API at all."""
        return bool(self._audience) and text.count(".") == 2 and len(text) <= _MOST_BYTES

    def machine(self, client: str) -> tuple[str, str] | None:
        """Return (tenant, role) of a client of the settings."""
        return self._machines.get(client)

    # ── people ───────────────────────────────────────────────────────────────────────────────────

    def begin(self, redirect_uri: str) -> tuple[str, Attempt]:
        """Return the address of the provider's sign-in, and what its answer is compared with."""
        attempt = Attempt(generate_token(43), generate_token(43), generate_token(64), redirect_uri)
        with self._client(redirect_uri) as client:
            url, _ = client.create_authorization_url(
                self._metadata()["authorization_endpoint"],
                state=attempt.state,
                nonce=attempt.nonce,
                code_verifier=attempt.verifier,
            )
        return str(url), attempt

    def finish(self, attempt: Attempt, code: str) -> Identity:
        """Exchange the code and return who has signed in. Raises `TokenRefused`, `ProviderAway`."""
        endpoint = self._metadata()["token_endpoint"]
        try:
            with self._client(attempt.redirect_uri) as client:
                token = client.fetch_token(
                    endpoint,
                    grant_type="authorization_code",
                    code=code,
                    code_verifier=attempt.verifier,
                )
        except OAuthError as error:
            raise TokenRefused(f"the provider refuses the code ({error.error})") from None
        except (httpx.HTTPError, ValueError) as error:
            raise ProviderAway(f"the provider does not answer ({type(error).__name__})") from None
        if not isinstance(token.get("id_token"), str):
            raise TokenRefused("the provider sent no ID token")
        claims = self._claims(token["id_token"], self._client_id, nonce=attempt.nonce)
        several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
        if several and claims.get("azp") != self._client_id:
            raise TokenRefused("the ID token is for another client")
        email = claims.get("email")
        verified = isinstance(email, str) and claims.get("email_verified") is True
        return Identity(claims["sub"], email if verified else None, self._role_of(claims))

    def _role_of(self, claims: Mapping[str, Any]) -> str | None:
        """Return the stated role; None where the settings take none. Raises `TokenRefused`."""
        if not self._role_claim:
            return None
        found: Any = claims
        for part in self._role_claim.split("."):
            found = found.get(part) if isinstance(found, Mapping) else None
        stated = set(found) if isinstance(found, list) else {found}
        for value, role in self._roles.items():
            if value in stated:
                return role
        raise TokenRefused("the provider states no role that is one here")

    def _client(self, redirect_uri: str) -> OAuth2Client:
        secret = None
        if self._secret_file is not None:
            secret = self._secret_file.read_text(encoding="utf-8").strip()
        return OAuth2Client(
            self._client_id,
            secret,
            token_endpoint_auth_method="client_secret_basic" if secret else "none",
            scope="openid email profile",
            redirect_uri=redirect_uri,
            code_challenge_method="S256",
            timeout=_TIMEOUT_S,
            follow_redirects=False,
            trust_env=False,
        )

    # ── tokens ───────────────────────────────────────────────────────────────────────────────────

    def access_token(self, text: str, now_us: int) -> AccessToken:
        """Validate an access token for the API. Raises `TokenRefused`, `ProviderAway`."""
        claims = self._claims(text, self._audience)
        client = claims.get("client_id") or claims.get("azp") or claims["sub"]
        named = claims.get("scope") or claims.get("scp") or ""
        names = named.split() if isinstance(named, str) else [str(name) for name in named]
        scopes = frozenset(self._scopes[name] for name in names if name in self._scopes)
        return AccessToken(str(client), claims["sub"], scopes, int(claims["exp"]))

    def _claims(self, text: str, audience: str, nonce: str | None = None) -> Mapping[str, Any]:
        """Return the claims of a token that the provider signed for us, and that is valid now."""
        if len(text) > _MOST_BYTES:
            raise TokenRefused("the token is too long")
        try:
            decoded = self._decoded(text)
            wanted: dict[str, Any] = {
                "iss": {"essential": True, "value": self.issuer_as_stated()},
                "aud": {"essential": True, "value": audience},
                "exp": {"essential": True},
                "sub": {"essential": True},
            }
            if nonce is not None:
                wanted |= {"iat": {"essential": True}, "nonce": {"essential": True, "value": nonce}}
            now_s = self._clock.now_us() // US_PER_S
            jwt.JWTClaimsRegistry(now=now_s, leeway=_LEEWAY_S, **wanted).validate(decoded.claims)
        except (JoseError, ValueError, TypeError) as error:
            raise TokenRefused(f"the token is not valid ({_reason(error)})") from None
        claims: Mapping[str, Any] = decoded.claims
        if not isinstance(claims["sub"], str) or not claims["sub"]:
            raise TokenRefused("the token names nobody")
        return claims

    def _decoded(self, text: str) -> jwt.Token:
        """Check the signature; fetch the keys anew, now and then, for a key that is not known."""
        try:
            return jwt.decode(text, self._keys(), algorithms=ALGORITHMS)
        except (JoseError, ValueError):
            if not self._renew_keys():
                raise
            return jwt.decode(text, self._keys(), algorithms=ALGORITHMS)

    def issuer_as_stated(self) -> str:
        """Return the issuer as the provider writes it, with or without a slash at its end."""
        return str(self._metadata()["issuer"])

    # ── metadata ─────────────────────────────────────────────────────────────────────────────────

    def _metadata(self) -> Mapping[str, Any]:
        return self._current().metadata

    def _keys(self) -> KeySet:
        return self._current().keys

    def _current(self) -> _Fetched:
        now_s = self._clock.monotonic()
        with self._lock:
            if self._fetched is None or now_s - self._fetched.at_s > _METADATA_S:
                metadata = self._discover()
                keys = self._fetch_keys(metadata)
                self._fetched = _Fetched(metadata, keys, now_s, now_s)
            return self._fetched

    def _renew_keys(self) -> bool:
        """Fetch the keys again; return False where they are of just now."""
        now_s = self._clock.monotonic()
        with self._lock:
            if self._fetched is None or now_s - self._fetched.keys_at_s < _NEW_KEYS_S:
                return False
            self._fetched.keys_at_s = now_s
            self._fetched.keys = self._fetch_keys(self._fetched.metadata)
            return True

    def _discover(self) -> Mapping[str, Any]:
        found = self._get(f"{self.issuer}/.well-known/openid-configuration")
        stated = str(found.get("issuer", ""))
        if stated.rstrip("/") != self.issuer:
            raise ProviderAway(f"the provider says that it is {stated!r}, not {self.issuer!r}")
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            try:
                _check_url(str(found.get(name, "")), name)
            except Usage as error:
                raise ProviderAway(str(error)) from None
        return found

    def _fetch_keys(self, metadata: Mapping[str, Any]) -> KeySet:
        try:
            return KeySet.import_key_set(self._get(metadata["jwks_uri"]))  # type: ignore[arg-type]
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise ProviderAway(f"the provider's keys cannot be read ({_reason(error)})") from None

    def _get(self, url: str) -> Mapping[str, Any]:
        try:
            answer = httpx.get(url, timeout=_TIMEOUT_S, follow_redirects=False, trust_env=False)
            answer.raise_for_status()
            found = answer.json()
        except (httpx.HTTPError, json.JSONDecodeError, UnicodeDecodeError) as error:
            log.warning("OpenID provider: %s: %s", url, error)
            raise ProviderAway(f"the provider does not answer ({type(error).__name__})") from None
        if not isinstance(found, dict):
            raise ProviderAway(f"{url} has no JSON object")
        return found


def provider_of(settings: Settings, clock: Clock) -> Provider | None:
    """Return the provider of the settings; None where none is set. Raises `Usage`."""
    return Provider(settings, clock) if settings.oidc_issuer else None


def _check_url(url: str, name: str) -> None:
    """Raise `Usage` unless nobody on the way can change what the address answers."""
    parts = urlsplit(url)
    loopback = parts.hostname in ("localhost", "127.0.0.1", "::1")
    if parts.scheme != "https" and not (parts.scheme == "http" and loopback):
        raise Usage(f"{name}: expected https://…, or http:// on the loopback; found {url!r}")


def _check_role(role: str, name: str) -> None:
    if role not in OF_ROLE or role == Role.CUSTOMER:
        allowed = ", ".join(each for each in OF_ROLE if each != Role.CUSTOMER)
        raise Usage(f"{name}: {role!r} is no role for it; there are {allowed}")


def _machines_of(text: str) -> dict[str, tuple[str, str]]:
    found = {}
    for client, value in pairs_of(text).items():
        tenant, _, role = value.partition(":")
        _check_role(role, "oidc_clients")
        found[client] = (tenant, role)
    return found


def _scopes_of(text: str) -> dict[str, Scope]:
    found = {scope.value: scope for scope in Scope}
    for name, value in pairs_of(text).items():
        try:
            found[name] = Scope(value)
        except ValueError:
            raise Usage(f"oidc_scope_map: there is no scope {value!r}") from None
    return found


def _reason(error: Exception) -> str:
    """Return the kind of an error: its text may quote the token."""
    return getattr(error, "error", None) or type(error).__name__
