"""Rights of customers over a real store: asked, worked on as a case, done, proven."""

import hashlib
import io
import json
import re
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.cli import cli
from app.processes.rights_runner import RightsRunner
from contracts.rights import AskedBy, LimitKind, RequestState, Right
from customer_context.cases.case_state import What
from ingest.registry import load as load_registry
from runtime.clock import ManualClock
from runtime.errors import Invalid, NotAllowed, NotFound, Usage
from services import (
    case_flow,
    case_steps,
    change_webhooks,
    data_copies,
    retention,
    rights_progress,
)
from services.rights import Request, Rights
from services.rights_execution import Executor
from store.casework import receivers
from store.people import consent
from store.postgres import roles
from store.postgres.pool import Connection, connect, scalar
from store.postgres.times import from_us
from tests.fix_api import Api
from tests.fix_registry import NOW_US
from tests.fix_roles import Login, Town
from tests.pages import send, sign_in
from tests.patience import patient
from tests.secret_keys import BOX

DAY_US = 86_400_000_000
TENANT, CUSTOMER = "t1", "omar-driver"
AUTHOR = f"customer:{CUSTOMER}"


@pytest.fixture
def connection(town: Town) -> Iterator[Connection]:
    """As the API has it, about the customer."""
    with connect(town.url) as found:
        roles.must_assume(found, roles.READER)
        found.commit()
        see(found)
        yield found


def see(connection: Connection, customer: str | None = CUSTOMER) -> None:
    roles.set_tenant_scope(connection, (TENANT,), customer)


@pytest.fixture
def executor(tmp_path: Path) -> Executor:
    return Executor(BOX, tmp_path, 35, {})


def ask(connection: Connection, right: Right, by: AskedBy = AskedBy.PAGE, **more: Any) -> Request:
    return Rights(BOX).ask(
        connection,
        TENANT,
        CUSTOMER,
        right,
        NOW_US,
        asked_by=by,
        author=f"customer:{CUSTOMER}",
        **more,
    )


def get(connection: Connection, request: Request) -> Request:
    return Rights(BOX).get(connection, TENANT, CUSTOMER, request.request_id, NOW_US)


def do(connection: Connection, request: Request, step: str, **data: Any) -> None:
    assert request.case_id is not None
    case_steps.act(
        connection, TENANT, request.case_id, "anna", NOW_US, What.COMPLETE, item=step, data=data
    )


def state_of_case(connection: Connection, request: Request) -> str:
    row = case_flow.visible(connection, TENANT, None, str(request.case_id))
    return "" if row is None else str(row["state"])


def test_a_copy_is_made_sealed_and_proven(
    town: Town, connection: Connection, executor: Executor
) -> None:
    made = ask(connection, Right.ACCESS)
    assert made.state == RequestState.EXECUTING and made.identified_at == from_us(NOW_US)
    connection.commit()
    with connect(town.url) as owner:
        assert executor.run(owner, NOW_US) == 1
        assert executor.run(owner, NOW_US) == 0
    see(connection)
    done = get(connection, made)
    assert done.state == RequestState.ANSWERED and state_of_case(connection, made) == "resolved"
    assert done.export is not None and done.export["sha256"] == done.proof["sha256"]
    copy = data_copies.find(connection, BOX, TENANT, CUSTOMER, made.request_id, NOW_US)
    clear = b"".join(copy.read(connection, part) for part in range(copy.parts))
    assert hashlib.sha256(clear).hexdigest() == done.proof["sha256"]
    archive = zipfile.ZipFile(io.BytesIO(clear))
    rows = json.loads(archive.read("json/customers.customer.json"))
    assert [row["customer"] for row in rows] == [CUSTOMER]
    see(connection, "c1")
    assert scalar(connection, "select count(*) from privacy.export_part") == 0, "theirs alone"


def test_a_copy_expires(town: Town, connection: Connection, executor: Executor) -> None:
    made = ask(connection, Right.PORTABILITY)
    connection.commit()
    with connect(town.url) as owner:
        executor.run(owner, NOW_US)
    see(connection)
    later_us = NOW_US + 15 * DAY_US
    assert Rights(BOX).get(connection, TENANT, CUSTOMER, made.request_id, later_us).export is None


