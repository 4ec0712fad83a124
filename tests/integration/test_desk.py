"""The desk: contact points, search, the work queue, and what came of a call."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

import httpx
import pytest

from api.http.scopes import OF_ROLE
from app.operations.registry_import import validate, write
from runtime.errors import Usage
from services import overviews
from store.casework import driver_scores
from store.people import contact_points as stored
from store.people import keys
from store.postgres import roles
from store.postgres.pool import connect, scalar
from store.postgres.times import from_us
from tests.fix_api import Api, pages
from tests.fix_registry import NOW_US, points, registry
from tests.pages import send, sign_in, token_of
from tests.patience import patient

NOW = from_us(NOW_US)
MINUTE_US = 60_000_000


def _once(name: str) -> dict[str, str]:
    return {"Idempotency_Key": name}


# ── contact points ───────────────────────────────────────────────────────────────────────────────


def test_a_contact_point_is_recorded_shown_found_and_ended(api: Api) -> None:
    path = "/v1/customers/c1/contact-points"
    body = {"kind": "mobile", "value": "0171/392 00 77", "preferred": True}
    made = api.post(path, "agent", body, **_once("p1"))
    assert made.status_code == 201, made.text
    assert "3920077" not in made.text, "the stored answer has no number"
    (found,) = api.get(path, "agent").json()["data"]
    assert found["value"] == "+491713920077" and found["link"] == "tel:+491713920077"
    assert found["shown"] == "+49 171 3920077" and found["preferred"]
    assert [c["id"] for c in search(api, "+49 171 3920077")] == ["c1"]
    assert [c["id"] for c in search(api, "0171 3920077")] == ["c1"]
    again = api.post(path, "agent", {**body, "preferred": False}, **_once("p2")).json()
    assert again["id"] == found["id"], "the same number is not recorded twice"
    ended = api.post(f"{path}/{found['id']}/end", "agent")
    assert ended.status_code == 200 and ended.json()["valid_to"] is not None
    assert api.get(path, "agent").json()["data"] == []
    assert len(api.get(f"{path}?ended=true", "agent").json()["data"]) == 1
    assert search(api, "0171 3920077") == []
    assert api.post(f"{path}/{found['id']}/end", "agent").status_code == 409


def test_what_is_no_number_is_refused_with_what_was_expected(api: Api) -> None:
    path = "/v1/customers/c1/contact-points"
    for kind, value in (("phone", "none"), ("email", "jane"), ("postal", " ")):
        answer = api.post(path, "agent", {"kind": kind, "value": value}, **_once(f"bad-{kind}"))
        assert answer.status_code == 422, answer.text
        assert answer.json()["errors"][0]["field"] == "body.value"
        assert "expected" in answer.json()["detail"]


def test_no_value_stands_in_the_database(api: Api) -> None:
    body = {"kind": "email", "value": "Zoe.Quill@example.org"}
    api.post("/v1/customers/c2/contact-points", "agent", body, **_once("email"))
    assert [c["id"] for c in search(api, "zoe.quill@EXAMPLE.org")] == ["c2"]
    with connect(api.seeded.url) as connection:
        for table in ("customers.contact_point", "access.idempotency", "access.lookup_key"):
            text = scalar(
                connection,
                f"select coalesce(string_agg(lower(t::text), ''), '') from {table} t",
            )
            assert "quill" not in text and "3920001" not in text, table


def test_reading_a_number_is_logged_for_its_customer(api: Api) -> None:
    driver = api.seeded.own["own"].driver
    found = api.get(f"/v1/customers/{driver}/contact-points", "agent").json()["data"]
    read = api.get(f"/v1/customers/{driver}/reads", "customer").json()["data"]
    logged = {(row["object_kind"], row["object_id"]) for row in read}
    assert {("contact_point", point["id"]) for point in found} <= logged


def test_numbers_of_a_case_until_it_is_resolved(api: Api) -> None:
    case = api.seeded.own["omar"].crash_case
    path = f"/v1/cases/{case}/contact-points"
    assert [p["kind"] for p in api.get(path, "insurer").json()["data"]] == ["mobile"]
    done = api.post(f"/v1/cases/{case}/outcome", "insurer", {"outcome": "reached"})
    assert done.status_code == 200, done.text
    assert api.get(path, "insurer").json()["data"] == []


def test_import_records_contact_points_once(database: str) -> None:
    sections = registry(
        contact_points=[
            {"tenant": "t1", "customer": "c0", "kind": "mobile", "value": "0171 3920001"},
            {"tenant": "t1", "customer": "c0", "kind": "phone", "value": "+49 30 23125100",
             "valid_from": "2020-01-01T00:00:00Z", "valid_to": "2021-01-01T00:00:00Z"},
        ]
    )  # fmt: skip
    sections["customers"][1]["email"] = "c1@example.org"
    for _ in range(2):
        write(database, validate(sections, "test"), NOW_US, points())
    with connect(database) as connection:
        all_ = points().of_customer(connection, "t1", "c0")
        assert [(p.kind, p.value) for p in all_] == [
            ("mobile", "+491713920001"), ("phone", "+493023125100"),
        ]  # fmt: skip
        assert [p.kind for p in points().to_call(connection, "t1", "c0", NOW)] == ["mobile"]
        (email,) = points().of_customer(connection, "t1", "c1")
        assert (email.kind, email.link) == ("email", "mailto:c1@example.org")
        assert stored.lookup_key(connection, "t1") is not None


def test_import_names_the_row_of_a_wrong_number(database: str) -> None:
    row = {"tenant": "t1", "customer": "c0", "kind": "mobile", "value": "call me"}
    with pytest.raises(Usage, match="contact_points, row 1, value: expected a phone number"):
        write(database, validate(registry(contact_points=[row]), "test"), NOW_US, points())


# ── search ───────────────────────────────────────────────────────────────────────────────────────


def search(api: Api, text: str, role: str = "agent") -> list[dict[str, object]]:
    answer = api.post("/v1/customers/search", role, {"q": text})
    assert answer.status_code == 200, answer.text
    return list(answer.json()["data"])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("OMAR Driver", "omar-driver"),
        ("driver omar", "omar-driver"),
        ("mar Dri", "omar-driver"),
        ("om dr", "omar-driver"),
        ("omar-driver", "omar-driver"),
        ("omar-k", "omar-driver"),
        ("OMAR K", "omar-driver"),
        ("omar-number", "omar-home"),
        ("MAR-NUMB", "omar-home"),
        ("omar-car", "omar-driver"),
    ],
)
def test_search_by_name_id_contract_meter_and_vehicle(api: Api, text: str, expected: str) -> None:
    assert expected in [found["id"] for found in search(api, text)]


def test_search_finds_a_plate_however_it_is_written(api: Api) -> None:
    with connect(api.seeded.url) as connection:
        connection.execute(
            "update customers.vehicle set plate = 'TW-JE 4711' where vehicle = 'omar-car'"
        )
        connection.commit()
    for text in ("TW-JE 4711", "twje4711", "tw je 4711", "4711"):
        assert [found["id"] for found in search(api, text)] == ["omar-driver"], text


@pytest.mark.parametrize(
    "text", ["%", "_", "\\", "'", "a%r", "mar_d", "' or 1=1 --", "𝔬𝔪", "-", " . "]
)
def test_signs_of_patterns_and_of_sql_are_letters(api: Api, text: str) -> None:
    assert search(api, text) == []


def test_search_stays_in_the_tenant(api: Api) -> None:
    for text in ("zz driver", "zz-k", "zz-number", "zz-car", "zz-driver"):
        assert search(api, text) == [], text


def test_search_gives_each_once_over_pages_exact_first(api: Api) -> None:
    body = {"q": "c", "limit": 2}
    seen: list[str] = []
    while True:
        answer = api.post("/v1/customers/search", "agent", body).json()
        seen += [row["id"] for row in answer["data"]]
        if not answer["pagination"]["has_next_page"]:
            break
        body["after"] = answer["pagination"]["end_cursor"]
    assert len(seen) == len(set(seen)) >= 6
    assert search(api, "c1")[0]["id"] == "c1"


# ── the work queue ───────────────────────────────────────────────────────────────────────────────


def test_the_queue_is_most_urgent_first_and_only_unresolved(api: Api) -> None:
    rows = list(pages(api, "/v1/cases/queue", "agent", 2))
    with connect(api.seeded.url) as connection:
        ranks = [
            scalar(
                connection, "select rank_at from contacts.service_case where case_id = %s",
                (row["id"],),
            )
            for row in rows
        ]  # fmt: skip
    assert ranks == sorted(ranks) and rows
    assert all(row["state"] != "resolved" for row in rows)
    for side in ("insurer", "utility"):
        own = list(pages(api, f"/v1/cases/queue?side={side}", "agent", 2))
        assert {row["side"] for row in own} == {side}
        assert [row["id"] for row in own] == [
            row["id"] for row in pages(api, "/v1/cases/queue", side, 2)
        ]


def test_filters_of_the_queue(api: Api) -> None:
    case = api.seeded.own["own"].alert_case
    api.post(f"/v1/cases/{case}/state", "utility", {"state": "in_progress"})
    name = "own utility"
    mine = list(pages(api, f"/v1/cases/queue?owner={name}", "utility", 50))
    assert [row["id"] for row in mine] == [case]
    nobodys = list(pages(api, "/v1/cases/queue?nobody=true", "utility", 50))
    assert case not in [row["id"] for row in nobodys] and nobodys
    with connect(api.seeded.url) as connection:
        connection.execute(
            "update contacts.service_case set deadline = %s where case_id = %s",
            (NOW - timedelta(minutes=1), case),
        )
        connection.commit()
    late = list(pages(api, "/v1/cases/queue?overdue=true", "utility", 50))
    assert [row["id"] for row in late] == [case]
    assert list(pages(api, "/v1/cases/queue?state=open", "utility", 50)) == nobodys


# ── what came of a call ──────────────────────────────────────────────────────────────────────────


def test_a_call_in_vain_moves_the_deadline(api: Api) -> None:
    case = api.seeded.own["own"].crash_case
    again = (NOW + timedelta(hours=2)).isoformat()
    body = {"outcome": "voicemail", "call_back_at": again, "note": "Left a message."}
    found = api.post(f"/v1/cases/{case}/outcome", "insurer", body).json()
    assert datetime.fromisoformat(found["deadline"]) == NOW + timedelta(hours=2)
    assert (found["state"], found["outcome"], found["attempts"]) == ("in_progress", "voicemail", 1)
    assert [(e["kind"], e["text"]) for e in found["entries"]][-5:-2] == [
        ("outcome", "voicemail"),
        ("note", "Left a message."),
        ("call_back", (NOW + timedelta(hours=2)).isoformat()),
    ]
    late = {"outcome": "not_reached", "call_back_at": (NOW - timedelta(hours=2)).isoformat()}
    assert api.post(f"/v1/cases/{case}/outcome", "insurer", late).status_code == 409
    stale = api.post(
        f"/v1/cases/{case}/outcome", "insurer", {"outcome": "reached"},
        If_Match='"v1.0123456789abcdef"',
    )  # fmt: skip
    assert stale.status_code == 412


def test_a_customers_answer_stands_in_the_case(api: Api) -> None:
    own = api.seeded.own["own"]
    with connect(api.seeded.url) as connection:
        connection.execute(
            "update contacts.service_case set kind = 'crash-call-back', state = 'open' "
            "where case_id = %s",
            (own.crash_case,),
        )
        connection.commit()
    path = f"/v1/customers/{own.driver}/cases/{own.crash_case}/answer"
    assert api.post(path, "customer", {"answer": "well"}).json()["state"] != "resolved"
    assert api.post(path, "customer", {"answer": "call_me"}).status_code == 200
    case = api.get(f"/v1/cases/{own.crash_case}", "insurer").json()
    assert datetime.fromisoformat(case["deadline"]) <= NOW
    assert api.post(path, "customer", {"answer": "no_crash"}).json()["state"] == "resolved"
    case = api.get(f"/v1/cases/{own.crash_case}", "insurer").json()
    assert (case["state"], case["outcome"]) == ("resolved", "no_crash")
    answers = [e for e in case["entries"] if e["kind"] == "answer"]
    assert [e["text"] for e in answers] == ["well", "call_me", "no_crash"]
    assert {e["author"] for e in answers} == {f"customer:{own.driver}"}


# ── the pages ────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def agent(api: Api) -> Iterator[httpx.Client]:
    """An agent who is signed in."""
    with httpx.Client(base_url=api.url, timeout=patient(20.0)) as client:
        sign_in(client, api.seeded.keys[("own", "agent")])
        yield client


def test_an_agent_records_and_ends_a_number_on_the_page(api: Api, agent: httpx.Client) -> None:
    path = "/customers/c4"
    wrong = send(agent, path, kind="phone", value="no number")
    assert wrong.status_code == 422
    assert send(agent, path, kind="phone", value="030 23125123").status_code == 303
    page = agent.get(path).text
    assert 'href="tel:+493023125123"' in page and "+49 30 23125123" in page
    point = api.get("/v1/customers/c4/contact-points", "agent").json()["data"][0]["id"]
    assert send(agent, path, end=point).status_code == 303
    assert "23125123" not in agent.get(path).text


def test_the_queue_page_filters_and_counts(api: Api, agent: httpx.Client) -> None:
    for path in ("", "?who=mine", "?who=nobody", "?who=fits", "?owner=own",
                 "?who=fits&kind=x", "?overdue=1", "?state=open", "?state=resolved",
                 "?side=utility&kind=meter-anomaly", "?kind=%00&side=x&state=y"):  # fmt: skip
        assert agent.get(f"/cases{path}").status_code == 200, path
    assert re.search(r"\d+ of \d+", agent.get("/cases").text)
    assert re.fullmatch(r"/cases(/.+|\?done=nothing_next)",
                        send(agent, "/cases", "/cases/next").headers["location"])  # fmt: skip


def test_lists_say_how_many_of_how_many(api: Api) -> None:
    with httpx.Client(base_url=api.url, timeout=patient(20.0)) as client:
        sign_in(client, api.seeded.keys[("own", "utility")])
        for path, ids, state in (
            ("/alerts", "alerts", "open"),
            ("/contacts", "contacts", "failed"),
        ):
            for query in ("", f"?state={state}"):
                there = len(list(pages(api, f"/v1{path}{query}", "utility", 50)))
                page = client.get(f"{path}{query}").text
                shown = re.search(r"(\d+) of (\d+)", page)
                rows = page.count(f'href="/{ids}/')
                if there == 0:
                    assert shown is None and rows == 0
                else:
                    assert shown and shown.groups() == (str(rows), str(there)), path + query


def test_unusual_meters_are_those_with_an_alert_nobody_resolved(api: Api) -> None:
    own = api.seeded.own["own"]
    with httpx.Client(base_url=api.url, timeout=patient(20.0)) as client:
        sign_in(client, api.seeded.keys[("own", "utility")])

        def shown() -> set[str]:
            page = client.get("/meters?show=unusual").text
            return set(re.findall(r'class="main" href="/meters/([^"]+)"', page))

        listed = {
            alert["subject"].removeprefix("meter:")
            for alert in pages(api, "/v1/alerts", "utility", 50)
            if alert["state"] != "resolved" and not alert["retracted"]
        }
        assert own.meter in listed and shown() == listed
        everything = client.get("/meters").text
        assert f'href="/meters/{own.meter}"' in everything and "<polyline" in everything
        page = client.get(f"/alerts/{own.alert}").text
        form = {"csrf": token_of(page), "action": "resolve", "resolution": "looked at"}
        done = client.post(f"/alerts/{own.alert}", data=form)
        assert done.status_code == 303
        assert shown() == listed - {own.meter}


def test_who_withdrew_still_sees_their_own_past(api: Api) -> None:
    own = api.seeded.own["omar"]
    with connect(api.seeded.url) as connection:
        text = keys.create_key(
            connection, tenant="t1", role="customer", name="omar", scopes=OF_ROLE["customer"],
            now_us=NOW_US, customer=own.home,
        )[1]  # fmt: skip
        connection.commit()
    with httpx.Client(base_url=api.url, timeout=patient(20.0)) as client:
        sign_in(client, text)
        before = client.get(f"/meters/{own.meter}").text
        assert 'data-plot="power"' in before
        done = send(client, "/me", "/me/consents", purpose="energy_insight", state="withdrawn")
        assert done.status_code == 303
        after = client.get(f"/meters/{own.meter}").text
        assert 'data-plot="power"' in after and "notice warn" in after
    with httpx.Client(base_url=api.url, timeout=patient(20.0)) as client:
        sign_in(client, api.seeded.keys[("own", "utility")])
        assert client.get(f"/meters/{own.meter}").status_code == 404


def test_who_looked_is_one_row_a_day_and_reader(api: Api, agent: httpx.Client) -> None:
    own = api.seeded.own["own"]
    for _ in range(3):
        agent.get(f"/customers/{own.driver}")
    with httpx.Client(base_url=api.url, timeout=patient(20.0)) as client:
        sign_in(client, api.seeded.keys[("own", "customer")])
        page = client.get("/me").text
    rows = page[page.index('aria-labelledby="h-reads"') :]
    assert rows.count('<span class="sub">own agent</span>') == 1


# ── overviews ────────────────────────────────────────────────────────────────────────────────────


def test_a_portfolio_counts_drivers_who_consent_by_their_newest_score(api: Api) -> None:
    own, quiet = api.seeded.own["own"], api.seeded.own["quiet"]
    monday = (NOW - timedelta(days=NOW.weekday())).date()
    rows = [
        (own.driver, monday - timedelta(days=7), 50.0, "D"),
        (own.driver, monday, 88.0, "A"),
        (quiet.driver, monday, 12.0, "E"),
    ]
    with connect(api.seeded.url) as connection:
        for customer, week, score, band in rows:
            driver_scores.record(
                connection, "t1", customer, week, score, band, True, 1e6, "1", NOW_US
            )
        connection.commit()
        connection.execute("set role tachowatt_reader")
        roles.set_tenant_scope(connection, ("t1",))
        found = overviews.portfolio(connection, "t1", NOW)
        roles.set_tenant_scope(connection, ("t2",))
        other = overviews.portfolio(connection, "t1", NOW)
    assert (found.drivers, found.mean) == (1, 88.0)
    assert [(row["band"], row["drivers"]) for row in found.bands] == [("A", 1)]
    assert [(row["week"], row["mean"]) for row in found.weeks] == [
        (monday - timedelta(days=7), 50.0), (monday, 88.0),
    ]  # fmt: skip
    assert other.drivers == 0 and not other.weeks


def test_a_network_sums_meters_whose_customers_consent(api: Api) -> None:
    with connect(api.seeded.url) as connection:
        connection.execute("set role tachowatt_reader")
        roles.set_tenant_scope(connection, ("t1",))
        days = overviews.network_days(connection, "t1", NOW)
        assert days and {row["meters"] for row in days} <= {1, 2}, "the quiet one is not counted"
        assert overviews.outages(connection, "t1", NOW) == overviews.Outages([], [], [])
