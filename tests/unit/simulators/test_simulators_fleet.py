"""A whole fleet: reproducible, complete, consistent with its register and its truth."""

import json
from collections import Counter
from itertools import pairwise
from pathlib import Path

import cbor2
import numpy as np
import pyarrow.parquet as pq
import pytest

from contracts.telemetry import Reading, Telemetry
from ingest.decoding.catalogue import ROUTER
from simulators import parquet
from simulators.encode import CBOR, Message
from simulators.faults import DEMO, Faults
from simulators.fleet import Fleet
from simulators.load import Load

START_US = 1_763_719_200_000_000


def small(seed: int = 1, **changes: object) -> Fleet:
    settings: dict = {"start": START_US, "history_days": 3, "faults": DEMO} | changes
    return Fleet(20, 20, seed, **settings)


@pytest.fixture(scope="module")
def fleet() -> Fleet:
    return small()


@pytest.fixture(scope="module")
def whole() -> Fleet:
    return Fleet(start=START_US, faults=DEMO)


def crashing(seed: int) -> Fleet:
    return Fleet(
        10, 0, seed, start=START_US, live_s=900, drive_history_hours=2, crashes=9, live_crashes=4
    )


def decided_last(consents: list[dict]) -> dict[tuple[str, str], str]:
    """(customer, purpose) → the state decided last."""
    ordered = sorted(consents, key=lambda row: row["at"])
    return {(row["customer"], row["purpose"]): row["state"] for row in ordered}


def fields_of(message: Message) -> dict:
    body = message.payload()
    if message.content_type != CBOR:
        return json.loads(body)
    fields = cbor2.loads(body)
    for key, value in fields.items():
        if isinstance(value, cbor2.CBORTag):
            values = np.frombuffer(value.value, "<f8").tolist()
            fields[key] = [None if v != v else v for v in values]
    return fields


def test_the_same_seed_gives_the_same_world(fleet: Fleet) -> None:
    again = small()
    assert again.truth == fleet.truth and again.registry == fleet.registry
    assert again.history == fleet.history and again.live == fleet.live
    other = small(2)
    assert other.truth["trips"] != fleet.truth["trips"]


def test_good_messages_carry_every_row_once_and_count_up(fleet: Fleet) -> None:
    for out in fleet.recordings:
        good = [m for m in out.history + out.live if not m.fault]
        assert sum(m.samples for m in good) == len(out.series.t_us)
        if out.profile not in ("owntracks", "tasmota"):
            assert sorted(m.seq for m in good) == list(range(1, len(good) + 1))
        else:
            assert all(m.seq is None for m in good)


def test_history_ends_where_live_begins(fleet: Fleet) -> None:
    assert all(m.due_us < START_US for m in fleet.history)
    assert all(START_US <= m.due_us <= fleet.end_us for m in fleet.live)
    for messages in (fleet.history, fleet.live):
        due = [m.due_us for m in messages]
        assert due == sorted(due)


def test_native_bodies_keep_the_contract(fleet: Fleet) -> None:
    seen: Counter[str] = Counter()
    for message in fleet.history[::7] + fleet.live:
        way = ROUTER.route(message.topic)
        assert way is not None
        if message.fault or way.dialect != "native":
            continue
        fields = fields_of(message)
        model = Telemetry if way.kind == "telemetry" else Reading
        model.model_validate(fields)
        assert all(len(v) == message.samples for k, v in fields.items() if isinstance(v, list)), (
            fields.keys()
        )
        seen[way.kind] += 1
    assert seen["telemetry"] > 20 and seen["reading"] > 20


def test_no_device_sends_what_it_cannot_know_yet(fleet: Fleet) -> None:
    """No sample is newer than its sending, but for the drift of the device's clock."""
    for message in fleet.live:
        if message.seq is not None and message.content_type != CBOR:
            fields = fields_of(message)
            last = np.datetime64(fields["t0"][:-1]).astype("datetime64[us]").astype(int)
            last += fields["dt_ms"][-1] * 1_000
            assert last <= message.due_us + 1_600_000