def test_an_erasure_is_assessed_answered_and_then_done(
    town: Town, connection: Connection, executor: Executor, tmp_path: Path
) -> None:
    made = ask(connection, Right.ERASURE)
    assert made.state == RequestState.OPEN, "a person looks for contracts and claims"
    do(connection, made, "assess", erase=True)
    do(connection, made, "tell", answer_sent=True)
    assert get(connection, made).state == RequestState.EXECUTING
    connection.commit()
    with connect(town.url) as owner:
        assert executor.run(owner, NOW_US) == 1
        kept = owner.execute(
            "select e.reason, k.content from privacy.kept k join privacy.erasure e using "
            "(erasure_id) where k.place = 'privacy.rights_request'"
        ).fetchall()
        assert {reason for reason, _ in kept} == {f"request {made.request_id}"}
        (content,) = (content for _, content in kept if content["request_id"] == made.request_id)
        assert content["state"] == "executed" and content["customer"].startswith("erased-")
        assert not {"details", "author", "case_id"} & set(content)
        for table in ("customer_key", "rights_request", "processing_limit"):
            of = f"select count(*) from privacy.{table} where customer = %s"
            assert scalar(owner, of, (CUSTOMER,)) == 0
    assert (tmp_path / "erased.json").exists()


def test_a_refused_erasure_says_why(connection: Connection) -> None:
    made = ask(connection, Right.ERASURE)
    do(connection, made, "assess", erase=False, refusal_grounds="A claim is open until March.")
    do(connection, made, "tell", answer_sent=True)
    done = get(connection, made)
    assert (done.state, done.answer) == (RequestState.REFUSED, "A claim is open until March.")


def test_a_restriction_stops_processing_at_once_and_its_end_resumes_it(
    town: Town, connection: Connection
) -> None:
    before = set(consent.granted_of(connection, TENANT, CUSTOMER))
    assert "driving_score" in before
    connection.commit()
    with connect(town.url) as owner:
        first = load_registry(owner)
    see(connection)
    made = ask(connection, Right.RESTRICTION)
    assert made.state == RequestState.ANSWERED and "restricted_since" in made.proof
    assert consent.granted_of(connection, TENANT, CUSTOMER) == {}
    connection.commit()
    with connect(town.url) as owner:
        assert first.consent.granted[TENANT, CUSTOMER]
        assert load_registry(owner).consent.granted.get((TENANT, CUSTOMER)) is None
        assert load_registry(owner).version > first.version
    see(connection)
    rights = Rights(BOX)
    assert set(rights.limits_of(connection, TENANT, CUSTOMER)) == {LimitKind.PROCESSING}
    assert rights.end_limit(connection, TENANT, CUSTOMER, LimitKind.PROCESSING, "c0", NOW_US)
    assert set(consent.granted_of(connection, TENANT, CUSTOMER)) == before


def test_an_objection_stops_automated_decisions_until_a_person_has_decided(
    connection: Connection,
) -> None:
    with pytest.raises(Invalid, match="which decision"):
        ask(connection, Right.OBJECTION)
    made = ask(connection, Right.OBJECTION, details="My score is wrong.")
    assert made.details == "My score is wrong."
    stored = scalar(
        connection, "select details from privacy.rights_request where kind = 'objection'"
    )
    assert stored.startswith("own1:"), "with the customer's key"
    granted = set(consent.granted_of(connection, TENANT, CUSTOMER))
    assert "driving_score" not in granted and "claims_assistance" in granted
    do(connection, made, "carry-out", fulfilled=False, refusal_grounds="It is right.")
    assert "driving_score" in consent.granted_of(connection, TENANT, CUSTOMER)
    do(connection, made, "tell", answer_sent=True)
    done = get(connection, made)
    assert (done.state, done.answer) == (RequestState.REFUSED, "It is right.")


def test_an_upheld_objection_stays(connection: Connection) -> None:
    made = ask(connection, Right.OBJECTION, details="A person shall look at it.")
    do(connection, made, "carry-out", fulfilled=True, done_text="Tariff stays as it was.")
    do(connection, made, "tell", answer_sent=True)
    done = get(connection, made)
    assert (done.state, done.answer) == (RequestState.ANSWERED, "Tariff stays as it was.")
    assert done.proof["decided_by"] == "anna"
    limits = Rights(BOX).limits_of(connection, TENANT, CUSTOMER)
    assert set(limits) == {LimitKind.AUTOMATED_DECISIONS}


def test_a_request_at_the_desk_waits_for_the_identity(connection: Connection) -> None:
    made = ask(connection, Right.RESTRICTION, AskedBy.DESK)
    assert (made.state, made.identified_at) == (RequestState.OPEN, None)
    assert consent.granted_of(connection, TENANT, CUSTOMER)
    do(connection, made, "identity", identified=True)
    done = get(connection, made)
    assert done.state == RequestState.EXECUTED, "an agent still has to answer the letter"
    assert consent.granted_of(connection, TENANT, CUSTOMER) == {}
    do(connection, made, "tell", answer_sent=True)
    assert get(connection, made).state == RequestState.ANSWERED


