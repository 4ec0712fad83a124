"""The one place that owns the compiler's flags.

NaN is data here (it means *not measured*), so no fast-math flag that assumes NaN away may be
set. ``NUMBA_DISABLE_JIT=1`` turns every kernel into the plain Python it is written in.
"""

import hashlib
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import numba

F = TypeVar("F", bound=Callable[..., Any])


@cache
def _cache_directory(package: Path) -> str:
    """Where the compiled kernels of a package are kept, named after all its sources.

    numba looks only at the file of the function itself: a kernel would go on with the old
    constants and helpers of the files beside it after those had changed.
    """
    digest = hashlib.sha256()
    for source in sorted(package.glob("*.py")):
        digest.update(source.name.encode() + b"\0" + source.read_bytes())
    return str(package / "__pycache__" / f"kernels-{digest.hexdigest()[:16]}")


def kernel(function: F) -> F:
    """Compile `function` in nopython mode: cached on disk, GIL released, IEEE arithmetic.

    ``error_model="numpy"`` makes a division by zero give inf or NaN, as the oracles do with
    numpy, instead of raising inside a loop over many devices. NUMBA_CACHE_DIR, where set, says
    where the cache is instead.
    """
    if "NUMBA_CACHE_DIR" not in os.environ:
        numba.config.CACHE_DIR = _cache_directory(Path(function.__code__.co_filename).parent)
    compiled: F = numba.njit(cache=True, nogil=True, fastmath=False, error_model="numpy")(function)
    return compiled
