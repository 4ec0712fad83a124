"""The broker of a command: which one, and with which login."""

import hashlib
import hmac
from typing import Any
from urllib.parse import urlsplit

from app.operations.broker_control import BrokerControl
from app.operations.devices import Broker, Device, StoppedBroker
from app.processes.local_broker import without_login
from app.processes.stack import Stack
from app.servers import dynamic_security as security
from app.servers.secured_mosquitto import Access, login_url, security_file
from runtime.clock import Clock
from runtime.errors import Usage
from runtime.mqtt_tls import mqtt_tls
from runtime.settings import Settings

_EMBEDDED = (
    "the embedded broker of the running service has no credentials: every process of this machine "
    "may publish, and nothing can be provisioned. Install Mosquitto (Debian: apt-get install "
    "mosquitto) and start the service anew, or set TACHOWATT_MQTT_ADMIN_URL for another broker"
)
_NONE = (
    "no broker to provision: start `tachowatt serve` with Mosquitto installed, or set "
    "TACHOWATT_MQTT_ADMIN_URL=mqtt://admin:password@host:1883"
)
_FOREIGN = (
    "the service uses a broker of yours (TACHOWATT_MQTT_URL). To provision it, set "
    "TACHOWATT_MQTT_ADMIN_URL: a Mosquitto with its dynamic-security plugin, and the login of an "
    "administrator"
)


def provisioner(settings: Settings, clock: Clock) -> tuple[Broker, str]:
    """Return the broker that gives devices credentials, and its URL for them. Raises `Usage`."""
    stack = Stack(settings, clock)
    if settings.mqtt_admin_url is not None:
        url = settings.mqtt_admin_url
        tls = mqtt_tls(settings) if url.startswith("mqtts:") else None
        return BrokerControl(url, clock, tls), settings.mqtt_devices_url or without_login(url)
    running = stack.running()
    access = Access.of(stack.state_dir)
    if running is not None and running.mqtt_url:
        found = stack.local_broker(running.mqtt_url)
        if found is None or found.kind == "embedded":
            raise Usage(_FOREIGN if found is None else _EMBEDDED)
        url = found.of_user(stack.state_dir, security.ADMIN)
        return BrokerControl(url, clock), settings.mqtt_devices_url or found.url
    if access is None or settings.mqtt_url is not None or not stack.free():
        raise Usage(_NONE if settings.mqtt_url is None else _FOREIGN)
    shown = settings.mqtt_devices_url or f"mqtt://127.0.0.1:{stack.remembered('broker.port')}"
    return StoppedBroker(security_file(stack.state_dir)), shown


def url_with_login(url: str, user: str | None, password: str | None) -> str:
    """Return the URL with the login of a command's options. Raises `Usage`."""
    if user is None:
        if password is not None:
            raise Usage("--password goes with --user")
        return url
    return login_url(url, user, password or "")


def of_simulators(url: str, settings: Settings, clock: Clock) -> str:
    """Return the URL with the simulators' login, if that broker is of this machine's service."""
    if urlsplit(url).username is not None:
        return url
    return Stack(settings, clock).mqtt_url(url, security.SIMULATOR)


def of_publisher(url: str, device: Device, settings: Settings, clock: Clock) -> str:
    """Return the URL with a login for what `publish` sends as a device.

    On the broker of this machine's service it is made here, with the device's rights; the device's
    own credentials, if it has any, are not touched. Elsewhere the URL stays as it is.
    """
    if urlsplit(url).username is not None:
        return url
    stack = Stack(settings, clock)
    found, access = stack.local_broker(url), Access.of(stack.state_dir)
    if found is None or found.kind == "embedded" or access is None:
        return url
    user = f"publish/{device.user}"
    key = access.publish_key.encode()
    password = hmac.new(key, user.encode(), hashlib.sha256).hexdigest()
    role: dict[str, Any] = security.role_of_device(device.dialect, device.address)
    with BrokerControl(found.of_user(stack.state_dir, security.ADMIN), clock) as broker:
        broker.add({**role, "rolename": user}, password)
    return login_url(found.url, user, password)
