"""Stored secrets on a real database: upgrade, rotation, wrong and missing keys."""

import json
import re
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from psycopg import errors

from runtime.errors import Retry, Usage
from runtime.secret_box import Damaged, Key, KeyMissing, box_of, box_with, create_file, write_file
from runtime.settings import Settings
from services import secrets
from store.casework import delivery, receivers
from store.postgres.pool import Connection, connect, scalar
from store.secrets import sealing
from store.secrets.columns import COLUMNS, RECEIVER_SECRET
from tests import process
from tests.fix_contacts import TENANT, Stage
from tests.fix_receiver import Receiver
from tests.fix_registry import NOW_US
from tests.secret_keys import BOX, KEY

OLD, NEW, FOREIGN = KEY, Key(bytes([7]) * 32), Key(bytes([9]) * 32)
CLEAR = "whsec_Y2xlYXI="


@pytest.fixture
def connection(stage: Stage) -> Connection:
    return stage.connection


def add(connection: Connection, count: int, box: Any = BOX) -> list[tuple[int, str]]:
    """Receivers; returns their ids and secrets."""
    found = []
    for number in range(count):
        name = f"r{number}"
        secret = receivers.add(
            connection, box, TENANT, name, "insurer", "https://x.example", NOW_US
        )
        found.append((receivers.get(connection, TENANT, name)["receiver_id"], secret))
    connection.commit()
    return found


def put_clear(connection: Connection, count: int) -> list[int]:
    """Receivers with secrets in clear, as they stood before the migration."""
    connection.execute("alter table contacts.receiver_secret drop constraint secret_is_sealed")
    ids = [receiver_id for receiver_id, _ in add(connection, count)]
    connection.execute("update contacts.receiver_secret set secret = %s", (CLEAR,))
    connection.execute(
        "alter table contacts.receiver_secret add constraint secret_is_sealed "
        "check (starts_with(secret, 'sealed1:')) not valid"
    )
    connection.execute("delete from access.secret_key")
    connection.commit()
    return ids


def opened(connection: Connection, box: Any, ids: list[int]) -> list[str]:
    return [receivers.secrets(connection, box, receiver_id, NOW_US)[0] for receiver_id in ids]


def test_no_secret_stands_in_clear_in_the_database(connection: Connection) -> None:
    ((receiver_id, secret),) = add(connection, 1)
    stored = scalar(connection, "select secret from contacts.receiver_secret")
    assert secret.removeprefix("whsec_") not in stored and stored.startswith(f"sealed1:{KEY.id}:")
    assert receivers.secrets(connection, BOX, receiver_id, NOW_US) == [secret]
    with pytest.raises(errors.CheckViolation):
        connection.execute("update contacts.receiver_secret set secret = %s", (CLEAR,))


def test_clear_secrets_are_sealed_at_the_upgrade(connection: Connection) -> None:
    ids = put_clear(connection, 250)
    secrets.prepare(connection, BOX, NOW_US)
    assert opened(connection, BOX, ids) == [CLEAR] * 250
    assert sealing.counts(connection)[RECEIVER_SECRET.name] == {KEY.id: 250}
    assert scalar(
        connection, "select convalidated from pg_constraint where conname = 'secret_is_sealed'"
    )
    secrets.prepare(connection, BOX, NOW_US)
    assert opened(connection, BOX, ids) == [CLEAR] * 250


def test_an_upgrade_that_was_killed_goes_on(stage: Stage) -> None:
    ids = put_clear(stage.connection, 250)
    with connect(stage.url) as other:
        other.execute("select pg_advisory_lock(1)")
        # Cut by the server in its third transaction.
        stage.connection.execute(
            "create function pg_temp.cut() returns trigger language plpgsql as "
            "$$ begin perform pg_terminate_backend(pg_backend_pid()); return new; end $$"
        )
        stage.connection.execute(
            "create trigger cut before update on contacts.receiver_secret for each row "
            f"when (new.secret_id = {ids[210]}) execute function pg_temp.cut()"
        )
        with pytest.raises(errors.AdminShutdown):
            secrets.prepare(stage.connection, BOX, NOW_US)
    with connect(stage.url) as again:
        left = sealing.clear_values(again)
        assert left == 50, "what was done before is kept, in transactions of 100"
        secrets.prepare(again, BOX, NOW_US)
        assert sealing.clear_values(again) == 0 and opened(again, BOX, ids) == [CLEAR] * 250


