"""`tachowatt prove consent` finds no difference, and finds each rule that is broken."""

import pytest

from proving.consent.broken import BROKEN, broken
from proving.consent.prove import prove


def test_our_rules_and_the_oracle_agree() -> None:
    found = prove(1, 200)
    assert not found.problems
    assert min(found.stored, found.sent, found.refused, found.hidden) > 20, "much was tried"
    assert found.stored < found.samples


@pytest.mark.parametrize("rule", BROKEN)
def test_a_broken_rule_is_found(rule: str) -> None:
    with broken(rule):
        assert prove(1, 600, most_problems=1).problems
