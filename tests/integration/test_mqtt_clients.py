"""MQTT clients that nobody here wrote, as a developer first uses them: with their defaults.

Each publishes a message of a native device and reads back the acknowledgement that it is committed.
The default of paho, aiomqtt and MQTT.js is MQTT 3.1.1, that of gmqtt MQTT 5. A broker that takes
both is added to `BROKERS`.
"""

import asyncio
import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import aiomqtt
import gmqtt
import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from app.operations.registry_import import validate, write
from runtime.clock import SystemClock
from tests.fix_broker import Mosquitto
from tests.fix_postgres import _execute, copy_database, database_of
from tests.fix_registry import NOW_US, registry
from tests.npm import installed
from tests.patience import patient
from tests.process import Tachowatt

BROKERS = ("mosquitto",)
SCRIPT = Path(__file__).parents[1] / "clients" / "mqtt_client.mjs"
PACKAGES = ["mqtt@5.16.0"]
DEVICES = {"paho": "car0", "aiomqtt": "car1", "gmqtt": "car2", "mqttjs": "car3"}

pytestmark = pytest.mark.xdist_group("mqtt clients")


@pytest.fixture(scope="module", params=BROKERS)
def address(
    request: pytest.FixtureRequest,
    postgres_url: str,
    _template: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[str, int]]:
    """Host and port of a broker, with a service behind it that knows the devices."""
    folder = tmp_path_factory.mktemp(request.param)
    name = f"{_template}_mqtt_clients_{request.param}"
    copy_database(postgres_url, name, _template)
    url = database_of(postgres_url, name)
    sections = registry()
    sections["devices"] += [
        {"tenant": "t1", "id": device, "kind": "vehicle"} for device in ("car2", "car3")
    ]
    sections["assignments"] += [
        {"tenant": "t1", "device": device, "vehicle": "v0", "valid_from": "2000-01-01T00:00:00Z"}
        for device in ("car2", "car3")
    ]
    write(url, validate(sections, "test"), NOW_US)
    broker = Mosquitto(folder)
    mqtt_url = broker.start(0)
    service = Tachowatt(
        "serve", state=folder / "state", TACHOWATT_MQTT_URL=mqtt_url, TACHOWATT_DATABASE_URL=url
    )
    try:
        service.wait_ready()
        parts = urlsplit(mqtt_url)
        assert parts.hostname is not None and parts.port is not None
        yield parts.hostname, parts.port
        assert service.terminate(20.0) == 0
    finally:
        service.kill()
        broker.stop()
        _execute(postgres_url, f"drop database if exists {name} with (force)")


def by_paho(host: str, port: int, topic: str, body: bytes, ack: str) -> bytes:
    got: list[bytes] = []
    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.on_connect = lambda *_: client.subscribe(ack, qos=1)
    client.on_subscribe = lambda *_: client.publish(topic, body, qos=1)

    def on_message(_: object, __: object, message: paho.MQTTMessage) -> None:
        got.append(message.payload)
        client.disconnect()

    client.on_message = on_message
    client.connect(host, port)
    client.loop_forever()
    return got[0]


def by_aiomqtt(host: str, port: int, topic: str, body: bytes, ack: str) -> bytes:
    async def main() -> bytes:
        async with aiomqtt.Client(host, port) as client:
            await client.subscribe(ack, qos=1)
            await client.publish(topic, body, qos=1)
            async for message in client.messages:
                assert isinstance(message.payload, bytes)
                return message.payload
        raise AssertionError("no message")

    return asyncio.run(asyncio.wait_for(main(), patient(60)))


def by_gmqtt(host: str, port: int, topic: str, body: bytes, ack: str) -> bytes:
    async def main() -> bytes:
        got: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        client = gmqtt.Client("developer")

        async def on_message(_: object, __: str, payload: bytes, *more: object) -> int:
            if not got.done():
                got.set_result(payload)
            return 0

        client.on_message = on_message
        client.on_subscribe = lambda *_: client.publish(topic, body, qos=1)
        await client.connect(host, port)
        client.subscribe(ack, qos=1)
        try:
            return await got
        finally:
            await client.disconnect()

    return asyncio.run(asyncio.wait_for(main(), patient(60)))


def by_mqttjs(host: str, port: int, topic: str, body: bytes, ack: str) -> bytes:
    folder = installed("npm-mqtt", PACKAGES)
    script = folder / SCRIPT.name
    script.write_text(SCRIPT.read_text())
    own = {"URL_": f"mqtt://{host}:{port}", "TOPIC": topic, "BODY": body.decode(), "ACK": ack}
    done = subprocess.run(
        ["node", str(script)], env={**os.environ, **own}, capture_output=True,
        timeout=patient(60), check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


CLIENTS: dict[str, Callable[[str, int, str, bytes, str], bytes]] = {
    "paho": by_paho,
    "aiomqtt": by_aiomqtt,
    "gmqtt": by_gmqtt,
    "mqttjs": by_mqttjs,
}


@pytest.mark.parametrize("name", list(CLIENTS))
def test_a_client_at_its_defaults_is_acknowledged(address: tuple[str, int], name: str) -> None:
    base = f"tw/v1/t1/{DEVICES[name]}"
    now_ms = SystemClock().now_us() // 1000
    body = json.dumps({"v": 1, "seq": 1, "t0": now_ms, "speed_kmh": [50.0]}).encode()
    answer = CLIENTS[name](*address, f"{base}/telemetry", body, f"{base}/ack")
    assert json.loads(answer) == {"v": 1, "run": 0, "seq": 1}
