"""What a phone keeps without a connection and sends later: done once, and never lost."""

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.fix_api import Api
from tests.integration.test_matter import done, link_of, opened, phone, photo, plan
from tests.pages import sign_in, token_of

__all__ = ["phone"]
STEP = "final-reading"
JSON = {"accept": "application/json"}


@pytest.fixture
def moving(api: Api, phone: httpx.Client) -> tuple[str, str, dict[str, str]]:
    """A case whose customer is to enter a reading: its id, the path of its page, the form."""
    case = opened(api, "moving-house", "c3")
    done(api, case, "dates", {"move_out": "2026-12-15", "stays_customer": False})
    path = link_of(api, case)
    token = token_of(phone.get(path).text)
    form = {"csrf": token, "step": STEP, "times": "1", "action": "complete",
            "field.final_kwh": "100"}  # fmt: skip
    return case, path.partition("?")[0], form


def events(api: Api, case: str) -> list[tuple[str, str]]:
    return [(event["event"], event["step"]) for event in plan(api, case)["events"]]


def send(phone: httpx.Client, path: str, form: dict[str, str], key: str, **more: Any) -> Any:
    return phone.post(path, data={**form, "key": key}, headers=JSON, **more)


def test_an_action_that_is_sent_again_is_done_once(
    api: Api, phone: httpx.Client, moving: tuple[str, str, dict[str, str]]
) -> None:
    case, path, form = moving
    for _ in range(3):
        answer = send(phone, path, form, "aaaaaaaa-1")
        assert answer.status_code == 200 and answer.json() == {"result": "done"}
    assert events(api, case).count(("complete", STEP)) == 1
    other = send(phone, path, {**form, "field.final_kwh": "5"}, "aaaaaaaa-1")
    assert other.status_code == 422, "a key is for one action"


def test_the_same_action_twice_at_once_is_done_once(
    api: Api, phone: httpx.Client, moving: tuple[str, str, dict[str, str]]
) -> None:
    case, path, form = moving
    begin = threading.Barrier(4)

    def one(_: int) -> str:
        begin.wait()
        return str(send(phone, path, form, "bbbbbbbb-1").json()["result"])

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(one, range(4))) == {"done"}
    assert events(api, case).count(("complete", STEP)) == 1


def test_what_comes_too_late_with_other_values_is_an_exception_that_names_both(
    api: Api, phone: httpx.Client, moving: tuple[str, str, dict[str, str]]
) -> None:
    case, path, form = moving
    done(api, case, STEP, {"final_kwh": 120})
    for _ in range(2):
        assert send(phone, path, form, "cccccccc-1").json() == {"result": "conflict"}
    found = plan(api, case)
    assert found["data"]["final_kwh"] == 120, "not the last writer wins"
    (why,) = found["exceptions"]
    assert "100" in why and "120" in why
    assert "sort-out" in found["next"]


def test_the_same_values_too_late_are_no_conflict(
    api: Api, phone: httpx.Client, moving: tuple[str, str, dict[str, str]]
) -> None:
    case, path, form = moving
    done(api, case, STEP, {"final_kwh": 100})
    assert send(phone, path, form, "dddddddd-1").json() == {"result": "done"}
    assert plan(api, case)["exceptions"] == []


def test_what_can_never_be_done_is_refused_and_changes_nothing(
    api: Api, phone: httpx.Client, moving: tuple[str, str, dict[str, str]]
) -> None:
    case, path, form = moving
    before = events(api, case)
    for wrong in (
        {"field.final_kwh": "-5"}, {"field.final_kwh": "many"}, {"step": "dates"},
        {"step": "nothing"}, {"times": "x"}, {"csrf": "x"},
    ):  # fmt: skip
        answer = send(phone, path, {**form, **wrong}, "eeeeeeee-1")
        assert answer.status_code in (403, 422), wrong
    for key in ("", "short", "x" * 70, "ffffffff-ü"):
        assert send(phone, path, form, key).status_code == 422
    assert events(api, case) == before
    assert send(phone, path, form, "eeeeeeee-1").json() == {"result": "done"}


def test_a_photo_that_comes_late_is_kept(api: Api, phone: httpx.Client) -> None:
    case = opened(api, "reading-dispute", "c3")
    done(api, case, "claimed", {"reading_kwh": 12.0, "reading_date": "2026-11-29"})
    link = link_of(api, case)
    token, path = token_of(phone.get(link).text), link.partition("?")[0]
    form = {"csrf": token, "step": "photo", "document": "meter-photo"}
    for _ in range(2):
        answer = send(
            phone, f"{path}/files", form, "abababab-1",
            files={"file": ("a.jpg", photo(), "image/jpeg")},
        )  # fmt: skip
        assert answer.json() == {"result": "done"}, answer.text
    done(api, case, "photo", {"readable": True})
    late = send(
        phone, f"{path}/files", form, "abababab-2",
        files={"file": ("b.jpg", photo("green"), "image/jpeg")},
    )  # fmt: skip
    assert late.json() == {"result": "done"}
    assert len(api.get(f"/v1/cases/{case}/files", "agent").json()["data"]) == 2


def test_the_answer_to_an_agent_says_what_became_of_the_case(api: Api, phone: httpx.Client) -> None:
    sign_in(phone, api.seeded.keys[("own", "agent")])
    path = f"/cases/{opened(api, 'complaint')}"

    def said(action: str, key: str, **more: str) -> Any:
        page = phone.get(path).text
        base = re.search(r'name="base" value="([^"]+)"', page)
        form = {"csrf": token_of(page), "action": action, "base": base[1] if base else "", **more}
        answers = [send(phone, path, form, key).json() for _ in range(2)]
        assert answers[0] == answers[1], "also when it is sent again"
        return answers[0]

    assert said("note", "11111111-1", text="Called.") == {"result": "done", "notice": "noted"}
    assert said("voicemail", "11111111-2")["notice"] == "call_again"
    assert said("reached", "11111111-3")["notice"] == "case_resolved"
    late = said("voicemail", "11111111-4", base="what somebody saw before")
    assert late == {"result": "conflict"}
