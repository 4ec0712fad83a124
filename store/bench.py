"""The store's own limit: COPY of stored rows into a table of the same shape, on one connection."""

import numpy as np

from runtime.clock import Clock
from store import telemetry
from store.pool import Connection


def copy_rate(connection: Connection, most_rows: int, clock: Clock) -> float:
    """Rows a second that a bare COPY of up to `most_rows` stored vehicle samples reaches, with the
    same index and no other work. The copy is rolled back."""
    table = telemetry.VEHICLE
    wanted: list[int] = []
    found = 0
    for device_id, rows in connection.execute(
        f"select device_id, count(*) from {table.name} group by 1 order by 2 desc"
    ):
        wanted.append(device_id)
        found += rows
        if found >= most_rows:
            break
    samples = telemetry.read(connection, table, wanted).take(slice(0, most_rows))
    connection.execute(f"create table telemetry.bench_copy (like {table.name} including all)")
    connection.execute("create index on telemetry.bench_copy (device_id, observed_at)")
    connection.commit()
    try:
        # In the order of time, as messages of many devices come.
        samples = samples.take(np.argsort(samples.observed_us, kind="stable"))
        began = clock.monotonic()
        telemetry.append(
            connection, telemetry.SampleTable("telemetry.bench_copy", table.names), samples
        )
        connection.commit()
        seconds = clock.monotonic() - began
    finally:
        connection.rollback()
        connection.execute("drop table telemetry.bench_copy")
        connection.commit()
    return len(samples) / seconds
