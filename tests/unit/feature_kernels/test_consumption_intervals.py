"""Interval values, local days, habits, and what the caller may hand in."""

from typing import get_type_hints

import numpy as np
import pytest

from feature_kernels import consumption

SECOND = 1_000_000
HOUR = 3_600 * SECOND
DAY = 24 * HOUR
KINDS = consumption.ANOMALY_KINDS
SPRING = 1_711_756_800 * SECOND  # 2024-03-30T00:00Z; German clocks change at 31st, 01:00Z
AUTUMN = 1_729_900_800 * SECOND  # 2024-10-26T00:00Z; 27th, 01:00Z


def run(t, kwh, local=None, finish=True, parameters=consumption.DEFAULTS, **columns):
    t = np.asarray(t, np.int64)
    columns = {"energy_kwh": np.asarray(kwh, float), **columns}
    starts = np.array([0, t.size])
    carry = consumption.initial_carry(1)
    first = consumption.consume(
        columns, t, t if local is None else local, starts, carry, parameters
    )
    parts = [first, consumption.finish(first.carry, parameters)] if finish else [first]
    return tuple(np.concatenate([part[i] for part in parts]) for i in range(3))


def german(t):
    """Local wall-clock time in the days around the two changes used here."""
    summer = np.where(t < AUTUMN - DAY, t >= SPRING + 25 * HOUR, t < AUTUMN + 25 * HOUR)
    return t + np.where(summer, 2, 1) * HOUR


@pytest.mark.parametrize(("midnight", "hours"), [(SPRING, 23), (AUTUMN, 25)])
@pytest.mark.parametrize("step_s", [900, 3600])
def test_days_of_23_and_25_hours(midnight, hours, step_s):
    offset = int(german(np.array([midnight]))[0]) - midnight
    t = midnight - offset + np.arange(0, 3 * 24 * HOUR, step_s * SECOND)
    parameters = consumption.DEFAULTS._replace(interval_s=float(step_s))
    intervals, days, anomalies = run(t, np.ones(t.size), german(t), parameters=parameters)
    per_hour = 3600 // step_s
    assert list(days["expected"][:2]) == [24 * per_hour, hours * per_hour]
    assert list(days["present"][:2]) == [24 * per_hour, hours * per_hour]
    assert days["energy_kwh"].sum() == intervals["energy_kwh"].sum() == t.size
    assert anomalies.size == 0


def test_interval_energy_passes_through_untouched():
    rng = np.random.default_rng(1)
    kwh = rng.normal(0.1, 0.3, 500)
    t = SPRING + np.arange(500) * 900 * SECOND
    intervals, _, _ = run(t, kwh)
    assert np.array_equal(intervals["energy_kwh"], kwh)
    assert set(intervals["status"]) == {6}


def test_a_short_hole_is_a_straight_line_and_not_measured():
    t = SPRING + np.delete(np.arange(20), [8, 9, 10]) * 900 * SECOND
    kwh = np.where(t < SPRING + 9 * 900 * SECOND, 0.1, 0.5)
    intervals, days, anomalies = run(t, kwh)
    hole = intervals[intervals["estimated"] == 1]
    np.testing.assert_allclose(hole["energy_kwh"], [0.2, 0.3, 0.4])
    assert set(hole["status"]) == {5}
    assert days["energy_kwh"].sum() == pytest.approx(kwh.sum())
    assert days["estimated_kwh"].sum() == pytest.approx(0.9)
    assert days["estimated"].sum() == 3
    assert anomalies.size == 0


def test_a_long_hole_takes_the_meters_own_hours():
    n = 30 * 24
    t = SPRING + np.arange(n) * HOUR
    kwh = 0.2 + 0.1 * (np.arange(n) % 24)
    keep = np.ones(n, bool)
    keep[20 * 24 : 21 * 24] = False
    parameters = consumption.DEFAULTS._replace(interval_s=3600.0)
    intervals, _, anomalies = run(t[keep], kwh[keep], parameters=parameters)
    hole = intervals[intervals["estimated"] == 1]
    np.testing.assert_allclose(hole["energy_kwh"], 0.2 + 0.1 * np.arange(24), rtol=1e-6)
    assert list(anomalies["kind"]) == [KINDS["gap"]] * 2
    assert anomalies["observed"][0] == 24.0
    assert anomalies["decided_us"][0] == t[21 * 24]


