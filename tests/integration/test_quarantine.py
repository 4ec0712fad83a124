"""One device never stops the others: unregistered devices, limits, quarantine, stopped sources."""

import json
from typing import Any

import pytest

from app.operations.registry_import import validate, write
from app.operations.verify import verify
from contracts.raw import RawMessage
from ingest.logs.direct import DirectLog
from ingest.partition.worker import Worker
from runtime.clock import ManualClock
from runtime.metrics import Metrics
from runtime.settings import Settings
from store.pipeline import dead_letter, ledger, quarantine, stopped_sources, telemetry
from store.postgres.pool import connect
from tests.fix_registry import NOW_US, SINCE, registry

CARS = 30
ATTACK = 10_300
"""Messages that stopped everybody's intake once."""


def fleet(url: str) -> None:
    """Register tenant t1 with car0 and others, and tenant t2 with thirty cars."""
    write(url, validate(registry(), "t1"), NOW_US)
    sections: dict[str, list[dict[str, Any]]] = {
        "tenants": [{"id": "t2", "name": "Tenant two", "timezone": "Europe/Berlin"}],
        "customers": [{"tenant": "t2", "id": "c", "name": "Customer"}],
        "vehicles": [],
        "contracts": [],
        "devices": [],
        "assignments": [],
        "consents": [
            {
                "tenant": "t2",
                "customer": "c",
                "purpose": "driving_score",
                "legal_basis": "consent",
                "notice_version": "2026-01",
                "source": "test",
                "at": "2026-01-01T00:00:00Z",
            }
        ],
    }
    for i in range(CARS):
        about = {"tenant": "t2", "vehicle": f"v{i}", "valid_from": SINCE}
        sections["vehicles"].append({"tenant": "t2", "id": f"v{i}", "name": f"Car {i}"})
        sections["contracts"].append({**about, "id": f"k{i}", "customer": "c", "kind": "motor"})
        sections["devices"].append({"tenant": "t2", "id": f"b{i}", "kind": "vehicle"})
        sections["assignments"].append({**about, "device": f"b{i}"})
    write(url, validate(sections, "t2"), NOW_US)


@pytest.fixture
def url(database: str) -> str:
    fleet(database)
    return database


def sent(topic: str, body: bytes, at_us: int = NOW_US) -> RawMessage:
    return RawMessage(topic, body, at_us, None)


def good(second: int, seq: int | None = None) -> bytes:
    t0 = (NOW_US - 36_000_000_000) // 1000 + 1000 * second
    body: dict[str, Any] = {"v": 1, "t0": t0, "speed_kmh": [50.0]}
    return json.dumps(body if seq is None else {**body, "seq": seq}).encode()


def car(body: bytes, device: str = "car0", tenant: str = "t1", at_us: int = NOW_US) -> RawMessage:
    return sent(f"tw/v1/{tenant}/{device}/telemetry", body, at_us)


def closes(url: str) -> dict[ledger.Key, ledger.Entry]:
    with connect(url) as connection:
        entries = ledger.read(connection)
        by_reason = dead_letter.counts(connection)
    assert all(entry.closes for entry in entries.values()), entries
    assert sum(by_reason.values()) == sum(e.dead_lettered for e in entries.values())
    return entries


