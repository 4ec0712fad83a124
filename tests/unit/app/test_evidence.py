"""Evidence of anomalies in kWh and money, and the likelier cause, on homes with known truth."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from app.cli import cli
from customer_context.metering.evidence import (
    DAY_US,
    HOUR_US,
    Episode,
    Weather,
    explain,
    fixed_price,
)
from customer_context.metering.use import Decided, Use

T0 = round(datetime(2026, 1, 5, tzinfo=UTC).timestamp() * 1e6)  # a Monday
DAYS = 90
SLOTS = np.arange(DAYS * 48)


def home(seed: int = 1) -> Use:
    """Half hours of a home with evenings, and weekends that are a third higher; 2 % noise."""
    hour = SLOTS % 48 / 2.0
    watt = 200.0 + 600.0 * ((hour >= 18.0) & (hour < 22.0))
    watt = watt * np.where(SLOTS // 48 % 7 >= 5, 1.33, 1.0)
    watt = watt * np.random.default_rng(seed).normal(1.0, 0.02, SLOTS.size)
    t = T0 + SLOTS * (HOUR_US // 2)
    return Use(t, t + HOUR_US // 2, t, watt / 2_000.0)


def anomaly(kind: str, first_day: float, days: float | None) -> Episode:
    """An episode that is known to be over when it ends."""
    start = T0 + round(first_day * DAY_US)
    end = None if days is None else start + round(days * DAY_US)
    return Episode(kind, start, end, T0 + DAYS * DAY_US)


def evidence(
    use: Use, of: Episode, weather: Weather | None = None, country: str | None = None
) -> dict[str, Any]:
    return explain(Decided(use, use.end_us), of, weather, fixed_price("given", 0.30), country)


def test_a_rise_has_figures_in_energy_and_money() -> None:
    use = home()
    use.energy_kwh[70 * 48 : 84 * 48] += 0.1
    found = evidence(use, anomaly("base_load_rise", 70, 14))
    energy = found["energy"]
    assert energy["excess_kwh"] == pytest.approx(0.2 * 24 * 14, rel=0.03)
    assert energy["excess_cost"] == pytest.approx(0.30 * energy["excess_kwh"], abs=0.01)
    assert energy["observed_kwh"] == pytest.approx(
        use.energy_kwh[70 * 48 : 84 * 48].sum(), abs=1e-3
    )
    assert found["likelier_cause"] is None


def test_a_day_has_a_range_and_similar_days_of_its_kind() -> None:
    use = home()
    use.energy_kwh[75 * 48 : 76 * 48] = 0.0  # a Saturday
    found = evidence(use, anomaly("zero", 75, 1))
    energy = found["energy"]
    assert energy["low_kwh"] <= energy["expected_kwh"] * 1.02
    assert energy["high_kwh"] >= energy["expected_kwh"] * 0.98
    assert energy["excess_kwh"] == pytest.approx(-energy["expected_kwh"])
    dates = [datetime.fromisoformat(day["date"]) for day in found["similar_days"]]
    assert len(dates) == 5 and all(day.weekday() >= 5 for day in dates)


def test_too_short_a_past_gives_no_figures() -> None:
    assert evidence(home(), anomaly("zero", 3, 1))["energy"] is None


@given(st.integers(0, 99), st.floats(30, 80), st.floats(0.02, 9.0))
@settings(max_examples=25, deadline=None)
def test_excess_is_what_was_used_beyond_the_expected(seed: int, at: float, days: float) -> None:
    energy = evidence(home(seed), anomaly("sustained_drop", at, days))["energy"]
    assert energy["excess_kwh"] == pytest.approx(
        energy["observed_kwh"] - energy["expected_kwh"], abs=2e-3
    )
    assert energy["low_kwh"] is None or 0.0 <= energy["low_kwh"] <= energy["high_kwh"]


def test_nothing_after_the_anomaly_changes_its_evidence() -> None:
    use, other = home(), home()
    other.energy_kwh[80 * 48 :] *= 9.0
    for episode in (
        anomaly("zero", 75, 2),
        Episode("zero", T0 + 75 * DAY_US, None, T0 + 80 * DAY_US),
    ):
        assert evidence(use, episode) == evidence(other, episode)


@pytest.mark.parametrize(("kw", "half_hours", "cause"), [
    (11.0, 6, "electric_car"), (3.7, 4, "electric_car"), (11.0, 1, None), (60.0, 6, None),
])  # fmt: skip
def test_an_even_power_of_a_wall_box_is_a_car(kw: float, half_hours: int, cause: str) -> None:
    use = home()
    use.energy_kwh[75 * 48 : 75 * 48 + half_hours] = kw / 2.0
    assert evidence(use, anomaly("spike", 75, half_hours / 48))["likelier_cause"] == cause


@pytest.mark.parametrize(("celsius", "cause"), [(28.0, "heat"), (-6.0, "cold"), (15.0, None)])
def test_weather_explains_a_rise(celsius: float, cause: str | None) -> None:
    t = T0 + np.arange(DAYS * 24) * HOUR_US
    weather = Weather(t, np.where(t >= T0 + 70 * DAY_US, celsius, 14.0))
    found = evidence(home(), anomaly("base_load_rise", 70, 10), weather)
    assert found["likelier_cause"] == cause


def test_a_public_holiday_explains_a_spike() -> None:
    easter = (datetime(2026, 4, 3, tzinfo=UTC).timestamp() * 1e6 - T0) / DAY_US
    found = evidence(home(), anomaly("spike", easter + 0.5, 1 / 48), None, "DE")
    assert found["likelier_cause"] == "public_holiday"


def test_the_command_adds_figures(tmp_path: Path) -> None:
    use = home()
    use.energy_kwh[75 * 48 : 77 * 48] = 0.0
    file = tmp_path / "m.csv"
    stamps = [datetime.fromtimestamp(t / 1e6, UTC).isoformat() for t in use.start_us.tolist()]
    rows = zip(stamps, use.energy_kwh.tolist(), strict=True)
    file.write_text("start,energy_kwh\n" + "".join(f"{t},{kwh:.3f}\n" for t, kwh in rows))
    done = CliRunner().invoke(cli, ["analyse-meter", str(file), "--price-per-kwh", "0.3", "-q"])
    assert done.exit_code == 0, done.output
    zero = next(a for a in json.loads(done.stdout)["anomalies"] if a["kind"] == "zero")
    assert zero["evidence"]["energy"]["observed_kwh"] == 0.0
    assert zero["evidence"]["energy"]["excess_cost"] < 0.0
