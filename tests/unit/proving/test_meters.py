"""The proofs over meters: they find what is injected, notice what is broken, and repeat by seed.

How much is found is measured by `tachowatt prove anomalies` and `tachowatt prove tamper`.
"""

import sys
from pathlib import Path

import numpy as np
import pytest

from app.analysis.tamper import WEIGHTS
from contracts.kinds import Anomaly
from proving.meters import anomalies, tamper, tamper_weights
from proving.meters.attacks import ATTACKS
from proving.meters.baseline import beside
from proving.meters.homes import DAY_US, HOUR_US, Meter, electric, simulated, sparse
from proving.meters.injection import KINDS, inject
from proving.meters.known_homes import draw_home
from runtime.errors import Stop

T0 = 1_704_067_200_000_000


def steady(days: int = 150) -> Meter:
    """A home of ordinary days at half hours: a fridge, mornings, evenings, 1 Wh steps."""
    rng = np.random.default_rng(4)
    slots = np.arange(days * 48)
    hour = slots % 48 / 2.0
    watt = 120.0 + 40.0 * (slots % 3 == 0) + rng.normal(0.0, 6.0, slots.size)
    watt = watt + 500.0 * ((hour >= 18.0) & (hour < 22.0)) * rng.gamma(4.0, 0.25, slots.size)
    watt += 1_200.0 * ((hour == 7.0) | (hour == 19.0))
    kwh = np.round(watt / 2_000.0, 3)
    return Meter("steady", T0 + slots * (HOUR_US // 2), np.zeros(slots.size, np.int64), kwh)


def test_every_kind_is_found_in_a_steady_home_and_the_seed_repeats() -> None:
    found = anomalies.prove([steady()], 1, 1)
    assert {kind: count.found for kind, count in found.kinds.items()} == dict.fromkeys(KINDS, 1)
    assert all(count.onset == 1 and count.early == 0 for count in found.kinds.values())
    assert found.false_per_year == 0.0
    assert not list(anomalies.problems(found, 0.95, 0.5))
    assert anomalies.prove([steady()], 1, 1) == found


@pytest.mark.parametrize(
    ("broken", "kind"),
    [("deaf-to-drops", Anomaly.SUSTAINED_DROP), ("deaf-to-rises", Anomaly.BASE_LOAD_RISE)],
)
def test_a_deaf_kernel_is_noticed(broken: str, kind: Anomaly) -> None:
    found = anomalies.prove([steady()], 1, 1, broken)
    assert found.kinds[kind].found == 0
    assert any(problem.startswith(kind) for problem in anomalies.problems(found, 0.95, 0.5))


def test_a_nervous_kernel_is_noticed() -> None:
    found = anomalies.prove([steady()], 1, 0, "nervous")
    assert any("false alarms" in problem for problem in anomalies.problems(found, 0.95, 0.5))


@pytest.mark.parametrize("kind", KINDS)
def test_an_injection_changes_its_time_only(kind: Anomaly) -> None:
    meter = steady()
    made = inject(meter, kind, np.random.default_rng(2))
    assert made is not None
    changed, truth = made
    before = changed.t_us < truth.start_us
    assert np.array_equal(changed.kwh[before], meter.kwh[: before.sum()])
    after = changed.t_us >= truth.end_us
    assert np.array_equal(changed.kwh[after], meter.kwh[np.isin(meter.t_us, changed.t_us[after])])
    assert truth.end_us - truth.start_us == (KINDS[kind] * HOUR_US or HOUR_US // 2)


def test_a_simulated_home_has_whole_days_and_repeats() -> None:
    meter = simulated(7, 1, 130)
    assert meter.t_us.size == 130 * 48 and meter.step_us == HOUR_US // 2
    assert np.array_equal(meter.kwh, simulated(7, 1, 130).kwh)
    assert set((meter.offset_us / HOUR_US).tolist()) == {1.0, 2.0}
    assert meter.t_us[-1] - meter.t_us[0] == 130 * DAY_US - HOUR_US // 2


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_keeps_the_days_and_bills_no_more(attack: str) -> None:
    days = np.random.default_rng(1).gamma(2.0, 0.2, (14, 48))
    changed = ATTACKS[attack](days, np.random.default_rng(2))
    assert changed.shape == days.shape and (changed >= 0.0).all()
    assert changed.sum() <= days.sum() * (1.0 + 1e-9)
    assert not np.array_equal(changed, days)


def test_attacks_on_a_steady_home_are_above_its_own_windows() -> None:
    found = tamper.prove([steady()], 1, 3)
    assert len(found.clean) == 3 and found.auc() >= 0.97
    assert tamper.prove([steady()], 1, 3, broken=True).auc() == 0.5


def test_weights_are_computed_of_homes_and_none_is_negative() -> None:
    weights, bias = tamper_weights.fit([steady(120)], 1, 2)
    assert set(weights) == set(WEIGHTS) and bias < 0.0
    assert min(weights.values()) >= 0.0 < max(weights.values())


def test_an_electric_home_is_two_years_of_hours_with_weather() -> None:
    meter = electric(3, 1)
    assert meter.t_us.size == 730 * 24 and meter.weather is not None
    assert np.array_equal(meter.weather.t_us, meter.t_us)


def test_a_sparse_home_has_many_zeros_and_may_be_empty_for_weeks() -> None:
    zeros = [sparse(3, number, 130).kwh == 0.0 for number in range(2)]
    assert 0.1 < zeros[0].mean() < 0.25 and zeros[1].mean() > 0.3
    by_day = zeros[1].reshape(-1, 48).all(axis=1)
    assert by_day.sum() >= 40 and not by_day[:60].any()


def test_the_area_counts_pairs() -> None:
    scored = tamper.Scored([0.1, 0.5], {name: [] for name in ATTACKS} | {"mean": [0.5, 0.9]})
    assert scored.auc() == pytest.approx(3.5 / 4)
    assert np.isnan(scored.auc("scaled"))


def test_a_peer_is_compared_home_by_home(tmp_path: Path) -> None:
    homes = [draw_home(3, number, "mild") for number in range(2)]
    script = tmp_path / "peer.py"
    script.write_text(
        "import json, pathlib, sys\n"
        "for path in sorted(pathlib.Path(sys.argv[1]).glob('*.csv')):\n"
        "    rows = path.read_text().splitlines()\n"
        "    assert len(rows) == 2 * 365 * 24 + 1\n"
        "    base = sum(float(row.split(',')[1]) for row in rows[1 : 365 * 24 + 1])\n"
        "    print(json.dumps({'base_kwh': base, 'heating_kwh': 0, 'cooling_kwh': 0,\n"
        "                      'saved_percent': 5.0, 'cpu_s': 0.5}))\n"
    )
    table, cpu_s = beside(homes, Path(sys.executable), script)
    assert cpu_s == 0.5 and table["base"]["homes"] == table["saving"]["homes"] == 2
    script.write_text("raise SystemExit('no opendsm here')")
    with pytest.raises(Stop, match="no opendsm here"):
        beside(homes, Path(sys.executable), script)
