"""Pulses of an accelerometer at 20 to 100 Hz: kernel, oracle and any cut of the stream agree."""

import numpy as np
from hypothesis import given, settings

from feature_kernels import driving
from tests.property.test_driving_laws import (
    SEEDS,
    T0_US,
    assert_same_as_oracle,
    together,
)

MODEST = settings(max_examples=40, deadline=None, derandomize=True)


def stream_with_pulses(seed):
    """A car at 1 Hz or 2 Hz of speed with some pulses, each felt in a burst; it stops or drives on.

    Returns (columns, t_us, local_us) as `random_stream`.
    """
    rng = np.random.default_rng(seed)
    speed_step_us = int(rng.choice([500_000, 1_000_000]))
    step_us = int(rng.choice([10_000, 20_000, 40_000, 50_000, 60_000]))
    hits_us = np.sort(rng.choice(np.arange(60, 120), int(rng.integers(1, 4)), False)) * 1_000_000
    hits_us += rng.integers(0, 1_000, hits_us.size) * 1_000
    rows_us = np.arange(0, 160_000_000, speed_step_us)
    bursts = [np.arange(at - 300_000, at + 600_000, step_us) for at in hits_us]
    t_us = np.unique(np.concatenate([rows_us, *bursts]))
    cruise_kmh = float(rng.uniform(20.0, 90.0))
    v = np.interp(t_us / 1e6, [5.0, 20.0], [0.0, cruise_kmh])
    stops = rng.random() < 0.7
    if stops:  # within some seconds of the last pulse
        end_s = hits_us[-1] / 1e6
        slow = np.interp(t_us / 1e6, [end_s, end_s + rng.uniform(0.1, 6.0)], [1.0, 0.0])
        v = v * slow
    felt = rng.normal(0.0, 0.3, (2, t_us.size))
    for at in hits_us:
        lasts_us = float(rng.choice([15_000, 40_000, 80_000, 120_000, 200_000]))
        since = (t_us - at) / lasts_us
        pulse = rng.uniform(20.0, 150.0) * np.sin(np.pi * np.clip(since, 0.0, 1.0))
        way = rng.uniform(-np.pi, np.pi)
        felt += np.outer([np.cos(way), np.sin(way)], pulse)
    columns = {"speed_kmh": np.where(np.isin(t_us, rows_us), np.round(v, 1), np.nan)}
    if rng.random() < 0.5:
        columns |= {"accel_long_mps2": felt[0], "accel_lat_mps2": felt[1]}
    else:
        columns |= {"accel_x_mps2": felt[0], "accel_y_mps2": np.full(t_us.size, 9.81)}
        columns["accel_z_mps2"] = felt[1]
    return columns, t_us + T0_US, t_us + T0_US


def crashes(rows):
    return rows[rows["kind"] == driving.EVENT_KINDS["crash"]]


@given(SEEDS)
@MODEST
def test_the_oracle_agrees_on_pulses(seed):
    assert_same_as_oracle(stream_with_pulses(seed))


def test_such_streams_hold_crashes_and_pulses_that_are_none():
    found = [len(crashes(assert_same_as_oracle(stream_with_pulses(seed))[1])) for seed in range(40)]
    assert sum(found) >= 5 and found.count(0) >= 10


@given(SEEDS, SEEDS)
@MODEST
def test_any_cut_gives_the_same_bits(seed, cut):
    columns, t_us, local_us, starts = together([stream_with_pulses(seed)])
    once = driving.drive(columns, t_us, local_us, starts, driving.initial_carry(1))
    carry, events = driving.initial_carry(1), []
    borders = np.sort(np.random.default_rng(cut).integers(0, t_us.size + 1, 12))
    for first, end in zip([0, *borders], [*borders, t_us.size], strict=True):
        part = {name: values[first:end] for name, values in columns.items()}
        result = driving.drive(
            part, t_us[first:end], local_us[first:end], np.array([0, end - first]), carry
        )
        carry = result.carry
        events.append(result.events)
    assert np.concatenate(events).tobytes() == once.events.tobytes()
    assert carry.tobytes() == once.carry.tobytes()
