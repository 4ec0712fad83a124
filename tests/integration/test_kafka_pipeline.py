"""Gateways and ingest workers as processes, with a real Kafka between them."""

import asyncio
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from app.kafka_server import Kafka
from simulators.fleet import Fleet
from simulators.publisher import Publisher
from store import ledger
from store.pool import connect
from tests.fix_broker import Mosquitto
from tests.integration.test_service import (
    caught_up,
    database_of_fleet,
    deliver,
    fleet,
    settle,
    start,
    undisturbed,
)
from tests.process import Tachowatt
from tests.store_state import assert_same_state, store_state

__all__ = ["database_of_fleet", "fleet", "start"]  # fixtures

PARTITIONS = 4


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    made = Mosquitto(tmp_path)
    if not made.available:
        from tests.conftest import missing_server

        missing_server("Mosquitto (Debian: apt-get install mosquitto)")
    yield made
    made.stop()


class Town:
    """What the tests have in common: servers, and processes that find them."""

    def __init__(self, start: Any, mqtt_url: str, kafka_url: str, url: str, prefix: str) -> None:
        self._start = start
        self.mqtt_url, self.kafka_url, self.url = mqtt_url, kafka_url, url
        self._environment = {
            "TACHOWATT_DATABASE_URL": url,
            "TACHOWATT_KAFKA_TOPIC_PREFIX": prefix,
            "TACHOWATT_KAFKA_SESSION_TIMEOUT_S": "6",
        }

    def run(self, *arguments: str, **environment: str) -> Tachowatt:
        started: Tachowatt = self._start(*arguments, **self._environment, **environment)
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
    start: Any,
    kafka: Kafka,
    topic_prefix: str,
    mosquitto: Mosquitto,
    database_of_fleet: Callable[[], str],
) -> Town:
    made = Town(start, mosquitto.start(0), kafka.url, database_of_fleet(), topic_prefix)
    made.init()
    return made


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
