"""Messages of playbooks ask the contact policy when they are decided, and when delivered."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
import yaml

from contracts.channels import configured
from customer_context.contact_policy.policy import Outcome
from services import back_office, contact_flow, contact_policy
from services.back_office import Kind, Result
from services.decide import decide
from store.casework import next_actions
from store.people import households
from store.postgres.pool import connect
from store.postgres.roles import set_tenant_scope
from store.postgres.times import from_us
from store.signals import decisions
from tests.fix_contacts import HOUR_S, TENANT, Stage
from tests.fix_registry import NOW_US

NewStage = Callable[..., Stage]
NIGHT_S = 11.0 * HOUR_S
"""From the stage's time, in the morning, until late in the evening of the tenant's zone."""
HOUR_US = 3_600_000_000


def rules(tmp_path: Path, **contact: Any) -> Path:
    """A folder with these contact rules and no action."""
    text = yaml.safe_dump({"id": "all", "version": 1, "contact": contact})
    (tmp_path / "all.yaml").write_text(text)
    return tmp_path


def inbox(stage: Stage) -> list[tuple[str, str, str]]:
    """(customer, state, reason) of messages in inboxes."""
    return [(c["customer"], c["state"], c["reason"]) for c in stage.contacts(channel="inbox")]


def verdicts(stage: Stage, signal: str) -> list[tuple[str, str]]:
    """(reason, detail) of the message of a meter's anomaly."""
    stage.connection.rollback()
    found = decisions.of_signal(stage.connection, TENANT, signal)
    return [(d["reason"], d["detail"]) for d in found if d["treatment"] == "customer-inbox"]


def hours(number: int) -> list[str]:
    return [f"2026-11-18T0{i}:00:00+00:00" for i in range(number)]


def live_together(stage: Stage, *customers: str, household: str | None = "h1") -> None:
    set_tenant_scope(stage.connection, (TENANT,))
    rows = back_office.current(stage.connection, TENANT, Kind.CUSTOMERS, list(customers))
    sent = [{**row, "household": household} for row in rows.values()]
    results = back_office.apply(
        stage.connection, TENANT, Kind.CUSTOMERS, sent, stage.clock.now_us()
    )
    assert {one.result for one in results} <= {Result.UPDATED, Result.UNCHANGED}
    stage.connection.commit()


def test_quiet_hours_hold_the_delivery_and_the_reason_is_there(
    new_stage: NewStage, tmp_path: Path
) -> None:
    folder = rules(tmp_path, quiet_hours={"begin": "20:00", "end": "08:00"})
    stage = new_stage(actions_dir=folder)
    stage.clock.advance(NIGHT_S)
    signal = stage.anomaly()
    stage.decide()
    assert inbox(stage) == [("c3", "pending", "quiet_hours")]
    ((reason, detail),) = verdicts(stage, signal)
    assert reason == "planned" and detail.startswith("quiet-hours: delivered from 2026-11-")
    stage.deliver()
    assert inbox(stage) == [("c3", "pending", "quiet_hours")]
    assert contact_flow.inbox(stage.connection, TENANT, "c3") == [], "it is not there yet"
    stage.clock.advance(12 * HOUR_S)
    stage.deliver()
    assert inbox(stage) == [("c3", "delivered", "")]
    assert len(contact_flow.inbox(stage.connection, TENANT, "c3")) == 1
    (contact,) = stage.contacts(channel="inbox")
    assert contact["delivered_at"] == from_us(stage.clock.now_us())


def test_what_is_held_is_asked_again_when_it_is_delivered(
    new_stage: NewStage, tmp_path: Path
) -> None:
    folder = rules(
        tmp_path,
        quiet_hours={"begin": "20:00", "end": "08:00"},
        suppress=[{"id": "silent", "of": "all", "after": ["complaint"], "within_d": 9, "for_d": 9}],
    )
    stage = new_stage(actions_dir=folder)
    stage.clock.advance(NIGHT_S)
    stage.anomaly()
    stage.decide()
    stage.clock.advance(HOUR_S)
    complain(stage)
    stage.clock.advance(12 * HOUR_S)
    stage.deliver()
    assert inbox(stage) == [("c3", "refused", "suppressed")]
    signal = stage.anomaly(started_at=hours(1)[0])
    stage.decide()
    assert verdicts(stage, signal) == [("suppressed", "silent")]


