"""The same question by page, API, desk and command is the same decision: id, figures, next step."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import unescape
from itertools import count
from random import Random
from typing import Any

import httpx
import pytest

from app import cli
from runtime.clock import ManualClock
from services import actions, decisions, facts
from store.postgres.pool import Connection, connect
from store.postgres.roles import set_tenant_scope
from store.postgres.times import from_us
from tests.fix_api import Api
from tests.fix_registry import NOW_US
from tests.pages import sign_in
from tests.patience import patient

CUSTOMER, TENANT = "c0", "t1"
VALUES: dict[str, tuple[Any, ...]] = {
    "tariff.motor": ("flat", "mileage", "safe_driver"),
    "driving.score": (60.0, 85.0, 92.5, 99.0),
    "driving.observed_d": (30, 60, 90),
    "driving.year_km": (3_500.0, 6_999.5, 18_000.0),
    "vehicle.service_due_km": (-200.0, 640.0, 9_000.0),
    "vehicle.parked_outside": (True, False),
    "weather.hail_24h": (True, False),
    "weather.frost_24h": (True, False),
}


@dataclass(frozen=True)
class Same:
    """What must be the same. figures : action → priority, of the winners; says : the next step."""

    id: str
    figures: dict[str, float]
    says: list[str]


Ask = Callable[[], Same]
_later = count()
"""Facts of all tests of the module, which share a store: what is reported last is in force."""


def of(answer: dict[str, Any]) -> Same:
    won = answer["winners"]
    return Same(
        answer["id"], {one["action"]: one["priority"] for one in won}, [one["text"] for one in won]
    )


@pytest.fixture(scope="module")
def agent(api: Api) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=api.url, timeout=patient(20.0)) as client:
        sign_in(client, api.seeded.keys[("own", "agent")])
        yield client


@pytest.fixture(scope="module")
def desk(api: Api) -> str:
    """The path of a call whose caller is verified."""
    made = api.post("/v1/calls", "agent", {"number": "+491713920001"}, Idempotency_Key="c")
    assert made.status_code == 201, made.text
    with connect(api.seeded.url) as owner:
        owner.execute(
            "update contacts.call set customer = %s, state = 'open', verified_at = %s, "
            "verified_by = 'test', verified_how = 'code' where call_id = %s",
            (CUSTOMER, from_us(NOW_US), made.json()["id"]),
        )
        owner.commit()
    return str(made.json()["desk"])


def on_page(client: httpx.Client, path: str, connection: Connection) -> Same:
    """Read a page as a person does, and its figures behind *why*."""
    page = unescape(client.get(path).text)
    (id_,) = set(re.findall(r'href="/decisions/(\w+)"', page))
    why = unescape(client.get(f"/decisions/{id_}").text)
    set_tenant_scope(connection, (TENANT,))
    stored = decisions.explain(connection, TENANT, id_)
    connection.rollback()
    same = of(stored)
    assert all(says in page for says in same.says), "the sentence stands on the page"
    assert all(action in why for action in same.figures)
    assert stored["recomputed"] is True
    return same


def by_command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Same:
    monkeypatch.setattr(
        "sys.argv", ["tachowatt", "decision", "make", CUSTOMER, "--tenant", TENANT, "--json"]
    )
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert not ended.value.code
    return of(json.loads(capsys.readouterr().out))


@pytest.mark.parametrize("requests", [4, pytest.param(50, marks=pytest.mark.slow)])
def test_requests_are_the_same_decision_whoever_asks(
    requests: int,
    api: Api,
    agent: httpx.Client,
    desk: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("TACHOWATT_DATABASE_URL", api.seeded.url)
    monkeypatch.setattr("app.commands.decision.SystemClock", lambda: ManualClock(NOW_US))
    random, won = Random(requests), set[str]()
    with connect(api.seeded.url) as connection:
        for number in range(requests):
            at_us = NOW_US - 1_000 + next(_later)
            known = {name: random.choice(values) for name, values in VALUES.items()}
            given = [(name, value, at_us) for name, value in known.items()]
            set_tenant_scope(connection, (TENANT,))
            facts.report(connection, TENANT, CUSTOMER, given, "test", NOW_US)
            connection.commit()
            by_api = of(api.post("/v1/decisions", "agent", {"customer": CUSTOMER}).json())
            asked: dict[str, Ask] = {
                "page": lambda: on_page(agent, f"/customers/{CUSTOMER}", connection),
                "desk": lambda: on_page(agent, desk, connection),
                "command": lambda: by_command(monkeypatch, capsys),
            }
            for name, ask in asked.items():
                assert ask() == by_api, f"{name}, request {number}"
            won |= set(by_api.figures)
    assert len(won) >= 2, "the requests differ"
    assert won <= set(actions.in_use(None).by_id)


def test_an_action_that_no_message_may_offer_is_explained(api: Api, agent: httpx.Client) -> None:
    """What was rejected applies, but rules of contact or its places stop each of its messages."""
    known = {"tariff.motor": "flat", "driving.score": 99.0, "driving.observed_d": 90}
    at_us = NOW_US - 1_000 + next(_later)
    with connect(api.seeded.url) as connection:
        set_tenant_scope(connection, (TENANT,))
        given = [(name, value, at_us) for name, value in known.items()]
        facts.report(connection, TENANT, CUSTOMER, given, "test", NOW_US)
        connection.commit()
    asked = {"customer": CUSTOMER, "explain": True}
    made = api.post("/v1/decisions", "agent", asked).json()
    action = made["winners"][0]["action"]
    outcome = {"decision": made["id"], "action": action, "outcome": "rejected"}
    done = api.post("/v1/outcomes", "agent", outcome, Idempotency_Key="rejected")
    assert done.status_code in (200, 201), done.text
    again = api.post("/v1/decisions", "agent", asked).json()
    (fell,) = (one for one in again["candidates"] if one["action"] == action)
    assert fell["treatments"] and all(one["reason"] for one in fell["treatments"])
    why = agent.get(f"/decisions/{again['id']}")
    assert why.status_code == 200 and f"<code>{action}</code>" in why.text
