"""Accelerations of a trip along the car's axes: measured, turned from a phone's, or of speed."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from app.analysis.fixes import measured_only
from app.recordings.read import Table
from services.car_axes import accelerations, of_speed
from simulators.phone import Phone, drive, with_gnss

EPOCH_US = 1_700_000_000_000_000


Floats = NDArray[np.float64]


def phone_samples(
    phone: Phone, seed: int
) -> tuple[NDArray[np.int64], dict[str, Floats], Floats, Floats]:
    """A drive by a phone with GNSS: times, columns, true acceleration along and across."""
    made = drive(seed, phone=phone)
    gnss = with_gnss(made, seed)
    t_us = EPOCH_US + np.round(made.t_s * 1e6).astype(np.int64)
    columns = {"speed_kmh": gnss.speed_kmh, "lat_deg": gnss.lat_deg, "lon_deg": gnss.lon_deg}
    for k, axis in enumerate("xyz"):
        columns[f"accel_{axis}_mps2"] = made.accel[:, k]
        columns[f"gyro_{axis}_radps"] = made.gyro[:, k]
    return t_us, columns, made.long, made.lat


@pytest.mark.parametrize("phone", [Phone(), Phone(mount_deg=(0.0, 0.0, 130.0))])
def test_a_phones_are_turned_to_the_cars_axes(phone: Phone) -> None:
    t_us, columns, along, across = phone_samples(phone, 3)
    found = accelerations(t_us, columns)
    assert found is not None and found.source == "aligned"
    for values, true in ((found.along, along), (found.across, across)):
        known = ~np.isnan(values)
        at = np.interp(found.t_us[known] - EPOCH_US, t_us - EPOCH_US, true)
        assert np.corrcoef(values[known], at)[0, 1] > 0.9


def test_those_of_the_car_are_taken_as_they_are_with_their_gaps() -> None:
    t_us = EPOCH_US + np.array([0, 1, 2, 60, 61], np.int64) * 1_000_000
    along = np.array([0.5, np.nan, 1.5, -2.0, np.nan])
    found = accelerations(t_us, {"accel_long_mps2": along, "speed_kmh": np.full(5, 50.0)})
    assert found is not None and found.source == "measured"
    assert np.array_equal(found.along, [0.5, 1.5, np.nan, -2.0], equal_nan=True)
    assert np.isnan(found.across).all() and (np.diff(found.t_us) > 0).all()


def test_without_an_accelerometer_they_come_from_speed() -> None:
    t_us = EPOCH_US + np.arange(5, dtype=np.int64) * 1_000_000
    speed = np.array([0.0, 3.6, 7.2, np.nan, 3.6])
    found = accelerations(t_us, {"speed_kmh": speed})
    assert found is not None and found.source == "speed"
    assert found.along.tolist() == [1.0, 1.0, -0.5]


def test_speed_is_without_noise_as_the_score_of_a_recording_uses_it() -> None:
    made = drive(7, phone=Phone())
    gnss = with_gnss(made, 7, noise_mps=0.6)
    t_us = EPOCH_US + np.round(made.t_s * 1e6).astype(np.int64)
    table = Table(
        Path("simulated"), t_us, np.zeros(t_us.size, np.int64), {"speed_kmh": gnss.speed_kmh},
        None, True, "UTC", t_us.size, 0, 0, (),
    )  # fmt: skip
    used, _, noise_mps = measured_only(table)
    assert noise_mps > 0.3
    found = accelerations(t_us, table.columns)
    at, along = of_speed(t_us, used.columns["speed_kmh"])
    assert found is not None
    assert np.array_equal(found.along[np.isin(found.t_us, at)], along, equal_nan=True)


def test_nothing_is_nothing() -> None:
    assert accelerations(np.empty(0, np.int64), {}) is None
    t_us = EPOCH_US + np.arange(3, dtype=np.int64) * 1_000_000
    assert accelerations(t_us, {"lat_deg": np.full(3, 52.0)}) is None
