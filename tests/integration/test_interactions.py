"""Interactions that other systems report: once, whose they are, and what is refused."""

import itertools
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services import interactions
from services.customer_keys import CustomerKeys
from services.interactions import NewInteraction, Outcome
from store.postgres import roles
from store.postgres.pool import Connection, connect
from store.postgres.roles import set_tenant_scope
from store.secrets.own_columns import INTERACTIONS
from tests.fix_api import Api, problem
from tests.fix_registry import NOW_US
from tests.oracles.interactions import owners
from tests.secret_keys import BOX

DAY_US = 86_400 * 1_000_000
ORDER = {
    "id": "o-1", "source": "shop", "type": "shop_order", "time": "2026-01-02T03:04:05Z",
    "customer": "c0", "data": {"summary": "Wallbox ordered", "reference": "20117"},
}  # fmt: skip
_numbers = itertools.count()


def bulk(api: Api, lines: list[Any], role: str = "back_office", **more: str) -> Any:
    """Send lines; those that are no text are written as JSON."""
    text = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)
    headers = {**api.seeded.bearer(role), "Content-Type": "application/x-ndjson", **more}
    return api.client.post("/v1/interactions/bulk", headers=headers, content=text.encode())


def stored(api: Api, source: str) -> list[tuple[Any, ...]]:
    """As it is stored, its text in clear."""
    with connect(api.seeded.url) as connection:
        keys = CustomerKeys(BOX)
        found = connection.execute(
            "select external_id, customer, kind, channel, summary, interaction_id "
            "from customers.interaction where source = %s order by external_id",
            (source,),
        ).fetchall()
        return [
            (*row[:4], keys.open(connection, row[4], INTERACTIONS.bound_to("summary", row[5])))
            for row in found
        ]


def test_an_interaction_is_recorded_once_and_another_content_is_refused(api: Api) -> None:
    first = api.post("/v1/interactions", "back_office", ORDER)
    assert first.status_code == 201, first.text
    assert first.json()["outcome"] == "recorded"
    again = api.post("/v1/interactions", "back_office", ORDER).json()
    assert again == {"id": first.json()["id"], "outcome": "duplicate"}
    other = {**ORDER, "data": {"summary": "Another"}}
    problem(api.post("/v1/interactions", "agent", other), 409, "id_reused")
    assert stored(api, "shop") == [("o-1", "c0", "shop_order", "shop", "Wallbox ordered")]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"customer": "nobody"}, "body.customer"),
        ({"customer": "zz-driver"}, "body.customer"),
        ({"customer": None}, "body"),
        ({"time": "2200-01-01T00:00:00Z"}, "body.time"),
        ({"time": "2026-01-02T03:04:05"}, "body.time"),
        ({"type": "seance"}, "body.type"),
        ({"purpose": "world_domination"}, "body"),
        ({"data": {"summary": "a\x00b"}}, "body"),
        ({"data": {"summary": ""}}, "body.data.summary"),
        ({"extra": 1}, "body.extra"),
    ],
)
def test_what_is_wrong_is_named(api: Api, change: dict[str, Any], field: str) -> None:
    said = problem(
        api.post("/v1/interactions", "agent", {**ORDER, "id": "bad", **change}), 422, "invalid"
    )
    assert [error["field"] for error in said["errors"]] == [field]


def test_each_line_is_answered_and_a_bad_one_keeps_no_other_out(api: Api) -> None:
    def line(id_: str, **more: Any) -> dict[str, Any]:
        return {**ORDER, "source": "lines", "id": id_, **more}

    lines: list[Any] = [
        line("1"), "", "no json", line("2", customer="nobody"), line("1"),
        line("1", data={"summary": "other"}), line("3", time="2199-01-01T00:00:00Z"),
        line("4", visitor="web-1"), {"id": "5"},
    ]  # fmt: skip
    answer = bulk(api, lines)
    assert answer.status_code == 200, answer.text
    said = answer.json()
    assert [(row["line"], row["outcome"]) for row in said["data"]] == [
        (1, "recorded"), (3, "invalid"), (4, "unknown_customer"), (5, "duplicate"),
        (6, "id_reused"), (7, "in_the_future"), (8, "recorded"), (9, "invalid"),
    ]  # fmt: skip
    assert (said["recorded"], said["duplicates"], said["refused"]) == (2, 1, 5)
    assert all((row["id"] is None) == (row["detail"] is not None) for row in said["data"])
    assert [row[0] for row in stored(api, "lines")] == ["1", "4"]
    again = bulk(api, lines).json()
    assert (again["recorded"], again["duplicates"]) == (0, 3)


