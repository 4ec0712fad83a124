"""Order statistics of a few values, without an array and without sorting.

A meter's figures move little from day to day, so what was found last is near what is sought: one
pass counts how many values lie below it, and each further pass goes one value up or down.
"""

import numpy as np

from feature_kernels.kernel import lean_kernel


@lean_kernel
def ranked(values, rank, near):
    """Return what stands at `rank` (0 = lowest) of the sorted values.

    values : float64[n], no NaN; near : any value, best one close to the answer; NaN = not known

    Complexity: O(n) for each value between `near` and the answer.
    """
    value = near if near == near else values[0]
    n = values.shape[0]
    below = 0
    upto = 0
    for i in range(n):
        below += values[i] < value
        upto += values[i] <= value
    while rank >= upto and value < np.inf:
        following = np.inf
        for i in range(n):
            following = min(following, values[i] if values[i] > value else np.inf)
        value = following
        below = upto
        for i in range(n):
            upto += values[i] == value
    while rank < below and value > -np.inf:
        following = -np.inf
        for i in range(n):
            following = max(following, values[i] if values[i] < value else -np.inf)
        value = following
        for i in range(n):
            below -= values[i] == value
    return value


@lean_kernel
def three_ranked(values, first, second, third):
    """Return what stands at three ranks of the sorted values, where nothing is known about them.

    Complexity: O(n²), without a branch that could be guessed wrongly.
    """
    a = np.nan
    b = np.nan
    c = np.nan
    n = values.shape[0]
    for k in range(n):
        value = values[k]
        below = 0
        upto = 0
        for i in range(n):
            below += values[i] < value
            upto += values[i] <= value
        a = value if below <= first < upto else a
        b = value if below <= second < upto else b
        c = value if below <= third < upto else c
    return a, b, c


@lean_kernel
def half_at_most(values, share, most):
    """Tell whether `share` of the upper median of the values is at most `most`.

    By counting: the median is so just when more than half of the values are (rounding is monotone).
    """
    fitting = 0
    for i in range(values.shape[0]):
        fitting += share * values[i] <= most
    return fitting > values.shape[0] // 2