def test_a_very_long_hole_is_one_missing_row():
    t = SPRING + np.concatenate([np.arange(96), np.arange(96) + 20 * 96]) * 900 * SECOND
    intervals, days, _ = run(t, np.ones(t.size))
    missing = intervals[intervals["status"] == 0]
    assert missing.size == 1
    assert np.isnan(missing["energy_kwh"][0])
    assert missing["end_us"][0] - missing["start_us"][0] == 19 * DAY
    assert list(days["expected"]) == [96, 96]


def test_the_senders_quality_is_kept_and_its_estimates_are_not_measured():
    t = SPRING + np.arange(6) * 900 * SECOND
    quality = np.array([6.0, 5.0, 4.0, 1.0, np.nan, 6.0])
    intervals, days, _ = run(t, np.ones(6), quality=quality)
    assert list(intervals["status"]) == [6, 5, 4, 1, 6, 6]
    assert set(intervals["estimated"]) == {0}
    assert days["energy_kwh"][0] == 3.0
    assert days["estimated_kwh"][0] == 2.0
    assert days["present"][0] == 3


def test_estimated_values_neither_raise_nor_clear():
    rng = np.random.default_rng(2)
    kwh = 0.03 + 0.1 * rng.random(20 * 96)
    quality = np.full(kwh.size, 6.0)
    kwh[15 * 96 : 17 * 96] = 0.0
    quality[15 * 96 : 17 * 96] = 5.0
    t = SPRING + np.arange(kwh.size) * 900 * SECOND
    assert run(t, kwh, quality=quality)[2].size == 0
    quality[15 * 96 : 16 * 96] = 6.0  # raised by what was measured, kept open by the rest
    anomalies = run(t, kwh, quality=quality)[2]
    assert list(anomalies["kind"]) == [KINDS["zero"]] * 2
    assert anomalies["decided_us"][1] == t[17 * 96]


def used_to(days=10):
    """Ten days of an ordinary home in quarters of an hour: (t, kWh)."""
    t = SPRING - 20 * DAY + np.arange(days * 96) * 900 * SECOND
    return t, np.round(0.05 + 0.4 * np.random.default_rng(3).random(t.size) ** 3, 3)


def spikes(anomalies):
    return anomalies[anomalies["kind"] == KINDS["spike"]]


@pytest.mark.parametrize("kwh", [14.6, 24.8, 100.0])
def test_a_value_that_the_connection_cannot_carry_is_a_spike_and_no_use(kwh):
    t, energy = used_to()
    energy[850] = kwh
    intervals, days, anomalies = run(t, energy)
    raised, cleared = spikes(anomalies)
    assert raised["start_us"] == raised["decided_us"] == t[850]
    assert raised["observed"] == pytest.approx(kwh * 4_000.0)
    assert (raised["severity"], raised["end_us"]) == (3, 0)
    assert cleared["end_us"] == cleared["decided_us"] == t[851]
    assert cleared["observed"] == raised["observed"] > raised["threshold"] > raised["expected"]
    row = intervals[850]
    assert (row["status"], row["reason"], row["estimated"]) == (5, 2, 1)
    total = days["energy_kwh"].sum()
    assert total == pytest.approx(energy.sum() - kwh) and days["max_w"].max() < 2_000.0


@pytest.mark.parametrize("kwh", [16.384, 65.535, 99.999, 4_294.967295, 4_294_967.295, -24.8, 150.0])
def test_codes_of_errors_and_what_is_far_beyond_are_no_spikes(kwh):
    t, energy = used_to()
    energy[850] = kwh
    intervals, _, anomalies = run(t, energy)
    assert intervals[850]["reason"] == 2
    assert anomalies.size == 0


