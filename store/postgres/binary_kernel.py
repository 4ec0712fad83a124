"""Kernel that encodes rows of the binary COPY format without the GIL (store/postgres/binary.py)."""

import numpy as np
from numpy.typing import NDArray

from feature_kernels.kernel import kernel

FLOAT, INT, TIME = 0, 1, 2
"""Kinds of columns. NaN in a float, and 0 in a time, is NULL; a time is given in µs since 1970 and
written in µs since 2000."""

_EPOCH_2000_US = np.uint64(946_684_800_000_000)
_EXPONENT = np.uint64(0x7FF0000000000000)
_NO_SIGN = np.uint64(0x7FFFFFFFFFFFFFFF)


@kernel
def encode_fields(
    columns: NDArray[np.uint64], kinds: NDArray[np.int64], out: NDArray[np.uint8]
) -> int:
    """Write rows into `out` of at least n · (2 + 12 · k) bytes; return the number of bytes written.

    columns : uint64[k, n], the bits of float64 or int64 values; kinds : int64[k].
    Oracle: `store.postgres.binary.encode_rows` by numpy, tests/unit/store/test_binary.py.
    """
    k, n = columns.shape
    at = 0
    for row in range(n):
        out[at] = k >> 8
        out[at + 1] = k & 0xFF
        at += 2
        for column in range(k):
            value = columns[column, row]
            kind = kinds[column]
            null = (kind == FLOAT and value & _NO_SIGN > _EXPONENT) or (
                kind == TIME and value == np.uint64(0)
            )
            filler = 0xFF if null else 0
            out[at] = filler
            out[at + 1] = filler
            out[at + 2] = filler
            out[at + 3] = 0xFF if null else 8
            at += 4
            if null:
                continue
            if kind == TIME:
                value -= _EPOCH_2000_US
            for byte in range(8):
                out[at + byte] = (value >> np.uint64(56 - 8 * byte)) & np.uint64(0xFF)
            at += 8
    return at


@kernel
def decode_arrays(
    data: NDArray[np.uint8], at: int, columns: NDArray[np.int64], values: NDArray[np.uint64]
) -> int:
    """Read the arrays of a row from byte `at` on; return where they end.

    columns : int64[k], the column of `values` for each array. values : uint64[n, m], written: the
    bits of float8 or int8 elements; NULL leaves the old ones. Each array has n elements.
    """
    n = values.shape[0]
    for column in columns:
        at += 24  # length, dimensions, whether there are NULLs, type, size, lower bound
        for row in range(n):
            null = data[at] == 0xFF
            at += 4
            if null:
                continue
            bits = np.uint64(0)
            for byte in range(8):
                bits = (bits << np.uint64(8)) | np.uint64(data[at + byte])
            values[row, column] = bits
            at += 8
    return at
