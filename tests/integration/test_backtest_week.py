"""A week of outbound decisions, tried again: all as they were decided, and what a change does."""

from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest

from app import cli
from customer_context.contact_policy.policy import Outcome
from services import actions, backtest_actions, decisions, facts, outbound
from services.actions import read
from store.casework import decided
from store.postgres.pool import connect
from store.postgres.roles import CONTACTS, set_tenant_scope
from store.postgres.times import from_us, to_us
from tests.fix_contacts import HOUR_S, TENANT, Stage
from tests.fix_registry import NOW_US

DAY_US = 86_400_000_000
SINCE, UNTIL = from_us(NOW_US), from_us(NOW_US + 8 * DAY_US)
CUSTOMERS = ("c0", "c3")


def know(stage: Stage, random: Random, day: int) -> None:
    """What other systems report in the course of a week; some of it is late."""
    now_us = stage.clock.now_us()
    set_tenant_scope(stage.connection, (TENANT,))
    for customer in CUSTOMERS:
        given = {
            "tariff.motor": "flat", "driving.observed_d": 80, "vehicle.parked_outside": True,
            "driving.score": random.choice((70.0, 92.0, 95.0)),
            "weather.hail_24h": day == 5,
        }  # fmt: skip
        rows = [
            (name, value, now_us - random.choice((0, HOUR_US)))
            for name, value in given.items()
            if random.random() < 0.7 or day in (0, 5)
        ]
        facts.report(stage.connection, TENANT, customer, rows, "test", now_us)
    stage.connection.commit()


HOUR_US = 3_600_000_000


@pytest.fixture
def week(new_stage: Callable[..., Stage]) -> Stage:
    """Seven daily runs, between which facts, consents and reactions change."""
    stage, random = new_stage(outbound_every_h=24), Random(19)
    for day in range(7):
        know(stage, random, day)
        if day in (3, 5):
            stage.consent("c3", "driving_score", "withdrawn" if day == 3 else "granted")
        with connect(stage.url, role=CONTACTS) as own:
            while outbound.decide_due(own, stage.settings, stage.clock.now_us()):
                own.commit()
            own.commit()
        if day == 2:
            reject(stage)
        stage.clock.advance(24 * HOUR_S)
    return stage


def reject(stage: Stage) -> None:
    contact = stage.contacts()[0]
    now_us = stage.clock.now_us() + HOUR_US
    decisions.outcome(
        stage.connection, TENANT, contact["decision_id"], contact["action"], Outcome.REJECTED,
        at_us=now_us, by="test", now_us=now_us,
    )  # fmt: skip
    stage.connection.commit()


def tried(stage: Stage, change: dict[str, str] | None = None, **more: Any) -> dict[str, Any]:
    live = actions.in_use(None)
    changed = actions.changed(live, change or {})
    set_tenant_scope(stage.connection, (TENANT,))
    return backtest_actions.run(
        stage.connection, TENANT, live, changed, SINCE, UNTIL, **more
    )  # fmt: skip


def test_a_week_is_as_it_was_decided_whatever_is_known_now(
    week: Stage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    done: list[tuple[int, ...]] = []
    found = tried(week, all_differences=True, progress=lambda *step: done.append(step))
    assert found["decisions"] == found["equal"] == found["recomputed"] > 14
    assert done[-1] == (found["decisions"], found["decisions"])
    # In parts, and in several statements.
    with monkeypatch.context() as small:
        small.setattr(decided, "PART", 3)
        small.setattr(decided, "_STATEMENT", 7)
        assert tried(week, all_differences=True) == found
        part = tried(week, most=8)
    assert part["decisions"] == part["equal"] == 8 and not part["complete"] and found["complete"]
    assert found["equal_share"] == 1.0 and found["not_as_decided"] == [] and found["hidden"] == 0
    sent = [one for one in week.contacts() if one["action"]]
    assert found["live"]["messages"] == len(sent) > 1
    assert found["live"]["customers"] == len({one["customer"] for one in sent})
    # Facts that become known only now do not change what was known then.
    late = [("driving.score", 10.0, to_us(SINCE)), ("case.complaint", True, to_us(SINCE))]
    facts.report(week.connection, TENANT, "c0", late, "test", week.clock.now_us())
    week.connection.commit()
    assert tried(week)["equal_share"] == 1.0
    without = next_without_winner(week)
    assert decisions.explain(week.connection, TENANT, without)["recomputed"] is True
    week.connection.rollback()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TACHOWATT_DATABASE_URL", week.url)
    span = ("--from", f"{SINCE:%Y-%m-%dT%H:%M:%S}", "--to", f"{UNTIL:%Y-%m-%dT%H:%M:%S}")
    monkeypatch.setattr(
        "sys.argv", ["tachowatt", "playbook", "backtest", *span, "--compare-decided"]
    )
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert not ended.value.code and "(100 %)" in capsys.readouterr().out
    # An older file that decided is distinguished from a decision that cannot be recomputed.
    week.connection.execute(
        "update contacts.next_action set winners = '[]' where decision_id = "
        "(select decision_id from contacts.next_action limit 1)"
    )
    (one,) = tried(week)["not_as_decided"]
    assert one["reason"] == "not_recomputed" and one["decided"] == [] and one["live"]
    week.connection.rollback()
    a_change_is_tried_on_all_customers_and_its_messages_count(week)


def next_without_winner(stage: Stage) -> str:
    row = stage.connection.execute(
        "select decision_id from contacts.no_action order by decided_at desc limit 1"
    ).fetchone()
    assert row is not None
    return str(row[0])


def a_change_is_tried_on_all_customers_and_its_messages_count(week: Stage) -> None:
    text = read(None)["weather.yaml"]
    always = text.replace(
        "{fact: weather.hail_24h, is: true}", "{fact: contract.motor, known: true}"
    )
    assert always != text
    found = tried(week, {"weather.yaml": always.replace("version: 1", "version: 99", 1)})
    assert found["equal_share"] == 1.0
    before, after = found["live"], found["changed"]
    assert found["different"][0]["changed"] == ["hail-notice"] != found["different"][0]["live"]
    # It is sent sooner, and so not again; what it takes the place of comes later.
    assert after["won"] == before["won"] == {"hail-notice": 1, "safe-driver-discount": 1}
    assert after["stopped"]["not-again-inbox"] > before["stopped"]["not-again-inbox"] > 0
    silent = tried(week, {"all.yaml": no_messages()})
    assert silent["changed"]["messages"] == 0 < silent["live"]["messages"]
    assert {one["reason"] for one in silent["not_as_decided"]} == set()
    week.consent("c0", "driving_score", "withdrawn")
    after_withdrawal = tried(week)
    assert 0 < after_withdrawal["hidden"] < found["decisions"]
    assert after_withdrawal["decisions"] == found["decisions"] - after_withdrawal["hidden"]


def no_messages() -> str:
    text = read(None)["all.yaml"]
    changed = text.replace("most: 2, within_h: 168", "most: 0, within_h: 168")
    assert changed != text
    return changed
