"""The work queue: the order, who can do a case and the next one are what a plain twin says; on a
real store two people who press *next* at once never get the same case."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from customer_context.cases import assignment, work_queue
from customer_context.cases.work_queue import Need, Ranked, Worker
from runtime.errors import NotAllowed
from services import work_queue as use
from services.work_queue import Asking
from store.casework import work_queue as stored
from store.people import persons
from store.people.persons import NewPerson
from store.postgres.pool import Connection, connect
from store.postgres.times import from_us
from tests.fix_registry import NOW_US
from tests.oracles import work_queue as oracle

NOW = from_us(NOW_US)
SKILLS, LANGUAGES, NAMES = ("", "claims", "metering"), ("", "de", "tr"), ("Ana", "Ben", "Cem")

minutes = st.integers(-600, 600)
case = st.fixed_dictionaries(
    {
        "deadline": st.none() | minutes,
        "opened": st.integers(-20_000, 0),
        "waiting": st.none() | st.integers(-600, 0),
        "urgent": st.booleans(),
        "severity": st.integers(0, 3),
        "side": st.sampled_from(("insurer", "utility")),
        "skill": st.sampled_from(SKILLS),
        "language": st.sampled_from(LANGUAGES),
        "state": st.sampled_from(("open", "in_progress", "resolved")),
        "owner": st.none() | st.sampled_from(NAMES),
    }
)
cases = st.lists(case, max_size=30).map(
    lambda found: [{**one, "id": f"k{number:03}"} for number, one in enumerate(found)]
)
worker = st.fixed_dictionaries(
    {
        "name": st.sampled_from(NAMES),
        "side": st.none() | st.sampled_from(("insurer", "utility")),
        "skills": st.sets(st.sampled_from(SKILLS[1:])),
        "languages": st.sets(st.sampled_from(LANGUAGES[1:])),
    }
)
Row = dict[str, Any]


def at(minute: int | None) -> datetime | None:
    return None if minute is None else NOW + timedelta(minutes=minute)


def row(one: Row) -> Row:
    """A case as the store has it."""
    return {
        "deadline": at(one["deadline"]), "opened_at": at(one["opened"]),
        "waiting_since": at(one["waiting"]), "urgent": one["urgent"], "severity": one["severity"],
    }  # fmt: skip


def a_worker(one: Row, load: int = 0) -> Worker:
    return Worker(
        one["name"], frozenset(one["skills"]), frozenset(one["languages"]), one["side"], load
    )


@given(case)
def test_the_rank_is_what_the_twin_says(one: Row) -> None:
    assert work_queue.rank_at(row(one)) == NOW + timedelta(minutes=oracle.rank_min(one))


@given(case, worker)
def test_who_can_do_a_case(one: Row, who: Row) -> None:
    need = Need(one["side"], one["skill"], one["language"])
    assert work_queue.fits(a_worker(who), need) == oracle.can(who, one)


@given(cases, worker, st.integers(0, 30))
def test_the_choice_is_what_the_twin_says(found: list[Row], who: Row, but: int) -> None:
    by_rank = sorted(found, key=lambda one: (oracle.rank_min(one), one["id"]))
    open_ = [one for one in by_rank if one["state"] != "resolved"]
    seen = [one for one in open_ if who["side"] in (None, one["side"])]
    own = [one for one in seen if one["owner"] == who["name"]]
    free = [one for one in open_ if one["owner"] is None and oracle.can(who, one)]

    def ranked(some: list[Row]) -> list[Ranked]:
        return [Ranked(o["id"], work_queue.rank_at(row(o)), o["urgent"]) for o in some]

    me = a_worker(who, len(own))
    chosen = work_queue.choose(me, ranked(own), ranked(free), NOW, f"k{but:03}")
    assert chosen == oracle.next_case(who, found, 0, f"k{but:03}")


@given(
    st.sampled_from(("open", "in_progress", "resolved")),
    st.none() | st.sampled_from(NAMES),
    st.sampled_from(("take", "delegate", "give_back")),
    st.sampled_from(NAMES),
    st.sampled_from(NAMES),
    st.sampled_from(("", " ", "Please call.")),
    st.booleans(),
)
def test_take_delegate_and_give_back(
    state: str, owner: str | None, what: str, who: str, to: str, note: str, leads: bool
) -> None:
    before = {"state": state, "owner": owner, "case_id": "k1"}
    expected = oracle.after(before, what, who, to, note, leads)
    try:
        if what == "take":
            change = assignment.take(before, who, leads=leads)
        elif what == "delegate":
            change = assignment.delegate(before, who, to, note, leads=leads)
        else:
            change = assignment.give_back(before, who, note, leads=leads)
    except NotAllowed:
        assert expected is None
        return
    after = {**before, **change.fields}
    assert (after["state"], after["owner"]) == expected
    assert note.strip() in [text for kind, text in change.entries if kind == "note"] or (
        what == "take"
    )


# ── on the store ─────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def company(database: str) -> str:
    """A database with one tenant and its people."""
    with connect(database) as connection:
        connection.execute("insert into customers.tenant values ('t1', 'Acme', 'Europe/Berlin')")
        for number, name in enumerate(NAMES):
            persons.add(
                connection, NewPerson("t1", "agent", name, f"{number}@acme.example"), NOW_US
            )
        connection.commit()
    return database


def fill(connection: Connection, found: list[Row], who: list[Row] = ()) -> None:  # type: ignore[assignment]
    connection.execute("delete from contacts.case_entry")
    connection.execute("delete from contacts.service_case")
    for one in found:
        connection.execute(
            "insert into contacts.service_case (case_id, tenant, side, kind, title, urgent, "
            "playbook, state, owner, deadline, opened_at, updated_at, skill, language, severity, "
            "waiting_since) values (%s, 't1', %s, 'complaint', '{\"en\": \"x\"}', %s, '-', %s, %s, "
            "%s, %s, %s, %s, %s, %s, %s)",
            (
                one["id"], one["side"], one["urgent"], one["state"], one["owner"],
                at(one["deadline"]), at(one["opened"]), NOW, one["skill"], one["language"],
                one["severity"], at(one["waiting"]),
            ),
        )  # fmt: skip
    for one in who:
        connection.execute(
            "update access.person set skills = %s, languages = %s where name = %s",
            (list(one["skills"]), list(one["languages"]), one["name"]),
        )
    connection.commit()


def person(connection: Connection, name: str) -> str:
    found = connection.execute("select person_id from access.person where name = %s", (name,))
    return str(found.fetchone()[0])  # type: ignore[index]


ON_STORE = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@ON_STORE
@given(cases, worker)
def test_the_store_ranks_and_chooses_as_the_twin(company: str, found: list[Row], who: Row) -> None:
    with connect(company) as connection:
        fill(connection, found, [who])
        for case_id, rank in connection.execute(
            "select case_id, rank_at from contacts.service_case"
        ).fetchall():
            one = next(one for one in found if one["id"] == case_id)
            assert rank == NOW + timedelta(minutes=oracle.rank_min(one))
        free = {
            (one["side"], one["skill"], one["language"])
            for one in found
            if one["owner"] is None and one["state"] != "resolved"
        }
        assert set(stored.needs(connection, "t1")) == free
        asking = Asking(who["name"], person(connection, who["name"]), who["side"])
        given_ = use.next_(connection, "t1", asking, NOW_US)
        expected = oracle.next_case(who, found, 0, "")
        assert (None if given_ is None else given_["case_id"]) == expected
        if given_ is not None:
            assert (given_["owner"], given_["state"]) == (who["name"], "in_progress")
        connection.rollback()


@ON_STORE
@given(cases)
def test_nobody_gets_what_somebody_else_gets(company: str, found: list[Row]) -> None:
    """Three people press next until nothing is left, all at once."""
    with connect(company) as connection:
        everything = {"side": None, "skills": (), "languages": ()}
        fill(connection, found, [{**everything, "name": name} for name in NAMES])
        ids = {name: person(connection, name) for name in NAMES}
    begin = threading.Barrier(len(NAMES))

    def press(name: str) -> list[str]:
        got: list[str] = []
        begin.wait()
        with connect(company) as own:
            while (given_ := use.next_(own, "t1", Asking(name, ids[name]), NOW_US)) is not None:
                own.commit()
                got.append(given_["case_id"])
                own.execute(
                    "update contacts.service_case set state = 'resolved' where case_id = %s",
                    (given_["case_id"],),
                )
                own.commit()
        return got

    with ThreadPoolExecutor(len(NAMES)) as pool:
        got = list(pool.map(press, NAMES))
    all_ = [case_id for one in got for case_id in one]
    assert len(all_) == len(set(all_))
    assert set(all_) == {one["id"] for one in found if one["state"] != "resolved"}
