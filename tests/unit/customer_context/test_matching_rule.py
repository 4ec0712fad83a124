"""Who may be one: what agrees, what outweighs it, and who is compared with whom."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.identifiers import Identifier
from customer_context.identity.matching import (
    Record,
    blocks_of,
    candidates,
    match,
    name_agreement,
    needs_address,
    without_shared,
)

PROPOSE = 0.7
MAIL, PHONE, HOME = (bytes([number]) for number in (1, 2, 3))
ANNA = Record(
    "a", "person", "Anna Müller", date(1980, 4, 3),
    {
        Identifier.EMAIL: frozenset({MAIL}), Identifier.PHONE: frozenset({PHONE}),
        Identifier.POSTAL: frozenset({HOME}),
    },
    "Lindenweg 3\n10115 Berlin",
)  # fmt: skip


def but(**changes: object) -> Record:
    return replace(ANNA, **{"customer": "b", **changes})  # type: ignore[arg-type]


SAME = {
    "entered twice": but(),
    "order and title": but(name="Dr. Mueller, Anna", birth_date=None),
    "an initial": but(name="A. Müller"),
    "a slip": but(name="Anna Mueler", points={Identifier.EMAIL: frozenset({MAIL})}),
    "married": but(name="Anna Schmidt"),
    "moved": but(points={Identifier.PHONE: frozenset({PHONE})}, postal=None),
    "born": but(points={}, postal="Lindenweg 3 10115 Berlin"),
}
OTHERS = {
    "the family": but(name="Ben Müller", birth_date=None),
    "father and son": but(
        birth_date=date(1955, 1, 9), points={Identifier.POSTAL: frozenset({HOME})}
    ),
    "the name alone": but(birth_date=None, points={}, postal=None),
    "a surname alone": but(name="Müller", birth_date=None, points={}, postal=None),
    "a company": but(kind="company"),
    "the mailbox of a shop": but(
        name="Carla Vogt", birth_date=None, points={Identifier.EMAIL: frozenset({MAIL})}
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SAME)
def test_who_is_one_is_proposed(name: str) -> None:
    if name == "born":
        found = match(replace(ANNA, points={}), SAME[name])
    else:
        found = match(ANNA, SAME[name])
    assert found.score >= PROPOSE, found


@pytest.mark.parametrize("name", OTHERS)
def test_who_is_not_is_not(name: str) -> None:
    assert match(ANNA, OTHERS[name]).score < PROPOSE


def test_an_address_is_opened_only_where_it_decides() -> None:
    moved = but(birth_date=None, points={Identifier.POSTAL: frozenset({b"9"})}, postal=None)
    anna = replace(ANNA, postal=None)
    assert needs_address(match(anna, moved), PROPOSE)
    assert not needs_address(match(anna, replace(moved, name="Ben Vogt")), PROPOSE)
    assert match(ANNA, replace(moved, postal="10115 Berlin, Lindenweg 3")).score >= PROPOSE
    assert match(ANNA, replace(moved, postal="10115 Berlin, Lindenweg 5")).score < PROPOSE


def test_neighbours_and_strangers_are_not_compared_again_and_again() -> None:
    records = [Record(f"c{i}", "person", f"Person {chr(97 + i)}{i}") for i in range(20)]
    assert candidates(records, 100).pairs == []
    alike = [replace(record, name="Anna Müller") for record in records]
    found = candidates(alike, 10)
    assert found.pairs == [] and found.left_out == 1
    assert len(candidates(alike, 20).pairs) == 190


def test_what_many_use_is_no_sign() -> None:
    rows = [(f"c{i}", Identifier.EMAIL, MAIL) for i in range(4)]
    rows += [("c0", Identifier.PHONE, PHONE), ("c1", Identifier.PHONE, PHONE)]
    assert without_shared(rows, frozenset(), 3) == {
        "c0": {Identifier.PHONE: frozenset({PHONE})},
        "c1": {Identifier.PHONE: frozenset({PHONE})},
    }
    assert without_shared(rows, frozenset({PHONE}), 3) == {}


word = st.text(st.characters(categories=["L", "M", "Z", "P"]), max_size=8)
names = st.lists(word, max_size=4).map(" ".join)
records = st.builds(
    Record, st.sampled_from(["a", "b"]), st.sampled_from(["person", "company"]), names,
    st.none() | st.dates(date(1950, 1, 1), date(1951, 1, 1)),
    st.dictionaries(
        st.sampled_from([Identifier.EMAIL, Identifier.PHONE, Identifier.POSTAL]),
        st.frozensets(st.sampled_from([MAIL, PHONE, HOME]), max_size=2), max_size=3,
    ),
    st.none() | names,
)  # fmt: skip


@given(records, records)
def test_the_order_does_not_matter_and_the_score_is_one(one: Record, other: Record) -> None:
    found, turned = match(one, other), match(other, one)
    assert found.score == pytest.approx(turned.score) and 0 <= found.score <= 1
    assert all(0 <= value <= 1 for value in found.agreement.values())
    assert list(blocks_of(one)) == list(blocks_of(one))


@given(names)
def test_a_name_agrees_with_itself(name: str) -> None:
    assert name_agreement(name, name) in (1.0, None)
