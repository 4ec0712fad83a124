"""`tamper_score` of windows: weather, holidays, export, and what it must not look at."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from app.analysis.tamper import History
from app.analysis.tamper_windows import degrees_of_days
from customer_context.metering.weather_model import HOUR_US, Temperatures

Floats = NDArray[np.float64]
DAY_US = 24 * HOUR_US
LENGTH = 14


def home(days: int, seed: int = 1) -> Floats:
    """Return days of half hours, W: a fridge, mornings and evenings of some scatter."""
    rng = np.random.default_rng(seed)
    hour = np.arange(48) / 2.0
    watt = 90.0 + rng.gamma(2.0, 15.0, (days, 48))
    watt += ((hour >= 17.0) & (hour < 22.0)) * rng.gamma(3.0, 150.0, (days, 48))
    watt += ((hour >= 6.5) & (hour < 8.0)) * rng.gamma(3.0, 100.0, (days, 48))
    return np.asarray(watt, np.float64)


def test_a_mild_spring_is_no_theft_where_temperatures_are_known() -> None:
    rng = np.random.default_rng(4)
    mild = np.arange(126) >= 112
    heating = np.clip(np.where(mild, 4.0, 12.0) + rng.normal(0.0, 1.5, 126), 0.0, None)
    heating[20:40] = rng.uniform(2.0, 6.0, 20)  # some mild weeks long ago
    days = home(126) + 120.0 * heating[:, None] * rng.gamma(3.0, 1 / 3.0, (126, 48))
    degrees = np.column_stack((heating, np.zeros(126)))
    unknown, known = History(days, LENGTH), History(days, LENGTH, degrees)
    before, now = unknown.score(112), known.score(112)
    stolen = known.score(112, 0.5 * days[112:])
    assert before is not None and now is not None and stolen is not None
    assert now < 0.5 < before
    assert stolen > 0.9


def test_a_week_away_is_below_a_fortnight_that_counts_half() -> None:
    days = home(98)
    away = days[84:].copy()
    away[3:9] = 80.0 + np.random.default_rng(2).gamma(2.0, 12.0, (6, 48))
    history = History(days, LENGTH)
    holiday, stolen = history.score(84, away), history.score(84, 0.5 * days[84:])
    assert holiday is not None and stolen is not None
    assert holiday < 0.2 and stolen > 0.9


def test_a_fortnight_that_exports_as_much_as_it_imports_is_no_flat_one() -> None:
    hour = np.arange(48) / 2.0
    sun = np.clip(np.sin(np.pi * (hour - 6.0) / 12.0), 0.0, 1.0)
    days = home(98) - 900.0 * sun * np.random.default_rng(3).uniform(0.3, 1.0, (98, 1))
    balanced = days[84:] - days[84:].mean()
    score = History(days, LENGTH).score(84, balanced)
    assert abs(balanced.mean()) < 1.0 and score is not None and score < 0.9


def test_an_empty_home_is_no_theft_and_a_flat_day_is_no_empty_one() -> None:
    days = home(112)
    away = 80.0 + np.random.default_rng(5).gamma(2.0, 12.0, (14, 48))
    flat = np.broadcast_to(days[84:98].mean(axis=1)[:, None], (14, 48)).copy()
    history = History(days, LENGTH)
    nobody, nothing = history.score(84, away), history.score(84, np.zeros((14, 48)))
    sent = history.score(84, flat)
    assert nobody is not None and nothing is not None and sent is not None
    assert nobody < 0.05 and nothing == 0.5
    assert sent > 0.9


def test_half_of_a_home_without_use_at_night_is_theft() -> None:
    days = home(112)
    days = np.maximum(days - np.quantile(days, 0.2), 0.0)
    history = History(days, LENGTH)
    untouched, stolen = history.score(84), history.score(84, 0.5 * days[84:98])
    assert untouched is not None and stolen is not None
    assert untouched < 0.02 and stolen > 0.1


def test_many_windows_have_the_scores_of_each_alone() -> None:
    days = home(120)
    days[50:52] = np.nan
    firsts = np.array([10, 42, 56, 70, 106])
    scores = History(days, LENGTH).scores(firsts)
    alone = [History(days, LENGTH).score(first) for first in firsts.tolist()]
    assert [None if np.isnan(score) else score for score in scores.tolist()] == alone


@settings(max_examples=15, deadline=None)
@given(st.integers(42, 80), st.integers(0, 2**32 - 1))
def test_a_score_does_not_look_at_later_days(first: int, seed: int) -> None:
    days = home(120)
    degrees = np.random.default_rng(seed).uniform(0.0, 12.0, (120, 2))
    other, warmer = days.copy(), degrees.copy()
    other[first + LENGTH :] *= np.random.default_rng(seed).uniform(0.0, 5.0)
    warmer[first + LENGTH :] += 3.0
    assert History(days, LENGTH, degrees).score(first) == History(other, LENGTH, warmer).score(
        first
    )


def test_a_short_past_or_a_window_that_was_not_measured_has_no_score() -> None:
    days = home(70)
    assert History(days, LENGTH).score(20) is None
    days[42:54] = np.nan
    assert History(days, LENGTH).score(42) is None
    assert History(days, LENGTH).score(56) is not None


def test_degrees_are_those_of_local_days_with_a_share_of_the_day_before() -> None:
    t_us = np.arange(72) * HOUR_US
    celsius = np.repeat([6.0, 16.0, 29.0], 24)
    local = t_us + 2 * HOUR_US
    degrees = degrees_of_days(np.array([0, 1, 2, 3]), t_us, local, Temperatures(t_us, celsius))
    assert degrees[1].tolist() == pytest.approx([(2 / 24 * 10) * 0.75 + 0.25 * 10, 0.0])
    assert degrees[2, 1] == pytest.approx((22 / 24 * 10) * 0.75)
    assert np.isnan(degrees[3]).all()  # two hours of it are known
