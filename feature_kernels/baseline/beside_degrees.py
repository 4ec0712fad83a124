"""What the hours within days tell of the parts of a model, beside what the days tell."""

import numpy as np
from numpy.typing import NDArray

from feature_kernels.baseline.day_hours import Hours, centre, fill_window, sum_hours
from feature_kernels.baseline.grid import HOURS
from feature_kernels.baseline.lag import SINGULAR
from feature_kernels.kernel import kernel, lean_kernel

Floats = NDArray[np.float64]
Int64s = NDArray[np.int64]


@lean_kernel
def _solve(count, gram, moment, found, inverse):
    """Fill slopes and the diagonal of the inverse; zero where two parts show the same."""
    if count == 2:
        det = gram[0, 0] * gram[1, 1] - gram[0, 1] * gram[0, 1]
        if det > SINGULAR * gram[0, 0] * gram[1, 1]:
            found[0] = (moment[0] * gram[1, 1] - moment[1] * gram[0, 1]) / det
            found[1] = (moment[1] * gram[0, 0] - moment[0] * gram[0, 1]) / det
            inverse[0], inverse[1] = gram[1, 1] / det, gram[0, 0] / det
    elif gram[0, 0] > 0.0:
        found[0], inverse[0] = moment[0] / gram[0, 0], 1.0 / gram[0, 0]


@lean_kernel
def _rest_of_day(degrees, found, use, rest):
    """Fill what the hours of a day leave. degrees : float64[p, d, 24] from this day on"""
    for h in range(HOURS):
        rest[h] = use[h]
    for k in range(found.size):
        row, slope = degrees[k, 0], found[k]
        for h in range(HOURS):
            rest[h] -= slope * row[h]


@kernel
def beside_degrees(
    above: Floats, parts: Int64s, lag_h: int, hours: Hours, weight: Floats, without: Floats
) -> tuple[Floats, Floats, Floats]:
    """Return what the hours tell of parts at a lag: slopes, their errors², and change of rhythm.

    Returns float64[p] each: kWh/(K·d), its square, and chi² of the hours' residuals growing or
    falling with the degrees of the day.
    """
    count, days = parts.size, weight.size
    degrees, level = np.empty((count, days, HOURS)), np.empty((count, days))
    means, whole, levels = np.zeros((2, count, HOURS)), np.zeros(2), np.zeros((2, count))
    for d in range(days):
        kind = hours.off[d]
        whole[kind] += weight[d]
        for k in range(count):
            fill_window(above, parts[k], hours.at[d] - lag_h, degrees[k, d])
            level[k, d] = centre(degrees[k, d])
            levels[kind, k] += weight[d] * level[k, d]
            row, mean = degrees[k, d], means[kind, k]
            for h in range(HOURS):
                mean[h] += weight[d] * row[h]
    for kind in range(2):
        for k in range(count):
            levels[kind, k] /= whole[kind]  # NaN for a kind that no day has
            for h in range(HOURS):
                means[kind, k, h] /= whole[kind]
    gram, moment = np.zeros((count, count)), np.zeros(count)
    with_use, products = np.zeros((count, HOURS)), np.zeros((count, count, HOURS))
    for d in range(days):
        w, use = weight[d], without[d]
        for k in range(count):
            row, mean, by_use = degrees[k, d], means[hours.off[d], k], with_use[k]
            for h in range(HOURS):
                row[h] -= mean[h]
            for h in range(HOURS):
                by_use[h] += w * row[h] * use[h]
            for m in range(k + 1):
                other, product = degrees[m, d], products[k, m]
                for h in range(HOURS):
                    product[h] += w * row[h] * other[h]
    sum_hours(count, with_use, products, gram, moment)
    found, inverse = np.zeros(count), np.zeros(count)
    _solve(count, gram, moment, found, inverse)
    together, spread = np.zeros((count, HOURS)), np.zeros((count, HOURS))
    rest, by_hour = np.empty(HOURS), np.zeros(HOURS)
    for d in range(days):
        _rest_of_day(degrees[:, d:], found, without[d], rest)
        for h in range(HOURS):
            by_hour[h] += weight[d] * rest[h] * rest[h]
        for k in range(count):
            lever = weight[d] * (level[k, d] - levels[hours.off[d], k])
            linear, squared = together[k], spread[k]
            for h in range(HOURS):
                linear[h] += lever * rest[h]
            for h in range(HOURS):
                squared[h] += lever * lever * rest[h] * rest[h]
    squares = 0.0
    for h in range(HOURS):
        squares += by_hour[h]
    free = max(days * (HOURS - 1) - 2 * HOURS, 1)
    change = np.zeros(count)
    for k in range(count):
        inverse[k] *= squares / free
        for h in range(HOURS):
            change[k] += together[k, h] * together[k, h] / max(spread[k, h], 1e-30)
    return found, inverse, change
