"""The baseline on homes with known truth: loads, balance points, savings, and what is not known."""

import json
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from app.analysis.baseline import describe, hours_of_days, whole_days
from app.cli import cli
from app.recordings.encoding import TableError
from app.recordings.temperatures import read_temperatures
from customer_context.metering.use import Use, days_off, german_holidays, usual_us
from customer_context.metering.weather_fit import fit
from customer_context.metering.weather_model import HOUR_US, Model, Temperatures, hourly

T0 = round(datetime(2024, 1, 1, tzinfo=UTC).timestamp() * 1e6)
DAY_US = 24 * HOUR_US
BASE_KW, HEAT, HEAT_C, COOL, COOL_C = 0.3, 1.8, 15.0, 2.5, 20.0  # kW, kWh/(K d), °C


def weather(days: int, seed: int) -> Temperatures:
    """Simulate hourly temperatures: a season, a daily swing, and spells."""
    rng = np.random.default_rng(seed)
    hour = np.arange(days * 24)
    spell = np.repeat(np.convolve(rng.normal(0, 2.5, days + 4), np.ones(5) / 5**0.5, "valid"), 24)
    season = -11.0 * np.cos(2 * np.pi * (hour / 24 - 15) / 365.25)
    return Temperatures(
        T0 + hour * HOUR_US, 13.0 + season + 4.0 * np.sin(2 * np.pi * (hour - 9) / 24) + spell
    )


def home(at: Temperatures, seed: int, saved_from: int, saved: float) -> Use:
    """Simulate hourly use with noise; from a day on a share of all is saved."""
    rng = np.random.default_rng(seed)
    kwh = BASE_KW + HEAT / 24 * np.maximum(HEAT_C - at.celsius, 0)
    kwh = kwh + COOL / 24 * np.maximum(at.celsius - COOL_C, 0)
    kwh = kwh * rng.gamma(8.0, 1.0 / 8.0, kwh.size)
    kwh[saved_from * 24 :] *= 1.0 - saved
    return Use(at.t_us, at.t_us + HOUR_US, at.t_us, kwh)


def fitted(use: Use, at: Temperatures) -> Model:
    """Fit all of the home's use."""
    spans = whole_days(use)
    return fit(spans, at, hours_of_days(use, spans))


@pytest.mark.parametrize("seed", range(3))
def test_loads_balance_points_and_saving_of_a_home_with_known_truth(seed: int) -> None:
    at = weather(730, seed)
    use = home(at, seed, 365, 0.1)
    until = T0 + 365 * DAY_US
    baseline, savings, notes = describe(use, at, until, until)
    assert not notes and baseline is not None and savings is not None
    first = at.celsius[: 365 * 24]
    heating = HEAT / 24 * float(np.maximum(HEAT_C - first, 0).sum())
    cooling = COOL / 24 * float(np.maximum(first - COOL_C, 0).sum())
    assert baseline["model"] == "heating_cooling"
    assert baseline["by_hours"]
    assert baseline["base_kwh"] == pytest.approx(BASE_KW * 24 * 365, rel=0.1)
    assert baseline["heating_kwh"] == pytest.approx(heating, rel=0.1)
    assert baseline["cooling_kwh"] == pytest.approx(cooling, rel=0.1)
    assert abs(baseline["heating_balance_c"] - HEAT_C) <= 1.0
    assert abs(baseline["cooling_balance_c"] - COOL_C) <= 1.0
    assert abs(savings["saved_percent"] - 10.0) <= 1.5
    assert savings["low"] < 10.0 < savings["high"]


def test_a_house_that_answers_hours_later_is_found() -> None:
    at = weather(365, 5)
    late = Temperatures(at.t_us, np.concatenate((at.celsius[:1].repeat(3), at.celsius[:-3])))
    model = fitted(home(late, 5, 365, 0.0), at)
    assert model.by_hours and model.lag_h == 3 and model.inertia_h == 0.0
    assert model.base * 365 == pytest.approx(BASE_KW * 24 * 365, rel=0.1)


