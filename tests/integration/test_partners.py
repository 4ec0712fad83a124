"""Partners: they see only customers who granted it, for a purpose and with an end."""

import json
from datetime import timedelta

import httpx
import pytest

from app.cli import cli
from customer_context.cases.case_state import What
from services import case_steps, consent, partners
from services import sign_in as sign_in_as
from store.people import partners as store
from store.people import persons, read_log
from store.postgres.pool import Connection, connect
from store.postgres.times import from_us
from tests.fix_api import Api, problem
from tests.fix_registry import NOW_US
from tests.fix_roles import Town
from tests.pages import HTML, sign_in, token_of
from tests.secret_keys import BOX

DAY_US = 86_400_000_000
SAID = {"notice_version": "1", "source": "test", "method": "command"}


def _seen(connection: Connection, now_us: int = NOW_US) -> dict[str, list[str]]:
    found = partners.seen_by(connection, "t1", "garage", now_us, after="", limit=50)
    return {one.customer: sorted(one.purposes) for one in found}


def test_a_partner_sees_only_who_granted_it(town: Town) -> None:
    with connect(town.url) as connection:
        before = _seen(connection)
        assert before == {"c0": ["claims_assistance"], "omar-driver": ["claims_assistance"]}
        until = from_us(NOW_US + DAY_US)
        partners.grant(connection, "t1", "c3", "garage", "energy_insight", until, NOW_US, **SAID)
        assert _seen(connection) == {**before, "c3": ["energy_insight"]}
        assert "c3" not in _seen(connection, NOW_US + 2 * DAY_US), "it has ended"
        seen, contracts, findings = partners.see(connection, "t1", "garage", "c0", NOW_US)
        assert set(seen.purposes) == {"claims_assistance"}
        assert {row["vehicle"] for row in contracts} == {"v0"}
        assert {one.purpose for one in findings} <= {"claims_assistance"}
        assert (
            _seen(connection)
            and partners.seen_by(connection, "t1", "nobody", NOW_US, after="", limit=5) == []
        )
        partners.end(
            connection, "t1", "omar-driver", "garage", "claims_assistance", NOW_US + 1, **SAID
        )
        assert "omar-driver" not in _seen(connection, NOW_US + 2)


def test_a_withdrawal_from_all_reaches_partners_and_a_grant_to_all_does_not(town: Town) -> None:
    def decide(state: str, at_us: int) -> None:
        consent.decide(
            connection, "t1", "c0", "claims_assistance", state, at_us,
            notice_version="1", source="test",
        )  # fmt: skip

    with connect(town.url) as connection:
        decide("withdrawn", NOW_US + 1)
        assert "c0" not in _seen(connection, NOW_US + 2)
        store.put(connection, "t1", "dealer", "Dealer", "dealer", from_us(NOW_US))
        decide("granted", NOW_US + 3)
        for partner in ("dealer",):
            assert partners.seen_by(connection, "t1", partner, NOW_US + 4, after="", limit=5) == []


def test_customers_grant_and_end_by_the_api(api: Api) -> None:
    own, garage = api.seeded.bearer("customer"), api.seeded.bearer("partner")
    path = "/v1/customers/c0/partners"
    until = (from_us(NOW_US) + timedelta(days=90)).isoformat()
    body = {"purpose": "driving_score", "valid_to": until, "notice_version": "2"}
    done = api.client.post(
        f"{path}/garage/grants", headers={**own, "Idempotency-Key": "p-1"}, json=body
    )
    assert done.status_code == 201, done.text
    assert {one["purpose"] for one in done.json()["data"]} == {"claims_assistance", "driving_score"}
    seen = api.client.get("/v1/partner/customers/c0", headers=garage).json()
    assert {one["purpose"] for one in seen["granted"]} == {"claims_assistance", "driving_score"}
    assert seen["subjects"] == ["vehicle:v0"]
    ended = api.client.post(
        f"{path}/garage/end", headers=own,
        json={"purpose": "driving_score", "notice_version": "2"},
    )  # fmt: skip
    assert [one["purpose"] for one in ended.json()["data"]] == ["claims_assistance"]
    listed = api.client.get(path, headers=own).json()["data"]
    assert [(one["id"], len(one["grants"])) for one in listed] == [("garage", 1)]
    for wrong in ("2020-01-01T00:00:00Z", "2190-01-01T00:00:00Z"):
        answer = api.client.post(
            f"{path}/garage/grants", headers={**own, "Idempotency-Key": wrong},
            json={**body, "valid_to": wrong},
        )  # fmt: skip
        problem(answer, 409, "not_allowed_now")
    problem(api.client.get("/v1/partner/customers/quiet-driver", headers=garage), 404, "not_found")
    problem(api.client.get("/v1/customers/c0/context", headers=garage), 403, "missing_scope")
    reads = api.client.get("/v1/customers/c0/reads", headers=own).json()["data"]
    assert "partner" in {one["role"] for one in reads}, "the customer sees who looked"


