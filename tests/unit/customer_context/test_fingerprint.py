"""A drive that is sent again has the same fingerprint, another drive has another one."""

import numpy as np

from customer_context.scoring.fingerprint import fingerprints, replays, same_course
from feature_kernels.driving import TRIP_DTYPE

HISTOGRAMS = ("accel_hist_s", "speed_hist_s", "use_hist_s", "jerk_hist_s")


def drives(n: int, classes: int = 12):
    rng = np.random.default_rng(1)
    trips = np.zeros(n, TRIP_DTYPE)
    trips["start_us"] = np.arange(n) * 86_400_000_000
    trips["end_us"] = trips["start_us"] + rng.integers(600, 1_200, n) * 1_000_000
    trips["distance_m"] = rng.uniform(5e3, 5e4, n)
    for name in HISTOGRAMS:
        trips[name][:, :classes] = rng.uniform(1.0, 90.0, trips[name][:, :classes].shape)
    return trips


def test_a_drive_that_is_sent_again_is_known_by_time_place_and_device_changed() -> None:
    trips = drives(5)
    for name in ("distance_m", *HISTOGRAMS):
        trips[name][3] = trips[name][1]
    trips["end_us"][3] = trips["start_us"][3] + trips["end_us"][1] - trips["start_us"][1]
    trips["device"][3], trips["start_lat_deg"][3], trips["night_s"][3] = 9, 40.0, 77.0
    assert replays(trips).tolist() == [False, False, False, True, False]
    assert replays(trips[::-1]).tolist() == [False, True, False, False, False]  # the later one
    prints = fingerprints(trips)
    assert prints[1] == prints[3] and len(set(prints)) == 4
    trips["jerk_hist_s"][3, 0] += 0.001
    assert not replays(trips).any()


def test_a_drive_of_few_values_is_like_another_by_chance() -> None:
    assert fingerprints(drives(2, classes=2)) == [None, None]


def courses(*metres: np.ndarray) -> np.ndarray:
    """Trips of these metres by minute, one a day."""
    trips = np.zeros(len(metres), TRIP_DTYPE)
    for i, course in enumerate(metres):
        trips["course_m"][i, : course.size] = course
        trips["distance_m"][i] = course.sum()
        trips["start_us"][i] = i * 86_400_000_000
        trips["end_us"][i] = trips["start_us"][i] + course.size * 60_000_000
    return trips


def test_a_drive_that_is_sent_again_with_noise_has_its_course() -> None:
    rng = np.random.default_rng(3)
    first = rng.uniform(200, 1_200, 12)
    noisy = first * 1.01 + rng.normal(0, 8, 12)
    another_day = np.clip(first + rng.normal(0, 150, 12), 0, None)
    another_day *= first.sum() / another_day.sum()
    trips = courses(first, noisy, another_day, rng.permutation(first))
    assert same_course(trips[0], trips).tolist() == [True, True, False, False]
    assert replays(trips).tolist() == [False, True, False, False]
    trips["start_us"], trips["end_us"] = 0, 12 * 60_000_000  # a second device in the same car
    assert not replays(trips).any()


def test_short_and_even_drives_are_like_others_by_chance() -> None:
    short = np.array([300.0, 900, 200, 800, 1_000])
    assert not same_course(courses(short)[0], courses(short, short)).any()
    rng = np.random.default_rng(4)
    even = [2_000 + rng.normal(0, 8, 20) for _ in range(2)]
    assert not replays(courses(*even)).any()