def test_a_bulk_of_too_many_lines_or_bytes_or_another_type_is_refused(api: Api) -> None:
    problem(bulk(api, ["{}"] * 1001), 422, "invalid")
    problem(bulk(api, ["x" * (2 * 1024 * 1024 + 1)]), 413, "too_large")
    problem(bulk(api, ["{}"], **{"Content-Type": "text/csv"}), 415, "not_json")
    many = [{**ORDER, "source": "many", "id": str(n)} for n in range(1000)]
    assert bulk(api, many).json()["recorded"] == 1000


def test_a_visitor_is_joined_when_the_customer_is_known(api: Api) -> None:
    def seen(id_: str, time: str, **more: Any) -> dict[str, Any]:
        return {
            "id": id_, "source": "web", "type": "web_visit", "time": time, "visitor": "w-7",
            "data": {"summary": "Looked at wallboxes"}, **more,
        }  # fmt: skip

    bulk(api, [seen("a", "2026-01-02T10:00:00Z"), seen("z", "2026-01-02T12:00:00Z")])
    assert [row[1] for row in stored(api, "web")] == [None, None]
    bulk(api, [seen("b", "2026-01-02T11:00:00Z", customer="c1")])
    assert [row[1] for row in stored(api, "web")] == ["c1", "c1", None]
    bulk(api, [seen("late", "2026-01-02T10:30:00Z")])
    assert [row[1] for row in stored(api, "web")] == ["c1", "c1", "c1", None]


# ── the order of arrival does not matter ─────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def as_reader(api: Api) -> Iterator[Connection]:
    """A connection as the API has it."""
    with connect(api.seeded.url, role=roles.READER) as connection:
        yield connection


REPORT = st.tuples(
    st.integers(0, 60).map(lambda day: NOW_US - 100 * DAY_US + day * DAY_US),
    st.sampled_from([None, None, "c0", "c1"]),
    st.sampled_from(["v1", "v2"]),
)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(reports=st.lists(REPORT, max_size=12), data=st.data())
def test_any_order_of_reports_gives_each_the_same_customer(
    as_reader: Connection, reports: list[tuple[int, str | None, str]], data: st.DataObject
) -> None:
    source = f"order-{next(_numbers)}"
    events = [
        NewInteraction(
            source, str(n), "web_visit", at, customer, f"{source} {visitor}", None, "inbound",
            "completed", "visit", "", None,
        )
        for n, (at, customer, visitor) in enumerate(reports)
    ]  # fmt: skip
    sent = data.draw(st.permutations(events + events[:3]))
    with as_reader.transaction(force_rollback=True):
        set_tenant_scope(as_reader, ["t1"])
        ids: dict[str, str | None] = {}
        while sent:
            size = data.draw(st.integers(1, len(sent)))
            batch, sent = sent[:size], sent[size:]
            answers = interactions.record(as_reader, BOX, "t1", batch, "test", NOW_US)
            for event, answer in zip(batch, answers, strict=True):
                assert answer.outcome in (Outcome.RECORDED, Outcome.DUPLICATE)
                ids[event.external_id] = answer.id
        found: dict[str, str | None] = dict(
            as_reader.execute(
                "select interaction_id, customer from customers.interaction where source = %s",
                (source,),
            ).fetchall()
        )
    by_rule = owners([(str(ids[e.external_id]), e.at_us, e.customer, e.visitor) for e in events])
    assert found == by_rule
