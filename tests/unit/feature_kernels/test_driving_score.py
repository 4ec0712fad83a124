"""The driving score: who drives how, over what, and what is not enough."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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
    assert min(s.score for s in calm) > 78
    assert max(s.score for s in hot) < min(s.score for s in calm) - 25
    worst = {c.factor: c.share for c in hot[0].components}
    assert worst["harsh_braking"] > 10


def test_the_weights_of_each_version_sum_to_a_hundred_and_names_are_stable():
    from feature_kernels.driving import score_models

    for model in driving.MODELS.values():
        score_models.check(model)
    assert driving.CURRENT is driving.MODELS[driving.ALGORITHM_VERSION]
    assert [factor.name for factor in driving.CURRENT.factors] == [
        "harsh_braking",
        "harsh_acceleration",
        "harsh_cornering",
        "speeding",
        "speeding_excess",
        "speed_p95",
        "acceleration_for_road",
        "longitudinal_for_speed_p95",
        "jerk_for_road",
        "night",
        "phone",
        "fatigue",
    ]


def test_a_model_that_is_no_score_is_refused():
    from feature_kernels.driving import score_models

    factors = driving.CURRENT.factors
    for wrong in (
        (factors[0]._replace(weight=13.0), *factors[1:]),
        (factors[0]._replace(weight=-1.0), factors[1]._replace(weight=19.0), *factors[2:]),
        (factors[0]._replace(order=3), *factors[1:]),
    ):
        with pytest.raises(ValueError, match=r"weight|order"):
            score_models.check(driving.CURRENT._replace(factors=wrong))


def test_driving_on_without_a_break_costs_points():
    """Three hours at a stretch; the same with a break of 20 minutes after each."""
    trips = np.concatenate([drive_like(k, 1.0, 0.95) for k in range(3)])
    length = int(trips["end_us"][0] - trips["start_us"][0])
    shares = []
    for pause_s in (60, 1_200):
        moved = trips.copy()
        moved["start_us"] = T0_US + np.arange(3) * (length + pause_s * 1_000_000)
        moved["end_us"] = moved["start_us"] + length
        moved["driving_s"] = 3_400.0
        found = {c.factor: c for c in driving.score(moved).components}
        shares.append((found["fatigue"].value, found["fatigue"].share))
    assert shares[0][0] == pytest.approx((3 * 3_400 - 7_200) / (3 * 3_400))
    assert shares[1][0] == 0.0 and shares[1][1] < shares[0][1]


def test_what_a_phone_does_counts_where_it_was_watched():
    trips = np.concatenate([drive_like(k, 1.0, 0.95) for k in range(2)])
    assert np.isnan(trips["phone_s"]).all()
    trips["phone_s"] = [np.nan, 0.1 * trips["driving_s"][1]]
    (phone,) = (c for c in driving.score(trips).components if c.factor == "phone")
    assert phone.value == pytest.approx(0.1)


def test_hasty_pedals_within_the_limit_are_seen_without_any_harsh_event():
    """Changes of speed below each threshold, but all of them near it, on the same road."""
    calm, hasty = drive_like(1, 0.5, 0.95), drive_like(1, 0.75, 0.95)
    for trip in (calm, hasty):
        for kind in ("harsh_braking", "harsh_acceleration", "harsh_cornering"):
            trip[kind] = 0
    found = [{c.factor: c.share for c in driving.score(trip).components} for trip in (calm, hasty)]
    for factor in ("acceleration_for_road", "longitudinal_for_speed_p95", "jerk_for_road"):
        assert found[0][factor] < found[1][factor]


def pedals(road, pull, n=3600):
    """An hour between two speeds, with strengths of 0.3 to 1 of `pull` m/s²; in town every 12 s."""
    low, high, cruise_s = {"town": (15.0, 50.0, 12), "motorway": (105.0, 130.0, 110)}[road]
    rng = np.random.default_rng(3)
    v, target, still, now, speed = np.zeros(n), high, 0, 0.3, 0.0
    for i in range(n - 200):
        if still == 0 and abs(speed - target) < 0.5:
            target, still, now = low + high - target, cruise_s, rng.uniform(0.3, 1.0)
        still = max(still - 1, 0)
        step = 3.6 * now * pull * (still == 0)
        speed += float(np.clip(target - speed, -step, step))
        v[i] = speed
    t_us = T0_US + np.arange(n) * 1_000_000
    run = driving.drive({"speed_kmh": v}, t_us, t_us, np.array([0, n]), driving.initial_carry(1))
    return np.concatenate((run.trips, driving.finish(run.carry).trips))


@pytest.mark.parametrize("pull", [1.2, 1.8])
def test_a_road_that_asks_for_fewer_changes_of_speed_makes_no_better_driver(pull):
    """The same strengths of pedal and brake: a percentile of all seconds says where they were."""

    def points(road, model, names):
        found = driving.score(pedals(road, pull), model=model).components
        return sum(c.share for c in found if c.factor in names)

    third = driving.MODELS["driving-score/3"]
    before = [points(r, third, ("acceleration_p95", "jerk_p95")) for r in ("town", "motorway")]
    now = [
        points(r, driving.CURRENT, ("acceleration_for_road", "jerk_for_road"))
        for r in ("town", "motorway")
    ]
    assert before[0] - before[1] > 4.0
    assert abs(now[0] - now[1]) < 0.4 * (before[0] - before[1])
    assert now[1] > before[1]


def test_many_subjects_at_once_have_the_bits_of_each_alone():
    trips = np.concatenate([drive_like(k, 1.0 + 0.5 * k, 0.95) for k in range(5)])
    starts = np.array([0, 2, 2, 5])
    for model in driving.MODELS.values():
        found = driving.score_many(trips, starts, model=model)
        for d in range(3):
            alone = driving.score(trips[starts[d] : starts[d + 1]], False, model)
            assert np.array([alone.score]).tobytes() == found.score[d : d + 1].tobytes()
            shares = np.array([c.share for c in alone.components])
            assert shares.tobytes() == found.shares[d].tobytes()
            assert alone.trusted == found.trusted[d]


ONE_TRIP = np.zeros(1, driving.TRIP_DTYPE)
for _name in ("driving_s", "measured_s", "accel_hist_s", "speed_hist_s", "use_hist_s"):
    ONE_TRIP[_name] = 900.0
ONE_TRIP["end_us"] = 1_000_000_000


@given(st.lists(st.integers(0, 900), min_size=1, max_size=12, unique=True), st.randoms())
@settings(max_examples=20, deadline=None)
def test_a_score_over_a_sliding_horizon_is_that_of_the_trips_within_it(days, shuffle):
    """Trip by trip, in any order, and all at once."""
    model = driving.CURRENT
    trips = np.repeat(ONE_TRIP, len(days))
    trips["harsh_braking"][:, 0] = np.arange(len(days))
    length = trips["end_us"] - trips["start_us"]
    trips["start_us"] = T0_US + np.array(sorted(days)) * 86_400_000_000
    trips["end_us"] = trips["start_us"] + length
    trips["distance_m"] = 40_000.0
    for k in range(1, len(days) + 1):
        newest = max(trips["start_us"][:k])
        within = newest - trips["start_us"][:k] <= model.horizon_days * 86_400_000_000
        order = np.array(shuffle.sample(range(k), k))
        streamed = driving.score(trips[:k][order], False, model)
        batch = driving.score(trips[:k][within], False, model._replace(horizon_days=0))
        assert streamed.exposure == batch.exposure
        assert np.array([streamed.score]).tobytes() == np.array([batch.score]).tobytes()
    assert driving.score(trips, False, model._replace(horizon_days=0)).exposure.trips == len(days)


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
    whole = ("distance_m", "driving_s", "longitudinal_s", "harsh_braking", "harsh_acceleration")
    for name in whole:
        long[name] = long[name] * 20
    shares = [
        {c.factor: (c.value, c.share) for c in driving.score(t).components} for t in (trip, long)
    ]
    assert shares[0]["harsh_braking"][0] == pytest.approx(shares[1]["harsh_braking"][0])
    assert shares[0]["harsh_braking"][1] < shares[1]["harsh_braking"][1]


def seen_by(trip, **columns):
    """The trip as a device shows it that sees other things."""
    trip = trip.copy()
    for name, value in columns.items():
        trip[name] = value
    return trip


def test_what_a_device_cannot_see_does_not_count_as_perfect():
    """A device without bends gets what is expected of such a driver, not the points for none."""
    trip = drive_like(1, 2.4, 1.1)
    trip["lateral_s"] = 0.0
    (unseen,) = (c for c in driving.score(trip).components if c.factor == "harsh_cornering")
    none = seen_by(trip, lateral_s=trip["driving_s"])
    (seen,) = (c for c in driving.score(none).components if c.factor == "harsh_cornering")
    assert math.isnan(unseen.value) and seen.value == 0.0
    assert unseen.share > seen.share
    third = driving.MODELS["driving-score/3"]
    assert driving.score(trip, model=third).score == driving.score(none, model=third).score


def test_no_factor_that_some_device_cannot_see_decides_more_than_the_fairness_allows():
    """What is across the car or in the hand: from none to the whole weight, against not seen."""
    trip = drive_like(1, 1.0, 0.95)
    for name, least, most in (
        ("lateral_s", {"harsh_cornering": 0}, {"harsh_cornering": 10_000}),
        ("phone_s", {"phone_s": 0.0}, {"phone_s": trip["driving_s"]}),
    ):
        unseen = driving.score(seen_by(trip, **{name: np.nan})).score
        for columns in (least, most):
            seen = {"lateral_s": trip["driving_s"], **columns}
            if name == "phone_s":
                seen["lateral_s"] = trip["lateral_s"]
            assert abs(driving.score(seen_by(trip, **seen)).score - unseen) <= 3.5


def test_rates_are_over_the_distance_on_which_a_device_looked():
    """Two trips, of which one shows bends: the other one's distance does not thin them out."""
    trips = np.concatenate([drive_like(k, 1.0, 0.95) for k in range(2)])
    trips["harsh_cornering"] = [[3, 0, 0], [0, 0, 0]]
    trips["lateral_s"] = [trips["driving_s"][0], 0.0]
    (found,) = (c for c in driving.score(trips).components if c.factor == "harsh_cornering")
    assert found.value == pytest.approx(3 / (trips["distance_m"][0] / 1e5))


