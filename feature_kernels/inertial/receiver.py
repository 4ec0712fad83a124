"""A receiver's columns as they are used: without fixes said again and without noise."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from feature_kernels.inertial.fixes import look_at, quiet, repeats, worth_it
from feature_kernels.inertial.parameters import Parameters

Column = NDArray[np.float64]


class Measured(NamedTuple):
    """columns : those that were given; speed_kmh and heading_deg where something was to be done.

    repeated : rows that say an old fix again. noise_mps : of the speed, taken out; 0 = it was not.
    """

    columns: Mapping[str, Column]
    repeated: int
    noise_mps: float


def measured(t_us: NDArray[np.int64], columns: Mapping[str, Column], p: Parameters) -> Measured:
    """Take old fixes that are said again, and noise, out of speed and course.

    t_us : int64[n], ascending. columns : float64[n] each, NaN = not measured; speed_kmh, lat_deg,
    lon_deg and heading_deg are read. Looks both ways, as a recording allows.
    Invariants: other columns, and rows without a speed, stay as they are.
    Complexity: as `quiet`.
    """
    speed, course = columns.get("speed_kmh"), columns.get("heading_deg")
    lat, lon = columns.get("lat_deg"), columns.get("lon_deg")
    if speed is None:
        return Measured(columns, 0, 0.0)
    repeated = 0
    if lat is not None and lon is not None:
        old = repeats(t_us, speed, lat, lon, p)
        repeated = int(np.count_nonzero(old))
        if repeated:
            speed = np.where(old, np.nan, speed)
            course = None if course is None else np.where(old, np.nan, course)
    look = look_at(t_us, speed, p.repeat_kmh)
    noisy = worth_it(look, p)
    if not noisy and not repeated:
        return Measured(columns, 0, 0.0)
    if noisy:
        known = np.flatnonzero(~np.isnan(speed))
        heading = np.full(known.size, np.nan) if course is None else course[known]
        found = quiet(t_us[known], speed[known], heading, look, p)
        speed, course = speed.copy(), None if course is None else course.copy()
        speed[known] = found[0]
        if course is not None:
            course[known] = found[1]
    cleaned = {**columns, "speed_kmh": speed}
    if course is not None:
        cleaned["heading_deg"] = course
    return Measured(cleaned, repeated, look.noise / 3.6 if noisy else 0.0)
