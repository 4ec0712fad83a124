"""A phone's axes beside speed and places: against the truth of the simulator."""

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feature_kernels import inertial
from simulators.phone import Phone, drive, windshield_phones, with_gnss

P = inertial.DEFAULTS
NONE = np.empty(0)
PHONES = {
    **windshield_phones(),
    "no gyroscope": Phone(),
    "10 Hz": Phone(rate_hz=10.0),
    "other sign, no gyroscope": Phone(sign=-1.0),
}


def aligned(made, seed=1, lag_s=1.2, gyro=True, accel=None):
    """The axes that are found in a recording with GNSS at 1 Hz."""
    gnss = with_gnss(made, seed, lag_s)
    t_us = np.round(made.t_s * 1e6).astype(np.int64)
    rates = made.gyro if gyro else np.full_like(made.gyro, np.nan)
    (piece,) = inertial.stretches(t_us, made.accel if accel is None else accel, rates, P)
    motion = inertial.motion_of(
        piece.t_us, t_us, gnss.speed_kmh, gnss.lat_deg, gnss.lon_deg, NONE, P
    )
    return piece, inertial.align_by_speed(piece, motion, P)


def agreement(made, piece, car):
    """Correlation with the truth, forward and to the left."""
    at = piece.t_us / 1e6
    pairs = ((made.long, car.long), (made.lat, car.lat))
    return [np.corrcoef(np.interp(at, made.t_s, a), b)[0, 1] for a, b in pairs]


@pytest.mark.parametrize("name", PHONES)
def test_the_axes_are_the_cars_own(name):
    """Asked for: correlations of 0.92 and 0.87 with the right signs."""
    made = drive(21, 5, 15, PHONES[name])
    piece, turned = aligned(made, gyro="no gyroscope" not in name)
    long, lat = agreement(made, piece, turned.car)
    assert long >= 0.92 and lat >= 0.87
    assert turned.car.confidence >= P.align_confidence
    assert turned.opposite == name.startswith("other sign")
    assert turned.lag_s == pytest.approx(1.2, abs=0.4)


@given(st.tuples(*[st.floats(-180.0, 180.0)] * 3), st.floats(-0.5, 3.0))
@settings(max_examples=8, deadline=None)
def test_any_mounting_and_lag(mount, lag_s):
    made = drive(22, 3, 12, Phone(rate_hz=20.0, mount_deg=mount))
    piece, turned = aligned(made, lag_s=lag_s)
    long, lat = agreement(made, piece, turned.car)
    assert long >= 0.9 and lat >= 0.87
    assert turned.lag_s == pytest.approx(lag_s, abs=0.35)
    rotation = turned.rotation[100]
    assert np.allclose(rotation @ rotation.T, np.eye(3), atol=1e-9)
    assert np.linalg.det(rotation) == pytest.approx(1.0)


def test_a_device_that_is_turned_is_noticed():
    a = drive(23, 3, 12, Phone())
    b = drive(23, 3, 12, dataclasses.replace(Phone(), mount_deg=(-30.0, 40.0, 90.0)))
    later = a.t_s >= 120.0
    accel = np.where(later[:, None], b.accel, a.accel)
    piece, _ = aligned(a, accel=accel)
    (row,) = inertial.moved_at(piece, P)
    assert piece.t_us[row] / 1e6 == pytest.approx(120.0, abs=4.0)
    piece, _ = aligned(a)
    assert inertial.moved_at(piece, P) == []


def test_without_enough_speed_nothing_is_claimed():
    made = drive(24, 2, 4)
    t_us = np.round(made.t_s * 1e6).astype(np.int64)
    (piece,) = inertial.stretches(t_us, made.accel, made.gyro, P)
    motion = inertial.motion_of(piece.t_us, t_us, NONE, NONE, NONE, NONE, P)
    assert inertial.align_by_speed(piece, motion, P) is None


@given(st.floats(20.0, 200.0), st.floats(6.0, 25.0), st.booleans())
@settings(max_examples=25, deadline=None)
def test_speed_and_yaw_of_a_circle(radius_m, speed_mps, leftwards):
    """Places on a circle, without a measured speed: yaw is speed over radius."""
    if speed_mps / radius_m > 0.6:
        speed_mps = 0.6 * radius_m
    t_us = np.arange(0, 60_000_000, 1_000_000)
    angle = speed_mps / radius_m * t_us / 1e6 * (1 if leftwards else -1)
    per_degree = math.pi / 180 * 6_371_008.8
    lat = 50.0 + radius_m * np.sin(angle) / per_degree
    lon = 10.0 + radius_m * np.cos(angle) / per_degree / math.cos(math.radians(50.0))
    grid = np.arange(10_000_000, 50_000_000, 100_000)
    motion = inertial.motion_of(grid, t_us, NONE, lat, lon, NONE, P)
    if speed_mps < 5.0:
        assert np.isnan(motion.yaw[100:300]).all() or speed_mps > P.course_kmh / 3.6 * 0.98
        return
    expected = speed_mps / radius_m * (1 if leftwards else -1)
    assert np.allclose(motion.yaw[100:300], expected, rtol=0.03)
    assert np.allclose(motion.speed[100:300], speed_mps, rtol=0.03)
