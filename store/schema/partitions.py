"""Samples on plain PostgreSQL: partitions by time, created in advance, dropped by retention.

A table's partitions cover all times without a gap. `…_past` has everything before the first chunk:
rows from before partitioning, and late samples. Then come the chunks (`…_20261119`). `…_default`
has everything after the last one. The default partition is almost empty, which makes attaching the
next chunk cheap: PostgreSQL scans it for rows that belong to the chunk.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from psycopg import errors

from store.postgres.engine import Engine, Layout, engine_of
from store.postgres.pool import Connection, scalar
from store.postgres.times import from_us, to_us

log = logging.getLogger("store")

TABLES = ("telemetry.vehicle_sample", "telemetry.meter_sample")

_LOCK = 7_261_003
"""Any fixed number: concurrent upkeeps of one database wait for this lock."""

_LOCK_TIMEOUT = "2s"
"""While upkeep waits for a long reader's lock, all others wait behind it. Therefore it gives up
after this time and retries at the next upkeep."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """A partition for [from_us, until_us); None = from the beginning, or without an end."""

    name: str
    from_us: int | None
    until_us: int | None


def cutoff_us(layout: Layout, now_us: int) -> int | None:
    """Return the time before which retention drops samples, a chunk's start; None = keep all."""
    if not layout.retention_days:
        return None
    keep_us = layout.retention_days * (layout.chunk_us // layout.chunk_days)
    return _floor(now_us - keep_us, layout.chunk_us)


def secured(connection: Connection) -> int | None:
    """Return the instant (µs) before which no computation needs samples; None = none yet.

    At that instant every device has a checkpoint, so retention may drop what is before it.
    """
    at = scalar(connection, "select secured_at from pipeline.layout")
    return None if at is None else to_us(at)


def set_secured(connection: Connection, us: int, partition: int) -> None:
    """Record that devices of a log's partition no longer need samples before `us`.

    In the caller's transaction. The value never decreases; `secured` is the minimum of partitions.
    """
    # Serialised by this lock, so that the last writer sees the values of all others.
    connection.execute("select from pipeline.layout for update")
    connection.execute(
        "update pipeline.partition set secured_at = greatest(secured_at, %s) where partition = %s",
        (from_us(us), partition),
    )
    connection.execute(
        "update pipeline.layout set secured_at = everyone from (select min(secured_at) as everyone "
        "from pipeline.partition having bool_and(secured_at is not null)) as p "
        "where secured_at is null or secured_at < everyone"
    )


def secured_in(connection: Connection, partition: int) -> int | None:
    """Return `secured` for one partition of the log."""
    at = scalar(
        connection, "select secured_at from pipeline.partition where partition = %s", (partition,)
    )
    return None if at is None else to_us(at)


def dropped(connection: Connection) -> int | None:
    """Return the instant (µs) before which samples were dropped; None = none were."""
    at = scalar(connection, "select dropped_at from pipeline.layout")
    return None if at is None else to_us(at)


def chunks(connection: Connection, table: str) -> list[Chunk]:
    """Return the partitions by time, past first, without the default partition."""
    rows = connection.execute(
        "select c.oid::regclass::text, (regexp_match(b, 'FROM \\(''(.*?)''\\)'))[1]::timestamptz, "
        "(regexp_match(b, 'TO \\(''(.*?)''\\)'))[1]::timestamptz from pg_inherits i "
        "join pg_class c on c.oid = i.inhrelid "
        "cross join lateral pg_get_expr(c.relpartbound, c.oid) as b "
        "where i.inhparent = %s::regclass and b <> 'DEFAULT' order by 2 nulls first",
        (table,),
    )
    return [Chunk(name, *(None if t is None else to_us(t) for t in at)) for name, *at in rows]


def split(connection: Connection, table: str, layout: Layout, now_us: int) -> None:
    """Partition a plain table; its rows stay in place as the past partition.

    In the caller's transaction, under an exclusive lock, with one scan of the table.
    """
    if populated(connection, table):
        log.info("%s is looked through once and partitioned; this may take a while", table)
    schema, name = table.split(".")
    past, first_us = f"{table}_past", _floor(now_us, layout.chunk_us)
    index = f"{name}_device_time"
    connection.execute(
        f"alter table {table} rename to {name}_past;"
        f"alter index {schema}.{index} rename to {name}_past_device_time;"
        f"create table {table} (like {past} including all excluding indexes) "
        "partition by range (observed_at);"
        f"create index {index} on {table} (device_id, observed_at);"
        f"create table {table}_default partition of {table} default".encode()
    )
    make_ahead(connection, table, layout, first_us, now_us)
    moved = connection.execute(
        f"with later as (delete from {past} where observed_at >= %s returning *) "
        f"insert into {table} select * from later",
        (from_us(first_us),),
    ).rowcount
    if moved:
        log.info("%s: moved rows=%d into their partitions", table, moved)
    _attach_past(connection, table, first_us)


def populated(connection: Connection, table: str) -> bool:
    """Return True for a table with rows."""
    return bool(scalar(connection, f"select exists (select from {table})"))


def make_ahead(
    connection: Connection, table: str, layout: Layout, from_us_: int, now_us: int
) -> list[str]:
    """Create the missing chunks from `from_us_` up to `chunks_ahead`; return their names."""
    end_us = _floor(now_us, layout.chunk_us) + (1 + layout.chunks_ahead) * layout.chunk_us
    made = []
    while from_us_ < end_us:
        until_us = _floor(from_us_, layout.chunk_us) + layout.chunk_us
        made.append(_make(connection, table, from_us_, until_us))
        from_us_ = until_us
    return made


def upkeep(connection: Connection, layout: Layout, now_us: int) -> bool:
    """Create partitions in advance and drop what retention allows; commit after each table.

    Returns False where a lock was not available in time: retry later. TimescaleDB creates chunks
    by itself and also drops them by a policy (`pipeline.drop_old_samples`).
    """
    timescale = engine_of(connection) is Engine.TIMESCALE
    until_us = _droppable_us(connection, layout, now_us)
    connection.commit()
    steps: list[Callable[[str], None]] = []
    if not timescale:
        steps.append(lambda table: _ahead(connection, table, layout, now_us))
    if until_us is not None:
        drop, until = (_drop_chunks if timescale else _drop), until_us
        steps.append(lambda table: drop(connection, table, until))
    for step in steps:
        for table in TABLES:
            try:
                with connection.transaction():
                    # One upkeep at a time: lock before reading the partitions.
                    connection.execute("select pg_advisory_xact_lock(%s)", (_LOCK,))
                    connection.execute(f"set local lock_timeout = '{_LOCK_TIMEOUT}'")
                    step(table)
            except (errors.LockNotAvailable, errors.DeadlockDetected):
                log.warning("upkeep of %s is postponed: another session has a lock on it", table)
                return False
    if until_us is not None and until_us != dropped(connection):
        connection.execute(
            "update pipeline.layout set dropped_at = greatest(dropped_at, %s)", (from_us(until_us),)
        )
    connection.commit()
    return True


def _drop_chunks(connection: Connection, table: str, until_us: int) -> None:
    if until_us > (dropped(connection) or 0):
        connection.execute(
            "select drop_chunks(%s::regclass, older_than => %s)", (table, from_us(until_us))
        )


def _ahead(connection: Connection, table: str, layout: Layout, now_us: int) -> None:
    last_us = chunks(connection, table)[-1].until_us
    assert last_us is not None  # only the default partition has no end
    made = make_ahead(connection, table, layout, last_us, now_us)
    if made:
        log.info("made partitions %s", ", ".join(made))


def _make(connection: Connection, table: str, from_us_: int, until_us: int) -> str:
    """Create a chunk as a table and attach it, which needs a weaker lock on the parent."""
    bounds = (from_us(from_us_), from_us(until_us))
    chunk = f"{table}_{bounds[0]:%Y%m%d}"
    connection.execute(f"create table {chunk} (like {table} including all)".encode())
    # Take the lock that attaching needs first: taken later, it could deadlock with writers.
    connection.execute(f"lock table {table} in share update exclusive mode".encode())
    connection.execute(f"lock table {table}_default in access exclusive mode".encode())
    connection.execute(
        f"with belongs as (delete from {table}_default where observed_at >= %s "
        f"and observed_at < %s returning *) insert into {chunk} select * from belongs",
        bounds,
    )
    connection.execute(
        f"alter table {table} attach partition {chunk} "
        f"for values from ('{bounds[0].isoformat()}') to ('{bounds[1].isoformat()}')".encode()
    )
    return chunk


def _attach_past(connection: Connection, table: str, until_us: int) -> None:
    connection.execute(
        f"alter table {table} attach partition {table}_past "
        f"for values from (minvalue) to ('{from_us(until_us).isoformat()}')".encode()
    )


def _droppable_us(connection: Connection, layout: Layout, now_us: int) -> int | None:
    """Return the cutoff of retention, limited to what no computation needs any more."""
    cutoff, safe = cutoff_us(layout, now_us), secured(connection)
    return None if cutoff is None or safe is None else min(cutoff, safe)


def _drop(connection: Connection, table: str, until_us: int) -> None:
    if until_us <= (dropped(connection) or 0):
        return
    past, *later = chunks(connection, table)
    old = [c for c in later if c.until_us is not None and c.until_us <= until_us]
    if old:
        # Everything in the past partition is older. Its new bound is the first chunk that remains.
        connection.execute(f"truncate {table}_past".encode())
        connection.execute(f"alter table {table} detach partition {past.name}".encode())
        for chunk in old:
            connection.execute(f"drop table {chunk.name}".encode())
        assert old[-1].until_us is not None
        _attach_past(connection, table, old[-1].until_us)
        log.info("retention dropped %s", ", ".join(c.name for c in old))
    else:
        n = connection.execute(
            f"delete from {table}_past where observed_at < %s", (from_us(until_us),)
        ).rowcount
        log.info("retention deleted %d rows of %s", n, past.name)


def _floor(us: int, step_us: int) -> int:
    return us // step_us * step_us
