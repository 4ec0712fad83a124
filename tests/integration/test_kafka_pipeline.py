"""Gateways and ingest workers as processes, with a real Kafka between them."""

import asyncio
import json
import os
import re
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiokafka import AIOKafkaConsumer

from app.servers.kafka import Kafka
from contracts import kafka
from contracts.kinds import event_type
from contracts.signals import Signal
from runtime.clock import SystemClock
from runtime.kafka import client_options
from simulators.fleet import Fleet
from simulators.publisher import Publisher
from store.pipeline import dead_letter, ledger
from store.pipeline import log as store_log
from store.postgres.pool import Connection, connect
from store.signals import outbox, publications
from tests.fix_broker import Mosquitto
from tests.fix_fleet import caught_up, deliver, settle, undisturbed
from tests.patience import patient
from tests.process import Tachowatt
from tests.store_state import assert_same_state, store_state

PARTITIONS = 4
CLOCK = SystemClock()


class Town:
    """What the tests have in common: servers, and processes that find them."""

    def __init__(
        self, directory: Path, mqtt_url: str, kafka_url: str, url: str, prefix: str
    ) -> None:
        self._directory = directory
        self.running: list[Tachowatt] = []
        self.prefix = prefix
        self.mqtt_url, self.kafka_url, self.url = mqtt_url, kafka_url, url
        self._environment = {
            "TACHOWATT_DATABASE_URL": url,
            "TACHOWATT_KAFKA_TOPIC_PREFIX": prefix,
            "TACHOWATT_SILENCE_S": "3600",
            "TACHOWATT_KAFKA_SESSION_TIMEOUT_S": "6",
        }

    def run(self, *arguments: str, **environment: str) -> Tachowatt:
        state = self._directory / f"process-{len(self.running)}"
        started = Tachowatt(*arguments, state=state, **self._environment, **environment)
        self.running.append(started)
        return started

    def init(self, partitions: int = PARTITIONS) -> None:
        done = self.run("log", "init", "--log", self.kafka_url, "--partitions", str(partitions))
        assert done.wait(30.0) == 0, done.log

    def ingest(self) -> Tachowatt:
        return self.run("ingest", "--log", self.kafka_url)

    def gateway(self, number: int) -> Tachowatt:
        return self.run(
            "gateway", "--mqtt-url", self.mqtt_url, "--log", self.kafka_url,
            TACHOWATT_MQTT_CLIENT_ID=f"gateway-{number}", TACHOWATT_MQTT_SHARE_GROUP="gateways",
        )  # fmt: skip


@pytest.fixture
def town(
    tmp_path: Path,
    request: pytest.FixtureRequest,
    topic_prefix: str,
    mosquitto_broker: Mosquitto,
    database_of_fleet: Callable[[], str],
) -> Iterator[Town]:
    """TACHOWATT_TEST_MQTT_URL names another broker, for a test at a time: sessions stay there."""
    server: Kafka = request.getfixturevalue("kafka")
    mqtt_url = os.environ.get("TACHOWATT_TEST_MQTT_URL") or mosquitto_broker.start()
    made = Town(tmp_path, mqtt_url, server.url, database_of_fleet(), topic_prefix)
    made.init()
    yield made
    for process in made.running:
        process.kill()


def test_two_gateways_and_two_workers_of_which_one_is_killed(
    town: Town, fleet: Fleet, database_of_fleet: Callable[[], str]
) -> None:
    workers = [town.ingest(), town.ingest()]
    gateways = [town.gateway(1), town.gateway(2)]
    for worker in workers:
        worker.wait_for("ingest is ready")
    for gateway in gateways:
        gateway.wait_for("gateway is ready")

    async def kill(publisher: Publisher) -> None:
        while publisher.counters.published < 0.4 * len(fleet.history):
            await asyncio.sleep(0.01)
        workers[0].send_signal(signal.SIGKILL)
        await asyncio.to_thread(workers[0].wait)

    asyncio.run(deliver(town.mqtt_url, fleet, kill))
    caught_up(town.url, fleet)
    settle(town.url)
    for process in (*gateways, workers[1]):
        assert process.terminate(10.0) == 0, process.log
    with connect(town.url) as connection:
        assert all(entry.closes for entry in ledger.read(connection).values())
    assert_same_state(store_state(town.url), undisturbed(fleet, database_of_fleet()))


