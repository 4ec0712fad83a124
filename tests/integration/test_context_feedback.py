"""Feedback on what is shown first: recorded once, learned from, and gone with its customer."""

from typing import Any

import httpx

from customer_context.relevance.usefulness import Reader
from services import customer_context
from store.postgres.pool import connect
from tests.fix_api import Api, pages
from tests.fix_registry import NOW_US
from tests.pages import sign_in, token_of
from tests.patience import patient


def context(api: Api, role: str = "agent", query: str = "limit=50") -> dict[str, Any]:
    answer = api.get(f"/v1/customers/c0/context?{query}", role)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def report(api: Api) -> None:
    """The facts of an offer to c0."""
    facts = {"tariff.motor": "flat", "driving.score": 92.0, "driving.observed_d": 80}
    body = {"facts": {name: {"value": value} for name, value in facts.items()}}
    path = "/v1/customers/c0/facts"
    assert api.post(path, "back_office", body, Idempotency_Key="context").status_code == 201


def test_a_role_gets_at_most_five_and_one_next_action(api: Api) -> None:
    report(api)
    assert "next_action" not in context(api) or context(api)["next_action"] is None
    found = context(api, query="role=agent&limit=50")
    assert len(found["relevant"]) <= 5 and found["role"] == "agent"
    said = found["next_action"]
    decision = api.post("/v1/decisions", "agent", {"customer": "c0"}).json()
    assert (said["decision_id"], said["action"]) == (decision["id"], "safe-driver-discount")
    assert said["text"] == decision["winners"][0]["text"]
    assert api.get("/v1/customers/c0/context?role=operator", "agent").status_code == 422


def test_feedback_counts_once_and_changes_what_is_shown(api: Api) -> None:
    path = "/v1/customers/c0/context/feedback"
    one = next(item for item in context(api)["relevant"] if item["kind"] == "contract")
    body = {"kind": "contract", "id": one["id"], "reaction": "dismissed"}
    assert api.post(path, "agent", body).json() == {"outcome": "recorded"}
    assert api.post(path, "agent", body).json() == {"outcome": "duplicate"}
    assert api.post(path, "agent", {**body, "id": "none"}).status_code == 404
    assert api.post(path, "agent", {**body, "reaction": "loved"}).status_code == 422
    assert api.post(path, "customer", body).status_code == 403
    assert api.post(path, "supervisor", body).json() == {"outcome": "recorded"}
    with connect(api.seeded.url) as connection:
        rows = connection.execute(
            "select reader, reaction, number from contacts.item_usefulness where kind = 'contract'"
        ).fetchall()
        found = customer_context.of_customer(connection, "t1", "c0", NOW_US, 50)
        other = customer_context.of_customer(connection, "t1", "c3", NOW_US, 50, Reader.CUSTOMER)
    assert rows == [("agent", "dismissed", 2)]
    assert found is not None and other is not None
    judged = {(r.ranked.item.id, r.ranked.item.dismissed) for r in found.relevant}
    assert (one["id"], 2) in judged
    for ranked in other.relevant:  # what was learnt concerns such items of other customers too
        item = ranked.ranked.item
        assert (item.learnt < 1) == (item.kind == "contract") and item.dismissed == 0


def test_an_agent_judges_on_the_page_and_a_customer_in_the_inbox(api: Api) -> None:
    with httpx.Client(base_url=api.url, timeout=patient(20.0)) as client:
        sign_in(client, api.seeded.keys[("own", "agent")])
        page = client.get("/customers/c0").text
        data = {"csrf": token_of(page), "kind": "contract", "id": "k0", "reaction": "used"}
        done = client.post("/customers/c0/feedback", data=data)
        assert done.headers["location"].startswith("/customers/c0?done=feedback_recorded")
        assert "take it into account" in client.get(done.headers["location"]).text
        assert client.post("/customers/c0/feedback", data={**data, "id": "x"}).status_code == 404
    message = api.seeded.own["own"].message
    path = f"/v1/customers/c0/inbox/{message}/feedback"
    assert api.post(path, "customer", {"reaction": "dismissed"}).status_code == 204
    with httpx.Client(base_url=api.url, timeout=patient(20.0)) as client:
        sign_in(client, api.seeded.keys[("own", "customer")])
        token = token_of(client.get("/inbox").text)
        data = {"csrf": token, "reaction": "used"}
        assert client.post(f"/inbox/{message}", data=data).status_code == 303
        assert client.post(f"/inbox/{message}", data={**data, "reaction": "x"}).status_code == 404
    with connect(api.seeded.url) as connection:
        rows = connection.execute(
            "select reader, reaction from contacts.item_feedback where item_id = %s order by 2",
            (message,),
        ).fetchall()
    assert rows == [("customer", "dismissed"), ("customer", "opened"), ("customer", "used")]


def test_a_preview_says_whom_we_would_write_to_and_stores_nothing(api: Api) -> None:
    report(api)

    def stored() -> tuple[int, int]:
        with connect(api.seeded.url) as connection:
            sql = (
                "select (select count(*) from contacts.next_action), count(*) from contacts.contact"
            )
            return connection.execute(sql).fetchone() or (0, 0)

    def previewed() -> dict[str, Any]:
        return {one["customer"]: one for one in pages(api, "/v1/outbound-preview", "agent", 2)}

    before, found = stored(), previewed()
    assert stored() == before and len(found) > 2
    c0, quiet = found["c0"], found[api.seeded.own["quiet"].driver]
    assert (c0["messages"], c0["reason"]) == ([], "contact_policy")
    (stopped,) = c0["stopped"]
    assert (stopped["action"], stopped["rule"]) == ("safe-driver-discount", "minimum-distance")
    assert (quiet["messages"], quiet["reason"]) == ([], "nothing_applies")
    with connect(api.seeded.url) as connection:
        connection.execute("update contacts.contact set counted_at = '2020-01-01'")
    c0 = previewed()["c0"]
    (message,) = c0["messages"]
    assert (message["action"], message["channel"]) == ("safe-driver-discount", "inbox")
    assert (c0["reason"], c0["stopped"]) == (None, [])
