"""A phone with GNSS every few seconds, or none for a while: axes and speed all the same."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feature_kernels import inertial
from simulators.phone import Phone, drive, with_gnss
from tests.oracles import inertial as oracle

P = inertial.DEFAULTS
KINDS = {code: name for name, code in inertial.EVENT_KINDS.items()}


def parts_of(made, gnss):
    """Parts of a recording, and when it was moved."""
    t_us = np.round(made.t_s * 1e6).astype(np.int64)
    columns = {"speed_kmh": gnss.speed_kmh, "lat_deg": gnss.lat_deg, "lon_deg": gnss.lon_deg}
    return inertial.parts(t_us, made.accel, made.gyro, columns, P)


def correlation(made, piece, car):
    """With the truth, forward and to the left."""
    at = piece.t_us / 1e6
    return [
        np.corrcoef(np.interp(at, made.t_s, a), b)[0, 1]
        for a, b in ((made.long, car.long), (made.lat, car.lat))
    ]


@pytest.mark.parametrize("rate_hz", [0.2, 0.1])
@pytest.mark.parametrize("gyro", [True, False])
def test_a_fix_every_few_seconds_aligns_a_phone(rate_hz, gyro):
    """As asked for with a fix a second: correlations of 0.92 and 0.87 with the right signs."""
    made = drive(31, 8, 16, Phone())
    if not gyro:
        made = dataclasses.replace(made, gyro=np.full_like(made.gyro, np.nan))
    (part,), moves = parts_of(made, with_gnss(made, 1, rate_hz=rate_hz))
    assert moves == []
    long, lat = correlation(made, part.piece, part.turned.car)
    assert long >= 0.92 and lat >= 0.87
    assert part.turned.car.confidence >= P.align_confidence


def test_dense_speeds_leave_the_parameters_as_they_are():
    t_us = np.arange(0, 60_000_000, 1_000_000)
    nothing = np.empty(0)
    assert inertial.paced(t_us, np.zeros(60), nothing, nothing, P) is P
    assert inertial.paced(t_us, nothing, nothing, nothing, P) is P
    sparse = inertial.paced(5 * t_us, np.zeros(60), nothing, nothing, P)
    assert sparse.speed_gap_s == 12.5 and sparse.complement_s == 5.0 and sparse.band_s == 10.0


@given(
    st.lists(st.floats(-3, 3), min_size=30, max_size=120),
    st.lists(st.floats(0, 40), min_size=2, max_size=6),
    st.floats(0.5, 12.0),
    st.floats(-1.0, 2.0),
)
@settings(max_examples=60, deadline=None)
def test_speed_through_a_silence_equals_its_oracle(along, speeds, apart_s, lag_s):
    grid_us = 500_000 + 100_000 * np.arange(len(along))
    t_us = np.round(np.arange(len(speeds)) * apart_s * 1e6).astype(np.int64)
    found = inertial.bridged(grid_us, np.array(along), lag_s, t_us, 3.6 * np.array(speeds), P)
    expected = oracle.bridged(
        [t / 1e6 for t in grid_us.tolist()], along, lag_s, [t / 1e6 for t in t_us.tolist()],
        speeds, P.speed_gap_s, P.bridge_s, P.bridge_mps2,
    )  # fmt: skip
    expected = [np.nan if v is None else 3.6 * v for v in expected]
    assert np.allclose(found, expected, rtol=1e-6, atol=1e-6, equal_nan=True)


@given(st.floats(-0.9, 0.9))
@settings(max_examples=20, deadline=None)
def test_a_constant_error_of_the_accelerometer_changes_no_speed(error_mps2):
    grid_us = 100_000 * np.arange(1200)
    along = np.sin(np.arange(1200) / 40.0)
    true = 15.0 + np.cumsum(along) * 0.1
    t_us = np.array([10_000_000, 100_000_000])
    said = 3.6 * true[[100, 1000]]
    found = inertial.bridged(grid_us, along + error_mps2, 0.0, t_us, said, P)
    assert np.isnan(found[:100]).all() and np.isnan(found[1002:]).all()
    assert np.allclose(found[101:1000], 3.6 * true[101:1000], atol=1e-6)


def test_what_contradicts_the_speeds_is_not_believed():
    grid_us = 100_000 * np.arange(300)
    t_us = np.array([1_000_000, 21_000_000])
    found = inertial.bridged(grid_us, np.full(300, 2.0), 0.0, t_us, np.array([30.0, 30.0]), P)
    assert np.isnan(found).all()


def test_a_long_bend_moves_no_device():
    """Means of 8 s of braking and bends differ by more than the device's own turn would."""
    made = drive(32, 2, 6, Phone(vibration_mps2=0.2))
    bend = (made.t_s > 60.0) & (made.t_s < 69.0)
    up = np.median(made.accel, axis=0) / np.linalg.norm(np.median(made.accel, axis=0))
    left = np.cross(up, [1.0, 0.0, 0.0])
    accel = made.accel + 4.5 * np.outer(bend, left / np.linalg.norm(left))
    t_us = np.round(made.t_s * 1e6).astype(np.int64)
    (piece,) = inertial.stretches(t_us, accel, made.gyro, P)
    assert inertial.moved_at(piece, P) == []
    assert inertial.moved_at(piece, P._replace(moved_sure_deg=P.moved_deg)) != []  # bites


@pytest.mark.parametrize("fusion_s", [0.6, 1.0, 1.6])
def test_the_time_constant_of_a_fusion_is_found(fusion_s):
    made = drive(33, 6, 20, Phone(gravity=False, fusion_s=fusion_s))
    (part,), _ = parts_of(made, with_gnss(made, 2))
    assert part.turned.car.fusion_s == pytest.approx(fusion_s, rel=0.3)