def test_a_wrong_key_is_refused_before_anything_and_loses_nothing(connection: Connection) -> None:
    secrets.prepare(connection, BOX, NOW_US)
    kept = add(connection, 3)
    before = connection.execute("select * from contacts.receiver_secret order by 1").fetchall()
    for box in (box_with(FOREIGN), box_with()):
        for call in (
            lambda box=box: secrets.prepare(connection, box, NOW_US),
            lambda box=box: secrets.check(connection, box),
            lambda box=box: secrets.reseal(connection, box, NOW_US),
            lambda box=box: receivers.secrets(connection, box, kept[0][0], NOW_US),
        ):
            with pytest.raises(KeyMissing, match=KEY.id if box.all_keys() else "key"):
                call()
            connection.rollback()
    assert (
        before == connection.execute("select * from contacts.receiver_secret order by 1").fetchall()
    )
    assert opened(connection, BOX, [id_ for id_, _ in kept]) == [secret for _, secret in kept]


def test_a_rotation_seals_all_with_the_new_key_and_running_processes_go_on(
    connection: Connection, tmp_path: Path
) -> None:
    file = tmp_path / "secrets.key"
    create_file(file, OLD)
    box = box_of(Settings(secrets_key_file=file, secrets_key=""))
    running = box_of(Settings(secrets_key_file=file, secrets_key=""))
    secrets.prepare(connection, box, NOW_US)
    kept = add(connection, 120, box)
    key_id, count = secrets.rotate(connection, box, NOW_US + 1)
    assert count == 120 and [key.id for key in box.all_keys()] == [key_id, OLD.id]
    assert opened(connection, running, [id_ for id_, _ in kept]) == [secret for _, secret in kept]
    found = secrets.status(connection, box)
    assert [(k.key_id, k.here, k.seals, k.values) for k in found.keys] == [
        (key_id, True, True, 120), (OLD.id, True, False, 0),
    ]  # fmt: skip
    assert secrets.prune(connection, box) == [OLD.id]
    assert [key.id for key in box.all_keys()] == [key_id]
    assert [id_ for id_, _ in sealing.registered(connection)] == [key_id]
    assert secrets.prune(connection, box) == []
    assert opened(connection, running, [id_ for id_, _ in kept]) == [secret for _, secret in kept]


def test_values_whose_key_is_missing_stay_and_all_others_are_sealed(connection: Connection) -> None:
    lost = add(connection, 1, box_with(FOREIGN))
    connection.execute("update contacts.receiver set name = 'lost'")
    kept = add(connection, 2, box_with(OLD))
    with pytest.raises(KeyMissing, match=f"1 values are sealed with key {FOREIGN.id}"):
        secrets.reseal(connection, box_with(NEW, OLD), NOW_US)
    assert sealing.counts(connection)[RECEIVER_SECRET.name] == {NEW.id: 2, FOREIGN.id: 1}
    assert secrets.reseal(connection, box_with(NEW, FOREIGN), NOW_US) == 1
    ids = [id_ for id_, _ in lost + kept]
    assert opened(connection, box_with(NEW), ids) == [secret for _, secret in lost + kept]


def test_keys_of_the_environment_are_rotated_by_hand(connection: Connection) -> None:
    add(connection, 2)
    with pytest.raises(Usage, match="new-key"):
        secrets.rotate(connection, BOX, NOW_US)
    assert secrets.reseal(connection, box_with(NEW, OLD), NOW_US) == 2
    assert secrets.prune(connection, box_with(NEW, OLD)) == [OLD.id]


def test_a_value_in_another_row_is_no_secret_there(connection: Connection) -> None:
    (first, _), (second, _) = add(connection, 2)
    connection.execute(
        "update contacts.receiver_secret set secret = "
        "(select secret from contacts.receiver_secret where receiver_id = %s)",
        (first,),
    )
    with pytest.raises(Damaged, match="belongs to another row"):
        receivers.secrets(connection, BOX, second, NOW_US)
    rows: list[dict[str, Any]] = [{"receiver_id": first}, {"receiver_id": second}]
    delivery.add_signing_secrets(connection, BOX, rows, NOW_US)
    assert rows[0]["secrets"] and rows[1]["secrets"] == [], "the other receiver is not delayed"


