"""Cases with a type: the rules and their plain twin say the same, and each broken rule is found."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proving.cases.broken import BROKEN, broken
from proving.cases.prove import prove

FOUND_WITHIN = 120
"""Rounds within which the slowest broken rule is found: four times what it took."""


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 2**32))
def test_rules_and_oracle_agree(seed: int) -> None:
    assert prove(seed, 2).problems == []


@pytest.mark.parametrize("rule", BROKEN)
def test_each_broken_rule_is_found(rule: str) -> None:
    with broken(rule):
        found = prove(1, FOUND_WITHIN, most_problems=1)
    assert found.problems, f"{found.types} case types did not show it"


def test_a_proof_is_repeatable() -> None:
    assert json.dumps(prove(7, 5).problems) == json.dumps([])
    first, second = prove(7, 5), prove(7, 5)
    assert (first.events, first.fired) == (second.events, second.fired)
