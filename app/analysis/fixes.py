"""A recording's speed and course without old fixes said again and without a receiver's noise."""

import dataclasses

import numpy as np

from app.recordings.read import Table
from feature_kernels import inertial


def measured_only(
    table: Table, p: inertial.Parameters = inertial.DEFAULTS
) -> tuple[Table, int, float]:
    """Return the table with what was measured; rows left out; noise that was taken out, m/s.

    A file allows to look both ways; a stream takes its values as they come.
    """
    speed = table.columns.get("speed_kmh")
    if speed is None:
        return table, 0, 0.0
    columns = dict(table.columns)
    nothing = np.full(table.t_us.size, np.nan)
    lat, lon = columns.get("lat_deg", nothing), columns.get("lon_deg", nothing)
    old = inertial.repeats(table.t_us, speed, lat, lon, p)
    course = columns.get("heading_deg", nothing)
    speed, course = np.where(old, np.nan, speed), np.where(old, np.nan, course)
    known = np.flatnonzero(~np.isnan(speed))
    speed[known], course[known], noise_mps = inertial.quiet(
        table.t_us[known], speed[known], course[known], p
    )
    if not old.any() and noise_mps == 0.0:
        return table, 0, 0.0
    columns["speed_kmh"] = speed
    if "heading_deg" in columns:
        columns["heading_deg"] = course
    return dataclasses.replace(table, columns=columns), int(np.sum(old)), noise_mps
