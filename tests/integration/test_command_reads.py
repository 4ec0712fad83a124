"""Commands that show personal data: what they show, and that the customer sees who ran them."""

import json
from pathlib import Path

import pytest

from app.cli import cli
from customer_context import playbooks
from runtime.metrics import Metrics
from services.playbooks import Rules
from store.people import consent, read_log
from store.postgres.pool import connect
from store.postgres.times import from_us
from tests.fix_registry import NOW_US
from tests.fix_roles import Town


@pytest.fixture
def run(town: Town, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """`run("show", "trips")`: what the command wrote on stdout."""
    monkeypatch.setenv("TACHOWATT_DATABASE_URL", town.url)

    def run_(*arguments: str) -> str:
        capsys.readouterr()
        cli(list(arguments), standalone_mode=False)
        return capsys.readouterr().out

    return run_


def _withdraw(town: Town, customer: str, purpose: str) -> None:
    with connect(town.url) as connection:
        row = {
            "tenant": "t1", "customer": customer, "purpose": purpose, "state": "withdrawn",
            "legal_basis": "consent", "notice_version": "1", "source": "test",
            "at": from_us(NOW_US), "recorded_at": from_us(NOW_US),
        }  # fmt: skip
        consent.decide(connection, [row])
        connection.commit()


def test_each_command_is_logged_by_object_as_operator(town: Town, run) -> None:
    own = town.seeded.own["own"]
    commands = {
        ("contacts", "list", "--tenant", "t1", "--json"): ("contact", own.message),
        ("contacts", "show", own.message, "--tenant", "t1"): ("contact", own.message),
        ("consent", "show", "t1", own.driver): ("customer", own.driver),
        ("show", "trips", "--device", "t1/car0", "--json"): ("vehicle", own.vehicle),
        ("show", "scores", "--json"): ("customer", own.driver),
        ("signals", "--type", "vehicle.crash"): ("signal", own.crash),
        ("playbook", "explain", own.crash): ("signal", own.crash),
    }
    for arguments, expected in commands.items():
        assert run(*arguments)
        with connect(town.url) as connection:
            newest = read_log.of_customer(connection, "t1", own.driver, limit=50)
        name = f"tachowatt {arguments[0]}"
        assert newest and newest[0]["role"] == "operator" and name in newest[0]["reader"]
        request = newest[0]["request_id"]
        read = {
            (row["object_kind"], row["object_id"]) for row in newest if row["request_id"] == request
        }
        assert expected in read, arguments


def test_commands_leave_out_what_was_withdrawn(town: Town, run) -> None:
    own = town.seeded.own["own"]
    assert json.loads(run("show", "trips", "--device", "t1/car0", "--json"))
    _withdraw(town, own.driver, "driving_score")
    _withdraw(town, own.driver, "claims_assistance")
    assert json.loads(run("show", "trips", "--device", "t1/car0", "--json")) == []
    assert own.crash not in run("signals", "--type", "vehicle.crash")
    shown = json.loads(run("contacts", "show", own.message, "--tenant", "t1"))
    assert shown["subject"] is None and shown["body"] is None and shown["withdrawn"]
    listed = run("contacts", "list", "--tenant", "t1", "--customer", own.driver, "--json")
    assert own.message in listed and "own-secret" not in listed


def test_playbook_commands_read_what_the_service_uses(
    town: Town, run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipped = Path(playbooks.__file__).parent / "shipped" / "crash-call-back.yaml"
    text = shipped.read_text().replace("id: crash-call-back", "id: ours")
    (tmp_path / "ours.yaml").write_text(text)
    (tmp_path / "broken.yaml").write_text(text.replace("version: 3", "version: x"))
    with connect(town.url) as connection:
        Rules(tmp_path, Metrics()).refresh(connection, NOW_US)
        connection.commit()
    monkeypatch.chdir(tmp_path)  # the command has no TACHOWATT_PLAYBOOKS_DIR
    listed = json.loads(run("playbook", "list", "--json"))
    assert {row["file"]: row["playbook"] for row in listed} == {
        "ours.yaml": "ours", "broken.yaml": None,
    }  # fmt: skip
    assert "broken.yaml: version" in run("playbook", "list")
    explained = json.loads(run("playbook", "explain", town.seeded.own["own"].crash, "--json"))
    assert [found["playbook"] for found in explained["playbooks"]] == ["ours"]
    assert "broken.yaml" in explained["errors"]
