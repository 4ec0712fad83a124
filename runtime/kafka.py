"""Kafka clients: options from a URL, and shutdown."""

import asyncio
import ssl
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from runtime.errors import Usage
from runtime.urls import with_password

if TYPE_CHECKING:
    from runtime.settings import Settings


class Client(Protocol):
    """A client of aiokafka, as far as `stop_client` uses it."""

    async def stop(self) -> None: ...


def client_options(url: str) -> dict[str, Any]:
    """Return the arguments of aiokafka's clients for a URL.

    url : kafka://[user:password@]host:port[,host:port…], or kafkas:// with TLS, with the
    certificates of its authority in a file: ?ca=/path. With a user the clients sign in by SASL,
    SCRAM-SHA-512.

    Raises `Usage`.
    """
    parts = urlsplit(url)
    user, _, servers = parts.netloc.rpartition("@")
    hosts = [host if ":" in host else f"{host}:9092" for host in servers.split(",") if host]
    if parts.scheme not in ("kafka", "kafkas") or not hosts:
        raise Usage(
            f"{parts.scheme}://{servers} is no Kafka; expected kafka://host:9092, or "
            "kafkas://user:password@host:9093"
        )
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    ca = options.pop("ca", None)
    if options or (ca is not None and parts.scheme != "kafkas"):
        raise Usage(
            f"{parts.scheme}://{servers}: only ?ca=FILE may follow, and with kafkas:// only"
        )
    found: dict[str, Any] = {"bootstrap_servers": hosts}
    tls = parts.scheme == "kafkas"
    if tls:
        try:
            found["ssl_context"] = ssl.create_default_context(cafile=ca)
        except OSError as error:  # ssl.SSLError too
            raise Usage(f"the certificates of Kafka's authority, {ca}: {error}") from None
    if user:
        name, _, password = user.partition(":")
        found |= {
            "sasl_mechanism": "SCRAM-SHA-512",
            "sasl_plain_username": unquote(name),
            "sasl_plain_password": unquote(password),
        }
    protocol = "SASL_" * bool(user) + ("SSL" if tls else "PLAINTEXT")
    return found | {"security_protocol": protocol}


def with_settings(url: str, settings: "Settings") -> str:
    """Return a Kafka's URL with password and authority of the settings, where it has none.

    Other URLs, such as tcp://, are returned unchanged.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("kafka", "kafkas"):
        return url
    if settings.kafka_password:
        url = with_password(url, settings.kafka_password)
    if parts.scheme == "kafkas" and settings.kafka_ca_file is not None and not parts.query:
        url = f"{url}?{urlencode({'ca': str(settings.kafka_ca_file.resolve())})}"
    return url


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