def test_customers_grant_and_end_on_their_page(api: Api) -> None:
    with httpx.Client(base_url=api.client.base_url) as client:
        sign_in(client, api.seeded.keys[("own", "customer")])
        page = client.get("/me").text
        fields = {"csrf": token_of(page), "partner": "garage", "purpose": "energy_insight"}
        day = (from_us(NOW_US) + timedelta(days=20)).date().isoformat()
        done = client.post("/me/partners", data={**fields, "action": "grant", "until": day})
        assert done.status_code == 303, done.text
        assert client.get("/me").text.count('value="end"') == page.count('value="end"') + 1
        assert client.post("/me/partners", data={**fields, "action": "end"}).status_code == 303
        assert client.get("/me").text.count('value="end"') == page.count('value="end"')
        wrong = client.post("/me/partners", data={**fields, "action": "grant", "until": "soon"})
        assert wrong.status_code == 422


def test_the_command_adds_joins_and_ends(
    town: Town, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TACHOWATT_DATABASE_URL", town.url)
    person = town.seeded.people[("own", "partner")]
    for arguments in (
        ["partner", "add", "broker-1", "--name", "Broker", "--kind", "broker", "--tenant", "t1"],
        ["partner", "join", "broker-1", person, "--tenant", "t1"],
    ):
        cli(arguments, standalone_mode=False)
    with connect(town.url) as connection:
        found = store.of_member(connection, "t1", person)
        assert found is not None and found.partner == "broker-1"
    cli(["partner", "end", "broker-1", "--tenant", "t1"], standalone_mode=False)
    with connect(town.url) as connection:
        assert store.of_member(connection, "t1", person) is None
    capsys.readouterr()
    cli(["partner", "list", "--tenant", "t1", "--json"], standalone_mode=False)
    rows = json.loads(capsys.readouterr().out)
    assert [row["id"] for row in rows if row["ended"]] == ["broker-1"]


def _claim(connection: Connection, customer: str) -> str:
    """A crash whose driver needs everything: towing, a rental car and a garage."""
    case = str(
        case_steps.open_(connection, "t1", "crash-claim", "anna", NOW_US, customer=customer)[
            "case_id"
        ]
    )
    for item, data in (
        ("at-scene", {"scene_answer": "well"}),
        ("needs", {"drivable": False, "rental": True}),
    ):
        case_steps.act(connection, "t1", case, "anna", NOW_US, What.COMPLETE, item=item, data=data)
    connection.commit()
    return case


def test_a_person_of_a_partner_works_on_its_pages(api: Api) -> None:
    """Who has granted it, their claim's steps for the partner, and nothing else."""
    with connect(api.seeded.url) as connection:
        person = api.seeded.people[("own", "partner")]
        assert store.join(connection, "t1", person, "garage")
        account = persons.account(connection, person)
        assert account is not None
        opened = sign_in_as.open_session(connection, BOX, account, "password", "test", NOW_US)
        assert opened is not None
        case, other = _claim(connection, "c0"), _claim(connection, "c3")
    with httpx.Client(base_url=api.client.base_url, headers=HTML) as client:
        client.cookies.set("tw_session", opened.token)
        page = client.get("/").text
        assert "My customers" in page and "/partner/customers/c0" in page
        for task in ("Towing", "Provide a rental car", "Appointment at a garage"):
            assert task in page
        shown = client.get("/partner/customers/c0").text
        assert "v0" in shown or "Car" in shown
        assert case in shown and other not in page and "/customers/c3" not in page
        for path in ("/partner/customers/c3", "/customers/c0", "/cases/" + case, "/matches"):
            assert client.get(path).status_code in (403, 404), path
        token = {"csrf": token_of(shown), "case": case, "step": "garage", "action": "complete"}
        done = client.post(
            "/partner/customers/c0", data={**token, "field.garage_date": "2026-12-09"}
        )
        assert done.status_code == 303, done.text
        assert "Appointment at a garage" not in client.get("/partner").text
        foreign = {**token, "case": other}
        assert client.post("/partner/customers/c3", data=foreign).status_code == 404
        assert client.post("/partner/customers/c0", data=foreign).status_code == 404
        with connect(api.seeded.url) as connection:
            plan = case_steps.plan_of(connection, "t1", case)
            assert plan is not None and plan.state.data["garage_date"] == "2026-12-09"
            reads = read_log.of_customer(connection, "t1", "c0", limit=20)
            assert "own partner person" in {row["reader"] for row in reads}
            partners.end(connection, "t1", "c0", "garage", "claims_assistance", NOW_US + 9, **SAID)
            connection.commit()
        for path in ("/", "/partner"):
            assert "/customers/c0" not in client.get(path).text, "gone with the next request"
        assert client.get("/partner/customers/c0").status_code == 404
        assert client.post("/partner/customers/c0", data=token).status_code == 404
