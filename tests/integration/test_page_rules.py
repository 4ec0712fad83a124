"""The pages without a browser: who gets in, who sees what, and what their bytes may contain."""

import base64
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import datetime
from functools import cache
from html import unescape
from itertools import pairwise
from pathlib import Path

import httpx
import pytest

from api.http.scopes import OF_ROLE
from api.pages.frame.view import View
from api.resources.dead_letters import printable
from app.operations.registry_import import validate, write
from services import sign_in as sign_in_as
from store.people import keys, persons, read_log, sessions
from store.postgres.pool import connect, scalar
from tests.fix_api import Api, running_api
from tests.fix_registry import NOW_US
from tests.pages import HTML, send, sign_in, token_of
from tests.patience import patient
from tests.secret_keys import BOX
from tests.seed_api import LAT, LON

ROLES = (
    "insurer", "utility", "agent", "customer", "home", "operator", "platform", "supervisor",
    "marketing", "data_protection", "back_office", "partner",
)  # fmt: skip


@pytest.fixture
def enter(api: Api) -> Iterator[object]:
    """`enter(role)`: a client that is signed in."""
    made: list[httpx.Client] = []

    def open_(role: str | None, tenant: str = "own") -> httpx.Client:
        client = httpx.Client(base_url=api.url, headers=HTML, timeout=patient(20.0))
        made.append(client)
        if role is not None:
            sign_in(client, api.seeded.keys[(tenant, role)])
        return client

    yield open_
    for client in made:
        client.close()


Seen = Callable[[str | None, str], httpx.Response]


@pytest.fixture(scope="module")
def seen(api: Api) -> Iterator[Seen]:
    """`seen(role, path)`: what a role is answered. Several rules are about the same answers."""
    clients: dict[str | None, httpx.Client] = {}

    @cache
    def look(role: str | None, path: str) -> httpx.Response:
        if role not in clients:
            clients[role] = httpx.Client(base_url=api.url, headers=HTML, timeout=patient(20.0))
            if role is not None:
                sign_in(clients[role], api.seeded.keys[("own", role)])
        return clients[role].get(path)

    yield look
    for client in clients.values():
        client.close()


def pages(api: Api, owner: str = "own") -> dict[str, set[str]]:
    """Every page about things of an owner → the roles that may open it."""
    own = api.seeded.own[owner]
    everybody = set(ROLES)
    both = {"agent", "operator", "platform", "supervisor", "back_office"}
    return {
        "/": everybody,
        "/fleet": {"insurer", "customer", "home"},
        f"/vehicles/{own.vehicle}": {"insurer", "customer"},
        "/meters": {"utility", "customer", "home"},
        f"/meters/{own.meter}": {"utility", "home"},
        "/reading-rounds": {"utility"},
        "/meter-data": {"utility"},
        "/bills": {"customer", "home"},
        f"/customers/{own.driver}/bills": {"agent", "supervisor"},
        f"/reading/{own.meter}": {"utility", "home", "agent", "supervisor"},
        "/customers": {"agent", "supervisor"},
        f"/customers/{own.driver}": {"agent", "supervisor"},
        f"/customers/{own.driver}/timeline": {"agent", "supervisor"},
        "/alerts": {"utility", "agent", "supervisor"},
        f"/alerts/{own.alert}": {"utility", "agent", "supervisor"},
        "/cases": {"insurer", "utility", "agent", "supervisor", "back_office"},
        f"/cases/{own.crash_case}": {"insurer", "agent", "supervisor", "back_office"},
        f"/cases/{own.alert_case}": {"utility", "agent", "supervisor", "back_office"},
        "/team": {"supervisor"},
        "/desk": {"agent", "supervisor"},
        f"/desk/{own.call}": {"agent", "supervisor"},
        "/contacts": {"insurer", "utility", *both},
        f"/contacts/{own.message}": {"insurer", *both},
        f"/contacts/{own.notice}": {"utility", *both},
        "/me": {"customer", "home"},
        "/me/timeline": {"customer", "home"},
        "/me/consents": {"customer", "home"},
        f"/customers/{own.driver}/consents": {"agent", "supervisor", "data_protection"},
        "/inbox": {"customer", "home"},
        "/dead-letters": {"operator", "platform"},
        "/dead-letters/1": {"operator", "platform"},
        "/playbooks": {"operator", "platform", "supervisor", "marketing", "data_protection"},
        "/actions": {"operator", "platform", "supervisor", "marketing", "data_protection"},
        f"/decisions/{own.decision}": {"agent", "supervisor"},
        "/matches": {"supervisor", "back_office"},
        "/partner": {"partner"},
        f"/partner/customers/{own.driver}": {"partner"},
        "/privacy": {"data_protection"},
        f"/me/rights/{own.right}/copy": {"customer"},
        "/rules": {"operator", "platform", "supervisor", "data_protection"},
        "/rules/playbook/crash-call-back": {
            "operator",
            "platform",
            "supervisor",
            "data_protection",
        },
        "/rules/action/motor": {"operator", "platform", "supervisor", "data_protection"},
        "/rules/case_type/complaint": {"operator", "platform", "supervisor", "data_protection"},
        "/approvals": {"operator", "platform", "supervisor", "data_protection"},
        f"/approvals/{own.approval}": {"operator", "platform", "supervisor", "data_protection"},
    }


