"""The next best action of stored customers: by API and command, explained, and its outcome."""

import json
from pathlib import Path
from typing import Any

import pytest

from app import cli
from customer_context.next_best_action import decide as deciding
from runtime.clock import ManualClock
from services import decisions
from store.casework import next_actions
from store.people import consent, subjects
from store.postgres.pool import connect, scalar
from store.postgres.together import alone, together
from tests.fix_api import Api, problem
from tests.fix_registry import NOW_US

FACTS = {
    "facts": {
        "tariff.motor": {"value": "flat"},
        "driving.score": {"value": 92.0},
        "driving.observed_d": {"value": 80},
        "vehicle.parked_outside": {"value": True},
        "weather.hail_24h": {"value": False},
    }
}


@pytest.fixture(scope="module")
def reported(api: Api) -> Api:
    """c0 has facts that the back office knows."""
    answer = api.post("/v1/customers/c0/facts", "back_office", FACTS, Idempotency_Key="facts-1")
    assert answer.status_code == 201, answer.text
    return api


def decide(api: Api, role: str = "agent", **more: Any) -> dict[str, Any]:
    answer = api.post("/v1/decisions", role, {"customer": "c0", **more})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_the_winner_has_its_sentence_and_everything_else_a_reason(reported: Api) -> None:
    found = decide(reported, language="en", explain=True)
    (won,) = found["winners"]
    assert won["action"] == "safe-driver-discount"
    assert "92 of 100" in won["text"] and "driving score" in won["rests_on"] and won["stop"]
    assert won["priority"] == won["propensity"] * won["context"] * won["value"] * won["weight"]
    outcomes = {one["action"]: one for one in found["candidates"]}
    assert outcomes["safe-driver-discount"]["outcome"] == "won"
    for one in outcomes.values():
        assert one["outcome"] == "won" or one["stage"] or one["outcome"] == "lost", one
    assert outcomes["hail-notice"]["detail"] == "weather.hail_24h is true"
    assert outcomes["hail-notice"]["known"] is False


def test_the_same_question_is_the_same_decision(reported: Api) -> None:
    first, second = decide(reported), decide(reported, "supervisor")
    assert first["id"] == second["id"] and first == second
    with connect(reported.seeded.url) as connection:
        count = scalar(
            connection, "select count(*) from contacts.next_action where decision_id = %s",
            (first["id"],),
        )  # fmt: skip
    assert count == 1
    assert decide(reported, most=5)["id"] != first["id"]
    dry = decide(reported, dry_run=True)
    assert dry["id"] is None and dry["explanation"] is None
    assert len(dry["candidates"]) > 5, "nobody can ask for them later"
    assert decide(reported, dry_run=True, explain=False)["candidates"] is None


def test_other_weather_wins_another_action_and_a_what_if_is_not_stored(reported: Api) -> None:
    found = decide(reported, **{"with": {"weather.hail_24h": True}})
    assert found["winners"][0]["action"] == "hail-notice" and found["id"] is None
    said = problem(
        reported.post("/v1/decisions", "agent", {"customer": "c0", "with": {"x.y": 1}}),
        422, "invalid",
    )  # fmt: skip
    assert "there is no fact 'x.y'" in said["detail"]


