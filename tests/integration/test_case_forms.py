"""Forms of a case: what was refused is still there, and a wrong outcome can be undone."""

import html
import itertools
from collections.abc import Iterator

import httpx
import pytest

from tests.fix_api import Api
from tests.pages import HTML, sign_in, token_of
from tests.patience import patient

_numbers = itertools.count()
WORDS = "The bill of <June> is too high, & nobody answered."


@pytest.fixture
def agent(api: Api) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=api.url, headers=HTML, timeout=patient(20.0)) as client:
        sign_in(client, api.seeded.keys[("own", "agent")])
        yield client


def complaint(api: Api) -> str:
    body = {"type": "complaint", "side": "insurer", "customer": "c1"}
    answer = api.post("/v1/cases", "agent", body, Idempotency_Key=f"forms-{next(_numbers)}")
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def post(client: httpx.Client, path: str, under: str = "", **fields: str) -> httpx.Response:
    token = token_of(client.get(path).text)
    return client.post(path + under, data={"csrf": token, **fields})


def test_a_refused_step_keeps_what_was_entered(api: Api, agent: httpx.Client) -> None:
    path = f"/cases/{complaint(api)}"
    sent = {"step": "record", "field.words": WORDS, "field.about": "weather"}
    answer = post(agent, path, "/steps", action="complete", **sent)
    assert answer.status_code == 422 and 'role="alert"' in answer.text
    assert html.escape(WORDS, quote=False) in answer.text
    assert "is still here" in answer.text
    sent["field.about"] = "bill"
    again = agent.post(
        f"{path}/steps", data={"csrf": token_of(answer.text), "action": "complete", **sent}
    )
    assert again.status_code == 303


def test_a_step_that_others_have_done_shows_what_was_entered(api: Api, agent: httpx.Client) -> None:
    case = complaint(api)
    path = f"/cases/{case}"
    old = token_of(agent.get(path).text)
    body = {"action": "complete", "data": {"words": "First.", "about": "bill"}}
    assert api.post(f"/v1/cases/{case}/steps/record", "supervisor", body).status_code == 200
    sent = {"step": "record", "field.words": WORDS, "field.about": "bill", "version": "1"}
    answer = agent.post(f"{path}/steps", data={"csrf": old, "action": "complete", **sent})
    assert answer.status_code == 412 and html.escape(WORDS, quote=False) in answer.text
    assert "Somebody has changed the case" in answer.text


def test_a_refused_note_of_a_call_keeps_its_text(api: Api, agent: httpx.Client) -> None:
    path = f"/cases/{api.seeded.own['own'].crash_case}"
    answer = post(agent, path, action="voicemail", text=WORDS, call_back_at="2020-01-01T10:00")
    assert answer.status_code == 409
    assert html.escape(WORDS) in answer.text or html.escape(WORDS, quote=False) in answer.text
    passed = post(agent, path, "/owner", action="delegate", to="nobody", text=WORDS)
    assert passed.status_code == 409 and html.escape(WORDS, quote=False) in passed.text


def test_a_wrong_outcome_is_undone_with_the_plan(api: Api, agent: httpx.Client) -> None:
    case = complaint(api)
    path = f"/cases/{case}"
    names = ("state", "owner", "outcome", "attempts", "deadline", "call_back_at", "resolution")
    before = api.get(f"/v1/cases/{case}", "agent").json()
    plan = api.get(f"/v1/cases/{case}/steps", "agent").json()
    assert post(agent, path, action="reached", text="All is clear.").status_code == 303
    resolved = api.get(f"/v1/cases/{case}", "agent").json()
    assert resolved["state"] == "resolved"
    assert api.get(f"/v1/cases/{case}/steps", "agent").json()["state"] == "terminated"
    assert api.post(f"/v1/cases/{case}/outcome/undo", "back_office").status_code == 409
    assert "You recorded: Reached." in agent.get(path).text
    assert post(agent, path, action="undo").status_code == 303
    after = api.get(f"/v1/cases/{case}", "agent").json()
    assert {n: after[n] for n in names} == {n: before[n] for n in names}
    now = api.get(f"/v1/cases/{case}/steps", "agent").json()
    assert (now["state"], now["next"]) == (plan["state"], plan["next"])
    assert [e["text"] for e in after["entries"] if e["kind"] == "undone"] == ["reached"]
    assert api.post(f"/v1/cases/{case}/outcome/undo", "agent").status_code == 409, "only once"


def test_an_outcome_after_which_something_happened_stays(api: Api) -> None:
    case = complaint(api)
    path, body = f"/v1/cases/{case}", {"outcome": "voicemail"}
    assert api.post(f"{path}/outcome", "agent", body).status_code == 200
    assert api.post(f"{path}/outcome/undo", "supervisor").status_code == 200, "also others'"
    assert api.post(f"{path}/outcome/undo", "supervisor").status_code == 409, "there is none"