def test_a_case_that_is_opened_by_hand_is_a_request(connection: Connection) -> None:
    case = case_steps.open_(
        connection, TENANT, rights_progress.CASE_TYPE, "anna", NOW_US, customer=CUSTOMER,
        side="insurer",
    )  # fmt: skip
    case_steps.act(
        connection, TENANT, case["case_id"], "anna", NOW_US, What.COMPLETE, item="which",
        data={"right": "rectification"},
    )  # fmt: skip
    requests = Rights(BOX).of_customer(connection, TENANT, CUSTOMER, NOW_US)
    (found,) = (each for each in requests if each.case_id == case["case_id"])
    assert (found.right, found.asked_by) == (Right.RECTIFICATION, AskedBy.DESK)


def test_the_same_right_is_asked_for_once(connection: Connection) -> None:
    made = ask(connection, Right.RECTIFICATION, details="My name is Ada.")
    with pytest.raises(NotAllowed, match="asked for already"):
        ask(connection, Right.RECTIFICATION, details="again")
    rights = Rights(BOX)
    gone = rights.withdraw(
        connection, TENANT, CUSTOMER, made.request_id, f"customer:{CUSTOMER}", NOW_US
    )
    assert gone.state == RequestState.WITHDRAWN and state_of_case(connection, made) == "resolved"
    ask(connection, Right.RECTIFICATION, details="again")
    with pytest.raises(NotFound):
        rights.get(connection, TENANT, "c1", made.request_id, NOW_US)


def test_a_period_is_extended_once_with_a_reason(connection: Connection) -> None:
    made = ask(connection, Right.RECTIFICATION, details="My name is Ada.")
    rights, id_ = Rights(BOX), made.request_id

    def extend(reason: str, at_us: int) -> Request:
        return rights.extend(connection, TENANT, CUSTOMER, id_, reason, "anna", at_us)

    with pytest.raises(Invalid):
        extend(" ", NOW_US)
    with pytest.raises(NotAllowed, match="too late"):
        extend("Many contracts.", NOW_US + 40 * DAY_US)
    done = extend("Many contracts.", NOW_US + DAY_US)
    assert done.extension == "Many contracts."
    assert timedelta(58) <= done.due_at - made.due_at <= timedelta(63)
    with pytest.raises(NotAllowed, match="once"):
        extend("Again.", NOW_US + DAY_US)


def test_a_customer_asks_on_the_page_and_downloads_the_copy(api: Api, tmp_path: Path) -> None:
    with httpx.Client(base_url=api.url, timeout=patient(20)) as client:
        sign_in(client, api.seeded.keys[("own", "home")])
        assert "Ask for a copy of my data" in client.get("/me").text
        sent = send(client, "/me", "/me/rights", right="access")
        assert "right_asked" in sent.headers["location"]
        assert "Is being done" in client.get("/me").text
        with connect(api.seeded.url) as owner:
            assert Executor(BOX, tmp_path, 35, {}).run(owner, NOW_US) == 1
        page = client.get("/me").text
        (path,) = re.findall(r"/me/rights/\w+/copy", page)
        answer = client.get(path)
        assert answer.headers["content-type"] == "application/zip"
        names = zipfile.ZipFile(io.BytesIO(answer.content)).namelist()
        assert {"index.html", "about.json", "csv/customers.customer.csv"} <= set(names)
        digest = hashlib.sha256(answer.content).hexdigest()
        assert digest in page
        sent = send(client, "/me", "/me/rights", right="objection", details=" ")
        assert "right_needs_text" in sent.headers["location"]
    id_ = path.split("/")[3]
    own = api.get(f"/v1/customers/c3/rights/{id_}/copy", "home")
    assert hashlib.sha256(own.content).hexdigest() == digest
    for role, tenant in (("agent", "own"), ("customer", "own"), ("home", "zz")):
        other = api.get(f"/v1/customers/c3/rights/{id_}/copy", role, tenant)
        assert other.status_code in (403, 404), role