@pytest.mark.parametrize(
    ("topic", "tenant", "dialect"),
    [
        ("tw/v1/t1/car0/telemetry", "t1", "native"),  # a registered device
        ("owntracks/evil/x", "-", "owntracks"),  # an address that nobody registered
        ("tw/v1/t1/nobody/telemetry", "t1", "native"),
    ],
)
def test_ten_thousand_bytes_stop_nobody(url: str, topic: str, tenant: str, dialect: str) -> None:
    worker = Worker(url, Settings(), ManualClock(NOW_US))
    attack = [sent(topic, b"{")] * ATTACK
    done = 0
    for first in range(0, ATTACK, 2_000):
        batch = [
            *attack[first : first + 2_000],
            car(good(done), "b1", "t2"),
            car(good(done), "car1"),
        ]
        assert worker.process(batch).outcomes["stored"] == 2, "of the batch, those of the others"
        done += 1
    assert worker.stopped() is None
    worker.close()
    entries = closes(url)
    assert entries[("t2", "native")].stored == done
    assert entries[(tenant, dialect)].dead_lettered == ATTACK
    with connect(url) as connection:
        rows = len(dead_letter.summaries(connection, limit=20_000))
        listed = quarantine.listed(connection)
    assert rows <= Settings().dead_letter_device_messages, "the others are counted"
    assert [row["device"] for row in listed] == (
        ["car0"] if topic.endswith("car0/telemetry") else []
    )
    assert verify(url).clean


def test_a_device_is_released_by_its_first_usable_message(url: str) -> None:
    settings = Settings(quarantine_after_messages=5, dead_letter_device_messages=8)
    worker = Worker(url, settings, ManualClock(NOW_US))
    spoilt = json.dumps({"v": 1, "seq": 1, "speed": 1}).encode()
    worker.process([car(good(0, 0))])
    kept = worker.process([car(spoilt)])
    assert [ack.seq for ack in kept.acks] == [1], "a dead letter that is kept is dealt with"
    assert worker.process([car(b"{")] * 20).outcomes == {"dead_lettered": 20}
    with connect(url) as connection:
        (row,) = quarantine.listed(connection)
        assert (row["device"], row["reason"], row["open"]) == ("car0", "nothing_usable", 8)
        assert row["detail"].startswith("not_json") and row["not_kept"] == 13
        assert sum(dead_letter.counts(connection).values()) == 21
    worker.close()
    again = Worker(url, settings, ManualClock(NOW_US))
    seq_2 = json.dumps({"v": 1, "seq": 2, "speed": 1}).encode()
    assert [ack.seq for ack in again.process([car(seq_2)]).acks] == [], "what is lost is not"
    with connect(url) as connection:
        assert len(quarantine.listed(connection)) == 1, "a restart releases nobody"
    assert again.process([car(good(1, 3))]).outcomes == {"stored": 1}
    with connect(url) as connection:
        assert quarantine.listed(connection) == []
    again.close()
    closes(url)


def test_above_its_limit_a_device_is_deferred_and_loses_nothing(url: str) -> None:
    settings = Settings(device_messages_per_s=10, device_burst_messages=50)
    clock = ManualClock(NOW_US)
    worker = Worker(url, settings, clock)
    flood = [car(good(i, i)) for i in range(120)]
    committed = worker.process([*flood, car(good(0), "b0", "t2")])
    assert committed.outcomes == {"stored": 51, "dead_lettered": 70}
    assert [(ack.device, ack.seq) for ack in committed.acks] == [("car0", 49)], "not the deferred"
    with connect(url) as connection:
        (row,) = quarantine.listed(connection)
        assert (row["device"], row["reason"], row["deferred"]) == ("car0", "over_limit", 70)
        assert {r.state for r in dead_letter.find(connection, state=None, limit=100)} == {
            "deferred"
        }
    closes(url)
    assert worker.retry_dead_letters() == 0, "not yet due"
    clock.advance(4.0)
    assert worker.retry_dead_letters() == 40, "as the limit allows"
    worker.close()
    again = Worker(url, settings, clock)
    clock.advance(3.0)
    assert again.retry_dead_letters() == 30
    last = again.process([car(good(120, 120), at_us=clock.now_us())])
    assert [ack.seq for ack in last.acks] == [120]
    again.reconcile(everything=True)
    clock.advance(60.0)
    again.release_calm_devices()
    again.close()
    with connect(url) as connection:
        assert quarantine.listed(connection) == []
        assert len(telemetry.read(connection, telemetry.VEHICLE, [1])) == 121
        assert dead_letter.find(connection, state="deferred") == []
    entry = closes(url)[("t1", "native")]
    assert (entry.received, entry.stored, entry.dead_lettered) == (121, 121, 0)
    assert verify(url).clean


