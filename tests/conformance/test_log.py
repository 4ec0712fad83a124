"""What every log must do, whatever it is made of (contracts/raw.py, `Log`)."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest

from app.operations import kafka_topics
from contracts.kafka import Topics
from contracts.raw import DeviceAck, Log, Properties, RawMessage
from gateway.kafka_log import KafkaLog
from gateway.remote_log import RemoteLog
from ingest.decoding.catalogue import ROUTER
from ingest.logs.direct import DirectLog
from ingest.logs.kafka import KafkaIngest
from ingest.logs.tcp_listener import Listener
from ingest.partition.worker import Worker
from runtime.clock import SystemClock
from runtime.metrics import Metrics
from runtime.settings import Settings
from store.pipeline import dead_letter, ledger, offsets, telemetry
from store.pipeline import log as store_log
from store.postgres.pool import connect
from tests.patience import patient

CLOCK = SystemClock()


def message(seq: int, device: str = "car0") -> RawMessage:
    body = {"v": 1, "seq": seq, "t0": 1_794_000_000_000 + 1000 * seq, "speed_kmh": [float(seq)]}
    return RawMessage(
        f"tw/v1/t1/{device}/telemetry", json.dumps(body).encode(), CLOCK.now_us(), None
    )


class Running:
    """A log with ingest behind it. acks : what devices receive, in order."""

    def __init__(self, log: Log, url: str) -> None:
        self._log = log
        self._url = url
        self.acks: list[DeviceAck] = []
        self.appended = 0

    async def append(self, messages: Sequence[RawMessage]) -> None:
        self.acks += (await self._log.append(messages)).acks
        self.appended += len(messages)

    async def committed(self) -> None:
        """Wait until ingest has committed what was appended."""
        async with asyncio.timeout(patient(60)):
            while await asyncio.to_thread(total, self._url) < self.appended:
                await asyncio.sleep(0.02)


def total(url: str) -> int:
    with connect(url) as connection:
        return offsets.total(connection)


@asynccontextmanager
async def direct(url: str, _: Callable) -> AsyncIterator[Running]:
    async with direct_log(url) as log:
        yield Running(log, url)


@asynccontextmanager
async def direct_log(url: str) -> AsyncIterator[Log]:
    metrics = Metrics()
    log = DirectLog(Worker(url, Settings(), CLOCK, metrics), metrics)
    await log.start()
    yield log
    await log.close()


@asynccontextmanager
async def remote(url: str, _: Callable) -> AsyncIterator[Running]:
    async with direct_log(url) as behind:
        listener = Listener(behind, "127.0.0.1", 0)
        await listener.start()
        log = RemoteLog(f"tcp://127.0.0.1:{listener.port}")
        yield Running(log, url)
        await log.close()
        await listener.close()


@asynccontextmanager
async def kafka_log(url: str, fixture: Callable) -> AsyncIterator[Running]:
    kafka_url, topics = fixture("kafka").url, Topics(fixture("topic_prefix"))
    await asyncio.to_thread(fed_from_kafka, url, kafka_url, topics)
    settings, metrics = Settings(kafka_topic_prefix=topics.prefix), Metrics()
    stop = asyncio.Event()
    ingest = KafkaIngest(kafka_url, url, settings, CLOCK, metrics)
    consuming = asyncio.create_task(ingest.run(stop))
    log = KafkaLog(
        kafka_url,
        topics,
        "broker",
        ROUTER.key_of_topic,
        metrics,
        lambda acks: running.acks.extend(acks),
    )
    running = Running(log, url)
    await log.start()
    yield running
    stop.set()
    await log.close()
    await consuming


def fed_from_kafka(url: str, kafka_url: str, topics: Topics) -> None:
    with connect(url) as connection:
        if store_log.chosen(connection).kind == "kafka":
            return
        _, chosen, begin = kafka_topics.prepare(kafka_url, topics, 3, 1, 1)
        store_log.choose(connection, chosen, begin, CLOCK.now_us(), ROUTER.key_of_topic)
        connection.commit()


@pytest.fixture(
    params=[
        direct,
        remote,
        pytest.param(kafka_log, marks=pytest.mark.xdist_group("kafka")),
    ]
)
def run(
    request: pytest.FixtureRequest, registered: str
) -> Callable[[Callable[[Running], Awaitable[None]]], None]:
    def runner(check: Callable[[Running], Awaitable[None]]) -> None:
        # By name, so that only the log that needs Kafka starts it.
        fixtures = {}
        if request.param is kafka_log:
            fixtures = {name: request.getfixturevalue(name) for name in ("kafka", "topic_prefix")}

        async def main() -> None:
            async with request.param(registered, fixtures.get) as running:
                await check(running)
                await running.committed()

        asyncio.run(main())

    return runner


def stored(url: str) -> list[float]:
    with connect(url) as connection:
        values: list[float] = (
            telemetry.read(connection, telemetry.VEHICLE, [1]).values[:, 0].tolist()
        )
    return values


def test_an_answer_means_that_it_is_durable(run: Callable, registered: str) -> None:
    async def check(log: Running) -> None:
        await log.append([message(1), message(2)])
        await log.committed()
        async with asyncio.timeout(patient(30)):
            while not log.acks:  # from Kafka they come later, and who listens later hears nothing:
                await log.append([message(2)])  # a device sends again then
                await asyncio.sleep(0.2)
        assert {(ack.device, ack.seq) for ack in log.acks} == {("car0", 2)}
        assert await asyncio.to_thread(stored, registered) == [1.0, 2.0]

    run(check)


def test_appending_again_is_harmless(run: Callable, registered: str) -> None:
    async def check(log: Running) -> None:
        for _ in range(3):
            await log.append([message(1), message(2)])

    run(check)
    assert stored(registered) == [1.0, 2.0]
    with connect(registered) as connection:
        entry = ledger.read(connection)[("t1", "native")]
    assert entry.closes and (entry.stored, entry.duplicate) == (2, 4)


def test_order_is_kept_and_nothing_is_lost(run: Callable, registered: str) -> None:
    async def check(log: Running) -> None:
        for first in range(0, 300, 30):
            await log.append([message(i) for i in range(first, first + 30)])

    run(check)
    assert stored(registered) == [float(i) for i in range(300)]


def terminate_ingest(url: str) -> None:
    with connect(url) as connection:
        connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity "
            "where application_name = 'tachowatt-ingest' and datname = current_database()"
        )
        connection.commit()


def test_batches_that_follow_each_other_closely_are_acknowledged_in_order(
    run: Callable, registered: str
) -> None:
    """Also when connections break while one is committed, the next prepared and another read."""
    acks: list[DeviceAck] = []

    async def check(log: Running) -> None:
        async def append(first: int) -> None:
            await log.append([message(i) for i in range(first, first + 20)])

        async def disturb() -> None:
            for already in (40, 180, 300):
                while await asyncio.to_thread(total, registered) < already:
                    await asyncio.sleep(0)
                await asyncio.to_thread(terminate_ingest, registered)

        async with asyncio.TaskGroup() as group:
            group.create_task(disturb())
            for first in range(1, 401, 20):
                group.create_task(append(first))
        await log.committed()
        acks.extend(log.acks)

    run(check)
    # From Kafka they come a little later, and one may be lost with the connection.
    assert [ack.seq for ack in acks] == sorted(ack.seq for ack in acks)
    assert stored(registered) == [float(i) for i in range(1, 401)]
    with connect(registered) as connection:
        entry = ledger.read(connection)[("t1", "native")]
    assert entry.closes and entry.stored == 400


def test_the_next_batch_is_prepared_meanwhile(
    registered: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[bool] = []
    prepare = Worker.prepare

    def counted(self: Worker, *arguments: Any) -> bool:
        done.append(prepare(self, *arguments))
        return done[-1]

    async def main() -> None:
        async with direct_log(registered) as log:
            await log.append([message(1)])
            await asyncio.gather(*(log.append([message(i)]) for i in range(2, 40)))

    monkeypatch.setattr(Worker, "prepare", counted)
    asyncio.run(main())
    assert any(done)
    assert stored(registered) == [float(i) for i in range(1, 40)]


def test_it_waits_while_the_store_is_away(run: Callable, registered: str) -> None:
    async def check(log: Running) -> None:
        await log.append([message(1)])
        await asyncio.to_thread(terminate_ingest, registered)
        await asyncio.wait_for(log.append([message(2)]), patient(30))

    run(check)
    assert stored(registered) == [1.0, 2.0]


def test_an_empty_batch_is_fine(run: Callable) -> None:
    async def check(log: Running) -> None:
        await log.append([])
        assert log.acks == []

    run(check)


def test_properties_come_with_the_message_to_the_dead_letter(
    run: Callable, registered: str
) -> None:
    user = (("hop", "b"), ("hop", "a"), ("odd", "\0\u2028"))
    sent = RawMessage(
        "tw/v1/t1/car0/telemetry", b"{", CLOCK.now_us(), "x/y", Properties(user, 2**32 - 1)
    )
    plain = sent._replace(properties=None)

    async def check(log: Running) -> None:
        await log.append([sent, plain, message(1)])

    run(check)
    with connect(registered) as connection:
        rows = dead_letter.find(connection)
    odd = (("hop", "b"), ("hop", "a"), ("odd", "\\x00\u2028"))  # PostgreSQL keeps no NUL
    assert [row.message() for row in rows] == [
        sent._replace(properties=Properties(odd, 2**32 - 1)),
        plain,
    ]
    assert stored(registered) == [1.0]
