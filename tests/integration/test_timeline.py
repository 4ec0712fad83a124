"""The timeline of a customer: complete, in order, by page, filtered, searched, and withdrawn."""

import base64
import json
from datetime import timedelta
from typing import Any

import pytest

from contracts.interactions import EntryKind
from services import timeline
from services.timeline import Filter
from store.people.read_log import of_customer
from store.postgres import roles
from store.postgres.pool import connect
from store.postgres.roles import set_tenant_scope
from store.postgres.times import from_us
from tests.fix_api import Api, pages, problem
from tests.fix_registry import NOW_US
from tests.secret_keys import BOX

PATH = "/v1/customers/c0/timeline"
NOW = from_us(NOW_US)


@pytest.fixture(scope="module", autouse=True)
def reported(api: Api) -> None:
    """Interactions of two customers; several at the same moment."""
    lines = [
        {
            "id": f"{customer}-{n}", "source": "crm", "customer": customer,
            "type": ("chat", "call", "shop_order", "email")[n % 4],
            "time": (NOW - timedelta(hours=n // 5)).isoformat(),
            "data": {
                "summary": f"Rechnungen {n}" if n % 3 else f"Wallboxes ordered {n}",
                "text": f"said by {customer}", "state": "broken_off" if n % 4 == 0 else "completed",
            },
            **({"purpose": "claims_assistance"} if n % 10 == 0 else {}),
        }
        for customer in ("c0", "omar-driver")
        for n in range(40)
    ]  # fmt: skip
    answer = api.client.post(
        "/v1/interactions/bulk",
        headers={**api.seeded.bearer("agent"), "Content-Type": "application/x-ndjson"},
        content="\n".join(map(json.dumps, lines)),
    )
    assert answer.json()["recorded"] == 80, answer.text
    with connect(api.seeded.url) as connection:
        connection.execute(
            "insert into contacts.decision (tenant, signal_id, signal_revision, signal_type, "
            "subject, customer, playbook, digest, outcome, reason, decided_at) "
            "select 't1', 's' || i, 0, 'vehicle.crash', 'vehicle:v0', 'c0', 'crash', 'd', "
            "'nothing', 'no_consent', %s from generate_series(1, 12) i",
            (NOW,),
        )


def whole(api: Api, **filters: Any) -> list[dict[str, Any]]:
    """All entries but reads, which each request adds to."""
    kinds = [kind for kind in EntryKind if kind != EntryKind.READ]
    query = "&".join(f"kind={kind}" for kind in kinds)
    query += "".join(f"&{name.strip('_')}={value}" for name, value in filters.items())
    return list(pages(api, f"{PATH}?{query}", "agent", 200))


def keys(entries: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(entry["kind"], entry["id"]) for entry in entries]


def look(api: Api, words: str, customer: str = "c0", **more: Any) -> list[dict[str, Any]]:
    path = f"/v1/customers/{customer}/timeline/search"
    answer = api.post(path, "agent", {"q": words, "limit": 200, **more})
    assert answer.status_code == 200, answer.text
    return list(answer.json()["data"])


def test_everything_about_a_customer_is_on_one_timeline_newest_first(api: Api) -> None:
    entries = whole(api)
    assert {entry["kind"] for entry in entries} == set(EntryKind) - {"read"}
    times = [entry["at"] for entry in entries]
    assert times == sorted(times, reverse=True)
    assert len(set(keys(entries))) == len(entries)
    own = api.seeded.own["own"]
    assert {("case", own.crash_case), ("contact", own.message), ("signal", own.crash)} <= set(
        keys(entries)
    )
    chat = next(e for e in entries if e["type"] == "chat")
    assert chat["state"] == "broken_off" and chat["channel"] == "chat" and chat["by"] == "crm"
    assert all(set(entry["summary"]) == {"de", "en"} for entry in entries)


@pytest.mark.parametrize("limit", [1, 3, 7])
def test_pages_of_any_size_are_the_same_timeline(api: Api, limit: int) -> None:
    kinds = "&".join(f"kind={kind}" for kind in EntryKind if kind != EntryKind.READ)
    assert keys(list(pages(api, f"{PATH}?{kinds}", "agent", limit))) == keys(whole(api))


def test_filters_take_parts_of_the_same_timeline(api: Api) -> None:
    entries = whole(api)
    for kind in set(EntryKind) - {"read"}:
        found = list(pages(api, f"{PATH}?kind={kind}", "agent", 5))
        assert keys(found) == [key for key in keys(entries) if key[0] == kind]
    for channel in ("chat", "email", "inbox", "social"):
        found = whole(api, channel=channel)
        assert keys(found) == keys([e for e in entries if e["channel"] == channel])
    middle = entries[len(entries) // 2]["at"]
    newer, older = whole(api, from_=middle), whole(api, to=middle)
    assert keys(newer) + keys(older) == keys(entries)
    assert all(entry["at"] < middle for entry in older)


def test_a_search_finds_words_of_both_languages(api: Api) -> None:
    orders = look(api, "wallbox")
    assert len(orders) == 14 and all(e["kind"] == "interaction" for e in orders)
    assert len(look(api, "Rechnung")) == 26
    assert look(api, "wallbox Rechnung") == []
    assert len(look(api, "wallbox or Rechnung")) == 40
    assert keys(look(api, "ordering wallbox -chat")) == [
        key for key in keys(orders) if key not in keys(look(api, "chat"))
    ]
    assert [e["summary"]["en"] for e in look(api, '"ordered 33"')] == ["Wallboxes ordered 33"]
    assert look(api, "omar") == [] and len(look(api, "omar", "omar-driver")) > 40
    assert look(api, "the") == look(api, "...") == []
    assert {e["kind"] for e in look(api, "Unfall")} >= {"signal"}
    limited = look(api, "wallbox", limit=5)
    answer = api.post(f"{PATH}/search", "agent", {"q": "wallbox", "limit": 5}).json()
    after = answer["pagination"]["end_cursor"]
    assert keys(limited) == keys(orders)[:5]
    assert keys(look(api, "wallbox", after=after)) == keys(orders)[5:]
    assert len(look(api, "wallbox", channel="chat")) == sum(e["channel"] == "chat" for e in orders)


def test_unknown_customers_and_forged_cursors_are_refused(api: Api) -> None:
    for customer in ("nobody", "zz-driver"):
        problem(api.get(f"/v1/customers/{customer}/timeline", "agent"), 404, "not_found")
        path = f"/v1/customers/{customer}/timeline/search"
        problem(api.post(path, "agent", {"q": "wallbox"}), 404, "not_found")
    for forged in (
        ["timeline", "2026-01-01T00:00:00+00:00", "consent", "1; drop"],
        ["timeline", "2026-01-01T00:00:00+00:00", "read", "9" * 20],
        ["timeline", "2026-01-01T00:00:00+00:00", "gossip", "1"],
        ["timeline", "yesterday", "case", "1"],
    ):
        cursor = base64.urlsafe_b64encode(json.dumps(forged).encode()).decode().rstrip("=")
        problem(api.get(f"{PATH}?after={cursor}", "agent"), 400, "bad_cursor")


def test_each_read_is_logged_and_stands_once_on_the_timeline(api: Api) -> None:
    answer = api.get(f"{PATH}?kind=interaction&limit=20", "agent", X_Request_Id="the-read")
    assert len(answer.json()["data"]) == 20
    with connect(api.seeded.url) as connection:
        logged = [
            row for row in of_customer(connection, "t1", "c0", limit=500)
            if row["request_id"] == "the-read"
        ]  # fmt: skip
    assert len(logged) == 21 and {row["what"] for row in logged} == {"timeline"}
    reads = list(pages(api, f"{PATH}?kind=read", "supervisor", 200))
    ids = {str(row["read_id"]) for row in logged}
    assert len([entry for entry in reads if entry["id"] in ids]) == 1


def test_what_rests_on_a_withdrawn_purpose_is_hidden_but_not_from_its_customer(api: Api) -> None:
    before, words = whole(api), look(api, "wallbox")
    case = next(e for e in before if e["id"] == api.seeded.own["own"].crash_case)
    assert ("case", case["id"]) in keys(look(api, case["summary"]["en"]))
    done = api.post(
        "/v1/customers/c0/consents", "customer",
        {"purpose": "claims_assistance", "state": "withdrawn", "notice_version": "2026-11"},
        Idempotency_Key="withdraw-1",
    )  # fmt: skip
    assert done.status_code in (200, 201), done.text
    after = whole(api)
    gone = set(keys(before)) - set(keys(after))
    assert {kind for kind, _ in gone} == {"interaction", "signal", "decision"}
    assert len([kind for kind, _ in gone if kind == "interaction"]) == 4
    hidden = [entry for entry in after if entry["withdrawn"]]
    assert {entry["kind"] for entry in hidden} >= {"case"}
    assert ("case", case["id"]) not in keys(look(api, case["summary"]["en"]))
    assert all(not e["text"] and e["type"] == "withdrawn" for e in hidden)
    assert len(look(api, "wallbox")) == len(words) - 2
    for word in ("Unfall", "crash", "withdrawn"):
        assert not [e for e in look(api, word) if e["withdrawn"]]
    with connect(api.seeded.url, role=roles.READER) as connection:
        set_tenant_scope(connection, ["t1"])
        own = timeline.read(connection, BOX, "t1", "c0", Filter(), reader="c0", limit=10_000)
    assert gone <= {(entry.kind, entry.id) for entry in own.entries}
    assert not any(entry.withdrawn for entry in own.entries)
