"""Where clients reach API and pages: the public address, its host, its cookies, its origin."""

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.datastructures import Headers

from api.http.problems import Problem

_DEFAULT_PORTS = {"http": 80, "https": 443}
_ANY_HOST = frozenset({"/health", "/ready"})
"""Paths that health checks ask by whatever address they have."""

HSTS = "max-age=31536000"


@dataclass(frozen=True, slots=True)
class Site:
    """The setting `api_base_url`; '' = not set, and then every host is right."""

    base_url: str = ""

    @property
    def secure(self) -> bool:
        """True if clients come by https only."""
        return self.base_url.startswith("https://")

    def cookie(self, name: str) -> str:
        """Return the full name of a cookie: with https no other host can set it (`__Host-`)."""
        return f"__Host-{name}" if self.secure else name

    def wrong_host(self, path: str, headers: Headers) -> Problem | None:
        """Return the problem of a request for another host."""
        if not self.base_url or path in _ANY_HOST:
            return None
        scheme, host = _parts(self.base_url)
        if _host(headers.get("host", ""), scheme) == host:
            return None
        return Problem(
            421,
            "wrong_host",
            "This server does not answer for the host of this request.",
            "Use the address that TACHOWATT_API_BASE_URL names; a proxy passes the header Host on.",
        )

    def own_origin(self, headers: Headers) -> bool:
        """True unless a browser says that another site has sent this request.

        Without `api_base_url` the scheme is not compared: a proxy may have ended TLS.
        """
        origin = headers.get("origin")
        if origin is None:
            return headers.get("sec-fetch-site", "none") in ("same-origin", "none")
        scheme, host = _parts(origin)
        if self.base_url:
            return (scheme, host) == _parts(self.base_url)
        return host != "" and host == _host(headers.get("host", ""), scheme)


def _parts(url: str) -> tuple[str, str]:
    scheme, _, rest = url.partition("://")
    return scheme.lower(), _host(rest.partition("/")[0], scheme.lower())


def _host(text: str, scheme: str) -> str:
    """Return host and port in one spelling, without the default port; '' if it is none."""
    try:
        parts = urlsplit(f"//{text}")
        name, port = parts.hostname or "", parts.port
    except ValueError:
        return ""
    return name if port in (None, _DEFAULT_PORTS.get(scheme)) else f"{name}:{port}"


def network_of(client: str | None) -> str:
    """Return what counts as one client in limits: an IPv4 address, the /64 of an IPv6 one."""
    try:
        address = ipaddress.ip_address((client or "").partition("%")[0])
    except ValueError:
        return "-"
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ipaddress.IPv6Network((address, 64), strict=False))
    return str(address)