def records_of(kafka_url: str, topic: str, until: Callable[[list[Any]], bool]) -> list[Any]:
    """The records of a topic, from the first on, until there are enough."""

    async def main() -> list[Any]:
        consumer = AIOKafkaConsumer(
            topic, **client_options(kafka_url), auto_offset_reset="earliest", group_id=None
        )
        await consumer.start()
        found: list[Any] = []
        try:
            async with asyncio.timeout(patient(30)):
                while not until(found):
                    for records in (await consumer.getmany(timeout_ms=200)).values():
                        found += records
        finally:
            await consumer.stop()
        return found

    return asyncio.run(main())


def test_other_systems_receive_signals_and_dead_letters(town: Town, fleet: Fleet) -> None:
    worker, gateway = town.ingest(), town.gateway(1)
    for process in (worker, gateway):
        process.wait_for("is ready")
    asyncio.run(deliver(town.mqtt_url, fleet))
    caught_up(town.url, fleet)
    settle(town.url)
    with connect(town.url) as connection:
        signals = outbox.read(connection, current=False, limit=1_000_000)
        letters = dead_letter.find(connection, limit=1_000_000)
    assert signals and letters
    topics = kafka.Topics(town.prefix)
    events = records_of(town.kafka_url, topics.signals, lambda found: len(found) >= len(signals))
    by_id = {(s["id"], s["revision"]): s for s in signals}
    for record in events:
        event = Signal.model_validate_json(record.value)
        row = by_id[(event.episode, event.revision)]
        assert (event.type, event.data) == (event_type(row["type"]), row["data"])
        assert event.source == f"/{record.key.decode()}"
        assert dict(record.headers)["content-type"].startswith(b"application/cloudevents+json")
    assert len({(e.source, e.id) for e in map(parsed, events)}) == len(signals)
    dead = records_of(town.kafka_url, topics.dead, lambda found: len(found) >= len(letters))
    assert {(dict(r.headers)["reason"].decode(), r.value) for r in dead} == {
        (letter.reason, bytes(letter.body)) for letter in letters
    }
    event = {"id": "reading.accepted r 1", "tenant": "demo", "data": {"meter": "m-1", "kwh": 7.0}}
    with connect(town.url) as connection:
        assert publications.put_event(connection, 1, "demo", None, event)
        connection.commit()
    mine = b"demo/meter:m-1"
    changes = records_of(
        town.kafka_url, topics.changes, lambda found: mine in {r.key for r in found}
    )
    assert [json.loads(record.value) for record in changes if record.key == mine] == [event]
    for process in (gateway, worker):
        assert process.terminate(10.0) == 0, process.log


def parsed(record: Any) -> Signal:
    return Signal.model_validate_json(record.value)


def takes_part(worker: Tachowatt) -> None:
    """Wait until it has been given partitions and has taken them up: only then it is in the way of
    who is given them next."""
    worker.wait_for("partitions: [")
    worker.wait_for("/metrics")  # which may come after it
    metrics_url = re.findall(r"metrics +(http\S+)/metrics", worker.log)[0]
    deadline = CLOCK.monotonic() + patient(60)
    while CLOCK.monotonic() < deadline:
        given = re.findall(r"partitions: (\S+)", worker.log)[-1]
        if given != "none" and httpx.get(f"{metrics_url}/ready").status_code == 200:
            return
        threading.Event().wait(0.05)
    raise AssertionError(worker.log)


