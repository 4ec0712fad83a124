"""Kafka clients: options from a URL, and shutdown."""

import asyncio
import ssl
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

from runtime.errors import Usage


class Client(Protocol):
    """A client of aiokafka, as far as `stop_client` uses it."""

    async def stop(self) -> None: ...


def client_options(url: str) -> dict[str, Any]:
    """Return the arguments of aiokafka's clients for a URL.

    url : kafka://[user:password@]host:port[,host:port…], or kafkas:// with TLS; with a user the
    clients sign in by SASL, SCRAM-SHA-512.

    Raises `Usage`.
    """
    parts = urlsplit(url)
    user, _, servers = parts.netloc.rpartition("@")
    hosts = [host if ":" in host else f"{host}:9092" for host in servers.split(",") if host]
    if parts.scheme not in ("kafka", "kafkas") or not hosts:
        raise Usage(
            f"{url!r} is no Kafka; expected kafka://host:9092, or kafkas://user:password@host:9093"
        )
    found: dict[str, Any] = {"bootstrap_servers": hosts}
    tls = parts.scheme == "kafkas"
    if tls:
        found["ssl_context"] = ssl.create_default_context()
    if user:
        name, _, password = user.partition(":")
        found |= {
            "sasl_mechanism": "SCRAM-SHA-512",
            "sasl_plain_username": unquote(name),
            "sasl_plain_password": unquote(password),
        }
    protocol = "SASL_" * bool(user) + ("SSL" if tls else "PLAINTEXT")
    return found | {"security_protocol": protocol}


async def stop_client(client: Client, within_s: float = 2.0) -> None:
    """Stop a client of aiokafka within a time limit. Never raises.

    The client's `stop` may raise, or be cancelled from inside, which would look like a cancellation
    of the caller's task.
    """
    stopping = asyncio.ensure_future(client.stop())
    try:
        await asyncio.wait((stopping,), timeout=within_s)
    finally:
        stopping.cancel()
        if stopping.done() and not stopping.cancelled():
            stopping.exception()  # retrieved, so that asyncio does not log it
