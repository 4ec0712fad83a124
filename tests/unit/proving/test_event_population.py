"""The simulated population of driving events: it finds them, and notices wrong parameters."""

import pytest

from proving.events.prove import INPUTS, LEAST, problems, prove


@pytest.mark.parametrize("which", INPUTS)
def test_events_are_found_with_noise(which: str) -> None:
    found = prove(5, 9, which)
    assert found.all.true >= 5
    assert found.all.recall >= LEAST[which] and found.all.precision >= LEAST[which]
    assert not list(problems(found))


def test_thresholds_that_are_too_high_miss_events() -> None:
    found = prove(5, 9, "10hz", "high-threshold")
    assert any("recall" in problem for problem in problems(found))


def test_thresholds_that_are_too_low_make_events_of_nothing() -> None:
    found = prove(5, 6, "10hz", "low-threshold")
    assert any("precision" in problem for problem in problems(found))
