"""The publisher against real brokers: everything arrives, also through a broker's death."""

import asyncio
import json
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from app.servers.ports import free_port
from runtime.clock import SystemClock
from simulators.connection import Connection
from simulators.encode import JSON, Message, topic
from simulators.load import Load
from simulators.publisher import Publisher, publish_messages
from tests.conftest import missing_server
from tests.patience import patient

CLOCK = SystemClock()
MOSQUITTO = "/usr/sbin/mosquitto"
ROUTER = """
id = 0
[router]
id = 0
max_connections = 50
max_outgoing_packet_count = 2000
max_segment_size = 10485760
max_segment_count = 10
[v5.1]
name = "v5"
listen = "127.0.0.1:{port}"
next_connection_delay_ms = 1
[v5.1.connections]
connection_timeout_ms = 5000
max_payload_size = 2097152
max_inflight_count = 1000
dynamic_filters = true
"""


@dataclass
class Broker:
    """A broker of our own, on a free port, that can be killed and started again."""

    kind: str
    directory: Path
    port: int = 0
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self.port}"

    def start(self) -> None:
        if not self.port:
            self.port = free_port()
        file = self.directory / "broker.toml"  # rumqttd reads nothing under another name
        if self.kind == "mosquitto":
            file.write_text(
                f"listener {self.port} 127.0.0.1\nallow_anonymous true\n"
                "max_inflight_messages 0\nmax_queued_messages 0\n"
            )
            command = [MOSQUITTO, "-c", str(file)]
        else:
            file.write_text(ROUTER.format(port=self.port))
            command = [sys.executable, "-m", "iotcore", "--config", str(file)]
        self.process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


@pytest.fixture(params=["mosquitto", "iotcore"])
def broker(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Broker]:
    if request.param == "mosquitto" and not Path(MOSQUITTO).exists():
        missing_server("Mosquitto (Debian: apt-get install mosquitto)")
    made = Broker(request.param, tmp_path)
    made.start()
    yield made
    made.kill()


@dataclass
class Service:
    """Stands for gateway and ingest: takes messages, and says how far each device has come."""

    url: str
    answers: bool = True
    got: dict[str, dict[int, dict]] = field(default_factory=dict)
    foreign: list[bytes] = field(default_factory=list)
    foreign_came: asyncio.Event = field(default_factory=asyncio.Event)

    async def __aenter__(self) -> "Service":
        wanted = ["tw/v1/+/+/telemetry", "owntracks/+/+"]
        self.connection = Connection(self.url, "service", wanted, lambda: None, self.take)
        self.connection.start()
        await asyncio.wait_for(self.connection.up.wait(), patient(15))
        await asyncio.sleep(0.3)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.connection.stop()

    def take(self, where: str, body: bytes) -> None:
        if not where.startswith("tw/"):
            self.foreign.append(body)
            self.foreign_came.set()
            return
        _, _, tenant, device, _ = where.split("/")
        fields = json.loads(body)
        mine = self.got.setdefault(device, {})
        mine[fields["seq"]] = fields
        if self.answers:
            self.answer(tenant, device)

    def answer(self, tenant: str, device: str, beyond: int = 0) -> None:
        mine, upto = self.got[device], 0
        while upto + 1 in mine:
            upto += 1
        body = json.dumps({"v": 1, "run": 0, "seq": upto + beyond}).encode()
        self.connection.publish(f"tw/v1/{tenant}/{device}/ack", body, None)

    def complete(self, devices: int, each: int) -> bool:
        return len(self.got) == devices and all(len(m) == each for m in self.got.values())


def flood(devices: int = 5, each: int = 40) -> list[Message]:
    return list(Load(1_000.0, devices, devices * each / 1_000.0, "demo").messages(0))


def run(scene: Callable[[], object]) -> None:
    asyncio.run(asyncio.wait_for(scene(), patient(50)))  # type: ignore[arg-type]


def test_all_arrive_and_are_acknowledged(broker: Broker) -> None:
    async def scene() -> None:
        async with Service(broker.url) as service:
            bare = Message(0, "owntracks/bob/phone", b'{"_type":"location"}', "demo", "bob")
            messages = [*flood(), bare]
            counters = await publish_messages(messages, broker.url, CLOCK, drain_s=15)
            assert (counters.unacked, counters.in_flight, counters.resent) == (0, 0, 0)
            assert counters.published == 201 and counters.acked == 200
            # Nobody acknowledges that one from end to end: it may still be with the broker.
            await asyncio.wait_for(service.foreign_came.wait(), patient(15))
            assert service.complete(5, 40) and service.foreign == [bare.tail]

    run(scene)


def test_first_sendings_are_reported_and_parts_can_be_in_any_order(broker: Broker) -> None:
    """A device's first message may lie in a later part: it is held all the same."""

    async def scene() -> None:
        sent: list[tuple[int | None, float]] = []
        service = Service(broker.url)
        publisher = Publisher(
            broker.url, CLOCK, first_sent=lambda message, at_s: sent.append((message.seq, at_s))
        )
        async with service, publisher:
            messages = flood(1, 4)
            publisher.expect(messages)
            began = CLOCK.monotonic()
            await publisher.run(messages[2:])
            await publisher.run(messages[:2])
            assert await publisher.drain(patient(15))
            assert publisher.counters.acked == 4 and service.complete(1, 4)
            assert [seq for seq, _ in sent] == [3, 4, 1, 2], "each once, as it goes out"
            times = [at_s for _, at_s in sent]
            assert began <= times[0] and times == sorted(times)

    run(scene)


