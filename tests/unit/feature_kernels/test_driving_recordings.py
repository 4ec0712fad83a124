"""Real recordings: three OBD drives of a car, whose rows are 0.491 s apart."""

import csv
from pathlib import Path

import numpy as np
import pytest

from feature_kernels import driving

DRIVES = Path(__file__).parents[4] / "shared" / "data" / "vehicles" / "carobd"
ROW_US = 491_000
T0_US = 1_700_000_000_000_000

needs_data = pytest.mark.skipif(not DRIVES.is_dir(), reason=f"no recorded data: {DRIVES} is absent")


def recording(name):
    with (DRIVES / f"{name}.csv").open(newline="") as file:
        speed = np.array([float(row["VEHICLE_SPEED ()"]) for row in csv.DictReader(file)])
    t_us = T0_US + np.arange(len(speed)) * ROW_US
    integral = float(((speed[1:] + speed[:-1]) / 2 / 3.6).sum() * ROW_US / 1e6)
    result = driving.drive(
        {"speed_kmh": speed}, t_us, t_us, np.array([0, len(speed)]), driving.initial_carry(1)
    )
    rest = driving.finish(result.carry)
    trips = np.concatenate([result.trips, rest.trips])
    return trips, np.concatenate([result.events, rest.events]), integral


@needs_data
@pytest.mark.parametrize(("name", "trips"), [("drive1", 1), ("live1", 2)])
def test_distance_is_the_integral_of_speed_over_true_time(name, trips):
    found, events, integral = recording(name)
    assert len(found) == trips  # live1 stands for 383 s in between
    assert found["distance_m"].sum() == pytest.approx(integral, rel=0.01)
    assert len(events) == 0  # integer speeds that are held for seconds are no harsh events
    assert (found["rejected_count"] == 0).all()
    assert driving.score(found[-1:]).trusted


@needs_data
def test_a_car_that_idles_makes_no_trip():
    trips, events, _ = recording("idle1")
    assert len(trips) == len(events) == 0
