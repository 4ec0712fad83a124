"""The gateway's session over what else speaks MQTT: websockets, MQTT 3.1.1, topic aliases."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import pytest
import trustme

from app.servers.ports import free_port
from contracts.raw import Properties, RawMessage
from gateway.publish_packet import frame
from gateway.session import Session
from proving.testbed.proxy import Proxy
from runtime.clock import SystemClock
from tests.fix_broker import Mosquitto
from tests.patience import patient

CLOCK = SystemClock()
MOST_BY_WEBSOCKET = 1_000
"""Bytes. Mosquitto 2.0.11 stalls in the midst of larger ones, whoever listens."""


class Inbox:
    """Takes what a session brings.

    acknowledge : how many it acknowledges, from the first on. pausing : it has enough of it.
    """

    def __init__(self, acknowledge: int, pausing: bool) -> None:
        self.messages: list[RawMessage] = []
        self.lost = 0
        self.pausing = pausing
        self._left = acknowledge
        self._grown = asyncio.Event()
        self.session: Session | None = None

    def on_messages(self, messages: list[RawMessage], mids: list[int]) -> None:
        assert self.session is not None and len(messages) == len(mids)
        self.messages += messages
        self.session.acknowledge(mids[: self._left])
        self._left -= len(mids[: self._left])
        if self.pausing:
            self.session.pause()
        self._grown.set()

    def on_lost(self) -> None:
        self.lost += 1

    async def until(self, count: int) -> None:
        """Wait until so many messages have come."""
        async with asyncio.timeout(patient(20)):
            while len(self.messages) < count:
                self._grown.clear()
                await self._grown.wait()


@asynccontextmanager
async def connected(
    url: str, acknowledge: int = 1_000_000, pausing: bool = False, **how: Any
) -> AsyncIterator[Inbox]:
    inbox = Inbox(acknowledge, pausing)
    inbox.session = Session(
        url, "session-test", ["t/#"], 500, inbox.on_messages, inbox.on_lost, CLOCK.now_us, **how
    )
    await inbox.session.start()
    try:
        await asyncio.wait_for(inbox.session.connected.wait(), patient(20))
        yield inbox
    finally:
        await inbox.session.close()


def publish(port: int, bodies: list[bytes], retain: bool = False) -> None:
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
    client.connect("127.0.0.1", port)
    client.loop_start()
    sent = [client.publish("t/x", body, qos=1, retain=retain) for body in bodies]
    for info in sent:
        info.wait_for_publish(10)
    client.disconnect()
    client.loop_stop()


def numbered(message: RawMessage) -> int:
    return int(message.body.rstrip(b"x"))


@pytest.mark.parametrize(
    ("scheme", "version"), [("ws", "5"), ("ws", "3.1.1"), ("wss", "5"), ("mqtt", "3.1.1")]
)
def test_what_is_not_acknowledged_comes_again(
    scheme: str, version: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broker = Mosquitto(tmp_path)
    plain = free_port()
    more = "" if scheme == "mqtt" else "protocol websockets\n"
    if scheme == "wss":
        more += certified(tmp_path, monkeypatch)
    address = broker.start(0, f"{more}listener {plain} 127.0.0.1\n").rsplit(":", 1)[1]
    url = f"{scheme}://localhost:{address}"
    most = MOST_BY_WEBSOCKET if scheme.startswith("ws") else 40_000
    bodies = [b"%d" % i + b"x" * (997 * i % most) for i in range(120)]

    async def main() -> None:
        async with connected(url, version=version):
            pass  # now the broker keeps a session for us
        await asyncio.to_thread(publish, plain, bodies)
        async with connected(url, 50, version=version) as inbox:
            await inbox.until(len(bodies))
            assert [message.body for message in inbox.messages] == bodies
            # What comes back to us proves that the broker has read what we sent before it.
            inbox.session.publish([("t/back", b"")])
            await inbox.until(len(bodies) + 1)
        async with connected(url, version=version) as inbox:
            await inbox.until(len(bodies) - 50)
            assert [numbered(m) for m in inbox.messages] == list(range(50, len(bodies)))

    try:
        asyncio.run(main())
    finally:
        broker.stop()


def test_subscribed_only_when_the_broker_says_so() -> None:
    """What is published between CONNACK and SUBACK may be nobody's: foreign devices lose that."""
    connack, suback = b"\x20\x03\x00\x00\x00", b"\x90\x04\x00\x01\x00\x01"
    asked, answer = asyncio.Event(), asyncio.Event()

    async def broker(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while packet := await reader.read(4096):
                if packet[0] == 0x10:
                    writer.write(connack)
                elif packet[0] == 0x82:
                    asked.set()
                    await answer.wait()
                    writer.write(suback)
        finally:
            writer.close()

    async def main() -> None:
        server = await asyncio.start_server(broker, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with connected(f"mqtt://127.0.0.1:{port}") as inbox, asyncio.timeout(patient(20)):
            assert inbox.session is not None
            await asked.wait()
            assert not inbox.session.subscribed.is_set()
            answer.set()
            await inbox.session.subscribed.wait()
        server.close()

    asyncio.run(main())


def certified(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Lines of a listener with TLS, for an authority that this test trusts."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    certificate = authority.issue_cert("localhost")
    key, chain = tmp_path / "key.pem", tmp_path / "chain.pem"
    certificate.private_key_pem.write_to_path(str(key))
    chain.write_bytes(b"".join(pem.bytes() for pem in certificate.cert_chain_pems))
    return f"certfile {chain}\nkeyfile {key}\nuser root\n"


@pytest.mark.parametrize("version", ["5", "3.1.1"])
def test_a_retained_message_is_taken_once(version: str, tmp_path: Path) -> None:
    """Its further copies, one for each subscription, have no body: ingest ignores them."""
    broker = Mosquitto(tmp_path)
    port = int(broker.start(0).rsplit(":", 1)[1])

    async def came(inbox: Inbox, body: bytes) -> None:
        async with asyncio.timeout(patient(20)):
            while body not in [m.body for m in inbox.messages]:
                await asyncio.sleep(0.01)

    async def main() -> None:
        proxy = Proxy("gateway>broker", lambda: port)
        await proxy.start()
        await asyncio.to_thread(publish, port, [b"{"], True)
        async with connected(f"mqtt://127.0.0.1:{proxy.port}", version=version) as inbox:
            await inbox.until(1)
            for turn in range(3):
                # What comes back proves that the broker has read our acknowledgements before it.
                inbox.session.publish([("t/back", b"back %d" % turn)])
                await came(inbox, b"back %d" % turn)
                inbox.session.subscribed.clear()
                lost = inbox.lost
                proxy.cut()
                async with asyncio.timeout(patient(20)):
                    while inbox.lost == lost:
                        await asyncio.sleep(0.01)
                proxy.heal()
                await asyncio.wait_for(inbox.session.subscribed.wait(), patient(30))
                await asyncio.to_thread(publish, port, [b"%d" % turn])
                await came(inbox, b"%d" % turn)
            bodies = [m.body for m in inbox.messages if not m.body.startswith(b"back")]
            assert bodies.count(b"{") == 1, bodies
            assert [b for b in bodies if b not in (b"{", b"")] == [b"0", b"1", b"2"]
        await proxy.close()

    try:
        asyncio.run(main())
    finally:
        broker.stop()


@pytest.mark.parametrize("scheme", ["mqtt", "ws"])
def test_paused_it_reads_no_more(scheme: str, tmp_path: Path) -> None:
    broker = Mosquitto(tmp_path)
    plain = free_port()
    more = "" if scheme == "mqtt" else "protocol websockets\n"
    address = broker.start(0, f"{more}listener {plain} 127.0.0.1\n").rsplit(":", 1)[1]
    size = MOST_BY_WEBSOCKET if scheme == "ws" else 20_000
    bodies = [b"%d" % i + bytes(size) for i in range(200)]

    async def main() -> None:
        url = f"{scheme}://localhost:{address}"
        async with connected(url):
            pass
        await asyncio.to_thread(publish, plain, bodies)
        async with connected(url, pausing=True) as inbox:
            session = inbox.session
            assert session is not None
            await inbox.until(1)
            seen = len(inbox.messages)
            for _ in range(50):
                await asyncio.sleep(0)
            assert len(inbox.messages) == seen < len(bodies), seen
            inbox.pausing = False
            session.resume()
            await inbox.until(len(bodies))
            assert [message.body for message in inbox.messages] == bodies

    try:
        asyncio.run(main())
    finally:
        broker.stop()


def test_an_unknown_alias_ends_the_connection_and_loses_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A broker of a few lines: the alias means nothing at first, and all comes again."""
    connack = b"\x20\x03\x00\x00\x00"
    first = frame(0x32, b"\x00\x03t/1\x00\x01\x03\x23\x00\x05one")
    expiring = b"\x02\x00\x00\x00\x3c" + b"\x26\x00\x01a\x00\x01b"
    again = frame(0x3A, b"\x00\x03t/2\x00\x02" + bytes([len(expiring)]) + expiring + b"two")
    script = [
        connack + first + frame(0x32, b"\x00\x00\x00\x02\x03\x23\x00\x06two"),
        connack + again,
    ]

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if connect := await reader.read(4_096):  # a probe sends nothing
            assert b"\x22\x00\x0a" in connect  # Topic Alias Maximum 10
            writer.write(script.pop(0))
            await writer.drain()
            await reader.read(-1)
        writer.close()

    async def main() -> None:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            async with connected(f"mqtt://127.0.0.1:{port}", topic_aliases=10) as inbox:
                await inbox.until(2)
            assert inbox.lost >= 1
            assert inbox.messages[0][:2] == ("t/1", b"one")
            assert inbox.messages[1][:2] == ("t/2", b"two")
            assert inbox.messages[1].properties == Properties((("a", "b"),), 60)

    asyncio.run(main())
    assert not script and "topic alias 6 stands for nothing" in caplog.text
