"""Ingest on a real PostgreSQL: what is stored, what is refused, what the ledger has."""

import json
from collections.abc import Callable

import cbor2
import pytest
import yaml

from app.commands.shared.unusual_devices import unknown_devices
from app.operations.registry_import import validate, write
from app.operations.verify import verify
from contracts.meter_number import meter_key
from contracts.raw import RawMessage
from ingest.batch import steps
from ingest.decoding import pack as pack_module
from ingest.partition.worker import Worker
from runtime.clock import ManualClock
from runtime.errors import Fenced, Retry, Usage
from runtime.settings import Settings
from store.people import consent
from store.people import registry as stored_registry
from store.pipeline import dead_letter, features, ledger, offsets, telemetry
from store.pipeline.feature_tables import TRIP
from store.postgres.pool import connect
from store.postgres.times import from_us
from store.signals import outbox
from tests.fix_registry import NOW_US, registry
from tests.reopen import reopen

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
    "clock_behind": raw(
        "tw/v1/t1/car0/telemetry", {"v": 1, "t0": "2007-04-03T09:59:58Z", "speed_kmh": [1]}
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
            sent = BAD[row.reason].body
            if row.reason in ("unknown_device", "unknown_topic"):
                assert (row.body, row.size) == (b"", len(sent)), "nobody has agreed to its content"
            else:
                assert row.body == sent, "the bytes are untouched"
        assert all(entry.closes for entry in ledger.read(connection).values())
        assert [d["topic"] for d in dead_letter.unusable_devices(connection, ["tasmota"])] == [
            "tw/v1/t1/nobody/telemetry"
        ]


def test_withdrawal_takes_effect_on_the_next_message(worker: Worker, registered: str) -> None:
    assert worker.process([car(1)]).outcomes == {"stored": 1}
    decision = {
        "tenant": "t1",
        "customer": "c0",
        "purpose": "driving_score",
        "legal_basis": "consent",
        "notice_version": "2026-01",
        "source": "test",
    }

    def decide(state: str, minute: int) -> None:
        at = from_us(NOW_US + minute * 60_000_000)
        with connect(registered) as connection:
            consent.decide(connection, [{**decision, "state": state, "at": at, "recorded_at": at}])
            stored_registry.bump(connection)
            connection.commit()

    decide("withdrawn", 1)
    spoilt = raw("tw/v1/t1/car0/telemetry", b'{"v":1,"seq":3,"speed":1}')
    committed = worker.process([car(2, (1000,)), spoilt])
    assert committed.outcomes == {"refused": 2}
    assert [(ack.device, ack.seq) for ack in committed.acks] == [("car0", 3)], "dealt with"
    decide("granted", -500_000)  # an older decision that is recorded only now
    assert worker.process([car(9, (9000,))]).outcomes == {"refused": 1}
    decide("granted", 2)
    assert worker.process([car(4, (2000,))]).outcomes == {"stored": 1}
    with connect(registered) as connection:
        assert telemetry.count(connection, telemetry.VEHICLE) == 2
        assert dead_letter.find(connection) == [], "nothing of it is kept anywhere"
        entry = ledger.read(connection)[("t1", "native")]
    assert entry.closes and (entry.refused, entry.samples_refused) == (3, 2)


def test_consent_cannot_be_rewritten(registered: str) -> None:
    for statement in (
        "update customers.consent set state = 'granted'",
        "delete from customers.consent",
    ):
        with connect(registered) as connection, pytest.raises(Exception, match="append-only"):
            connection.execute(statement.encode())


def test_a_car_changes_hands(database: str) -> None:
    """What the second owner does not allow is refused; the first one's late data are stored."""
    sections = registry()
    sections["contracts"][0]["valid_to"] = "2026-11-17T10:00:10Z"
    sections["contracts"].append(
        {
            "tenant": "t1",
            "id": "k9",
            "customer": "c9",
            "kind": "motor",
            "vehicle": "v0",
            "valid_from": "2026-11-17T10:00:10Z",
        }
    )
    sections["customers"].append({"tenant": "t1", "id": "c9", "name": "Who agreed to nothing"})
    write(database, validate(sections, "test"), NOW_US)
    worker = Worker(database, Settings(), ManualClock(NOW_US))
    assert worker.process([car(1, (20_000,), (10,))]).outcomes == {"refused": 1}
    assert worker.process([car(2, (5_000, 15_000), (10, 20))]).outcomes == {"stored": 1}
    worker.close()
    with connect(database) as connection:
        assert telemetry.read(connection, telemetry.VEHICLE, [1]).values[:, 0].tolist() == [10]
        entry = ledger.read(connection)[("t1", "native")]
    assert entry.closes
    assert (entry.samples_received, entry.samples_stored, entry.samples_refused) == (3, 1, 2)


def test_a_device_sends_again_what_it_sent_before_it_was_registered(
    worker: Worker, registered: str
) -> None:
    """Content of nobody is not kept, so it is not acknowledged, and cannot be retried."""
    body = {"v": 1, "seq": 1, "t0": T0, "speed_kmh": [30], "lat_deg": [52.123], "lon_deg": [10.987]}
    early = raw("tw/v1/t1/newcar/telemetry", body)
    committed = worker.process([early, raw("tw/v1/t1/car0/telemetry", b"[")])
    assert committed.acks == []
    with connect(registered) as connection:
        of_nobody = dead_letter.find(connection, reason="unknown_device")[0]
        assert (of_nobody.body, of_nobody.size) == (b"", len(early.body))
        assert of_nobody.shape is not None and "lat_deg" in of_nobody.shape
        assert "52" not in of_nobody.shape and "10.9" not in of_nobody.shape
    sections = {
        "devices": [{"tenant": "t1", "id": "newcar", "kind": "vehicle"}],
        "assignments": [
            {"tenant": "t1", "device": "newcar", "vehicle": "v0", "valid_from": "2026-01-01T00:00Z"}
        ],
    }
    write(registered, validate(sections, "test"), NOW_US)
    with connect(registered) as connection:
        assert dead_letter.request_retry(connection, None, None) == 1, "what has content"
        connection.commit()
    assert worker.retry_dead_letters() == 1
    assert worker.retry_dead_letters() == 0
    again = worker.process([early])
    assert again.outcomes == {"stored": 1}
    assert [(ack.device, ack.seq) for ack in again.acks] == [("newcar", 1)]
    with connect(registered) as connection:
        still = dead_letter.find(connection, state=None)
        assert [(row.state, row.reason, row.outcome) for row in still] == [
            ("open", "unknown_device", None),
            ("open", "not_json", None),
        ]
        entries = ledger.read(connection)
        assert all(entry.closes for entry in entries.values())
        total = sum(entry.received for entry in entries.values())
        assert total == 3 == offsets.total(connection)
        assert telemetry.count(connection, telemetry.VEHICLE) == 1


TWO_METERS = {
    "Time": "2026-11-17T11:00:00",
    "Haus": {"Total_in": 1000.5},
    "Heizung": {"Total_in": 5000.25, "Power_curr": 7},
}


def test_a_mapping_of_the_registry_lets_dead_letters_be_read(
    worker: Worker,
    registered: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An ambiguous message is kept; the command proposes rows; with one of them it is stored."""
    monkeypatch.setenv("TACHOWATT_DATABASE_URL", registered)
    worker.process([raw("tele/cellar/SENSOR", TWO_METERS)])
    with connect(registered) as connection:
        assert [row.reason for row in dead_letter.find(connection)] == ["ambiguous"]
    unknown_devices(json=True)
    (device,) = json.loads(capsys.readouterr().out)["devices"]
    assert [row["mapping"]["object"] for row in device["proposals"]] == ["Haus", "Heizung"]
    unknown_devices()
    printed = capsys.readouterr().out
    proposed = yaml.safe_load(printed[printed.index("devices:") :])
    assert proposed["devices"] == device["proposals"]
    chosen = {**proposed["devices"][1], "tenant": "t1", "id": "tasmota"}
    write(registered, validate({"devices": [chosen]}, "test"), NOW_US)
    with connect(registered) as connection:
        assert dead_letter.request_retry(connection, None, None) == 1
        connection.commit()
    assert worker.retry_dead_letters() == 1
    with connect(registered) as connection:
        (row,) = dead_letter.find(connection, state=None)
        assert (row.state, row.outcome) == ("retried", "stored")
        samples = telemetry.read(connection, telemetry.METER, [6])
    named = dict(zip(telemetry.METER.names, samples.values[0].tolist(), strict=True))
    assert (named["register_kwh"], named["power_w"]) == (5000.25, 7)


def test_a_mapping_is_refused_where_it_can_mean_nothing() -> None:
    tasmota = {"tenant": "t1", "id": "x", "kind": "meter", "dialect": "tasmota", "address": "x"}
    with pytest.raises(Usage, match="'registers' is none of object, register_kwh"):
        validate({"devices": [tasmota | {"mapping": {"registers": "E"}}]}, "test")
    with pytest.raises(Usage, match="a device of dialect native has no mapping"):
        validate(
            {"devices": [{"tenant": "t1", "id": "x", "kind": "meter", "mapping": "object=E"}]},
            "test",
        )
    csv = {**tasmota, "mapping": "object=Haus; register_kwh=1_8_0 a"}
    assert validate({"devices": [csv]}, "test")["devices"][0]["mapping"] == {
        "object": "Haus",
        "register_kwh": "1_8_0 a",
    }


def test_another_owner_fences_this_one(registered: str) -> None:
    first = Worker(registered, Settings(), ManualClock(NOW_US))
    first.process([car(1)])
    second = Worker(registered, Settings(), ManualClock(NOW_US))
    with pytest.raises(Retry, match="owned by another"):
        second.open()
    # A zombie: its lock is gone with its connection's session, yet it still has its memory.
    with connect(registered) as connection:
        offsets.advance(connection, 0, 1, 5)
        connection.commit()
    with pytest.raises(Fenced):
        first.process([car(2, (1000,))])
    with connect(registered) as connection:
        assert telemetry.count(connection, telemetry.VEHICLE) == 1, "nothing of it was written"
    assert second.open() == 5
    second.close()


def test_a_lost_connection_is_a_retry_and_changes_nothing(worker: Worker, registered: str) -> None:
    worker.process([car(1)])
    with connect(registered) as connection:
        connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity "
            "where application_name = 'tachowatt-ingest' and datname = current_database()"
        )
        connection.commit()
    with pytest.raises(Retry):
        worker.process([car(2, (1000,))])
    assert worker.process([car(2, (1000,))]).outcomes == {"stored": 1}


def test_acknowledged_is_what_has_no_hole(worker: Worker) -> None:
    def acks(*messages: RawMessage) -> list[tuple[str, int]]:
        return [(ack.device, ack.seq) for ack in worker.process(messages).acks]

    assert acks(car(5)) == [("car0", 5)]
    assert acks(car(7, (2000,))) == [("car0", 5)]
    assert acks(raw("tw/v1/t1/car0/telemetry", b'{"v":1,"seq":6,"speed":1}')) == [("car0", 7)]
    assert acks(car(1, device="nobody")) == [], "its content is not kept"


def test_events_and_states_are_kept_once(worker: Worker, registered: str) -> None:
    event = {"v": 1, "at": T0, "kind": "door", "detail": {"open": True}}
    status = {"v": 1, "at": T0, "online": True, "battery_pct": 80}
    message = raw("tw/v1/t1/car0/event", event)
    outcomes = worker.process([message, message, raw("tw/v1/t1/meter0/status", status)]).outcomes
    assert outcomes == {"stored": 2, "duplicate": 1}


def test_a_silent_car_shows_its_open_trip_until_it_speaks(registered: str) -> None:
    clock = ManualClock(NOW_US)
    worker = Worker(registered, Settings(silence_s=30), clock)

    def drive(first_s: int, seconds: int) -> RawMessage:
        return car(None, [1000 * (first_s + i) for i in range(seconds)], [60.0] * seconds)

    def trips() -> list[tuple[float, bool]]:
        with connect(registered) as connection:
            rows = features.select(connection, TRIP)
        return [(round(r["distance_m"]), r["decided_us"] == features.PROVISIONAL_US) for r in rows]

    worker.process([drive(0, 120)])
    assert worker.close_silent() == 0
    assert trips() == []
    clock.advance(31)
    assert worker.close_silent() == 1
    assert worker.close_silent() == 0
    ((distance, provisional),) = trips()
    assert provisional and distance == pytest.approx(119 * 60 / 3.6, abs=20)
    worker.process([drive(120, 60)])
    assert trips() == [], "it goes on, so nothing is decided"
    worker.process([drive(1000, 1)])
    ((distance, provisional),) = trips()
    assert not provisional and distance == pytest.approx(179 * 60 / 3.6, abs=20)
    worker.close()


@pytest.mark.parametrize(
    "spoilt",
    [
        raw(
            "tw/v1/t1/meter0/reading",
            {"v": 1, "t0": T0, "register_kwh": [1], "meter_number": "a\0"},
        ),
        raw(
            "tw/v1/t1/meter0/reading", {"v": 1, "t0": T0, "register_kwh": [1], "quality": [10**400]}
        ),
        raw("tw/v1/t1/car0/event", {"v": 1, "at": T0, "kind": "x", "detail": {"a": "\0"}}),
        raw("tw/v1/t1/car0/event", {"v": 1, "at": T0, "kind": "x", "detail": {"a": 10**400}}),
        raw("tw/v1/t1/car0/event", b'{"v":1,"at":0,"kind":"x","detail":{"a":"\\ud800"}}'),
        raw("tw/v1/t1/\0/telemetry", {"v": 1, "seq": 1, "t0": T0, "speed_kmh": [1]}),
        raw("tw/v1/t1/\ud800/telemetry", {"v": 1, "seq": 1, "t0": T0, "speed_kmh": [1]}),
        raw("tw/v1/t1/car0/telemetry", {"v": 1, "t0": T0, "speed_kmh": [1]}, "a\0b"),
        raw("tele/cellar/SENSOR", b'{"Time":"9999-12-31T23:59:59","SML":{"Total_in":1}}'),
        raw("tele/cellar/SENSOR", b'{"Time":"0001-01-01T00:00:00","SML":{"Total_in":1}}'),
        raw(
            "tele/cellar/SENSOR",
            b'{"Time":"2026-11-01T00:00:00","SML":{"Total_in":1,"Meter_number":"\\u0000\\ud800"}}',
        ),
        raw("tw/v1/t1/car0/telemetry", {"v": 1, "t0": 0, "dt_ms": [10**30], "speed_kmh": [1]}),
        raw("tw/v1/t1/car0/telemetry", {"v": 1, "t0": 10**30, "speed_kmh": [1]}),
        raw("tw/v1/t1/car0/telemetry", b'{"v":1,"t0":0,"speed_kmh":[1' + b"0" * 400 + b"]}"),
    ],
)
def test_no_message_can_stop_the_others(
    worker: Worker, registered: str, spoilt: RawMessage
) -> None:
    good = [car(i, (i * 1000,)) for i in range(1, 6)]
    outcomes = worker.process([*good[:2], spoilt, *good[2:]]).outcomes
    assert sum(outcomes.values()) == 6
    assert outcomes["stored"] >= 5
    with connect(registered) as connection:
        assert all(entry.closes for entry in ledger.read(connection).values())
        assert telemetry.count(connection, telemetry.VEHICLE) >= 5


def test_a_step_that_fails_unforeseen_costs_one_message(
    worker: Worker, registered: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = pack_module.order

    def fragile(packed, layout):
        if (packed.samples.observed_us % 60_000_000 == 13_000_000).any():
            raise ZeroDivisionError("a bug of ours")
        return real(packed, layout)

    monkeypatch.setattr(steps, "order", fragile)
    outcomes = worker.process([car(i, (i * 1000,)) for i in range(10, 20)]).outcomes
    assert outcomes == {"stored": 9, "dead_lettered": 1}
    with connect(registered) as connection:
        (row,) = dead_letter.find(connection)
        assert row.reason == "processing_error" and "a bug of ours" in row.detail
        assert offsets.total(connection) == 10


def test_another_grid_or_zone_computes_the_past_anew(registered: str) -> None:
    """While ingest runs, and while it was down."""
    clock = ManualClock(NOW_US)
    worker = Worker(registered, Settings(checkpoint_samples=40), clock)
    readings = [
        raw(
            "tw/v1/t1/meter0/reading",
            {
                "v": 1,
                "t0": 1_794_000_000_000 + 86_400_000 * day,
                "dt_ms": [900_000 * i for i in range(96)],
                "register_kwh": [100 + 9.6 * day + 0.1 * i for i in range(96)],
            },
        )
        for day in range(4)
    ]
    worker.process(readings[:2])

    def change(**columns: object) -> None:
        sections = registry()
        sections["meters"][0] |= columns
        write(registered, validate(sections, "test"), NOW_US)

    change(interval_s=1800)
    worker.process(readings[2:3])
    assert worker.pending() == 1
    worker.reconcile(everything=True)
    assert verify(registered).clean
    worker.close()
    change(interval_s=1800, timezone="America/New_York")
    worker = Worker(registered, Settings(), clock)
    worker.process(readings[3:])
    worker.reconcile(everything=True)
    reopen(worker)
    change(interval_s=3600)  # of a meter that has said nothing since the start
    worker.process([raw("tw/v1/t1/car0/event", {"v": 1, "at": NOW_US // 1000, "kind": "door"})])
    assert worker.pending() == 1
    worker.reconcile(everything=True)
    worker.close()
    assert verify(registered).clean


def test_a_device_keeps_its_kind_and_consent_is_not_of_the_future(registered: str) -> None:
    sections = registry()
    sections["devices"][0]["kind"] = "meter"
    with pytest.raises(Usage, match="registered as another kind"):
        write(registered, validate(sections, "test"), NOW_US)
    sections = registry()
    sections["consents"][0]["at"] = "2031-01-01T00:00:00Z"
    with pytest.raises(Usage, match="in the future"):
        write(registered, validate(sections, "test"), NOW_US)


def test_a_retry_that_fails_unforeseen_stays_where_it_is(
    worker: Worker, registered: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker.process([car(1, speed=(900,)), car(2, speed=(901,))])

    def broken(*_: object) -> None:
        raise KeyError("a bug of ours")

    monkeypatch.setattr(steps, "pack", broken)
    with connect(registered) as connection:
        dead_letter.request_retry(connection, None, None)
        connection.commit()
    assert worker.retry_dead_letters() == 2
    assert worker.retry_dead_letters() == 0
    with connect(registered) as connection:
        rows = dead_letter.find(connection)
        assert [row.reason for row in rows] == ["processing_error"] * 2
        assert all(entry.closes for entry in ledger.read(connection).values())


def current(url: str, type_: str) -> list[dict]:
    with connect(url) as connection:
        return outbox.read(connection, type_=type_)


def test_signals_are_written_with_the_features_and_corrected(
    worker: Worker, registered: str
) -> None:
    """A late sample changes a trip: the same id with a higher revision."""

    def drive(first_s: int, seconds: int, speed: float = 60.0) -> RawMessage:
        return car(None, [1000 * (first_s + i) for i in range(seconds)], [speed] * seconds)

    worker.process([drive(0, 100), drive(200, 100), drive(2000, 1)])
    (trip,) = current(registered, "trip.completed")
    assert trip["revision"] == 0 and trip["subject"] == "vehicle:v0"
    worker.process([drive(0, 100)])
    worker.reconcile(everything=True)
    assert current(registered, "trip.completed") == [trip], "nothing new was said"
    worker.process([drive(100, 100, 90.0)])
    worker.reconcile(everything=True)
    (corrected,) = current(registered, "trip.completed")
    assert (corrected["id"], corrected["revision"]) == (trip["id"], 1)
    assert corrected["data"]["distance_m"] > trip["data"]["distance_m"]
    with connect(registered) as connection:
        assert len(outbox.read(connection, current=False, type_="trip.completed")) == 2


def test_a_signal_that_turns_out_wrong_is_taken_back(worker: Worker, registered: str) -> None:
    """A braking from 90 to 0 was a hole in the data: the late samples show a calm stop."""
    way_up = [3.0 * i for i in range(30)]  # without one, a level that collapses was none
    speeds = way_up + [90.0] * 90 + [0.0] * 400
    worker.process([car(None, [1000 * i for i in range(len(speeds))], speeds)])
    events = current(registered, "driving.event") + current(registered, "vehicle.crash")
    assert events and not any(event["data"]["retracted"] for event in events)
    calm = [(119_000 + 100 * i, max(0.0, 90.0 - i)) for i in range(1, 10)]
    worker.process([car(None, [at for at, _ in calm], [speed for _, speed in calm])])
    worker.process([car(None, [120_000], [85.0])])
    ramp = {120_000 + 1000 * i: 85.0 - 4.0 * i for i in range(1, 22)}
    worker.process([car(None, list(ramp), list(ramp.values()))])
    worker.reconcile(everything=True)
    after = {event["id"]: event for event in current(registered, "driving.event")}
    after |= {event["id"]: event for event in current(registered, "vehicle.crash")}
    for event in events:
        assert after[event["id"]]["revision"] >= 1
        assert after[event["id"]]["data"]["retracted"]


def test_a_meters_number_is_known_whichever_way_its_reading_came(
    worker: Worker, registered: str
) -> None:
    """JSON and CBOR of the plain shape, and what only the decoder reads."""
    body = {"v": 1, "t0": T0, "dt_ms": [0, 900_000], "register_kwh": [7.5, 7.75]}
    sent = [
        ("application/json", json.dumps({**body, "meter_number": "A1"}).encode()),
        ("application/cbor", cbor2.dumps({**body, "seq": 5, "meter_number": "A1"})),
        (None, json.dumps({**body, "dt_ms": [1, 900_001], "meter_number": "B\u00e4"}).encode()),
    ]
    messages = [raw("tw/v1/t1/meter0/reading", data, media) for media, data in sent]
    worker.open()
    classified = worker.classify(messages)
    assert classified is not None and classified.others == [2]
    assert worker.process(messages, classified).outcomes == {"stored": 2, "duplicate": 1}
    with connect(registered) as connection:
        known = connection.execute("select * from telemetry.meter_number").fetchall()
        samples = telemetry.read(connection, telemetry.METER, list(range(1, 10)))
    assert sorted(known) == sorted((meter_key(n), n) for n in ("A1", "Bä"))
    keys = samples.values[:, telemetry.METER.names.index("meter_key")].tolist()
    assert keys == [meter_key("A1"), meter_key("Bä")] * 2


def test_numbering_is_the_same_on_the_fast_lane(new_database: Callable[[], str]) -> None:
    """A device that has given messages up says so once; what is said counts on both ways."""

    def acked(fast: bool) -> list[int]:
        url = new_database()
        write(url, validate(registry(), "test"), NOW_US)
        worker = Worker(url, Settings(), ManualClock(NOW_US))
        found = []
        for seq, oldest in ((1, None), (2, 5), (5, None), (6, None)):
            body: dict[str, object] = {
                "v": 1, "t0": NOW_US // 1000 - 10**6 + seq, "seq": seq, "speed_kmh": [1.0]
            }  # fmt: skip
            if oldest is not None:
                body["oldest"] = oldest
            if not fast:
                body["device"] = "car0"
            found.append(worker.process([raw("tw/v1/t1/car0/telemetry", body)]).acks[0].seq)
        worker.close()
        return found

    assert acked(fast=True) == acked(fast=False) == [1, 4, 5, 6]