def test_contacts_wait_for_a_missing_key_and_then_go_on(
    stage: Stage, new_receiver: Callable[[], Receiver], tmp_path: Path
) -> None:
    file = tmp_path / "secrets.key"
    create_file(file, FOREIGN)
    receiver = new_receiver()
    stage.receiver(receiver, "claims")
    stage.crash()
    stage.decide()
    usual = stage.settings
    stage.settings = usual.model_copy(update={"secrets_key": None, "secrets_key_file": file})
    with pytest.raises(Retry, match=f"sealed with key {KEY.id}"):
        stage.deliver()
    (waiting,) = stage.contacts(channel="webhook")
    assert (waiting["state"], waiting["attempts"], receiver.hits) == ("pending", 0, [])
    write_file(file, (FOREIGN, KEY))
    stage.deliver()
    assert [hit.verified for hit in receiver.hits] == [0]


def test_a_new_database_gets_a_key_file_once_however_many_start(
    new_database: Callable[[], str], tmp_path: Path
) -> None:
    url = new_database()
    failed: list[Exception] = []

    def start(state: Path) -> None:
        try:
            with connect(url) as connection:
                secrets.prepare(
                    connection, box_of(Settings(state_dir=state, secrets_key="")), NOW_US
                )
        except KeyMissing as error:
            failed.append(error)

    here, elsewhere = tmp_path / "here", tmp_path / "elsewhere"
    threads = [threading.Thread(target=start, args=(here,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    (key,) = box_of(Settings(state_dir=here, secrets_key="")).all_keys()
    with connect(url) as connection:
        assert [id_ for id_, _ in sealing.registered(connection)] == [key.id]
    start(elsewhere)
    assert len(failed) == 1 and key.id in str(failed[0]), "another machine needs a copy of the file"
    assert not (elsewhere / "secrets.key").exists()


def test_every_text_column_that_may_be_a_secret_is_sealed(connection: Connection) -> None:
    """A column of that name stands in the list, so that rotation reaches it."""
    found = connection.execute(
        "select table_schema || '.' || table_name || '.' || column_name "
        "from information_schema.columns where table_schema in ('access', 'contacts', 'customers', "
        "'pipeline') and data_type in ('text', 'bytea') "
        "and column_name ~ '(^|_)(secret|password|totp|token|sealed)$'"
    ).fetchall()
    # A link's text is made by the database, read by contacts only, and deleted when it is sent.
    # A claim's password is sealed with the claim's code, which only its holder has.
    clear = {"access.mail.token", "access.device_claim.sealed"}
    assert {name for (name,) in found} - clear <= {column.name for column in COLUMNS}


def test_the_commands(database: str, tmp_path: Path) -> None:
    given = {
        "TACHOWATT_SECRETS_KEY": "", "TACHOWATT_DATABASE_URL": database,
        "TACHOWATT_STATE_DIR": str(tmp_path / "state"),
    }  # fmt: skip

    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return process.run(*arguments, folder=tmp_path, **(given | environment))

    migrated = run("db", "migrate")
    assert migrated.returncode == 0 and "created" in migrated.stdout + migrated.stderr
    key_file = tmp_path / "state" / "secrets.key"
    first = box_of(Settings(state_dir=tmp_path / "state", secrets_key="")).all_keys()[0]
    with connect(database) as connection:
        connection.execute("insert into customers.tenant (tenant, name) values ('t', 'T')")
    added = run("receiver", "add", "r", "https://example.com/x", "--for", "insurer")
    assert added.returncode == 0, added.stderr
    rotated = run("secrets", "rotate", "--json")
    assert json.loads(rotated.stdout)["values"] == 1, rotated.stderr
    status = json.loads(run("secrets", "status", "--json").stdout)
    assert [(key["seals"], key["values"]) for key in status["keys"]] == [(True, 1), (False, 0)]
    assert first.text not in json.dumps(status)
    other = run("secrets", "new-key").stdout
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}=\n", other)
    wrong = run("receiver", "rotate", "r", TACHOWATT_SECRETS_KEY=other)
    assert wrong.returncode != 0 and "TACHOWATT_SECRETS_KEY_FILE" in wrong.stderr
    assert "Traceback" not in wrong.stderr
    assert json.loads(run("secrets", "reseal", "--json").stdout)["values"] == 0
    assert json.loads(run("secrets", "prune", "--json").stdout) == {"keys": [first.id]}
    assert key_file.stat().st_mode & 0o777 == 0o600
