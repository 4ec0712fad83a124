"""Order statistics of a few values in the carry, without an array of their own and without sorting.

A meter's figures move little from day to day, so what was found last is near what is sought: one
pass counts how many values lie below it, and each further pass goes one value up or down.
"""

import numpy as np

from feature_kernels.kernel import lean_kernel


@lean_kernel
def ranked(c, at, step, n, rank, near):
    """Return what stands at `rank` (0 = lowest) of the n sorted values c[at], c[at + step], ...

    near : any value, best one close to it; NaN = not known

    Values are no NaN. Complexity: O(n) for each value between `near` and the answer.
    """
    value = near if near == near else c[at]
    below = 0
    upto = 0
    for i in range(n):
        one = c[at + step * i]
        below += one < value
        upto += one <= value
    while rank >= upto:
        following = np.inf
        for i in range(n):
            one = c[at + step * i]
            if value < one < following:
                following = one
        value = following
        for i in range(n):
            upto += c[at + step * i] == value
        if value == np.inf:
            return value
        below = 0
    while rank < below:
        following = -np.inf
        for i in range(n):
            one = c[at + step * i]
            if following < one < value:
                following = one
        value = following
        for i in range(n):
            below -= c[at + step * i] == value
        if value == -np.inf:
            return value
    return value


@lean_kernel
def half_at_most(c, at, step, n, share, most):
    """Tell whether `share` of the upper median of n values is at most `most`.

    By counting: the median is so just when more than half of the values are (rounding is monotone).
    """
    fitting = 0
    for i in range(n):
        fitting += share * c[at + step * i] <= most
    return fitting > n // 2