def test_the_register_is_consistent(fleet: Fleet) -> None:
    rows = fleet.registry
    kinds = ("customers", "vehicles", "meters", "contracts", "devices")
    ids = {kind: {row["id"] for row in rows[kind]} for kind in kinds}
    for contract in rows["contracts"]:
        assert contract["customer"] in ids["customers"]
        subject = "vehicles" if contract["kind"] == "motor" else "meters"
        assert contract[subject[:-1]] in ids[subject]
    for assignment in rows["assignments"]:
        assert assignment["device"] in ids["devices"]
    assert {d["id"] for d in rows["devices"]} == {o.device for o in fleet.recordings}
    for device in rows["devices"]:
        assert ("address" in device) == (device["dialect"] != "native")


def test_who_does_not_consent_is_not_in_the_truth(whole: Fleet) -> None:
    fleet = whole
    truth, rows = fleet.truth, fleet.registry
    refused = set(truth["refused_devices"])
    assert refused
    for kind in ("trips", "events", "crashes", "anomalies"):
        assert not refused & {row["device"] for row in truth[kind]}
    last = decided_last(rows["consents"])
    granted: dict[str, set[str]] = {row["id"]: set() for row in rows["customers"]}
    for (who, purpose), state in last.items():
        if state == "granted":
            granted[who].add(purpose)
    assert {who: sorted(purposes) for who, purposes in granted.items()} == truth["consents"]
    customer = {c.get("vehicle", c.get("meter")): c["customer"] for c in rows["contracts"]}
    for assignment in rows["assignments"]:
        owner = customer[assignment.get("vehicle", assignment.get("meter"))]
        covered = granted[owner] - {"channel_email"}
        assert (not covered) == (assignment["device"] in refused)
    kinds = {d["kind"] for d in rows["devices"] if d["id"] in refused}
    assert kinds == {"vehicle", "meter"}
    withdrew = {who for (who, p), s in last.items() if s == "withdrawn" and p != "channel_email"}
    assert len(withdrew) == 2


def test_consents_are_varied(whole: Fleet) -> None:
    fleet = whole
    last = decided_last(fleet.registry["consents"])
    granted = {key for key, state in last.items() if state == "granted"}
    took_back = {who for (who, p), s in last.items() if s == "withdrawn" and p == "channel_email"}
    people = len(fleet.registry["customers"])
    assert 0.5 < sum(p == "channel_email" for _, p in granted) / people < 0.7
    assert 3 <= len(took_back) <= 0.1 * people
    drivers = {who for who, purpose in granted if purpose == "driving_score"}
    score_only = {who for who in drivers if (who, "claims_assistance") not in granted}
    assert 2 <= len(score_only) <= 0.2 * len(drivers)


def test_who_crashes_can_be_contacted(whole: Fleet) -> None:
    fleet = whole
    for seed_fleet in (fleet, *(crashing(seed) for seed in range(4))):
        truth = seed_fleet.truth
        assert truth["crashes"]
        for crash in truth["crashes"]:
            assert "claims_assistance" in truth["consents"][crash["customer"]]


def test_things_name_whose_they_are(whole: Fleet) -> None:
    fleet = whole
    rows, truth = fleet.registry, fleet.truth
    owner = {
        f"{kind}:{c[kind]}": c["customer"]
        for c in rows["contracts"]
        for kind in ("vehicle", "meter")
        if kind in c
    }
    for thing in truth["crashes"] + truth["anomalies"]:
        assert owner[thing["subject"]] == thing["customer"]
        assert thing["subject"].partition(":")[2] == truth["devices"][thing["device"]]["subject"]
    assert {row["email"] for row in rows["customers"]} == {
        f"{row['id']}@example.org" for row in rows["customers"]
    }


