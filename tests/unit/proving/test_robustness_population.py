"""A population of drives in many conditions: mounting costs nothing, wrong axes are noticed."""

import pytest

from proving.robustness.prove import CONDITIONS, problems, prove

CHOSEN = {name: CONDITIONS[name] for name in ("phone 50 Hz, mounted", "upright, turned")}


@pytest.mark.slow
def test_the_mounting_costs_nothing_and_styles_are_separated() -> None:
    found = prove(1, 3, chosen=CHOSEN)
    assert all(one.auc == 1.0 and one.without_trip == 0 for one in found)
    assert found[0].all.true > 0 and found[1].all.recall >= found[0].all.recall - 0.05
    assert not list(problems(found))


@pytest.mark.slow
def test_a_phones_axes_that_are_taken_for_the_cars_are_noticed() -> None:
    assert list(problems(prove(1, 3, "axes", CHOSEN)))
