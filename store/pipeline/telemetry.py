"""Samples: written by COPY, read in time order."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from contracts.units import METER_NAMES, VEHICLE_NAMES
from store.postgres.binary import (
    EPOCH_2000_US,
    HEADER,
    TRAILER,
    encode_rows,
    read_columns,
    sql_name,
)
from store.postgres.binary_kernel import decode_arrays
from store.postgres.engine import Engine, engine_of
from store.postgres.pool import Connection
from store.postgres.times import from_us, to_us

_PORTION = 4_096
"""Rows encoded at a time: their bytes fit into the processor's cache."""

_PIECE = 50_000
"""Samples read at a time where a device may have any number of them: ten megabytes."""

_DIRECT_FROM = 300
"""Samples per device in one COPY from which TimescaleDB writes directly to the columnstore. Each
device costs most of a millisecond there. With our 22 columns, 60 samples per device are four times
slower than rows, 240 as fast, and 500 and more up to twice as fast (docs/store.md). A table of ten
columns gains from 60 on (DESIGN §1)."""

_RECENT = "14 days"
"""The newest sample of most devices is younger."""

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class SampleTable:
    """The table of samples of one kind of device.

    names : the measured columns, in the order of `Samples.values`.
    """

    name: str
    names: tuple[str, ...]


VEHICLE = SampleTable("telemetry.vehicle_sample", VEHICLE_NAMES)
METER = SampleTable("telemetry.meter_sample", METER_NAMES)
TABLES: dict[str, SampleTable] = {"vehicle": VEHICLE, "meter": METER}


@dataclass(frozen=True, slots=True)
class Samples:
    """Rows of one table.

    device : int64[n]; observed_us, received_us : int64[n], microseconds since 1970 UTC;
    values : float64[n, len(table.names)], NaN = not measured.
    """

    device: Ints
    observed_us: Ints
    received_us: Ints
    values: Floats

    def __len__(self) -> int:
        return int(self.device.shape[0])

    def take(self, index: NDArray[np.generic] | slice) -> "Samples":
        """Return the rows at `index` (numbers, a mask or a slice)."""
        return Samples(
            self.device[index], self.observed_us[index], self.received_us[index], self.values[index]
        )

    def and_then(self, more: "Samples") -> "Samples":
        """Return these rows, followed by `more`."""
        return Samples(
            np.concatenate((self.device, more.device)),
            np.concatenate((self.observed_us, more.observed_us)),
            np.concatenate((self.received_us, more.received_us)),
            np.concatenate((self.values, more.values)),
        )


def append(
    connection: Connection, table: SampleTable, samples: Samples, *, above_marks: bool = False
) -> None:
    """COPY new rows, in the caller's transaction. The caller guarantees that they are new.

    above_marks : all are above their devices' high-water marks, so TimescaleDB may write them
    directly to the columnstore where that is faster.
    """
    if not len(samples):
        return
    if (
        above_marks
        and len(samples) >= _DIRECT_FROM
        and engine_of(connection) is Engine.TIMESCALE
        and _pays_directly(samples)
    ):
        # A row that another transaction writes into the chunk at the same time would be invisible:
        # the chunk is marked as compressed, but not as having uncompressed rows too (2.29.2).
        connection.execute(f"lock table only {table.name} in share row exclusive mode")
        _direct(connection, "on")
        _copy_samples(connection, table, samples)
        _direct(connection, "off")
    else:
        _copy_samples(connection, table, samples)


def _pays_directly(samples: Samples) -> bool:
    """Return True for many samples per device, sorted by device and time like the columnstore."""
    step = np.diff(samples.device)
    devices = 1 + int(np.count_nonzero(step))
    if len(samples) < _DIRECT_FROM * devices:
        return False
    later = np.diff(samples.observed_us) > 0
    return bool(((step > 0) | ((step == 0) & later)).all())


