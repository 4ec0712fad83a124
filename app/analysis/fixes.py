"""A recording's speed and course without old fixes said again and without a receiver's noise."""

import dataclasses

from app.recordings.read import Table
from feature_kernels import inertial


def measured_only(
    table: Table, p: inertial.Parameters = inertial.DEFAULTS
) -> tuple[Table, int, float]:
    """Return the table with what was measured; rows left out; noise that was taken out, m/s.

    A file allows to look both ways; a stream takes its values as they come.
    """
    found = inertial.measured(table.t_us, table.columns, p)
    if found.columns is table.columns:
        return table, 0, 0.0
    cleaned = dataclasses.replace(table, columns=dict(found.columns))
    return cleaned, found.repeated, found.noise_mps
