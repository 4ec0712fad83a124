"""Ingest on a real PostgreSQL: what is stored, what is refused, what the books say."""

import json

import pytest

from contracts.raw import RawMessage
from ingest.worker import Worker
from runtime.clock import ManualClock
from runtime.settings import Settings
from store import dead_letter, ledger, telemetry
from store.pool import connect
from tests.fix_registry import NOW_US

T0 = "2026-11-17T10:00:00Z"


def raw(topic: str, body: bytes | dict, content_type: str | None = None) -> RawMessage:
    data = json.dumps(body).encode() if isinstance(body, dict) else body
    return RawMessage(topic, data, NOW_US, content_type)


def car(seq: int | None = None, dt_ms=(0,), speed=(50.0,), device: str = "car0", **more):
    body = {"v": 1, "t0": T0, "dt_ms": list(dt_ms), "speed_kmh": list(speed), **more}
    if seq is not None:
        body["seq"] = seq
    return raw(f"tw/v1/t1/{device}/telemetry", body)


@pytest.fixture
def worker(registered: str):
    made = Worker(registered, Settings(), ManualClock(NOW_US))
    yield made
    made.close()


def test_new_late_and_duplicate(worker: Worker, registered: str) -> None:
    assert worker.process([car(1, (0, 1000), (50, 51))]).outcomes == {"stored": 1}
    assert worker.process([car(1, (0, 1000), (50, 51))]).outcomes == {"duplicate": 1}
    assert worker.process([car(2, (500,), (50.5,)), car(3, (2000,), (52,))]).outcomes == {
        "stored": 2
    }
    assert worker.pending() == 1
    assert worker.reconcile(everything=True) == 1
    with connect(registered) as connection:
        samples = telemetry.read(connection, telemetry.VEHICLE, [1])
        assert samples.values[:, 0].tolist() == [50, 50.5, 51, 52]
        entry = ledger.read(connection)[("t1", "native")]
        assert entry.closes
        assert (entry.received, entry.stored, entry.duplicate) == (4, 3, 1)
        assert (entry.samples_stored, entry.samples_duplicate) == (4, 2)


def test_two_messages_about_one_instant_are_joined(worker: Worker, registered: str) -> None:
    worker.process([car(1, (0,), (50,)), car(2, (0,), (None,), heading_deg=[90.0])])
    worker.process([car(3, (0,), (None,), ignition=[1])])
    with connect(registered) as connection:
        samples = telemetry.read(connection, telemetry.VEHICLE, [1])
    named = dict(zip(telemetry.VEHICLE.names, samples.values[0].tolist(), strict=True))
    assert (named["speed_kmh"], named["heading_deg"], named["ignition"]) == (50, 90, 1)
    assert len(samples) == 1


BAD = {
    "unknown_topic": raw("tw/v2/x", b"{}"),
    "not_json": raw("tw/v1/t1/car0/telemetry", b'{"v":1,"t0"'),
    "truncated_cbor": raw("tw/v1/t1/car0/telemetry", b"\xa2av", "application/cbor"),
    "wrong_type": raw("tw/v1/t1/car0/telemetry", {"v": 1, "t0": T0, "speed_kmh": ["fast"]}),
    "unequal_length": car(dt_ms=(0, 1), speed=(1,)),
    "not_finite": raw(
        "tw/v1/t1/car0/telemetry", b'{"v":1,"t0":"2026-11-17T10:00:00Z","speed_kmh":[NaN]}'
    ),
    "out_of_range": car(speed=(900,)),
    "clock_ahead": raw(
        "tw/v1/t1/car0/telemetry", {"v": 1, "t0": "2027-01-01T00:00:00Z", "speed_kmh": [1]}
    ),
    "clock_before_2000": raw(
        "tw/v1/t1/car0/telemetry", {"v": 1, "t0": "1999-01-01T00:00:00Z", "speed_kmh": [1]}
    ),
    "unknown_device": car(device="nobody"),
    "device_mismatch": raw(
        "tw/v1/t1/car0/telemetry", {"v": 1, "t0": T0, "speed_kmh": [1], "device": "car1"}
    ),
    "too_large": raw("tw/v1/t1/car0/telemetry", b" " * (1 << 20)),
    "too_deep": raw("tw/v1/t1/car0/telemetry", b"[" * 5000),
    "not_utf8": raw("tw/v1/t1/car0/telemetry", b'{"v":1,"t0":"\xff"}'),
    "time_without_offset": raw(
        "tw/v1/t1/car0/telemetry", {"v": 1, "t0": "2026-11-17T10:00:00", "speed_kmh": [1]}
    ),
    "wrong_kind": raw("tw/v1/t1/meter0/telemetry", {"v": 1, "t0": T0, "speed_kmh": [1]}),
    "unsupported_version": raw("tw/v1/t1/car0/telemetry", {"v": 9, "t0": T0}),
    "unknown_field": car(speed_mph=[3]),
    "encrypted": raw("owntracks/jane/phone", {"_type": "encrypted", "data": "x"}),
}


def test_bad_input_has_its_reason_and_stops_nothing(worker: Worker, registered: str) -> None:
    good = car(7)
    messages = [good]
    for message in BAD.values():
        messages += [message, car(speed=(1.0,), dt_ms=(len(messages) * 1000,))]
    outcomes = worker.process(messages).outcomes
    assert outcomes == {"stored": len(BAD) + 1, "dead_lettered": len(BAD)}
    with connect(registered) as connection:
        rows = dead_letter.find(connection, limit=100)
        assert {row.reason for row in rows} == set(BAD)
        for row in rows:
            assert row.body == BAD[row.reason].body, "the bytes are untouched"
        assert all(entry.closes for entry in ledger.read(connection).values())
        assert [d["topic"] for d in dead_letter.unknown_devices(connection)] == [
            "tw/v1/t1/nobody/telemetry"
        ]