def _direct(connection: Connection, to: str) -> None:
    """Switch direct compression on or off until the end of the transaction."""
    connection.execute(
        "select set_config('timescaledb.enable_direct_compress_copy', %(to)s, true), "
        "set_config('timescaledb.enable_direct_compress_copy_client_sorted', %(to)s, true)",
        {"to": to},
    )


def _copy_samples(connection: Connection, table: SampleTable, samples: Samples) -> None:
    columns: dict[str, NDArray[np.generic]] = {
        "device_id": samples.device,
        "observed_us": samples.observed_us,
        "received_us": samples.received_us,
    }
    for i, name in enumerate(table.names):
        values = samples.values[:, i]
        if not np.isnan(values).all():
            columns[name] = values
    copy_in(connection, table.name, columns)


def copy_in(connection: Connection, table: str, columns: Mapping[str, NDArray[np.generic]]) -> None:
    """COPY columns into a table in the binary format.

    In portions, so that the server processes one while the next is encoded.
    """
    names = ", ".join(f'"{sql_name(name)}"' for name in columns)
    n = len(next(iter(columns.values()))) if columns else 0
    with (
        connection.cursor() as cursor,
        cursor.copy(f"copy {table} ({names}) from stdin (format binary)") as copy,
    ):
        copy.write(HEADER)
        for start in range(0, n, _PORTION):
            part = {name: column[start : start + _PORTION] for name, column in columns.items()}
            copy.write(encode_rows(part))
        copy.write(TRAILER)


def marks(connection: Connection, table: SampleTable, device_ids: Sequence[int]) -> dict[int, int]:
    """Return each device's high-water mark, the time of its newest sample.

    One index probe each in the newest chunks; in older ones only for devices not found there.
    """
    found: dict[int, int] = {}
    for condition in (f"and observed_at > now() - interval '{_RECENT}'", ""):
        rows = connection.execute(
            "select d.device_id, m.observed_at from unnest(%s::bigint[]) as d (device_id) "
            f"cross join lateral (select observed_at from {table.name} s "
            f"where s.device_id = d.device_id {condition} order by observed_at desc limit 1) as m",
            ([device_id for device_id in device_ids if device_id not in found],),
        )
        found.update((device_id, to_us(at)) for device_id, at in rows.fetchall())
    return found


def heard_since(connection: Connection, table: SampleTable, since_us: int) -> list[int]:
    """Return devices whose newest sample was received after an instant. One index probe each."""
    rows = connection.execute(
        "select d.device_id from customers.device d cross join lateral "
        f"(select received_at from {table.name} s where s.device_id = d.device_id "
        "order by observed_at desc limit 1) as m where m.received_at > %s",
        (from_us(since_us),),
    )
    return [row[0] for row in rows.fetchall()]


def read(
    connection: Connection,
    table: SampleTable,
    device_ids: Sequence[int],
    after_us: int | None = None,
    until_us: int | None = None,
    at_most: int | None = None,
) -> Samples:
    """Return the devices' samples with after < observed <= until, by device and time.

    at_most : only the first ones.
    """
    # For one device the index gives the order; for several PostgreSQL sorts the result.
    one = len(device_ids) == 1
    conditions = f"where device_id = {'%s' if one else 'any(%s)'}"
    parameters: list[object] = [device_ids[0] if one else list(device_ids)]
    if after_us is not None:
        conditions += " and observed_at > %s"
        parameters.append(from_us(after_us))
    if until_us is not None:
        conditions += " and observed_at <= %s"
        parameters.append(from_us(until_us))
    source = f"{table.name} {conditions} order by device_id, observed_at"
    if at_most is None:
        return _read_from(connection, table, source, parameters)
    _sorting(connection, "off")
    samples = _read_from(connection, table, f"{source} limit {at_most:d}", parameters)
    _sorting(connection, "on")
    return samples


def _sorting(connection: Connection, to: str) -> None:
    """Switch sorting on or off until the end of the transaction.

    Where weeks of samples arrived late and the statistics are old, the planner expects few rows: it
    would read and sort all remaining ones for every piece.
    """
    connection.execute("select set_config('enable_sort', %s, true)", (to,))


