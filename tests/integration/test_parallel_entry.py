"""Two people in one form: what both enter at once is kept, and shown to both."""

from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from customer_context.cases.case_state import What
from runtime.errors import NotAllowed, NotFound
from services import case_fields, case_steps
from services.case_fields import Entered
from store.postgres.pool import Connection, connect
from tests.fix_api import Api
from tests.fix_registry import NOW_US
from tests.integration.test_matter import link_of, opened, phone, plan
from tests.pages import sign_in, token_of

__all__ = ["phone"]
CUSTOMER, AGENT = "customer:c3", "anna"
STEP, FIELD = "final-reading", "final_kwh"


def moving(connection: Connection) -> str:
    """A move whose customer is to enter a reading."""
    case: str = case_steps.open_(connection, "t1", "moving-house", AGENT, NOW_US, customer="c3")[
        "case_id"
    ]
    data = {"move_out": "2026-12-15", "stays_customer": False}
    case_steps.act(connection, "t1", case, AGENT, NOW_US, What.COMPLETE, item="dates", data=data)
    connection.commit()
    return case


def write(
    connection: Connection, case: str, author: str, value: str, base: int, **more: Any
) -> tuple[Entered, bool]:
    found = case_fields.write(
        connection, "t1", case, author, more.get("step", STEP), more.get("times", 1),
        more.get("field", FIELD), value, base, NOW_US, customer=more.get("customer"),
    )  # fmt: skip
    connection.commit()
    return found


@pytest.fixture
def connection(api: Api) -> Any:
    with connect(api.seeded.url) as found:
        yield found


def test_who_has_not_seen_the_latest_value_overwrites_nothing(connection: Connection) -> None:
    case = moving(connection)
    first, accepted = write(connection, case, AGENT, "100", 0)
    assert accepted and first.number == 1
    both, accepted = write(connection, case, CUSTOMER, "200", 0)
    assert not accepted and both.accepted.value == "100"
    assert [one.value for one in both.rivals] == ["200"] and both.number == 2
    chosen, accepted = write(connection, case, AGENT, "200", 2)
    assert accepted and chosen.accepted.value == "200" and chosen.rivals == ()
    late, accepted = write(connection, case, CUSTOMER, "300", 2)
    assert not accepted and [one.value for one in late.rivals] == ["300"]


def test_the_same_value_is_no_collision(connection: Connection) -> None:
    case = moving(connection)
    write(connection, case, AGENT, "100", 0)
    same, accepted = write(connection, case, CUSTOMER, "100", 0)
    assert accepted and same.rivals == ()


def test_who_goes_on_typing_makes_one_row(connection: Connection) -> None:
    case = moving(connection)
    base = 0
    for text in ("1", "12", "123"):
        base = write(connection, case, CUSTOMER, text, base, customer="c3")[0].number
    rows = connection.execute(
        "select number from contacts.case_field where case_id = %s", (case,)
    ).fetchall()
    assert rows == [(3,)]


def test_who_sends_on_before_the_answer_collides_with_nobody(connection: Connection) -> None:
    case = moving(connection)
    write(connection, case, AGENT, "10", 0)
    later, accepted = write(connection, case, AGENT, "100", 0)
    assert accepted and later.accepted.value == "100" and later.rivals == ()
    plan = case_steps.plan_of(connection, "t1", case)
    assert plan is not None
    item = plan.type.items[STEP]
    for author, collide in ((AGENT, []), (CUSTOMER, [FIELD])):
        sent = {FIELD: "1000"}
        found = case_fields.check(connection, "t1", case, author, item, sent, {FIELD: 0}, NOW_US)
        assert found == collide, author


def test_a_customer_writes_in_their_own_open_steps_only(connection: Connection) -> None:
    case = moving(connection)
    for more in (
        {"step": "dates", "field": "move_out"},
        {"customer": "c0"},
        {"field": "nothing"},
        {"step": "nothing"},
    ):
        with pytest.raises((NotFound, NotAllowed)):
            write(connection, case, CUSTOMER, "1", 0, **{"customer": "c3", **more})
        connection.rollback()
    with pytest.raises(NotAllowed):
        write(connection, case, CUSTOMER, "1", 0, customer="c3", times=2)


