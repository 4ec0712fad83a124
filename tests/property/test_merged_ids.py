"""While ids are merged every answer about one of them is about all; after a split only theirs."""

import io
import zipfile
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.rights import AskedBy, LimitKind, Right
from runtime.errors import NotAllowed
from services import breach, data_copies, interactions, merging, privacy_export, timeline
from services.interactions import NewInteraction
from services.one_customer import together
from services.rights import Rights
from services.timeline import Filter
from store.people import consent, merges, read_log
from store.people.read_log import Reader, of_customers
from store.postgres import roles
from store.postgres.pool import Connection, connect
from store.postgres.times import from_us
from store.privacy import exports
from tests.fix_registry import NOW_US
from tests.fix_roles import Town
from tests.secret_keys import BOX

TENANT, IDS = "t1", ("c0", "c3", "omar-driver")
PLANTED = {"c0": "amsel", "c3": "buchfink", "omar-driver": "zeisig"}
"""A word of each id that stands in an interaction, a request and a reader's name."""
MINUTE_US = 60_000_000


@pytest.fixture
def connection(town: Town) -> Iterator[Connection]:
    with connect(town.url) as found:
        found.execute("update customers.customer set kind = 'person'")
        for one in IDS:
            new = NewInteraction(
                "shop", one, "shop_order", NOW_US, one, None, None, "inbound", "completed",
                PLANTED[one], "", None,
            )  # fmt: skip
            interactions.record(found, BOX, TENANT, [new], "test", NOW_US)
            Rights(BOX).ask(
                found, TENANT, one, Right.RECTIFICATION, NOW_US, asked_by=AskedBy.DESK,
                author="anna", details=PLANTED[one],
            )  # fmt: skip
            _read(found, one, PLANTED[one])
        found.execute("savepoint planted")
        yield found
        found.rollback()


def _read(connection: Connection, customer: str, reader: str) -> None:
    who = Reader(TENANT, "k", "agent", reader, reader)
    read_log.log_reads(connection, who, of_customers([customer]), "record", "work", NOW_US)


def _words(text: str) -> set[str]:
    return {one for one in IDS if PLANTED[one] in text}


def _copy(connection: Connection, customer: str) -> str:
    out = io.BytesIO()
    privacy_export.write(connection, BOX, TENANT, customer, out, NOW_US)
    with zipfile.ZipFile(out) as archive:
        names = ("json/customers.interaction.json", "csv/access.read_log.csv", "index.html")
        found = [archive.read(name).decode() for name in names]
    assert all(_words(text) == _words(found[0]) for text in found)
    return found[0]


def _check(connection: Connection, now_us: int) -> None:
    groups = together(connection, TENANT, IDS)
    assert sorted(one for ids in groups.values() for one in ids) == sorted(IDS)
    whose = breach.of_table(connection, "customers.interaction", from_us(0))
    assert {one for _, one in whose} & set(IDS) == set(groups), "each customer is named once"
    for group in groups.values():
        for one in group:
            assert _words(_copy(connection, one)) == set(group)
            requests = Rights(BOX).of_customer(connection, TENANT, one, now_us)
            assert {PLANTED[row.customer] for row in requests} == {PLANTED[id_] for id_ in group}
            assert _words(" ".join(row.details for row in requests)) == set(group)
            page = timeline.read(
                connection, BOX, TENANT, one, Filter(kinds=["interaction"]), limit=500
            )
            assert _words(" ".join(e.summary["en"] for e in page.entries)) == set(group)
            reads = read_log.of_customer(connection, TENANT, one, limit=500)
            assert _words(" ".join(row["reader"] for row in reads)) >= set(group)


steps = st.lists(
    st.tuples(st.sampled_from(("merge", "split")), st.sampled_from(IDS), st.sampled_from(IDS)),
    min_size=1, max_size=4,
)  # fmt: skip


