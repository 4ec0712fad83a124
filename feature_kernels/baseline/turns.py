"""Turns of fit and weights: a model by weighted least squares, then the weights by its scatter."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from feature_kernels.baseline.day_equations import day_equations
from feature_kernels.baseline.day_hours import Hours
from feature_kernels.baseline.grid import HOURS
from feature_kernels.baseline.hour_equations import hour_equations
from feature_kernels.baseline.models import (
    Equations,
    Fixed,
    Shape,
    best,
    expected_use,
    forget,
    slope_errors,
    variance_of_best,
)
from feature_kernels.baseline.packed_rows import Rows
from feature_kernels.baseline.scatter import learn_scatter
from feature_kernels.kernel import kernel

Floats = NDArray[np.float64]
Int64s = NDArray[np.int64]


class Days(NamedTuple):
    """The days of a fit, and what is known about their scatter; the last four change in place.

    length : float64[n], d; energy : kWh; fixed : float64[n, f], terms without weather
    degrees, heats, cools : of `degree_days`; shows : bool[g], degrees enough at this balance point
    expected : kWh; trust : less than 1 far from the model
    variance, weight : of a day apart from a constant, and of its square
    """

    length: Floats
    energy: Floats
    fixed: Floats
    degrees: Floats
    heats: Int64s
    cools: Int64s
    shows: NDArray[np.bool_]
    expected: Floats
    trust: Floats
    variance: Floats
    weight: Floats


class Witness(NamedTuple):
    """Hours that agree with the days. rows : int64[d], their days among all, none = no witness.

    day : int64[d], their packed days; together : of `products_with_use`
    """

    rows: Int64s
    day: Int64s
    hours: Hours
    packed: Rows
    together: Floats


def no_witness() -> Witness:
    """Return hours that say nothing."""
    none, nothing = np.zeros(0, np.int64), np.zeros(0)
    hours = Hours(none, none, np.zeros((0, HOURS)))
    packed = Rows(np.zeros((0, 4), np.int64), none, none, np.zeros((0, HOURS)), nothing, nothing)
    return Witness(none, none, hours, packed, nothing)


@kernel
def take_turns(
    count: int,
    look: bool,
    days: Days,
    witness: Witness,
    eq: Equations,
    hour_eq: Equations,
    solved: Fixed,
    shape: Shape,
) -> tuple[Floats, float, Floats]:
    """Take turns of fit and weights; then solve once more by the days alone, if `look`.

    eq, hour_eq : Equations; solved : Fixed; shape : Shape; all renewed in place

    Returns the weights of the witness's days in the last turn, the ratio by which their equations
    were scaled, and standard errors of the slopes by the days alone, float64[2], 0 without `look`.
    """
    used, ratio, errors = np.zeros(witness.rows.size), 0.0, np.zeros(2)
    n = days.energy.size
    for turn in range(count + look):
        forget(hour_eq)
        day_equations(
            days.fixed, days.degrees, days.heats, days.cools, days.weight, days.energy, eq, solved
        )
        best(n, eq, hour_eq, solved, days.shows, shape)
        variance = variance_of_best(
            days.fixed, days.degrees, days.weight, days.energy, solved, shape
        )
        if turn == count:
            slope_errors(eq, shape, variance, errors)
            break
        if witness.rows.size > 0:
            for d in range(witness.rows.size):
                used[d] = days.weight[witness.rows[d]]
            ratio = hour_equations(
                witness.packed, witness.day, witness.hours, witness.together, used, shape,
                variance, hour_eq,
            )  # fmt: skip
            best(n, eq, hour_eq, solved, days.shows, shape)
        expected_use(days.fixed, days.degrees, days.heats, days.cools, shape.mean, days.expected)
        learn_scatter(
            days.length, days.energy, days.expected, days.trust, days.variance, days.weight
        )
    return used, ratio, errors
