"""How far days lie from a model: how their scatter grows with use, and which ones count less."""

import math

import numpy as np
from numpy.typing import NDArray

from feature_kernels.kernel import kernel, lean_kernel

Floats = NDArray[np.float64]

FREEDOM = 6.0  # of Student's t: how much less a day far from the model counts
POWERS = 11  # scatter grows as use to the power of 0, 0.25 … 2.5
POWER_STEP = 0.25
LEAST_SHARE = 0.1  # of the mean use: the least that a day's scatter is computed from


@lean_kernel
def middle(values, scratch):
    """Median, by selection instead of sorting; scratch : float64 of the same size."""
    n = values.size
    for i in range(n):
        scratch[i] = values[i]
    want = n // 2
    low, high = 0, n - 1
    while low < high:
        pivot = scratch[(low + high) // 2]
        i, j = low, high
        while i <= j:
            while scratch[i] < pivot:
                i += 1
            while scratch[j] > pivot:
                j -= 1
            if i <= j:
                scratch[i], scratch[j] = scratch[j], scratch[i]
                i += 1
                j -= 1
        if want <= j:
            high = j
        elif want >= i:
            low = i
        else:
            break
    if n % 2 == 1:
        return scratch[want]
    below = scratch[0]
    for i in range(1, want):
        below = max(below, scratch[i])
    return 0.5 * (below + scratch[want])


@kernel
def robust_distances(rest: Floats, variance: Floats) -> Floats:
    """Return how far each day lies from the model, in robust standard deviations: float64[n]."""
    n = rest.size
    far, apart, scratch = np.empty(n), np.empty(n), np.empty(n)
    for i in range(n):
        far[i] = rest[i] / math.sqrt(variance[i])
    centre = middle(far, scratch)
    for i in range(n):
        apart[i] = abs(far[i] - centre)
    sigma = max(1.4826 * middle(apart, scratch), 1e-9)
    for i in range(n):
        far[i] /= sigma
    return far


@kernel
def learn_scatter(length, energy, expected, trust, variance, weight):
    """Learn how the scatter grows with use, and which days lie far from the model.

    length : float64[n], d; energy, expected : kWh; trust, variance, weight : renewed in place
    """
    n = energy.size
    used = spanned = 0.0
    for i in range(n):
        used += energy[i]
        spanned += length[i]
    floor = max(LEAST_SHARE * used / spanned, 1e-9)
    rest, root = np.empty(n), np.empty(n)
    scale = np.zeros(POWERS)
    logs = 0.0
    for i in range(n):
        rest[i] = energy[i] - expected[i]
        level = max(expected[i] / length[i], floor)
        root[i] = math.sqrt(math.sqrt(level))
        logs += math.log(level)
        each = trust[i] * rest[i] * rest[i] / length[i]
        for k in range(POWERS):
            scale[k] += each
            each /= root[i]
    best, least = 0, np.inf
    for k in range(POWERS):
        unlikely = n * math.log(max(scale[k] / n, 1e-12)) + k * POWER_STEP * logs
        if unlikely < least:
            best, least = k, unlikely
    for i in range(n):
        grown = length[i]
        for _ in range(best):
            grown *= root[i]
        variance[i] = grown
    far = robust_distances(rest, variance)
    for i in range(n):
        trust[i] = (FREEDOM + 1.0) / (FREEDOM + far[i] * far[i])
        weight[i] = trust[i] / variance[i]
