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
import numpy as np

F = TypeVar("F", bound=Callable[..., Any])

KERNELS: set[str] = set()
"""Full name of every kernel that has been declared: how many a warm-up compiles."""


@cache
def _cache_directory(package: Path) -> str:
    """Where the compiled kernels of a package are kept, named after all its sources.

    numba looks only at the file of the function itself: a kernel would go on with the old
    constants and helpers of the files beside it after those had changed.
    """
    digest = hashlib.sha256()
    for source in sorted(package.glob("*.py")):
        digest.update(source.name.encode() + b"\0" + source.read_bytes())
    name = f"kernels-{digest.hexdigest()[:16]}"
    root = os.environ.get("TACHOWATT_KERNELS_DIR", "")
    return str(Path(root) / package.name / name if root else package / "__pycache__" / name)


def kernel(function: F) -> F:
    """Compile `function` in nopython mode: cached on disk, GIL released, IEEE arithmetic.

    ``error_model="numpy"`` makes a division by zero give inf or NaN, as the oracles do with
    numpy, instead of raising inside a loop over many devices. TACHOWATT_KERNELS_DIR, or
    NUMBA_CACHE_DIR (without a folder for each state of the sources), says where the cache is.
    """
    return _compiled(function, counted=True)


def lean_kernel(function: F) -> F:
    """A kernel that makes no array of its own, nor a copy or a sorted one.

    Arrays that a kernel is given are counted as references when it is entered and left, by an
    atomic instruction each; in small functions that call each other for every row this took more
    time than their work (docs/performance.md). Here the caller holds the arrays, and nothing is
    counted. The compiler refuses to make an array in such a function.
    """
    return _compiled(function, counted=False)


def hot_kernel(function: F) -> F:
    """A lean kernel of the way that every row goes: always compiled into its callers.

    Left to itself the compiler calls many of them, and each call passes every array in seven words
    or more. Only for what has one or two callers, or is short.
    """
    return _compiled(function, counted=False, inlined=True)


def _compiled(function: F, *, counted: bool, inlined: bool = False) -> F:
    KERNELS.add(f"{function.__module__}.{function.__qualname__}")
    if "NUMBA_CACHE_DIR" not in os.environ:
        numba.config.CACHE_DIR = _cache_directory(Path(function.__code__.co_filename).parent)
    compiled: F = numba.njit(
        cache=True,
        nogil=True,
        fastmath=False,
        error_model="numpy",
        _nrt=counted,
        forceinline=inlined,
    )(function)
    return compiled


def record(values: tuple[float, ...]) -> np.record:
    """A NamedTuple of floats as a record with the same fields.

    A kernel gets a record by its address; a tuple is copied, field by field, at each call. The
    same values give the same record, which nobody changes.
    """
    return _record(type(values), values)


@cache
def _record(form: type, values: tuple[float, ...]) -> np.record:
    names = getattr(form, "_fields")  # noqa: B009 (mypy knows no NamedTuple in general)
    dtype = np.dtype([(name, np.float64) for name in names])
    made: np.record = np.rec.array([tuple(map(float, values))], dtype=dtype)[0]
    return made
