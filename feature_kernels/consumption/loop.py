"""The loop over samples, and the public functions around it."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from feature_kernels.consumption import carry as C
from feature_kernels.consumption.days import close_day
from feature_kernels.consumption.intervals import AS_READ, HOLE, READ, push, take_energy
from feature_kernels.consumption.parameters import DEFAULTS, Parameters
from feature_kernels.consumption.registers import confirm_held, take_register
from feature_kernels.consumption.rows import (
    ANOMALY_DTYPE,
    DAY_DTYPE,
    INTERVAL_DTYPE,
    table_to_rows,
)
from feature_kernels.kernel import hot_kernel, lean_kernel, record
from feature_kernels.ragged import check_ragged

# With fewer reads nothing is known about the home, and a last read that is doubted counts.
FEW_READS = 3.0

COLUMNS = (
    "energy_kwh",
    "register_kwh",
    "register_export_kwh",
    "power_w",
    "interval_s",
    "quality",
    "meter_key",
)


class ConsumeResult(NamedTuple):
    """Features of a call, and the carry for the next."""

    intervals: NDArray[np.void]  # INTERVAL_DTYPE
    days: NDArray[np.void]  # DAY_DTYPE
    anomalies: NDArray[np.void]  # ANOMALY_DTYPE
    carry: NDArray[np.float64]


@hot_kernel
def take_sample(c, p, out, count, device, t, local, row):
    """Take one sample; row : seven values in the order of COLUMNS."""
    energy, register, export = row[0], row[1], row[2]
    power, interval_s, quality, key = row[3], row[4], row[5], row[6]
    offset = local - t
    if c[C.LAST_T] == 0.0:
        c[C.LAST_OFFSET] = offset
    if key == key:
        if c[C.HAS_KEY] > 0.0 and key != c[C.METER_KEY]:
            c[C.NEW_METER] = 1.0
        c[C.METER_KEY] = key
        c[C.HAS_KEY] = 1.0
    if power == power:
        c[C.POWER_W] = power
        c[C.HAS_POWER] = 1.0
    if export == export:
        if c[C.HAS_EXPORT] > 0.0 and export > c[C.EXPORT_KWH]:
            c[C.EXPORTING] = 1.0
        c[C.EXPORT_KWH] = export
        c[C.HAS_EXPORT] = 1.0
    length = c[C.INTERVAL_US]
    if interval_s > 0.0:
        length = interval_s * 1e6
    elif length == 0.0:
        length = p.interval_s * 1e6
    if c[C.NEW_METER] > 0.0 and c[C.SOURCE] == 2.0:
        c[C.EXPORTING] = 0.0  # a new meter's export register says nothing yet
    if energy == energy and c[C.SOURCE] != 2.0:
        c[C.SOURCE] = 1.0
        c[C.NEW_METER] = 0.0
        status = quality if quality == quality else READ
        take_energy(c, p, out, count, device, t, local, energy, length, status)
        c[C.LAST_OFFSET] = offset
    elif register == register and c[C.SOURCE] != 1.0 and not quality <= 1.0:
        c[C.SOURCE] = 2.0
        c[C.INTERVAL_US] = length
        exchanged = c[C.NEW_METER] > 0.0
        c[C.NEW_METER] = 0.0
        take_register(c, p, out, count, device, t, offset, register, exchanged)
        c[C.LAST_OFFSET] = offset
    c[C.LAST_T] = t


@lean_kernel
def take_all(t_us, local_us, columns, starts, carry, p, intervals, days, anomalies, count):
    """Take every sample of every device.

    columns : seven of float64[n] in the order of COLUMNS, empty = nothing was measured
    """
    energy, register, export, power, interval_s, quality, key = columns
    out = (intervals, days, anomalies)
    for device in range(starts.shape[0] - 1):
        c = carry[device]
        for i in range(starts[device], starts[device + 1]):
            row = (
                energy[i] if energy.size > 0 else np.nan,
                register[i] if register.size > 0 else np.nan,
                export[i] if export.size > 0 else np.nan,
                power[i] if power.size > 0 else np.nan,
                interval_s[i] if interval_s.size > 0 else np.nan,
                quality[i] if quality.size > 0 else np.nan,
                key[i] if key.size > 0 else np.nan,
            )
            take_sample(c, p, out, count, device, float(t_us[i]), float(local_us[i]), row)


@lean_kernel
def finish_all(carry, p, intervals, days, anomalies, count):
    """Close what is open in every carry."""
    out = (intervals, days, anomalies)
    for device in range(carry.shape[0]):
        c = carry[device]
        decided = c[C.LAST_T]
        if c[C.HELD_T] > 0.0 and c[C.HELD_FITS] > 0.0 and c[C.READS] < FEW_READS:
            confirm_held(c, p, out, count, device, decided)
        if c[C.OPEN_START] > 0.0 and c[C.REG_T] > c[C.OPEN_START]:
            push(
                c,
                p,
                out,
                count,
                device,
                c[C.OPEN_START],
                c[C.REG_T],
                c[C.OPEN_LOCAL],
                c[C.REG_KWH] - c[C.OPEN_KWH],
                READ if c[C.OPEN_READ] > 0.0 else 5.0,
                0.0 if c[C.OPEN_READ] > 0.0 else 1.0,
                AS_READ if c[C.OPEN_READ] > 0.0 else HOLE,
                decided,
            )
            c[C.OPEN_START] = c[C.REG_T]
            c[C.OPEN_LOCAL] = c[C.REG_T] + c[C.LAST_OFFSET]
            c[C.OPEN_KWH] = c[C.REG_KWH]
            c[C.OPEN_READ] = 1.0
        if c[C.HAS_DAY] > 0.0:
            tail = (c[C.DAY] + 1.0) * 86_400_000_000.0 - c[C.DAY_END_LOCAL]
            close_day(c, p, out[1], count, device, tail, decided)


def _tables(sizes: NDArray[np.int64]) -> list[NDArray[np.float64]]:
    dtypes = (INTERVAL_DTYPE, DAY_DTYPE, ANOMALY_DTYPE)
    return [
        np.empty((int(size), len(dtype.names or ())))
        for size, dtype in zip(sizes, dtypes, strict=True)
    ]


def _run(step, carry: NDArray[np.float64], sizes: NDArray[np.int64]) -> ConsumeResult:
    """Run `step(carry, tables, count)`, again with more room if the rows did not fit."""
    while True:
        tables = _tables(sizes)
        after = np.array(carry, np.float64, order="C")
        count = np.zeros(3, np.int64)
        step(after, tables, count)
        if np.all(count <= sizes):
            break
        sizes = np.maximum(count, sizes)
    rows = [
        table_to_rows(table[:n] if 2 * n > table.shape[0] else table[:n].copy(), dtype)
        for table, n, dtype in zip(
            tables, count, (INTERVAL_DTYPE, DAY_DTYPE, ANOMALY_DTYPE), strict=True
        )
    ]
    return ConsumeResult(rows[0], rows[1], rows[2], after)


def _column(values: NDArray[np.float64] | None, n: int) -> NDArray[np.float64]:
    """Return a column as `take_all` takes it, inf as NaN; empty where there is none."""
    if values is None:
        return np.empty(0)
    if values.shape != (n,):
        raise ValueError("columns must fit the samples")
    endless = np.isinf(values)
    if endless.any():
        values = np.where(endless, np.nan, values)
    return np.require(values, np.float64, ["C", "W"])


def _check_carry(carry: NDArray[np.float64]) -> None:
    if carry.ndim != 2 or carry.shape[1] != C.CARRY_WIDTH:
        raise ValueError(f"carry must be float64[devices, {C.CARRY_WIDTH}], not {carry.shape}")


def consume(
    columns: dict[str, NDArray[np.float64]],
    t_us: NDArray[np.int64],
    local_us: NDArray[np.int64],
    starts: NDArray[np.int64],
    carry: NDArray[np.float64],
    parameters: Parameters = DEFAULTS,
) -> ConsumeResult:
    """Turn readings into intervals, days and anomalies.

    energy_kwh : float64[n], kWh of the interval that starts at t_us, NaN = not measured
    register_kwh, register_export_kwh : float64[n], kWh, registers at t_us
    power_w : float64[n], W, tells a flat register that is stuck from one without use
    interval_s : float64[n], s, length of the interval (energy) or of the grid (registers)
    quality : float64[n], code of contracts.quality
    meter_key : float64[n], a change means that the meter was exchanged
    t_us, local_us : int64[n], µs; starts : int64[d + 1]; carry : float64[d, CARRY_WIDTH]

    A device is either a sender of interval values or of registers, by what it sends first.

    Returns ConsumeResult. A row's times are those of the readings; `decided_us` is the sample
    whose processing wrote it.

    Invariants: streaming equals batch bit for bit; no row depends on a later sample; interval
    energies pass through untouched; between two breaks (exchange, reset) the energies of
    register intervals, with finish, add up to the register's difference.

    Complexity: O(n) with O(28) at each day's end; a hole costs its missing intervals.

    Source: docs/field/consumption.md (VEE, Messwertstatus, rollover, leak rule).

    Oracle: tests/oracles/consumption.py
    """
    check_ragged(t_us, starts)
    _check_carry(carry)
    devices = starts.shape[0] - 1
    if carry.shape[0] != devices or local_us.shape != t_us.shape:
        raise ValueError("starts, carry and local_us must fit the samples")
    n = t_us.shape[0]
    given = tuple(_column(columns.get(name), n) for name in COLUMNS)
    t = np.ascontiguousarray(t_us, np.int64)
    local = np.ascontiguousarray(local_us, np.int64)
    begins = np.ascontiguousarray(starts, np.int64)
    p = record(parameters)

    def step(after, tables, count) -> None:
        take_all(t, local, given, begins, after, p, *tables, count)

    return _run(step, carry, np.array([n + n // 16 + 64, n // 16 + 64, n // 64 + 64]))


def finish(carry: NDArray[np.float64], parameters: Parameters = DEFAULTS) -> ConsumeResult:
    """End the recording: write the open piece of an interval and the open day.

    carry : float64[d, CARRY_WIDTH]

    Returns ConsumeResult; `decided_us` is the device's last sample. Open anomalies stay open.
    A register read that waits to be believed is left out, unless so few reads are known that
    nothing speaks against it.

    Oracle: tests/oracles/consumption.py
    """
    _check_carry(carry)
    p = record(parameters)

    def step(after, tables, count) -> None:
        finish_all(after, p, *tables, count)

    devices = carry.shape[0]
    return _run(step, carry, np.array([4 * devices + 1, devices + 1, 2 * devices + 1]))
