"""Matching: pairs are proposed, people decide, and what they kept apart stays apart."""

import json
import re
from collections.abc import Callable, Iterator

import httpx
import pytest

from app.cli import cli
from customer_context.four_eyes.rule import Actor
from runtime.settings import Settings
from services import matching, merging
from services import sign_in as sign_in_as
from services.contact_points import NewPoint
from services.matching import Second, Thresholds
from store.people import match_pairs, merges, persons
from store.postgres.pool import Connection, connect
from store.postgres.times import from_us
from tests.fix_api import Api, problem
from tests.fix_registry import NOW_US, points
from tests.pages import HTML, send, sign_in, token_of
from tests.secret_keys import BOX

LIMITS = Thresholds(0.7, 0.97, 6, 100)


@pytest.fixture
def connection(registered: str) -> Iterator[Connection]:
    """c0 is entered again as x1, and once more as x2 without anything but the name."""
    with connect(registered) as found:
        for customer, name in (("x1", "Customer, Dr. Zero"), ("x2", "Zero Customer")):
            found.execute(
                "insert into customers.customer (tenant, customer, name, language) "
                "values ('t1', %s, %s, 'de')", (customer, name),
            )  # fmt: skip
        found.execute("update customers.customer set name = 'Zero Customer' where customer = 'c0'")
        for customer in ("c0", "x1"):
            points().record(
                found, NewPoint("t1", customer, "email", "zero@example.com"), "t", NOW_US
            )
        yield found
        found.rollback()


def _find(connection: Connection, *, dry_run: bool = False) -> matching.Found:
    return matching.find(connection, points(), "t1", LIMITS, NOW_US, dry_run=dry_run)


def test_a_pair_is_proposed_once_and_a_person_decides(connection: Connection) -> None:
    dry = _find(connection, dry_run=True)
    assert [(one.one, one.other) for one in dry.found] == [("c0", "x1")] and dry.new == 0
    assert matching.queue(connection, points(), "t1", NOW_US, limit=10) == []
    assert _find(connection).new == 1
    assert _find(connection).new == 0, "it waits already"
    (pair,) = matching.queue(connection, points(), "t1", NOW_US, limit=10)
    assert pair.one.customer == "c0" and pair.one.contracts == 1
    assert pair.agreement["email"] == 1.0
    assert merges.survivor_of(connection, "t1", "x1") is None, "nothing is merged by itself"
    done = matching.accept(connection, "t1", "x1", "c0", "c0", "Kim", NOW_US)
    assert (done.merged, done.survivor) == ("x1", "c0") and "e-mail" in done.reason
    assert matching.queue(connection, points(), "t1", NOW_US, limit=10) == []
    merging.split(connection, "t1", "x1", "two people", "Kim", NOW_US + 1)
    assert _find(connection).found == [], "who was split is not proposed again"


def test_what_was_kept_apart_is_not_proposed_again(connection: Connection) -> None:
    _find(connection)
    matching.reject(connection, "t1", "x1", "c0", "Kim", NOW_US)
    assert _find(connection).found == []
    with pytest.raises(merging.Refused, match="not the same"):
        merging.merge(connection, "t1", "x1", "c0", "why", "Kim", NOW_US)


def test_a_shared_address_is_no_sign(connection: Connection) -> None:
    matching.flag_shared(connection, points(), "t1", "ZERO@example.com", "shop", "Kim", NOW_US)
    assert _find(connection).found == []
    with pytest.raises(merging.Refused, match="used by others too"):
        merging.merge(connection, "t1", "x1", "c0", "why", "Kim", NOW_US)


