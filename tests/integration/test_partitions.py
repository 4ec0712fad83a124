"""Workers of one log's partitions on one store: who does what, and who may not."""

import json
from collections.abc import Iterator

import pytest

from app.operations.registry_import import validate, write
from app.operations.verify import verify
from contracts.partition import Partition, partition_of
from contracts.raw import RawMessage
from ingest.decoding.catalogue import ROUTER
from ingest.partition.worker import Worker
from ingest.registry import Registries
from runtime.clock import ManualClock
from runtime.errors import Fenced, Owned, Retry, Stop
from runtime.settings import Settings
from store.pipeline import dead_letter, ledger, offsets
from store.pipeline import log as store_log
from store.postgres.pool import connect
from tests.fix_registry import NOW_US, registry
from tests.store_state import assert_same_state, store_state

OF = 3
T0_MS = (NOW_US - 3_600_000_000) // 1000

key_of_topic = ROUTER.key_of_topic


def message(device: str, seq: int, at_s: int) -> RawMessage:
    body = {"v": 1, "seq": seq, "t0": T0_MS + 1000 * at_s, "speed_kmh": [float(at_s % 90)]}
    return RawMessage(f"tw/v1/t1/{device}/telemetry", json.dumps(body).encode(), NOW_US, None)


def home(topic: str) -> int:
    return partition_of(key_of_topic(topic), OF)


@pytest.fixture
def partitioned(registered: str) -> str:
    with connect(registered) as connection:
        chosen = store_log.Log("kafka", "telemetry.raw", "cluster", OF)
        store_log.choose(connection, chosen, dict.fromkeys(range(OF), 5), NOW_US, key_of_topic)
        connection.commit()
    return registered


@pytest.fixture
def workers(partitioned: str) -> Iterator[list[Worker]]:
    registries = Registries()
    made = [
        Worker(
            partitioned,
            Settings(reconcile_wait_s=0.0),
            ManualClock(NOW_US),
            partition=Partition(number, OF, "kafka"),
            registries=registries,
        )
        for number in range(OF)
    ]
    yield made
    for worker in made:
        worker.close()


def test_the_partition_of_a_device_is_for_ever() -> None:
    """CRC-32 as in librdkafka's `consistent` partitioner; another result would move devices."""
    assert key_of_topic("tw/v1/acme/car-1/telemetry") == "native/acme/car-1"
    assert key_of_topic("owntracks/jane/phone") == "owntracks/jane/phone"
    assert key_of_topic("what/ever") == "what/ever"
    assert partition_of("123456789", 2**32) == 0xCBF43926  # the check value of CRC-32/ISO-HDLC
    assert partition_of("native/acme/car-1", 12) == partition_of("native/acme/car-1", 24) % 12


def test_together_they_do_what_one_does(
    workers: list[Worker], partitioned: str, new_database
) -> None:
    messages = [
        message(device, seq, 10 * (seq if seq % 7 else seq - 3))  # some late
        for seq in range(1, 60)
        for device in ("car0", "car1", "car2", "nobody")
    ]
    for number, worker in enumerate(workers):
        ours = [m for m in messages if home(m.topic) == number]
        for first in range(0, len(ours), 10):
            worker.process(ours[first : first + 10], first=5 + first)
        worker.reconcile(everything=True)
    assert verify(partitioned).clean
    one = new_database()
    write(one, validate(registry(), "registry"), NOW_US)
    alone = Worker(one, Settings(), ManualClock(NOW_US))
    alone.process(messages)
    alone.reconcile(everything=True)
    alone.close()
    assert_same_state(store_state(partitioned), store_state(one))
    with connect(partitioned) as ours_, connect(one) as theirs:
        assert ledger.read(ours_) == ledger.read(theirs)
        assert offsets.total(ours_) == offsets.total(theirs) == len(messages)


