"""Weighted means that forget exponentially, looking both ways: no lag."""

import math

import numpy as np

from feature_kernels.kernel import kernel, lean_kernel


@lean_kernel
def _both_ways(x, known, keep, weight, out):
    n, m = x.shape
    # Three columns at a time: each sum waits for its own last value, not for the others'.
    for first in range(0, m, 3):
        k, second, third = first, min(first + 1, m - 1), min(first + 2, m - 1)
        w, a, b, c = 0.0, 0.0, 0.0, 0.0
        for i in range(n):
            w, a, b, c = w * keep + known[i], a * keep, b * keep, c * keep
            if known[i] > 0.0:
                a += known[i] * x[i, k]
                b += known[i] * x[i, second]
                c += known[i] * x[i, third]
            weight[i], out[i, k], out[i, second], out[i, third] = w, a, b, c
        w, a, b, c = 0.0, 0.0, 0.0, 0.0
        for i in range(n - 1, -1, -1):
            whole = weight[i] + w * keep
            share = 1.0 / whole if whole > 0.0 else np.nan
            p, q, r = out[i, k] + a * keep, out[i, second] + b * keep, out[i, third] + c * keep
            out[i, k], out[i, second], out[i, third] = p * share, q * share, r * share
            w, a, b, c = w * keep + known[i], a * keep, b * keep, c * keep
            if known[i] > 0.0:
                a += known[i] * x[i, k]
                b += known[i] * x[i, second]
                c += known[i] * x[i, third]


def both_ways(x, known, step_s, tau_s):
    """Means of the columns around each row, weighted by exp(-|dt| / tau_s).

    x : float64[n] or float64[n, m]. known : float64[n], weight of each row, 0 = not measured.
    Returns an array of x's shape; NaN where nothing is known.
    Complexity: O(n m).
    Oracle: `tests/oracles/inertial.py`.
    """
    two = np.ascontiguousarray(x.reshape(x.shape[0], -1), np.float64)
    out = np.empty_like(two)
    weight, keep = np.empty(x.shape[0]), math.exp(-step_s / tau_s)
    _both_ways(two, np.ascontiguousarray(known, np.float64), keep, weight, out)
    return out.reshape(x.shape)


def both_ways_complex(x, known, step_s, tau_s):
    """`both_ways` of complex128[n]."""
    pairs = np.ascontiguousarray(x).view(np.float64).reshape(-1, 2)
    return both_ways(pairs, known, step_s, tau_s).view(np.complex128)[:, 0]


@kernel
def leaky_integral(x, step_s, tau_s):
    """Integral of the columns that forgets over tau_s: float64[n, m], units of x times s."""
    keep = math.exp(-step_s / tau_s)
    out = np.zeros(x.shape)
    for i in range(1, x.shape[0]):
        for k in range(x.shape[1]):
            out[i, k] = out[i - 1, k] * keep + 0.5 * step_s * (x[i, k] + x[i - 1, k])
    return out
