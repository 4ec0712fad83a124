"""What measurements ask of the store, and its own limit: COPY of stored rows into a table of the
same shape, on one connection."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from psycopg import sql
from psycopg.conninfo import make_conninfo

from runtime.clock import Clock
from store.pipeline import telemetry
from store.postgres.pool import Connection, connect, scalar


def copy_rate(connection: Connection, most_rows: int, rows_per_batch: int, clock: Clock) -> float:
    """Rows a second that a bare COPY of up to `most_rows` stored vehicle samples reaches, into a
    plain table with the same index and no other work. The copy is rolled back.

    rows_per_batch : rows come as in a run of ours, in batches of so many that lie one after the
    other in time, each sorted by device and time.
    """
    table = telemetry.VEHICLE
    samples = _in_batch_order(_largest_devices(connection, table, most_rows), rows_per_batch)
    # Without `including all`: indexes differ between the layouts of the store, this one is of all.
    connection.execute(f"create table telemetry.bench_copy (like {table.name} including defaults)")
    connection.execute("create index on telemetry.bench_copy (device_id, observed_at)")
    connection.commit()
    try:
        into = telemetry.SampleTable("telemetry.bench_copy", table.names)
        telemetry.append(connection, into, samples.take(slice(0, 10)))  # loads the encoder
        began = clock.monotonic()
        telemetry.append(connection, into, samples)
        connection.commit()
        seconds = clock.monotonic() - began
    finally:
        connection.rollback()
        connection.execute("drop table telemetry.bench_copy")
        connection.commit()
    return len(samples) / seconds


def versions(connection: Connection) -> dict[str, str | None]:
    """What the database is. timescaledb : None where the extension is not there."""
    row = connection.execute(
        "select current_setting('server_version'), "
        "(select extversion from pg_extension where extname = 'timescaledb')"
    ).fetchone()
    assert row is not None
    return {"postgresql": row[0], "timescaledb": row[1]}


def _largest_devices(
    connection: Connection, table: telemetry.SampleTable, most_rows: int
) -> telemetry.Samples:
    """Up to so many samples, of the devices that have most."""
    wanted: list[int] = []
    found = 0
    for device_id, rows in connection.execute(
        f"select device_id, count(*) from {table.name} group by 1 order by 2 desc, 1"
    ):
        wanted.append(device_id)
        found += rows
        if found >= most_rows:
            break
    return telemetry.read(connection, table, wanted).take(slice(0, most_rows))


def _in_batch_order(samples: telemetry.Samples, rows_per_batch: int) -> telemetry.Samples:
    samples = samples.take(np.argsort(samples.observed_us, kind="stable"))
    batch = np.arange(len(samples)) // rows_per_batch
    return samples.take(np.lexsort((samples.observed_us, samples.device, batch)))


def has_tenants(connection: Connection) -> bool:
    """True where somebody's register or samples are in the database."""
    row = connection.execute("select exists (select 1 from customers.tenant)").fetchone()
    assert row is not None
    return bool(row[0])


@contextmanager
def temporary_database(url: str, name: str) -> Iterator[str]:
    """An empty database of this name on the same server, dropped afterwards; its URL."""
    called = sql.Identifier(name)
    with connect(url) as connection:
        connection.autocommit = True
        connection.execute(sql.SQL("create database {}").format(called))
        try:
            yield make_conninfo(url, dbname=name)
        finally:
            connection.execute(sql.SQL("drop database {} with (force)").format(called))


def connection_count(connection: Connection, application: str) -> int:
    """How many connections of this name the same database has now."""
    found = scalar(
        connection,
        "select count(*) from pg_stat_activity "
        "where datname = current_database() and application_name = %s",
        (application,),
    )
    connection.rollback()
    return int(found)