def test_hours_say_nothing_where_the_rhythm_follows_the_weather() -> None:
    at = weather(365, 6)
    use = home(at, 6, 365, 0.0)
    cold = np.repeat(np.maximum(HEAT_C - at.celsius, 0.0).reshape(-1, 24).mean(axis=1), 24)
    night = np.arange(use.energy_kwh.size) % 24 < 6
    use.energy_kwh[night] *= 1.0 - 0.5 * np.minimum(cold[night] / 10.0, 1.0)
    by_days = fit(whole_days(use), at)
    assert not by_days.by_hours
    assert fitted(use, at).base == by_days.base


@given(st.lists(st.sampled_from([900, 1800, 3600]), min_size=1, max_size=9))
def test_the_usual_length_is_the_median(lengths: list[int]) -> None:
    assert usual_us(np.array(lengths)) == np.median(lengths)


def test_degrees_come_later_and_spread_but_stay_as_many() -> None:
    at = weather(30, 1)
    day = np.array([T0 + 5 * DAY_US, T0 + 25 * DAY_US])
    slow = at.answered(2, 6.0)
    at_once, later = (float(np.diff(w.degree_days(15.0, -1.0, day))[0]) for w in (at, slow))
    assert later == pytest.approx(at_once, rel=0.1)
    edges = np.append(at.t_us, at.t_us[-1] + HOUR_US)
    hours, at_once_hours = (np.diff(w.degree_days(15.0, -1.0, edges)) for w in (slow, at))
    kernel = np.exp(-np.arange(72) / 6.0)
    kernel /= kernel.sum()
    for hour in (100, 333, 700):
        plain = sum(kernel[k] * at_once_hours[hour - 2 - k] for k in range(72))
        assert hours[hour] == pytest.approx(plain, abs=1e-9)


def test_an_anomaly_in_the_baseline_moves_the_saving_little() -> None:
    at = weather(730, 7)
    until = T0 + 365 * DAY_US
    use = home(at, 7, 365, 0.1)
    _, clean, _ = describe(use, at, until, until)
    use.energy_kwh[100 * 24 : 103 * 24] += 12.0
    _, disturbed, _ = describe(use, at, until, until)
    assert clean is not None and disturbed is not None
    assert disturbed["saved_percent"] == pytest.approx(clean["saved_percent"], abs=0.5)


def test_a_home_without_weather_load_has_a_base_only() -> None:
    at = weather(365, 1)
    kwh = np.random.default_rng(1).gamma(2.0, 0.2, at.t_us.size)
    baseline, _, _ = describe(Use(at.t_us, at.t_us + HOUR_US, at.t_us, kwh), at)
    assert baseline is not None
    assert baseline["model"] == "base"
    assert baseline["base_kwh"] == pytest.approx(0.4 * 24 * 365, rel=0.03)
    assert baseline["heating_kwh"] == baseline["cooling_kwh"] == 0.0


def test_too_little_history_is_said() -> None:
    at = weather(40, 1)
    baseline, savings, notes = describe(home(at, 1, 40, 0.0), at)
    assert baseline is savings is None
    assert "at least 60 are needed" in notes[0]


def test_days_that_were_not_measured_to_the_full_are_left_out() -> None:
    at = weather(10, 1)
    use = home(at, 1, 10, 0.0)
    keep = np.ones(use.start_us.size, np.bool_)
    keep[30:33] = False
    part = Use(use.start_us[keep], use.end_us[keep], use.local_us[keep], use.energy_kwh[keep])
    assert whole_days(part).days.tolist() == [1.0] * 9


def test_german_holidays_are_days_off() -> None:
    assert date(2026, 4, 3) in german_holidays(2026)  # Good Friday
    day = (date(2026, 4, 3) - date(1970, 1, 1)).days
    assert days_off(np.array([day]), "DE").tolist() == [1.0]
    assert days_off(np.array([day]), None).tolist() == [0.0]