def test_a_decision_is_recomputed_from_what_was_stored(
    reported: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert decide(reported)["candidates"] is None, "they take longer than the decision"
    made = decide(reported, explain=True)
    found = reported.get(made["explanation"], "agent").json()
    assert found["recomputed"] is True
    assert found["winners"] == made["winners"] and found["candidates"] == made["candidates"]
    assert found["facts"]["driving.score"]["value"] == 92.0
    with connect(reported.seeded.url) as connection:
        explained = decisions.explain(connection, "t1", made["id"], changed={"driving.score": 50.0})
        assert [one["action"] for one in explained["what_if"]] == []
        monkeypatch.setattr(deciding, "product", lambda p, c, v, w: p * c * v * w * 2)
        monkeypatch.setattr(deciding, "propensity_of", lambda action, treatment, request: 0.25)
        assert decisions.explain(connection, "t1", made["id"])["recomputed"] is False
    problem(reported.get("/v1/decisions/none", "agent"), 404, "not_found")


def test_an_accepted_offer_opens_its_contract_change_once(reported: Api) -> None:
    made = decide(reported)
    report = {"decision": made["id"], "action": "safe-driver-discount", "outcome": "accepted"}
    first = reported.post("/v1/outcomes", "agent", report)
    assert first.status_code == 201, first.text
    case = first.json()["case_id"]
    assert reported.post("/v1/outcomes", "agent", report).json() == {
        "outcome": "duplicate", "case_id": case,
    }  # fmt: skip
    steps = reported.get(f"/v1/cases/{case}/steps", "agent").json()
    assert steps["type"] == "contract-change"
    # A change is under way, and the group is silent after an acceptance.
    again = decide(reported, explain=True)
    assert [one["action"] for one in again["winners"]] == []
    fell = {one["action"]: one for one in again["candidates"]}["safe-driver-discount"]
    assert (fell["stage"], fell["rule"]) == ("applicable", "no-motor-change-under-way")
    problem(
        reported.post("/v1/outcomes", "agent", {**report, "action": "ev-tariff"}), 422, "invalid"
    )
    problem(
        reported.post("/v1/outcomes", "agent", {**report, "decision": "none"}), 404, "not_found"
    )
    late = {**report, "outcome": "opened", "at": "2200-01-01T00:00:00Z"}
    problem(reported.post("/v1/outcomes", "agent", late), 422, "invalid")


def test_without_its_purpose_a_decision_is_gone(api: Api) -> None:
    facts = {"facts": {"driving.score": {"value": 95.0}, "driving.observed_d": {"value": 80},
                       "tariff.motor": {"value": "flat"}}}  # fmt: skip
    path = "/v1/customers/omar-driver/facts"
    assert api.post(path, "back_office", facts, Idempotency_Key="omar").status_code == 201
    made = decide(api, customer="omar-driver")
    assert [one["action"] for one in made["winners"]] == ["safe-driver-discount"]
    with connect(api.seeded.url) as connection:
        from services.consent import decide as withdraw

        withdraw(
            connection, "t1", "omar-driver", "driving_score", "withdrawn", NOW_US,
            notice_version="1", source="test",
        )  # fmt: skip
        connection.commit()
        assert "driving_score" not in consent.granted_of(connection, "t1", "omar-driver")
    again = decide(api, customer="omar-driver", explain=True)
    assert again["winners"] == []
    fell = {one["action"]: one for one in again["candidates"]}["safe-driver-discount"]
    assert (fell["stage"], fell["known"]) == ("purpose", None)
    problem(api.get(f"/v1/decisions/{made['id']}", "agent"), 404, "not_found")


@pytest.mark.parametrize(
    ("facts", "says"),
    [
        ({"x.y": {"value": 1}}, "there is no fact"),
        ({"tariff.motor": {"value": "cheap"}}, "expected one of flat"),
        ({"driving.score": {"value": True}}, "expected a number"),
    ],
)
def test_a_wrong_fact_is_refused(api: Api, facts: dict[str, Any], says: str) -> None:
    answer = api.post(
        "/v1/customers/c0/facts",
        "back_office",
        {"facts": facts},
        Idempotency_Key=f"bad-{len(says)}",
    )
    assert says in problem(answer, 422, "invalid")["detail"]


def test_command_and_api_make_the_same_decision(
    reported: Api,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    by_api = decide(reported, explain=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TACHOWATT_DATABASE_URL", reported.seeded.url)
    monkeypatch.setattr("app.commands.decision.SystemClock", lambda: ManualClock(NOW_US))

    def run(*arguments: str) -> tuple[int, Any]:
        monkeypatch.setattr("sys.argv", ["tachowatt", "decision", *arguments, "--json"])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return int(ended.value.code or 0), json.loads(capsys.readouterr().out)

    code, made = run("make", "c0", "--tenant", "t1")
    assert (code, made["id"]) == (0, by_api["id"])
    assert made["candidates"] == by_api["candidates"]
    code, found = run("explain", by_api["id"], "--with", "weather.hail_24h=true")
    assert code == 0 and found["recomputed"] is True
    assert [one["action"] for one in found["what_if"]] == ["hail-notice"]


def test_queries_have_the_same_rows_together_as_alone(reported: Api) -> None:
    queries = {"contracts": subjects.CONTRACTS_OF, "reported": next_actions.REPORTED}
    with connect(reported.seeded.url) as connection:
        for own in (["c0"], ["c0", "c1"], []):
            asked = {"tenant": "t1", "customer": "c0", "own": own}
            found = together(connection, queries, asked)
            assert found == {name: alone(connection, one, asked) for name, one in queries.items()}
            assert bool(found["contracts"]) is bool(own) and found["reported"]
