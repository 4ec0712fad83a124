"""Merge and split of customers: the survivor shows both, and a split gives back what was."""

from collections.abc import Iterator
from datetime import datetime

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.channels import PURPOSES
from customer_context.consent import chain
from runtime.errors import NotAllowed, NotFound
from services import (
    case_flow,
    consent,
    contact_flow,
    customer_context,
    customer_search,
    merging,
    registry_changes,
    timeline,
)
from services.erasure import Eraser
from services.merging import Refused
from services.timeline import Filter
from store.people import consent as consent_store
from store.people import consent_chain, match_pairs, merges, subjects
from store.postgres.pool import Connection, connect
from store.postgres.times import from_us
from tests.fix_api import Api, problem
from tests.fix_registry import NOW_US, points
from tests.fix_roles import Town
from tests.pages import sign_in, token_of
from tests.secret_keys import BOX

MINUTE_US = 60_000_000
A, B = "c0", "omar-driver"


@pytest.fixture
def connection(town: Town) -> Iterator[Connection]:
    """What is done is taken back."""
    with connect(town.url) as found:
        yield found
        found.rollback()


_HASHED = (*chain.CONTENT, "seq", "content_digest", "digest")


def _changes(connection: Connection) -> list[registry_changes.Item]:
    since = (registry_changes.oldest(connection), 2**63 - 1)
    return registry_changes.after(connection, "t1", since, 10_000)


def _merge(connection: Connection, merged: str = B, into: str = A, at_us: int = NOW_US) -> None:
    merging.merge(connection, "t1", merged, into, "the same", "Kim", at_us)


def _decide(
    connection: Connection, customer: str, purpose: str, state: str, at_us: int
) -> frozenset[str]:
    found = consent.decide(
        connection, "t1", customer, purpose, state, at_us, notice_version="1", source="test"
    )
    return frozenset(found.granted)


def _granted(connection: Connection, customer: str) -> frozenset[str]:
    return frozenset(consent_store.granted_of(connection, "t1", customer))


def _all(connection: Connection, customer: str, limit: int) -> list[tuple[str, str]]:
    """The whole timeline, read page by page."""
    found: list[tuple[str, str]] = []
    after = None
    while True:
        page = timeline.read(connection, BOX, "t1", customer, Filter(), after=after, limit=limit)
        found += [(entry.kind, entry.id) for entry in page.entries]
        after = page.after
        if after is None:
            return found


def test_all_reads_of_the_survivor_show_both(connection: Connection) -> None:
    apart = {
        one: {
            "contracts": {r["contract"] for r in subjects.contracts_of(connection, "t1", one)},
            "cases": {r["case_id"] for r in case_flow.list_(connection, "t1", customer=one)},
            "contacts": {
                r["contact_id"] for r in contact_flow.list_(connection, "t1", customer=one)
            },
            "points": {p.point_id for p in points().of_customer(connection, "t1", one)},
            "timeline": set(_all(connection, one, 50)),
        }
        for one in (A, B)
    }
    assert all(apart[one][what] for one in (A, B) for what in apart[one]), "else nothing is shown"
    _merge(connection)
    for asked in (A, B):
        both = {
            "contracts": {r["contract"] for r in subjects.contracts_of(connection, "t1", asked)},
            "cases": {r["case_id"] for r in case_flow.list_(connection, "t1", customer=asked)},
            "contacts": {
                r["contact_id"] for r in contact_flow.list_(connection, "t1", customer=asked)
            },
            "points": {p.point_id for p in points().of_customer(connection, "t1", asked)},
            "timeline": set(_all(connection, asked, 50)),
        }
        for what, found in both.items():
            if what != "timeline":
                assert found == apart[A][what] | apart[B][what], what
            else:
                assert found >= apart[A][what] | apart[B][what]
    context = customer_context.of_customer(connection, "t1", A, NOW_US, 50)
    assert context is not None
    named = {item.ranked.item.id for item in context.relevant} | {
        part.id for item in context.relevant for part in item.ranked.parts
    }
    assert apart[A]["contracts"] & named and apart[B]["contracts"] & named
    owners = {row["customer"] for row in case_flow.list_(connection, "t1", customer=A)}
    assert owners == {A, B}, "history keeps its id"


def test_a_timeline_of_two_is_read_page_by_page(connection: Connection) -> None:
    _merge(connection)
    whole = _all(connection, A, 200)
    assert len(whole) > 10 and len(set(whole)) == len(whole)
    for limit in (1, 3, 7):
        assert _all(connection, A, limit) == whole