def test_a_hole_of_temperatures_is_filled_for_six_hours_only() -> None:
    t = T0 + np.arange(48) * HOUR_US
    celsius = np.arange(48.0)
    celsius[10:16] = np.nan
    celsius[30:37] = np.nan
    filled = hourly(t, celsius).celsius
    assert filled[10:16].tolist() == [10.0, 11.0, 12.0, 13.0, 14.0, 15.0]
    assert np.isnan(filled[30:37]).all()


def test_degrees_fahrenheit_and_times_of_the_dwd(tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    file.write_text("dt,tempF\n2024-01-01T00:00:00Z,32\n2024-01-01T01:00:00Z,212\n")
    with pytest.raises(TableError, match="expected -80 to 60"):
        read_temperatures(file, None)
    file.write_text("dt,tempF\n2024-01-01T00:00:00Z,32\n2024-01-01T01:00:00Z,50\n")
    t_us, celsius, guesses = read_temperatures(file, None)
    assert t_us[0] == T0 and celsius.tolist() == [0.0, 10.0]
    assert guesses[0].found == "°F"
    file.write_text(
        "STATIONS_ID;MESS_DATUM;QN_9;TT_TU\n44;2024010100;3;-1.5\n44;2024010101;3;-999\n"
    )
    t_us, celsius, _ = read_temperatures(file, "Europe/Berlin")
    assert t_us[0] == T0 and celsius[0] == -1.5 and np.isnan(celsius[1])


def test_the_command_prints_baseline_savings_forecast_and_scores(tmp_path: Path) -> None:
    at = weather(150, 3)
    use = home(at, 3, 100, 0.1)
    stamps = [datetime.fromtimestamp(t / 1e6, UTC).isoformat() for t in at.t_us.tolist()]
    meter, temperatures = tmp_path / "m.csv", tmp_path / "t.csv"
    rows = zip(stamps, use.energy_kwh.tolist(), strict=True)
    meter.write_text("start,energy_kwh\n" + "".join(f"{t},{kwh:.3f}\n" for t, kwh in rows))
    both = zip(stamps, at.celsius.tolist(), strict=True)
    temperatures.write_text("timestamp,temperature\n" + "".join(f"{t},{c:.2f}\n" for t, c in both))
    options = ["--temperature", str(temperatures), "--windows", "14d", "--holidays", "DE", "-q"]
    options += ["--baseline-until", "2024-04-10"]
    done = CliRunner().invoke(cli, ["analyse-meter", str(meter), *options])
    assert done.exit_code == 0, done.output
    answer = json.loads(done.stdout)
    assert answer["baseline"]["days"] == 100
    assert {"expected_kwh", "observed_kwh", "saved_percent", "low", "high"} <= set(
        answer["savings"]
    )
    assert len(answer["forecast"]["hours"]) == 24
    assert answer["forecast"]["date"] == "2024-05-30"
    assert [w["start"] for w in answer["tamper_score"]][:2] == ["2024-01-01", "2024-01-15"]
    scores = [w["score"] for w in answer["tamper_score"] if w["score"] is not None]
    assert scores and all(0.0 <= score <= 1.0 for score in scores)


@pytest.mark.parametrize(
    "options",
    [
        ["--holidays", "XX"],
        ["--baseline-until", "May"],
        ["--report-from", "2024-01-01"],
        ["--windows", "14"],
        ["--temperature", "nowhere.csv"],
    ],
)
def test_options_that_do_not_fit_are_refused(tmp_path: Path, options: list[str]) -> None:
    meter = tmp_path / "m.csv"
    meter.write_text("start,energy_kwh\n2024-01-01T00:00:00Z,1\n2024-01-01T01:00:00Z,1\n")
    assert CliRunner().invoke(cli, ["analyse-meter", str(meter), *options]).exit_code == 2