def test_bytes_and_tenants_have_limits_too(url: str) -> None:
    size = len(good(0))
    settings = Settings(
        device_messages_per_s=0, device_bytes_per_s=size, device_burst_bytes=3 * size
    )
    worker = Worker(url, settings, ManualClock(NOW_US))
    assert worker.process([car(good(i)) for i in range(5)]).outcomes == {
        "stored": 3,
        "dead_lettered": 2,
    }
    worker.close()
    of_all = Settings(tenant_messages_per_s=1, tenant_burst_s=4)
    worker = Worker(url, of_all, ManualClock(NOW_US))
    batch = [car(good(0), f"b{i}", "t2") for i in range(6)] + [car(good(9))]
    assert worker.process(batch).outcomes == {"stored": 5, "dead_lettered": 2}
    worker.close()
    closes(url)


def test_what_has_no_room_is_counted_and_not_acknowledged(url: str) -> None:
    settings = Settings(
        device_messages_per_s=10, device_burst_messages=10, deferred_device_messages=5
    )
    clock = ManualClock(NOW_US)
    worker = Worker(url, settings, clock)
    messages = [car(good(i, i)) for i in range(40)]
    assert [ack.seq for ack in worker.process(messages).acks] == [9]
    with connect(url) as connection:
        (row,) = quarantine.listed(connection)
        assert (row["deferred"], row["not_kept"]) == (5, 25)
    closes(url)
    clock.advance(1.0)
    assert worker.retry_dead_letters() == 5
    seq = 9
    while seq < 39:  # the device sends again what was not acknowledged
        clock.advance(2.0)
        later = [car(m.body, at_us=clock.now_us()) for m in messages[seq + 1 :]]
        acks = worker.process(later).acks
        assert acks and acks[0].seq > seq, "each turn goes further"
        seq = acks[0].seq
    while worker.retry_dead_letters():
        clock.advance(60.0)
    worker.close()
    with connect(url) as connection:
        assert len(telemetry.read(connection, telemetry.VEHICLE, [1])) == 40
    closes(url)


def test_without_consent_nothing_is_deferred(url: str) -> None:
    """A deferred message of a device whose customer has agreed to nothing is refused at once."""
    sections = {
        "consents": [
            {
                "tenant": "t2",
                "customer": "c",
                "purpose": "driving_score",
                "state": "withdrawn",
                "legal_basis": "consent",
                "notice_version": "2026-01",
                "source": "test",
                "at": "2026-01-02T00:00:00Z",
            }
        ]
    }
    write(url, validate(sections, "withdrawn"), NOW_US)
    worker = Worker(
        url, Settings(device_messages_per_s=1, device_burst_messages=1), ManualClock(NOW_US)
    )
    assert worker.process([car(good(i), "b0", "t2") for i in range(5)]).outcomes == {"refused": 5}
    worker.close()
    with connect(url) as connection:
        assert dead_letter.find(connection, state=None) == []


# ── sources ─────────────────────────────────────────────────────────────────────────────────────

FEW = Settings(
    dead_letter_cap_messages=100, dead_letter_cap_devices=10, quarantine_after_messages=50,
    dead_letter_probe_s=30,
)  # fmt: skip


def broken(clock: ManualClock, devices: int = CARS) -> list[RawMessage]:
    return [car(b"{", f"b{i}", "t2", clock.now_us()) for i in range(devices)]


def stopped(url: str) -> Worker:
    worker = Worker(url, FEW, ManualClock(NOW_US))
    for _ in range(4):
        worker.process(broken(ManualClock(NOW_US)))
    return worker