def test_what_a_hole_or_a_run_held_back_is_no_spike():
    t, energy = used_to()
    for run_value in (np.nan, 0.0, 0.123):
        held = energy.copy()
        held[700:850] = run_value
        held[850] = 24.8
        keep = np.isfinite(held)
        assert spikes(run(t[keep], held[keep])[2]).size == 0


def test_without_a_week_of_habit_a_refused_value_is_no_spike():
    t, energy = used_to()
    energy[300] = 24.8
    assert run(t, energy)[2].size == 0


def test_refused_values_in_a_row_are_one_spike_with_the_highest_as_evidence():
    t, energy = used_to()
    energy[850:853] = 20.0, 24.8, 20.0
    raised, cleared = spikes(run(t, energy)[2])
    assert raised["start_us"] == t[850] and raised["observed"] == pytest.approx(80_000.0)
    assert cleared["end_us"] == t[853] and cleared["observed"] == pytest.approx(99_200.0)


def test_one_vacancy_is_no_habit():
    rng = np.random.default_rng(6)
    kwh = 0.03 + 0.1 * rng.random(70 * 96)
    kwh[20 * 96 : 34 * 96] = 0.0
    kwh[50 * 96 : 51 * 96] = 0.0
    t = SPRING + np.arange(kwh.size) * 900 * SECOND
    anomalies = run(t, kwh)[2]
    assert list(anomalies["start_us"][::2]) == [t[20 * 96], t[50 * 96]]
    assert list(anomalies["end_us"][1::2]) == [t[34 * 96], t[51 * 96]]


def test_hours_of_nothing_every_night_are_a_habit():
    rng = np.random.default_rng(7)
    hour = np.arange(40 * 96) % 96 / 4
    kwh = np.where(hour < 7 + rng.random(hour.size), 0.0, 0.05 + rng.random(hour.size))
    t = SPRING + np.arange(kwh.size) * 900 * SECOND
    assert run(t, kwh)[2].size == 0


@pytest.mark.parametrize("jitter", [0, 1])
def test_what_a_timer_starts_every_night_is_a_habit_from_the_second_night_on(jitter):
    """Storage heaters that begin to charge in autumn, at the same minute or half an hour about."""
    rng = np.random.default_rng(10)
    kwh = 0.05 + 0.02 * rng.random(40 * 48)
    for day in range(20, 40):
        first = day * 48 + 1 + jitter * int(rng.integers(0, 2))
        kwh[first : first + 8] += 3.5
    t = SPRING + np.arange(kwh.size) * HOUR // 2
    raised = spikes(run(t, kwh, parameters=consumption.DEFAULTS._replace(interval_s=1800.0))[2])
    assert (raised["phase"] == 0).sum() == 2
    assert raised["start_us"].max() < t[22 * 48]


