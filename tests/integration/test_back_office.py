"""The back office: lines answered one by one, dry run, once only, and changes without a gap."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services import back_office, registry_changes
from services.back_office import Kind, Result
from store.people import changes, registry
from store.people.changes import Forgotten
from store.postgres.pool import Connection, connect, scalar
from store.postgres.roles import READER
from tests.fix_api import Api, problem
from tests.fix_registry import NOW_US


def _lines(*rows: Any) -> bytes:
    return b"\n".join(row if isinstance(row, bytes) else json.dumps(row).encode() for row in rows)


def _send(api: Api, path: str, body: bytes, key: str | None = None) -> Any:
    headers = {**api.seeded.bearer("back_office"), "Content-Type": "application/x-ndjson"}
    if key is not None:
        headers["Idempotency-Key"] = key
    return api.client.post(path, headers=headers, content=body)


def _results(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [one["result"] for one in answer.json()["data"]]


def test_each_line_is_answered(api: Api) -> None:
    lines = _lines(
        {"id": "bo-1", "name": "Anna", "external_ids": {"crm": "A-1"}},
        b"{not json",
        {"id": "bo-2", "name": "Ben", "language": "fr"},
        {"id": "bo-3", "name": "Cleo", "external_ids": {"crm": "A-1"}},
        {"id": "bo-4", "name": "Dora", "kind": "company"},
        {"id": "bo-4", "name": "Dora GmbH", "kind": "company"},
    )
    dry = _send(api, "/v1/customers?dry_run=true", lines)
    expected = ["created", "refused", "refused", "refused", "created", "updated"]
    assert _results(dry) == expected and dry.json()["dry_run"] is True
    done = _send(api, "/v1/customers", lines, "bulk-1")
    assert _results(done) == expected, "a dry run says what the real one does"
    assert done.json()["data"][2]["errors"][0]["field"] == "language"
    assert "external_id" in done.json()["data"][3]["errors"][0]["message"]
    again = _send(api, "/v1/customers", lines, "bulk-1")
    assert again.json() == done.json() and again.headers["idempotency-replayed"] == "true"
    problem(
        _send(api, "/v1/customers", _lines({"id": "x"}), "bulk-1"), 422, "idempotency_key_reused"
    )
    problem(_send(api, "/v1/customers", lines), 400, "idempotency_key_missing")
    anew = _send(api, "/v1/customers", lines, "bulk-2")
    assert _results(anew) == ["unchanged", "refused", "refused", "refused", "updated", "updated"]


def test_a_contract_of_nobody_is_refused_and_the_others_are_written(api: Api) -> None:
    contract = {"kind": "motor", "vehicle": "v0", "valid_from": "2026-03-01T00:00:00Z"}
    answer = _send(
        api, "/v1/contracts",
        _lines({"id": "bo-k1", "customer": "c0", **contract},
               {"id": "bo-k2", "customer": "nobody", **contract},
               {"id": "bo-k3", "customer": "c0", **contract, "valid_to": "2026-02-01T00:00:00Z"}),
        "contracts-1",
    )  # fmt: skip
    assert _results(answer) == ["created", "refused", "refused"]
    with connect(api.seeded.url) as connection:
        connection.execute("delete from customers.contract where contract like 'bo-%'")
        registry.bump(connection)
        connection.commit()


def test_an_assignment_overrules_only_where_it_says_so(api: Api) -> None:
    row = {
        "device": "car1", "vehicle": "v2",
        "valid_from": "2026-03-01T00:00:00Z", "valid_to": "2026-03-02T00:00:00Z",
    }  # fmt: skip
    refused = _send(api, "/v1/assignments", _lines(row), "a-1")
    assert refused.json()["data"][0]["errors"][0]["field"] == "correct"
    corrected = _lines({**row, "correct": True})
    assert _results(_send(api, "/v1/assignments", corrected, "a-2")) == ["updated"]
    assert _results(_send(api, "/v1/assignments", corrected, "a-3")) == ["unchanged"]
    back = _lines({**row, "vehicle": "v1", "correct": True})
    assert _results(_send(api, "/v1/assignments", back, "a-4")) == ["updated"]
    with connect(api.seeded.url) as connection:
        rows = "select count(*) from customers.assignment a join customers.device d "
        rows += "using (device_id) where d.device = 'car1'"
        assert scalar(connection, rows) == 1, "the periods have joined again"


def test_a_field_is_changed_and_the_others_stay(api: Api) -> None:
    headers = api.seeded.bearer("back_office")
    _send(api, "/v1/vehicles", _lines({"id": "bo-v", "name": "Van", "plate": "TW-A 1"}), "v-1")
    path = "/v1/vehicles/bo-v"
    answer = api.client.patch(path, headers=headers, json={"external_ids": {"crm": "7"}})
    assert _results(answer) == ["updated"]
    with connect(api.seeded.url) as connection:
        found = back_office.current(connection, "t1", Kind.VEHICLES, ["bo-v"])["bo-v"]
    assert found == {"id": "bo-v", "name": "Van", "plate": "TW-A 1", "external_ids": {"crm": "7"},
                     "attributes": {}}  # fmt: skip
    said = problem(api.client.patch(path, headers=headers, json={"colour": "red"}), 422, "invalid")
    assert said["errors"][0]["field"] == "body.colour"
    problem(api.client.patch(path, headers=headers, json={"id": "x"}), 422, "invalid")
    problem(api.client.patch("/v1/vehicles/none", headers=headers, json={}), 404, "not_found")


def _follow(api: Api, after: str | None) -> Iterator[dict[str, Any]]:
    """All changes after a cursor, three a page."""
    while True:
        query = {"limit": "3", **({"after": after} if after else {})}
        page = api.client.get(
            "/v1/changes", params=query, headers=api.seeded.bearer("back_office")
        ).json()
        yield from page["data"]
        if not page["pagination"]["has_next_page"]:
            return
        after = page["pagination"]["end_cursor"]


def test_a_snapshot_and_the_changes_after_it(api: Api) -> None:
    headers, after, found = api.seeded.bearer("back_office"), None, {}
    first = ""
    while True:
        query = {"limit": "7", **({"after": after} if after else {})}
        page = api.client.get("/v1/changes/snapshot", params=query, headers=headers).json()
        found |= {(one["kind"], one["object"]): one["data"] for one in page["data"]}
        first = first or page["changes_after"]
        assert page["changes_after"] == first
        if not page["pagination"]["has_next_page"]:
            break
        after = page["pagination"]["end_cursor"]
    assert found[("customer", "c0")]["name"] == "Customer 0"
    assert found[("assignment", "car0")][0]["subject"] == "vehicle:v0"
    assert not [name for _, name in found if name.startswith("zz")], "another tenant's"
    _send(api, "/v1/meters", _lines({"id": "bo-m", "number": "77"}), "m-1")
    _send(api, "/v1/meters", _lines({"id": "bo-m", "number": "78"}), "m-2")
    seen = [one for one in _follow(api, first) if one["object"] == "bo-m"]
    assert [one["type"] for one in seen] == ["meter.created", "meter.updated"]
    assert seen[-1]["data"]["number"] == "78" and len({one["id"] for one in seen}) == 2


def test_a_cursor_behind_what_was_forgotten_names_the_snapshot(api: Api) -> None:
    headers = api.seeded.bearer("back_office")
    first = api.client.get("/v1/changes", params={"limit": "1"}, headers=headers).json()
    cursor = first["pagination"]["end_cursor"]
    with connect(api.seeded.url) as connection:
        connection.execute("delete from customers.change")
        connection.commit()
    gone = api.client.get("/v1/changes", params={"after": cursor}, headers=headers)
    assert "/v1/changes/snapshot" in problem(gone, 410, "changes_forgotten")["resolution"]
    empty = api.client.get("/v1/changes", headers=headers).json()
    assert empty["data"] == []
    with connect(api.seeded.url) as connection:
        connection.execute("update customers.tenant set name = 'Two' where tenant = 't2'")
        connection.execute("delete from customers.change")
        connection.commit()
    after = {"after": empty["pagination"]["end_cursor"]}
    moved = api.client.get("/v1/changes", params=after, headers=headers)
    assert moved.status_code == 410, "it had not moved on since others changed something"
    quiet = api.client.get("/v1/changes", headers=headers).json()["pagination"]["end_cursor"]
    with connect(api.seeded.url) as connection:
        connection.execute("update customers.tenant set name = 'Three' where tenant = 't2'")
        connection.commit()
    again = api.client.get("/v1/changes", params={"after": quiet}, headers=headers).json()
    with connect(api.seeded.url) as connection:
        connection.execute("delete from customers.change")
        connection.commit()
    kept = {"after": again["pagination"]["end_cursor"]}
    assert again["data"] == [] and kept != {"after": quiet}
    assert api.client.get("/v1/changes", params=kept, headers=headers).status_code == 200


# ── transactions that overlap ───────────────────────────────────────────────────────────────────

WRITERS = 4
_step = st.tuples(st.integers(0, WRITERS - 1), st.sampled_from(["write", "commit", "roll", "read"]))


@given(st.lists(_step, min_size=5, max_size=40))
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_nothing_is_missed_and_nothing_comes_twice(registered: str, steps: list[Any]) -> None:
    """Writers begin, commit and roll back in any order, and a reader follows all the while."""
    writers = [connect(registered) for _ in range(WRITERS)]
    pending: list[list[str]] = [[] for _ in range(WRITERS)]
    committed: list[str] = []
    try:
        with connect(registered, role=READER) as reader:
            reader.execute("select set_config('tachowatt.tenants', '{t1}', false)")
            cursor = (registry_changes.begin(reader) - 1, 2**63 - 1)
            reader.commit()
            found: list[str] = []

            def read() -> None:
                nonlocal cursor
                while page := registry_changes.after(reader, "t1", cursor, 2):
                    for one in page:
                        assert one.change is not None
                        if one.kind == "vehicle":
                            found.append(one.object)
                        cursor = (one.change.xid, one.change.change_id)
                reader.commit()

            for number, (writer, what) in enumerate(steps):
                connection = writers[writer]
                if what == "write":
                    name = f"w{NOW_US}{len(committed)}{number}"
                    _vehicle(connection, name)
                    pending[writer].append(name)
                elif what == "commit":
                    connection.commit()
                    committed += pending[writer]
                    pending[writer] = []
                elif what == "roll":
                    connection.rollback()
                    pending[writer] = []
                else:
                    read()
            for writer, connection in enumerate(writers):
                connection.commit()
                committed += pending[writer]
            read()
            assert sorted(found) == sorted(committed)
            reader.execute("rollback")
    finally:
        for connection in writers:
            connection.close()
        with connect(registered) as connection:
            connection.execute("delete from customers.vehicle where vehicle like 'w%'")
            connection.commit()


def _vehicle(connection: Connection, name: str) -> None:
    connection.execute(
        "insert into customers.vehicle (tenant, vehicle, name) values ('t1', %s, 'Car')", (name,)
    )


def test_a_cursor_of_another_database_is_refused(registered: str) -> None:
    with connect(registered) as connection, pytest.raises(Forgotten):
        changes.page(connection, "t1", (2**62, 0), 1)


def test_many_rows_with_one_that_is_refused(registered: str) -> None:
    rows = [{"id": f"many-{i}", "name": "Car"} for i in range(2_500)]
    rows[1_234]["plate"] = "\ud800"
    with connect(registered) as connection:
        found = back_office.apply(connection, "t1", Kind.VEHICLES, rows, NOW_US)
        assert [one.result for one in found].count(Result.CREATED) == 2_499
        assert found[1_234].result is Result.REFUSED
        assert scalar(connection, "select count(*) from customers.vehicle") == 2_502
