"""Playbooks and actions tried on stored history: as it was decided, and with a change."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app import cli
from contracts.channels import configured
from customer_context.playbooks.check import load
from services import actions, backtest, backtest_actions, contact_policy, decisions, facts
from services.playbooks import in_use
from store.postgres.roles import set_tenant_scope
from store.postgres.times import from_us
from tests.fix_contacts import TENANT, Stage
from tests.fix_registry import NOW_US

HOUR_US = 3_600_000_000
SINCE, UNTIL = from_us(NOW_US - HOUR_US), from_us(NOW_US + 48 * HOUR_US)
SHIPPED = Path(__file__).parents[2] / "customer_context"


def week(stage: Stage) -> None:
    """A crash, one of nobody, one without consent, and one that comes too late."""
    stage.crash()
    stage.crash(at="2026-11-18T00:00:00+00:00", subject=None)
    stage.decide()
    stage.clock.advance(60)
    stage.consent("c0", "claims_assistance", "withdrawn")
    stage.crash(at="2026-11-18T02:00:00+00:00")
    stage.decide()
    stage.clock.advance(60)
    stage.consent("c0", "claims_assistance", "granted")


def played(stage: Stage, changed: dict[str, Any] | None = None) -> dict[str, Any]:
    live = in_use(stage.connection)
    return backtest.playbooks(
        stage.connection, TENANT, live, None if changed is None else {**live, **changed},
        configured(stage.settings), SINCE, UNTIL, contact_policy.of(stage.settings),
    )  # fmt: skip


def test_the_live_set_gives_what_was_decided(stage: Stage) -> None:
    week(stage)
    found = played(stage)
    assert found["compared"] == found["equal"] > 4 and found["equal_share"] == 1.0
    assert found["signals"] == 3 and found["different"] == [] and found["changed"] is None
    assert found["live"]["contacts"]["crash-call-back/driver-inbox"] == 1
    before = len(stage.contacts())
    played(stage)
    assert len(stage.contacts()) == before  # nothing is written


def test_a_change_shows_what_would_have_been_different(stage: Stage) -> None:
    week(stage)
    text = (SHIPPED / "playbooks/shipped/crash-call-back.yaml").read_text()
    inbox = "    channel: inbox\n"
    assert text.count(inbox) == 1
    silent = load(text.replace(inbox, f"{inbox}    when: data.severity >= 3\n"), "new.yaml")
    found = played(stage, {silent.id: silent})
    assert found["equal_share"] == 1.0
    assert found["live"]["contacts"] == {"crash-call-back/driver-inbox": 1}
    assert found["changed"]["contacts"] == {} and found["changed"]["customers"] == 0
    (different,) = found["different"]
    assert different["customer"] == "c0"
    assert different["changed"]["crash-call-back/driver-inbox"] == "nothing: condition_false"


def test_conflicts_with_rules_of_contact_are_counted_by_rule(
    new_stage: Callable[..., Stage],
) -> None:
    stage = new_stage(messages_per_day=1)
    for hour in range(3):
        stage.anomaly(started_at=f"2026-11-18T0{hour}:00:00+00:00")
        stage.decide()
        stage.clock.advance(60)
    found = played(stage)
    assert found["equal_share"] == 1.0 and found["live"]["capped"] == 2
    assert found["live"]["conflicts"] == [
        {
            "contact": "meter-anomaly/customer-inbox",
            "reason": "cap_reached",
            "rule": "inbox-day",
            "number": 2,
        }
    ]


def test_actions_are_decided_again_from_their_records(stage: Stage, tmp_path: Path) -> None:
    given = [
        ("tariff.motor", "flat", NOW_US), ("driving.score", 92.0, NOW_US),
        ("driving.observed_d", 80, NOW_US),
    ]  # fmt: skip
    set_tenant_scope(stage.connection, (TENANT,))
    facts.report(stage.connection, TENANT, "c0", given, "test", NOW_US)
    live = actions.in_use(None)
    for customer in ("c0", "c3"):
        decisions.make(
            stage.connection, TENANT, customer, live, place="agent", by="test", now_us=NOW_US
        )
    stage.connection.commit()
    text = (SHIPPED / "next_best_action/shipped/motor.yaml").read_text()
    strict = text.replace("driving.score, at_least: 85", "driving.score, at_least: 95")
    changed = actions.changed(live, {"new.yaml": strict})
    found = backtest_actions.run(stage.connection, TENANT, live, changed, SINCE, UNTIL)
    assert (found["decisions"], found["equal_share"]) == (2, 1.0)
    assert found["live"]["won"] == {"safe-driver-discount": 1} and found["changed"]["won"] == {}
    (different,) = found["different"]
    assert different["live"] == ["safe-driver-discount"] and different["changed"] == []


def test_the_command_shows_both(
    stage: Stage,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    week(stage)
    change = tmp_path / "new.yaml"
    change.write_text((SHIPPED / "next_best_action/shipped/motor.yaml").read_text())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TACHOWATT_DATABASE_URL", stage.url)

    def run(*arguments: str) -> tuple[int, str]:
        monkeypatch.setattr("sys.argv", ["tachowatt", "playbook", "backtest", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return int(ended.value.code or 0), capsys.readouterr().out

    span = ("--from", f"{SINCE:%Y-%m-%dT%H:%M:%S}", "--to", f"{UNTIL:%Y-%m-%dT%H:%M:%S}")
    plot = tmp_path / "backtest.png"
    code, out = run(*span, "--change", str(change), "--json", "--plot", str(plot))
    found = json.loads(out)
    assert plot.read_bytes().startswith(b"\x89PNG")
    assert code == 0 and found["playbooks"]["equal_share"] == 1.0
    assert found["playbooks"]["changed"] is None and found["actions"]["changed"]["won"] == {}
    code, out = run(*span)
    assert code == 0 and "verdicts as they were decided" in out
    assert run("--from", "2026-11-08", "--to", "2026-11-01")[0] == 2
