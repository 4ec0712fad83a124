"""PostgreSQL's binary COPY format, to and from numpy columns without a loop over rows.

All our bulk columns are eight bytes wide (bigint, double precision, timestamptz) or arrays of a
fixed number of such values. A block of rows is therefore one two-dimensional array of bytes: per
row a field count (int16), then per field its length (int32, −1 = NULL) and value, all big-endian.

Source: PostgreSQL documentation, COPY, section "Binary Format".
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from store.postgres.binary_kernel import FLOAT, INT, TIME, encode_fields
from store.postgres.pool import Connection

HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER = b"\xff\xff"
EPOCH_2000_US = 946_684_800_000_000
"""PostgreSQL counts time from 2000-01-01."""

_FLOAT8_OID, _INT8_OID = 701, 20
_KERNEL_KINDS = {"float": FLOAT, "int": INT, "time": TIME}
ARRAY_HEAD = 20
"""Bytes of an array before its elements: dimensions, flags, type, length, lower bound."""

NULL_TIME = 0
"""A time of 0 in a column means NULL: no measurement of ours is from 1970."""


def kind_of(name: str, dtype: np.dtype[np.generic]) -> str:
    """Return a column's kind: time, float or int, or `floats:k`, `ints:k` for arrays of k."""
    if dtype.subdtype is not None:
        base, shape = dtype.subdtype
        return f"{'floats' if base.kind == 'f' else 'ints'}:{shape[0]}"
    if name.endswith("_us"):
        return "time"
    return "float" if dtype.kind == "f" else "int"


def sql_name(name: str) -> str:
    """Return the name in the table: `start_us` (int64 microseconds) is `start_at` (timestamptz)."""
    return name[:-3] + "_at" if name.endswith("_us") else name


def encode(columns: Mapping[str, NDArray[np.generic]]) -> bytes:
    """Encode rows with header and trailer; columns as for `encode_rows`."""
    return HEADER + encode_rows(columns) + TRAILER


def encode_rows(columns: Mapping[str, NDArray[np.generic]]) -> bytes:
    """Encode rows in the binary format.

    columns : name → int64[n], float64[n], or either of shape [n, k] for an SQL array. NaN, and
    `NULL_TIME` in a time, become NULL. NaN inside an array stays NaN.
    """
    if columns and all(column.ndim == 1 for column in columns.values()):
        return _encode_fields(columns)
    return encode_with_arrays(columns)


def _encode_fields(columns: Mapping[str, NDArray[np.generic]]) -> bytes:
    """Encode rows by the kernel; no column may be an array."""
    n = len(next(iter(columns.values())))
    bits = np.empty((len(columns), n), np.uint64)
    kinds = np.empty(len(columns), np.int64)
    for i, (name, column) in enumerate(columns.items()):
        kind = kind_of(name, column.dtype)
        kinds[i] = _KERNEL_KINDS[kind]
        values = column.astype(np.float64 if kind == "float" else np.int64, copy=False)
        bits[i].view(values.dtype)[:] = values
    out = np.empty(n * (2 + 12 * len(columns)), np.uint8)
    with np.errstate(over="ignore"):  # uint64 wraps where the kernel runs uncompiled
        used = encode_fields(bits, kinds, out)
    return out[:used].tobytes()


def encode_with_arrays(columns: Mapping[str, NDArray[np.generic]]) -> bytes:
    """Encode rows by numpy, like `encode_rows`; columns may be arrays."""
    n = len(next(iter(columns.values()))) if columns else 0
    width = 2 + sum(4 + _size(column) for column in columns.values())
    rows = np.empty((n, width), dtype=np.uint8)
    rows[:, 0:2] = _big(len(columns), ">i2")
    keep: NDArray[np.bool_] | None = None
    at = 2
    for name, column in columns.items():
        size = _size(column)
        rows[:, at : at + 4] = _big(size, ">i4")
        at += 4
        if column.ndim == 2:
            rows[:, at : at + size] = _array_field(column)
            at += size
            continue
        kind = kind_of(name, column.dtype)
        if kind == "float":
            null = np.isnan(column)
            wire = column.astype(">f8")
        else:
            values = column.astype(np.int64)
            null = values == NULL_TIME if kind == "time" else np.zeros(n, np.bool_)
            wire = (values - EPOCH_2000_US if kind == "time" else values).astype(">i8")
        rows[:, at : at + 8] = np.ascontiguousarray(wire).view(np.uint8).reshape(n, 8)
        if null.any():
            if keep is None:
                keep = np.ones(rows.shape, np.bool_)
            rows[null, at - 4 : at] = 0xFF
            keep[null, at : at + 8] = False
        at += 8
    return rows.tobytes() if keep is None else rows[keep].tobytes()


