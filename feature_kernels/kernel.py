"""The one place that owns the compiler's flags.

NaN is data here (it means *not measured*), so no fast-math flag that assumes NaN away may be
set. ``NUMBA_DISABLE_JIT=1`` turns every kernel into the plain Python it is written in.
"""

from collections.abc import Callable
from typing import Any, TypeVar

import numba

F = TypeVar("F", bound=Callable[..., Any])


def kernel(function: F) -> F:
    """Compile `function` in nopython mode: cached on disk, GIL released, IEEE arithmetic.

    ``error_model="numpy"`` makes a division by zero give inf or NaN, as the oracles do with
    numpy, instead of raising inside a loop over many devices.
    """
    compiled: F = numba.njit(cache=True, nogil=True, fastmath=False, error_model="numpy")(function)
    return compiled
