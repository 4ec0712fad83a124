"""Cases with a type over a real store: opened, done by the API, due once, on their own version."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from customer_context.cases.case_state import What
from services import case_flow, case_steps, case_types
from store.casework import case_plans, cases
from store.postgres.pool import Connection, connect, scalar
from tests.fix_api import Api
from tests.fix_registry import NOW_US

DAY_US = 24 * 3600 * 1_000_000
_numbers = iter(range(1_000))


def once() -> dict[str, str]:
    return {"Idempotency_Key": f"typed-{next(_numbers)}"}


@pytest.fixture
def connection(api: Api) -> Iterator[Connection]:
    with connect(api.seeded.url) as found:
        yield found


def opened(api: Api, type_: str = "complaint", **more: Any) -> str:
    body = {"type": type_, "side": "insurer", "customer": "c1", **more}
    answer = api.post("/v1/cases", "agent", body, **once())
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def do(api: Api, case: str, step: str, data: dict[str, Any], action: str = "complete") -> Any:
    return api.post(f"/v1/cases/{case}/steps/{step}", "agent", {"action": action, "data": data})


def test_a_complaint_from_its_opening_to_its_end(api: Api) -> None:
    case = opened(api)
    plan = api.get(f"/v1/cases/{case}/steps", "agent").json()
    assert plan["next"] == ["record"] and plan["state"] == "active"
    form = plan["stages"][0]["steps"][0]["form"]
    assert form["required"] == ["words", "about"]
    wrong = do(api, case, "record", {"words": "Too high.", "about": "weather"})
    assert wrong.status_code == 422 and "about" in wrong.json()["detail"]
    assert do(api, case, "answer", {"answer_text": "x"}).status_code == 409
    after = do(api, case, "record", {"words": "Too high.", "about": "bill"}).json()
    assert after["next"] == ["examine"] and after["data"]["about"] == "bill"
    row = api.get(f"/v1/cases/{case}", "agent").json()
    assert row["state"] == "in_progress" and row["deadline"] is not None
    assert do(api, case, "examine", {"justified": False}).json()["next"] == ["answer"]
    done = do(api, case, "answer", {"answer_text": "We have looked at it."}).json()
    assert done["state"] == "completed" and done["next"] == []
    assert api.get(f"/v1/cases/{case}", "agent").json()["state"] == "resolved"
    assert [event["event"] for event in done["events"]] == [
        "open",
        "complete",
        "complete",
        "complete",
    ]


def test_a_stale_reader_is_refused(api: Api) -> None:
    case = opened(api)
    tag = api.get(f"/v1/cases/{case}", "agent").headers["etag"]
    body = {"action": "exception", "text": "Moves abroad."}
    assert api.post(f"/v1/cases/{case}/plan", "agent", body, If_Match=tag).status_code == 200
    assert api.post(f"/v1/cases/{case}/plan", "agent", body, If_Match=tag).status_code == 412
    plan = api.get(f"/v1/cases/{case}/steps", "agent").json()
    assert plan["exceptions"] == ["Moves abroad."] and plan["next"] == ["record", "sort-out"]
    assert api.get(f"/v1/cases/{case}", "agent").json()["urgent"]


def test_a_case_of_another_side_or_tenant_is_not_there(api: Api) -> None:
    case = opened(api)
    assert api.get(f"/v1/cases/{case}/steps", "utility").status_code == 404
    assert api.get(f"/v1/cases/{case}/steps", "agent", "zz").status_code == 404
    assert do(api, "0" * 32, "record", {}).status_code == 404
    body = {"type": "complaint", "side": "insurer", "customer": "nobody"}
    assert api.post("/v1/cases", "agent", body, **once()).status_code == 404


def test_a_case_that_is_resolved_by_hand_ends_its_plan(api: Api, connection: Connection) -> None:
    case = opened(api)
    case_flow.change(connection, "t1", case, "anna", NOW_US, state="resolved")
    connection.commit()
    assert api.get(f"/v1/cases/{case}/steps", "agent").json()["state"] == "terminated"


def test_deadlines_fire_once_with_two_workers_and_a_clock_set_back(
    api: Api, connection: Connection
) -> None:
    made = [opened(api) for _ in range(6)]
    for case in made:
        assert do(api, case, "record", {"words": "x", "about": "bill"}).status_code == 200
    late_us = NOW_US + 30 * DAY_US
    begin = threading.Barrier(2)

    def worker(_: int) -> int:
        done = 0
        with connect(api.seeded.url) as own:
            begin.wait()
            while fired := case_steps.fire_due(own, late_us, limit=2):
                own.commit()
                done += fired
            own.commit()
        return done

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(worker, range(2)))
    # What a worker left because the other had it is done by the next look.
    case_steps.fire_due(connection, late_us)
    case_steps.fire_due(connection, NOW_US)  # the clock was set back
    case_steps.fire_due(connection, late_us)
    connection.commit()
    for case in made:
        events = case_plans.events(connection, case)
        fired = [
            effect for event in events for effect in event["effects"] if effect[0] == "escalate"
        ]
        assert fired == [["escalate", "examine", 1, "due"]], case
        row = cases.get(connection, "t1", case)
        assert row is not None and row["urgent"]


def test_a_running_case_keeps_its_version(api: Api, connection: Connection) -> None:
    case = opened(api)
    before = api.get(f"/v1/cases/{case}/steps", "agent").json()
    newer = case_types.shipped()["complaint"].text.replace("version: 1", "version: 2")
    newer = newer.replace("id: record", "id: write-down").replace("after: [record]", "after: []")
    body = {"text": newer}
    recorded = api.post("/v1/case-types", "person supervisor", body, **once())
    assert recorded.status_code == 201, recorded.text
    assert recorded.json()["version"] == 2 and not recorded.json()["in_force"]
    other = {"text": newer + "# another text\n"}
    refused = api.post("/v1/case-types", "person supervisor", other, **once())
    assert refused.status_code == 422 and "raise the version" in refused.json()["detail"]
    connection.execute(
        "insert into contacts.case_type_activation (tenant, case_type, digest, activated_at, "
        "activated_by, approved_by) values ('t1', 'complaint', %s, now(), 'anna', 'boris')",
        (recorded.json()["digest"],),
    )
    connection.commit()
    after = api.get(f"/v1/cases/{case}/steps", "agent").json()
    assert after == before
    newest = opened(api)
    assert api.get(f"/v1/cases/{newest}/steps", "agent").json()["next"] == ["write-down"]
    connection.execute("delete from contacts.case_type_activation")
    connection.commit()


def test_a_sub_case_completes_its_step(api: Api, connection: Connection) -> None:
    text = """\
id: two-in-one
version: 1
title: {de: Zwei, en: Two}
stages:
  - id: one
    title: {de: Eins, en: One}
    steps:
      - {id: complain, kind: case, type: complaint, title: {de: Beschwerde, en: Complaint}}
"""
    case_type = case_types.record(connection, "t1", text, "anna", NOW_US)
    case_steps.attach(
        connection, "t1", api.seeded.own["own"].alert_case, case_type, "anna", NOW_US, None
    )
    above = api.seeded.own["own"].alert_case
    sub = str(
        scalar(connection, "select case_id from contacts.case_plan where parent = %s", (above,))
    )
    for step, data in (
        ("record", {"words": "x", "about": "bill"}),
        ("examine", {"justified": False}),
        ("answer", {"answer_text": "y"}),
    ):
        case_steps.act(connection, "t1", sub, "anna", NOW_US, What.COMPLETE, item=step, data=data)
    plan = case_steps.plan_of(connection, "t1", above)
    assert plan is not None and plan.state.state == "completed"
    connection.rollback()
