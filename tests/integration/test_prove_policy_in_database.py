"""The proof of the contact policy through the services and a real PostgreSQL."""

from collections.abc import Callable, Iterator

import pytest

from proving.policy.broken import broken
from proving.policy.in_database import Households


@pytest.fixture
def households(new_database: Callable[[], str]) -> Iterator[Households]:
    made = Households(new_database())
    try:
        yield made
    finally:
        made.close()


def test_no_delivered_message_breaks_a_rule(households: Households) -> None:
    found = [households.play(1, number, 10) for number in range(3)]
    assert [problem for _, problems in found for problem in problems] == []
    assert sum(delivered for delivered, _ in found) > 10


def test_a_broken_rule_is_found(households: Households) -> None:
    with broken("cap"):
        found = [households.play(2, number, 10)[1] for number in range(3)]
    assert any(found)
