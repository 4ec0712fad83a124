"""How far the marks of a meter's untouched windows move, from window to window."""

import numpy as np
from numpy.typing import NDArray

from feature_kernels.kernel import kernel, lean_kernel
from feature_kernels.tampering.rows import sort

Floats = NDArray[np.float64]

MAD_TO_SD = 1.4826  # of a normal distribution


@lean_kernel
def median(values, number):
    """Return the median of the first values, which are sorted."""
    sort(values, number)
    return 0.5 * (values[(number - 1) // 2] + values[number // 2])


@kernel
def own_moves(
    firsts: NDArray[np.int64],
    length: int,
    own_firsts: NDArray[np.int64],
    own: Floats,
    centre: Floats,
    scatter: Floats,
    prior: float,
) -> tuple[Floats, Floats]:
    """Return usual move and scatter of each mark, as known when each window begins.

    firsts  : int64[w], first day of each window; length : its days
    own     : float64[o, pasts, marks], of earlier windows that begin on own_firsts, NaN = not said
    centre, scatter : float64[marks], as long as little of the meter is known; prior : their weight

    Returns float64[w, pasts, marks] twice.
    """
    windows = firsts.shape[0]
    pasts = own.shape[1]
    marks = own.shape[2]
    centres = np.empty((windows, pasts, marks))
    scatters = np.empty((windows, pasts, marks))
    values = np.empty(own.shape[0])
    for window in range(windows):
        for past in range(pasts):
            for mark in range(marks):
                number = 0
                for i in range(own.shape[0]):
                    value = own[i, past, mark]
                    if value == value and own_firsts[i] + length <= firsts[window]:
                        values[number] = value
                        number += 1
                middle = centre[mark]
                spread = scatter[mark]
                if number > 0:
                    found = median(values, number)
                    middle = (number * found + prior * middle) / (number + prior)
                    for i in range(number):
                        values[i] = abs(values[i] - middle)
                    found = MAD_TO_SD * median(values, number)
                    spread = (number * found**2 + prior * spread**2) / (number + prior)
                    spread = np.sqrt(spread)
                centres[window, past, mark] = middle
                scatters[window, past, mark] = spread
    return centres, scatters
