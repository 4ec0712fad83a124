"""Cases with a type over a real store: opened, done by the API, due once, on their own version."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from customer_context.cases.case_state import What
from services import case_flow, case_steps, case_types, rule_versions
from store.casework import case_plans, cases
from store.postgres.pool import Connection, connect, scalar
from tests.fix_api import Api
from tests.fix_registry import NOW_US
from tests.pages import HTML, send, sign_in, token_of
from tests.patience import patient

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


def activated(api: Api, digest: str, kind: str = "case_type") -> None:
    """Ask as a supervisor, approve as data protection, bring it into force as who asked."""
    body = {"kind": f"{kind}.activate", "subject": f"{kind}:{digest}", "reason": "better"}
    asked = api.post("/v1/approvals", "person supervisor", body, **once())
    assert asked.status_code == 201, asked.text
    path = f"/v1/approvals/{asked.json()['id']}"
    assert api.post(f"{path}/activate", "person supervisor").status_code == 409
    own = api.post(f"{path}/approve", "person supervisor", {})
    assert own.status_code in (403, 409), own.text
    assert api.post(f"{path}/approve", "person data_protection", {}).status_code == 200
    with httpx.Client(base_url=api.url, headers=HTML, timeout=patient(20.0)) as client:
        sign_in(client, api.seeded.keys[("own", "data_protection")])
        assert "Difference to what is in force" in client.get(path.removeprefix("/v1")).text
    done = api.post(f"{path}/activate", "person supervisor")
    assert done.status_code == 200 and done.json()["state"] == "executed", done.text
    assert api.post(f"{path}/activate", "person supervisor").status_code == 409


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
    activated(api, recorded.json()["digest"])
    after = api.get(f"/v1/cases/{case}/steps", "agent").json()
    assert after == before
    newest = opened(api)
    assert api.get(f"/v1/cases/{newest}/steps", "agent").json()["next"] == ["write-down"]
    activated(api, case_types.shipped()["complaint"].digest)
    assert api.get(f"/v1/cases/{opened(api)}/steps", "agent").json()["next"] == ["record"]
    assert api.get(f"/v1/cases/{newest}/steps", "agent").json()["next"] == ["write-down"]


def test_rules_of_each_kind_are_recorded_by_the_api_and_come_into_force(api: Api) -> None:
    def versions(kind: str, id_: str) -> list[dict[str, Any]]:
        rows = api.get(f"/v1/rules?kind={kind}", "supervisor").json()["data"]
        assert {row["kind"] for row in rows} == {kind}
        return [row for row in rows if row["id"] == id_]

    for kind, id_ in (("case_type", "contract-change"), ("playbook", "score-changed"),
                      ("action", "motor")):  # fmt: skip
        (file,) = versions(kind, id_)
        assert file["in_force"] and file["recorded_at"] is None
        shown = api.get(f"/v1/rules/{kind}/{file['digest']}", "data_protection").json()
        assert shown["difference"] == "" and shown["id"] == id_
        text = shown["text"].replace(f"version: {file['version']}", "version: 77", 1)
        wrong = {"text": text.replace("title:", "titles:", 1)}
        refused = api.post("/v1/rules", "person supervisor", wrong, **once())
        assert refused.status_code == 422 and "title" in refused.text
        key = once()
        made = api.post("/v1/rules", "person supervisor", {"text": text}, **key)
        again = api.post("/v1/rules", "person supervisor", {"text": text}, **key)
        assert made.status_code == again.status_code == 201 and made.json() == again.json()
        new = made.json()
        assert (new["kind"], new["id"], new["version"], new["in_force"]) == (kind, id_, 77, False)
        assert new["approval"] == {
            "kind": f"{kind}.activate", "subject": f"{kind}:{new['digest']}",
        }  # fmt: skip
        found = api.get(f"/v1/rules/{kind}/{new['digest']}", "operator").json()
        assert found["text"] == text and "+version: 77" in found["difference"]
        activated(api, new["digest"], kind)
        assert [row["version"] for row in versions(kind, id_) if row["in_force"]] == [77]
        activated(api, file["digest"], kind)  # back, as a rollback does
        now = [row["digest"] for row in versions(kind, id_) if row["in_force"]]
        assert now == [file["digest"]]
    other = api.get(f"/v1/rules/case_type/{new['digest']}", "operator")
    assert other.status_code == 404, "it is the digest of another kind"
    assert api.post("/v1/rules", "agent", {"text": text}, **once()).status_code == 403


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
    case_type = rule_versions.record(connection, "t1", case_types.CASE_TYPE, text, "anna", NOW_US)
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


def test_an_agent_opens_a_case_and_does_its_steps_on_pages(api: Api) -> None:
    with httpx.Client(base_url=api.url, headers=HTML, timeout=patient(20.0)) as client:
        sign_in(client, api.seeded.keys[("own", "agent")])
        assert "moving-house" in client.get("/customers/c1").text
        opening = {"type": "complaint", "side": "insurer"}
        made = send(client, "/customers/c1", "/customers/c1/cases", **opening)
        assert made.status_code == 303, made.text[:2000]
        path = made.headers["location"].split("?")[0]

        def step(id_: str, **fields: str) -> httpx.Response:
            named = {f"field.{name}": value for name, value in fields.items()}
            return post({"action": "complete", "step": id_, **named})

        def post(data: dict[str, str]) -> httpx.Response:
            token = token_of(client.get(path).text)
            return client.post(f"{path}/steps", data={"csrf": token, **data})

        page = client.get(path).text
        assert "I am sorry." in page and 'name="field.words"' in page
        assert step("record", about="weather").status_code == 422
        assert step("record", words="Too high.", about="bill").status_code == 303
        odd = {"action": "exception", "text": "Moves abroad."}
        assert post(odd).status_code == 303
        page = client.get(path).text
        assert "Moves abroad." in page
        assert page.index('id="step-sort-out"') < page.index('id="step-examine"')
        assert step("sort-out", decision="Write a letter.").status_code == 303
        assert step("examine", justified="1").status_code == 303
        assert step("compensate", compensation_eur="12,5").status_code == 303
        assert step("answer", answer_text="You are right.").status_code == 303
        assert "resolved" in client.get(path).text


def test_every_step_of_every_type_has_its_form_on_the_page(
    api: Api, connection: Connection
) -> None:
    """Each human step of each shipped type is rendered as an agent's form, in both languages."""
    from api.pages.case_steps import Shown
    from api.pages.frame.formats import Formats
    from api.pages.frame.texts import Texts
    from api.pages.frame.view import _ENVIRONMENT
    from customer_context.cases.case_state import CaseState, ItemState, State
    from customer_context.cases.case_types import Kind
    from customer_context.cases.engine import open_steps

    class View:
        csrf = "token"

    template = _ENVIRONMENT.from_string(
        '{% import "case_steps.html" as steps with context %}'
        "{% for item in plan.next %}{{ steps.form(plan, case, item) }}{% endfor %}"
        "{{ steps.stages(plan) }}"
    )
    rendered = 0
    for case_type in case_types.shipped().values():
        state = CaseState(items={id_: ItemState(State.ACTIVE) for id_ in case_type.items})
        for language in ("de", "en"):
            plan = case_steps.Plan(case_type, state, [], None)
            shown = Shown(plan, open_steps(case_type, state), language, language)
            html = template.render(
                plan=shown, case={"case_id": "x", "version": 1}, view=View(),
                t=Texts(language), f=Formats(language, "Europe/Berlin"),
            )  # fmt: skip
            for item in case_type.items.values():
                assert getattr(item.spec.title, language) in html.replace("&#39;", "'"), item.id
                if item.kind == Kind.HUMAN:
                    assert f'id="step-{item.id}"' in html
                for field in item.form:
                    assert f'name="field.{field.name}"' in html
                    rendered += 1
    assert rendered > 50
