"""What comes out: the row types, and how the loop writes them.

The loop writes plain float64 tables (one specialisation, no records); `table_to_rows` makes
structured arrays of them, in the same memory. A full table is counted on, not written: the caller
runs again.
"""

import numpy as np
from numpy.typing import NDArray

from feature_kernels.kernel import hot_kernel, lean_kernel

INTERVAL_DTYPE = np.dtype(
    [
        ("device", np.int64),  # index into starts
        ("start_us", np.int64),
        ("end_us", np.int64),
        ("local_us", np.int64),  # start as local wall-clock time
        ("energy_kwh", np.float64),  # NaN = missing
        ("status", np.int64),  # code of contracts.quality
        ("estimated", np.int64),  # 1 = we estimated or spread it
        ("reason", np.int64),  # why it is not as read: code of contracts.quality.Reason
        ("decided_us", np.int64),
    ]
)
DAY_DTYPE = np.dtype(
    [
        ("device", np.int64),
        ("day", np.int64),  # local days since 1970-01-01
        ("start_us", np.int64),  # start of its first interval
        ("energy_kwh", np.float64),  # measured
        ("estimated_kwh", np.float64),  # estimated, substituted or provisional, beside it
        ("expected", np.int64),  # intervals in the day: 92, 96 or 100 quarters of an hour
        ("present", np.int64),  # measured
        ("estimated", np.int64),
        ("min_w", np.float64),  # of measured intervals, NaN = none
        ("max_w", np.float64),
        ("peak_us", np.int64),  # start of the highest interval, 0 = none
        ("floor_w", np.float64),  # second-lowest hour of this day, NaN = too few hours
        ("base_load_w", np.float64),  # estimate over the last days, NaN = too few days
        ("night_share", np.float64),  # of the measured energy, NaN = none
        ("decided_us", np.int64),
    ]
)
ANOMALY_DTYPE = np.dtype(
    [
        ("device", np.int64),
        ("kind", np.int64),  # code of ANOMALY_KINDS
        ("phase", np.int64),  # 0 raised, 1 cleared
        ("start_us", np.int64),
        ("end_us", np.int64),  # 0 = open
        ("since_us", np.float64),  # since when the evidence holds
        ("observed", np.float64),  # W, h or kWh: contracts.kinds
        ("expected", np.float64),
        ("threshold", np.float64),
        ("severity", np.int64),  # 1 to 3
        ("decided_us", np.int64),
    ]
)
SPIKE, ZERO, STUCK, RISE, BACKWARDS, GAP, NEGATIVE, DROP = 0, 1, 2, 3, 4, 5, 6, 7
ANOMALY_KINDS = {
    "spike": SPIKE,
    "zero": ZERO,
    "stuck": STUCK,
    "base_load_rise": RISE,
    "register_backwards": BACKWARDS,
    "gap": GAP,
    "negative": NEGATIVE,
    "sustained_drop": DROP,
}
RAISED, CLEARED = 0.0, 1.0
WHOLE = {
    dtype: np.flatnonzero([dtype[name].kind == "i" for name in dtype.names or ()])
    for dtype in (INTERVAL_DTYPE, DAY_DTYPE, ANOMALY_DTYPE)
}
"""Places of the whole numbers in a row."""


@hot_kernel
def write_interval(
    out, count, device, start, end, local, energy, status, estimated, reason, decided
):
    """Append an interval row; count[0] counts."""
    at = count[0]
    if at < out.shape[0]:
        out[at, 0] = device
        out[at, 1] = start
        out[at, 2] = end
        out[at, 3] = local
        out[at, 4] = energy
        out[at, 5] = status
        out[at, 6] = estimated
        out[at, 7] = reason
        out[at, 8] = decided
    count[0] = at + 1


@lean_kernel
def write_anomaly(
    out, count, device, kind, phase, start, end, observed, expected, threshold, severity, decided
):
    """Append an anomaly row; count[2] counts."""
    at = count[2]
    if at < out.shape[0]:
        out[at, 0] = device
        out[at, 1] = kind
        out[at, 2] = phase
        out[at, 3] = start
        out[at, 4] = end
        out[at, 5] = start
        out[at, 6] = observed
        out[at, 7] = expected
        out[at, 8] = threshold
        out[at, 9] = severity
        out[at, 10] = decided
    count[2] = at + 1


@lean_kernel
def make_intervals_whole(real, whole):
    """`make_whole` of INTERVAL_DTYPE, whose rows are many."""
    for i in range(real.shape[0]):
        row, of_row = real[i], whole[i]
        of_row[0] = int(row[0])
        of_row[1] = int(row[1])
        of_row[2] = int(row[2])
        of_row[3] = int(row[3])
        of_row[5] = int(row[5])
        of_row[6] = int(row[6])
        of_row[7] = int(row[7])
        of_row[8] = int(row[8])


@lean_kernel
def make_whole(real, whole, columns):
    """Turn columns of float64[n, w] into int64 in place; whole : the same memory as int64[n, w]."""
    for i in range(real.shape[0]):
        for at in columns:
            whole[i, at] = int(real[i, at])


def table_to_rows(table: NDArray[np.float64], dtype: np.dtype) -> NDArray[np.void]:
    """Make structured rows of a float64 table whose columns stand in the dtype's order.

    The rows take the table's memory over.
    """
    if dtype is INTERVAL_DTYPE:
        make_intervals_whole(table, table.view(np.int64))
    else:
        make_whole(table, table.view(np.int64), WHOLE[dtype])
    return table.view(dtype)[:, 0]


def words(rows: NDArray[np.void], dtype: np.dtype) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """View rows of a dtype of this module as int64[n, w] and as float64[n, w]."""
    rows = np.ascontiguousarray(rows, dtype)
    shape = rows.size, len(dtype.names or ())
    return rows.view(np.int64).reshape(shape), rows.view(np.float64).reshape(shape)