def test_messages_know_their_samples(fleet: Fleet) -> None:
    for out in fleet.recordings:
        spans = [(m.first_us, m.last_us) for m in out.history + out.live if not m.fault and m.seq]
        if spans:
            assert min(spans)[0] == out.series.t_us[0]
            assert max(spans)[1] == out.series.t_us[-1]
            assert all(first <= last for first, last in spans)
            assert all(before[1] < after[0] for before, after in pairwise(sorted(spans)))


def test_the_demo_world(whole: Fleet) -> None:
    fleet = whole
    truth = fleet.truth
    assert len(truth["crashes"]) == 5
    live = [c for c in truth["crashes"] if c["at_us"] > START_US]
    assert len(live) == 2
    assert all(fleet.end_us - c["at_us"] > 540_000_000 for c in live), "early enough to be decided"
    trips = [t for t in truth["trips"] if t["start_us"] > START_US]
    assert 24 <= len(trips) <= 34
    assert all(t["start_us"] >= START_US + 300_000_000 for t in trips)
    early = [t for t in trips if t["end_us"] <= fleet.end_us - 600_000_000]
    assert len(early) >= len(trips) - 2
    assert len(truth["anomalies"]) == 40
    assert sum(e["observable"] for e in truth["events"]) >= 80
    json.dumps(truth)
    by_device: dict[str, list[dict]] = {}
    for trip in truth["trips"]:
        by_device.setdefault(trip["device"], []).append(trip)
    for mine in by_device.values():
        for before, after in pairwise(mine):
            assert after["on_us"] - before["off_us"] >= 600_000_000
    for trip in truth["trips"]:
        assert trip["distance_m"] > 500.0 and trip["duration_s"] > 120.0


def test_short_worlds_work_too() -> None:
    fleet = Fleet(6, 6, 3, start=START_US, live_s=600, history_days=0.5, drive_history_hours=0)
    assert fleet.truth["trips"] and fleet.live
    empty = Fleet(0, 0, 3, start=START_US)
    assert not empty.live and not empty.truth["trips"]


def test_one_more_car_changes_no_other() -> None:
    def bodies(cars: int) -> list[bytes]:
        made = Fleet(cars, 0, 4, start=START_US, crashes=0, faults=Faults())
        return [m.tail for m in made.recordings[1].history]

    assert bodies(3) == bodies(4)


def test_files_hold_every_row_and_the_truth(fleet: Fleet, tmp_path: Path) -> None:
    written = parquet.write(fleet, tmp_path)
    rows = sum(pq.read_table(p).num_rows for p in written if p.suffix == ".parquet")
    assert rows == fleet.truth["messages"]["rows"]
    assert json.loads((tmp_path / "truth.json").read_text()) == fleet.truth
    assert json.loads((tmp_path / "registry.json").read_text()) == fleet.registry
    dongle = pq.read_table(tmp_path / "dongle.parquet")
    assert str(dongle.schema.field("observed_at").type) == "timestamp[us, tz=UTC]"
    assert dongle["lat_deg"].null_count > 0, "not measured is null"


def test_a_load_is_cheap_and_ordered() -> None:
    load = Load(1_000.0, 40, 2.0)
    messages = list(load.messages(START_US))
    assert len(messages) == 2_000
    assert messages[-1].due_us - START_US == pytest.approx(2_000_000, abs=2_000)
    for device in load.names[:3]:
        mine = [m for m in messages if m.device == device]
        assert [m.seq for m in mine] == list(range(1, len(mine) + 1))
        times = [fields_of(m)["t0"] for m in mine]
        assert len(set(times)) == len(times) and times == sorted(times)
    Telemetry.model_validate(fields_of(messages[7]))
    registry = load.registry(START_US)
    assert len(registry["devices"]) == 40
    assert sum(c["purpose"] == "driving_score" for c in registry["consents"]) == 40
