"""The simulated population of crashes: it finds them, counts others, and notices wrong parameters.

False alarms are rare: `tachowatt prove crash --hours 10000` measures them.
"""

import pytest

from proving.crash.prove import Found, problems, prove


def test_crashes_are_found_and_the_same_seed_gives_the_same() -> None:
    found = prove(3, 12, 1.0)
    assert found.recall == 1.0 and found.hours >= 1.0
    again = prove(3, 12, 1.0)
    assert (again.found, again.false, again.decided_s) == (
        found.found, found.false, found.decided_s,
    )  # fmt: skip


def test_a_deaf_kernel_is_noticed() -> None:
    found = prove(3, 6, 0.1, "deaf")
    assert found.recall < 0.98
    assert any("recall" in problem for problem in problems(found, 0.98, 1.0))


def test_a_threshold_that_is_too_low_raises_more_alarms() -> None:
    usual, low = prove(1, 1, 12.0), prove(1, 1, 12.0, "low-threshold")
    assert len(low.false) > len(usual.false)
    assert any("false alarms" in problem for problem in problems(low, 0.98, 1.0))


def test_none_found_in_few_hours_proves_little() -> None:
    found = Found(crashes=1, found=1, hours=1_000.0)
    assert found.false_per_10_000_h == 0.0
    assert found.at_most_per_10_000_h == pytest.approx(29.96)
    assert not list(problems(found, 0.98, 1.0))