def test_a_source_stops_and_the_others_go_on(url: str) -> None:
    worker = stopped(url)
    log = DirectLog(worker, Metrics())
    log._away = None
    assert "t2/native" in (log.missing() or ""), "for /ready on the port of metrics"
    assert "t2/native, of 30 devices" in (worker.stopped() or "")
    assert "tachowatt dead-letter resume" in (worker.stopped() or "")
    mended = [car(good(i, i), f"b{i}", "t2") for i in range(5)]
    committed = worker.process([*mended, car(good(1))])
    assert committed.outcomes == {"stored": 1, "dead_lettered": 5}
    assert committed.acks == [], "they wait"
    worker.close()
    clock = ManualClock(NOW_US)
    again = Worker(url, FEW, clock)
    again.open()
    assert "t2/native" in (again.stopped() or ""), "a restart is no answer"
    assert again.retry_dead_letters() == 0
    with connect(url) as connection:
        assert stopped_sources.count(connection) == 1
        assert list(stopped_sources.resume(connection, NOW_US)) == [("t2", "native", 0)]
        connection.commit()
    assert again.process([car(good(9), "b9", "t2")]).outcomes == {"stored": 1}
    assert again.stopped() is None
    assert again.retry_dead_letters() == 5
    again.close()
    entries = closes(url)
    assert entries[("t2", "native")].stored == 6
    assert verify(url).clean


def test_a_source_is_tried_again_by_itself(url: str) -> None:
    clock = ManualClock(NOW_US)
    worker = Worker(url, FEW, clock)
    for _ in range(4):
        worker.process(broken(clock))
    clock.advance(31)
    worker.process(broken(clock, 12))
    assert worker.stopped() is not None, "nothing is mended"
    clock.advance(31)
    worker.process([car(good(i), f"b{i}", "t2", clock.now_us()) for i in range(12)])
    assert worker.stopped() is not None, "the next try is later"
    clock.advance(31)
    batch = [car(good(100 + i), f"b{i}", "t2", clock.now_us()) for i in range(12)]
    assert worker.process(batch).outcomes == {"stored": 12}
    assert worker.stopped() is None
    assert worker.retry_dead_letters() == 12
    worker.reconcile(everything=True)
    worker.close()
    assert closes(url)[("t2", "native")].stored == 24
    assert verify(url).clean


def test_few_devices_or_some_good_messages_stop_no_source(url: str) -> None:
    worker = Worker(url, FEW, ManualClock(NOW_US))
    for i in range(30):
        worker.process(
            [car(b"{", f"b{j}", "t2") for j in range(9)] * 4 + [car(good(i), "b20", "t2")]
        )
    assert worker.stopped() is None
    with connect(url) as connection:
        assert {row["device"] for row in quarantine.listed(connection)} == {
            f"b{j}" for j in range(9)
        }
    worker.close()


# ── bodies that are nothing, or nearly right ────────────────────────────────────────────────────


def test_an_empty_body_is_ignored_and_counted(url: str) -> None:
    worker = Worker(url, Settings(), ManualClock(NOW_US))
    empty = [car(b""), sent("owntracks/jane/phone", b""), sent("owntracks/nobody/x", b"")]
    assert worker.process(empty).outcomes == {"ignored": 3}
    worker.close()
    entries = closes(url)
    assert sum(entry.ignored for entry in entries.values()) == 3
    with connect(url) as connection:
        assert dead_letter.find(connection, state=None) == []


def test_a_body_with_nul_at_its_end_is_read_with_a_warning(url: str) -> None:
    worker = Worker(url, Settings(), ManualClock(NOW_US))
    batch = [
        car(good(1) + b"\0"),
        car(good(2) + b"\0\0\0"),
        car(b'{"v":1\0'),
        car(good(3) + b"\0x"),
    ]
    assert worker.process(batch).outcomes == {"stored": 2, "dead_lettered": 2}
    worker.close()
    with connect(url) as connection:
        assert ledger.warnings(connection) == {("t1", "native", "nul_at_end"): 2}
        assert {row.reason for row in dead_letter.find(connection)} == {"not_json"}
    closes(url)