def complain(stage: Stage) -> None:
    """c3 complains about an offer."""
    now_us = stage.clock.now_us()
    set_tenant_scope(stage.connection, (TENANT,))
    next_actions.put(
        stage.connection,
        next_actions.NewDecision(
            "d1", TENANT, "c3", "digest", "inbound", "agent", [], {}, [], "test"
        ),
        {}, now_us,
    )  # fmt: skip
    outcome = next_actions.NewOutcome(
        "d1", TENANT, "c3", "a", "t", "agent", str(Outcome.COMPLAINT), from_us(now_us), "test"
    )
    assert next_actions.put_outcome(stage.connection, outcome, now_us)
    stage.connection.commit()


def test_a_household_shares_its_cap_for_as_long_as_it_is_one(
    new_stage: NewStage, tmp_path: Path
) -> None:
    cap = {"id": "home", "per": "household", "most": 2, "within_h": 24}
    stage = new_stage(actions_dir=rules(tmp_path, caps=[cap]), messages_per_day=0)
    live_together(stage, "c0", "c3")
    first = stage.anomaly(started_at=hours(1)[0])
    stage.decide()
    score(stage, "c0")
    stage.decide()
    assert [c for c, _, _ in inbox(stage)] == ["c3", "c0"]
    second = stage.anomaly(started_at=hours(2)[1])
    stage.decide()
    assert verdicts(stage, first)[0][0] == "planned"
    assert verdicts(stage, second) == [("cap_reached", "home")]
    stage.clock.advance(60)
    live_together(stage, "c0", household=None)
    stage.clock.advance(60)
    third = stage.anomaly(started_at=hours(3)[2])
    stage.decide()
    assert verdicts(stage, third) == [("planned", "")], "they live apart"
    stage.connection.rollback()
    assert households.of(stage.connection, TENANT, ["c0", "c3"]) == {"c3": "h1"}


def score(stage: Stage, customer: str) -> str:
    """A score that has changed."""
    given = {
        "at": hours(1)[0], "score": 80.0, "band": "B", "previous_score": 60.0, "trusted": True,
        "previous_band": "D",
    }  # fmt: skip
    return stage.signal("score.changed", given, "car0", f"customer:{customer}")


def test_a_row_without_a_household_leaves_it_as_it_is(stage: Stage) -> None:
    live_together(stage, "c0")
    set_tenant_scope(stage.connection, (TENANT,))

    def write(**row: Any) -> Result:
        rows = back_office.apply(
            stage.connection, TENANT, Kind.CUSTOMERS, [{"id": "c0", **row}], NOW_US + HOUR_US
        )
        assert rows[0].errors == ()
        return rows[0].result

    assert write(name="Ada") is Result.UPDATED
    assert households.of(stage.connection, TENANT, ["c0"]) == {"c0": "h1"}
    assert write(name="Ada", household="h1") is Result.UNCHANGED
    assert write(name="Ada", household="h2") is Result.UPDATED
    assert households.of(stage.connection, TENANT, ["c0"]) == {"c0": "h2"}
    rows = stage.connection.execute(
        "select household, valid_to is null from customers.household_member order by valid_from"
    ).fetchall()
    assert rows == [("h1", False), ("h2", True)]


@pytest.mark.parametrize("ahead_h", [0, 5])
def test_two_workers_with_other_clocks_keep_the_cap(
    new_stage: NewStage, tmp_path: Path, ahead_h: int
) -> None:
    cap = {"id": "person", "most": 3, "within_h": 24}
    stage = new_stage(actions_dir=rules(tmp_path, caps=[cap]), messages_per_day=0)
    for hour in hours(8):
        stage.anomaly(started_at=hour)
    stage.rules.refresh(stage.connection, stage.clock.now_us())
    stage.connection.commit()
    begin = Barrier(2)

    def worker(number: int) -> int:
        now_us = stage.clock.now_us() + number * ahead_h * HOUR_US
        total = 0
        with connect(stage.url) as own:
            begin.wait()
            while done := decide(
                own, stage.rules.playbooks(), configured(stage.settings), now_us, stage.metrics,
                limit=1, contact_rules=contact_policy.of(stage.settings),
            ):  # fmt: skip
                total += done
        return total

    with ThreadPoolExecutor(2) as pool:
        assert sum(pool.map(worker, range(2))) == 8
    assert len(inbox(stage)) == 3
