"""A drive that is sent again has the same fingerprint, another drive has another one."""

import numpy as np

from customer_context.scoring.fingerprint import fingerprints, replays
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
