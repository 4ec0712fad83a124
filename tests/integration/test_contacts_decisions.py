"""Deciding on signals: cases, alerts, corrections, scores, and playbooks that break."""

import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from customer_context.playbooks import freshness
from runtime.errors import NotAllowed, NotFound, Stale
from runtime.metrics import Metrics
from services import alert_flow, case_flow
from services.playbooks import Rules, in_use
from store.casework import alerts, cases, receivers
from store.postgres.times import from_us
from store.signals import outbox, signal_queue
from store.signals import playbooks as stored
from tests.fix_contacts import AT, HOUR_S, TENANT, Stage
from tests.fix_receiver import Mailbox, Receiver
from tests.fix_registry import NOW_US
from tests.secret_keys import BOX

SHIPPED = Path(__file__).parents[2] / "customer_context" / "playbooks" / "shipped"
NewStage = Callable[..., Stage]


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A copy of the shipped playbooks that a test may break."""
    for file in SHIPPED.glob("*.yaml"):
        (tmp_path / file.name).write_text(file.read_text())
    return tmp_path


def test_the_decision_says_why_also_when_nothing_is_sent(stage: Stage) -> None:
    crash = stage.crash()
    nobody = stage.crash(at="2026-11-18T00:00:00+00:00", subject=None)
    stage.decide()
    play = "crash-call-back"
    assert stage.reasons(crash) == [
        (play, "case", "case", "planned"),
        (play, "insurer", "nothing", "no_receiver"),
        (play, "driver-inbox", "contact", "planned"),
        (play, "driver-email", "nothing", "channel_not_set_up"),
    ]
    assert stage.reasons(nobody) == [(play, "", "nothing", "no_customer")]
    assert signal_queue.waiting(stage.connection) == 0


def test_nothing_without_consent(stage: Stage) -> None:
    stage.clock.advance(1)
    stage.consent("c0", "claims_assistance", "withdrawn")
    crash = stage.crash()
    stage.decide()
    assert stage.reasons(crash) == [
        ("crash-call-back", "", "nothing", "no_consent:claims_assistance")
    ]
    assert stage.contacts() == [] and stage.cases() == []


def test_the_customer_is_who_held_the_car_then(stage: Stage) -> None:
    stage.connection.execute(
        "update customers.contract set valid_to = '2026-11-18T12:00:00Z' where contract = 'k0'"
    )
    stage.connection.execute(
        "insert into customers.contract values ('t1', 'later', 'c1', 'motor', 'v0', null, "
        "'2026-11-18T12:00:00Z', null)"
    )
    stage.consent("c1", "claims_assistance", "granted")
    stage.crash(at="2026-11-18T11:00:00+00:00")
    stage.crash(at="2026-11-18T13:00:00+00:00")
    stage.decide()
    assert [c["customer"] for c in stage.contacts(channel="inbox")].count("c0") == 1
    assert {c["customer"] for c in stage.cases()} == {"c0", "c1"}


def test_a_correction_is_never_a_second_contact(
    stage: Stage, new_receiver: Callable[[], Receiver]
) -> None:
    receiver = new_receiver()
    stage.receiver(receiver, "claims")
    crash = stage.crash(severity=2)
    stage.decide()
    before = stage.contacts()
    (case,) = stage.cases()
    stage.clock.advance(1)
    assert stage.crash(severity=3) == crash
    stage.decide()
    assert {c["contact_id"] for c in stage.contacts()} == {c["contact_id"] for c in before}
    stage.deliver()
    (hit,) = receiver.hits
    assert (hit.body["data"]["severity"], hit.body["data"]["revision"]) == (3, 1)
    assert hit.body["data"]["call_back_until"] == case["deadline"].isoformat()
    stage.crash(severity=1)
    stage.decide()
    stage.deliver()
    assert len(receiver.hits) == 1
    last = stage.reasons(crash)[-4:]
    assert [(treatment, reason) for _, treatment, _, reason in last] == [
        ("case", "already_decided"),
        ("insurer", "already_decided"),
        ("driver-inbox", "already_decided"),
        ("driver-email", "channel_not_set_up"),
    ]
    (case,) = stage.cases()
    diary = [(e["kind"], e["text"]) for e in cases.entries(stage.connection, case["case_id"])]
    assert diary == [("signal", "opened"), ("signal", "corrected"), ("signal", "corrected")]


def test_a_retraction_cancels_what_is_pending(
    stage: Stage, new_receiver: Callable[[], Receiver]
) -> None:
    receiver = new_receiver()
    stage.receiver(receiver, "claims")
    stage.crash()
    stage.decide()
    stage.crash(retracted=True)
    stage.decide()
    stage.deliver()
    assert receiver.hits == []
    assert stage.states(channel="webhook") == [("insurer", "cancelled", "retracted")]
    (case,) = stage.cases()
    assert cases.entries(stage.connection, case["case_id"])[-1]["text"] == "retracted"
    stage.crash()  # it was a crash after all
    stage.decide()
    stage.deliver()
    assert len(receiver.hits) == 1 and len(stage.cases()) == 1


def test_signal_and_retraction_decided_at_once_send_nothing(stage: Stage) -> None:
    crash = stage.crash()
    stage.crash(retracted=True)
    stage.decide()
    assert stage.contacts() == [] and stage.cases() == []
    assert [reason for *_, reason in stage.reasons(crash)] == ["superseded", "retracted"]


def test_an_alert_follows_its_signals_whatever_playbooks_say(
    new_stage: NewStage, tmp_path: Path
) -> None:
    stage = new_stage(tmp_path)  # without any playbook
    raised = stage.anomaly()
    stage.decide()
    (alert,) = stage.alerts()
    assert (alert["alert_id"], alert["state"], alert["cleared"]) == (raised, "open", False)
    assert (alert["customer"], alert["subject"], alert["observed"]) == ("c3", "meter:m0", 4000.0)
    ended = "2026-11-18T12:00:00+00:00"
    stage.anomaly("cleared", ended_at=ended, observed=5000.0)
    stage.decide()
    (alert,) = stage.alerts()
    assert alert["cleared"] and alert["observed"] == 5000.0
    assert alert["ended_at"].isoformat() == ended
    stage.anomaly(retracted=True)
    stage.decide()
    (alert,) = stage.alerts()
    assert alert["retracted"]
    found = alerts.changes(stage.connection, TENANT, 0)
    assert [change["what"] for change in found] == ["raised", "cleared", "retracted"]
    assert found[-1]["sequence"] == alerts.last_change(stage.connection, TENANT)
    assert found[-1]["alert"] == alert and stage.contacts() == []


def test_a_grave_anomaly_becomes_a_case_of_its_alert(stage: Stage) -> None:
    stage.anomaly(severity=2, started_at="2026-11-18T01:00:00+00:00")
    stage.anomaly(severity=3)
    stage.decide()
    (case,) = stage.cases()
    by_severity = {alert["severity"]: alert for alert in stage.alerts()}
    assert by_severity[3]["case_id"] == case["case_id"] and by_severity[2]["case_id"] is None
    assert (case["side"], case["urgent"]) == ("utility", False)
    assert case["title"]["de"] == "Zähler N0 prüfen: Verbrauchsspitze"


def test_people_work_on_an_alert(stage: Stage) -> None:
    id_ = stage.anomaly()
    stage.decide()
    connection, now_us = stage.connection, stage.clock.now_us()
    alert = alert_flow.act(
        connection, TENANT, id_, "acknowledge", "ada", now_us, expected_version=1
    )
    assert (alert["state"], alert["acknowledged_by"], alert["version"]) == (
        "acknowledged",
        "ada",
        2,
    )
    with pytest.raises(Stale) as stale:
        alert_flow.act(connection, TENANT, id_, "resolve", "bob", now_us, expected_version=1)
    assert stale.value.version == 2
    alert_flow.act(connection, TENANT, id_, "resolve", "bob", now_us, resolution="visited")
    with pytest.raises(NotAllowed):
        alert_flow.act(connection, TENANT, id_, "acknowledge", "ada", now_us)
    alert = alert_flow.act(
        connection, TENANT, id_, "classify", "ada", now_us, feedback="confirmed", reason="leak"
    )
    assert (alert["state"], alert["feedback"], alert["feedback_reason"]) == (
        "resolved", "confirmed", "leak",
    )  # fmt: skip
    with pytest.raises(NotFound):
        alert_flow.act(connection, "other", id_, "acknowledge", "ada", now_us)


def test_people_work_on_a_case(stage: Stage) -> None:
    stage.crash()
    stage.decide()
    connection, now_us = stage.connection, stage.clock.now_us()
    (case,) = stage.cases()
    id_ = case["case_id"]
    case_flow.note(connection, TENANT, id_, "ada", "called twice", now_us)
    case = case_flow.change(connection, TENANT, id_, "ada", now_us, state="in_progress")
    assert (case["state"], case["owner"]) == ("in_progress", "ada")
    with pytest.raises(Stale):
        case_flow.change(
            connection, TENANT, id_, "bob", now_us, state="resolved", expected_version=1
        )
    case = case_flow.change(
        connection, TENANT, id_, "ada", now_us, state="resolved", resolution="is well"
    )
    assert case["resolved_at"] is not None and case["resolution"] == "is well"
    case = case_flow.change(connection, TENANT, id_, "bob", now_us, state="in_progress")
    assert (case["resolved_at"], case["resolution"], case["owner"]) == (None, None, "ada")
    with pytest.raises(NotFound):
        case_flow.change(connection, "other", id_, "ada", now_us, state="resolved")
    diary = [(e["author"], e["kind"], e["text"]) for e in case_flow.diary(connection, case)]
    assert diary == [
        ("tachowatt", "signal", "opened"),
        ("ada", "note", "called twice"),
        ("ada", "state", "in_progress"),
        ("ada", "owner", "ada"),
        ("ada", "state", "resolved"),
        ("bob", "state", "in_progress"),
    ]


def test_a_playbook_that_fails_stops_nothing(new_stage: NewStage, directory: Path) -> None:
    # Passes the trial, which knows no such peak, and fails on what the store holds.
    (directory / "odd.yaml").write_text(
        "id: odd\nversion: 1\ntitle: {de: x, en: x}\npurpose: claims_assistance\n"
        "trigger: {signal: vehicle.crash, when: "
        "data.peak_mps2 == null || 10 / int(data.peak_mps2 - 77.0) < 100}\n"
        "contacts: [{id: a, to: customer, channel: inbox, subject: {de: x, en: x}, "
        "body: {de: x, en: x}}]\n"
    )
    stage = new_stage(directory)
    crash = stage.crash(peak_mps2=77.0)
    stage.decide()
    found = stage.reasons(crash)
    assert ("odd", "", "nothing", "playbook_error") in found
    assert ("crash-call-back", "driver-inbox", "contact", "planned") in found
    assert signal_queue.waiting(stage.connection) == 0


def test_a_signal_that_nobody_understands_leaves_the_queue(stage: Stage) -> None:
    odd = outbox.SignalRow(
        "f" * 32, TENANT, stage.device_ids["meter0"], alerts.RAISED, "meter:m0", 0, {"x": 1}
    )
    outbox.put(stage.connection, [odd], stage.clock.now_us())
    stage.connection.commit()
    stage.crash()
    assert stage.decide() == 2
    assert stage.reasons("f" * 32) == [("-", "", "nothing", "decision_error")]
    assert len(stage.cases()) == 1 and signal_queue.waiting(stage.connection) == 0


def test_a_broken_file_keeps_its_last_good_text_also_after_a_restart(
    new_stage: NewStage, directory: Path
) -> None:
    stage = new_stage(directory)
    file = directory / "crash-call-back.yaml"
    good = file.read_text()
    stage.decide()
    file.write_text(good.replace("version: 3", "version: two"))
    crash = stage.crash()
    stage.decide()
    assert "version" in stage.rules.errors["crash-call-back.yaml"]
    assert stage.metrics.playbooks_broken._value.get() == 1
    assert len(stage.cases()) == 1, "the last good one goes on"
    stage.rules = Rules(directory, Metrics())  # a new process
    stage.crash(at="2026-11-18T01:00:00+00:00")
    stage.decide()
    assert len(stage.cases()) == 2
    row = next(r for r in stored.list_(stage.connection) if r["playbook"] == "crash-call-back")
    assert "version" in row["error"] and row["text"] == good
    file.write_text(good.replace("version: 3", "version: 4").replace("kind: crash", "kind: c"))
    os.utime(file, ns=(1, 1))
    stage.crash(at="2026-11-18T02:00:00+00:00")
    stage.decide()
    assert stage.cases()[0]["kind"] in {"c-call-back", "crash-call-back"}
    assert {case["kind"] for case in stage.cases()} == {"c-call-back", "crash-call-back"}
    assert stage.rules.errors == {}
    file.unlink()
    removed = stage.crash(at="2026-11-18T03:00:00+00:00")
    stage.decide()
    assert stage.reasons(removed) == [] and len(stage.reasons(crash)) == 4


def test_a_folder_that_is_gone_keeps_what_was_good(new_stage: NewStage, directory: Path) -> None:
    stage = new_stage(directory)
    stage.decide()
    directory.rename(directory.with_name("elsewhere"))
    stage.crash()
    stage.decide()
    assert len(stage.cases()) == 1 and "." in stage.rules.errors


def test_a_new_broken_file_is_stored_with_its_error_until_it_is_right(
    new_stage: NewStage, directory: Path
) -> None:
    stage = new_stage(directory)
    file, good = directory / "new.yaml", (directory / "crash-call-back.yaml").read_text()
    file.write_text(
        good.replace("id: crash-call-back", "id: new").replace("version: 3", "version: x")
    )
    stage.decide()
    (error,) = stored.unused_files(stage.connection).items()
    assert error[0] == "new.yaml" and "version" in error[1]
    assert "new" not in in_use(stage.connection) and "crash-call-back" in in_use(stage.connection)
    file.write_text(good.replace("id: crash-call-back", "id: new"))
    os.utime(file, ns=(1, 1))
    stage.decide()
    assert stored.unused_files(stage.connection) == {} and "new" in in_use(stage.connection)


def test_old_news_makes_an_alert_of_the_past_and_no_contact(new_stage: NewStage) -> None:
    stage = new_stage()
    stage.clock.advance(5 * 24 * HOUR_S)  # the readings of five days ago come now
    old = stage.anomaly(severity=3)
    stage.decide()
    (alert,) = stage.alerts()
    assert freshness.is_past(alert["known_at"], alert["detected_at"])
    assert stage.contacts() == [] and stage.cases() == []
    assert stage.reasons(old) == [("meter-anomaly", "", "nothing", "too_old")]
    stage.anomaly(severity=3, observed=5000.0)  # a correction of old news is no news
    stage.decide()
    assert stage.contacts() == [] and stage.cases() == []


def test_a_late_crash_is_the_insurers_news_and_promises_nothing(new_stage: NewStage) -> None:
    stage = new_stage()
    receivers.add(
        stage.connection, BOX, "t1", "i", "insurer", "https://x.example/", stage.clock.now_us()
    )
    stage.connection.commit()
    stage.clock.advance(5 * HOUR_S)
    stage.crash()
    stage.decide()
    (case,) = stage.cases()
    assert case["deadline"] == from_us(NOW_US) + timedelta(minutes=15)
    (contact,) = stage.contacts()
    assert contact["channel"] == "webhook" and contact["payload"]["data"]["call_back_until"] is None


def test_what_is_over_is_not_said_to_last(new_stage: NewStage) -> None:
    stage = new_stage()
    stage.anomaly(kind="zero", unit="kWh")
    stage.anomaly("cleared", kind="zero", unit="kWh", ended_at=AT)
    stage.decide()
    assert [
        contact["channel"] for contact in stage.contacts() if contact["channel"] == "inbox"
    ] == []
    stage.anomaly(kind="spike")
    stage.decide()
    assert [contact["channel"] for contact in stage.contacts()] == ["inbox"]


def test_a_customer_gets_no_more_messages_than_the_cap(new_stage: NewStage) -> None:
    stage = new_stage(messages_per_day=2)
    hours = [f"2026-11-18T0{i}:00:00+00:00" for i in range(4)]
    signals = [stage.anomaly(started_at=hour) for hour in hours]
    stage.decide()
    assert len(stage.contacts(channel="inbox")) == 2
    reasons = [
        r[3] for signal in signals for r in stage.reasons(signal) if r[1] == "customer-inbox"
    ]
    assert sorted(reasons) == ["cap_reached", "cap_reached", "planned", "planned"]
    stage.crash()
    stage.decide()
    assert len(stage.contacts(customer="c0")) == 1, "another customer, and urgent"
    stage.clock.advance(25 * HOUR_S)
    stage.anomaly(started_at="2026-11-18T08:00:00+00:00")
    stage.decide()
    assert len(stage.contacts(channel="inbox", customer="c3")) == 3


def trip(stage: Stage, number: int, harsh: int, hours_ago: int) -> str:
    """A stored trip of car0 of 40 km with so many harsh events of each kind, and its signal."""
    import numpy as np

    from runtime.clock import US_PER_S
    from store.pipeline import features
    from store.pipeline.feature_tables import TRIP
    from store.postgres.times import from_us

    row = np.zeros(1, TRIP.dtype)
    start_us = stage.clock.now_us() - hours_ago * 3_600 * US_PER_S
    row["device_id"] = stage.device_ids["car0"]
    row["start_us"], row["end_us"] = start_us, start_us + 3_000 * US_PER_S
    row["decided_us"] = row["end_us"]
    row["distance_m"] = 40_000.0
    for name in ("driving_s", "measured_s", "longitudinal_s", "lateral_s"):
        row[name] = 3_000.0
    for kind in ("harsh_braking", "harsh_acceleration", "harsh_cornering"):
        row[kind][0, 2] = harsh
    features.append(stage.connection, TRIP, row)
    data = {
        "started_at": from_us(start_us).isoformat(), "ended_at": from_us(start_us).isoformat(),
        "distance_m": 40_000.0, "driving_s": 3_000.0, "idle_s": 0.0, "night_s": 0.0,
        "speeding_s": 0.0, "max_speed_kmh": 100.0,
    }  # fmt: skip
    return stage.signal("trip.completed", data, "car0", "vehicle:v0")


def test_a_score_is_sent_when_it_moved_by_more_than_a_band(
    new_stage: NewStage, mailbox: Mailbox
) -> None:
    stage = new_stage(smtp_url=mailbox.url)
    trip(stage, 1, 0, 20)
    stage.decide()
    (first,) = outbox.read(stage.connection, type_="score.changed")
    assert first["data"]["previous_score"] is None and stage.contacts() == []
    assert [reason for *_, reason in stage.reasons(first["id"])] == ["condition_false"]
    trip(stage, 2, 0, 10)
    stage.decide()
    assert len(outbox.read(stage.connection, type_="score.changed")) == 1, "nothing to tell"
    trip(stage, 3, 120, 5)
    stage.decide()
    stage.deliver()
    second = outbox.read(stage.connection, type_="score.changed")[-1]
    assert second["data"]["score"] < second["data"]["previous_score"] - 15
    assert second["subject"] == "customer:c0"
    assert stage.states() == [
        ("driver-email", "delivered", ""), ("driver-inbox", "delivered", ""),
    ]  # fmt: skip
    assert "gesunken" in mailbox.mails[0]["Subject"]


def test_nobody_is_scored_without_consent(stage: Stage) -> None:
    stage.clock.advance(1)
    stage.consent("c0", "driving_score", "withdrawn")
    trip(stage, 1, 0, 20)
    stage.decide()
    assert outbox.read(stage.connection, type_="score.changed") == []
