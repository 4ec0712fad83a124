"""Registers with wrong reads: what is booked adds up to the truth, or it is a question."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.quality import Reason
from feature_kernels import consumption

SECOND = 1_000_000
HOUR = 3_600 * SECOND
DAY = 24 * HOUR
T0 = 1_711_000_000 * SECOND // DAY * DAY
BACKWARDS = consumption.ANOMALY_KINDS["register_backwards"]
LAWS = settings(max_examples=150, deadline=None, derandomize=True)


def home(seed: int, days: int, step_s: int, digits: int) -> np.ndarray:
    """A register, kWh: a base load and evenings, rounded to `digits`."""
    rng = np.random.default_rng(seed)
    n = max(days * 86_400 // step_s, 60)
    hour = np.arange(n) * step_s / 3600 % 24
    watt = 150 + 100 * rng.random(n) + np.where((hour > 17) & (hour < 21), 1200 * rng.random(n), 0)
    first = float(rng.integers(100, 90_000))
    return np.round(first + np.concatenate(([0.0], np.cumsum(watt * step_s / 3.6e6))), digits)


def run(register: np.ndarray, step_s: int):
    """Run a recording from its first read to its last: (intervals, anomalies)."""
    t = T0 + np.arange(register.size) * step_s * SECOND
    parameters = consumption.DEFAULTS._replace(interval_s=float(max(step_s, 900)))
    first = consumption.consume(
        {"register_kwh": register}, t, t, np.array([0, t.size]), consumption.initial_carry(1),
        parameters,
    )  # fmt: skip
    last = consumption.finish(first.carry, parameters)
    return (
        np.concatenate((first.intervals, last.intervals)),
        np.concatenate((first.anomalies, last.anomalies)),
    )


@LAWS
@given(
    st.integers(0, 2**32),
    st.sampled_from([300, 900, 1800, 3600, 86_400]),
    st.integers(1, 3),
    st.integers(0, 4),
    st.integers(-9, 9),
    st.floats(0.02, 0.97),
)
def test_one_wrong_digit_changes_no_total(
    seed: int, step_s: int, decimals: int, place: int, change: int, where: float
) -> None:
    register = home(seed, 6, step_s, decimals)
    truth = register[-1] - register[0]
    at = max(2, int(where * register.size))
    wrong = register.copy()
    wrong[at] = max(wrong[at] + change * 10.0 ** (place - decimals + 1), 0.0)
    intervals, anomalies = run(wrong, step_s)
    assert np.nansum(intervals["energy_kwh"]) == pytest.approx(truth, abs=1e-6)
    assert not np.isnan(intervals["energy_kwh"]).any()
    # only a read that fell may be called backwards: never the right one after a read too high
    for start in anomalies["start_us"][anomalies["kind"] == BACKWARDS]:
        assert start == T0 + at * step_s * SECOND and wrong[at] < register[at - 1]


@LAWS
@given(
    st.integers(0, 2**32),
    st.sampled_from([900, 3600, 86_400]),
    st.sampled_from([-30.0, -8.0, -3.0, 2.0, 3.0, 9.0, 30.0, 90.0, 5_000.0]),
    st.integers(2, 3),
    st.floats(0.05, 0.9),
)
def test_several_wrong_reads_in_a_row_change_no_total(
    seed: int, step_s: int, change: float, reads: int, where: float
) -> None:
    register = home(seed, 6, step_s, 2)
    truth = register[-1] - register[0]
    at = max(3, int(where * (register.size - reads)))
    register[at : at + reads] += change
    intervals, _ = run(register, step_s)
    assert np.nansum(intervals["energy_kwh"]) == pytest.approx(truth, abs=1e-6)


@LAWS
@given(
    st.integers(0, 2**32),
    st.floats(0.2, 20.0),
    st.floats(-1.0, 4.0),
)
def test_after_silence_a_jump_is_use_or_a_question(
    seed: int, silent_days: float, size: float
) -> None:
    """Up to a few times the usual it is booked, all of it and as estimated; beyond it is none."""
    before, after = home(seed, 12, 900, 3), home(seed + 1, 2, 900, 3)
    usual_kwh = (before[-1] - before[0]) / 12 * silent_days
    jump = usual_kwh * 10.0**size
    register = np.concatenate((before, before[-1] + jump + (after - after[0])))
    gap = round(silent_days * 96) + 1
    t = T0 + np.concatenate((np.arange(before.size), before.size - 1 + gap + np.arange(after.size)))
    t = T0 + (t - T0) * 900 * SECOND
    result = consumption.consume(
        {"register_kwh": register}, t, t, np.array([0, t.size]), consumption.initial_carry(1)
    )
    rows = np.concatenate((result.intervals, consumption.finish(result.carry).intervals))
    known = before[-1] - before[0] + after[-1] - after[0]
    total = np.nansum(rows["energy_kwh"])
    question = rows[rows["reason"] == Reason.UNKNOWN_USE]
    if question.size:
        assert total == pytest.approx(known, abs=1e-6)
        assert jump > 2.0 * usual_kwh
        assert np.isnan(question["energy_kwh"]).all() and question["status"][0] == 0
    else:
        assert total == pytest.approx(known + jump, abs=1e-6)
        assert jump <= max(20.0 * usual_kwh, 12.0)
        within = (rows["start_us"] >= t[before.size - 1]) & (rows["end_us"] <= t[before.size])
        if gap > 2:
            assert set(rows["estimated"][within]) == {1}
            assert set(rows["reason"][within]) == {Reason.HOLE}


@LAWS
@given(st.integers(0, 2**32), st.sampled_from([900, 1800, 3600]), st.data())
def test_error_codes_leave_the_totals_of_interval_values(
    seed: int, step_s: int, data: st.DataObject
) -> None:
    energy = np.diff(home(seed, 12, step_s, 3))
    codes = [2**32 / 1e3, (2**32 - 1) / 1e3, 2**33 / 1e3, 65_535.0, 4_294_967_295.0, 99_999.999,
             9_999.0, -2_147_483.648, 8_589_934.59, 1e9]  # fmt: skip
    places = data.draw(st.lists(st.integers(0, energy.size - 1), min_size=1, max_size=6))
    t = T0 + np.arange(energy.size) * step_s * SECOND
    given_kwh = energy.copy()
    for place in places:
        given_kwh[place] = data.draw(st.sampled_from(codes))
    parameters = consumption.DEFAULTS._replace(interval_s=float(step_s))
    result = consumption.consume(
        {"energy_kwh": given_kwh}, t, t, np.array([0, t.size]), consumption.initial_carry(1),
        parameters,
    )  # fmt: skip
    end = consumption.finish(result.carry, parameters)
    days = np.concatenate((result.days, end.days))
    clean = np.delete(energy, np.unique(places))
    assert days["energy_kwh"].sum() == pytest.approx(clean.sum(), abs=1e-6)
    refused = result.intervals[result.intervals["reason"] == Reason.IMPLAUSIBLE]
    assert sorted(refused["start_us"]) == sorted(t[np.unique(places)])
    assert (np.isnan(refused["energy_kwh"]) | (refused["estimated"] == 1)).all()
    assert np.nanmax(np.abs(refused["energy_kwh"]), initial=0.0) <= energy.max()
    assert result.anomalies.size == 0


def test_a_larger_connection_is_learnt() -> None:
    """A works that draws 80 kW: a few values are refused, then the meter is believed."""
    rng = np.random.default_rng(1)
    energy = 20.0 + 5.0 * rng.random(96 * 3)
    t = T0 + np.arange(energy.size) * 900 * SECOND
    rows = consumption.consume(
        {"energy_kwh": energy}, t, t, np.array([0, t.size]), consumption.initial_carry(1)
    ).intervals
    assert np.sum(rows["reason"] == Reason.IMPLAUSIBLE) == consumption.DEFAULTS.larger_values - 1
    register = np.concatenate(([5_000.0], 5_000.0 + np.cumsum(energy)))
    intervals, _ = run(register, 900)
    assert np.nansum(intervals["energy_kwh"]) >= energy[8:].sum()


def test_a_real_high_use_is_booked() -> None:
    """Charging a car at 11 kW for the first time is use, one read later."""
    register = home(3, 3, 900, 1)
    register[200:] += np.minimum(np.arange(register.size - 200) + 1, 12) * 11.0 / 4
    intervals, anomalies = run(register, 900)
    assert np.nansum(intervals["energy_kwh"]) == pytest.approx(register[-1] - register[0])
    assert set(intervals["status"]) == {6}
    assert anomalies.size == 0
