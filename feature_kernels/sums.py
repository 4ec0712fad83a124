"""Sums as `math.fsum` gives them: exact but for one rounding, whatever the order of the values."""

from math import fsum

import numpy as np
from numpy.typing import NDArray

from feature_kernels.kernel import lean_kernel


@lean_kernel
def add_up(values, edges, sums, sure):
    """Add up values[edges[k]:edges[k + 1]] for each k; sure[k] : as `math.fsum` does.

    What a sum loses by rounding is summed beside it, exactly as long as nothing is lost there.
    """
    for k in range(edges.shape[0] - 1):
        high = 0.0
        low = 0.0
        lost = 0.0
        for i in range(edges[k], edges[k + 1]):
            value = values[i]
            total = high + value
            part = total - high
            error = (high - (total - part)) + (value - part)
            high = total
            total = low + error
            part = total - low
            lost += abs((low - (total - part)) + (error - part))
            low = total
        sums[k] = high + low
        sure[k] = lost == 0.0


def exact_sums(values: NDArray[np.float64], edges: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return fsum(values[edges[k]:edges[k + 1]]) for each k.

    values : float64[n]; edges : int64[m + 1], ascending

    Complexity: O(n). Source: T. J. Dekker, A floating-point technique for extending the available
    precision, 1971 (two-sum). Oracle: `math.fsum`.
    """
    sums = np.zeros(max(edges.size - 1, 0))
    sure = np.zeros(sums.size, np.bool_)
    add_up(np.ascontiguousarray(values), edges, sums, sure)
    for k in np.flatnonzero(~sure).tolist():
        sums[k] = fsum(values[edges[k] : edges[k + 1]].tolist())
    return sums