VALUES = st.sampled_from(["a", "b", "c", "d", "e"])
WRITES = st.lists(st.tuples(st.sampled_from([AGENT, CUSTOMER]), VALUES, st.booleans()), max_size=12)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(WRITES)
def test_no_value_is_dropped_unseen(
    connection: Connection, writes: list[tuple[str, str, bool]]
) -> None:
    """Each author looks before some of their writes. A value leaves the page only when it is
    replaced by its own author, or by a write of somebody who has seen it."""
    case = moving(connection)
    seen: dict[str, int] = {AGENT: 0, CUSTOMER: 0}
    shown: dict[str, set[str]] = {AGENT: set(), CUSTOMER: set()}
    state: Entered | None = None
    for author, value, looks in writes:
        if looks and state is not None:
            seen[author] = state.number
            shown[author] = {one.value for one in (state.accepted, *state.rivals)}
        before = state
        state, accepted = write(connection, case, author, value, seen[author])
        there = {one.value for one in (state.accepted, *state.rivals)}
        assert value in there
        if before is not None:
            for one in (before.accepted, *before.rivals):
                known = one.value in shown[author] or one.author == author
                assert one.value in there or known, "dropped unseen"
        if accepted:
            seen[author] = state.number
            shown[author] = there


def fields_of(client: httpx.Client, path: str) -> dict[str, Any]:
    answer = client.get(f"{path}/fields", headers={"accept": "application/json"})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_agent_and_customer_by_their_pages(api: Api, phone: httpx.Client) -> None:
    case = opened(api, "moving-house", "c3")
    body = {"action": "complete", "data": {"move_out": "2026-12-15", "stays_customer": False}}
    assert api.post(f"/v1/cases/{case}/steps/dates", "agent", body).status_code == 200
    link = link_of(api, case)
    token = token_of(phone.get(link).text)
    path = link.partition("?")[0]
    with httpx.Client(base_url=api.url) as desk:
        sign_in(desk, api.seeded.keys[("own", "agent")])
        own = token_of(desk.get(f"/cases/{case}").text)
        field = {"step": STEP, "times": "1", "field": FIELD}
        sent = phone.post(f"{path}/fields", data={**field, "csrf": token, "value": "77",
                                                  "base": "0"})  # fmt: skip
        assert sent.json()["accepted"] and sent.json()["who"] == "You"
        seen = fields_of(desk, f"/cases/{case}")["steps"][STEP]["fields"][FIELD]
        assert (seen["value"], seen["who"], seen["number"]) == ("77", "Customer", 1)
        assert 'value="77"' in desk.get(f"/cases/{case}").text, "it is in the agent's form"
        late = {**field, "csrf": own, "value": "78", "base": "0"}
        assert not desk.post(f"/cases/{case}/fields", data=late).json()["accepted"]
        both = fields_of(phone, path)["steps"][STEP]["fields"][FIELD]
        assert both["value"] == "77" and both["rivals"][0]["value"] == "78"
        assert both["rivals"][0]["who"] == "Our agent"
        page = phone.get(path).text
        assert "Both of you have written" in page and "78" in page
        # Who sends the form without having seen the latest value decides nothing.
        form = {"csrf": token, "step": STEP, "times": "1", "action": "complete",
                f"field.{FIELD}": "77", f"base.{FIELD}": "1"}  # fmt: skip
        refused = phone.post(path, data=form)
        assert refused.status_code == 303 and "both_wrote" in refused.headers["location"]
        assert STEP in plan(api, case)["next"]
        assert phone.post(path, data={**form, f"base.{FIELD}": "2"}).status_code == 303
        assert plan(api, case)["data"][FIELD] == 77
        gone = phone.post(f"{path}/fields", data={**field, "csrf": token, "value": "1",
                                                  "base": "2"})  # fmt: skip
        assert gone.status_code in (404, 409)


def test_a_stream_of_a_link_reports_what_changes_and_ends_with_it(
    api: Api, phone: httpx.Client, connection: Connection
) -> None:
    case = moving(connection)
    link = link_of(api, case)
    assert phone.get(link).status_code == 200
    path = link.partition("?")[0]
    assert phone.get(f"/matter/{'0' * 32}/live").status_code == 404
    with phone.stream("GET", f"{path}/live") as stream:
        lines = stream.iter_lines()
        assert next(line for line in lines if line.startswith("event")) == "event: change"
        write(connection, case, AGENT, "1", 0)
        found = [next(line for line in lines if line.startswith("data:")) for _ in range(2)]
        assert '["case", "draft"]' in found[-1]
        api.post(f"/v1/cases/{case}/links/revoke", "agent")
        write(connection, case, AGENT, "2", 1)
        assert next(line for line in lines if line.startswith("event")) == "event: bye"
