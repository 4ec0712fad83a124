"""The proof of the baseline: its homes have the loads they say, and it notices what is broken."""

import numpy as np
import pytest

from proving.meters import baseline
from proving.meters.known_homes import HOUSES, draw_home


@pytest.mark.parametrize("house", HOUSES)
def test_the_truth_is_the_use_without_noise(house: str) -> None:
    home = draw_home(3, 1, "mild", house)
    first = home.use.end_us <= home.until_us
    truth = home.base_kwh + home.heating_kwh + home.cooling_kwh
    assert float(home.use.energy_kwh[first].sum()) == pytest.approx(truth, rel=0.02)
    assert home.base_kwh > 0.0


def test_a_seed_repeats_and_the_proof_passes_on_mild_homes() -> None:
    homes = [draw_home(1, i, "mild") for i in range(4)]
    again = draw_home(1, 3, "mild")
    assert np.array_equal(again.use.energy_kwh, homes[3].use.energy_kwh)
    found = baseline.prove(homes)
    assert not list(baseline.problems(found))
    assert found.table()["base"]["homes"] == found.homes == 4
    assert set(found.table()) == set(found.table(oracle=True)) | set(baseline.POINTS)


def test_a_baseline_without_weather_is_noticed() -> None:
    found = baseline.prove([draw_home(1, i, "mild") for i in range(3)], broken=True)
    assert any(problem.startswith("base:") for problem in baseline.problems(found))
