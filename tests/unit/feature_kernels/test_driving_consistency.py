"""Recordings that were made up or changed: marked, not scored; honest faults are not marked."""

import math

import numpy as np
import pytest

from feature_kernels import driving
from tests.oracles import driving as oracle

T0_US = 1_700_000_000_000_000
METRES_PER_DEGREE = math.pi / 180 * 6_371_008.8
FLAGS = driving.QUALITY_FLAGS


def drive_of(seconds=900, seed=1):
    """A live drive at 1 Hz with a stand at both ends: times s, speeds km/h, metres."""
    rng = np.random.default_rng(seed)
    i = np.arange(seconds)
    v = (
        60
        + 25 * np.sin(i / 40 + rng.uniform(0, 6))
        + 8 * np.sin(i / 9)
        + rng.normal(0, 0.4, seconds)
    )
    v = np.minimum(v, np.minimum(i, seconds - i) * 5.0)
    v = np.concatenate([np.zeros(10), np.round(v, 1).clip(0), np.zeros(300)])
    return (
        np.arange(v.size).astype(float),
        v,
        np.concatenate([[0], np.cumsum(v[1:] + v[:-1]) / 7.2]),
    )


def places(x):
    return {"lat_deg": 50.0 + x / METRES_PER_DEGREE, "lon_deg": np.full(x.size, 8.0)}


def run(t_s, parameters=driving.DEFAULTS, **columns):
    t_us = T0_US + np.round(np.asarray(t_s, float) * 1e6).astype(np.int64)
    starts = np.array([0, t_us.size])
    result = driving.drive(columns, t_us, t_us, starts, driving.initial_carry(1), parameters)
    trips = np.concatenate([result.trips, driving.finish(result.carry, parameters).trips])
    twins, _ = oracle.drive_and_finish(
        {name: list(values) for name, values in columns.items()},
        t_us.tolist(), t_us.tolist(), parameters,
    )  # fmt: skip
    assert [int(trip["quality"]) for trip in trips] == [twin["quality"] for twin in twins]
    return trips


def test_an_honest_drive_has_no_mark():
    t, v, x = drive_of()
    for rate in (1, 2, 5):
        trips = run(t[::rate], speed_kmh=v[::rate], **places(x[::rate]))
        assert trips.size == 1 and not (trips["quality"] & driving.NOT_SCORED).any()


@pytest.mark.parametrize("jumps", ["stays", "comes_back", "three_fixes"])
def test_places_that_jump_farther_than_a_car_drives(jumps):
    t, v, x = drive_of()
    where = places(x)
    if jumps == "stays":
        where["lon_deg"][400:] += 0.3
    elif jumps == "comes_back":
        where["lon_deg"][400:420] += 0.3
    else:
        where["lon_deg"][[300, 400, 500]] += 0.3
    trips = run(t, speed_kmh=v, **where)
    assert trips["quality"].tolist() == [FLAGS["places_jump"]]


def test_a_single_fix_far_off_and_a_cold_start_at_an_old_place_are_no_jumps():
    t, v, x = drive_of()
    where = places(x)
    where["lon_deg"][400] += 0.3
    assert run(t, speed_kmh=v, **where)["quality"].tolist() == [0]
    where = places(x)
    where["lon_deg"][:30] = 8.3
    where["lat_deg"][:30] = 50.3
    assert run(t, speed_kmh=v, **where)["quality"].tolist() == [0]


@pytest.mark.parametrize("factor", [0.5, 2.2])
def test_speeds_that_contradict_the_places(factor):
    t, v, x = drive_of()
    trips = run(t, speed_kmh=v * factor, **places(x))
    assert trips["quality"].tolist() == [FLAGS["speed_contradicts_places"]]
    apart = {"speed_kmh": np.where(np.arange(v.size) % 2, np.nan, v * factor)}
    elsewhen = {k: np.where(np.arange(v.size) % 2, w, np.nan) for k, w in places(x).items()}
    trips = run(t, **apart, **elsewhen)
    assert trips["quality"].tolist() == [FLAGS["speed_contradicts_places"]]


