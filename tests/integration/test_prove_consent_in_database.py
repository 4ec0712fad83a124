"""The histories of `tachowatt prove consent` in a real PostgreSQL: no difference, and each rule of
the database that is broken is found."""

from collections.abc import Callable, Iterator

import pytest

from proving.consent.broken import BROKEN_IN_DATABASE, broken
from proving.consent.in_database import Database
from proving.consent.prove import prove


@pytest.fixture
def database(new_database: Callable[[], str]) -> Iterator[Database]:
    made = Database(new_database())
    try:
        yield made
    finally:
        made.close()


def test_the_database_agrees_with_the_oracle(database: Database) -> None:
    found = prove(2, 8, in_database=database.history, database_sample=8)
    assert not found.problems
    assert found.in_database == 8


@pytest.mark.parametrize("rule", BROKEN_IN_DATABASE)
def test_a_rule_that_is_broken_in_the_database_is_found(rule: str, database: Database) -> None:
    with broken(rule):
        found = prove(3, 60, in_database=database.history, database_sample=60, most_problems=1)
    assert found.problems
