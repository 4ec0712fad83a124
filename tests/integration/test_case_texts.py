"""Notes, forms, reasons, resolutions and photos of a case are sealed with its customer's key."""

import io
import json
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from app.cli import cli
from app.servers.postgres import client_program
from customer_context.cases.case_state import What
from customer_context.cases.outcomes import OUTCOMES, possible
from runtime.errors import NotFound
from services import (
    case_fields,
    case_files,
    case_flow,
    case_steps,
    own_values,
    privacy_export,
    timeline,
)
from services.customer_keys import CustomerKeys
from services.timeline import Filter
from store.postgres import roles
from store.postgres.pool import Connection, connect
from tests.fix_registry import NOW_US
from tests.fix_roles import Town
from tests.integration.test_erasure import places_with
from tests.secret_keys import BOX

TENANT, CUSTOMER, AGENT = "t1", "c3", "anna"
PLANTED = "zebrafink"
"""Is in every text that a person writes here, and nowhere else."""
SAID = f"The {PLANTED} moved"


def written(connection: Connection, customer: str | None = CUSTOMER) -> tuple[str, str, str]:
    """A move, a complaint that is resolved, and a dispute with a photo, full of texts."""

    def open_(type_id: str) -> str:
        row = case_steps.open_(
            connection, TENANT, type_id, AGENT, NOW_US, customer=customer, side="utility"
        )
        return str(row["case_id"])

    def act(case: str, what: What, item: str = "", text: str = "", **data: object) -> None:
        case_steps.act(
            connection, TENANT, case, AGENT, NOW_US, what, item=item, data=data, text=text
        )

    move = open_("moving-house")
    act(move, What.COMPLETE, "dates", move_out="2026-12-15", stays_customer=True)
    act(move, What.COMPLETE, "new-address", address=f"{PLANTED}gasse 1", move_in="2026-12-16")
    case_fields.write(
        connection, TENANT, move, AGENT, "final-reading", 1, "final_kwh", f"1{PLANTED}", 0, NOW_US
    )
    act(move, What.EXCEPTION, text=SAID)
    case_flow.note(connection, TENANT, move, AGENT, SAID, NOW_US)
    complaint = open_("complaint")
    case_flow.change(
        connection, TENANT, complaint, AGENT, NOW_US, state="resolved", resolution=SAID
    )
    dispute = open_("reading-dispute")
    act(dispute, What.COMPLETE, "claimed", reading_kwh=12.0, reading_date="2026-11-29")
    out = io.BytesIO()
    Image.new("RGB", (8, 6), "red").save(out, "JPEG")
    case_files.add(
        connection, BOX, TENANT, dispute, AGENT, "photo", "meter-photo", out.getvalue(), NOW_US
    )
    connection.commit()
    return move, complaint, dispute


def read(connection: Connection, cases: tuple[str, str, str]) -> dict[str, Any]:
    """What people see of these cases."""
    roles.set_tenant_scope(connection, (TENANT,))
    move, complaint, dispute = cases
    plan = case_steps.plan_of(connection, TENANT, move)
    shown = case_flow.visible(connection, TENANT, None, complaint)
    row = case_flow.visible(connection, TENANT, None, move)
    assert plan is not None and shown is not None and row is not None
    fields = case_fields.of_case(connection, plan, TENANT, move)
    file = case_files.of_case(connection, TENANT, dispute)[0]["file_id"]
    return {
        "address": plan.state.data.get("address"),
        "exceptions": plan.state.exceptions,
        "texts": [event["text"] for event in plan.events if event["text"]],
        "notes": [one["text"] for one in case_flow.diary(connection, row) if one["kind"] == "note"],
        "entered": [one.accepted.value for one in fields.values()],
        "resolution": shown["resolution"],
        "photo": case_files.content(connection, BOX, TENANT, dispute, file).content[:2],
    }


def found(connection: Connection, words: str) -> set[str]:
    page = timeline.read(connection, BOX, TENANT, CUSTOMER, Filter(kinds=["case"]), words=words)
    return {entry.id for entry in page.entries}


def in_clear(connection: Connection) -> set[str]:
    return {place for place in places_with(connection, PLANTED) if place.startswith("contacts.")}


def test_what_people_write_is_unreadable_without_the_key(town: Town) -> None:
    with connect(town.url) as connection:
        cases = written(connection)
        assert in_clear(connection) == set()
        seen = read(connection, cases)
        assert seen["address"] == f"{PLANTED}gasse 1" and seen["entered"] == [f"1{PLANTED}"]
        assert SAID in seen["exceptions"] and SAID in seen["texts"] and seen["notes"] == [SAID]
        assert seen["resolution"] == SAID and seen["photo"] == b"\xff\xd8"
        assert found(connection, PLANTED) == found(connection, f'"{SAID}"') == {cases[1]}
        assert found(connection, f"complaint -{PLANTED}") == set()
        page = timeline.read(connection, BOX, TENANT, CUSTOMER, Filter(kinds=["case"]))
        assert SAID in {entry.text for entry in page.entries}
        connection.execute("delete from privacy.customer_key where customer = %s", (CUSTOMER,))
        with pytest.raises(NotFound, match="key"):
            read(connection, cases)
        connection.execute("delete from contacts.case_file")
        plan = case_steps.plan_of(connection, TENANT, cases[0])
        assert plan is not None and plan.state.data == {}
        assert SAID not in str(plan) and PLANTED not in str(plan.events)
        assert found(connection, PLANTED) == set()


