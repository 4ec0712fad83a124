"""Trips of a recording without speed and places: a rolling car vibrates and turns."""

import numpy as np

from feature_kernels.inertial.grid import Inertial
from feature_kernels.inertial.heading import Aligned
from feature_kernels.inertial.parameters import Parameters

ROLLING_DTYPE = np.dtype(
    [("start_us", "i8"), ("end_us", "i8"), ("driving_s", "f8"), ("idle_s", "f8")]
)


def rolling(piece: Inertial, car: Aligned, p: Parameters):
    """Tell where the car rolls: bool[n] on the grid."""
    moves = piece.vibration >= p.vibration_mps2
    turning = np.zeros(moves.size, np.bool_)
    if not np.isnan(car.yaw).any():
        turning = np.abs(car.yaw) >= p.rolling_radps
    return moves | turning


def trips(pieces: list[tuple[Inertial, Aligned]], p: Parameters):
    """Trips from the first to the last movement; a stop of stop_s ends one: ROLLING_DTYPE[k].

    Complexity: O(n). Source: Traccar's stop; `docs/field/driving.md`.
    """
    times = [piece.t_us[rolling(piece, car, p)] for piece, car in pieces]
    moving = np.concatenate(times) if times else np.empty(0, np.int64)
    if moving.size == 0:
        return np.empty(0, ROLLING_DTYPE)
    cuts = np.flatnonzero(np.diff(moving) > p.stop_s * 1e6) + 1
    rows = []
    for part in np.split(moving, cuts):
        length = (int(part[-1]) - int(part[0])) / 1e6
        if length >= p.min_trip_s:
            driving = min(part.size * p.grid_s, length)
            rows.append((int(part[0]), int(part[-1]), driving, length - driving))
    return np.array(rows, ROLLING_DTYPE)
