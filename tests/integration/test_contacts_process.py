"""`tachowatt contacts run` as a process that is killed, and the commands about contacts."""

import json
import logging
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from app.cli import cli
from runtime.clock import SystemClock
from runtime.errors import Usage
from services import registry_changes
from store.casework import change_subscriptions
from store.people import read_log
from store.postgres.pool import connect
from tests.fix_contacts import Stage
from tests.fix_receiver import Receiver
from tests.patience import patient
from tests.process import Tachowatt

CLOCK = SystemClock()
NewReceiver = Callable[[], Receiver]
Command = Callable[..., tuple[int, str]]


@pytest.fixture
def stage(new_stage: Callable[..., Stage]) -> Stage:
    """One whose signals are news for a process."""
    return new_stage(now_us=CLOCK.now_us())


@pytest.fixture
def start(tmp_path: Path, stage: Stage) -> Iterator[Callable[[], Tachowatt]]:
    """Start workers on the stage's database."""
    running: list[Tachowatt] = []

    def begin() -> Tachowatt:
        running.append(
            Tachowatt(
                "contacts",
                "run",
                state=tmp_path / f"worker{len(running)}",
                TACHOWATT_DATABASE_URL=stage.url,
                TACHOWATT_WEBHOOK_PRIVATE_NETWORKS="127.0.0.0/8",
            )
        )
        return running[-1]

    yield begin
    for process in running:
        process.kill()


def until(process: Tachowatt, condition: Callable[[], bool], timeout_s: float = 30.0) -> None:
    deadline = CLOCK.monotonic() + patient(timeout_s)
    while not condition():
        assert process.wait(0.05) is None, process.log
        assert CLOCK.monotonic() < deadline, process.log


def test_kill_9_while_delivering(
    stage: Stage, start: Callable[[], Tachowatt], new_receiver: NewReceiver
) -> None:
    slow, quick = new_receiver(), new_receiver()
    stage.receiver(slow, "slow")
    stage.receiver(quick, "quick", "utility")
    slow.behaviour = "slow"
    for i in range(20):
        stage.crash(at=f"2026-11-18T00:{i:02}:00+00:00")
        stage.anomaly(started_at=f"2026-11-18T00:{i:02}:00+00:00")
    first = start()
    slow.wait_for(8)  # its lane is full: eight are claimed and under way
    first.send_signal(signal.SIGKILL)
    first.wait()
    slow.behaviour = "ok"
    slow.release()
    second = start()
    until(second, lambda: stage.contacts(state="pending") == [] and len(stage.cases()) == 20)
    assert second.terminate(5.0) == 0
    expected = {c["contact_id"] for c in stage.contacts(channel="webhook", limit=1000)}
    assert len(expected) == 40
    assert set(slow.ids) | set(quick.ids) == expected
    assert {c["state"] for c in stage.contacts(limit=1000)} == {"delivered"}
    assert all(hit.verified == 0 for hit in slow.hits + quick.hits)


def test_two_workers_share_and_survive_a_restart_of_their_sessions(
    stage: Stage, start: Callable[[], Tachowatt], new_receiver: NewReceiver
) -> None:
    receiver = new_receiver()
    stage.receiver(receiver, "claims")
    workers = [start(), start()]
    for worker in workers:
        worker.wait_for("contacts is ready")
    stage.connection.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity "
        "where datname = current_database() and pid <> pg_backend_pid()"
    )
    stage.connection.commit()
    for i in range(10):
        stage.crash(at=f"2026-11-18T00:{i:02}:00+00:00")
    until(workers[0], lambda: len(stage.contacts(channel="webhook", state="delivered")) == 10)
    for worker in workers:
        assert worker.terminate(5.0) == 0
    assert set(receiver.ids) == {c["contact_id"] for c in stage.contacts(channel="webhook")}


def test_ends_in_order_while_the_store_does_not_answer(
    stage: Stage, start: Callable[[], Tachowatt], new_receiver: NewReceiver
) -> None:
    receiver = new_receiver()
    stage.receiver(receiver, "claims")
    receiver.behaviour = "slow"
    stage.crash()
    worker = start()
    receiver.wait_for(1)
    pids = stage.connection.execute(
        "select pid from pg_stat_activity where datname = current_database() "
        "and application_name like 'tachowatt-%' and pid <> pg_backend_pid()"
    ).fetchall()
    stage.connection.rollback()
    for (pid,) in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        assert len(pids) == 4
        assert worker.terminate(5.0) == 0
    finally:
        for (pid,) in pids:
            os.kill(pid, signal.SIGCONT)


