"""Decide whether two trips are the same drive, sent twice: exactly, or with some noise."""

import hashlib

import numpy as np
from numpy.typing import NDArray

_SUMS = ("distance_m", "driving_s", "idle_s", "measured_s", "max_speed_kmh")
_DISTRIBUTIONS = ("accel_hist_s", "speed_hist_s", "use_hist_s", "jerk_hist_s")

LEAST_CLASSES = 30
"""Classes of acceleration, speed and jerk that a drive has at least, to differ from another one. A
drive with less, of few values or at one speed, may be like another by chance; own."""


def fingerprints(trips: NDArray[np.void]) -> list[bytes | None]:
    """SHA-256 of the dynamics of each trip: how long, how far, and the distributions of its speed,
    acceleration and jerk, without time of day, place, limits and device; None = too little data.

    trips : TRIP_DTYPE[k] of feature_kernels.driving.

    Two drives do not have the same microseconds in all of them; a drive that is sent again, at
    another time, from another device or at another place, has. What was cut off or changed is
    another drive.
    """
    lasted = trips["end_us"] - trips["start_us"]
    found: list[bytes | None] = []
    for i in range(trips.shape[0]):
        hashed = hashlib.sha256(int(lasted[i]).to_bytes(8, "little"))
        for name in (*_SUMS, *_DISTRIBUTIONS):
            whole = np.rint(np.atleast_1d(trips[name][i]) * 1e6)
            hashed.update(np.ascontiguousarray(whole.astype("<i8")).tobytes())
        classes = sum(np.count_nonzero(trips[name][i]) for name in _DISTRIBUTIONS)
        found.append(hashed.digest() if classes >= LEAST_CLASSES else None)
    return found


LEAST_MINUTES = 8
"""Full minutes of a drive at least, to differ from another one by its course; own."""
SAME_COURSE = 0.1
"""Two courses are the same drive where their minutes differ by less than this share of how much
they differ from minute to minute; own. Noise of 2 km/h, or minutes that begin 3 s later, change a
minute by less than a tenth of that; the same road on another day by more than a half."""
SAME_LENGTH_S, SAME_LENGTH = 10.0, 0.03
"""... and duration and distance by less than this; own: what noise moves begin and end by."""


def same_course(trip: np.void, others: NDArray[np.void]) -> NDArray[np.bool_]:
    """Whether each other trip has the course of this one, metre by minute, but for noise: bool[k].

    A drive of few minutes, or at an even speed, is like others by chance: of it nothing is said.
    """
    found = np.zeros(others.shape[0], np.bool_)
    lasted = float(trip["end_us"] - trip["start_us"]) / 1e6
    course = trip["course_m"]
    minutes = min(int(lasted // 60.0), course.shape[0])
    if minutes < LEAST_MINUTES:
        return found
    long = (others["end_us"] - others["start_us"]) / 1e6
    alike = np.abs(long - lasted) <= SAME_LENGTH_S
    far = SAME_LENGTH * float(trip["distance_m"])
    alike &= np.abs(others["distance_m"] - trip["distance_m"]) <= far
    rows = np.flatnonzero(alike)
    changes = float(np.mean(np.abs(np.diff(course[:minutes]))))
    apart = np.mean(np.abs(others["course_m"][rows, :minutes] - course[:minutes]), axis=1)
    found[rows] = apart < SAME_COURSE * changes
    return found


def replays(trips: NDArray[np.void]) -> NDArray[np.bool_]:
    """Mark each trip that is an earlier one of the array again, by begin: bool[k]."""
    marks = np.zeros(trips.shape[0], np.bool_)
    seen: set[bytes] = set()
    prints = fingerprints(trips)
    for i in np.argsort(trips["start_us"], kind="stable"):
        one = prints[i]
        if one is not None:
            marks[i] = one in seen
            seen.add(one)
        earlier = trips[trips["end_us"] <= trips["start_us"][i]]
        marks[i] |= bool(same_course(trips[i], earlier).any())
    return marks