def test_what_is_committed_is_skipped_and_a_hole_is_refused(workers: list[Worker]) -> None:
    worker = workers[home("tw/v1/t1/car0/telemetry")]
    three = [message("car0", i, i) for i in range(3)]
    assert worker.process(three, first=5).outcomes == {"stored": 3}
    assert worker.process([*three[1:], message("car0", 3, 3)], first=6).outcomes == {"stored": 1}
    assert worker.process(three, first=5).outcomes == {}
    with pytest.raises(Fenced, match="begins at offset 11, but what is committed ends at 9"):
        worker.process(three, first=11)


def test_what_kafka_has_deleted_is_skipped_only_on_purpose(
    workers: list[Worker], partitioned: str
) -> None:
    number = home("tw/v1/t1/car0/telemetry")
    workers[number].process([message("car0", 1, 1)], first=5)
    with connect(partitioned) as connection, pytest.raises(Owned):
        store_log.skip(connection, number, 20)
    workers[number].close()
    with connect(partitioned) as connection:
        assert store_log.skip(connection, number, 20) == 14
        assert store_log.skip(connection, number, 20) == store_log.skip(connection, number, 9) == 0
        connection.commit()
    assert workers[number].process([message("car0", 30, 30)], first=20).outcomes == {"stored": 1}
    assert verify(partitioned).clean


def test_a_message_of_another_partition_is_kept_for_its_owner(
    workers: list[Worker], partitioned: str
) -> None:
    right = home("tw/v1/t1/car0/telemetry")
    wrong = (right + 1) % OF
    assert workers[wrong].process([message("car0", 1, 1)]).outcomes == {"dead_lettered": 1}
    with connect(partitioned) as connection:
        (row,) = dead_letter.find(connection)
        assert (row.reason, row.partition) == ("wrong_partition", wrong)
        dead_letter.request_retry(connection, [row.id], None)
        connection.commit()
    assert workers[wrong].retry_dead_letters() == 0
    assert workers[right].retry_dead_letters() == 1
    assert verify(partitioned).clean
    with connect(partitioned) as connection:
        assert ledger.read(connection)[("t1", "native")].stored == 1


def test_a_zombie_loses_at_the_compare_and_set(workers: list[Worker], partitioned: str) -> None:
    number = home("tw/v1/t1/car0/telemetry")
    zombie = workers[number]
    zombie.process([message("car0", 1, 1)], first=5)
    heir = Worker(
        partitioned, Settings(), ManualClock(NOW_US), partition=Partition(number, OF, "kafka")
    )
    heir.depose()
    heir.open()
    heir.process([message("car0", 2, 2)], first=6)
    heir.close()
    before = store_state(partitioned)
    with pytest.raises(Retry):  # its session is gone
        zombie.process([message("car0", 2, 2)], first=6)
    assert zombie.process([message("car0", 2, 2)], first=6).outcomes == {}, "it is committed"
    assert_same_state(store_state(partitioned), before)
    assert verify(partitioned).clean


def test_a_store_of_kafka_takes_no_direct_worker(partitioned: str) -> None:
    direct = Worker(partitioned, Settings(), ManualClock(NOW_US))
    with pytest.raises(Stop, match=r"fed from Kafka.s topic telemetry\.raw with 3 partitions"):
        direct.open()
    other = Worker(partitioned, Settings(), ManualClock(NOW_US), partition=Partition(0, 4, "kafka"))
    with pytest.raises(Stop, match="takes from Kafka in 4 partitions"):
        other.open()


def test_a_log_is_not_changed_under_a_worker(workers: list[Worker], partitioned: str) -> None:
    workers[1].open()
    with connect(partitioned) as connection, pytest.raises(Owned, match="partition 1 is owned"):
        store_log.choose(connection, store_log.DIRECT, {0: 0}, NOW_US, key_of_topic)
    workers[1].close()
    with connect(partitioned) as connection:
        store_log.choose(connection, store_log.DIRECT, {0: 0}, NOW_US, key_of_topic)
        connection.commit()
    direct = Worker(partitioned, Settings(), ManualClock(NOW_US))
    assert direct.open() == 0
    direct.process([message("car1", 1, 1)])
    direct.close()
    assert verify(partitioned).clean
