"""An export has everything that belongs to a customer, and nothing of others."""

import csv
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from app.cli import cli
from runtime.errors import Usage
from services.erasure import keys_of
from store.postgres.pool import connect
from store.privacy import erasure as store
from store.privacy.personal_data import of
from tests.fix_roles import Town
from tests.seed_api import FOREIGN, LATITUDES, OTHER


@pytest.fixture
def export(town: Town, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
           tmp_path: Path):  # fmt: skip
    """`export("t1/c0")`: the answer of the command, and the zip."""
    monkeypatch.setenv("TACHOWATT_DATABASE_URL", town.url)

    def run(customer: str) -> tuple[dict[str, Any], zipfile.ZipFile]:
        capsys.readouterr()
        file = tmp_path / "data.zip"
        cli(["privacy", "export", customer, "--out", str(file), "--json"], standalone_mode=False)
        assert file.stat().st_mode & 0o077 == 0
        return json.loads(capsys.readouterr().out), zipfile.ZipFile(file)

    return run


def test_an_export_has_all_rows_that_erasure_would_remove(town: Town, export) -> None:
    own = town.seeded.own["own"]
    answer, archive = export(f"t1/{own.driver}")
    with connect(town.url) as connection:
        counted = store.count(connection, keys_of(connection, "t1", own.driver))
    expected = {place: n for place, n in counted.items() if n and of(place).export}
    expected["customers.device"] = 1  # erasure leaves it
    assert answer["rows"] == expected
    for place, number in expected.items():
        rows = json.loads(archive.read(f"json/{place}.json"))
        table = list(csv.DictReader(io.StringIO(archive.read(f"csv/{place}.csv").decode())))
        assert len(rows) == len(table) == number
        assert set(rows[0]) == set(table[0]) and not set(of(place).hidden) & set(rows[0])
    samples = json.loads(archive.read("json/telemetry.vehicle_sample.json"))
    assert {row["lat_deg"] for row in samples} == set(LATITUDES)
    points = json.loads(archive.read("json/customers.contact_point.json"))
    assert points[0]["value"].startswith("+49171392"), "in clear"
    page = archive.read("index.html").decode()
    assert "Customer 0" in page and "sealed1:" not in page


def test_an_export_tells_nothing_of_others(town: Town, export) -> None:
    own = town.seeded.own["own"]
    _, archive = export(f"t1/{own.driver}")
    text = "".join(archive.read(name).decode() for name in archive.namelist()).lower()
    for other in (OTHER, FOREIGN):
        assert all(secret.lower() not in text for secret in town.seeded.own[other].secrets)
    with pytest.raises(Usage, match="no customer"):
        export("t1/nobody")
