"""The embedded Kafka: what it acknowledged survives a kill -9, and it never outlives us."""

import asyncio
import os
import select
import subprocess
import sys
from collections.abc import Awaitable
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from app.servers.kafka import Kafka
from app.servers.ports import listening
from runtime.clock import SystemClock
from runtime.errors import Stop
from tests.fix_kafka import kafka_home

T = TypeVar("T")

BODIES = [b"%d" % number for number in range(1_000)]

# Prints where it is, and then only waits to be killed.
OWNER = """
import sys, threading
from pathlib import Path
from app.servers.kafka import Kafka
from runtime.clock import SystemClock
kafka = Kafka(Path(sys.argv[1]), SystemClock(), *map(Path, sys.argv[2:]))
print(kafka.start(), kafka.pid, flush=True)
threading.Event().wait()
"""


def port_of(url: str) -> int:
    port = urlsplit(url).port
    assert port is not None
    return port


def servers(kafka: Kafka) -> str:
    return f"127.0.0.1:{port_of(kafka.url)}"


def soon(what: Awaitable[T]) -> T:
    async def within() -> T:
        return await asyncio.wait_for(what, 60)

    return asyncio.run(within())


async def create(kafka: Kafka, topic: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=servers(kafka))
    await admin.start()
    made = await admin.create_topics([NewTopic(topic, 2, 1)])
    await admin.close()
    assert [error for _, error, _ in made.topic_errors] == [0]


async def produce(kafka: Kafka, topic: str) -> None:
    async with AIOKafkaProducer(bootstrap_servers=servers(kafka), acks="all") as producer:
        for sent in [await producer.send(topic, body, partition=1) for body in BODIES]:
            await sent


async def consume(kafka: Kafka, topic: str) -> list[tuple[int, bytes]]:
    found: list[tuple[int, bytes]] = []
    async with AIOKafkaConsumer(bootstrap_servers=servers(kafka)) as consumer:
        partition = TopicPartition(topic, 1)
        consumer.assign([partition])
        consumer.seek(partition, 0)
        while len(found) < len(BODIES):
            for records in (await consumer.getmany(timeout_ms=1_000)).values():
                found += [(record.offset, record.value) for record in records]
    return found


def test_what_it_acknowledged_survives_a_kill(kafka: Kafka, topic_prefix: str) -> None:
    topic = f"{topic_prefix}raw"
    soon(create(kafka, topic))
    soon(produce(kafka, topic))
    before = kafka.url
    kafka.kill()
    assert not kafka.alive() and not listening(port_of(before))
    assert kafka.start() == before
    assert soon(consume(kafka, topic)) == list(enumerate(BODIES))


def test_another_object_finds_the_port_and_the_data_again(
    kafka: Kafka, topic_prefix: str, tmp_path: Path
) -> None:
    home = kafka_home()
    first = Kafka(tmp_path, SystemClock(), home)
    url = first.start()
    try:
        soon(create(first, f"{topic_prefix}raw"))
        soon(produce(first, f"{topic_prefix}raw"))
    finally:
        first.stop()
    assert not listening(port_of(url))
    second = Kafka(tmp_path, SystemClock(), home)
    try:
        assert second.start() == url
        assert soon(consume(second, f"{topic_prefix}raw")) == list(enumerate(BODIES))
    finally:
        second.stop()


def test_tending_brings_it_back_on_its_port(kafka: Kafka) -> None:
    before, pid = kafka.url, kafka.pid
    kafka.restart_dead()
    assert kafka.pid == pid
    os.killpg(pid, 9)
    while kafka.alive():
        kafka._child.wait(1)
    kafka.restart_dead()
    assert kafka.alive() and kafka.url == before and kafka.pid != pid


@pytest.mark.xdist_group("kafka")
def test_it_ends_when_its_owner_is_killed(tmp_path: Path) -> None:
    home = kafka_home()
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(tmp_path), *([str(home)] if home else [])],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert owner.stdout is not None
    url, pid = owner.stdout.readline().split()
    guard = os.pidfd_open(int(pid))
    try:
        assert listening(port_of(url))
        owner.kill()
        owner.wait()
        # The guard ends after the server has.
        assert select.select([guard], [], [], 60)[0], "it still runs"
        assert not listening(port_of(url))
    finally:
        os.close(guard)
        owner.stdout.close()


def test_a_start_that_fails_shows_the_end_of_the_log(tmp_path: Path) -> None:
    broken = Kafka(tmp_path, SystemClock(), kafka_home(), java_options=["-XX:NoSuchOption"])
    (tmp_path / "kafka").mkdir()
    (tmp_path / "kafka" / "meta.properties").touch()  # as if formatted
    with pytest.raises(Stop, match=r"did not start[^$]*NoSuchOption"):
        broken.start()
    assert not broken.alive()


def test_a_folder_without_kafka_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Stop, match="TACHOWATT_KAFKA_HOME"):
        Kafka(tmp_path, SystemClock(), tmp_path).start()


def test_what_is_missing_is_named_with_its_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Stop, match="apt-get install default-jre-headless"):
        Kafka(tmp_path, SystemClock()).start()
    (tmp_path / "java").touch(mode=0o755)
    with pytest.raises(Stop, match="apt-get install maven"):
        Kafka(tmp_path, SystemClock()).start()
