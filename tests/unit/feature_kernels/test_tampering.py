"""The marks of tampering are those of the plain twin, and no later day changes them."""

import numpy as np
import pytest
from numpy.typing import NDArray

from feature_kernels.tampering import MARKS, PASTS, marks_of_windows, own_moves
from tests.oracles import tampering as oracle

Floats = NDArray[np.float64]
SAID = {"none": 0, "said": 1, "quiet": 2, "unused": 3}


def home(seed: int, days: int, slots: int) -> tuple[Floats, Floats]:
    """Return days with holes, zeros, export, a holiday and an empty flat, and their degrees."""
    rng = np.random.default_rng(seed)
    watt = 80.0 + rng.gamma(0.6, 300.0, (days, slots))
    degrees = rng.uniform(0.0, 12.0, (days, 2)) * (rng.random((days, 1)) < 0.9)
    watt += 60.0 * degrees.sum(axis=1)[:, None] * rng.random((days, slots))
    if seed % 2:
        watt -= 700.0 * np.clip(np.sin(np.pi * np.arange(slots) / slots), 0.5, 1.0)
    if seed % 3 == 0:
        watt = np.maximum(watt, 0.0)
    watt[rng.random(watt.shape) < 0.03] = 0.0
    watt[rng.random(watt.shape) < 0.03] = np.nan
    watt[60:63] = np.nan
    watt[80:95] = 85.0 + rng.uniform(0.0, 10.0, (15, slots))
    watt[120:150] = 0.0
    degrees[rng.random(days) < 0.1] = np.nan
    return watt, degrees


@pytest.mark.parametrize(("seed", "slots"), [(1, 24), (2, 48), (3, 24), (4, 24)])
def test_marks_are_those_of_the_plain_twin(seed: int, slots: int) -> None:
    days, degrees = home(seed, 430, slots)
    firsts = np.array([20, 28, 57, 81, 121, 130, 200, 402, 425])
    said, marks = marks_of_windows(days, degrees, firsts, 14)
    for window, first in enumerate(firsts.tolist()):
        expected, by_past = oracle.marks_of(days, degrees, first, 14)
        assert said[window] == SAID[expected]
        for past in range(PASTS):
            want = by_past.get(past, [np.nan] * MARKS)
            assert marks[window, past] == pytest.approx(want, abs=1e-9, nan_ok=True)


def test_some_windows_use_nothing_and_some_say_nothing() -> None:
    days, degrees = home(3, 430, 24)
    said, marks = marks_of_windows(days, degrees, np.array([20, 200, 121]), 14)
    assert said.tolist() == [0, 1, 3]
    assert np.isnan(marks[2]).all()


def test_moves_are_those_of_earlier_windows_and_of_other_homes() -> None:
    own = np.random.default_rng(1).normal(0.0, 1.0, (6, PASTS, MARKS))
    own[1, 2] = np.nan
    own_firsts, firsts = np.arange(28, 70, 7), np.array([28, 63])
    centre, scatter = np.full(MARKS, 0.1), np.full(MARKS, 0.2)
    moved, spread = own_moves(firsts, 14, own_firsts, own, centre, scatter, 8.0)
    assert np.array_equal(moved[0], np.tile(centre, (PASTS, 1)))
    assert spread[0] == pytest.approx(np.tile(scatter, (PASTS, 1)))
    earlier = own[:4, 2, 5][[0, 2, 3]]
    middle = (3 * np.median(earlier) + 8.0 * 0.1) / 11.0
    assert moved[1, 2, 5] == pytest.approx(middle)
    apart = 1.4826 * np.median(np.abs(earlier - middle))
    assert spread[1, 2, 5] == pytest.approx(np.sqrt((3 * apart**2 + 8.0 * 0.2**2) / 11.0))
