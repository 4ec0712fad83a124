"""Targets of webhooks: public addresses, and networks that the operator allows.

A receiver's URL is untrusted input. Before each attempt its name is resolved and every address is
checked. The connection uses the checked address, so a later change of the name's address (DNS
rebinding) has no effect.
Source: OWASP, Server Side Request Forgery Prevention Cheat Sheet.
"""

import asyncio
import socket
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from urllib.parse import urlsplit

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_NAT64 = IPv6Network("64:ff9b::/96")
PUBLIC_IPV6 = (IPv6Network("2000::/3"), _NAT64)
"""The only public IPv6 networks, even if others are not listed as private: RFC 4291, 2.4."""


class Refused(Exception):
    """The URL is not permitted; the message says why."""


class Unresolved(Exception):
    """The name does not resolve now; it may later."""


@dataclass(frozen=True, slots=True)
class Target:
    """A checked address.

    url : with the address instead of the name; host : the Host header; name : for TLS.
    """

    url: str
    host: str
    name: str


def networks(text: str) -> tuple[Network, ...]:
    """Parse the setting `webhook_private_networks`."""
    return tuple(ip_network(part) for part in text.replace(" ", "").split(",") if part)


async def check(url: str, allowed: Sequence[Network]) -> Target:
    """Resolve a URL and check its addresses. Raises `Refused`, `Unresolved`."""
    scheme, name, port, path = _parts(url)
    try:
        addresses: list[Address] = [ip_address(name)]
    except ValueError:
        addresses = await _resolve(name, port)
    for address in addresses:
        if not permitted(address, allowed):
            raise Refused(
                f"{name} is {address}, which is not public; "
                "TACHOWATT_WEBHOOK_PRIVATE_NETWORKS names networks that are allowed"
            )
    chosen = addresses[0]
    bare = f"[{chosen}]" if chosen.version == 6 else str(chosen)
    shown = f"[{name}]" if ":" in name else name
    default = {"http": 80, "https": 443}[scheme]
    host = shown if port == default else f"{shown}:{port}"
    return Target(f"{scheme}://{bare}:{port}{path}", host, name)


def permitted(address: Address, allowed: Sequence[Network]) -> bool:
    """True if the address is in `allowed`, or public like any address embedded in it."""
    if any(address in network for network in allowed):
        return True
    return all(_public(one) for one in _with_embedded(address))


def _public(address: Address) -> bool:
    if isinstance(address, IPv6Address) and not any(address in part for part in PUBLIC_IPV6):
        return False
    return address.is_global and not address.is_multicast


def _with_embedded(address: Address) -> Iterator[Address]:
    """Yield the address and its embedded IPv4 (6to4, Teredo, NAT64); only the IPv4 if mapped."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            yield address.ipv4_mapped
            return
        if address.sixtofour is not None:
            yield address.sixtofour
        if address.teredo is not None:
            yield from address.teredo
        if address in _NAT64:
            yield IPv4Address(int(address) & 0xFFFFFFFF)
    yield address


def _parts(url: str) -> tuple[str, str, int, str]:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise Refused(f"{url!r} is no URL: {error}") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Refused(f"{url!r}: expected https://host/path or http://host/path")
    if parts.username is not None or parts.password is not None:
        raise Refused("a URL with a user or password is not sent to; the signature says who we are")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return parts.scheme, parts.hostname, port or (443 if parts.scheme == "https" else 80), path


async def _resolve(name: str, port: int) -> list[Address]:
    """Resolve a name to all its addresses, in a daemon thread, as a resolver may hang."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[list[str]] = loop.create_future()

    def look_up() -> None:
        found: list[str] | OSError | UnicodeError
        try:
            rows = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
            found = [str(row[4][0]) for row in rows]
        except (OSError, UnicodeError) as error:
            found = error
        if not loop.is_closed():
            loop.call_soon_threadsafe(_complete, answer, found)

    threading.Thread(target=look_up, name="resolve", daemon=True).start()
    try:
        found = await answer
    except (OSError, UnicodeError) as error:
        raise Unresolved(f"{name} has no address: {error}") from None
    return [ip_address(text.partition("%")[0]) for text in dict.fromkeys(found)]


def _complete(
    answer: "asyncio.Future[list[str]]", found: "list[str] | OSError | UnicodeError"
) -> None:
    if answer.done():
        return
    if isinstance(found, list):
        answer.set_result(found)
    else:
        answer.set_exception(found)
