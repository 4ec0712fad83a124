"""Four eyes over the API, the pages and the command: a dead letter's body in full."""

import base64
import itertools
import json
from concurrent.futures import ThreadPoolExecutor

import httpx
import psycopg
import pytest

from app.cli import cli
from runtime.clock import ManualClock
from runtime.errors import NotAllowed, NotFound, Usage
from store.people import persons
from store.postgres.pool import connect
from tests.fix_api import Api, problem, running_api
from tests.fix_registry import NOW_US
from tests.patience import patient
from tests.seed_api import seed

_numbers = itertools.count()
ASK = {"kind": "dead_letter.reveal", "subject": "dead_letter:1", "reason": "a meter is silent"}


def ask(api: Api, who: str = "person operator", **changed: str) -> httpx.Response:
    key = f"ask-{next(_numbers)}"
    return api.post("/v1/approvals", who, {**ASK, **changed}, Idempotency_Key=key)


def decide(api: Api, id_: str, who: str, verdict: str = "approve") -> httpx.Response:
    return api.post(f"/v1/approvals/{id_}/{verdict}", who, {"note": "seen"})


def reveal(api: Api, id_: str, who: str = "person operator") -> httpx.Response:
    return api.post(f"/v1/approvals/{id_}/reveal", who)


def test_a_body_is_shown_once_after_a_second_person_approved(api: Api) -> None:
    asked = ask(api)
    assert asked.status_code == 201 and asked.json()["state"] == "waiting"
    id_ = asked.json()["id"]
    waiting = api.get("/v1/approvals?waiting=true", "data_protection").json()["data"]
    assert id_ in [one["id"] for one in waiting]
    problem(reveal(api, id_), 409, "not_allowed_now")
    approved = decide(api, id_, "person data_protection").json()
    assert approved["state"] == "approved"
    assert approved["decided_by"] == "own data_protection person"
    shown = reveal(api, id_)
    assert shown.headers["cache-control"] == "no-store"
    assert base64.b64decode(shown.json()["body_base64"]) == b"{}"
    assert shown.json()["approval"]["state"] == "executed"
    problem(reveal(api, id_), 409, "not_allowed_now")


def test_nobody_approves_what_they_asked_for(api: Api) -> None:
    id_ = ask(api).json()["id"]
    for who in ("person operator", "operator", "supervisor", "data_protection"):
        answer = decide(api, id_, who)
        assert answer.status_code == 409, who
    assert "yourself" in decide(api, id_, "person operator").json()["detail"]
    assert "person" in decide(api, id_, "data_protection").json()["detail"]
    assert api.get(f"/v1/approvals/{id_}", "operator").json()["state"] == "waiting"
    assert decide(api, id_, "person operator 2").status_code == 200


@pytest.mark.parametrize("who", ["person agent", "person marketing", "person customer", "insurer"])
def test_who_has_no_such_role_is_refused(api: Api, who: str) -> None:
    id_ = api.seeded.own["own"].approval
    problem(decide(api, id_, who), 403, "missing_scope")


def test_an_approver_who_may_not_ask_and_a_machine_that_may_not(api: Api) -> None:
    for who in ("person supervisor", "operator"):
        problem(ask(api, who), 409, "not_allowed_now")
    for subject in ("dead_letter:2", "dead_letter:3", "dead_letter:999"):
        problem(ask(api, subject=subject), 404, "not_found")


def test_others_requests_are_not_there(api: Api) -> None:
    foreign = api.seeded.own["zz"].approval
    problem(decide(api, foreign, "person data_protection"), 404, "not_found")
    problem(reveal(api, foreign), 404, "not_found")
    own = ask(api).json()["id"]
    decide(api, own, "person data_protection")
    problem(reveal(api, own, "person operator 2"), 409, "not_allowed_now")


def test_a_rejection_is_final(api: Api) -> None:
    id_ = ask(api).json()["id"]
    assert decide(api, id_, "person supervisor", "reject").json()["state"] == "rejected"
    problem(decide(api, id_, "person data_protection"), 409, "not_allowed_now")
    problem(reveal(api, id_), 409, "not_allowed_now")


def test_what_has_changed_has_to_be_asked_for_again(api: Api) -> None:
    before, approved = ask(api).json()["id"], ask(api).json()["id"]
    decide(api, approved, "person data_protection")
    with connect(api.seeded.url) as connection:
        change = "update pipeline.dead_letter set state = %s where dead_letter_id = 1"
        connection.execute(change, ("retry",))
        connection.commit()
        try:
            assert "changed" in decide(api, before, "person supervisor").json()["detail"]
            assert "changed" in reveal(api, approved).json()["detail"]
        finally:
            connection.execute(change, ("open",))
            connection.commit()