def steps_of_speed(content: bytes) -> list[float]:
    """Seconds between the points of the plot of a trip's speed; a route shows in single seconds."""
    plot = re.search(rb'data-plot="speed".*?<script type="application/json">(.*?)</script>',
                     content, re.DOTALL)  # fmt: skip
    if plot is None:
        return []
    times = [datetime.fromisoformat(x) for x in json.loads(plot[1])["traces"][0]["x"]]
    return [(b - a).total_seconds() for a, b in pairwise(times)]


_NEED_CONSENT = ("/reading/", "/vehicles/", "/meters/", "/alerts/", "/partner/")
_SHARED = ("/", "/fleet", "/meters", "/customers", "/alerts", "/cases", "/contacts", "/me",
           "/me/timeline", "/me/consents", "/inbox", "/bills", "/reading-rounds", "/meter-data",
           "/dead-letters", "/dead-letters/1", "/playbooks", "/actions",
           "/approvals", "/desk", "/team", "/matches", "/partner", "/privacy", "/rules",
           "/rules/playbook/crash-call-back", "/rules/action/motor",
           "/rules/case_type/complaint")  # fmt: skip


_ELSEWHERE = {
    "/login": "test_sign_in", "/login/link": "test_sign_in", "/login/provider": "test_oidc",
    "/login/provider/done": "test_oidc", "/invitation": "test_sign_in", "/account": "below",
    "/cases/{case}/files/{file}": "test_matter", "/cases/{case}/fields": "test_parallel_entry",
    "/my-case/{case}": "test_matter", "/matter-worker.js": "test_late_actions",
    "/matter/{link}": "test_matter", "/matter/{link}/files/{file}": "test_matter",
    "/matter/{link}/fields": "test_parallel_entry",
    "/me/consents/{consent}/receipt": "test_consent_receipt",
    "/bills/{bill}": "test_bills", "/customers/{customer}/bills/{bill}": "test_bills",
    "/reading-rounds/{round}": "test_reading_rounds", "/reading-worker.js": "test_entered_readings",
    "/reading/{meter}/photos/{reading}": "test_entered_readings",
    "/reading/by-link/{link}": "test_reading_links",
}  # fmt: skip
"""Pages that no role opens by itself → the test that opens them."""


def test_each_page_of_the_house_is_in_the_table(api: Api) -> None:
    root = Path(__file__).parents[2]
    source = (root / "api" / "pages" / "__init__.py").read_text(encoding="utf-8")
    routes = set(re.findall(r'\bget\(\s*"(/[^"]*)"', source))
    assert len(routes) > 40

    def asked(route: str) -> bool:
        pattern = re.sub(r"\{\w+\}", "[^/]+", route)
        return any(re.fullmatch(pattern, path) for path in pages(api))

    assert {route for route in routes if not asked(route)} == set(_ELSEWHERE)


@pytest.mark.parametrize("role", ROLES)
def test_each_role_opens_its_own_and_nothing_else(api: Api, seen: Seen, role: str) -> None:
    opened = {path for path in pages(api) if seen(role, path).status_code == 200}
    assert opened == {path for path, roles in pages(api).items() if role in roles}
    menu = set(re.findall(r'<li><a href="(/[a-z-]*)"', seen(role, "/").text))
    assert menu <= opened, "nothing in the menu that is not allowed"