def test_sparse_speeds_show_how_strongly_somebody_accelerates():
    """A speed every 5 s: no events, but a calm and a hasty driver do not score the same."""
    scores = []
    for pull in (0.6, 3.2):
        n = 3_600
        t = np.arange(n)
        v = np.abs(60 + 40 * np.sin(t / 9.0 * pull))[::5]
        t_us = T0_US + t[::5] * 1_000_000
        run = driving.drive(
            {"speed_kmh": v}, t_us, t_us, np.array([0, v.size]), driving.initial_carry(1)
        )
        (trip,) = driving.finish(run.carry).trips
        assert trip["sparse_hist_s"].sum() > 3_000 and trip["accel_hist_s"].sum() == 0
        found = driving.score(np.array([trip]))
        assert not found.trusted
        scores.append({c.factor: c for c in found.components})
    for factor in ("harsh_braking", "jerk_for_road"):
        assert math.isnan(scores[0][factor].value)
        assert scores[0][factor].share < scores[1][factor].share


def test_the_numbers_of_older_versions_have_no_word_of_newer_ones():
    """A version frozen for a tariff year is compared with its stored numbers, letter by letter."""
    from services.score_versions import numbers_of, of_numbers

    for model in driving.MODELS.values():
        numbers = numbers_of(model)
        assert of_numbers(numbers) == model
        newer = "by_observed" in numbers or any("power" in one for one in numbers["factors"])
        assert newer == model.by_observed