@settings(
    max_examples=6, deadline=None, database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
@given(steps)
def test_answers_are_about_all_ids_of_a_customer(
    connection: Connection, steps: list[tuple[str, str, str]]
) -> None:
    connection.execute("rollback to planted")
    roles.set_tenant_scope(connection, (TENANT,))
    now_us = NOW_US
    for what, one, other in steps:
        now_us += MINUTE_US
        try:
            if what == "merge":
                merging.merge(connection, TENANT, one, other, "one", "kim", now_us, overrule=True)
            else:
                merging.split(connection, TENANT, one, "two", "kim", now_us)
        except NotAllowed:
            continue
        _check(connection, now_us)


def test_a_restriction_of_one_id_is_one_of_all_until_they_are_split(
    connection: Connection,
) -> None:
    rights, pairs = Rights(BOX), [(TENANT, one) for one in IDS]
    row = {"tenant": TENANT, "customer": "c3", "request_id": None}
    connection.execute(
        "insert into privacy.processing_limit (tenant, customer, kind, begun_at) "
        "values (%(tenant)s, %(customer)s, 'processing', now())",
        row,
    )
    before = consent.granted(connection)
    assert before[TENANT, "omar-driver"] and (TENANT, "c3") not in before
    merging.merge(connection, TENANT, "omar-driver", "c3", "one", "kim", NOW_US, overrule=True)
    assert set(rights.limits_of(connection, TENANT, "omar-driver")) == {LimitKind.PROCESSING}
    merged = consent.granted(connection)
    assert (TENANT, "omar-driver") not in merged and merged[TENANT, "c0"]
    assert {state.state for state in consent.in_force(connection, pairs)[pairs[2]].values()} <= {
        "restricted", "withdrawn"
    }  # fmt: skip
    assert set(merges.touched(connection, {(TENANT, "omar-driver")})) == {pairs[1], pairs[2]}
    merging.split(connection, TENANT, "omar-driver", "two", "kim", NOW_US + MINUTE_US)
    assert consent.granted(connection)[TENANT, "omar-driver"] == before[TENANT, "omar-driver"]
    assert not rights.limits_of(connection, TENANT, "omar-driver")
    assert set(merges.touched(connection, {(TENANT, "omar-driver")})) == {pairs[1], pairs[2]}


def test_what_was_read_while_merged_stays_in_the_log_of_each(connection: Connection) -> None:
    merging.merge(connection, TENANT, "c3", "c0", "one", "kim", NOW_US, overrule=True)
    _read(connection, "c0", "spotted")
    merging.split(connection, TENANT, "c3", "two", "kim", NOW_US + MINUTE_US)
    for one in ("c0", "c3"):
        readers = {row["reader"] for row in read_log.of_customer(connection, TENANT, one)}
        assert readers >= {"spotted", PLANTED[one]}


def test_a_copy_of_both_is_shown_to_nobody_after_a_split(connection: Connection) -> None:
    requests = Rights(BOX).of_customer(connection, TENANT, "c0", NOW_US)
    request = next(row.request_id for row in requests if row.right == Right.RECTIFICATION)
    merging.merge(connection, TENANT, "c3", "c0", "one", "kim", NOW_US, overrule=True)
    made, ends = from_us(NOW_US + MINUTE_US), from_us(NOW_US + 10_000 * MINUTE_US)
    connection.execute(
        "insert into privacy.export (request_id, tenant, customer, made_at, expires_at, bytes, "
        "sha256) values (%s, %s, 'c0', %s, %s, 1, '')",
        (request, TENANT, made, ends),
    )
    for one in ("c0", "c3"):
        found = data_copies.find(connection, BOX, TENANT, one, request, NOW_US + 2 * MINUTE_US)
        assert found.request_id == request
    merging.split(connection, TENANT, "c3", "two", "kim", NOW_US + 3 * MINUTE_US)
    for one in ("c0", "c3"):
        assert request not in exports.of_customer(connection, TENANT, [one], from_us(NOW_US))