@pytest.mark.parametrize("role", sorted(OF_ROLE))
def test_a_person_opens_what_a_key_of_the_role_opens(api: Api, enter, role: str) -> None:
    client = enter(None)
    with connect(api.seeded.url) as connection:
        account = persons.account(connection, api.seeded.people[("own", role)])
        assert account is not None
        opened = sign_in_as.open_session(connection, BOX, account, "password", "test", NOW_US)
        assert opened is not None
        connection.commit()
    client.cookies.set("tw_session", opened.token)
    found = {path for path in pages(api) if client.get(path).status_code == 200}
    assert found == {path for path, roles in pages(api).items() if role in roles}
    page = client.get("/account")
    assert page.status_code == 200 and f"own {role} person" in page.text
    assert enter(role).get("/account").status_code == 404, "a key is nobody's account"


def test_who_has_no_cases_begins_with_their_own_page(enter) -> None:
    for role, path in (("data_protection", "/privacy"), ("marketing", "/actions")):
        client = enter(role)
        title = re.search(r"<h1>.*?</h1>", client.get(path).text)
        assert title is not None and title[0] in client.get("/").text


def test_a_playbook_is_changed_on_the_page(api: Api, enter) -> None:
    client = enter(None)
    with connect(api.seeded.url) as connection:
        account = persons.account(connection, api.seeded.people[("own", "supervisor")])
        assert account is not None
        opened = sign_in_as.open_session(connection, BOX, account, "password", "test", NOW_US)
        assert opened is not None
        connection.commit()
    client.cookies.set("tw_session", opened.token)
    path = "/rules/playbook/score-changed"
    shown = client.get(path).text
    text = unescape(shown.partition('<textarea id="text"')[2].partition(">")[2])
    text = text.partition("</textarea>")[0].lstrip()
    wrong = {"action": "record", "reason": "clearer", "text": text.replace("trigger:", "tricker:")}
    refused = send(client, path, **wrong)
    assert refused.status_code == 422 and "tricker" in unescape(refused.text)
    new = re.sub(r"(?m)^version: .*", "version: 99", text)
    asked = send(client, path, **{**wrong, "text": new})
    assert asked.status_code == 303, asked.text
    request = client.get(asked.headers["location"]).text
    assert "Bring a playbook into force" in request and "+version: 99" in request
    assert "99" in client.get(path).text
    location = asked.headers["location"].partition("?")[0]
    assert "Try it on history" in client.get(location).text
    tried = client.get(f"{location}?try=1").text
    assert "data-plot" in tried and "signals; what is in force gives" in tried
    # A new version of actions can be tried on what was decided.
    path = "/rules/action/motor"
    shown = client.get(path).text
    text = unescape(shown.partition('<textarea id="text"')[2].partition(">")[2])
    text = text.partition("</textarea>")[0].lstrip()
    new = re.sub(r"(?m)^version: .*", "version: 99", text)
    never = new.replace("at_least: 85", "at_least: 101")
    assert never != new
    asked = send(client, path, action="record", reason="fewer", text=never)
    assert asked.status_code == 303, asked.text
    location = asked.headers["location"].partition("?")[0]
    assert "Try it on history" in client.get(location).text
    with client.stream("GET", f"{location}/trial") as stream:
        events = [line for line in stream.iter_lines() if line.startswith(("event: ", "data: {"))]
    assert events[0] == "event: progress" and events[-2:] == ["event: done", "data: {}"], events
    last = json.loads(events[-3].removeprefix("data: "))
    assert last["done"] == last["of"] > 0 and last["text"] == f"{last['of']} of {last['of']}"
    for path in (
        f"/approvals/{api.seeded.own['own'].approval}/trial",
        f"/approvals/{'0' * 24}/trial",
    ):
        assert client.get(path).status_code == 404
    assert enter("agent").get(f"{location}/trial").status_code == 401
    tried = client.get(f"{location}?try=1").text
    figures = re.search(r"([1-9]\d*) decisions about [1-9]", tried)
    assert "data-plot" in tried and figures is not None, tried
    assert "Customers who get one" in tried