def test_changes_go_on_where_a_killed_worker_was(
    stage: Stage,
    start: Callable[[], Tachowatt],
    new_receiver: NewReceiver,
    command: "Command",
) -> None:
    receiver = new_receiver()
    stage.receiver(receiver, "crm")
    assert command("receiver", "subscribe", "crm", "--consents")[0] == 0
    with connect(stage.url) as connection:
        since = (registry_changes.begin(connection) - 1, change_subscriptions.LAST)
        for number in range(60):
            connection.execute(
                "insert into customers.customer (tenant, customer, name) select 't1', "
                "%s || '-' || n, 'Name' from generate_series(1, 5) as n", (f"w{number}",)
            )  # fmt: skip
        connection.execute("update customers.customer set name = 'New' where customer = 'w7-1'")
        connection.commit()
        wanted = [
            f"change-{one.change.xid}-{one.change.change_id}"
            for one in registry_changes.after(connection, "t1", since, 1_000)
            if one.change is not None
        ]
    assert len(wanted) == 301

    def following() -> dict[str, Any]:
        text = command("receiver", "list", "--json")[1]
        found: dict[str, Any] = json.loads(text)[0]["changes"]
        return found

    assert (following()["waiting"], following()["delivered"]) == (301, 0)
    killed = start()
    receiver.wait_for(20)
    killed.kill()
    arrived = len(receiver.ids)
    receiver.behaviour = 410
    other = start()
    until(
        other, lambda: json.loads(command("receiver", "list", "--json")[1])[0]["reason"] == "gone"
    )
    assert "gone" in command("receiver", "list")[1]
    assert following()["waiting"] > 0
    receiver.behaviour = "ok"
    assert command("receiver", "enable", "crm")[0] == 0
    until(other, lambda: following()["waiting"] == 0)
    assert other.terminate(5.0) == 0
    assert set(receiver.ids) == set(wanted), "nothing is missed"
    again = len(receiver.ids) - len(wanted)
    assert again <= arrived, "only what the killed worker had sent, or 410 refused, comes again"
    names = [hit.body["data"]["name"] for hit in receiver.hits if hit.body["subject"] == "w7-1"]
    assert names[-1] == "New" and "has everything" in command("receiver", "list")[1]
    with connect(stage.url) as connection:
        found = read_log.of_customer(connection, "t1", "w7-1")
    assert {(one["reader"], one["what"]) for one in found} == {("crm", "changes of the registry")}


@pytest.fixture
def command(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Iterator[Command]:
    """Run a command in this process: (exit code, what it printed or raised)."""
    monkeypatch.setenv("TACHOWATT_DATABASE_URL", stage.url)
    monkeypatch.setenv("TACHOWATT_WEBHOOK_PRIVATE_NETWORKS", "127.0.0.0/8")
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level

    def run(*arguments: str) -> tuple[int, str]:
        result = CliRunner().invoke(cli, arguments, standalone_mode=False)
        if isinstance(result.exception, Usage):
            return 2, str(result.exception)
        assert result.exception is None, result.exception
        return result.return_value or 0, result.stdout

    yield run
    root.handlers[:] = handlers
    root.setLevel(level)


def test_commands(stage: Stage, new_receiver: NewReceiver, command: Command) -> None:
    receiver = new_receiver()
    code, text = command("receiver", "add", "claims", receiver.url, "--for", "insurer", "--json")
    assert code == 0, text
    receiver.secrets = [json.loads(text)["secret"]]
    code, text = command("receiver", "test", "claims", "--json")
    assert code == 0 and json.loads(text)["delivered"], text
    assert receiver.hits[0].verified == 0 and receiver.hits[0].body["type"] == "test"
    code, text = command("receiver", "list")
    assert "claims" in text and receiver.secrets[0] not in text
    crash = stage.crash()
    code, text = command("playbook", "explain", crash, "--language", "en", "--json")
    assert code == 0, text
    (answer,) = json.loads(text)["playbooks"]
    bodies = {contact["treatment"]: contact["body"] for contact in answer["contacts"]}
    assert bodies["driver-inbox"].startswith("Dear Customer 0") and answer["case"] is not None
    assert stage.contacts() == [] and len(receiver.hits) == 1, "nothing is sent"
    receiver.behaviour = 410
    stage.decide()
    stage.deliver()
    code, text = command("contacts", "list", "--state", "failed", "--json")
    (contact,) = json.loads(text)["contacts"]
    assert contact["reason"] == "gone"
    code, text = command("contacts", "resend", "--all-failed")
    assert code == 0 and text.startswith("0 contacts"), text
    assert command("receiver", "enable", "claims")[0] == 0
    code, text = command("contacts", "resend", contact["contact_id"])
    assert text.startswith("1 contacts"), text
    code, text = command("contacts", "show", contact["contact_id"])
    shown = json.loads(text)
    assert shown["state"] == "pending" and shown["attempts"][0]["status"] == 410
    assert {d["playbook"] for d in shown["decisions"]} == {"crash-call-back"}


def test_commands_say_what_is_wrong(tmp_path: Path, command: Command) -> None:
    (tmp_path / "bad.yaml").write_text("id: bad\nversion: 1\n")
    code, text = command("playbook", "check", str(tmp_path))
    assert code == 1 and "bad.yaml: title: Field required" in text
    code, text = command("contacts", "resend")
    assert code == 2 and "--all-failed" in text
    code, text = command("contacts", "list", "--tenant", "nobody")
    assert code == 2 and "there are: t1" in text
    code, text = command("receiver", "add", "later", "https://later.invalid/", "--for", "utility")
    assert code == 0 and "whsec_" in text
    code, text = command("receiver", "list", "--json")
    states = {row["name"]: (row["state"], row["reason"]) for row in json.loads(text)}
    assert states["later"] == ("disabled", "not_resolved")
    code, text = command("receiver", "add", "x", "http://10.0.0.1/", "--for", "utility")
    assert code == 2 and "not public" in text
