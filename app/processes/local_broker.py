"""The broker that a service starts: Mosquitto where it is installed, else the wheel's."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, Protocol
from urllib.parse import urlsplit

from app.servers import dynamic_security as security
from app.servers.embedded_broker import Broker
from app.servers.secured_mosquitto import Access, SecuredMosquitto, login_url, plugin
from runtime.clock import Clock
from runtime.settings import Settings

Kind = Literal["mosquitto", "embedded"]


class Server(Protocol):
    """A broker process."""

    def restart_dead(self) -> None:
        """Restart it if it has died."""

    def stop(self) -> None:
        """Stop it."""


@dataclass(frozen=True, slots=True)
class LocalBroker:
    """Where it listens. url_3 : for MQTT 3.1.1, the same as `url` where one port has both."""

    kind: Kind
    url: str
    url_3: str

    @classmethod
    def of(cls, state: Path, url: str) -> "LocalBroker | None":
        """Return the broker of a state directory if `url` is its address; else None."""
        try:
            found = cls(**json.loads((state / "broker.json").read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None
        return found if _address(url) in (_address(found.url), _address(found.url_3)) else None

    def of_user(self, state: Path, user: str) -> str:
        """Return the URL with the login of one of our own users, where it needs one."""
        access = Access.of(state) if self.kind == "mosquitto" else None
        if access is None:
            return self.url
        passwords = {
            security.ADMIN: access.admin,
            security.GATEWAY: access.gateway,
            security.SIMULATOR: access.simulator,
        }
        return login_url(self.url, user, passwords[user])

    def lines(self) -> list[str]:
        """Return what it promises, for people."""
        if self.kind == "mosquitto":
            return [
                f"MQTT      {self.url} (Mosquitto: MQTT 5 and 3.1.1, this machine only)",
                "          each device signs in with credentials of its own: tachowatt device add",
            ]
        return [
            f"MQTT      {self.url} (embedded: MQTT 5, this machine only)",
            f"          {self.url_3} (the same broker: MQTT 3.1.1, the default of most clients)",
            "          no credentials: every local process may publish and listen as any device;",
            "          its queue is in memory, and lost when it is killed. Where Mosquitto is",
            "          installed, serve uses that instead",
        ]


def start(settings: Settings, state: Path, clock: Clock) -> tuple[Server, LocalBroker]:
    """Start the broker that the settings choose. Raises `Stop`."""
    kind: Kind = "embedded"
    if settings.broker == "mosquitto" or (settings.broker == "auto" and plugin() is not None):
        kind = "mosquitto"
    server: Server
    if kind == "mosquitto":
        # Loads the decoders, which only a service needs.
        from ingest.decoding.catalogue import ROUTER

        secured = SecuredMosquitto(state, clock, ROUTER.subscriptions)
        url = secured.start(settings.mqtt_port)
        server, found = secured, LocalBroker(kind, url, url)
    else:
        wheel = Broker(state, clock)
        url = wheel.start(settings.mqtt_port, settings.mqtt_3_port)
        server, found = wheel, LocalBroker(kind, url, wheel.url_3)
    new = state / f"broker.json.{os.getpid()}"
    new.write_text(json.dumps(asdict(found)), encoding="utf-8")
    new.replace(state / "broker.json")
    return server, found


def without_login(url: str) -> str:
    """Return the URL without user and password."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}"


def _address(url: str) -> tuple[str | None, int | None]:
    parts = urlsplit(url if "//" in url else f"mqtt://{url}")
    host = "127.0.0.1" if parts.hostname == "localhost" else parts.hostname
    return host, parts.port or 1883