def pieces(
    connection: Connection,
    table: SampleTable,
    device_id: int,
    after_us: int | None = None,
    until_us: int | None = None,
) -> Iterator[Samples]:
    """Yield a device's samples with after < observed <= until by time, in pieces of limited size.

    Each piece is read on demand.
    """
    while True:
        samples = read(connection, table, [device_id], after_us, until_us, at_most=_PIECE)
        if len(samples):
            yield samples
        if len(samples) < _PIECE:
            return
        after_us = int(samples.observed_us[-1])


def read_after(connection: Connection, table: SampleTable, after_us: Mapping[int, int]) -> Samples:
    """Return samples of devices, each after its own instant, by device and time.

    after_us : device id → microseconds.
    """
    source = (
        "unnest(%s::bigint[], %s::timestamptz[]) as k (wanted, after) cross join lateral "
        f"(select * from {table.name} s where s.device_id = k.wanted and s.observed_at > k.after) "
        "as s order by device_id, observed_at"
    )
    parameters = [list(after_us), [from_us(us) for us in after_us.values()]]
    return _read_from(connection, table, source, parameters)


def _read_from(
    connection: Connection, table: SampleTable, source: str, parameters: Sequence[object]
) -> Samples:
    wanted = [("device_id", "int"), ("observed_at", "time"), ("received_at", "time")] + [
        (name, "float") for name in table.names
    ]
    columns = read_columns(connection, wanted, source, parameters)
    n = columns[0].shape[0]
    values = np.empty((n, len(table.names)), np.float64)
    for i in range(len(table.names)):
        values[:, i] = columns[3 + i]
    return Samples(
        columns[0].astype(np.int64),
        columns[1].astype(np.int64),
        columns[2].astype(np.int64),
        values,
    )


def of_devices(
    connection: Connection, table: SampleTable, device_ids: Sequence[int], names: Sequence[str]
) -> Iterator[Samples]:
    """Yield all samples of many devices in portions, in the order of `device_ids`, each by time.

    names : the columns that are read; the others are NaN, and received_us is 0. The server makes
    arrays of each hour: as rows, most time would go into handing each one to this program.
    """
    arrays = ", ".join(f"array_agg(s.{name}::float8 order by s.observed_at)" for name in names)
    query = (
        "copy (select k.wanted, s.* from unnest(%s::bigint[]) as k (wanted) cross join lateral ("
        "select date_bin('1 hour', s.observed_at, '2000-01-01Z') as hour, "
        f"array_agg(s.observed_at order by s.observed_at), {arrays} from {table.name} s "
        "where s.device_id = k.wanted group by 1 order by 1) as s) to stdout (format binary)"
    )
    columns = np.array([0, *(1 + table.names.index(name) for name in names)])
    pending: list[Samples] = []
    with connection.cursor() as cursor, cursor.copy(query, [list(device_ids)]) as copy:
        skip = len(HEADER)
        for block in copy:
            data = np.frombuffer(block, np.uint8)[skip:]
            skip = 0
            if data.size > len(TRAILER):
                pending.append(_hour(data, columns, 1 + len(table.names)))
            if sum(map(len, pending)) >= _PIECE:
                yield _joined(pending)
                pending = []
    if pending:
        yield _joined(pending)


_HEAD = 2 + 2 * 12
"""Bytes of a row before its arrays: number of fields, device, hour."""


def _hour(data: NDArray[np.uint8], columns: Ints, width: int) -> Samples:
    """Read one row of `of_devices`: an hour of a device."""
    device, n = (int(data[at : at + size].view(f">i{size}")[0]) for at, size in _PLACES)
    cells = np.full((n, width), np.nan)
    decode_arrays(data, _HEAD, columns, cells.view(np.uint64))
    observed_us = cells[:, 0].copy().view(np.int64) + EPOCH_2000_US
    ids = np.full(n, device, np.int64)
    return Samples(ids, observed_us, np.zeros(n, np.int64), cells[:, 1:])