def test_a_diary_names_the_person(api: Api) -> None:
    case = api.seeded.own["own"].crash_case
    note = {"text": "Called; nobody is hurt."}
    path = f"/v1/cases/{case}/notes"
    answer = api.post(path, "person agent", note, Idempotency_Key="diary")
    assert answer.status_code == 201
    entries = api.get(f"/v1/cases/{case}", "agent").json()["entries"]
    assert "own agent person" in [entry["author"] for entry in entries]
    reads = api.get("/v1/customers/c0/reads", "customer").json()["data"]
    assert reads[0]["reader"] and "own agent person" in [read["reader"] for read in reads]


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("owner", ["zz", "quiet", "omar"])
def test_others_things_are_not_found(api: Api, seen: Seen, role: str, owner: str) -> None:
    """Of another tenant nothing; of those who did not agree no features; of other customers of
    the same tenant what staff may see and no customer."""
    own = api.seeded.own[owner]
    # Their ids and names are in lists such as that of doubtful pairs, which have no id of their own
    secrets = (*own.secrets, own.driver, own.home, f"{owner.upper()} Driver")
    for path, roles in pages(api, owner).items():
        if path in _SHARED:
            continue
        status = seen(role, path).status_code
        hidden = (
            owner == "zz"
            or role in ("customer", "home")
            or role not in roles
            or (owner == "quiet" and path.startswith(_NEED_CONSENT))
        )
        assert status == (200 if not hidden else status if status in (403, 404) else -1), path
    if owner == "zz" or role in ("customer", "home"):
        for path in _SHARED:
            text = seen(role, path).text
            assert not [secret for secret in secrets if secret in text], path


@pytest.mark.parametrize("role", [role for role in ROLES if role != "customer"])
def test_nobody_but_the_customer_gets_a_position(api: Api, seen: Seen, role: str) -> None:
    position = re.compile(rb"51[.,]70|7[.,]307|" + f"{LAT}|{LON}".encode() + rb"|lat_deg|lon_deg")
    for owner in ("own", "omar"):
        for path in pages(api, owner):
            content = seen(role, path).content
            assert not position.search(content), path
            assert b'data-plot="path"' not in content and b'data-plot="felt"' not in content
            assert all(step >= 30.0 for step in steps_of_speed(content)), path


def test_the_customer_sees_the_path_and_it_starts_at_zero(api: Api, enter) -> None:
    own = api.seeded.own["own"]
    page = enter("customer").get(f"/vehicles/{own.vehicle}?trip={own.trip}")
    assert page.status_code == 200
    for plot in ("path", "speed", "felt"):
        assert f'data-plot="{plot}"' in page.text
    assert str(LAT) not in page.text, "metres from the start are enough to draw it"


@pytest.mark.parametrize(
    ("language", "badge", "why"),
    [
        ("en", "Sparse", "they need a speed every 3 s"),
        ("de", "Selten gemeldet", "dafür braucht es eine Geschwindigkeit alle 3 s"),
    ],
)
def test_a_trip_says_what_was_not_computed(
    api: Api, enter, language: str, badge: str, why: str
) -> None:
    own = api.seeded.own["own"]
    client = enter("insurer")
    client.headers["Accept-Language"] = language
    assert badge not in client.get(f"/vehicles/{own.vehicle}").text
    with connect(api.seeded.url) as connection:
        connection.execute("update features.trip set quality = 3")
    try:
        page = client.get(f"/vehicles/{own.vehicle}").text
    finally:
        with connect(api.seeded.url) as connection:
            connection.execute("update features.trip set quality = 0")
    assert f'<span class="badge">{badge}</span>' in page and why in page


@pytest.mark.parametrize("role", [None, *ROLES])
def test_every_answer_has_the_strict_policy(api: Api, seen: Seen, role: str | None) -> None:
    for path in [*pages(api), "/login", "/no/such/page"]:
        answer = seen(role, path)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy, path
        assert "script-src 'self'; style-src 'self'" in policy
        assert not re.search(r"<(?:script|style)>|\sstyle=|\son[a-z]+=|javascript:", answer.text)
        assert not re.search(r"(?:src|href|action)=\"(?:https?:)?//", answer.text), path
        assert answer.headers["cache-control"] == "no-store"


FORMS = {
    "agent": ("/cases/{crash_case}", {"action": "note", "text": "x"}),
    "utility": ("/alerts/{alert}", {"action": "acknowledge"}),
    "customer": ("/me/consents", {"purpose": "channel_email", "state": "granted"}),
    "operator": ("/contacts/{webhook}", {"action": "resend"}),
}


