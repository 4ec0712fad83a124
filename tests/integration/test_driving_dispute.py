"""A driver objects to a trip or an event; a person decides in a case, and the score follows."""

from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from customer_context.cases.case_state import What
from services import case_steps
from store.postgres import roles
from store.postgres.pool import connect
from store.postgres.times import from_us
from tests.fix_api import Api
from tests.fix_registry import NOW_US
from tests.integration.test_trip_counting import braking, score
from tests.pages import HTML, send, sign_in
from tests.patience import patient
from tests.seed_api import MINUTE_US

KEYS = count()


def post(api: Api, path: str, role: str, body: dict[str, Any]) -> httpx.Response:
    return api.post(path, role, body, **{"Idempotency-Key": f"dispute-{next(KEYS)}"})


def score_of(api: Api) -> float:
    with connect(api.seeded.url) as connection:
        roles.set_tenant_scope(connection, ("t1",))
        return score(connection)


def step(api: Api, case: str, item: str, **data: Any) -> httpx.Response:
    body = {"action": "complete", "data": data}
    return post(api, f"/v1/cases/{case}/steps/{item}", "person agent", body)


def state_of(api: Api, case: str, item: str) -> str:
    with connect(api.seeded.url) as connection:
        plan = case_steps.plan_of(connection, "t1", case)
    assert plan is not None
    return str(plan.state.items[item].state)


def test_an_accepted_objection_takes_the_trip_out(api: Api) -> None:
    own = api.seeded.own["own"]
    path = f"/v1/customers/{own.driver}/trips/{own.trip}/dispute"
    body = {"reason": "passenger", "words": "My sister drove."}
    before = score_of(api)
    made = post(api, path, "customer", body)
    assert made.status_code == 201, made.text
    case = made.json()["case"]
    assert post(api, path, "customer", {"reason": "passenger"}).json()["case"] == case
    assert score_of(api) == before, "nothing counts less before somebody has decided"
    assert state_of(api, case, "claimed") == "completed"
    decided = step(api, case, "decide", accepted=True)
    assert decided.status_code == 200, decided.text
    assert state_of(api, case, "take-out") == "completed"
    shown = api.get(f"/v1/cases/{case}", "agent").json()
    assert shown["state"] == "resolved" and shown["kind"] == "driving-dispute"
    notes = [entry["text"] for entry in shown["entries"]]
    assert "My sister drove." in notes and any("(passenger); score" in note for note in notes)
    (row,) = api.get(f"/v1/trips/{own.trip}/counting", "insurer").json()["data"]
    assert (row["decided_by"], row["case_id"]) == ("own agent person", case)
    answer = api.get(f"/v1/driving-scores?driver={own.driver}", "insurer").json()["data"][0]
    assert answer["score"] == score_of(api) != before
    back = post(api, f"/v1/trips/{own.trip}/counting", "insurer", {"counts": True})
    assert back.status_code == 201 and score_of(api) == before, "it can be undone"
    other = api.seeded.own["omar"]
    path = f"/v1/customers/{own.driver}/trips/{other.trip}/dispute"
    assert post(api, path, "customer", {"reason": "passenger"}).status_code == 404


def test_a_pothole_is_disputed_on_the_page_and_leaves_the_count(api: Api) -> None:
    own = api.seeded.own["own"]
    with connect(api.seeded.url) as connection:
        kind, at_us = braking(api.seeded, connection)
        connection.commit()
    before, path = score_of(api), f"/vehicles/{own.vehicle}?trip={own.trip}"
    what = f"{kind} {from_us(at_us).isoformat()}"
    with httpx.Client(base_url=api.url, timeout=patient(20.0), headers=HTML) as client:
        sign_in(client, api.seeded.keys["own", "customer"])
        assert 'value="again"' not in client.get(path).text, "who drove does not decide"
        sent = send(client, path, trip=own.trip, what=what, reason="pothole", action="out",
                    words="A hole in the road.")  # fmt: skip
        assert sent.status_code == 303 and sent.headers["location"].startswith("/my-case/")
    case = sent.headers["location"].split("/")[2].partition("?")[0]
    shown = api.get(f"/v1/cases/{case}/steps", "agent").json()
    assert shown["data"]["disputed"] == kind and shown["data"]["disputed_because"] == "pothole"
    assert step(api, case, "decide", accepted=True).status_code == 200
    assert score_of(api) > before


def test_an_agent_names_a_time_and_a_refused_objection_changes_nothing(api: Api) -> None:
    own = api.seeded.own["own"]
    start_us = int(own.trip.split("-")[1])
    opened = post(api, 
        "/v1/cases", "person agent",
        {"type": "driving-dispute", "customer": own.driver, "subject": f"vehicle:{own.vehicle}"},
    )  # fmt: skip
    assert opened.status_code == 201, opened.text
    case = opened.json()["case"]["id"] if "case" in opened.json() else opened.json()["id"]
    said = {"disputed": "trip", "disputed_because": "not_driving", "trip_day": "2019-02-03"}
    for wrong in ("12:00", "at noon"):
        refused = step(api, case, "claimed", **said, trip_time=wrong)
        assert refused.status_code == 422 and "trip_time" in refused.text
    local = from_us(start_us + MINUTE_US).astimezone(ZoneInfo("Europe/Berlin"))
    said |= {"trip_day": f"{local:%Y-%m-%d}", "trip_time": f"{local:%H:%M}"}
    taken = step(api, case, "claimed", **said)
    assert taken.status_code == 200, taken.text
    no_such = step(api, case, "claimed", **said | {"disputed": "speeding"})
    assert no_such.status_code in (409, 422)
    before = score_of(api)
    assert step(api, case, "decide", accepted=False).status_code == 200
    assert step(api, case, "refuse").status_code == 200
    assert score_of(api) == before
    assert api.get(f"/v1/cases/{case}", "agent").json()["state"] == "resolved"


def test_after_a_withdrawal_nothing_is_taken_out_and_people_sort_it_out(api: Api) -> None:
    """The last test of the module, because of the withdrawal."""
    own = api.seeded.own["own"]
    path = f"/v1/customers/{own.driver}/trips/{own.trip}/dispute"
    case = post(api, path, "customer", {"reason": "wrong_data"}).json()["case"]
    with connect(api.seeded.url) as connection:
        withdrawn = {"purpose": "driving_score", "state": "withdrawn", "notice_version": "1"}
        answer = post(api, f"/v1/customers/{own.driver}/consents", "customer", withdrawn)
        assert answer.status_code == 201, answer.text
        case_steps.act(
            connection, "t1", case, "anna", NOW_US + MINUTE_US, What.COMPLETE, item="decide",
            data={"accepted": True},
        )  # fmt: skip
        connection.commit()
    assert state_of(api, case, "take-out") == "failed"
    assert state_of(api, case, "sort-out") == "active"