def test_who_is_merged_is_found_as_the_survivor(connection: Connection) -> None:
    _merge(connection)
    listed = {row["customer"] for row in subjects.listed_customers(connection, "t1", limit=200)}
    assert A in listed and B not in listed
    found = customer_search.find(connection, points(), "t1", B, NOW_US)
    assert [row["customer"] for row in found] == [A]
    assert found[0]["contracts"] == 2, "contracts of both"


def test_the_narrower_consent_counts_until_renewed(connection: Connection) -> None:
    at = NOW_US
    for customer in (A, B):
        for purpose in ("driving_score", "claims_assistance"):
            _decide(connection, customer, purpose, "granted", at)
    at += MINUTE_US
    _decide(connection, B, "driving_score", "withdrawn", at)
    before = {one: _granted(connection, one) for one in (A, B)}
    at += MINUTE_US
    _merge(connection, at_us=at)
    for one in (A, B):
        assert _granted(connection, one) == before[one] - {"driving_score"}, "and no more"
    at += MINUTE_US
    _decide(connection, A, "driving_score", "granted", at)
    assert all("driving_score" in _granted(connection, one) for one in (A, B)), "renewed"
    at += MINUTE_US
    _decide(connection, B, "claims_assistance", "withdrawn", at)
    assert not any("claims_assistance" in _granted(connection, one) for one in (A, B))
    at += MINUTE_US
    merging.split(connection, "t1", B, "not the same", "Kim", at)
    assert "driving_score" in _granted(connection, A), "A said so"
    assert "driving_score" not in _granted(connection, B), "who had not"
    assert not any("claims_assistance" in _granted(connection, one) for one in (A, B))


_step = st.tuples(
    st.sampled_from([A, B]), st.sampled_from(sorted(PURPOSES)),
    st.sampled_from(["granted", "withdrawn"]),
)  # fmt: skip


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(_step, max_size=8))
def test_merge_and_split_give_back_what_was(
    connection: Connection, steps: list[tuple[str, str, str]]
) -> None:
    connection.rollback()
    at = NOW_US
    for customer, purpose, state in steps:
        at += MINUTE_US
        _decide(connection, customer, purpose, state, at)
    read = {one: (_granted(connection, one), _contents(connection, one)) for one in (A, B)}
    stored = consent_store.granted(connection, [("t1", A), ("t1", B)])
    _merge(connection, at_us=at + MINUTE_US)
    merged = {one: _granted(connection, one) for one in (A, B)}
    assert all(merged[one] <= read[one][0] for one in (A, B)), "a merge permits nothing"
    merging.split(connection, "t1", B, "not the same", "Kim", at + 2 * MINUTE_US)
    assert {one: (_granted(connection, one), _contents(connection, one)) for one in (A, B)} == read
    assert consent_store.granted(connection, [("t1", A), ("t1", B)]) == stored


def _contents(connection: Connection, customer: str) -> list[object]:
    """What is shown about a customer besides consents."""
    return [
        subjects.contracts_of(connection, "t1", customer),
        sorted(p.point_id for p in points().of_customer(connection, "t1", customer)),
        [row["case_id"] for row in case_flow.list_(connection, "t1", customer=customer)],
        [row["contact_id"] for row in contact_flow.list_(connection, "t1", customer=customer)],
    ]


def test_the_chain_of_consents_stays_whole(connection: Connection) -> None:
    _decide(connection, A, "driving_score", "granted", NOW_US)
    _decide(connection, B, "driving_score", "withdrawn", NOW_US)
    _merge(connection, at_us=NOW_US + MINUTE_US)
    _decide(connection, A, "driving_score", "granted", NOW_US + 2 * MINUTE_US)
    merging.split(connection, "t1", B, "not the same", "Kim", NOW_US + 3 * MINUTE_US)
    assert chain.check(consent_chain.rows(connection, _HASHED), []).problems == []


def test_what_the_rule_refuses(connection: Connection) -> None:
    for arguments, message in (
        ((A, A), "not merged with itself"),
        ((A, "nobody"), "there is no customer 'nobody' to merge it into"),
    ):
        with pytest.raises(NotAllowed, match=message):
            _merge(connection, *arguments)
    with pytest.raises(NotFound):
        _merge(connection, "nobody", A)
    with pytest.raises(NotAllowed, match="is not merged"):
        merging.split(connection, "t1", B, "why", "Kim", NOW_US)
    _merge(connection)
    with pytest.raises(Refused, match=f"merged into {A} already"):
        _merge(connection, B, "c3")
    with pytest.raises(Refused, match="name that one"):
        _merge(connection, "c3", B)
    with pytest.raises(Refused, match="others are merged into c0"):
        _merge(connection, A, "c3")


