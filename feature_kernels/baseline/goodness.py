"""The coefficients of one model of days, and how well it explains them."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from feature_kernels.kernel import kernel

Floats = NDArray[np.float64]

LEAST_PIVOT = 1e-10  # of a correlation matrix: below it two columns are the same


class Goodness(NamedTuple):
    """Of days that lie near the model. kwh : their use; n : their number; squares : of their rest

    scale : by which the model was scaled; weighted : squares by their weights
    total : squares about their mean use of a day; days : their length, d
    lag : autocorrelation of neighbouring days' rests, NaN = not known
    """

    scale: float
    n: float
    kwh: float
    days: float
    squares: float
    weighted: float
    total: float
    lag: float


@kernel
def _normal(columns, weight, energy, terms, gram, moment):
    n, k = columns.shape
    left, right, inverse = np.zeros((k, k)), np.zeros(k), np.zeros((k, k))
    for d in range(n):
        for i in range(k):
            wi = weight[d] * columns[d, i]
            right[i] += wi * energy[d]
            for j in range(i + 1):
                left[i, j] += wi * columns[d, j]
    for i in range(terms, k):
        right[i] += moment[i - terms]
        for j in range(terms, i + 1):
            left[i, j] += gram[i - terms, j - terms]
    scale = np.empty(k)
    for i in range(k):
        scale[i] = 1.0 / math.sqrt(left[i, i])
        inverse[i, i] = 1.0
        for j in range(i):
            left[j, i] = left[i, j]
    for i in range(k):
        for j in range(k):
            left[i, j] *= scale[i] * scale[j]
    least = 1.0
    for i in range(k):  # positive definite: every pivot is, on the diagonal
        pivot = left[i, i]
        least = min(least, pivot)
        for j in range(k):
            left[i, j] /= pivot
            inverse[i, j] /= pivot
        for m in range(k):
            factor = left[m, i]
            if m != i:
                for j in range(k):
                    left[m, j] -= factor * left[i, j]
                    inverse[m, j] -= factor * inverse[i, j]
    for i in range(k):
        for j in range(k):
            inverse[i, j] *= scale[i] * scale[j]
    return inverse, right, least


def inverse_of(
    columns: Floats, weight: Floats, energy: Floats, terms: int, hours: tuple[Floats, Floats]
) -> tuple[Floats, Floats] | None:
    """Return the inverse of the normal equations and their right side; None if singular.

    columns : float64[n, k], of which those behind `terms` have the equations `hours` too
    """
    inverse, right, least = _normal(columns, weight, energy, terms, *hours)
    return (inverse, right) if least > LEAST_PIVOT else None


@kernel
def _goodness(columns, found, weight, length, energy, far, furthest, out):
    n, k = columns.shape
    even, m = np.empty(n), 0
    used = days = predicted = 0.0
    for d in range(n):
        if abs(far[d]) <= furthest:
            m += 1
            used += energy[d]
            days += length[d]
            for j in range(k):
                predicted += columns[d, j] * found[j]
    scale = used / predicted if predicted > 0.0 else 1.0
    mean = used / days
    squares = weighted = total = 0.0
    m = 0
    for d in range(n):
        if abs(far[d]) <= furthest:
            rest = energy[d]
            for j in range(k):
                rest -= columns[d, j] * found[j] * scale
            squares += rest * rest
            weighted += rest * rest * weight[d]
            total += (energy[d] - mean * length[d]) ** 2
            even[m] = rest * math.sqrt(weight[d])
            m += 1
    one = two = 0.0
    for i in range(m - 1):
        one += even[i] / (m - 1)
        two += even[i + 1] / (m - 1)
    first = second = both = 0.0
    for i in range(m - 1):
        first += (even[i] - one) ** 2
        second += (even[i + 1] - two) ** 2
        both += (even[i] - one) * (even[i + 1] - two)
    out[0], out[1], out[2], out[3] = scale, m, used, days
    out[4], out[5], out[6], out[7] = squares, weighted, total, both / math.sqrt(first * second)


def goodness(
    columns: Floats, found: Floats, weight: Floats, length: Floats, energy: Floats, far: Floats,
    furthest: float,
) -> Goodness:  # fmt: skip
    """Scale a model to the sum of the days that lie near it, and say how well it explains them.

    columns : float64[n, k], terms of the model; found : float64[k]; weight : float64[n]
    length : d; energy : kWh; far, furthest : standard deviations
    """
    out = np.empty(8)
    _goodness(columns, found, weight, length, energy, far, furthest, out)
    return Goodness(*out.tolist())
