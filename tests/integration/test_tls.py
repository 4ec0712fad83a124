"""Over TLS: the gateway's session, which paho reads then, and webhooks by checked address."""

import asyncio
import os
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import certifi
import paho.mqtt.client as mqtt
import pytest
import trustme

from app.servers.dynamic_security import SecurityFile, role_of_device, role_of_gateway
from app.servers.mosquitto import program
from app.servers.ports import free_port, listening
from app.servers.secured_mosquitto import plugin
from app.servers.supervise import Child
from contacts.channels.sending import Next, Result
from contacts.channels.webhook import Sender
from contracts.raw import RawMessage
from gateway.session import Session
from ingest.decoding.catalogue import BY_NAME
from runtime.clock import SystemClock
from runtime.errors import Usage
from runtime.mqtt_tls import mqtt_tls
from runtime.settings import Settings
from tests.conftest import missing_server
from tests.fix_broker import Mosquitto
from tests.mqtt_client import until
from tests.patience import patient

DEPLOY = Path(__file__).parents[2] / "deploy"
SECRET = "whsec_" + "A" * 43 + "="


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> trustme.CA:
    """An authority that everybody in this test trusts."""
    made = trustme.CA()
    made.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    monkeypatch.setattr(certifi, "where", lambda: str(tmp_path / "ca.pem"))
    return made


def test_a_session_over_tls(authority: trustme.CA, tmp_path: Path) -> None:
    broker = Mosquitto(tmp_path)
    certificate = authority.issue_cert("localhost")
    key, chain = tmp_path / "key.pem", tmp_path / "chain.pem"
    certificate.private_key_pem.write_to_path(str(key))
    chain.write_bytes(b"".join(pem.bytes() for pem in certificate.cert_chain_pems))
    # Started by root, Mosquitto would become a user who may not read this folder.
    more = f"certfile {chain}\nkeyfile {key}\nuser root\n"
    port = int(broker.start(0, more).rsplit(":", 1)[1])
    bodies = [b"x" * (1 + 997 * i % 70_000) for i in range(200)]
    try:
        assert asyncio.run(_through_tls(port, bodies)) == bodies
    finally:
        broker.stop()


async def _through_tls(port: int, bodies: list[bytes]) -> list[bytes]:
    got: list[bytes] = []
    done = asyncio.Event()

    def on_messages(messages: list[RawMessage], mids: list[int]) -> None:
        got.extend(message.body for message in messages)
        session.acknowledge(mids)
        if len(got) >= len(bodies):
            done.set()

    session = Session(
        f"mqtts://localhost:{port}", "tls-test", ["t/#"], 50, on_messages, lambda: None,
        SystemClock().now_us,
    )  # fmt: skip
    await session.start()
    await asyncio.wait_for(session.connected.wait(), patient(20))
    await asyncio.to_thread(_publish, port, bodies)
    await asyncio.wait_for(done.wait(), patient(30))
    await session.close()
    return got


def _publish(port: int, bodies: list[bytes]) -> None:
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
    client.tls_set()
    client.connect("localhost", port)
    client.loop_start()
    for body in bodies:
        client.publish("t/x", body, qos=1).wait_for_publish(10)
    client.disconnect()
    client.loop_stop()


def test_gateway_and_devices_over_the_tls_of_deploy(tmp_path: Path) -> None:
    """With deploy/tls/certificates.sh and the listener of deploy/: the own authority is believed
    where it is named, and nobody else is."""
    if plugin() is None:
        missing_server("Mosquitto with its plugin (Debian: apt-get install mosquitto)")
    script = DEPLOY / "tls" / "certificates.sh"
    environment = {**os.environ, "TLS_DIR": str(tmp_path)}
    for words in (["server", "mosquitto", "localhost", "127.0.0.1"], ["client", "gateway-1"]):
        subprocess.run([script, *words], env=environment, check=True, capture_output=True)
    security = SecurityFile(tmp_path / "dynamic-security.json")
    security.put(role_of_gateway("gateway-1", ["t/+"]), "pw")
    security.put(role_of_device(BY_NAME["tasmota"], "plug"), "pw")
    security.write()
    port, config = free_port(), tmp_path / "mosquitto.conf"
    listeners = (DEPLOY / "mosquitto" / "listeners-tls" / "tls.conf").read_text()
    listeners = listeners.replace("/mosquitto/tls/", f"{tmp_path}/")
    listeners = listeners.replace("listener 8883", f"listener {port}")
    listeners = listeners.replace("listener 1883 ", f"listener {free_port()} ")
    config.write_text(
        f"per_listener_settings false\nallow_anonymous false\nplugin {plugin()}\n"
        f"plugin_opt_config_file {tmp_path}/dynamic-security.json\n{listeners}user root\n"
    )
    child = Child([str(program()), "-c", config], tmp_path / "mosquitto.log")
    try:
        assert until(lambda: listening(port) or not child.alive()) and child.alive(), (
            tmp_path / "mosquitto.log"
        ).read_text()
        url = f"mqtts://gateway-1:pw@localhost:{port}"
        named = Settings(
            mqtt_ca_file=tmp_path / "ca.crt",
            mqtt_cert_file=tmp_path / "gateway-1.crt",
            mqtt_key_file=tmp_path / "gateway-1.key",
        )
        assert asyncio.run(_subscribed(url, mqtt_tls(named), 20.0))
        assert not asyncio.run(_subscribed(url, mqtt_tls(Settings()), 1.0))
        assert not asyncio.run(_subscribed(url.replace("mqtts", "mqtt"), None, 1.0))
    finally:
        child.stop()
    with pytest.raises(Usage, match="go together"):
        mqtt_tls(Settings(mqtt_cert_file=tmp_path / "gateway-1.crt"))
    with pytest.raises(Usage, match="TACHOWATT_MQTT_CA_FILE"):
        mqtt_tls(Settings(mqtt_ca_file=tmp_path / "nothing.crt"))


async def _subscribed(url: str, tls: ssl.SSLContext | None, seconds: float) -> bool:
    session = Session(
        url, "any", ["t/+"], 50, lambda *_: None, lambda: None, SystemClock().now_us, tls=tls
    )
    await session.start()
    try:
        await asyncio.wait_for(session.subscribed.wait(), patient(seconds))
        return True
    except TimeoutError:
        return False
    finally:
        await session.close()


@asynccontextmanager
async def _receiver(context: ssl.SSLContext) -> AsyncIterator[int]:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(
            int(line.split(b":")[1])
            for line in head.lower().split(b"\r\n")
            if line.startswith(b"content-length:")
        )
        await reader.readexactly(length)
        writer.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
    async with server:
        yield server.sockets[0].getsockname()[1]


@pytest.mark.parametrize(
    ("certified", "outcome"), [("localhost", "delivered"), ("other.example", "not_connected")]
)
def test_a_webhook_over_tls_asks_for_the_name_and_not_the_address(
    authority: trustme.CA, certified: str, outcome: str
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(certified).configure_cert(context)

    async def send() -> Result:
        settings = Settings(webhook_private_networks="127.0.0.0/8,::1/128")
        channel = Sender(settings, SystemClock())
        async with _receiver(context) as port:
            contact = {
                "contact_id": "c", "receiver_id": 1, "secrets": [SECRET],
                "url": f"https://localhost:{port}/hooks",
                "payload": {"type": "test", "timestamp": "t", "data": {}},
            }  # fmt: skip
            try:
                return await channel.send(contact)
            finally:
                await channel.close()

    result = asyncio.run(send())
    assert result.outcome == outcome
    assert (result.next is Next.DONE) == (outcome == "delivered")
