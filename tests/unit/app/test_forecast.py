"""The forecast of the next day: better than last weeks' same days, unbiased, quick to follow."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from customer_context.metering.day_forecast import LEVELS, TAKEN_OVER, day_total, hours_of, next_day
from customer_context.metering.use import days_off
from proving.meters.homes import simulated
from tests.oracles import day_forecast as oracle

FIRST = 19_723  # 2024-01-01, a Monday


def home(days: int = 70, level: float = 1.0, last: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """The same day again and again, its last days at another level; (days, kWh by hour)."""
    hours = 0.2 + 0.6 * np.exp(-0.5 * ((np.arange(24) - 19.0) / 2.0) ** 2)
    use = np.tile(hours, (days, 1))
    if last:
        use[-last:] *= level
    return FIRST + np.arange(days), use


def forecast(days: np.ndarray, use: np.ndarray) -> np.ndarray:
    target = int(days[-1]) + 1
    off = days_off(np.append(days, target), None)
    found = next_day(days, off[:-1], use, target, float(off[-1]))
    assert found is not None
    expected, low, high = found
    assert (low <= expected).all() and (expected <= high).all()
    return expected


def test_equal_days_are_forecast_as_they_are() -> None:
    days, use = home()
    assert forecast(days, use) == pytest.approx(use[-1], rel=0.1)
    assert forecast(days, use).sum() == pytest.approx(use[-1].sum())


@pytest.mark.parametrize("level", [0.3, 1.8])
def test_a_part_of_the_last_days_level_is_taken_over(level: float) -> None:
    days, use = home(level=level, last=3)
    share = forecast(days, use).sum() / use[0].sum()
    assert min(1.0, level) < share < max(1.0, level)
    assert abs(share - 1.0) > 0.25 * abs(level - 1.0)


@given(st.floats(0.01, 50.0), st.integers(0, 3))
@settings(max_examples=30, deadline=None)
def test_units_do_not_matter(scale: float, last: int) -> None:
    days, use = home(level=0.5, last=last)
    assert forecast(days, use * scale) == pytest.approx(forecast(days, use) * scale)


@given(st.integers(0, 2**32 - 1), st.floats(0.05, 4.0))
@settings(max_examples=15, deadline=None)
def test_a_forecast_stays_near_what_was_used(seed: int, shape: float) -> None:
    use = np.random.default_rng(seed).gamma(shape, 1.0, (30, 24))
    expected = forecast(FIRST + np.arange(30), use)
    most = use.max() * (1.0 + TAKEN_OVER * (LEVELS[1] - 1.0))
    assert (expected >= 0.0).all() and (expected <= most + 1e-9).all()


def test_it_is_a_tenth_better_than_the_same_weekday_and_right_in_its_sum() -> None:
    error = reference = truth = total = 0.0
    for number in (0, 3):
        meter = simulated(21, number, 130)
        lengths = np.full(meter.t_us.size, meter.step_us)
        days, use = hours_of(meter.t_us + meter.offset_us, lengths, meter.kwh)
        off = days_off(days, None)
        for at in range(60, days.size, 2):
            found = next_day(days[:at], off[:at], use[:at], int(days[at]), float(off[at]))
            weekday = np.nanmean(use[[at - 7, at - 14, at - 21, at - 28]], axis=0)
            if found is None or not (np.isfinite(use[at]) & np.isfinite(weekday)).all():
                continue
            error += np.abs(found[0] - use[at]).sum()
            reference += np.abs(weekday - use[at]).sum()
            truth += use[at].sum()
            total += found[0].sum()
    assert error <= 0.9 * reference
    assert abs(total / truth - 1.0) <= 0.08


@given(st.integers(7, 70), st.integers(0, 2**32 - 1))
@settings(max_examples=30, deadline=None)
def test_a_day_is_expected_from_the_days_before_it(count: int, seed: int) -> None:
    """The range has the expected value in it, and nothing of the day itself or later counts."""
    random = np.random.default_rng(seed)
    days, kwh = FIRST + np.arange(count + 5), random.uniform(0.0, 30.0, count + 5)
    off = days_off(days, None)
    target = int(days[count])
    found = day_total(days, off, kwh, target, float(off[count]))
    assert found is not None
    expected, low, high = found
    assert 0.0 <= low <= expected <= high
    kwh[count:] = random.uniform(0.0, 30.0, 5)
    assert day_total(days, off, kwh, target, float(off[count])) == found
    assert day_total(days[:6], off[:6], kwh[:6], FIRST + 6, 0.0) is None


@given(st.integers(0, 2**32 - 1), st.sampled_from([0.0, 0.02, 0.4, 0.9]), st.integers(1, 3))
@settings(max_examples=40, deadline=None)
def test_a_forecast_is_that_of_each_hour_by_itself(seed: int, holes: float, digits: int) -> None:
    """Also where values are equal, which few digits make."""
    rng = np.random.default_rng(seed)
    days = FIRST + np.sort(rng.choice(90, int(rng.integers(3, 80)), replace=False))
    off = days_off(days, None)
    use = np.round(rng.gamma(1.0, 0.3, (days.size, 24)), digits) - 0.1 * (seed % 4 == 0)
    use[rng.random(use.shape) < holes] = np.nan
    target = int(days[-1]) + 1 + seed % 2
    found = next_day(days, off, use, target, float(seed % 3 == 0))
    rows = [[None if np.isnan(v) else float(v) for v in row] for row in use]
    expected = oracle.next_day(days.tolist(), off.tolist(), rows, target, float(seed % 3 == 0))
    assert (found is None) == (expected is None)
    if found is not None:
        for part, plain in zip(found, expected, strict=True):
            assert part.tolist() == pytest.approx(plain, rel=1e-9, abs=1e-12)