_PLACES = ((2 + 4, 8), (_HEAD + 4 + 12, 4))
"""Offset and size of a row's device, and of the size of its first array."""


def _joined(parts: Sequence[Samples]) -> Samples:
    return Samples(
        np.concatenate([part.device for part in parts]),
        np.concatenate([part.observed_us for part in parts]),
        np.concatenate([part.received_us for part in parts]),
        np.concatenate([part.values for part in parts]),
    )


def copy_out(connection: Connection, table: SampleTable) -> int:
    """Copy all samples out as they are, and throw them away; return the bytes. For benches."""
    query = f"copy (select * from {table.name}) to stdout (format binary)"
    with connection.cursor() as cursor, cursor.copy(query) as copy:
        return sum(len(block) for block in copy)


def existing(
    connection: Connection, table: SampleTable, device: Ints, observed_us: Ints
) -> dict[tuple[int, int], Floats]:
    """Return the stored values at exactly these (device, time), where there are any."""
    if not device.shape[0]:
        return {}
    names = ", ".join(f"s.{name}" for name in table.names)
    rows = connection.execute(
        f"select s.device_id, s.observed_at, {names} "
        "from unnest(%s::bigint[], %s::timestamptz[]) as k (device_id, observed_at) "
        f"join {table.name} s using (device_id, observed_at) "
        "where s.observed_at between %s and %s",  # excludes the chunks of other times
        (
            device.tolist(),
            [from_us(us) for us in observed_us.tolist()],
            from_us(int(observed_us.min())),
            from_us(int(observed_us.max())),
        ),
        binary=True,
    )
    return {(row[0], to_us(row[1])): np.array(row[2:], dtype=np.float64) for row in rows.fetchall()}


def overwrite(
    connection: Connection, table: SampleTable, changed: Mapping[tuple[int, int], Floats]
) -> None:
    """Replace the values at (device, time) by those joined from several messages."""
    if not changed:
        return
    if engine_of(connection) is Engine.TIMESCALE:
        # An update decompresses the rows around it; this lifts the limit per transaction.
        connection.execute("set local timescaledb.max_tuples_decompressed_per_dml_transaction = 0")
    sets = ", ".join(f"{name} = %s" for name in table.names)
    with connection.cursor() as cursor:
        cursor.executemany(
            f"update {table.name} set {sets} where device_id = %s and observed_at = %s",
            [
                (*(None if v != v else v for v in values.tolist()), device, from_us(us))
                for (device, us), values in sorted(changed.items())
            ],
        )


def doubled(connection: Connection, table: SampleTable) -> list[tuple[int, object, int]]:
    """Return (device, time, count) of samples stored more than once. Must be empty."""
    rows = connection.execute(
        f"select device_id, observed_at, count(*) from {table.name} "
        "group by device_id, observed_at having count(*) > 1 order by 1, 2 limit 1000"
    )
    return [(row[0], row[1], row[2]) for row in rows.fetchall()]


def devices(connection: Connection, table: SampleTable, before_us: int | None = None) -> list[int]:
    """Return devices that have samples (before an instant); reads the index, not the rows."""
    rows = connection.execute(
        "select d.device_id from customers.device d where exists "
        f"(select 1 from {table.name} s where s.device_id = d.device_id "
        "and (%(before)s::timestamptz is null or s.observed_at < %(before)s)) order by 1",
        {"before": None if before_us is None else from_us(before_us)},
    )
    return [row[0] for row in rows.fetchall()]


def count(connection: Connection, table: SampleTable) -> int:
    """Count the samples."""
    row = connection.execute(f"select count(*) from {table.name}").fetchone()
    return int(row[0]) if row else 0


def put_meter_numbers(connection: Connection, numbers: Mapping[float, str]) -> None:
    """Store key → meter number."""
    if numbers:
        connection.execute(
            "insert into telemetry.meter_number select * from unnest(%s::float8[], %s::text[]) "
            "on conflict do nothing",
            (list(numbers), list(numbers.values())),
        )
