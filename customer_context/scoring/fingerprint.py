"""What tells whether two trips are the same drive, sent twice."""

import hashlib

import numpy as np
from numpy.typing import NDArray

_SUMS = ("distance_m", "driving_s", "idle_s", "measured_s", "max_speed_kmh")
_DISTRIBUTIONS = ("accel_hist_s", "speed_hist_s", "use_hist_s", "jerk_hist_s")

LEAST_CLASSES = 30
"""Classes of acceleration, speed and jerk that a drive has at least, to be told from another one. A
drive with less to tell, of few values or at one speed, may be like another by chance; own."""


def fingerprints(trips: NDArray[np.void]) -> list[bytes | None]:
    """SHA-256 of the dynamics of each trip: how long, how far, and the distributions of its speed,
    acceleration and jerk, without time of day, place, limits and device; None = too little to tell.

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


def replays(trips: NDArray[np.void]) -> NDArray[np.bool_]:
    """Mark each trip whose fingerprint an earlier one of the array has, by begin: bool[k]."""
    marks = np.zeros(trips.shape[0], np.bool_)
    seen: set[bytes] = set()
    prints = fingerprints(trips)
    for i in np.argsort(trips["start_us"], kind="stable"):
        one = prints[i]
        if one is not None:
            marks[i] = one in seen
            seen.add(one)
    return marks
