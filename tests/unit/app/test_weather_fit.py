"""The fit by tables of a place equals least squares on the design matrix of every model."""

import numpy as np
import pytest

from app.analysis.baseline import Use, hours_of_days, whole_days
from customer_context.metering import weather_fit
from customer_context.metering.climate import climate_of
from customer_context.metering.weather_model import HOUR_US, Model, Spans, Temperatures
from feature_kernels.baseline import Rows, goodness, inverse_of, robust_distances
from feature_kernels.baseline.grid import COOLING_C, FIRST_COOL, GRID_C, HEATING_C, HEATS
from proving.meters.known_homes import draw_home
from tests.oracles import weather_fit as oracle

DAY_US = 24 * HOUR_US


def both(use: Use, weather: Temperatures | None, spans: Spans) -> tuple[Model, oracle.Model]:
    hours = hours_of_days(use, spans)
    plain_hours = hours and oracle.DayHours(hours.start_us, hours.rows, hours.kwh)
    plain = oracle.Spans(spans.start_us, spans.end_us, spans.energy_kwh, spans.off)
    place = weather and oracle.Temperatures(weather.t_us, weather.celsius)
    return weather_fit.fit(spans, weather, hours), oracle.fit(plain, place, plain_hours)


def same(ours: Model, theirs: oracle.Model) -> None:
    for name in ("name", "n", "lag_h", "inertia_h", "by_hours"):
        assert getattr(ours, name) == getattr(theirs, name)
    for name in ("base", "off", "heating", "heating_c", "cooling", "cooling_c", "r2", "cv_rmse",
                 "sigma", "lag"):  # fmt: skip
        found, expected = getattr(ours, name), getattr(theirs, name)
        assert found == (None if expected is None else pytest.approx(expected, rel=1e-9, abs=1e-9))
    assert ours.covariance == pytest.approx(theirs.covariance, rel=1e-8, abs=1e-9)


@pytest.mark.parametrize(
    ("number", "noise", "house"),
    [(2, "mild", "heavy"), (2, "hard", "setback"), (3, "medium", "late")],
)
def test_a_home_is_fitted_as_by_every_model_itself(number: int, noise: str, house: str) -> None:
    home = draw_home(11, number, noise, house)
    spans = whole_days(home.use)
    rng = np.random.default_rng(number)
    keep = (spans.end_us <= home.until_us) & (rng.random(spans.days.size) < 0.95)
    same(*both(home.use, home.weather, spans.part(keep)))


def test_homes_of_a_place_share_its_tables_and_no_result() -> None:
    home = draw_home(11, 1, "mild")
    spans = whole_days(home.use)
    first, last = (
        spans.part(spans.end_us <= home.until_us),
        spans.part(spans.end_us > home.until_us),
    )
    alone = Temperatures(home.weather.t_us, home.weather.celsius)
    for part in (first, last, first):
        shared = weather_fit.fit(part, home.weather, hours_of_days(home.use, part))
        fresh = weather_fit.fit(part, alone.answered(0, 0.0), hours_of_days(home.use, part))
        assert shared.base == pytest.approx(fresh.base, rel=1e-9)
        assert shared.heating_c == pytest.approx(fresh.heating_c, rel=1e-9)


def test_days_alone_and_none_without_weather() -> None:
    home = draw_home(11, 0, "mild")
    spans = whole_days(home.use)
    spans = spans.part(spans.end_us <= home.until_us)
    same(*both(home.use, None, spans))
    without = (
        weather_fit.fit(spans, home.weather),
        oracle.fit(
            oracle.Spans(spans.start_us, spans.end_us, spans.energy_kwh, spans.off),
            oracle.Temperatures(home.weather.t_us, home.weather.celsius),
        ),
    )
    same(*without)


def unpacked(rows: Rows, day: int) -> np.ndarray:
    """Return the degrees of a day's hours at every balance point, float64[g, 24]."""
    out = np.zeros((GRID_C.size, 24))
    first, last, low, high = rows.bounds[day]
    kept = rows.rows[rows.start[day] :]
    for at in range(first, HEATS):
        out[at] = kept[min(at, last) - first]
    for at in range(HEATS, high):
        out[at] = kept[max(last + 1 - first, 0) + max(at, low) - low]
    return out


