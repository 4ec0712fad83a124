"""The driving score: who drives how, over what, and what is not enough."""

import math

import numpy as np
import pytest

from feature_kernels import driving

T0_US = 1_700_000_000_000_000


def drive_like(seed, pull, fast, n=3600, limits=True):
    """An hour on one road at 1 Hz: `pull` m/s² of pedal and brake, `fast` x the limit."""
    road = np.random.default_rng(7)  # the same road for all
    rng = np.random.default_rng(seed)
    limit = np.repeat(road.choice([30.0, 50.0, 70.0, 100.0], n // 60), 60)
    stop = np.repeat(road.random(n // 60) < 0.3, 60)
    stop[:60] = stop[-240:] = True
    target = np.where(stop & (np.arange(n) % 60 < 30), 0.0, limit * fast)
    target[-240:] = 0
    v = np.zeros(n)
    for i in range(1, n):
        step = np.clip(target[i] - v[i - 1], -4.5 * pull, 3.0 * pull) * rng.uniform(0.8, 1.0)
        v[i] = max(v[i - 1] + step, 0.0)
    columns = {"speed_kmh": np.round(v)}
    if limits:
        columns["speed_limit_kmh"] = limit
    t_us = T0_US + np.arange(n) * 1_000_000
    result = driving.drive(columns, t_us, t_us, np.array([0, n]), driving.initial_carry(1))
    return np.concatenate([result.trips, driving.finish(result.carry).trips])


@pytest.mark.parametrize("limits", [True, False])
def test_an_aggressive_driver_scores_far_below_a_calm_one_on_the_same_road(limits):
    calm = [driving.score(drive_like(k, 1.0, 0.95, limits=limits)) for k in range(3)]
    hot = [driving.score(drive_like(k, 3.2, 1.25, limits=limits)) for k in range(3)]
    assert all(s.trusted for s in calm + hot)
    assert min(s.score for s in calm) > 80
    assert max(s.score for s in hot) < min(s.score for s in calm) - 25
    worst = {c.factor: c.share for c in hot[0].components}
    assert worst["harsh_braking"] > 10


def test_the_weights_sum_to_a_hundred_and_names_are_stable():
    from feature_kernels.driving.score import FACTORS

    assert sum(factor.weight for factor in FACTORS) == 100.0
    assert [factor.name for factor in FACTORS] == [
        "harsh_braking",
        "harsh_acceleration",
        "harsh_cornering",
        "speeding",
        "night",
        "acceleration_p95",
        "speed_p95",
    ]


def test_no_trips_no_score_and_little_driving_no_subject_score():
    none = driving.score(np.empty(0, driving.TRIP_DTYPE))
    assert math.isnan(none.score) and none.reason == "no trips" and not none.trusted
    short = drive_like(1, 1.0, 0.9)[:1]
    short["distance_m"] = 900.0
    two = driving.score(np.concatenate([short, short]))
    assert math.isnan(two.score) and "30 km" in two.reason
    one = driving.score(short)
    assert 0 < one.score <= 100 and not one.trusted and one.reason == ""
    assert math.isnan(driving.score(short, single_trip=False).score)


def test_a_subject_needs_more_than_a_trip_to_be_trusted():
    trips = np.concatenate([drive_like(k, 1.0, 0.95) for k in range(2)])
    subject = driving.score(trips)
    assert subject.exposure.distance_m < 100_000
    assert not math.isnan(subject.score) and not subject.trusted
    assert driving.score(np.concatenate([trips, trips])).trusted


def test_little_driving_leans_on_the_portfolio():
    trip = drive_like(1, 3.2, 1.2)
    long = trip.copy()
    for name in ("distance_m", "driving_s", "harsh_braking", "harsh_acceleration"):
        long[name] = long[name] * 20
    shares = [
        {c.factor: (c.value, c.share) for c in driving.score(t).components} for t in (trip, long)
    ]
    assert shares[0]["harsh_braking"][0] == pytest.approx(shares[1]["harsh_braking"][0])
    assert shares[0]["harsh_braking"][1] < shares[1]["harsh_braking"][1]
