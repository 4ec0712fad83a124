"""Outbound decisions: on a schedule and on signals, each customer once, as the contacts role."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
import yaml

from contracts.rights import LimitKind
from services import contact_flow, decisions, facts, outbound
from services.actions import read
from store.postgres.pool import Connection, connect
from store.postgres.roles import CONTACTS, set_tenant_scope
from tests.fix_contacts import HOUR_S, TENANT, Stage

NewStage = Callable[..., Stage]
DAY_S = 24 * HOUR_S


def know(stage: Stage, customer: str, **more: Any) -> None:
    """Facts with which the safe-driver discount wins."""
    now_us = stage.clock.now_us()
    known = {
        "tariff.motor": "flat", "driving.score": 92.0, "driving.observed_d": 80,
        "vehicle.parked_outside": True, **more,
    }  # fmt: skip
    set_tenant_scope(stage.connection, (TENANT,))
    given = [(name, value, now_us) for name, value in known.items()]
    facts.report(stage.connection, TENANT, customer, given, "test", now_us)
    stage.connection.commit()


def run(stage: Stage, connection: Connection | None = None) -> int:
    """Decide until nothing waits, as the contacts process does; returns how many rounds."""
    rounds = 0
    own = connection or connect(stage.url, role=CONTACTS)
    try:
        while outbound.decide_due(own, stage.settings, stage.clock.now_us()):
            own.commit()
            rounds += 1
        own.commit()
    finally:
        if connection is None:
            own.close()
    return rounds


@pytest.fixture
def daily(new_stage: NewStage) -> Stage:
    stage = new_stage(outbound_every_h=24)
    know(stage, "c0")
    return stage


def test_a_run_sends_the_winner_once_and_the_message_names_its_decision(daily: Stage) -> None:
    assert run(daily) > 0
    (contact,) = daily.contacts()
    assert (contact["customer"], contact["channel"]) == ("c0", "inbox")
    assert contact["action"] == "safe-driver-discount" and contact["state"] == "delivered"
    assert "92 von 100" in contact["body"] and "Das beruht auf" in contact["body"]
    found = decisions.explain(daily.connection, TENANT, contact["decision_id"])
    assert found["direction"] == "outbound" and found["recomputed"] is True
    assert [one["action"] for one in found["winners"]] == ["safe-driver-discount"]
    daily.connection.rollback()
    run(daily)
    daily.clock.advance(60)
    run(daily)
    assert len(daily.contacts()) == 1, "each customer once in a period"
    daily.clock.advance(DAY_S)
    know(daily, "c0")
    run(daily)
    assert len(daily.contacts()) == 1, "the same offer is silent for a month"
    runs = daily.connection.execute(
        "select sum(decided), sum(won), count(*) filter (where done_at is null) "
        "from contacts.outbound_run"
    ).fetchone()
    assert runs is not None and runs[1] == 1 and runs[2] == 0


def test_two_workers_send_to_each_customer_once(daily: Stage) -> None:
    know(daily, "c3")
    daily.consent("c3", "driving_score", "granted")
    begin = Barrier(2)

    def worker(_: int) -> None:
        with connect(daily.url, role=CONTACTS) as own:
            begin.wait()
            run(daily, own)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(worker, range(2)))
    sent = [(c["customer"], c["action"]) for c in daily.contacts()]
    assert len(sent) == len({customer for customer, _ in sent}) and ("c0", sent[0][1]) in sent


def test_other_weather_sends_another_message(daily: Stage) -> None:
    know(daily, "c0", **{"weather.hail_24h": True})
    run(daily)
    (contact,) = daily.contacts()
    assert contact["action"] == "hail-notice"


def test_a_signal_asks_for_a_decision_once(new_stage: NewStage) -> None:
    stage = new_stage(outbound_signals="vehicle.crash")
    know(stage, "c0")
    stage.crash()
    stage.decide()
    before = len(stage.contacts())
    run(stage)
    assert len(stage.contacts()) == before, "an open claim: nothing is offered"
    stage.connection.execute("update contacts.service_case set state = 'resolved'")
    stage.connection.commit()
    stage.clock.advance(60)
    stage.crash(at="2026-11-18T01:00:00+00:00")
    stage.connection.execute("update contacts.service_case set state = 'resolved'")
    stage.connection.commit()
    stage.decide()
    stage.connection.execute("update contacts.service_case set state = 'resolved'")
    stage.connection.commit()
    run(stage)
    made = [c for c in stage.contacts() if c["action"]]
    assert [c["action"] for c in made] == ["safe-driver-discount"]
    run(stage)
    assert len([c for c in stage.contacts() if c["action"]]) == 1


def test_who_objects_or_has_withdrawn_gets_nothing(daily: Stage) -> None:
    know(daily, "c3")
    daily.consent("c0", "driving_score", "withdrawn")
    daily.connection.execute(
        "insert into privacy.processing_limit (tenant, customer, kind, begun_at) "
        "values (%s, 'c3', %s, now())",
        (TENANT, str(LimitKind.AUTOMATED_DECISIONS)),
    )
    daily.connection.commit()
    run(daily)
    assert daily.contacts() == []


def test_a_bypassing_action_goes_beside_the_winner_and_past_the_caps(
    new_stage: NewStage, tmp_path: Path
) -> None:
    for name, text in read(None).items():
        (tmp_path / name).write_text(text)
    every = yaml.safe_load(read(None)["all.yaml"])
    every["contact"] = {"caps": [{"id": "none", "most": 0, "within_h": 1}]}
    every["messages"] = {}
    (tmp_path / "all.yaml").write_text(yaml.safe_dump(every))
    text = {"de": "Rückruf", "en": "Recall"}
    (tmp_path / "recall.yaml").write_text(
        yaml.safe_dump(
            {
                "id": "recall", "version": 1, "title": text, "bypass": "safety",
                "groups": [{"id": "recalls", "title": text, "actions": [{
                    "id": "recall-brakes", "title": text, "rests_on": text,
                    "eligible": [{"fact": "contract.motor", "is": True}],
                    "treatments": [
                        {"id": "r", "channel": "inbox", "subject": text, "text": text}
                    ],
                }]}],
            }
        )
    )  # fmt: skip
    stage = new_stage(actions_dir=tmp_path, outbound_every_h=24)
    know(stage, "c0")
    run(stage)
    sent = {c["action"]: (c["state"], c["purpose"], c["urgent"]) for c in stage.contacts()}
    assert sent == {"recall-brakes": ("delivered", None, True)}


def test_what_became_of_a_message_is_an_outcome(daily: Stage) -> None:
    run(daily)
    (contact,) = daily.contacts()
    set_tenant_scope(daily.connection, (TENANT,))
    assert contact_flow.mark_read(
        daily.connection, TENANT, "c0", contact["contact_id"], daily.clock.now_us()
    )
    found = daily.connection.execute(
        "select outcome, recorded_by from contacts.outcome order by outcome_id"
    ).fetchall()
    assert found == [("delivered", "tachowatt"), ("opened", "tachowatt")]


def test_files_that_are_wrong_stop_no_message_and_offer_nothing(
    new_stage: NewStage, tmp_path: Path
) -> None:
    (tmp_path / "all.yaml").write_text("id: all\nversion: none\n")
    stage = new_stage(actions_dir=tmp_path, outbound_every_h=24)
    know(stage, "c0")
    stage.crash()
    stage.decide()
    assert run(stage) == 0
    assert [c["playbook"] for c in stage.contacts(channel="inbox")] == ["crash-call-back"]


def test_nothing_is_decided_unless_it_is_switched_on(stage: Stage) -> None:
    know(stage, "c0")
    assert run(stage) == 0 and stage.contacts() == []
