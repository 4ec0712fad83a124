"""Custom attributes: declared, typed, a part of their objects, and shown where a purpose allows."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.cli import cli
from contracts.attributes import AttributeType, problem_of
from runtime.errors import NotAllowed, Usage
from services import attributes, back_office, consent
from services.back_office import Kind, Result
from store.people.attributes import Attribute
from store.postgres.pool import Connection, connect
from tests.fix_api import Api, problem
from tests.fix_registry import NOW_US
from tests.fix_roles import Town

LABEL = {"de": "Stufe", "en": "Level"}
LEVEL = Attribute("customer", "level", "choice", ("blue", "gold"), None, LABEL)
SCORE = Attribute("customer", "risk", "number", (), "driving_score", LABEL)


def _write(connection: Connection, *rows: dict[str, Any]) -> list[Result]:
    return [one.result for one in back_office.apply(connection, "t1", Kind.CUSTOMERS, rows, NOW_US)]


def test_a_value_is_a_part_of_its_object(town: Town) -> None:
    with connect(town.url) as connection:
        attributes.declare(connection, "t1", LEVEL)
        row = {"id": "at-1", "name": "Anna", "attributes": {"level": "gold"}}
        assert _write(connection, row) == [Result.CREATED]
        assert _write(connection, row, {"id": "at-1", "name": "Anna"}) == [Result.UNCHANGED] * 2
        found = back_office.current(connection, "t1", Kind.CUSTOMERS, ["at-1"])["at-1"]
        assert found["attributes"] == {"level": "gold"}
        wrong = back_office.apply(
            connection, "t1", Kind.CUSTOMERS,
            [{**row, "attributes": {"level": "red"}}, {**row, "attributes": {"size": 1}}], NOW_US,
        )  # fmt: skip
        assert [one.errors[0].field for one in wrong] == ["attributes.level", "attributes.size"]
        changed = back_office.change(
            connection, "t1", Kind.CUSTOMERS, "at-1", {"attributes": {"level": None}}, NOW_US
        )
        assert changed.result is Result.UPDATED
        found = back_office.current(connection, "t1", Kind.CUSTOMERS, ["at-1"])["at-1"]
        assert found["attributes"] == {} and found["name"] == "Anna"
        with pytest.raises(NotAllowed, match="name all choices"):
            attributes.declare(
                connection, "t1", Attribute("customer", "level", "choice", ("gold",), None, LABEL)
            )
        with pytest.raises(NotAllowed, match="has the type choice"):
            attributes.declare(
                connection, "t1", Attribute("customer", "level", "text", (), None, LABEL)
            )


def test_a_value_is_shown_while_its_purpose_is_granted(town: Town) -> None:
    with connect(town.url) as connection:
        for one in (LEVEL, SCORE):
            attributes.declare(connection, "t1", one)
        values = {"level": "blue", "risk": 7}
        _write(connection, {"id": "c0", "name": "Customer 0", "attributes": values})

        def shown(reader: str | None = None) -> dict[str, Any]:
            found = attributes.of_customer(connection, "t1", "c0", reader=reader)
            return {one.attribute.name: one.value for one in found}

        assert shown() == values
        consent.decide(
            connection, "t1", "c0", "driving_score", "withdrawn", NOW_US,
            notice_version="1", source="test",
        )  # fmt: skip
        assert shown() == {"level": "blue"}
        assert shown("c0") == values, "their own"


def test_the_api_declares_and_agents_see(api: Api) -> None:
    office, agent = api.seeded.bearer("back_office"), api.seeded.bearer("agent")
    body = {"type": "boolean", "label": {"de": "VIP", "en": "VIP"}}
    done = api.client.put("/v1/attributes/vehicle/electric", headers=office, json=body)
    assert done.status_code == 200, done.text
    bad = {**body, "choices": ["a"]}
    problem(api.client.put("/v1/attributes/meter/x", headers=office, json=bad), 422, "invalid")
    listed = api.client.get("/v1/attributes", headers=office).json()["data"]
    assert ("vehicle", "electric") in {(one["kind"], one["name"]) for one in listed}
    changed = api.client.patch(
        "/v1/vehicles/v0", headers=office, json={"attributes": {"electric": True}}
    )
    assert changed.json()["counts"]["updated"] == 1
    seen = api.client.get("/v1/customers/c0/attributes", headers=agent).json()["data"]
    assert [(one["object"], one["value"]) for one in seen] == [("v0", True)]


def test_a_file_declares(
    registered: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setenv("TACHOWATT_DATABASE_URL", registered)
    run: Callable[[list[str]], Any] = lambda arguments: cli(arguments, standalone_mode=False)  # noqa: E731
    file = tmp_path / "attributes.yaml"
    file.write_text("meter:\n  phase: {type: number, label: {de: Phase, en: Phase}}\n")
    run(["attributes", str(file)])
    assert "1 declared" in capsys.readouterr().out
    rows = tmp_path / "registry.yaml"
    rows.write_text("meters: [{tenant: t1, id: m0, number: N0, attributes: {phase: 3}}]\n")
    run(["import", str(rows)])
    capsys.readouterr()
    run(["attributes", "--json"])
    assert json.loads(capsys.readouterr().out)[0]["name"] == "phase"
    with connect(registered) as connection:
        found = back_office.current(connection, "t1", Kind.METERS, ["m0"])["m0"]
    assert found["attributes"] == {"phase": 3}
    rows.write_text("meters: [{tenant: t1, id: m0, number: N0, attributes: {phase: x}}]\n")
    with pytest.raises(Usage, match=r"attributes\.phase: expected a number"):
        run(["import", str(rows)])
    file.write_text("meter:\n  phase: {type: colour, label: {de: P, en: P}}\n")
    with pytest.raises(Usage, match=r"meter\.phase: type"):
        run(["attributes", str(file)])


values = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=12),
    st.dates().map(str), st.lists(st.integers(), max_size=2), st.just("blue"),
)  # fmt: skip


@given(st.sampled_from(list(AttributeType)), values)
def test_a_value_has_its_type(type_: AttributeType, value: Any) -> None:
    fits = problem_of(type_, ("blue",), value) is None
    expected = {
        "text": isinstance(value, str) and "\x00" not in value,
        "number": type(value) in (int, float) and abs(value) < 1e15,
        "boolean": type(value) is bool,
        "choice": value == "blue",
    }
    if type_ in expected:
        assert fits == expected[type_]
    else:
        assert not fits or (isinstance(value, str) and value[:4].isdigit())