@pytest.mark.parametrize("role", FORMS)
def test_a_form_without_the_sessions_token_changes_nothing(api: Api, enter, role: str) -> None:
    path, fields = FORMS[role]
    path = path.format_map(asdict(api.seeded.own["own"]))
    client, other = enter(role), enter(role)
    foreign = token_of(other.get("/").text)
    for token in ({}, {"csrf": ""}, {"csrf": "x"}, {"csrf": foreign}, {"csrf": "ü\ud7ff"}):
        answer = client.post(path, data={**fields, **token})
        assert answer.status_code == 403, token
    own = client.post(path, data={**fields, "csrf": token_of(client.get("/").text)})
    assert own.status_code == 303


def test_signing_in_needs_the_pages_token_and_a_key(api: Api, enter) -> None:
    client = enter(None)
    key = api.seeded.keys[("own", "agent")]
    assert client.post("/login", data={"key": key}).status_code == 403
    token = token_of(client.get("/login").text)
    for wrong in ("", "tw_x", key[:-1] + ("A" if key[-1] != "A" else "B")):
        answer = client.post("/login", data={"key": wrong, "csrf": token})
        assert answer.status_code == 401 and 'role="alert"' in answer.text
    assert client.get("/cases").headers["location"] == "/login?next=%2Fcases"


@pytest.mark.parametrize("back", ["//evil.example", "/\\evil.example", "https://evil.example", ""])
def test_after_signing_in_nobody_is_sent_elsewhere(api: Api, enter, back: str) -> None:
    client = enter(None)
    answer = sign_in(client, api.seeded.keys[("own", "agent")], back)
    assert answer.headers["location"] == "/"
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie and "samesite=strict" in cookie


def test_a_session_ends(api: Api, enter) -> None:
    key = api.seeded.keys[("own", "agent")]
    with connect(api.seeded.url) as connection:
        over, _ = sessions.open_session(connection, key, NOW_US - 10_000_000, 9.0) or ("", "")
        held, _ = sessions.open_session(connection, key, NOW_US - 10_000_000, 11.0) or ("", "")
        connection.commit()
    client = enter(None)
    for token, status in ((over, 303), (held, 200), ("nonsense", 303)):
        client.cookies.set("tw_session", token)
        assert client.get("/cases").status_code == status
        client.cookies.clear()
    client = enter("agent")
    assert send(client, "/", "/logout").status_code == 303
    assert client.get("/cases").status_code == 303


def test_each_read_of_a_page_is_in_the_customers_log_by_object(api: Api, enter) -> None:
    own = api.seeded.own["own"]
    agent, customer = enter("agent"), enter("customer")

    def logged(path: str, **headers: str) -> list[tuple[str, str, str]]:
        with connect(api.seeded.url) as connection:
            before = scalar(connection, "select coalesce(max(read_id), 0) from access.read_log")
            assert agent.get(path, headers=headers).status_code == 200
            rows = read_log.of_customer(connection, "t1", own.driver, limit=200)
        return sorted(
            (row["what"], row["object_kind"], row["object_id"])
            for row in rows
            if row["read_id"] > before
        )

    case = ("case", "case", own.crash_case)
    assert case in logged(f"/cases/{own.crash_case}")
    assert case in logged(f"/cases/{own.crash_case}"), "whoever opens it again reads it again"
    assert logged(f"/cases/{own.crash_case}", **{"x-live": "1"}) == [], "the page refreshed itself"
    token = token_of(agent.get(f"/cases/{own.crash_case}").text)
    note = {"csrf": token, "action": "note", "text": "something new"}
    assert agent.post(f"/cases/{own.crash_case}", data=note).status_code == 303
    assert case in logged(f"/cases/{own.crash_case}", **{"x-live": "1"}), "which said something new"
    for contact in (own.message, own.webhook):
        assert ("contact", "contact", contact) in logged(f"/contacts/{contact}")
    context = logged(f"/customers/{own.driver}")
    assert ("customer context", "customer", own.driver) in context
    assert ("customer context", "case", own.crash_case) in context
    assert "own agent" in customer.get("/me").text


