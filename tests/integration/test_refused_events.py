"""Events of back offices that were refused: listed, shown, written again or corrected, dropped."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from app.cli import cli
from runtime.errors import NotAllowed, NotFound
from services import refused_events, registry_events
from services.registry_events import Record
from store.people import customers, received_events
from store.postgres import roles
from store.postgres.pool import Connection, connect
from tests.fix_api import Api, problem
from tests.fix_registry import NOW_US

T1 = ["t1"]


def event(id_: str, data: Any, **more: Any) -> bytes:
    found = {
        "specversion": "1.0", "id": id_, "source": "/crm", "type": "customer.put", "tenant": "t1",
        "data": data, **more,
    }  # fmt: skip
    return json.dumps(found).encode()


def receive(connection: Connection, *values: bytes, first: int = 0) -> None:
    records = [Record("customers", 0, first + n, value) for n, value in enumerate(values)]
    registry_events.receive(connection, records, NOW_US)


def contract(id_: str, customer: str) -> bytes:
    row = {"id": "rk", "customer": customer, "kind": "motor", "vehicle": "v0",
           "valid_from": "2031-01-01T00:00:00Z"}  # fmt: skip
    return event(id_, row, type="contract.put")


def _number(connection: Connection, tenant: str = "t1") -> int:
    roles.set_tenant_scope(connection, (tenant,))
    (row,) = received_events.listed(connection, [tenant])
    return int(row["number"])


def _name(connection: Connection, customer: str) -> str | None:
    found = customers.person(connection, "t1", customer)
    return None if found is None else found.name


def test_what_was_refused_is_written_after_its_cause_is_mended(reader: Connection) -> None:
    receive(reader, contract("1", "later"))
    number = _number(reader)
    again = refused_events.retry(reader, T1, number, "ada", NOW_US)
    assert again.state == "refused" and again.errors, "the customer is not there yet"
    receive(reader, event("2", {"id": "later", "name": "Lea"}), first=1)
    done = refused_events.retry(reader, T1, number, "ada", NOW_US)
    assert (done.state, done.object) == ("applied", "rk")
    row = received_events.get(reader, T1, number)
    assert row is not None and row["body"] is None and row["settled_by"] == "ada"
    assert "foreign key" in row["reason"], "why it was refused stays"
    receive(reader, contract("1", "later"), first=2)
    assert received_events.listed(reader, T1) == [], "the event is known, however often it comes"
    with pytest.raises(NotAllowed, match="is applied"):
        refused_events.retry(reader, T1, number, "ada", NOW_US)


def test_a_correction_is_written_in_its_place(reader: Connection) -> None:
    receive(reader, event("1", {"id": "r1", "name": "Rosa", "language": "fr"}))
    number = _number(reader)
    wrong = event("1", {"id": "r1", "name": "Rosa", "language": "xx"})
    assert refused_events.retry(reader, T1, number, "ada", NOW_US, corrected=wrong).errors
    row = received_events.get(reader, T1, number)
    assert row is not None and b'"fr"' in row["body"], "the untouched bytes stay"
    right = event("1", {"id": "r1", "name": "Rosa", "language": "de"})
    done = refused_events.retry(reader, T1, number, "ada", NOW_US, corrected=right)
    assert done.state == "applied" and _name(reader, "r1") == "Rosa"


def test_bytes_that_are_no_event_are_corrected_under_the_id_of_the_new_one(
    reader: Connection,
) -> None:
    receive(reader, b"{nonsense")
    everybody = refused_events.everybody(reader)
    roles.set_tenant_scope(reader, everybody)
    number = _number(reader, "-")
    with pytest.raises(NotFound):
        refused_events.retry(reader, T1, number, "ada", NOW_US)
    right = event("77", {"id": "r2", "name": "Ruth"})
    done = refused_events.retry(reader, everybody, number, "ada", NOW_US, corrected=right)
    assert done.state == "corrected" and _name(reader, "r2") == "Ruth"
    assert received_events.known(reader, [("t1", "/crm", "77")])
    receive(reader, b"{nonsense too", first=5)
    other = _number(reader, "-")
    with pytest.raises(NotAllowed, match="received already"):
        refused_events.retry(reader, everybody, other, "ada", NOW_US, corrected=right)
    assert refused_events.drop(reader, everybody, other, "ada", NOW_US).state == "dropped"
    roles.set_tenant_scope(reader, everybody)
    row = received_events.get(reader, everybody, other)
    assert row is not None and row["body"] is None


def test_an_old_event_does_not_undo_a_later_one(reader: Connection) -> None:
    receive(reader, event("1", {"id": "r3", "name": "Old", "language": "fr"}))
    receive(reader, event("2", {"id": "r3", "name": "New"}), first=1)
    number = _number(reader)
    right = event("1", {"id": "r3", "name": "Old"})
    with pytest.raises(NotAllowed, match="later event has written 'r3'"):
        refused_events.retry(reader, T1, number, "ada", NOW_US, corrected=right)
    assert _name(reader, "r3") == "New"
    done = refused_events.retry(reader, T1, number, "ada", NOW_US, corrected=right, overrule=True)
    assert done.state == "applied" and _name(reader, "r3") == "Old"


def test_a_tenant_settles_its_own_events_only(reader: Connection) -> None:
    receive(reader, event("1", {"id": "r4", "name": "Rita", "language": "fr"}))
    number = _number(reader)
    with pytest.raises(NotFound):
        refused_events.retry(reader, ["t2"], number, "eve", NOW_US)
    with pytest.raises(NotFound):
        refused_events.drop(reader, ["t2"], number, "eve", NOW_US)
    elsewhere = event("1", {"id": "r4", "name": "Rita"}, tenant="t2")
    done = refused_events.retry(reader, T1, number, "eve", NOW_US, corrected=elsewhere)
    assert done.state == "refused" and "t2" in done.errors[0].message


def test_commands(registered: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TACHOWATT_DATABASE_URL", registered)
    with connect(registered) as connection:
        receive(connection, event("1", {"id": "r5", "name": "Rolf", "language": "fr"}), b"\xff")
        connection.commit()

    def run(*arguments: str) -> tuple[int, str]:
        result = CliRunner().invoke(cli, ["registry-event", *arguments], standalone_mode=False)
        assert result.exception is None, result.exception
        return result.return_value or 0, result.stdout

    listed = json.loads(run("list", "--json")[1])
    assert listed["refused"] == 2
    numbers = {row["tenant"]: str(row["number"]) for row in listed["events"]}
    assert json.loads(run("show", numbers["-"])[1])["body_hex"] == "ff"
    body = tmp_path / "event.json"
    assert "fr" in run("show", numbers["t1"], "--body", str(body))[1]
    body.write_bytes(body.read_bytes().replace(b'"fr"', b'"de"'))
    assert run("retry", "--all")[0] == 1, "nothing was mended"
    code, text = run("retry", numbers["t1"], "--event", str(body), "--json")
    assert code == 0 and json.loads(text)[0]["state"] == "applied"
    assert run("drop", numbers["-"]) == (0, f"event {numbers['-']} is dropped\n")
    assert json.loads(run("list", "--json")[1]) == {"refused": 0, "events": []}


def test_over_the_api(api: Api) -> None:
    with connect(api.seeded.url) as connection:
        receive(connection, event("api", {"id": "r6", "name": "Rae", "language": "fr"}))
        connection.commit()
    page = api.get("/v1/registry-events", "back_office").json()
    (row,) = [one for one in page["data"] if one["event_id"] == "api"]
    assert row["object"] == "r6" and "language" in row["reason"] and "text" not in row
    path = f"/v1/registry-events/{row['number']}"
    shown = api.get(path, "back_office").json()
    assert json.loads(shown["text"])["data"]["language"] == "fr"
    problem(api.get(path, "back_office", "zz"), 404, "not_found")
    again = api.post(f"{path}/retry", "back_office", {}).json()
    assert again["state"] == "refused" and again["errors"][0]["field"] == "language"
    right = json.loads(event("api", {"id": "r6", "name": "Rae"}))
    done = api.post(f"{path}/retry", "back_office", {"event": right})
    assert done.json()["state"] == "applied", done.text
    problem(api.post(f"{path}/drop", "back_office"), 409, "not_allowed_now")
