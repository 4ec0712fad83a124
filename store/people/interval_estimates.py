"""Settled intervals beside those of the stream, in versions."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from store.people.contract_scope import under_contract
from store.postgres import rows
from store.postgres.binary import read_columns
from store.postgres.pool import Connection
from store.postgres.times import from_us

Row = tuple[int, int, int, int, float | None, int, int, int, float, int, int, float | None, int]
"""device_id, day, start_us, end_us, energy_kwh, status, estimated, reason, adds_kwh, and of the
stream's interval that it settles start_us, end_us, energy_kwh and status."""

_COLUMNS = (
    "device_id, day, start_at, end_at, energy_kwh, status, estimated, reason, adds_kwh, "
    "of_start_at, of_end_at, of_kwh, of_status"
)
_STREAM = (
    ("f.device_id", "int"), ("f.start_at", "time"), ("f.end_at", "time"), ("f.energy_kwh", "float"),
    ("f.status", "int"), ("f.estimated", "int"), ("f.reason", "int"),
)  # fmt: skip
STREAM_DTYPE = np.dtype(
    [
        ("device_id", np.int64), ("start_us", np.int64), ("end_us", np.int64),
        ("local_us", np.int64), ("energy_kwh", np.float64), ("status", np.int64),
        ("estimated", np.int64), ("reason", np.int64),
    ]
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sent:
    """Registers that a meter's devices sent.

    t_us : int64[n], ascending; kwh : float64[n]; key : float64[n], of the meter's number, 0 = not
    known
    """

    t_us: NDArray[np.int64]
    kwh: NDArray[np.float64]
    key: NDArray[np.float64]


def stream(
    connection: Connection, tenant: str, meter: str, customers: Sequence[str], since: datetime
) -> NDArray[Any]:
    """Return the stream's own intervals of a meter under contracts of these customers, by start.

    STREAM_DTYPE[n]; local_us is 0; NaN = missing. For those who may read features.
    """
    where = rows.Conditions("f.end_at > f.start_at").add("f.start_at >= %s", since)
    sql, parameters = under_contract("features.meter_interval", "meter", where)
    source = (
        f"{sql} where c.tenant = %s and c.meter = %s and c.customer = any(%s) order by f.start_at"
    )
    columns = read_columns(
        connection, _STREAM, source, [*parameters, tenant, meter, list(customers)]
    )
    found = np.zeros(columns[0].size, STREAM_DTYPE)
    names = ("device_id", "start_us", "end_us", "energy_kwh", "status", "estimated", "reason")
    for name, column in zip(names, columns, strict=True):
        found[name] = column
    return found


_OF_METER = (
    "customers.assignment a join telemetry.meter_sample s on s.device_id = a.device_id "
    "and s.observed_at >= greatest(a.valid_from, %s) "
    "and s.observed_at < coalesce(a.valid_to, 'infinity') where a.tenant = %s and a.meter = %s"
)
_NEWEST = 100
"""So many samples say what a meter sends."""


def sends_energy(connection: Connection, tenant: str, meter: str, since: datetime) -> bool:
    """Return whether a meter sends the energy of intervals, so that registers stand beside them."""
    found = connection.execute(
        "select coalesce(bool_or(n.sends), false) from (select s.energy_kwh is not null as sends "
        f"from {_OF_METER} order by s.observed_at desc limit %s) n".encode(),
        (since, tenant, meter, _NEWEST),
    ).fetchone()
    return bool(found and found[0])


def sent(connection: Connection, tenant: str, meter: str, since: datetime, least: int) -> Sent:
    """Return the registers that a meter's devices sent, whose status is at least `least`."""
    source = (
        f"{_OF_METER} and s.register_kwh is not null and coalesce(s.quality, %s) >= %s "
        "order by s.observed_at"
    )
    wanted = (
        ("s.observed_at", "time"),
        ("s.register_kwh", "float"),
        ("coalesce(s.meter_key, 0)", "float"),
    )
    t_us, kwh, key = read_columns(connection, wanted, source, (since, tenant, meter, least, least))
    return Sent(t_us.astype(np.int64), kwh.astype(np.float64), key.astype(np.float64))


def sends_tariffs(connection: Connection, tenant: str, meter: str, since: datetime) -> bool:
    """Return whether a meter sends the registers of two tariffs."""
    found = connection.execute(
        "select coalesce(bool_or(n.sends), false) from ("
        f"select s.register_t1_kwh is not null as sends from {_OF_METER} "
        "order by s.observed_at desc limit %s) n".encode(),
        (since, tenant, meter, _NEWEST),
    ).fetchone()
    return bool(found and found[0])


def by_tariff(
    connection: Connection, tenant: str, meter: str, since: datetime
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return reads of the total and of both tariffs at one time, by time.

    µs int64[n]; total, first and second float64[n], kWh.
    """
    source = (
        f"{_OF_METER} and s.register_kwh is not null and s.register_t1_kwh is not null "
        "and s.register_t2_kwh is not null order by s.observed_at"
    )
    wanted = (
        ("s.observed_at", "time"), ("s.register_kwh", "float"),
        ("s.register_t1_kwh", "float"), ("s.register_t2_kwh", "float"),
    )  # fmt: skip
    t_us, total, first, second = read_columns(connection, wanted, source, (since, tenant, meter))
    return (
        t_us.astype(np.int64), total.astype(np.float64), first.astype(np.float64),
        second.astype(np.float64),
    )  # fmt: skip


def write(
    connection: Connection,
    device_ids: Sequence[int],
    since: datetime,
    until: datetime,
    new: Sequence[Row],
    now: datetime,
) -> int:
    """Let `new` be what counts for devices in [since, until); return how many rows changed.

    What is the same stays; what is not is replaced, and kept with the time.
    """
    stored = connection.execute(
        f"select estimate_id, {_COLUMNS} from features.interval_estimate "
        "where device_id = any(%s) and start_at >= %s and start_at < %s "
        "and replaced_at = 'infinity'".encode(),
        (list(device_ids), since, until),
    ).fetchall()
    wanted = {_with_times(row) for row in new}
    kept = {tuple(row[1:]) for row in stored} & wanted
    gone = [row[0] for row in stored if tuple(row[1:]) not in kept]
    connection.execute(
        "update features.interval_estimate set replaced_at = %s where estimate_id = any(%s)",
        (now, gone),
    )
    fresh = sorted(wanted - kept, key=lambda row: row[:3])
    with (
        connection.cursor() as cursor,
        cursor.copy(
            f"copy features.interval_estimate ({_COLUMNS}, recorded_at) from stdin".encode()
        ) as copy,
    ):
        for row in fresh:
            copy.write_row((*row, now))
    return len(gone) + len(fresh)


def _with_times(row: Row) -> tuple[Any, ...]:
    return (*row[:2], from_us(row[2]), from_us(row[3]), *row[4:9],
            from_us(row[9]), from_us(row[10]), *row[11:])  # fmt: skip
