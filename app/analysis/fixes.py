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
    speed, course = table.columns.get("speed_kmh"), table.columns.get("heading_deg")
    lat, lon = table.columns.get("lat_deg"), table.columns.get("lon_deg")
    if speed is None:
        return table, 0, 0.0
    repeated = 0
    if lat is not None and lon is not None:
        old = inertial.repeats(table.t_us, speed, lat, lon, p)
        repeated = int(np.count_nonzero(old))
        if repeated:
            speed = np.where(old, np.nan, speed)
            course = None if course is None else np.where(old, np.nan, course)
    look = inertial.look_at(table.t_us, speed, p.repeat_kmh)
    noisy = inertial.worth_it(look, p)
    if not noisy and not repeated:
        return table, 0, 0.0
    if noisy:
        known = np.flatnonzero(~np.isnan(speed))
        heading = np.full(known.size, np.nan) if course is None else course[known]
        found = inertial.quiet(table.t_us[known], speed[known], heading, look, p)
        speed, course = speed.copy(), None if course is None else course.copy()
        speed[known] = found[0]
        if course is not None:
            course[known] = found[1]
    columns = {**table.columns, "speed_kmh": speed}
    if course is not None:
        columns["heading_deg"] = course
    cleaned = dataclasses.replace(table, columns=columns)
    return cleaned, repeated, look.noise / 3.6 if noisy else 0.0