def test_what_did_not_commit_is_not_remembered_as_logged(
    api: Api, enter, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = api.seeded.own["omar"]
    agent = enter("agent")
    path, live = f"/cases/{own.alert_case}", {"x-live": "1"}
    render = View.page

    def fails(view: View, template: str, *rest: object, **values: object) -> object:
        if template == "case.html":
            raise RuntimeError("after the read was logged, before the commit")
        return render(view, template, *rest, **values)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(View, "page", fails)
        assert agent.get(path, headers=live).status_code == 500
    assert agent.get(path, headers=live).status_code == 200
    with connect(api.seeded.url) as connection:
        rows = read_log.of_customer(connection, "t1", own.home, limit=200)
    assert own.alert_case in {row["object_id"] for row in rows}


def test_acting_on_what_has_changed_says_so(api: Api, enter) -> None:
    own = api.seeded.own["omar"]
    client = enter("agent")
    path = f"/cases/{own.crash_case}"
    version = re.search(r'name="version" value="(\d+)"', client.get(path).text)
    assert version
    token = token_of(client.get(path).text)
    fields = {"csrf": token, "version": version[1], "action": "take"}
    assert client.post(path, data=fields).status_code == 303
    again = client.post(path, data={**fields, "action": "resolve", "text": "done"})
    assert again.status_code == 412
    assert "Somebody has changed the case meanwhile." in again.text
    assert re.search(r'<textarea id="resolution"[^>]*>done</textarea>', again.text), "it is kept"
    assert api.get(f"/v1/cases/{own.crash_case}", "agent").json()["state"] == "in_progress"


def test_dead_letters_and_texts_are_shown_safely(api: Api, enter) -> None:
    assert printable("a\u202eb\t\x7f") == "a\ufffdb\t\ufffd", (
        "no character that turns the text around"
    )
    page = enter("operator").get("/dead-letters/1")
    assert "<script>alert" not in page.text
    client = enter("agent")
    case = f"/cases/{api.seeded.own['own'].crash_case}"
    note = "<script>alert(1)</script>"
    token = token_of(client.get(case).text)
    client.post(case, data={"csrf": token, "action": "note", "text": note})
    assert note not in client.get(case).text


def test_live_tells_figures_and_ends_with_the_session(api: Api, enter) -> None:
    assert enter(None).get("/live").status_code == 401
    client = enter("operator")
    with client.stream("GET", "/live", headers={"accept": "text/event-stream"}) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        for line in answer.iter_lines():
            if line.startswith("data:"):
                assert '"received": "5"' in line
                break


def test_strange_addresses_and_forms_are_refused(api: Api, enter) -> None:
    assert enter(None).get("/dead-letters/" + "9" * 5_000).status_code == 303
    deep = base64.urlsafe_b64encode(b"[" * 30_000).decode()
    assert enter("agent").get(f"/customers?after={deep}").status_code == 400
    operator = enter("operator")
    for letter in ("9" * 400, "9" * 5_000, "-1", "x", "\u0661"):
        assert operator.get(f"/dead-letters/{letter}").status_code == 404, letter[:9]
    surrogate = base64.b64encode("\ud800".encode("utf-16-be", "surrogatepass")).decode().rstrip("=")
    for charset, text in (("undefined", "x"), ("utf-7", f"+{surrogate}-")):
        form = f'--x\r\nContent-Disposition: form-data; name="csrf"\r\n\r\n{text}\r\n--x--\r\n'
        kind = {"content-type": f"multipart/form-data; boundary=x; charset={charset}"}
        answer = enter("customer").post("/me/consents", content=form, headers=kind)
        assert answer.status_code in (400, 403, 422), charset


def test_a_search_for_a_name_stands_in_no_url(
    api: Api, enter, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = enter("agent")
    monkeypatch.setattr("api.pages.customers.ROWS", 1)
    with monkeypatch.context() as few:
        few.setattr("api.pages.frame.lists.one_page.__kwdefaults__", {"size": 1})
        form = re.search(r'<form method="(\w+)"[^>]*role="search"', client.get("/customers").text)
        assert form and form[1] == "post"
        first = send(client, "/customers", q="OMAR")
        assert "omar-driver" in first.text and "omar-home" not in first.text
        assert not re.search(r'href="[^"]*OMAR', first.text)
        after = re.search(r'name="after" value="([^"]+)"', first.text)
        assert after
        second = send(client, "/customers", q="OMAR", after=after[1])
        assert "omar-home" in second.text and "omar-driver" not in second.text
    assert send(client, "/customers", q=" ").headers["location"] == "/customers"
    assert client.post("/customers", data={"q": "OMAR"}).status_code == 403
    assert enter("insurer").post("/customers", data={"q": "x"}).status_code == 403


def test_fewer_scopes_show_less(api: Api) -> None:
    own = api.seeded.own["own"]
    shown = {
        ("insurer", "trips:read"): (f"/vehicles/{own.vehicle}", 'id="h-score"'),
        ("agent", "context:read"): (f"/customers/{own.driver}", 'id="h-contacts"'),
        ("customer", "inbox:read"): ("/", f"/vehicles/{own.vehicle}"),
        ("customer", "data:read"): ("/", "own-secret message"),
    }
    for (role, scope), (path, hidden) in shown.items():
        with connect(api.seeded.url) as connection:
            _, key = keys.create_key(
                connection, tenant="t1", role=role, name="less", scopes=[scope], now_us=NOW_US,
                customer=own.driver if role == "customer" else None,
            )  # fmt: skip
            connection.commit()
        for text, visible in ((api.seeded.keys[("own", role)], True), (key, False)):
            with httpx.Client(base_url=api.url, headers=HTML, timeout=patient(20.0)) as client:
                sign_in(client, text)
                page = client.get(path)
                assert page.status_code == 200
                assert (hidden in page.text) == visible, (role, scope, visible)


def test_what_a_case_is_about_goes_with_the_consent(api: Api, enter) -> None:
    for owner, shown in (("own", True), ("quiet", False)):
        own = api.seeded.own[owner]
        for role, case in (("insurer", own.crash_case), ("utility", own.alert_case)):
            page = enter(role).get(f"/cases/{case}")
            assert page.status_code == 200, "the case itself is a record of what was done"
            assert ('id="h-signal"' in page.text) == shown, (owner, role)
            assert (f"/alerts/{own.alert}" in page.text) == (shown and role == "utility")


def test_a_meter_shows_no_anomaly_of_a_holder_who_does_not_agree(api: Api, enter) -> None:
    own, quiet = api.seeded.own["own"], api.seeded.own["quiet"]
    move = "update contacts.alert set subject = %s where alert_id = %s"
    with connect(api.seeded.url) as connection:
        connection.execute(move, (f"meter:{own.meter}", quiet.alert))
        connection.commit()
        try:
            page = enter("utility").get(f"/meters/{own.meter}").text
        finally:
            connection.execute(move, (f"meter:{quiet.meter}", quiet.alert))
            connection.commit()
    assert own.alert in page and quiet.alert not in page


def test_an_empty_store_has_all_pages(database: str) -> None:
    sections = {
        "tenants": [{"id": "e", "name": "Empty", "timezone": "Europe/Berlin"}],
        "customers": [{"tenant": "e", "id": "c", "name": "Nobody"}],
    }
    write(database, validate(sections, "test"), NOW_US)
    opened = set()
    with connect(database) as connection:
        key_texts = {
            role: keys.create_key(
                connection, tenant="e", role=role, name=role, scopes=scopes, now_us=NOW_US,
                customer="c" if role == "customer" else None,
            )[1]
            for role, scopes in OF_ROLE.items()
        }  # fmt: skip
        connection.commit()
    with running_api(database) as url:
        for key in key_texts.values():
            with httpx.Client(base_url=url, headers=HTML, timeout=patient(20.0)) as client:
                sign_in(client, key)
                for path in _SHARED:
                    status = client.get(path).status_code
                    assert status in (200, 403, 404), path
                    opened |= {path} if status == 200 else set()
    assert opened == set(_SHARED) - {"/dead-letters/1"}


def test_what_nobody_foresaw_is_a_page_that_tells_no_detail(database: str) -> None:
    with running_api(database) as url, httpx.Client(base_url=url, headers=HTML) as client:
        assert client.get("/login").status_code == 200
        with connect(database) as connection:
            connection.execute("alter table access.session rename to away")
            connection.commit()
        client.cookies.set("tw_session", "x")
        answer = client.get("/cases", headers={"accept-language": "de"})
        assert answer.status_code == 500
        assert "schiefgegangen" in answer.text and "away" not in answer.text


def test_live_counts_as_a_request(api: Api) -> None:
    """A stream that is opened again and again is limited like every other request."""
    with (
        running_api(api.seeded.url, api_requests_per_minute=5) as address,
        httpx.Client(base_url=address, headers=HTML, timeout=patient(20.0)) as client,
    ):
        sign_in(client, api.seeded.keys[("own", "agent")])
        found = []
        for _ in range(7):
            with client.stream("GET", "/live") as answer:
                found.append(answer.status_code)
        assert found[0] == 200 and found[-1] == 429
        assert "retry-after" in answer.headers
