"""Debian's Mosquitto with the files of deploy/ keeps devices apart."""

import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from app.servers.ports import free_port
from app.servers.supervise import Child
from ingest.decoding.catalogue import ROUTER
from runtime.clock import SystemClock
from tests.conftest import missing_server
from tests.patience import patient

DEPLOY = Path(__file__).parents[2] / "deploy"


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    """Debian's Mosquitto with the files of deploy/; only paths and the port are others."""
    program = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
    if not Path(program).exists() or shutil.which("mosquitto_passwd") is None:
        missing_server("Mosquitto (Debian: apt-get install mosquitto)")
    users = tmp_path / "passwords"
    users.touch(0o600)
    for user in ("gateway", "health", "acme/car-1", "other/car-1", "plug"):
        subprocess.run(
            ["mosquitto_passwd", "-b", users, user, f"{user}-pw"], check=True, capture_output=True
        )
    shutil.copy(DEPLOY / "mosquitto" / "acl", tmp_path / "acl")
    (tmp_path / "data").mkdir()
    port = free_port()
    text = (DEPLOY / "mosquitto" / "mosquitto.conf").read_text()
    for old, new in {
        "listener 1883": f"listener {port} 127.0.0.1\nuser root",
        "/mosquitto/users/passwords": str(users),
        "/mosquitto/config/acl": str(tmp_path / "acl"),
        "/mosquitto/data/": f"{tmp_path}/data/",
    }.items():
        assert old in text
        text = text.replace(old, new, 1)
    config = tmp_path / "mosquitto.conf"
    config.write_text(text)
    child = Child([program, "-c", config], tmp_path / "mosquitto.log")
    clock = SystemClock()
    deadline = clock.monotonic() + patient(10)
    while not _listens(port):
        assert child.alive() and clock.monotonic() < deadline, (
            tmp_path / "mosquitto.log"
        ).read_text()
        child.wait(0.02)
    yield port
    child.stop()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Client:
    """A client of MQTT 5; `got` : topics and bodies."""

    def __init__(self, port: int, user: str | None, client_id: str) -> None:
        self.got: list[tuple[str, bytes]] = []
        self.refused = False
        self._event = threading.Event()
        self._client = paho.Client(
            CallbackAPIVersion.VERSION2, client_id=client_id, protocol=paho.MQTTv5
        )
        if user is not None:
            self._client.username_pw_set(user, f"{user}-pw")
        self._client.on_connect = self._connected
        self._client.on_message = lambda _c, _u, m: self.got.append((m.topic, m.payload))
        self._client.on_subscribe = lambda *_: self._event.set()
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        self._wait()

    def _connected(self, _client: Any, _user: Any, _flags: Any, reason: Any, _more: Any) -> None:
        self.refused = reason.is_failure
        self._event.set()

    def _wait(self) -> None:
        assert self._event.wait(patient(10))
        self._event.clear()

    def subscribe(self, topic: str) -> None:
        self._client.subscribe(topic, 1)
        self._wait()

    def publish(self, topic: str, body: str = "x") -> None:
        with suppress(RuntimeError):  # "not authorized", where that comes before we wait
            self._client.publish(topic, body, 1).wait_for_publish(patient(10))

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


def test_the_broker_keeps_devices_apart(port: int) -> None:
    """What a device says for another vanishes, and it hears only what is for it."""
    nobody = Client(port, None, "nobody")
    assert nobody.refused
    gateway = Client(port, "gateway", "gateway-1")
    for topic in ROUTER.subscriptions:
        gateway.subscribe(f"$share/gateways/{topic}")
    car, other = Client(port, "acme/car-1", "a"), Client(port, "other/car-1", "b")
    plug, forger = Client(port, "plug", "c"), Client(port, "acme/car-1", "d")
    for client in (car, other):
        client.subscribe("tw/v1/+/+/ack")
    for topic in (
        "tw/v1/other/car-1/telemetry",
        "tw/v1/acme/car-2/telemetry",
        "tw/v1/acme/car-1/ack",
        "owntracks/other/car-1",
        "tele/car-1/SENSOR",
    ):
        forger.publish(topic)
    own = [f"tw/v1/acme/car-1/{kind}" for kind in ("telemetry", "reading", "event", "status")]
    own.append("owntracks/acme/car-1")
    for topic in own:
        car.publish(topic)
    plug.publish("tele/plug/SENSOR")
    own.append("tele/plug/SENSOR")
    gateway.publish("tw/v1/acme/car-1/ack", "done")
    health = Client(port, "health", "health")
    health.subscribe("$SYS/broker/uptime")
    clock = SystemClock()
    deadline = clock.monotonic() + patient(15)
    while clock.monotonic() < deadline and not (
        health.got and car.got and len(gateway.got) >= len(own)
    ):
        threading.Event().wait(0.02)
    assert sorted(topic for topic, _ in gateway.got) == sorted(own)
    assert car.got == [("tw/v1/acme/car-1/ack", b"done")]
    assert other.got == [] and len(health.got) >= 1
    for client in (nobody, gateway, car, other, plug, forger, health):
        client.close()