def test_a_rejected_pair_is_merged_only_by_who_overrules(connection: Connection) -> None:
    match_pairs.propose(connection, "t1", [(A, B, 0.9, {"name": 1.0})], from_us(NOW_US))
    assert match_pairs.decide(connection, "t1", B, A, "rejected", "Kim", from_us(NOW_US))
    with pytest.raises(Refused, match="not the same"):
        _merge(connection)
    merging.merge(connection, "t1", B, A, "they are", "Kim", NOW_US, overrule=True)
    assert merges.survivor_of(connection, "t1", B) == A


def test_an_erasure_ends_all_ids(town: Town) -> None:
    with connect(town.url) as connection:
        for one in ("era-1", "era-2"):
            connection.execute(
                "insert into customers.customer (tenant, customer, name, language) "
                "values ('t1', %s, 'E', 'de')", (one,),
            )  # fmt: skip
        _merge(connection, "era-2", "era-1")
        connection.commit()
        Eraser(BOX, 30).erase(connection, "t1", "era-1", NOW_US, erased_by="test")
        assert merges.customers(connection, "t1", ["era-1", "era-2"]) == {}
        assert Eraser(BOX, 30).verify(connection)[1] == []


def test_the_api_merges_leads_to_the_survivor_and_splits(api: Api) -> None:
    office, agent = api.seeded.bearer("back_office"), api.seeded.bearer("agent")
    path = "/v1/customers/omar-home"
    try:
        done = api.client.post(
            f"{path}/merge", headers={**office, "Idempotency-Key": "m-1"},
            json={"into": "c3", "reason": "moved"},
        )  # fmt: skip
        assert done.status_code == 200, done.text
        led = api.client.get(f"{path}/timeline?limit=5", headers=agent, follow_redirects=False)
        problem(led, 307, "merged")
        assert led.headers["location"] == "/v1/customers/c3/timeline?limit=5"
        followed = api.client.get(f"{path}/context", headers=agent, follow_redirects=True)
        assert followed.json()["customer"] == "c3"
        with connect(api.seeded.url) as connection:
            changed = _changes(connection)
        merge = [one for one in changed if one.kind == "merge"][-1]
        assert merge.data["merged"] == "omar-home" and merge.data["survivor"] == "c3"
        assert isinstance(merge.data["merged_at"], datetime)
    finally:
        split = api.client.post(
            f"{path}/split", headers={**office, "Idempotency-Key": "m-2"},
            json={"reason": "two families"},
        )  # fmt: skip
    assert split.status_code == 200 and split.json()["split_at"] is not None
    assert api.client.get(f"{path}/context", headers=agent).json()["customer"] == "omar-home"
    listed = api.client.get(f"{path}/merges", headers=office).json()["data"]
    assert [one["split_reason"] for one in listed] == ["two families"]


def test_supervisors_merge_and_split_on_the_page(api: Api) -> None:
    with httpx.Client(base_url=api.client.base_url) as client:
        sign_in(client, api.seeded.keys[("own", "supervisor")])
        with connect(api.seeded.url) as connection:  # a doubtful pair would need a second person
            sure = [("omar-driver", "omar-home", 0.99, {"name": 1.0})]
            match_pairs.propose(connection, "t1", sure, from_us(NOW_US))
        page = client.get("/customers/omar-driver").text
        said = {"csrf": token_of(page), "other": "omar-home", "reason": "moved together"}
        path = "/customers/omar-driver/merge"
        assert client.post(path, data={**said, "reason": ""}).status_code == 422
        assert client.post(path, data={**said, "other": "omar-driver"}).status_code == 409
        assert client.post(path, data={**said, "action": "merge"}).status_code == 303
        led = client.get("/customers/omar-home")
        assert led.status_code == 303 and led.headers["location"] == "/customers/omar-driver"
        assert "moved together" in client.get("/customers/omar-driver").text
        assert client.post(path, data={**said, "action": "split"}).status_code == 303
        assert "moved together" not in client.get("/customers/omar-driver").text
        assert client.post(path, data={**said, "action": "split"}).status_code == 404