def _big(value: int, dtype: str) -> NDArray[np.uint8]:
    return np.frombuffer(np.array(value, dtype=dtype).tobytes(), np.uint8)


def _size(column: NDArray[np.generic]) -> int:
    """Return the bytes of a field. An array has five int32, then length and value of each item."""
    return 8 if column.ndim == 1 else ARRAY_HEAD + 12 * column.shape[1]


def _array_field(column: NDArray[np.generic]) -> NDArray[np.uint8]:
    n, k = column.shape
    is_float = column.dtype.kind == "f"
    field = np.empty((n, ARRAY_HEAD + 12 * k), np.uint8)
    # Number of dimensions, flag for NULLs, OID of the elements, length, lower bound.
    head = np.array([1, 0, _FLOAT8_OID if is_float else _INT8_OID, k, 1], dtype=">i4")
    field[:, :ARRAY_HEAD] = np.frombuffer(head.tobytes(), np.uint8)
    items = field[:, ARRAY_HEAD:].reshape(n, k, 12)
    items[:, :, :4] = _big(8, ">i4")
    wire = np.ascontiguousarray(column.astype(">f8" if is_float else ">i8"))
    items[:, :, 4:] = wire.view(np.uint8).reshape(n, k, 8)
    field[:, ARRAY_HEAD:] = items.reshape(n, 12 * k)
    return field


def decode(data: bytes, kinds: Sequence[str]) -> list[NDArray[np.generic]]:
    """Decode rows without NULL (the query must coalesce) into columns.

    kinds : one for each column, as `kind_of` returns. Raises ValueError on rows of another width.
    """
    lengths = [int(kind.split(":")[1]) if ":" in kind else 0 for kind in kinds]
    sizes = [ARRAY_HEAD + 12 * k if k else 8 for k in lengths]
    width = 2 + sum(4 + size for size in sizes)
    body = np.frombuffer(data, np.uint8)[len(HEADER) : -len(TRAILER)]
    if body.shape[0] % width:
        raise ValueError("rows of unequal width: a NULL that the query did not coalesce")
    rows = body.reshape(-1, width)
    columns: list[NDArray[np.generic]] = []
    at = 2
    for kind, k, size in zip(kinds, lengths, sizes, strict=True):
        at += 4
        if k:
            items = rows[:, at + ARRAY_HEAD : at + size].reshape(-1, k, 12)
            raw = np.ascontiguousarray(items[:, :, 4:])
        else:
            raw = np.ascontiguousarray(rows[:, at : at + size])
        at += size
        shape: tuple[int, ...] = (-1, k) if k else (-1,)
        if kind.startswith("float"):
            columns.append(raw.view(">f8").reshape(shape).astype(np.float64))
        else:
            values = raw.view(">i8").reshape(shape).astype(np.int64)
            columns.append(values + EPOCH_2000_US if kind == "time" else values)
    return columns


def select_list(names_and_kinds: Sequence[tuple[str, str]]) -> str:
    """Return a SELECT list whose rows `decode` can read: SQL names, NULLs coalesced."""
    null = {"float": "'NaN'::float8", "time": "'1970-01-01Z'::timestamptz", "int": "0::bigint"}
    return ", ".join(
        name if ":" in kind else f"coalesce({name}, {null[kind]})" for name, kind in names_and_kinds
    )


def read_columns(
    connection: Connection,
    names_and_kinds: Sequence[tuple[str, str]],
    source: str,
    parameters: Sequence[object],
) -> list[NDArray[np.generic]]:
    """Return the columns of `source` (what follows FROM), NULL as `select_list` has it."""
    query = f"copy (select {select_list(names_and_kinds)} from {source}) to stdout (format binary)"
    with connection.cursor() as cursor, cursor.copy(query.encode(), parameters) as copy:
        data = b"".join(bytes(block) for block in copy)
    return decode(data, [kind for _, kind in names_and_kinds])
