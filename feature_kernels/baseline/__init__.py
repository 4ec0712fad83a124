"""What a meter is expected to use, by its past and the weather (docs/kernel-interface.md)."""

from feature_kernels.baseline.beside_degrees import beside_degrees
from feature_kernels.baseline.day_hours import Hours, without_rhythm
from feature_kernels.baseline.degrees import (
    degree_days,
    degree_hours,
    degrees_until,
    fill_grid,
    running_totals,
)
from feature_kernels.baseline.forecast import level_of_last_days, quantiles_of_hours
from feature_kernels.baseline.goodness import goodness, inverse_of
from feature_kernels.baseline.hour_equations import equations_at
from feature_kernels.baseline.lag import FIRST_LAG, explained_by_lag
from feature_kernels.baseline.measured import by_day, by_hour, measured
from feature_kernels.baseline.models import Equations, no_equations, no_fixed, no_shape
from feature_kernels.baseline.packed_rows import Rows, pack_rows, products_with_use
from feature_kernels.baseline.scatter import robust_distances
from feature_kernels.baseline.turns import Days, Witness, no_witness, take_turns
from feature_kernels.baseline.usual import ratios_before, usual_power

__all__ = [
    "FIRST_LAG",
    "Days",
    "Equations",
    "Hours",
    "Rows",
    "Witness",
    "beside_degrees",
    "by_day",
    "by_hour",
    "degree_days",
    "degree_hours",
    "degrees_until",
    "equations_at",
    "explained_by_lag",
    "fill_grid",
    "goodness",
    "inverse_of",
    "level_of_last_days",
    "measured",
    "no_equations",
    "no_fixed",
    "no_shape",
    "no_witness",
    "pack_rows",
    "products_with_use",
    "quantiles_of_hours",
    "ratios_before",
    "robust_distances",
    "running_totals",
    "take_turns",
    "usual_power",
    "without_rhythm",
]
