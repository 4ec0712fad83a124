"""Verifying a caller: questions and limits are what a plain twin says, also for tries at once."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customer_context.verification import questions as rule
from customer_context.verification.questions import Question, Tries
from runtime.errors import NotAllowed
from services import calls
from store.postgres.pool import connect, scalar
from tests.fix_registry import NOW_US, points
from tests.oracles import verification as oracle

words = st.text(st.sampled_from("abcdeÄß12 -/.@"), max_size=8)
records = st.dictionaries(st.sampled_from(list(Question)[:3]), st.lists(words, max_size=3))


@given(records, st.text(max_size=5), st.data())
def test_two_right_answers_verify(
    record: dict[Question, list[str]], call_id: str, data: st.DataObject
) -> None:
    answers = rule.known(record)
    questions = rule.asked(answers, call_id)
    assert questions == rule.asked(answers, call_id) and len(questions) in (0, 2)
    said = {
        str(q): data.draw(words | st.sampled_from([*record.get(q, []), "x"])) for q in questions
    }
    plain = {str(q): values for q, values in record.items()}
    expected = oracle.verified(plain, [str(q) for q in questions], said)
    assert rule.right(answers, questions, said) == expected


@given(words)
def test_how_answers_are_compared(text: str) -> None:
    assert rule.compared(text) == oracle.plain(text)
    assert rule.compared(f" {text.upper()}-") == oracle.plain(text.upper())


def test_a_postcode_is_found_in_an_address() -> None:
    found = rule.known({Question.POSTCODE: ["Lindenweg 4\n38100 Braunschweig"], Question.PLATE: []})
    assert found == {Question.POSTCODE: frozenset({"38100"})}


@given(
    st.lists(st.tuples(st.integers(0, 2_000), st.sampled_from("ab"), st.booleans()), max_size=12)
)
def test_wrong_answers_close_the_call_and_then_the_customer(
    steps: list[tuple[int, str, bool]],
) -> None:
    now, tries = 0, []
    for passed, call, good in steps:
        now += passed
        tries.append((now, call, good))
    wrong: list[tuple[int, str]] = []
    got = []
    for at, call, good in tries:
        of_call = sum(one == call for _, one in wrong)
        recent = sum(at - then < rule.WINDOW_S for then, _ in wrong)
        if Tries(of_call, recent).left == 0:
            got.append("refused")
        elif good:
            got.append("verified")
        else:
            wrong.append((at, call))
            got.append("wrong")
    assert got == oracle.played(tries)


@pytest.fixture
def company(database: str) -> str:
    """A database with a customer whom four things verify, and two numbers."""
    from app.operations.registry_import import validate, write

    sections = {
        "tenants": [{"id": "t1", "name": "Acme", "timezone": "Europe/Berlin"}],
        "customers": [
            {"tenant": "t1", "id": "c1", "name": "Jane Doe", "email": "jane@home.example"},
            {"tenant": "t1", "id": "c2", "name": "John Doe"},
        ],
        "vehicles": [{"tenant": "t1", "id": "v1", "name": "Car", "plate": "TW-JE 4711"}],
        "contracts": [
            {"tenant": "t1", "id": "MOTOR-77", "customer": "c1", "vehicle": "v1",
             "kind": "motor", "valid_from": "2020-01-01T00:00:00Z"},
        ],
        "contact_points": [
            {"tenant": "t1", "customer": "c1", "kind": "mobile", "value": "0171 3920001"},
            {"tenant": "t1", "customer": "c1", "kind": "phone", "value": "030 23125100"},
            {"tenant": "t1", "customer": "c2", "kind": "phone", "value": "030 23125100"},
        ],
    }  # fmt: skip
    write(database, validate(sections, "test"), NOW_US, points())
    return database


RIGHT = {"contract": "motor 77", "plate": "twje4711", "email": "JANE@home.example"}


def test_who_may_be_calling(company: str) -> None:
    with connect(company) as connection:
        one = calls.open_(connection, points(), "t1", "0171 3920001", "Ana", NOW_US)
        assert (one.match, one.customer, one.chosen, one.left) == ("one", None, True, 3)
        assert len(one.asked) == 2 and one.code == "possible"
        several = calls.open_(connection, points(), "t1", "+49 30 23125100", "Ana", NOW_US)
        assert (several.match, several.asked, several.chosen) == ("several", (), False)
        with pytest.raises(NotAllowed, match="nobody is chosen"):
            calls.verify(connection, "t1", several.call_id, "Ana", RIGHT, NOW_US)
        unknown = calls.open_(connection, points(), "t1", "0170 1234567", "Ana", NOW_US)
        assert unknown.match == "unknown"
        chosen = calls.choose(connection, "t1", unknown.call_id, "c2", NOW_US)
        assert chosen.asked == () and chosen.chosen, "the record knows too little of c2"
        done = calls.verify(connection, "t1", one.call_id, "Ana", RIGHT, NOW_US)
        assert (done.customer, done.verified_by, done.verified_how) == ("c1", "Ana", "questions")
        assert [row["call_id"] for row in calls.waiting(connection, "t1", "Ana")] == [
            one.call_id, several.call_id, unknown.call_id,
        ] or len(calls.waiting(connection, "t1", "Ana")) == 3  # fmt: skip
        connection.rollback()


def test_wrong_answers_at_once_count_one_by_one(company: str) -> None:
    """Ten calls with ten wrong answers at the same time: five count, the others are refused."""
    with connect(company) as connection:
        made = [
            calls.open_(connection, points(), "t1", "0171 3920001", "Ana", NOW_US).call_id
            for _ in range(10)
        ]
        connection.commit()
    begin = threading.Barrier(len(made))

    def guess(call_id: str) -> str:
        begin.wait()
        with connect(company) as own:
            try:
                found = calls.verify(own, "t1", call_id, "Ana", {"contract": "x"}, NOW_US)
            except NotAllowed:
                return "refused"
            own.commit()
            return "wrong" if found.customer is None else "verified"

    with ThreadPoolExecutor(len(made)) as pool:
        got = sorted(pool.map(guess, made))
    assert got == ["refused"] * 5 + ["wrong"] * 5
    later = NOW_US + 3_601_000_000
    with connect(company) as connection:
        assert scalar(connection, "select count(*) from contacts.call_try") == 5
        fresh = calls.open_(connection, points(), "t1", "0171 3920001", "Ana", later)
        done = calls.verify(connection, "t1", fresh.call_id, "Ana", RIGHT, later)
        assert done.customer == "c1"
