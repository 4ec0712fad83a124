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
_PUBLIC_IPV6 = (IPv6Network("2000::/3"), _NAT64)
"""The only public IPv6 networks: all others are not assigned or not for hosts (RFC 4291, 2.4)."""

# All of the registries, also what they call globally reachable: no receiver is there. Python's
# `is_global` depends on its version and knows fewer.
# Sources: IANA IPv4 Special-Purpose Address Registry, IANA IPv6 Special-Purpose Address Registry
# (2025-10), IANA IPv4 Multicast Address Space Registry.
_SPECIAL: tuple[Network, ...] = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private use
        "100.64.0.0/10",  # shared address space
        "127.0.0.0/8",  # loopback
        "168.63.129.16/32",  # not in the registry: the host of Azure's virtual machines
        "169.254.0.0/16",  # link local, metadata of clouds
        "172.16.0.0/12",  # private use
        "192.0.0.0/24",  # IETF protocol assignments, metadata of a cloud
        "192.0.2.0/24",  # documentation
        "192.31.196.0/24",  # AS112
        "192.52.193.0/24",  # AMT
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",  # private use
        "192.175.48.0/24",  # AS112
        "198.18.0.0/15",  # benchmarking
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, limited broadcast
        "2001::/23",  # IETF protocol assignments: Teredo, ORCHID, benchmarking, AMT, …
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4
        "2620:4f:8000::/48",  # AS112
        "3fff::/20",  # documentation
    )
)


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
        if scheme == "http" and not _is_allowed(address, allowed):
            raise Refused(
                f"{name} is {address}: https:// is needed to get there; http:// is for the "
                "networks of TACHOWATT_WEBHOOK_PRIVATE_NETWORKS"
            )
    chosen = addresses[0]
    bare = f"[{chosen}]" if chosen.version == 6 else str(chosen)
    shown = f"[{name}]" if ":" in name else name
    default = {"http": 80, "https": 443}[scheme]
    host = shown if port == default else f"{shown}:{port}"
    return Target(f"{scheme}://{bare}:{port}{path}", host, name)


def permitted(address: Address, allowed: Sequence[Network]) -> bool:
    """True if the address is in `allowed`, or public like any address embedded in it."""
    return _is_allowed(address, allowed) or all(_public(one) for one in _with_embedded(address))


def _is_allowed(address: Address, allowed: Sequence[Network]) -> bool:
    return any(address in network for network in allowed)


def _public(address: Address) -> bool:
    if isinstance(address, IPv6Address) and not any(address in part for part in _PUBLIC_IPV6):
        return False
    return not any(address in network for network in _SPECIAL)


def _with_embedded(address: Address) -> Iterator[Address]:
    """Yield the address and its embedded IPv4 (NAT64); only the IPv4 if mapped."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            yield address.ipv4_mapped
            return
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