def test_a_speed_that_is_scaled_a_little_is_known_by_the_whole_way():
    """No minute of it is far off, but the places go farther by two fifths."""
    t, v, x = drive_of()
    trips = run(t, speed_kmh=v * 0.7, **places(x))
    assert trips["quality"].tolist() == [FLAGS["speed_contradicts_places"]]
    never = {"scale_ratio": math.inf, "varies_kmh": math.inf}
    kept = run(t, parameters=driving.DEFAULTS._replace(**never), speed_kmh=v * 0.7, **places(x))
    assert kept["quality"].tolist() == [0]


@pytest.mark.parametrize("seconds", [120, -120])
def test_speeds_of_another_time_do_not_go_together_with_the_places(seconds):
    t, v, x = drive_of(1_800)
    other = np.interp(t - seconds, t, v, left=0.0, right=0.0)
    trips = run(t, speed_kmh=other, **places(x))
    assert trips["quality"].tolist() == [FLAGS["speed_at_other_time"]]


@pytest.mark.parametrize("seconds", [4, -4])
def test_speeds_that_come_seconds_late_do(seconds):
    t, v, x = drive_of(1_800)
    assert run(t, speed_kmh=np.interp(t - seconds, t, v), **places(x))["quality"].tolist() == [0]


def test_a_receiver_that_repeats_places_for_seconds_is_no_contradiction():
    """Ten seconds of every 97: one leg too short, the next one too long, and steady otherwise."""
    t = np.arange(1_500)
    v = np.minimum(110 + 11 * np.sin(t / 50), 60 + 5.0 * t)
    where = places(np.concatenate([[0], np.cumsum(v[1:] + v[:-1]) / 7.2]))
    repeated = t % 97 < 10
    last = np.maximum.accumulate(np.where(repeated, 0, t))
    where = {name: degrees[last] for name, degrees in where.items()}
    speed = np.where(repeated, np.nan, v)
    assert run(t, speed_kmh=speed, **where)["quality"].tolist() == [0]
    few = driving.DEFAULTS._replace(apart_share=0.0)
    marked = run(t, parameters=few, speed_kmh=speed, **where)["quality"].tolist()
    assert marked == [FLAGS["speed_at_other_time"]]


@pytest.mark.parametrize("factor", [0.95, 1.1])
def test_a_speedometer_that_is_not_exact_is_no_contradiction(factor):
    t, v, x = drive_of()
    assert run(t, speed_kmh=v * factor, **places(x))["quality"].tolist() == [0]


def test_a_zero_instead_of_no_speed_and_a_lag_are_no_contradiction():
    t, v, x = drive_of()
    zeros = np.where(np.arange(v.size) % 3 == 0, 0.0, v)
    assert not run(t, speed_kmh=zeros, **places(x))["quality"][0] & driving.NOT_SCORED
    late = np.concatenate([np.zeros(2), v[:-2]])
    assert run(t, speed_kmh=late, **places(x))["quality"].tolist() == [0]


def test_a_clock_that_jumps_while_the_car_drives_on_marks_both_parts():
    t, v, x = drive_of()
    t = np.where(t > 400, t + 5 * 3600, t)
    trips = run(t, speed_kmh=v, **places(x))
    assert trips["quality"].tolist() == [FLAGS["clock_jumps"]] * 2
    stands = np.concatenate([v[:400], np.zeros(400), v[400:]])  # a parked car is none
    way = np.concatenate([[0], np.cumsum(stands[1:] + stands[:-1]) / 7.2])
    trips = run(np.arange(stands.size), speed_kmh=stands, **places(way))
    assert not (trips["quality"] & driving.NOT_SCORED).any()


def test_a_marked_trip_is_not_scored_and_counts_for_nothing():
    t, v, x = drive_of(3_600)
    good = np.concatenate([run(t + 9_000 * k, speed_kmh=v, **places(x)) for k in range(3)])
    bad = run(t + 90_000, speed_kmh=v * 0.5, **places(x))
    alone = driving.score(bad)
    assert math.isnan(alone.score) and not alone.trusted and "made up" in alone.reason
    both = driving.score(np.concatenate([good, bad]), single_trip=False)
    without = driving.score(good, single_trip=False)
    assert (both.score, both.exposure) == (without.score, without.exposure)
    assert both.score == pytest.approx(oracle.score(
        [{name: trip[name] for name in trip.dtype.names} for trip in np.concatenate([good, bad])]
    )[0], abs=1e-9)  # fmt: skip