def test_a_request_expires(api: Api) -> None:
    id_ = ask(api).json()["id"]
    decide(api, id_, "person data_protection")
    with connect(api.seeded.url) as connection:
        connection.execute(
            "update access.change_request set requested_at = requested_at - interval '2 days', "
            "expires_at = expires_at - interval '2 days' where request_id = %s",
            (id_,),
        )
        connection.commit()
    assert api.get(f"/v1/approvals/{id_}", "operator").json()["state"] == "expired"
    assert "expired" in reveal(api, id_).json()["detail"]


def test_two_at_once_decide_and_see_once(api: Api) -> None:
    id_ = ask(api).json()["id"]
    who = ["person data_protection", "person supervisor", "person operator 2"] * 2
    with ThreadPoolExecutor(6) as threads:
        decided = list(threads.map(lambda one: decide(api, id_, one).status_code, who))
        shown = list(threads.map(lambda _: reveal(api, id_).status_code, range(6)))
    assert sorted(decided) == [200] + [409] * 5
    assert sorted(shown) == [200] + [409] * 5


def test_whoever_changed_roles_or_left_decides_and_sees_nothing(api: Api) -> None:
    id_, second = ask(api).json()["id"], api.seeded.people[("own", "operator 2")]
    with connect(api.seeded.url) as connection:
        persons.set_role(connection, second, "agent")
        connection.commit()
        problem(decide(api, id_, "person operator 2"), 403, "missing_scope")
        persons.set_role(connection, second, "operator")
        persons.disable(connection, second, NOW_US)
        connection.commit()
        problem(decide(api, id_, "person operator 2"), 401, "unauthorised")
        persons.enable(connection, second)
        connection.commit()
    assert decide(api, id_, "person operator 2").status_code == 200


def test_the_tables_admit_nothing_else(api: Api) -> None:
    """Against a mistake of ours: the keys of the tables refuse what the rule refuses."""
    id_, asker = ask(api).json()["id"], api.seeded.people[("own", "operator")]
    second = api.seeded.people[("own", "supervisor")]
    decision = (
        "insert into access.change_decision (request_id, tenant, requested_by, verdict, "
        "decided_by, decider, note, decided_at) "
        "values (%s, 't1', %s, 'approved', %s, 'x', '', now())"
    )
    execution = (
        "insert into access.change_execution (request_id, tenant, executed_by, executed_at) "
        "values (%s, 't1', %s, now())"
    )
    with connect(api.seeded.url) as connection:
        for statement, values in (
            (decision, (id_, asker, asker)),
            (decision, (id_, second, asker)),  # as if somebody else had asked
            (execution, (id_, asker)),
        ):
            with pytest.raises(psycopg.IntegrityError):
                connection.execute(statement.encode(), values)
            connection.rollback()


def test_the_command_needs_a_persons_key(
    api: Api, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    id_, keys = ask(api).json()["id"], api.seeded.keys
    monkeypatch.setenv("TACHOWATT_DATABASE_URL", api.seeded.url)
    for key, error, text in (
        (keys[("own", "operator")], NotAllowed, "only a person"),
        (keys[("own", "person operator")], NotAllowed, "yourself"),
        (keys[("own", "person agent")], Usage, "approvals:write"),
        (keys[("zz", "person supervisor")], NotFound, "no request"),
        ("tw_x", Usage, "not known"),
    ):
        monkeypatch.setenv("TACHOWATT_KEY", key)
        with pytest.raises(error, match=text):
            cli(["approval", "approve", id_], standalone_mode=False)
    capsys.readouterr()
    cli(["approval", "list", "--tenant", "t1", "--json"], standalone_mode=False)
    assert id_ in [one["id"] for one in json.loads(capsys.readouterr().out)]


def test_an_expired_request_cannot_be_approved_later(database: str) -> None:
    seeded, clock = seed(database), ManualClock(NOW_US)
    with (
        running_api(database, clock) as url,
        httpx.Client(base_url=url, timeout=patient(20.0)) as client,
    ):
        path = f"/v1/approvals/{seeded.own['own'].approval}"
        clock.advance(24 * 3600)
        headers = seeded.bearer("person data_protection")
        answer = client.post(f"{path}/approve", headers=headers, json={"note": ""})
        assert answer.status_code == 409 and "expired" in answer.json()["detail"]
