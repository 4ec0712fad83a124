"""A crash from the driver's first answer to the signed claim at the insurer."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image

from customer_context.cases.case_state import What
from runtime.clock import US_PER_S
from services import case_files, case_flow, case_steps, claim_file, matter, signing
from tests.fix_contacts import Stage
from tests.fix_receiver import Receiver
from tests.secret_keys import BOX

NewReceiver = Callable[[], Receiver]


@pytest.fixture
def crashed(stage: Stage) -> tuple[Stage, str]:
    """A crash that was decided on; the id of its case."""
    stage.crash(delta_v_kmh=-38.0)
    stage.decide()
    (case,) = stage.cases()
    return stage, case["case_id"]


def step(stage: Stage, case: str, item: str, data: dict[str, Any] | None = None) -> None:
    """Do a step as whoever does it."""
    plan = case_steps.plan_of(stage.connection, "t1", case)
    assert plan is not None
    now_us = stage.clock.now_us()
    if matter.is_own(plan.type.items[item]):
        matter.act(stage.connection, "t1", case, "c0", now_us, What.COMPLETE, item, data)
    else:
        case_steps.act(
            stage.connection, "t1", case, "anna", now_us, What.COMPLETE, item=item, data=data
        )
    stage.connection.commit()


def open_items(stage: Stage, case: str) -> set[str]:
    plan = case_steps.plan_of(stage.connection, "t1", case)
    assert plan is not None
    return {id_ for id_, item in plan.state.items.items() if item.state == "active"}


def add_photo(stage: Stage, case: str) -> str:
    out = io.BytesIO()
    Image.new("RGB", (60, 40), "red").save(out, "JPEG")
    found = case_files.add(
        stage.connection, BOX, "t1", case, "customer:c0", "photos", "scene-photo",
        out.getvalue(), stage.clock.now_us(),
    )  # fmt: skip
    stage.connection.commit()
    return found


def to_the_review(stage: Stage, case: str) -> None:
    step(stage, case, "at-scene", {"scene_answer": "well"})
    add_photo(stage, case)
    step(stage, case, "photos")
    step(stage, case, "place", {"crash_place": "51.70123, 7.30765"})
    step(stage, case, "other-party", {"other_party": "B. Example", "witnesses": "W. Example"})
    step(stage, case, "needs", {"drivable": False, "rental": True})
    for partner in ("towing", "rental-car"):
        step(stage, case, partner)
    step(stage, case, "garage", {"garage_date": "2026-11-27"})


def test_the_whole_way_to_the_insurer(
    crashed: tuple[Stage, str], new_receiver: NewReceiver
) -> None:
    stage, case = crashed
    receiver = new_receiver()
    stage.receiver(receiver, "claims desk")
    signing.ensure_keys(stage.connection, BOX, stage.clock.now_us())
    stage.connection.commit()
    assert {"at-scene", "two-minutes"} <= open_items(stage, case)
    to_the_review(stage, case)
    step(stage, case, "review", {"claim_complete": True})
    assert "hand-over" in open_items(stage, case)
    for _ in range(3):
        claim_file.run_due(stage.connection, BOX, stage.clock.now_us())
        stage.connection.commit()
    assert stage.cases()[0]["state"] == "resolved"
    found = claim_file.of_case(stage.connection, "t1", case)
    assert found is not None
    keys = {found["public_key"]["kid"]: found["public_key"]}
    claim = signing.verify(found["jws"], claim_file.KIND, keys)
    assert claim["evidence"]["delta_v_kmh"] == -38.0 and claim["evidence"]["severity"] == 2
    assert "40 km/h" in claim["evidence"]["explanation"]["en"]
    said = {one["field"]: one["value"] for one in claim["statements"]}
    assert said["scene_answer"] == "well" and said["witnesses"] == "W. Example"
    assert len(claim["photos"]) == 1 and len(claim["photos"][0]["sha256"]) == 64
    stage.deliver()
    bodies = [hit.body for hit in receiver.hits]
    filed = [body for body in bodies if body["type"] == "claim.filed"]
    assert len(filed) == 1 and filed[0]["data"]["sha256"] == bytes(found["digest"]).hex()
    assert "Example" not in str(filed), "a webhook is thin"


def test_a_claim_that_cannot_be_signed_waits(crashed: tuple[Stage, str]) -> None:
    stage, case = crashed
    to_the_review(stage, case)
    step(stage, case, "review", {"claim_complete": True})
    assert claim_file.run_due(stage.connection, BOX, stage.clock.now_us()) == 1
    stage.connection.commit()
    assert "hand-over" in open_items(stage, case)
    assert claim_file.run_due(stage.connection, BOX, stage.clock.now_us()) == 0
    signing.ensure_keys(stage.connection, BOX, stage.clock.now_us())
    claim_file.run_due(stage.connection, BOX, stage.clock.now_us() + 61 * US_PER_S)
    stage.connection.commit()
    assert stage.cases()[0]["state"] == "resolved"


def test_a_kill_between_leaves_all_or_nothing(crashed: tuple[Stage, str]) -> None:
    stage, case = crashed
    signing.ensure_keys(stage.connection, BOX, stage.clock.now_us())
    to_the_review(stage, case)
    step(stage, case, "review", {"claim_complete": True})
    claim_file.run_due(stage.connection, BOX, stage.clock.now_us())
    stage.connection.rollback()
    assert claim_file.of_case(stage.connection, "t1", case) is None
    assert "hand-over" in open_items(stage, case)
    claim_file.run_due(stage.connection, BOX, stage.clock.now_us())
    stage.connection.commit()
    assert claim_file.of_case(stage.connection, "t1", case) is not None


def test_a_withdrawn_consent_hands_nothing_over(crashed: tuple[Stage, str]) -> None:
    stage, case = crashed
    signing.ensure_keys(stage.connection, BOX, stage.clock.now_us())
    to_the_review(stage, case)
    step(stage, case, "review", {"claim_complete": True})
    stage.consent("c0", "claims_assistance", "withdrawn")
    claim_file.run_due(stage.connection, BOX, stage.clock.now_us())
    stage.connection.commit()
    assert claim_file.of_case(stage.connection, "t1", case) is None


def test_silent_for_two_minutes_the_driver_is_called(crashed: tuple[Stage, str]) -> None:
    stage, case = crashed
    assert "call-driver" not in open_items(stage, case)
    stage.clock.advance(119)
    case_steps.fire_due(stage.connection, stage.clock.now_us())
    assert "call-driver" not in open_items(stage, case)
    stage.clock.advance(2)
    case_steps.fire_due(stage.connection, stage.clock.now_us())
    stage.connection.commit()
    assert {"call-driver", "at-scene"} <= open_items(stage, case)
    step(stage, case, "at-scene", {"scene_answer": "well"})
    assert "call-driver" not in open_items(stage, case), "an answer after all"


@pytest.mark.parametrize(("said", "now"), [
    ("well", {"photos", "place", "other-party", "needs"}),
    ("call_me", {"call-driver"}),
    ("hurt", {"call-driver", "emergency"}),
    ("no_crash", {"label"}),
])  # fmt: skip
def test_each_answer_leads_on_at_once(crashed: tuple[Stage, str], said: str, now: set[str]) -> None:
    stage, case = crashed
    step(stage, case, "at-scene", {"scene_answer": said})
    assert now <= open_items(stage, case)


def test_a_false_alarm_closes_with_its_label(crashed: tuple[Stage, str]) -> None:
    stage, case = crashed
    case_flow.answer(stage.connection, "t1", "c0", case, "no_crash", stage.clock.now_us())
    stage.connection.commit()
    assert "label" in open_items(stage, case)
    step(stage, case, "label", {"cause": "pothole"})
    assert stage.cases()[0]["state"] == "resolved"
    plan = case_steps.plan_of(stage.connection, "t1", case)
    assert plan is not None and plan.state.data["cause"] == "pothole"


def test_a_false_alarm_without_a_label_closes_after_a_day(crashed: tuple[Stage, str]) -> None:
    stage, case = crashed
    step(stage, case, "at-scene", {"scene_answer": "no_crash"})
    stage.clock.advance(86_401)
    case_steps.fire_due(stage.connection, stage.clock.now_us())
    stage.connection.commit()
    assert stage.cases()[0]["state"] == "resolved"


def test_the_portals_answer_is_the_answer_of_the_phone(crashed: tuple[Stage, str]) -> None:
    stage, case = crashed
    row = case_flow.answer(stage.connection, "t1", "c0", case, "call_me", stage.clock.now_us())
    stage.connection.commit()
    assert row["call_back_at"] is not None and "call-driver" in open_items(stage, case)