def test_oldest_says_what_is_held(broker: Broker) -> None:
    async def scene() -> None:
        service = Service(broker.url)
        async with service, Publisher(broker.url, CLOCK) as publisher:
            messages = flood(1, 10)
            await publisher.run(messages[:5])
            assert await publisher.drain(patient(10))
            await publisher.run(messages[5:])
            assert await publisher.drain(patient(10))
            oldest = [fields["oldest"] for _, fields in sorted(service.got["load-00001"].items())]
            assert oldest[0] == 1 and oldest[5] == 6 and oldest == sorted(oldest)

    run(scene)


def test_silence_makes_a_device_send_again(broker: Broker) -> None:
    async def scene() -> None:
        service = Service(broker.url, answers=False)
        async with service, Publisher(broker.url, CLOCK, resend_after_s=0.6) as publisher:
            await publisher.run(flood(2, 5))
            assert not await publisher.drain(0.3)
            service.answers = True  # nothing new comes, so only a repetition is answered
            assert await publisher.drain(patient(15))
            assert publisher.counters.resent >= 10

    run(scene)


def test_an_ack_beyond_what_was_sent_is_ignored(broker: Broker) -> None:
    async def scene() -> None:
        service = Service(broker.url, answers=False)
        async with service, Publisher(broker.url, CLOCK, resend_after_s=30.0) as publisher:
            await publisher.run(flood(1, 5))
            while not service.complete(1, 5):
                await asyncio.sleep(0.02)
            service.answer("demo", "load-00001", beyond=3)
            service.connection.publish("tw/v1/demo/load-00001/ack", b"nonsense", None)
            service.connection.publish("tw/v1/demo/nobody/ack", b'{"v":1}', None)
            assert not await publisher.drain(0.5)
            service.answer("demo", "load-00001")
            assert await publisher.drain(patient(10))

    run(scene)


def test_a_late_message_holds_the_ack_back_but_no_repetition_is_wasted(broker: Broker) -> None:
    async def scene() -> None:
        service = Service(broker.url)
        async with service, Publisher(broker.url, CLOCK, resend_after_s=0.4) as publisher:
            first, *others = flood(1, 6)
            first.due_us = 3_000_000
            for message in others:
                message.due_us = 0
            task = asyncio.create_task(publisher.run([*others, first], speedup=2.0))
            await asyncio.sleep(1.2)
            assert publisher.counters.unacked == 5 and publisher.counters.resent == 0
            await task
            assert await publisher.drain(patient(10))
            assert service.complete(1, 6)

    run(scene)


def test_nothing_is_lost_when_the_broker_dies(broker: Broker) -> None:
    """Killed in the middle; what it had taken without passing on is sent again."""

    async def scene() -> None:
        messages = flood(10, 300)
        service = Service(broker.url)
        async with service, Publisher(broker.url, CLOCK, resend_after_s=1.0) as publisher:
            for message in messages:
                message.due_us = message.due_us * 2  # 6 s in all, of which we speed up by 4
            task = asyncio.create_task(publisher.run(messages, speedup=4.0))
            await asyncio.sleep(0.5)
            broker.kill()
            await asyncio.sleep(0.5)
            broker.start()
            await task
            assert await publisher.drain(patient(25))
            assert publisher.counters.reconnects >= 1 and publisher.counters.resent > 0
            assert service.complete(10, 300)

    run(scene)


def test_speed_up_keeps_virtual_time(broker: Broker) -> None:
    async def scene() -> None:
        async with Service(broker.url):
            messages = flood(1, 20)
            for number, message in enumerate(messages):
                message.due_us = number * 3_000_000  # a minute
            began = CLOCK.monotonic()
            await publish_messages(messages, broker.url, CLOCK, speedup=60.0, drain_s=10)
            assert CLOCK.monotonic() - began > 0.9

    run(scene)


def test_no_broker_is_no_crash(tmp_path: Path) -> None:
    async def scene() -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            url = f"mqtt://127.0.0.1:{free.getsockname()[1]}"
        async with Publisher(url, CLOCK) as publisher:
            assert not await publisher.connected(0.5)
            with suppress(TimeoutError):
                await asyncio.wait_for(publisher.run(flood(1, 1)), 0.3)
        with pytest.raises(ValueError, match="no broker address"):
            Publisher("http://example.org", CLOCK)

    run(scene)


def test_a_flood_without_acknowledgements_is_delivered(broker: Broker) -> None:
    """Its speed is measured by `make bench` (sustained): 10,000 messages/s are the aim."""

    async def scene() -> None:
        messages = list(Load(20_000.0, 100, 0.5).messages(0))
        for message in messages:
            assert message.content_type == JSON and message.topic == topic(
                "load", message.device, "telemetry"
            )
        async with Publisher(broker.url, CLOCK, acknowledged=False) as publisher:
            assert await publisher.connected()
            await publisher.run(messages)
            assert await publisher.drain(patient(20))
            assert publisher.counters.published == len(messages)

    run(scene)
