"""Next best actions: the rules and their plain twin say the same, and each broken rule is found."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proving.decisions.broken import BROKEN, broken
from proving.decisions.prove import prove

FOUND_WITHIN = 400
"""Sets of actions within which the slowest broken rule is found: several times what it took."""


pytestmark = pytest.mark.timeout(900)


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 2**32))
def test_rules_and_oracle_agree(seed: int) -> None:
    assert prove(seed, 2).problems == []


@pytest.mark.parametrize("rule", BROKEN)
def test_each_broken_rule_is_found(rule: str) -> None:
    with broken(rule):
        found = prove(1, FOUND_WITHIN, most_problems=1)
    assert found.problems, f"{found.sets} sets of actions did not show it"


def test_a_proof_is_repeatable() -> None:
    first, second = prove(7, 4), prove(7, 4)
    assert (first.winners, first.explained, first.problems) == (
        second.winners,
        second.explained,
        [],
    )
