"""The fit by tables of a place equals the plain fit that solves every model by itself."""

import numpy as np
import pytest

from app.analysis.baseline import Use, hours_of_days, whole_days
from customer_context.metering import weather_fit
from customer_context.metering.climate import COOLING_C, GRID_C, HEATING_C, HEATS, climate_of
from customer_context.metering.weather_model import HOUR_US, Model, Spans, Temperatures
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
        assert found == (None if expected is None else pytest.approx(expected, rel=1e-6, abs=1e-9))
    assert ours.covariance == pytest.approx(theirs.covariance, rel=1e-5, abs=1e-9)


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


@pytest.mark.parametrize(("lag_h", "inertia_h"), [(0, 0.0), (-1, 2.0), (3, 0.0), (4, 8.0)])
def test_degrees_of_a_place_are_those_of_each_balance_point(lag_h: int, inertia_h: float) -> None:
    rng = np.random.default_rng(2)
    celsius = rng.normal(15.0, 8.0, 24 * 30)
    weather = Temperatures(HOUR_US * np.arange(celsius.size), celsius)
    form = weather.answered(lag_h, inertia_h)
    plain = oracle.Temperatures(weather.t_us, celsius, lag_h, inertia_h)
    start = np.sort(rng.integers(0, celsius.size * HOUR_US, 40))
    end = np.minimum(start + rng.integers(0, 3 * DAY_US, 40), celsius.size * HOUR_US)
    found = climate_of(weather).days(form, start, end)
    days = DAY_US * np.arange(28)
    within = climate_of(weather).within(form, days)[0]
    assert np.array_equal(GRID_C, np.concatenate((HEATING_C, COOLING_C)))
    for at in (0, 12, HEATS - 1, HEATS, GRID_C.size - 1):
        sign = -1.0 if at < HEATS else 1.0
        balance = float(GRID_C[at])
        expected = plain.degree_days(balance, sign, end) - plain.degree_days(balance, sign, start)
        assert found[:, at] == pytest.approx(expected, abs=1e-9)
        hours = plain.degree_hours(np.array([balance]), sign)[0][: 28 * 24].reshape(28, 24)
        assert within[:, at] == pytest.approx(hours - hours.mean(axis=1, keepdims=True), abs=1e-9)
