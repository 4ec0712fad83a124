"""Collisions, potholes, kerbs, falling devices: by physics, each with an answer known beforehand.

A pulse is a half-sine of peak a over d seconds: its change of velocity is 2 a d / pi.
"""

import numpy as np
import pytest

from feature_kernels import driving

T0_US = 1_700_000_000_000_000
G = 9.80665
CRASH = driving.EVENT_KINDS["crash"]


def pulse(peak_mps2, lasts_s, hz, *, stands=True, kmh=60.0, speed_hz=1.0, phase_s=0.0, way=0.0):
    """60 km/h, a pulse at 80 s, and a stop within 3 s or none; events of the kernel."""
    t = np.unique(
        np.concatenate(
            [np.arange(0.0, 130.0, 1 / speed_hz), 80.0 + np.arange(-1.0, 1.0, 1 / hz) + phase_s]
        ).round(6)
    )
    v = np.interp(t, [5.0, 20.0, 80.0, 83.0], [0.0, kmh, kmh, 0.0 if stands else kmh])
    since = np.clip((t - 80.0) / lasts_s, 0.0, 1.0)
    felt = peak_mps2 * np.sin(np.pi * since)
    t_us = T0_US + np.round(t * 1e6).astype(np.int64)
    regular = np.isclose(t * speed_hz, np.round(t * speed_hz))
    columns = {
        "speed_kmh": np.where(regular, np.round(v), np.nan),
        "accel_long_mps2": -felt * np.cos(way),
        "accel_lat_mps2": felt * np.sin(way),
    }
    run = driving.drive(columns, t_us, t_us, np.array([0, t.size]), driving.initial_carry(1))
    events = np.concatenate([run.events, driving.finish(run.carry).events])
    return events[events["kind"] == CRASH]


@pytest.mark.parametrize("hz", [20, 25, 50, 100, 200])
@pytest.mark.parametrize("phase_s", [0.0, 0.003, 0.009, 0.013])
@pytest.mark.parametrize("way", [0.0, 1.2, -2.5])
def test_a_collision_is_found_with_its_change_of_velocity(hz, phase_s, way):
    (crash,) = pulse(120.0, 0.12, hz, phase_s=phase_s, way=way)
    expected_kmh = 3.6 * 2 * 120.0 * 0.12 / np.pi
    assert crash["delta_v_kmh"] == pytest.approx(-expected_kmh, rel=0.15)
    assert crash["severity"] == 2


@pytest.mark.parametrize("hz", [25, 50, 100])
@pytest.mark.parametrize("peak_g", [3.0, 5.0, 8.0])
def test_a_collision_that_drives_on_is_none(hz, peak_g):
    assert len(pulse(peak_g * G, 0.12, hz, stands=False)) == 0


@pytest.mark.parametrize("hz", [20, 25, 50, 100])
@pytest.mark.parametrize(
    ("what", "peak_g", "lasts_s"),
    [
        ("pothole", 4.0, 0.055),  # hard, and sideways: 5 km/h
        ("pothole, mild", 2.6, 0.06),
        ("kerb", 3.0, 0.05),
        ("falling phone on the floor", 15.0, 0.03),  # 10 km/h of the phone alone, but short
        ("falling phone, hard", 30.0, 0.012),
        ("stone", 8.0, 0.01),
    ],
)
def test_a_pulse_before_a_stop_that_is_no_collision(what, peak_g, lasts_s, hz):
    for phase_s in (0.0, 0.003, 0.007, 0.011):
        assert len(pulse(peak_g * G, lasts_s, hz, phase_s=phase_s)) == 0


@pytest.mark.parametrize("kmh_per_pulse", [7.0, 9.0])
def test_the_least_change_of_velocity_is_that_of_event_data_recorders(kmh_per_pulse):
    """49 CFR 563.5: 8 km/h within 150 ms."""
    lasts = 0.1
    peak = kmh_per_pulse / 3.6 * np.pi / 2 / lasts
    assert len(pulse(peak, lasts, 100)) == (kmh_per_pulse > 8.0)


def test_a_slow_accelerometer_needs_a_speed_that_falls_faster_than_tyres_brake():
    """At 10 Hz the accelerometer hits a pothole of 50 ms by chance, with any of its values."""
    t = np.arange(0.0, 130.0, 0.1)
    t_us = T0_US + np.round(t * 1e6).astype(np.int64)
    felt = np.where((t > 79.95) & (t < 80.15), -60.0, 0.0)
    found = {}
    for name, stops_s in (("collision", 1.0), ("hard braking", 2.2), ("braking", 4.0)):
        v = np.interp(t, [5.0, 20.0, 80.0, 80.0 + stops_s], [0.0, 60.0, 60.0, 0.0])
        speed = np.where(np.arange(t.size) % 10 == 0, np.round(v), np.nan)
        columns = {"speed_kmh": speed, "accel_long_mps2": felt}
        run = driving.drive(columns, t_us, t_us, np.array([0, t.size]), driving.initial_carry(1))
        found[name] = [e["delta_v_kmh"] for e in run.events if e["kind"] == CRASH]
    assert found == {
        "collision": [pytest.approx(-60.0, abs=1.0)],
        "hard braking": [],
        "braking": [],
    }


def test_a_collision_soon_after_a_pothole_is_not_lost():
    t = np.unique(
        np.concatenate([np.arange(0.0, 130.0, 1.0), np.arange(70.0, 85.0, 0.01)]).round(6)
    )
    v = np.interp(t, [5.0, 20.0, 80.0, 82.0], [0.0, 60.0, 60.0, 0.0])
    for before_s in (0.3, 2.0, 3.5):
        hole = np.clip((t - 80.0 + before_s) / 0.05, 0.0, 1.0)
        hit = np.clip((t - 80.0) / 0.12, 0.0, 1.0)
        felt = -3.5 * G * np.sin(np.pi * hole) - 100.0 * np.sin(np.pi * hit)
        columns = {
            "speed_kmh": np.where(t == np.round(t), np.round(v), np.nan), "accel_long_mps2": felt,
        }  # fmt: skip
        t_us = T0_US + np.round(t * 1e6).astype(np.int64)
        run = driving.drive(columns, t_us, t_us, np.array([0, t.size]), driving.initial_carry(1))
        (crash,) = run.events[run.events["kind"] == CRASH]
        assert crash["delta_v_kmh"] == pytest.approx(-27.5, rel=0.15)
