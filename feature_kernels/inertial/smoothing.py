"""Weighted means that forget exponentially, looking both ways: no lag."""

import math

import numpy as np

from feature_kernels.kernel import kernel


@kernel
def _both_ways(x, known, keep, out):
    n, m = x.shape
    weight = np.zeros(n)
    w = 0.0
    total = np.zeros(m)
    for i in range(n):
        w = w * keep + known[i]
        weight[i] = w
        for k in range(m):
            total[k] = total[k] * keep
            if known[i] > 0.0:
                total[k] += known[i] * x[i, k]
            out[i, k] = total[k]
    w = 0.0
    total[:] = 0.0
    for j in range(n):
        i = n - 1 - j
        weight[i] += w * keep
        for k in range(m):
            out[i, k] += total[k] * keep
        w = w * keep + known[i]
        for k in range(m):
            total[k] = total[k] * keep
            if known[i] > 0.0:
                total[k] += known[i] * x[i, k]
        for k in range(m):
            if weight[i] > 0.0:
                out[i, k] /= weight[i]
            else:
                out[i, k] = np.nan


def both_ways(x, known, step_s, tau_s):
    """Means of the columns around each row, weighted by exp(-|dt| / tau_s).

    x : float64[n] or float64[n, m]. known : float64[n], weight of each row, 0 = not measured.
    Returns an array of x's shape; NaN where nothing is known.
    Complexity: O(n m).
    Oracle: `tests/oracles/inertial.py`.
    """
    two = np.ascontiguousarray(x.reshape(x.shape[0], -1), np.float64)
    out = np.empty_like(two)
    _both_ways(two, np.ascontiguousarray(known, np.float64), math.exp(-step_s / tau_s), out)
    return out.reshape(x.shape)


@kernel
def leaky_integral(x, step_s, tau_s):
    """Integral of the columns that forgets over tau_s: float64[n, m], units of x times s."""
    keep = math.exp(-step_s / tau_s)
    out = np.zeros(x.shape)
    for i in range(1, x.shape[0]):
        for k in range(x.shape[1]):
            out[i, k] = out[i - 1, k] * keep + 0.5 * step_s * (x[i, k] + x[i - 1, k])
    return out