def test_one_step_of_a_coarse_meter_is_no_rise():
    # 60 W and 20 % of noise, counted in steps of 0.1 kWh: hours of 0 and 0.1 kWh; a while of
    # 110 W has 0.1 kWh in every hour
    rng = np.random.default_rng(8)
    watt = np.where((np.arange(60 * 24) // 24) % 20 >= 15, 115.0, 60.0)
    register = np.cumsum(watt * (0.9 + 0.2 * rng.random(watt.size))) / 1000
    kwh = np.diff(np.floor(np.append(0.0, register) * 10) / 10)
    t = SPRING + np.arange(kwh.size) * HOUR
    rise = KINDS["base_load_rise"]
    coarse = consumption.DEFAULTS._replace(interval_s=3600.0)
    assert rise not in run(t, kwh, parameters=coarse)[2]["kind"]
    kwh[30 * 24 : 40 * 24] += 0.3
    assert rise in run(t, kwh, parameters=coarse)[2]["kind"]


def test_a_home_found_to_be_solar_has_no_rise_from_day_to_night():
    # the sun takes the use of ever more hours around noon to zero; the nights stay as they are
    rng = np.random.default_rng(9)
    day, hour = np.divmod(np.arange(60 * 48) / 2, 24)
    kwh = 0.1 + 0.02 * rng.random(hour.size)
    kwh[np.abs(hour - 12.5) < 0.6 + 0.1 * day] = 0.0
    t = SPRING + np.arange(kwh.size) * HOUR // 2
    parameters = consumption.DEFAULTS._replace(interval_s=1800.0)
    assert KINDS["base_load_rise"] not in run(t, kwh, parameters=parameters)[2]["kind"]
    kwh[45 * 48 : 50 * 48] += 0.2 * (kwh[45 * 48 : 50 * 48] > 0)
    raised = run(t, kwh, parameters=parameters)[2]
    assert (raised["kind"] == KINDS["base_load_rise"]).sum() == 2


def test_the_load_profile_of_workdays_and_weekends():
    t = SPRING + np.arange(28 * 24) * HOUR  # 2024-03-30 is a Saturday
    weekend = (np.arange(28 * 24) // 24) % 7 < 2
    kwh = np.where(weekend, 2.0, 1.0) + 0.1 * (np.arange(28 * 24) % 24)
    intervals, _, _ = run(t, kwh, parameters=consumption.DEFAULTS._replace(interval_s=3600.0))
    profile = consumption.load_profile(intervals)
    np.testing.assert_allclose(profile[0], 1000.0 + 100.0 * np.arange(24))
    np.testing.assert_allclose(profile[1], 2000.0 + 100.0 * np.arange(24))
    assert np.isnan(consumption.load_profile(intervals[:0])).all()


def test_a_day_counts_night_peak_and_extremes():
    t = SPRING + np.arange(96) * 900 * SECOND
    kwh = np.full(96, 0.1)
    kwh[70] = 1.0
    day = run(t, kwh)[1][0]
    assert day["peak_us"] == t[70]
    assert day["max_w"] == pytest.approx(4000.0)
    assert day["min_w"] == pytest.approx(400.0)
    assert day["night_share"] == pytest.approx(3.2 / 10.5)
    assert day["floor_w"] == pytest.approx(400.0)


def test_parameters_are_floats_with_defaults():
    assert set(get_type_hints(consumption.Parameters).values()) == {float}
    assert all(isinstance(value, float) for value in consumption.DEFAULTS)


def test_more_rows_than_expected_still_come_out():
    t = SPRING + np.array([0, 6 * DAY])
    intervals, days, _ = run(t, [1.0, 1.0])
    assert intervals.size == 6 * 96 + 1
    assert days.size == 7


def test_what_does_not_fit_is_refused():
    t = SPRING + np.arange(3)
    starts = np.array([0, 3])
    carry = consumption.initial_carry(1)
    with pytest.raises(ValueError, match="carry must be"):
        consumption.consume({}, t, t, starts, carry[:, :-1])
    with pytest.raises(ValueError, match="must fit"):
        consumption.consume({}, t, t[:2], starts, carry)
    with pytest.raises(ValueError, match="ascend"):
        consumption.consume({}, t[::-1].copy(), t, starts, carry)


def test_a_new_wall_box_is_reported_twice_and_then_known():
    days = 60
    kwh = np.tile(np.r_[np.full(36, 0.1), np.full(8, 0.4), np.full(4, 0.1)], days)
    kwh *= np.random.default_rng(1).normal(1.0, 0.02, kwh.size)
    for day in range(30, days, 2):
        kwh[day * 48 + 40 : day * 48 + 44] = 5.5  # 11 kW for two hours
    t_us = 1_704_067_200_000_000 + np.arange(kwh.size) * 1_800_000_000
    rows = consumption.consume(
        {"energy_kwh": kwh}, t_us, t_us, np.array([0, kwh.size]), consumption.initial_carry(1),
        consumption.DEFAULTS._replace(interval_s=1800.0),
    ).anomalies  # fmt: skip
    raised = rows[(rows["phase"] == 0) & (rows["kind"] == consumption.ANOMALY_KINDS["spike"])]
    assert raised.size == 2