@pytest.mark.parametrize(("lag_h", "inertia_h"), [(0, 0.0), (-1, 2.0), (3, 0.0), (4, 8.0)])
@pytest.mark.parametrize("holes", [False, True])
def test_degrees_of_a_place_are_those_of_each_balance_point(
    lag_h: int, inertia_h: float, holes: bool
) -> None:
    rng = np.random.default_rng(2)
    season = 12.0 * np.sin(np.arange(24 * 30) / 24.0 / 5.0)
    celsius = rng.normal(15.0, 3.0, 24 * 30) + season
    if holes:
        celsius[200:230] = np.nan
    weather = Temperatures(HOUR_US * np.arange(celsius.size), celsius)
    form = weather.answered(lag_h, inertia_h)
    plain = oracle.Temperatures(weather.t_us, celsius, lag_h, inertia_h)
    start = np.sort(rng.integers(0, celsius.size * HOUR_US, 40))
    end = np.minimum(start + rng.integers(0, 3 * DAY_US, 40), celsius.size * HOUR_US)
    start[::2] -= start[::2] % HOUR_US
    end[::4] -= end[::4] % HOUR_US
    found, heats, cools = climate_of(weather).days(form, start, end)
    days = DAY_US * np.arange(28)
    rows, packed = climate_of(weather).packed(form, days)
    assert np.array_equal(GRID_C, np.concatenate((HEATING_C, COOLING_C)))
    every = []
    for at, balance in enumerate(GRID_C.tolist()):
        sign = -1.0 if at < HEATS else 1.0
        expected = plain.degree_days(balance, sign, end) - plain.degree_days(balance, sign, start)
        assert found[:, at] == pytest.approx(expected, abs=1e-9)
        assert form.degree_days(balance, sign, end) - form.degree_days(
            balance, sign, start
        ) == pytest.approx(expected, abs=1e-9)
        outside = (at < heats) if at < HEATS else (at >= cools)
        assert expected[outside] == pytest.approx(0.0, abs=1e-9)
        hours = plain.degree_hours(balance, sign)[: 28 * 24].reshape(28, 24)
        every.append(hours - hours.mean(axis=1, keepdims=True))
    degrees = np.array(every)
    for day in range(28):
        assert unpacked(rows, int(packed[day])) == pytest.approx(degrees[:, day], abs=1e-9)
        first, last, low, high = rows.bounds[packed[day]]
        pair = int(rows.pairs_at[packed[day]])
        for heat in range(HEATS):
            for cool in range(HEATS + FIRST_COOL[heat], GRID_C.size):
                kept = first <= heat <= last and low <= cool < high
                product = float(degrees[heat, day] @ degrees[cool, day])
                assert (rows.pairs[pair] if kept else 0.0) == pytest.approx(product, abs=1e-9)
                pair += kept
    assert rows.own == pytest.approx((rows.rows**2).sum(axis=1))
    again, packed_again = climate_of(weather).packed(form, days[::3] + HOUR_US)
    assert again.start.size == 38 and packed_again.tolist() == list(range(28, 38))


def test_a_median_is_that_of_sorted_values() -> None:
    rng = np.random.default_rng(4)
    for n in (1, 2, 3, 10, 365, 366):
        for digits in (0, 3):
            rest = np.round(rng.normal(0.0, 5.0, n), digits)
            variance = rng.uniform(0.5, 2.0, n)
            even = rest / np.sqrt(variance)
            sigma = 1.4826 * np.median(np.abs(even - np.median(even)))
            assert robust_distances(rest, variance) == pytest.approx(even / max(sigma, 1e-9))


@pytest.mark.parametrize("hours", [False, True])
def test_normal_equations_are_solved_as_by_numpy(hours: bool) -> None:
    rng = np.random.default_rng(6)
    columns = np.column_stack((np.ones(80), rng.random(80) < 0.3, rng.gamma(1.0, 5.0, (80, 2))))
    weight, energy, length = rng.uniform(0.1, 2.0, 80), rng.gamma(2.0, 5.0, 80), np.ones(80)
    more = np.diag([3.0, 40.0]) * hours, np.array([5.0, 7.0]) * hours
    left, right = (columns.T * weight) @ columns, (columns.T * weight) @ energy
    left[2:, 2:] += more[0]
    right[2:] += more[1]
    solved = inverse_of(columns, weight, energy, 2, more)
    assert solved is not None
    assert solved[0] == pytest.approx(np.linalg.inv(left))
    assert solved[1] == pytest.approx(right)
    found, far = solved[0] @ right, np.where(np.arange(80) % 9 == 0, 6.0, 1.0)
    good, near = goodness(columns, found, weight, length, energy, far, 5.0), far < 5.0
    scaled = found * energy[near].sum() / (columns @ found)[near].sum()
    rest = (energy - columns @ scaled)[near]
    assert good.scale * found == pytest.approx(scaled)
    assert good.squares == pytest.approx(rest @ rest)
    assert good.weighted == pytest.approx((rest * weight[near]) @ rest)
    assert good.total == pytest.approx(near.sum() * energy[near].var())
    even = rest * np.sqrt(weight[near])
    assert good.lag == pytest.approx(np.corrcoef(even[:-1], even[1:])[0, 1])
    same = columns[:, [0, 1, 2, 2]]
    assert inverse_of(same, weight, energy, 2, (np.zeros((2, 2)), np.zeros(2))) is None
