"""A receiver's columns as they are used: without fixes said again and without noise."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from feature_kernels.inertial.fixes import courses, look_at, old_places, quiet, repeats, worth_it
from feature_kernels.inertial.parameters import Parameters

Column = NDArray[np.float64]
_TURNS = frozenset(("heading_deg", "accel_lat_mps2", "accel_x_mps2"))
"""Columns by which turns are known without places."""


class Measured(NamedTuple):
    """columns : those that were given; speed, course and place where something was to be done.

    repeated : rows that say an old fix again. noise_mps : of the speed, taken out; 0 = it was not.
    """

    columns: Mapping[str, Column]
    repeated: int
    noise_mps: float


def measured(t_us: NDArray[np.int64], columns: Mapping[str, Column], p: Parameters) -> Measured:
    """Take old fixes that are said again out of speed, course and place, and noise out of speed.

    A recording without a course and without accelerations gets the course of its places.

    t_us : int64[n], ascending. columns : float64[n] each, NaN = not measured; speed_kmh, lat_deg,
    lon_deg and heading_deg are read. Looks both ways, as a recording allows.
    Invariants: other columns stay as they are.
    Complexity: as `quiet`.
    """
    kept, repeated = _without_old(t_us, columns, p)
    if {"speed_kmh", "lat_deg", "lon_deg"} <= kept.keys() and not _TURNS & kept.keys():
        places = (kept[name] for name in ("speed_kmh", "lat_deg", "lon_deg"))
        kept = {**kept, "heading_deg": courses(t_us, *places, p)}
    speed, course = kept.get("speed_kmh"), kept.get("heading_deg")
    if speed is None:
        return Measured(kept, repeated, 0.0)
    look = look_at(t_us, speed, p.repeat_kmh)
    if not worth_it(look, p):
        return Measured(kept, repeated, 0.0)
    known = np.flatnonzero(~np.isnan(speed))
    heading = np.full(known.size, np.nan) if course is None else course[known]
    found = quiet(t_us[known], speed[known], heading, look, p)
    cleaned = dict(kept)
    cleaned["speed_kmh"] = speed = speed.copy()
    speed[known] = found[0]
    if course is not None:
        cleaned["heading_deg"] = course = course.copy()
        course[known] = found[1]
    return Measured(cleaned, repeated, look.noise / 3.6)


def _without_old(
    t_us: NDArray[np.int64], columns: Mapping[str, Column], p: Parameters
) -> tuple[Mapping[str, Column], int]:
    """Return the columns without old fixes, and the number of rows that have one."""
    lat, lon, speed = (columns.get(name) for name in ("lat_deg", "lon_deg", "speed_kmh"))
    if lat is None or lon is None:
        return columns, 0
    places = old = old_places(t_us, lat, lon, p)
    names = {"lat_deg": places, "lon_deg": places}
    if speed is not None:
        moving = repeats(t_us, speed, lat, lon, p)
        if places.any():  # left by a leap: that car did not stand, however long it was
            moving |= places & repeats(t_us, speed, lat, lon, p._replace(repeat_s=np.inf))
        old = places | moving
        names |= {"speed_kmh": moving, "heading_deg": moving}
    if not old.any():
        return columns, 0
    kept = {
        name: np.where(names[name], np.nan, values) if name in names else values
        for name, values in columns.items()
    }
    return kept, int(np.count_nonzero(old))