def test_an_undone_resolution_is_not_found_any_more(town: Town) -> None:
    with connect(town.url) as connection:
        case, code = next(
            (row["case_id"], code)
            for row in case_flow.list_(connection, TENANT)
            for code in possible(row)
            if OUTCOMES[code].ends and row["state"] != "resolved" and row["withdrawn"] is None
        )
        done = case_flow.outcome(connection, TENANT, case, AGENT, NOW_US, code, note=SAID)
        assert done["resolution"] == SAID and in_clear(connection) == set()
        after = case_flow.undo_outcome(connection, TENANT, case, AGENT, NOW_US + 1)
        assert after["resolution"] is None
        words = connection.execute(
            "select words from contacts.service_case where case_id = %s", (case,)
        ).fetchone()
        assert words == (None,) and in_clear(connection) == set()


def test_the_copy_for_the_customer_has_the_texts(town: Town) -> None:
    with connect(town.url) as connection:
        written(connection)
        out = io.BytesIO()
        privacy_export.write(connection, BOX, TENANT, CUSTOMER, out, NOW_US)
    with zipfile.ZipFile(out) as archive:
        tables = {
            name: json.loads(archive.read(f"json/contacts.{name}.json"))
            for name in ("case_entry", "case_event", "case_field", "case_plan", "service_case")
        }
    for name, rows in tables.items():
        assert PLANTED in json.dumps(rows), name
        assert "own1:" not in json.dumps(rows), name
    plan = next(row for row in tables["case_plan"] if row["case_type"] == "moving-house")
    assert plan["data"]["address"] == f"{PLANTED}gasse 1"


def test_texts_of_before_are_sealed_and_read_as_they_were(town: Town) -> None:
    with connect(town.url) as connection:
        own_values.seal(connection, BOX, NOW_US)
        cases = written(connection)
        before = read(connection, cases)
        # As an earlier version has stored them.
        clear(connection, cases)
        assert in_clear(connection) >= {
            "contacts.case_entry", "contacts.case_event", "contacts.case_field",
            "contacts.case_plan", "contacts.service_case",
        }  # fmt: skip
        assert found(connection, PLANTED) == {cases[1]}
        waiting = own_values.count(connection)
        assert waiting > 5
        connection.commit()
        assert own_values.seal(connection, BOX, NOW_US) == waiting
        assert own_values.count(connection) == 0 and in_clear(connection) == set()
        assert read(connection, cases) == before
        assert found(connection, PLANTED) == {cases[1]}


def clear(connection: Connection, cases: tuple[str, str, str]) -> None:
    """Open in the tables what is sealed of these cases."""
    move, complaint, dispute = cases
    plan = case_steps.plan_of(connection, TENANT, move)
    assert plan is not None
    for statement, values in (
        (
            "update contacts.case_entry set text = %s where case_id = %s and kind = 'note'",
            (SAID, move),
        ),
        ("update contacts.case_field set value = %s where case_id = %s", (f"1{PLANTED}", move)),
        (
            "update contacts.case_plan set data = %s, state = %s where case_id = %s",
            (json.dumps(plan.state.data), json.dumps(plan.state.to_json()), move),
        ),
        (
            "update contacts.service_case set resolution = %s, words = null where case_id = %s",
            (SAID, complaint),
        ),
    ):
        connection.execute(statement.encode(), values)
    for event in plan.events:
        connection.execute(
            "update contacts.case_event set text = %s, changes = %s, effects = %s "
            "where case_id = %s and number = %s",
            (
                event["text"], json.dumps(event["changes"]), json.dumps(event["effects"]), move,
                event["number"],
            ),
        )  # fmt: skip
    row = connection.execute(
        "select file_id, key from contacts.case_file where case_id = %s", (dispute,)
    ).fetchone()
    assert row is not None
    bound_to = f"contacts.case_file.key:{row[0]}"
    key = CustomerKeys(BOX).open(connection, row[1], bound_to)
    connection.execute(
        "update contacts.case_file set key = %s where file_id = %s",
        (BOX.seal(key, bound_to), row[0]),
    )


def test_an_older_backup_has_no_text_in_clear_and_brings_none_back(
    town: Town, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TACHOWATT_DATABASE_URL", town.url)
    monkeypatch.setenv("TACHOWATT_STATE_DIR", str(tmp_path))
    with connect(town.url) as connection:
        written(connection)
        assert places_with(connection, PLANTED) == {}
    file, program = tmp_path / "backup", client_program("pg_restore")
    cli(["backup", str(file), "--json"], standalone_mode=False)
    done = subprocess.run(
        [str(program), "--file=-", str(file)], capture_output=True, text=True, check=True
    )
    assert "case_entry" in done.stdout and PLANTED not in done.stdout
    cli(["erase", f"{TENANT}/{CUSTOMER}", "--json"], standalone_mode=False)
    cli(["restore", str(file), "--replace", "--json"], standalone_mode=False)
    with connect(town.url) as connection:
        left = connection.execute(
            "select (select count(*) from privacy.customer_key where customer = %(c)s) + "
            "(select count(*) from contacts.service_case where customer = %(c)s)",
            {"c": CUSTOMER},
        ).fetchone()
        assert left == (0,)
