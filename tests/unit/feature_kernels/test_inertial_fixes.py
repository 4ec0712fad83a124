"""Old fixes said again and the noise of a receiver: kernels against their twins and the truth."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feature_kernels import inertial
from feature_kernels.inertial.shaking import CELL_US
from tests.oracles import inertial as oracle

P = inertial.DEFAULTS


PLACE = st.sampled_from([0.0, 1.0])
FIX = st.tuples(st.sampled_from([0.0, 9.0, 40.0, 41.0]), PLACE, PLACE)


@given(st.lists(st.none() | FIX, max_size=40), st.sampled_from([0.1, 1.0, 20.0]))
@settings(max_examples=100, deadline=None)
def test_repeats_equal_their_oracle(rows, step_s):
    t_us = np.round(np.arange(len(rows)) * step_s * 1e6).astype(np.int64)
    columns = np.array([(math.nan,) * 3 if row is None else row for row in rows]).reshape(-1, 3)
    found = inertial.repeats(t_us, *columns.T, P)
    expected = oracle.repeats([t / 1e6 for t in t_us.tolist()], rows, P.repeat_kmh, P.repeat_s)
    assert found.tolist() == expected


LEG = st.none() | st.tuples(st.floats(0, 25), st.floats(0, 25))


@given(
    st.lists(st.tuples(st.sampled_from([None, 5.0, 30.0, 80.0]), LEG), max_size=30),
    st.sampled_from([0.1, 1.0, 1.2, 2.0]),
)
@settings(max_examples=100, deadline=None)
def test_courses_equal_their_oracle(legs, step_s):
    lat, lon, rows = 50.0, 179.9995, []
    for speed, leg in legs:
        if leg is not None:
            lat, lon = lat + leg[0] * step_s / 111_195.0, lon + leg[1] * step_s / 71_475.0
        rows.append((speed, None if leg is None else (lat, lon)))
    times = np.arange(len(rows)) * step_s
    t_us = np.round(times * 1e6).astype(np.int64)
    speeds = np.array([math.nan if speed is None else speed for speed, _ in rows])
    places = np.array([(math.nan, math.nan) if at is None else at for _, at in rows]).reshape(-1, 2)
    east = (places[:, 1] + 180.0) % 360.0 - 180.0
    p = P._replace(course_mps2=math.inf, steady_least_s=0.0, steady_sure=0.0)
    expected = oracle.courses(times.tolist(), rows, p.window_s, p.even_s, p.repeat_kmh)
    found = inertial.courses(t_us, speeds, places[:, 0], east, p)
    turned = (found - [math.nan if one is None else one for one in expected] + 180.0) % 360.0
    assert np.isnan(found).tolist() == [one is None for one in expected]
    assert np.nanmax(np.abs(turned - 180.0), initial=0.0) < 1e-6


@pytest.mark.parametrize("noise_m", [0.0, 1.0])
def test_noisy_places_give_no_course(noise_m):
    t = np.arange(200)
    noise = np.random.default_rng(1).normal(0.0, noise_m, t.size)
    lat, lon = 50.0 + noise / 111_195.0, 8.0 + 15.0 * t / 71_475.0
    found = inertial.courses(t * 1_000_000, np.full(t.size, 54.0), lat, lon, P)
    expected = np.where((t > 0) & (t < 199) & (noise_m == 0.0), 90.0, np.nan)
    assert found == pytest.approx(expected, abs=1e-3, nan_ok=True)


NORTH = st.sampled_from([50.0, 50.0002, 50.001])


@given(st.lists(st.none() | st.tuples(NORTH, PLACE), max_size=30), st.sampled_from([0.1, 1.0, 9.0]))
@settings(max_examples=100, deadline=None)
def test_old_places_equal_their_oracle(rows, step_s):
    t_us = np.round(np.arange(len(rows)) * step_s * 1e6).astype(np.int64)
    columns = np.array([(math.nan,) * 2 if row is None else row for row in rows]).reshape(-1, 2)
    found = inertial.old_places(t_us, *columns.T, P)
    expected = oracle.old_places([t / 1e6 for t in t_us.tolist()], rows, P.leap_m, P.leap_mps2)
    assert found.tolist() == expected


@given(
    st.lists(st.floats(-30, 30), min_size=1, max_size=40),
    st.lists(st.integers(50_000, 400_000), min_size=40, max_size=40),
    st.floats(0.05, 5.0),
    st.floats(0.0, 1.0),
)
@settings(max_examples=80, deadline=None)
def test_lines_equal_their_oracle(values, steps, noise, least_s):
    t_us = np.cumsum(steps[: len(values)])
    deviation = noise * (1.0 + np.arange(len(values)) % 3)
    out = np.empty(len(values))
    inertial.steadied(t_us, np.array(values), deviation, least_s * 1e6, 2.5e6, 350_000.0, 1.0, out)
    expected = oracle.steadied(
        [t / 1e6 for t in t_us.tolist()], values, deviation.tolist(), least_s, 2.5, 0.35, 1.0
    )
    # An interval may end where another begins to the last bit: then the width differs.
    far = ~np.isclose(out, expected, rtol=1e-7, atol=1e-7)
    assert np.sum(far) <= (1 if len(set(values)) < len(values) else 0)


@given(st.lists(st.floats(-30, 30), min_size=10, max_size=40))
@settings(max_examples=40, deadline=None)
def test_noise_equals_its_oracle(values):
    t_us = 1_000_000 * np.arange(len(values))
    found = inertial.look_at(t_us, np.array(values))
    assert found.step_s == 1.0
    assert found.noise == pytest.approx(oracle.noise_of(values), rel=1e-9, abs=1e-9)


@given(st.floats(-50, 50), st.floats(-4, 4))
@settings(max_examples=20, deadline=None)
def test_an_even_change_of_speed_stays_as_it_is(start, slope):
    t_us = 100_000 * np.arange(100)
    values, out = start + slope * t_us / 1e6, np.empty(100)
    inertial.steadied(t_us, values, np.full(100, 1.0), 5e5, 2.5e6, 3e5, 1.0, out)
    assert np.allclose(out, values, atol=1e-9)


def receiver(rate_hz, noise_mps, seed=1):
    """Times, the true and the measured speed, km/h: cruising, and brakings of two seconds."""
    t_s = np.arange(0.0, 600.0, 1.0 / rate_hz)
    fine = np.arange(0.0, 600.0, 0.01)
    accel = 0.3 * np.sin(fine / 6.0)
    for at in range(40, 600, 40):
        accel -= np.where((fine >= at) & (fine < at + 2.0), 4.0, 0.0)
        accel += np.where((fine >= at + 5.0) & (fine < at + 13.0), 1.0, 0.0)
    true = np.interp(t_s, fine, 3.6 * (20.0 + np.cumsum(accel) * 0.01))
    noise = np.random.default_rng(seed).normal(0.0, 3.6 * noise_mps, t_s.size)
    return np.round(t_s * 1e6).astype(np.int64), true, true + noise


@pytest.mark.parametrize("rate_hz", [1.0, 10.0])
@pytest.mark.parametrize("noise_mps", [0.2, 0.4])
def test_noise_is_found_and_taken_out_and_brakings_stay(rate_hz, noise_mps):
    t_us, true, said = receiver(rate_hz, noise_mps)
    course = np.full(t_us.size, 90.0)
    look = inertial.look_at(t_us, said, P.repeat_kmh)
    assert look.noise / 3.6 == pytest.approx(noise_mps, rel=0.25)
    assert look.step_s == pytest.approx(1.0 / rate_hz) and inertial.worth_it(look, P)
    speed, _ = inertial.quiet(t_us, said, course, look, P)
    assert np.mean(speed) == pytest.approx(np.mean(said), rel=0.002)  # the way keeps its length
    apart = max(1, round(rate_hz))

    def hardest(v):
        return [
            np.min((v[apart:] - v[:-apart])[(t_us[apart:] >= a) & (t_us[apart:] <= a + 4e6)]) / 3.6
            for a in range(40_000_000, 600_000_000, 40_000_000)
        ]

    assert np.std(speed - true) < 0.75 * np.std(said - true)
    assert np.median(hardest(speed)) <= 0.85 * np.median(hardest(true))


def test_quiet_sparse_and_held_speeds_stay_as_they_are():
    for t_us, speed in (
        receiver(1.0, 0.02)[::2],  # a quiet receiver
        (np.arange(600) * 2_000_000, receiver(1.0, 0.4)[2]),  # sparse
        (np.arange(600) * 100_000, np.repeat(receiver(1.0, 0.4)[2][:60], 10)),  # filled forward
    ):
        assert not inertial.worth_it(inertial.look_at(t_us, speed, P.repeat_kmh), P)


def test_a_course_is_averaged_through_north():
    t_us, _, said = receiver(10.0, 0.2)
    rng = np.random.default_rng(3)
    course = (359.0 + 0.2 * t_us / 1e6 + rng.normal(0.0, 1.0, t_us.size)) % 360.0
    _, heading = inertial.quiet(t_us, said, course, inertial.look_at(t_us, said), P)
    error = (heading - 359.0 - 0.2 * t_us / 1e6 + 180.0) % 360.0 - 180.0
    assert np.std(error) < 0.5


@given(
    st.lists(st.none() | st.floats(-30, 30), max_size=60),
    st.integers(20_000, 260_000),
    st.floats(0.1, 2.0),
)
@settings(max_examples=60, deadline=None)
def test_left_noise_equals_its_oracle(values, step_us, smooth_s):
    t_us = 1_700_000_000_000_000 + step_us * np.arange(len(values))
    accel = np.array([math.nan if value is None else value for value in values], np.float64)
    found = inertial.left_noise(t_us, accel, smooth_s)
    expected = oracle.left_noise(t_us.tolist(), values, CELL_US, smooth_s)
    assert found == pytest.approx(expected, rel=1e-9, abs=1e-9)


@given(st.sampled_from([10.0, 50.0, 100.0]), st.floats(0.2, 3.0), st.integers(0, 2**32 - 1))
@settings(max_examples=12, deadline=None)
def test_left_noise_is_what_the_low_pass_leaves(rate_hz, noise, seed):
    """Of white noise on a drive that pulls and brakes; manoeuvres are no noise."""
    n = round(300.0 * rate_hz)  # of 100 Hz, stretches are looked at
    t_us = np.round(np.arange(n) / rate_hz * 1e6).astype(np.int64)
    shaken = np.random.default_rng(seed).normal(0.0, noise, n)
    driven = 2.0 * np.sin(2.0 * math.pi * t_us / 8e6)
    left, smooth, keep = 0.0, np.empty(n), 1.0 / rate_hz / (0.4 + 1.0 / rate_hz)
    for i in range(n):
        left += keep * (shaken[i] - left)
        smooth[i] = left
    found = inertial.left_noise(t_us, driven + shaken, 0.4)
    assert found == pytest.approx(float(np.std(smooth)), rel=0.25)
