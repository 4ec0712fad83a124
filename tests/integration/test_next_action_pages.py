"""The next best action on a customer's page: its sentence, its reasons, and what became of it."""

import re
from collections.abc import Iterator

import httpx
import pytest

from tests.fix_api import Api
from tests.pages import sign_in, token_of
from tests.patience import patient

FACTS = {
    "facts": {
        "tariff.motor": {"value": "flat"},
        "driving.score": {"value": 92.0},
        "driving.observed_d": {"value": 80},
    }
}


@pytest.fixture
def agent(api: Api) -> Iterator[httpx.Client]:
    """An agent who is signed in."""
    with httpx.Client(base_url=api.url, timeout=patient(20.0)) as client:
        sign_in(client, api.seeded.keys[("own", "agent")])
        yield client


def test_an_offer_is_said_explained_and_accepted(api: Api, agent: httpx.Client) -> None:
    path = "/v1/customers/c0/facts"
    assert api.post(path, "back_office", FACTS, Idempotency_Key="f").status_code == 201
    asked = {"customer": "c0", "explain": True}
    by_api = api.post("/v1/decisions", "agent", asked).json()
    page = agent.get("/customers/c0").text
    assert by_api["winners"][0]["text"] in page.replace("&#39;", "'")
    assert page.count('<li id="r-') <= 5
    (decision,) = set(re.findall(r'href="/decisions/(\w+)"', page))
    assert decision == by_api["id"]  # page and API make the same decision
    why = agent.get(f"/decisions/{decision}").text
    for one in by_api["candidates"]:
        assert f"<code>{one['action']}</code>" in why
    assert "the same result" in why and "driving.score" in why
    known = why.partition('id="h-facts"')[2]
    assert "True" not in known and "False" not in known and "<dd>92.00 <span" in known
    data = {"csrf": token_of(page), "action": "safe-driver-discount", "outcome": "accepted"}
    done = agent.post(f"/decisions/{decision}", data=data)
    assert done.status_code == 303
    case = agent.get(done.headers["location"]).text
    assert "Contract change" in case
    again = agent.get("/customers/c0").text
    assert "Nothing to offer or advise now." in again and "Why nothing" in again
    (nothing,) = set(re.findall(r'href="/decisions/(\w+)"', again))
    why = agent.get(f"/decisions/{nothing}")
    assert why.status_code == 200 and "<code>safe-driver-discount</code>" in why.text


def test_a_customer_whose_purposes_are_not_granted_gets_nothing(
    api: Api, agent: httpx.Client
) -> None:
    page = agent.get(f"/customers/{api.seeded.own['quiet'].driver}").text
    assert "Nothing to offer or advise now." in page
    assert agent.get("/decisions/none").status_code == 404


def test_marketing_sees_all_actions_with_their_levers_and_what_came_of_them(api: Api) -> None:
    with httpx.Client(base_url=api.url, timeout=patient(20.0)) as client:
        sign_in(client, api.seeded.keys[("own", "marketing")])
        page = client.get("/actions").text
    assert "electricity / electricity-tariffs / ev-tariff" in page
    assert "saving.time_of_use_low_eur" in page and "Next best actions" in page
