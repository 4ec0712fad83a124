"""Weather that is imported: the same customer gets another action under other weather."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from app import cli
from app.operations.weather_file import read
from runtime.errors import Usage
from services import actions, decisions, facts
from services.decisions import Made
from store.postgres.roles import set_tenant_scope
from store.postgres.times import from_us
from tests.fix_contacts import TENANT, Stage


def know(stage: Stage, customer: str) -> None:
    """Facts with which the safe-driver discount wins, of a car that stands outside."""
    now_us = stage.clock.now_us()
    known = {
        "tariff.motor": "flat", "driving.score": 92.0, "driving.observed_d": 80,
        "vehicle.parked_outside": True,
    }  # fmt: skip
    set_tenant_scope(stage.connection, (TENANT,))
    given = [(name, value, now_us) for name, value in known.items()]
    facts.report(stage.connection, TENANT, customer, given, "test", now_us)
    stage.connection.commit()


def bright_sky(stage: Stage, **hour: Any) -> str:
    at = from_us(stage.clock.now_us()) + timedelta(hours=2)
    row = {"timestamp": at.isoformat(), "temperature": 4.5, "condition": "dry", **hour}
    return json.dumps({"weather": [row]})


def make(stage: Stage) -> Made:
    stage.connection.rollback()
    set_tenant_scope(stage.connection, (TENANT,))
    return decisions.make(
        stage.connection, TENANT, "c0", actions.in_use(None), place="agent", by="test",
        now_us=stage.clock.now_us(), dry_run=True,
    )  # fmt: skip


def winner(stage: Stage) -> str:
    return str(make(stage).winners[0]["action"])


def test_other_weather_is_another_action(
    stage: Stage,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    know(stage, "c0")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TACHOWATT_DATABASE_URL", stage.url)
    monkeypatch.setattr("app.commands.weather.SystemClock", lambda: stage.clock)
    file, places = tmp_path / "weather.json", tmp_path / "places.csv"

    def run(*arguments: str) -> tuple[int, str]:
        monkeypatch.setattr("sys.argv", ["tachowatt", "weather", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return int(ended.value.code or 0), capsys.readouterr().out

    assert winner(stage) == "safe-driver-discount"
    file.write_text(bright_sky(stage, condition="hail"))
    assert run("import", str(file), "--place", "50667", "--json")[0] == 0
    assert winner(stage) == "safe-driver-discount", "it is another place"
    places.write_text("customer,place\nc0,50667\n")
    assert run("places", str(places))[0] == 0
    assert winner(stage) == "hail-notice"
    file.write_text(bright_sky(stage))
    assert run("import", str(file), "--place", "50667")[0] == 0
    assert winner(stage) == "safe-driver-discount", "the forecast has changed"
    table = "time,temperature\n" + "\n".join(
        f"{(from_us(stage.clock.now_us()) + timedelta(hours=h)).isoformat()},-4.0" for h in range(3)
    )
    (tmp_path / "t.csv").write_text(table)
    assert run("import", str(tmp_path / "t.csv"), "--place", "50667")[0] == 0
    assert winner(stage) == "frost-notice"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[]", "expected a list `weather`"),
        ('{"weather": [{"timestamp": "2026-11-18T10:00"}]}', "a time with an offset"),
        ('{"weather": [{"timestamp": "2026-11-18T10:00Z", "temperature": "cold"}]}', "a number"),
    ],
)
def test_a_wrong_file_is_refused(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "weather.json"
    file.write_text(text)
    with pytest.raises(Usage, match=says):
        read(file, None)
