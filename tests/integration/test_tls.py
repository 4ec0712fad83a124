"""Over TLS: the gateway's session, which paho reads then, and webhooks by checked address."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import certifi
import paho.mqtt.client as mqtt
import pytest
import trustme

from contacts.channels.sending import Next, Result
from contacts.channels.webhook import Sender
from contracts.raw import RawMessage
from gateway.session import Session
from runtime.clock import SystemClock
from runtime.settings import Settings
from tests.fix_broker import Mosquitto
from tests.patience import patient

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