def test_the_command_shows_and_writes(
    registered: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TACHOWATT_DATABASE_URL", registered)
    with connect(registered) as connection:
        connection.execute(
            "update customers.customer set name = 'Ada Zero', birth_date = '1980-01-02' "
            "where customer in ('c1', 'c2')"
        )
        connection.commit()
    run: Callable[[list[str]], None] = lambda arguments: cli(arguments, standalone_mode=False)  # noqa: E731
    run(["match", "--dry-run", "--json"])
    found = json.loads(capsys.readouterr().out)
    assert (found["found"], found["proposed"], found["dry_run"]) == (1, 0, True)
    assert found["best"][0]["agreement"]["birth_date"] == 1.0
    run(["match"])
    assert "1 new" in capsys.readouterr().out


def test_the_api_lists_accepts_and_rejects(api: Api) -> None:
    office = api.seeded.bearer("back_office")
    listed = api.client.get("/v1/matches?limit=1", headers=office).json()
    assert len(listed["data"]) == 1 and listed["pagination"]["has_next_page"]
    after = listed["pagination"]["end_cursor"]
    rest = api.client.get("/v1/matches", params={"after": after}, headers=office).json()["data"]
    pairs = {(one["one"]["id"], one["other"]["id"]) for one in [*listed["data"], *rest]}
    assert ("omar-driver", "omar-home") in pairs and len(pairs) == len(rest) + 1
    path = "/v1/matches/omar-driver/omar-home"
    assert all(one["needs_approval"] for one in [*listed["data"], *rest])

    def accept(who: str, key: str) -> httpx.Response:
        return api.post(f"{path}/accept", who, {"survivor": "omar-home"}, Idempotency_Key=key)

    refused = problem(accept("back_office", "match-1"), 409, "not_allowed_now")
    assert "second person" in refused["detail"]
    body = {
        "kind": "customer.merge", "subject": "customer:omar-driver:omar-home",
        "reason": "the same person, by the papers",
    }  # fmt: skip
    asked = api.post("/v1/approvals", "person supervisor", body, Idempotency_Key="match-3")
    assert asked.status_code == 201, asked.text
    id_ = asked.json()["id"]
    problem(accept("person supervisor", "match-4"), 409, "not_allowed_now")
    own = api.post(f"/v1/approvals/{id_}/approve", "person supervisor", {"note": ""})
    problem(own, 409, "not_allowed_now")
    approved = api.post(f"/v1/approvals/{id_}/approve", "person data_protection", {"note": ""})
    assert approved.status_code == 200, approved.text
    problem(accept("person back_office", "match-5"), 409, "not_allowed_now")
    done = accept("person supervisor", "match-6")
    assert done.status_code == 200, done.text
    assert api.get(f"/v1/approvals/{id_}", "supervisor").json()["state"] == "executed"
    problem(api.client.post(f"{path}/reject", headers=office), 409, "not_allowed_now")
    split = api.client.post(
        "/v1/customers/omar-driver/split", json={"reason": "two people"},
        headers={**office, "Idempotency-Key": "match-2"},
    )  # fmt: skip
    assert split.status_code == 200
    gone = api.client.post("/v1/matches/omar-driver/nobody/reject", headers=office)
    problem(gone, 404, "not_found")


def test_the_page_shows_a_pair_and_takes_the_decision(api: Api) -> None:
    with httpx.Client(base_url=api.client.base_url) as client:
        sign_in(client, api.seeded.keys[("own", "back_office")])
        page = client.get("/matches").text
        assert "quiet-driver" in page and "quiet-home" in page and "Doubtful pairs" in page
        pair = {"one": "quiet-driver", "other": "quiet-home"}
        answer = send(client, "/matches", "/matches", **pair)
        assert answer.status_code == 404, "neither"
        token = {"csrf": token_of(page), **pair, "action": "reject"}
        assert client.post("/matches", data=token).headers["location"].startswith("/matches")
        assert "quiet-driver" not in client.get("/matches").text


def test_a_doubtful_pair_is_merged_by_two_people_on_the_pages(api: Api) -> None:
    """Who asks gives a reason, the second one sees both records, and who asked merges."""

    def client(who: str) -> httpx.Client:
        found = httpx.Client(base_url=api.client.base_url, headers=HTML)
        with connect(api.seeded.url) as connection:
            account = persons.account(connection, api.seeded.people[("own", who)])
            assert account is not None
            opened = sign_in_as.open_session(connection, BOX, account, "password", "t", NOW_US)
            assert opened is not None
        found.cookies.set("tw_session", opened.token)
        return found

    with client("back_office") as office, client("data_protection") as officer:
        with connect(api.seeded.url) as connection:
            for customer in ("twin-1", "twin-2"):
                connection.execute(
                    "insert into customers.customer (tenant, customer, name, language) "
                    "values ('t1', %s, 'Twin', 'en')", (customer,),
                )  # fmt: skip
            match_pairs.propose(
                connection, "t1", [("twin-1", "twin-2", 0.75, {"name": 1.0})], from_us(NOW_US)
            )
            connection.commit()
        pair = {"one": "twin-1", "other": "twin-2", "survivor": "twin-1"}
        page = office.get("/matches").text
        assert "Ask a second person" in page and "They are one" not in page
        token = {"csrf": token_of(page), **pair}
        refused = office.post("/matches", data={**token, "action": "accept"})
        assert refused.status_code == 409, refused.text
        asked = office.post("/matches", data={**token, "action": "ask", "reason": "by the papers"})
        assert asked.status_code == 303, asked.text
        assert "has asked to merge them" in office.get("/matches").text
        listed = officer.get("/approvals").text
        # Others may wait there too, in any order: all were asked for at one time.
        paths = re.findall(r'href="(/approvals/[0-9a-f]{24})">Merge two customers', listed)
        pages = {path: officer.get(path).text for path in paths}
        (path, shown), *more = [each for each in pages.items() if "twin-1" in each[1]]
        assert not more and "twin-2" in shown and "by the papers" in shown
        done = officer.post(path, data={"csrf": token_of(shown), "action": "approve"})
        assert done.status_code == 303, done.text
        page = office.get("/matches").text
        assert "They are one" in page
        token = {"csrf": token_of(page), **pair, "action": "accept"}
        assert office.post("/matches", data=token).status_code == 303
    with connect(api.seeded.url) as connection:
        assert merges.survivor_of(connection, "t1", "twin-2") == "twin-1"


def test_a_tenant_sets_the_risk_from_which_two_decide(connection: Connection) -> None:
    assert _find(connection).new == 1
    (pair,) = matching.queue(connection, points(), "t1", NOW_US, limit=10)
    settings = Settings(match_four_eyes_below="t1=0,other=1")
    assert not pair.needs_second(matching.four_eyes_below(settings, "t1"))
    assert pair.needs_second(matching.four_eyes_below(settings, "other"))
    assert matching.four_eyes_below(settings, "third") == settings.match_sure_from
    machine = Actor(None, "t1", "back_office")
    with pytest.raises(matching.NeedsApproval, match="second person"):
        matching.accept(
            connection, "t1", "x1", "c0", "c0", "Kim", NOW_US, second=Second(machine, 1.0)
        )
    done = matching.accept(
        connection, "t1", "x1", "c0", "c0", "Kim", NOW_US, second=Second(machine, pair.score)
    )
    assert done.survivor == "c0"
