"""`tachowatt import --mapping`: columns of another system, dry run, restart, and clear errors."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from app.cli import cli
from app.operations import mapped_import
from app.operations.field_mapping import read_mapping
from runtime.errors import Usage
from store.postgres.pool import connect, scalar
from tests.fix_registry import NOW_US

MAPPING = """
tenant: t1
source: {format: csv, delimiter: ";"}
sections:
  customers:
    fields:
      id: Kunde
      name: {join: [Vorname, Name]}
      language: {column: Sprache, values: {D: de, E: en}, default: de}
    external_ids: {crm: CRM}
  vehicles:
    when: FIN
    fields: {id: FIN, name: FIN, plate: Kennzeichen}
  contracts:
    when: FIN
    fields:
      id: Vertrag
      customer: Kunde
      kind: {value: motor}
      vehicle: FIN
      valid_from: {column: Beginn, format: "%d.%m.%Y", zone: Europe/Berlin}
  devices:
    when: Box
    fields: {id: Box, kind: {value: vehicle}}
  assignments:
    when: Box
    fields:
      device: Box
      vehicle: FIN
      valid_from: {column: Beginn, format: "%d.%m.%Y", zone: Europe/Berlin}
"""
HEADER = "Kunde;Vorname;Name;Sprache;CRM;FIN;Kennzeichen;Vertrag;Beginn;Box"


def _row(i: int, **change: str) -> str:
    row = {
        "Kunde": f"n{i}", "Vorname": "Anna", "Name": f"Berger {i}", "Sprache": "D",
        "CRM": f"A-{i}", "FIN": f"F{i}", "Kennzeichen": f"TW {i}", "Vertrag": f"V{i}",
        "Beginn": "01.03.2026", "Box": f"x{i}",
    }  # fmt: skip
    return ";".join((row | change).values())


@pytest.fixture
def mapping(tmp_path: Path) -> Path:
    path = tmp_path / "crm.yaml"
    path.write_text(MAPPING, encoding="utf-8")
    return path


@pytest.fixture
def file(tmp_path: Path) -> Callable[..., Path]:
    def write(*rows: str) -> Path:
        path = tmp_path / "customers.csv"
        path.write_text("\n".join([HEADER, *rows]) + "\n", encoding="utf-8")
        return path

    return write


def _counts(url: str) -> dict[str, int]:
    with connect(url) as connection:
        return {
            table: scalar(connection, f"select count(*) from customers.{table}")
            for table in ("customer", "vehicle", "contract", "device", "assignment", "external_id")
        }


def test_a_dry_run_shows_what_the_import_does(
    registered: str, mapping: Path, file: Callable[..., Path], monkeypatch, capsys
) -> None:
    monkeypatch.setenv("TACHOWATT_DATABASE_URL", registered)
    rows = [_row(i) for i in range(20)] + [_row(20, FIN="", Box="")]
    command = ["import", str(file(*rows)), "--mapping", str(mapping), "--json"]

    def run(*more: str) -> dict:
        capsys.readouterr()
        cli([*command, *more], standalone_mode=False)
        return json.loads(capsys.readouterr().out)

    before = _counts(registered)
    dry = run("--dry-run")
    assert _counts(registered) == before
    done = run()
    assert dry["sections"] == done["sections"]
    assert done["sections"]["customers"] == {"created": 21, "updated": 0, "unchanged": 0}
    assert done["sections"]["contracts"]["created"] == 20
    again = run()
    assert again["sections"]["customers"] == {"created": 0, "updated": 0, "unchanged": 21}
    rows[3] = _row(3, Name="Bergér", Sprache="E")
    file(*rows)
    changed = run("--dry-run")
    assert changed["sections"]["customers"] == {"created": 0, "updated": 1, "unchanged": 20}
    with connect(registered) as connection:
        found = connection.execute(
            "select name, language, valid_from::text from customers.customer "
            "join customers.contract using (tenant, customer) where customer = 'n3'"
        ).fetchone()
    assert found == ("Anna Berger 3", "de", "2026-02-28 23:00:00+00")


def test_an_import_that_was_ended_goes_on(
    registered: str, mapping: Path, file: Callable[..., Path]
) -> None:
    path, checked = file(*(_row(i) for i in range(25))), read_mapping(mapping)

    class Killed(BaseException):
        pass

    chunks = 0

    def progress(read: int, size: int) -> None:
        nonlocal chunks
        chunks += 1
        if chunks == 3:
            raise Killed

    with pytest.raises(Killed):
        mapped_import.run(registered, path, checked, NOW_US, progress=progress, chunk=5)
    result = mapped_import.run(registered, path, checked, NOW_US, chunk=5)
    assert result.skipped == 15 and result.records == 25
    assert result.sections["customers"].created == 10
    assert _counts(registered)["external_id"] == 25
    whole = mapped_import.run(registered, path, checked, NOW_US, chunk=7)
    assert whole.skipped == 0 and whole.sections["customers"].unchanged == 25


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"Sprache": "F"}, "record 13: column 'Sprache': 'F' is none of D, E"),
        ({"Beginn": "2026-03-01"}, "record 13: column 'Beginn': '2026-03-01' is no %d.%m.%Y"),
        ({"Vertrag": "a b"}, "record 13: contracts, id"),
        ({"CRM": "A-7"}, "record 13: external_ids"),
        ({"Kennzeichen": "x" * 40}, "record 13: vehicles, plate"),
    ],
)
def test_an_error_names_record_and_place(
    registered: str, mapping: Path, file: Callable[..., Path], change: dict, message: str
) -> None:
    before = _counts(registered)
    rows = [_row(i) for i in range(30)]
    rows[12] = _row(12, **change)
    with pytest.raises(Usage, match=message):
        mapped_import.run(registered, file(*rows), read_mapping(mapping), NOW_US)
    assert _counts(registered) == before


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("id: Kunde", "idd: Kunde", "there is no field 'idd'"),
        ("{value: motor}", "{value: motor, column: x}", "one of value, column and join"),
        ("      vehicle: FIN\n      valid_from", "      valid_from", "assignments|contracts|FIN"),
        ('format: "%d.%m.%Y", ', "", "belong together"),
        ("  vehicles:", "  cars:", "there is no section 'cars'"),
        ("tenant: t1", "tenant: 'a b'", "tenant"),
        ("sections:", "sections: [", "not YAML"),
        ("      customer: Kunde\n", "", "the field 'customer' is missing"),
    ],
)
def test_a_mapping_is_checked(
    registered: str, mapping: Path, file: Callable[..., Path], old: str, new: str, message: str
) -> None:
    assert old in MAPPING
    mapping.write_text(MAPPING.replace(old, new), encoding="utf-8")
    with pytest.raises(Usage, match=message):
        mapped_import.run(registered, file(_row(1)), read_mapping(mapping), NOW_US)


def test_a_missing_column_is_named(registered: str, mapping: Path, tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("Kunde;Name\n1;2\n", encoding="utf-8")
    with pytest.raises(Usage, match="there is no column 'Beginn'"):
        mapped_import.run(registered, path, read_mapping(mapping), NOW_US)
