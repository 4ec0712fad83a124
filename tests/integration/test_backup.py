"""The drill: back up, erase, restore the older backup; the erased stay erased."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.cli import cli
from runtime.errors import Stop, Usage
from store.postgres.pool import connect
from store.schema.migrate import applied
from tests.fix_roles import Town
from tests.integration.test_erasure import PLANTED, places_with, rename_devices
from tests.seed_api import OTHER

Run = Callable[..., dict[str, Any]]


@pytest.fixture
def run(
    town: Town, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Run:
    """`run("backup", file)`: the JSON that the command wrote."""
    monkeypatch.setenv("TACHOWATT_DATABASE_URL", town.url)
    monkeypatch.setenv("TACHOWATT_STATE_DIR", str(tmp_path))

    def run_(*arguments: object) -> dict[str, Any]:
        capsys.readouterr()
        cli([*map(str, arguments), "--json"], standalone_mode=False)
        return json.loads(capsys.readouterr().out)

    return run_


def test_a_restore_brings_back_all_but_the_erased(town: Town, run: Run, tmp_path: Path) -> None:
    own, other, file = town.seeded.own[OTHER], town.seeded.own["own"], tmp_path / "backup"
    with connect(town.url) as connection:
        rename_devices(connection)
        connection.commit()
        before = _counts(town)
    assert run("backup", file)["bytes"] > 10_000
    assert file.stat().st_mode & 0o077 == 0
    for customer in (own.driver, own.home):
        run("erase", f"t1/{customer}")
    with connect(town.url) as connection:  # what happens after the backup is lost
        connection.execute("delete from contacts.driver_score")
        connection.execute("update customers.customer set name = 'later'")
        connection.commit()
    with pytest.raises(Usage, match="--replace"):
        run("restore", file)
    done = run("restore", file, "--replace")
    assert done["clean"] and done["erasures"] == 2 and done["migrations"] == []
    assert done["erased_again"]["customers.customer"] == 2
    with connect(town.url) as connection:
        assert places_with(connection, PLANTED) == {}
        names = connection.execute("select count(*) from customers.customer where name = 'later'")
        assert names.fetchone() == (0,)
        row = connection.execute(
            "select count(*) from features.trip t join customers.assignment a using (device_id) "
            "where a.vehicle = %s",
            (other.vehicle,),
        ).fetchone()
        assert row is not None and row[0] > 0
    after = _counts(town)
    assert after["customers.customer"] == before["customers.customer"] - 2
    assert after["contacts.receiver"] == before["contacts.receiver"]
    assert run("erase", "verify")["clean"]


def test_a_file_that_is_no_backup_changes_nothing(town: Town, run: Run, tmp_path: Path) -> None:
    file = tmp_path / "no-backup"
    file.write_text("nothing")
    before = _counts(town)
    with pytest.raises(Stop, match="pg_restore failed"):
        run("restore", file, "--replace")
    assert _counts(town) == before
    with connect(town.url) as connection:
        assert applied(connection)


def _counts(town: Town) -> dict[str, int]:
    found = {}
    with connect(town.url) as connection:
        for table in ("customers.customer", "contacts.receiver", "contacts.contact"):
            row = connection.execute(f"select count(*) from {table}".encode()).fetchone()
            assert row is not None
            found[table] = int(row[0])
    return found
