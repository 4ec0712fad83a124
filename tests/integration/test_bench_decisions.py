"""`tachowatt bench decisions`: what it says, and that a decision which differs is found."""

import pytest

from customer_context.next_best_action import decide
from proving.bench import decisions


def test_it_compares_with_the_oracle_and_counts() -> None:
    found = decisions.run(actions=20, decisions=20, workers=2, seed=1)
    assert found["problems"] == [] and found["compared"] == 100
    assert (found["decisions"], found["treatments"]) == (40, 60)
    assert found["per_s"] > 0 and found["per_cpu_s"] > 0 and found["survivors"] > 0


def test_a_decision_that_differs_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decide, "product", lambda *factors: 1.0)
    found = decisions.run(actions=40, decisions=1, workers=1, seed=1)
    assert "differ from the oracle" in found["problems"][0]