def test_a_zombie_writes_nothing(
    town: Town, fleet: Fleet, database_of_fleet: Callable[[], str]
) -> None:
    """One worker is paused through its session timeout while it works, and woken afterwards."""
    workers = [town.ingest(), town.ingest()]
    gateway = town.gateway(1)
    for worker in workers:
        worker.wait_for("ingest is ready")
    gateway.wait_for("gateway is ready")

    takes_part(workers[0])

    async def pause(publisher: Publisher) -> None:
        while publisher.counters.published < 0.3 * len(fleet.history):
            await asyncio.sleep(0.01)
        workers[0].send_signal(signal.SIGSTOP)

    try:
        asyncio.run(deliver(town.mqtt_url, fleet, pause))  # ends when all is committed
        caught_up(town.url, fleet)
        settle(town.url)
        before = store_state(town.url)
    finally:
        woken = workers[0].log.count("partitions: [")
        workers[0].send_signal(signal.SIGCONT)
    assert "of its sessions ended" in workers[1].log, "its connections were alive until then"
    # It joins again, and has a share of the partitions by the time that its words come.
    workers[0].wait_for("partitions: [", times=woken + 1)
    for process in (gateway, *workers):
        assert process.terminate(10.0) == 0, process.log
    assert_same_state(store_state(town.url), before)
    assert_same_state(before, undisturbed(fleet, database_of_fleet()))


def test_who_leaves_hands_over_at_once(town: Town, fleet: Fleet) -> None:
    workers = [town.ingest(), town.ingest()]
    gateway = town.gateway(1)
    for process in (*workers, gateway):
        process.wait_for("is ready")

    async def leave(publisher: Publisher) -> None:
        while publisher.counters.published < 0.3 * len(fleet.history):
            await asyncio.sleep(0.01)
        assert await asyncio.to_thread(workers[0].terminate, 10.0) == 0

    asyncio.run(deliver(town.mqtt_url, fleet, leave))
    caught_up(town.url, fleet)
    settle(town.url)
    assert "of its sessions ended" not in workers[1].log, "nobody had to be deposed"
    for process in (gateway, workers[1]):
        assert process.terminate(10.0) == 0, process.log


def _record_cluster(connection: Connection, cluster_id: str | None) -> None:
    connection.execute("update pipeline.log set cluster_id = %s", (cluster_id,))
    connection.commit()


def test_another_number_of_partitions_is_refused_with_instructions(town: Town) -> None:
    again = town.run("log", "init", "--log", town.kafka_url, "--partitions", str(PARTITIONS))
    assert again.wait(30.0) == 0 and "all topics were there" in again.log
    other = town.run("log", "init", "--log", town.kafka_url, "--partitions", "7")
    assert other.wait(30.0) == 2
    assert "4 partitions, not 7" in other.log and "tachowatt log init --help" in other.log
    with connect(town.url) as connection:
        recorded = store_log.chosen(connection).cluster_id
        _record_cluster(connection, "another")
    elsewhere = town.ingest()
    assert elsewhere.wait(60.0) == 1
    assert f"the cluster another, and this is the cluster {recorded}" in elsewhere.log
    new = town.run("log", "init", "--log", town.kafka_url, "--prefix", "new.")
    assert new.wait(30.0) == 2 and "is not the one with Kafka's topic" in new.log
    with connect(town.url) as connection:
        _record_cluster(connection, recorded)
    direct = town.run("ingest", "--listen", "127.0.0.1:0")
    assert direct.wait(60.0) == 1
    assert "the store is fed from Kafka's topic" in direct.log
    assert "tachowatt log init --help" in direct.log
    back = town.run("log", "init", "--log", "direct")
    assert back.wait(30.0) == 2 and "--from kafka://" in back.log
    back = town.run("log", "init", "--log", "direct", "--from", town.kafka_url)
    assert back.wait(30.0) == 0, back.log
    kafka = town.ingest()
    assert kafka.wait(60.0) == 1
    assert "the store is fed from the direct log" in kafka.log
