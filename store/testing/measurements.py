"""Measurements for benchmarks in the database: COPY rate, versions, connections."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import numpy as np
from psycopg import sql
from psycopg.conninfo import make_conninfo

from runtime.clock import Clock
from runtime.errors import Stop
from store.pipeline import telemetry
from store.postgres.pool import Connection, connect, scalar


def copy_rate(connection: Connection, most_rows: int, rows_per_batch: int, clock: Clock) -> float:
    """Measure the upper limit of writing: rows/s of a bare COPY on one connection.

    It copies up to `most_rows` stored vehicle samples into a plain table with the same index, which
    is dropped afterwards.
    rows_per_batch : rows are in the order of a run: consecutive batches in time of this size, each
    sorted by device and time.
    """
    table = telemetry.VEHICLE
    samples = _in_batch_order(_largest_devices(connection, table, most_rows), rows_per_batch)
    # Without `including all`: indexes differ between the engines; all have this one.
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
    """Return the versions of server and extension. timescaledb : None = not installed."""
    row = connection.execute(
        "select current_setting('server_version'), "
        "(select extversion from pg_extension where extname = 'timescaledb')"
    ).fetchone()
    assert row is not None
    return {"postgresql": row[0], "timescaledb": row[1]}


def _largest_devices(
    connection: Connection, table: telemetry.SampleTable, most_rows: int
) -> telemetry.Samples:
    """Return up to `most_rows` samples, of the devices with the most samples."""
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


def require_empty(connection: Connection) -> None:
    """Raise `Stop` where the database has tenants, and so possibly data of a user."""
    if scalar(connection, "select exists (select 1 from customers.tenant)"):
        raise Stop("the database is not empty")


@contextmanager
def temporary_database(url: str, name: str) -> Iterator[str]:
    """Create an empty database of this name on the same server; yield its URL; then drop it."""
    called = sql.Identifier(name)
    with connect(url) as connection:
        connection.autocommit = True
        connection.execute(sql.SQL("create database {}").format(called))
        try:
            yield make_conninfo(url, dbname=name)
        finally:
            connection.execute(sql.SQL("drop database {} with (force)").format(called))


def connection_count(connection: Connection, application: str) -> int:
    """Count the connections to the same database with this application name."""
    found = scalar(
        connection,
        "select count(*) from pg_stat_activity "
        "where datname = current_database() and application_name = %s",
        (application,),
    )
    connection.rollback()
    return int(found)


def received_after(connection: Connection, tenant: str, device: str, at: datetime) -> int:
    """Count the samples of a device that arrived after a time."""
    return int(
        scalar(
            connection,
            "select count(*) from telemetry.vehicle_sample s join customers.device d "
            "using (device_id) where d.tenant = %s and d.device = %s and s.received_at > %s",
            (tenant, device, at),
        )
    )


def refused_contacts(connection: Connection, type_: str) -> list[str]:
    """Return the tenants with a refused contact of a type."""
    rows = connection.execute(
        "select tenant from contacts.contact where state = 'refused' and type = %s", (type_,)
    )
    return [tenant for (tenant,) in rows.fetchall()]