def test_the_api_asks_lists_and_ends(api: Api) -> None:
    path = "/v1/customers/c1/rights"
    body = {"right": "restriction", "details": ""}
    made = api.post(path, "agent", body, Idempotency_Key="desk-1").json()
    assert (made["asked_by"], made["state"], made["article"]) == ("desk", "open", "18")
    found = api.get(path, "supervisor").json()
    assert [one["id"] for one in found["data"]] == [made["id"]] and found["limits"] == []
    late = {"action": "extend", "reason": "Many contracts."}
    assert api.post(f"{path}/{made['id']}", "data_protection", late).json()["extension"]
    gone = api.post(f"{path}/{made['id']}", "agent", {"action": "withdraw"}).json()
    assert gone["state"] == "withdrawn"
    assert api.get(path, "insurer").status_code == 403
    assert api.get(path, "agent", "zz").status_code == 404


def test_who_looked_is_one_line_a_day_and_reader(api: Api) -> None:
    for _ in range(2):
        assert api.get("/v1/customers/c3/contact-points", "agent").status_code == 200
    found = api.get("/v1/customers/c3/reads/days", "home").json()["data"]
    (line,) = [one for one in found if one["reader"] == "own agent"]
    assert "contact points" in line["what"] and line["times"] >= 2
    assert all(one["role"] != "customer" for one in found)


def test_data_protection_sees_dates_retention_recipients_and_erasures(api: Api) -> None:
    made = api.post(
        "/v1/customers/c4/rights", "agent", {"right": "access"}, Idempotency_Key="dpo-1"
    ).json()
    with connect(api.seeded.url) as owner:
        retention.enforce(owner, {}, NOW_US)
        receivers.add(owner, BOX, "t1", "crm", "insurer", "https://crm.example.com/", NOW_US)
        change_webhooks.subscribe(
            owner, "t1", "crm", registry=True, consents=False, snapshot=False, now_us=NOW_US
        )
        owner.commit()
        owner.execute("update customers.vehicle set name = 'Estate' where vehicle = 'v2'")
        owner.commit()
    waiting = api.get("/v1/privacy/requests", "data_protection").json()["data"]
    assert made["id"] in {one["id"] for one in waiting}
    report = api.get("/v1/privacy/report", "data_protection").json()
    assert report["open_requests"] >= 1 and report["late_requests"] == 0
    casework = next(one for one in report["retention"] if one["category"] == "casework")
    assert casework["days"] == 1095 and casework["ran_at"] is not None
    assert {"purpose": "driving_score", "recipient": "insurer"} in report["purposes"]
    (crm,) = [one for one in report["receivers"] if one["name"] == "crm"]
    assert crm["follows"] == ["registry"] and crm["waiting"] >= 1 and crm["waiting_since"]
    assert api.get("/v1/privacy/requests", "data_protection", "zz").json()["data"] == []
    for role in ("agent", "supervisor", "operator", "customer"):
        assert api.get("/v1/privacy/report", role).status_code == 403
    with httpx.Client(base_url=api.url, timeout=patient(20)) as client:
        sign_in(client, api.seeded.keys[("own", "data_protection")])
        page = client.get("/privacy").text
        assert "Access to your data" in page and "every change of the registry" in page
        sent = send(client, "/privacy", customer="c4", right=made["id"], reason="Many contracts.")
        assert "right_extended" in sent.headers["location"]
        assert "extended: Many contracts." in client.get("/privacy").text


def test_the_command_records_and_lists(
    town: Town, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TACHOWATT_DATABASE_URL", town.url)

    def run(*arguments: str) -> Any:
        capsys.readouterr()
        cli(["privacy", *arguments, "--json"], standalone_mode=False)
        return json.loads(capsys.readouterr().out)

    made = run("ask", f"t1/{CUSTOMER}", "rectification", "--details", "My name is Ada.")
    (listed,) = run("requests", "t1")
    assert listed["request_id"] == made["request_id"] and listed["details"] == "My name is Ada."
    with pytest.raises(Usage, match="asked for already"):
        run("ask", f"t1/{CUSTOMER}", "rectification", "--details", "again")


def test_a_running_service_does_what_waits_and_another_login_does_not(
    town: Town, connection: Connection, executor: Executor, login: Login
) -> None:
    made = ask(connection, Right.ACCESS)
    connection.commit()
    name, url = login(town.url)
    with connect(town.url) as owner:
        owner.execute(f"grant tachowatt_reader to {name}".encode())
        owner.commit()
    RightsRunner(url, executor, ManualClock(NOW_US)).once()
    see(connection)
    assert get(connection, made).state == RequestState.EXECUTING
    connection.commit()
    RightsRunner(town.url, executor, ManualClock(NOW_US)).once()
    see(connection)
    assert get(connection, made).state == RequestState.ANSWERED
