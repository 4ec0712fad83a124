"""Refresh of the rollups. What they are is in store/schema/rollup_objects.py.

On plain PostgreSQL they always agree with the rows; refreshing only makes reading cheaper. On
TimescaleDB what is newer than the last refresh is always right too, and a correction of what is
older shows after the next one (a policy, every quarter of an hour).
"""

from store.postgres.engine import Engine, engine_of
from store.postgres.pool import Connection, scalar
from store.schema.rollup_objects import LOCK, ROLLUPS, SOURCES, Source, aggregated, touched

_SLICE = 1_000
_DAYS = "(select * from unnest(%(devices)s::bigint[], %(days)s::timestamptz[]) u (device_id, day))"


def dirty(connection: Connection, source: Source) -> int:
    """Notes of changes that wait for a refresh; always 0 on TimescaleDB, which keeps its own."""
    if engine_of(connection) is Engine.TIMESCALE:
        return 0
    return int(scalar(connection, f"select count(*) from {source.dirty}"))


def refresh(connection: Connection, limit: int = _SLICE) -> int:
    """Recompute buckets of up to `limit` notes of each source; how many notes that took.

    In a transaction of its own, which is committed. 0 = nothing waits, somebody else is at it, or
    this is TimescaleDB, where policies do it.
    """
    if engine_of(connection) is Engine.TIMESCALE:
        return 0
    connection.commit()
    with connection.transaction():
        if not scalar(connection, "select pg_try_advisory_xact_lock(%s)", (LOCK,)):
            return 0
        zone = str(scalar(connection, "select rollup_zone from pipeline.layout"))
        return sum(_recompute(connection, source, zone, limit) for source in SOURCES)


def refresh_all(connection: Connection) -> None:
    """Bring all rollups up to date, on both engines; commits."""
    if engine_of(connection) is Engine.PLAIN:
        while refresh(connection):
            pass
        return
    connection.commit()
    connection.autocommit = True  # it refuses to run in a transaction
    try:
        for rollup in ROLLUPS:
            connection.execute(
                # Up to where the policies go: a bucket that is finished here before its time would
                # not be looked at again until they come to it.
                f"call refresh_continuous_aggregate('{rollup.view}', null, "
                f"now() - interval '1 {rollup.unit}')".encode()
            )
    finally:
        connection.autocommit = False


def _recompute(connection: Connection, source: Source, zone: str, limit: int) -> int:
    # The notes go first: what is committed from here on is either seen below, or has its own note.
    notes = connection.execute(
        f"delete from {source.dirty} where ctid = any(array(select ctid from {source.dirty} "
        "order by device_id, day limit %s)) returning device_id, day",
        (limit,),
    ).fetchall()
    if not notes:
        return 0
    unique = sorted(set(notes))
    days = {"devices": [d for d, _ in unique], "days": [day for _, day in unique]}
    for rollup in ROLLUPS:
        if rollup.source is not source:
            continue
        in_zone = rollup.zone(zone)
        connection.execute(
            f"delete from {rollup.stored} s using ({touched(rollup, in_zone, _DAYS)}) b "
            f"where s.device_id = b.device_id and s.{rollup.unit} = b.{rollup.unit}",
            days,
        )
        connection.execute(
            f"insert into {rollup.stored} {aggregated(rollup, in_zone, _DAYS)}", days
        )
    return len(notes)
