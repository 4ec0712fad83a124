"""Refresh of the rollups (definitions: store/schema/rollup_objects.py).

On plain PostgreSQL they always agree with the rows; a refresh only makes queries cheaper. On
TimescaleDB rows newer than the last refresh are always included; corrections of older rows are
visible after the next refresh (a policy, every quarter of an hour).
"""

from store.postgres.engine import Engine, engine_of, takes
from store.postgres.pool import Connection, scalar
from store.schema.rollup_objects import LOCK, ROLLUPS, SOURCES, Source, aggregated, touched

_SLICE = 1_000
_DAYS = "(select * from unnest(%(devices)s::bigint[], %(days)s::timestamptz[]) u (device_id, day))"


def dirty(connection: Connection, source: Source) -> int:
    """Count changes that wait for a refresh; always 0 on TimescaleDB, which has its own list."""
    if engine_of(connection) is Engine.TIMESCALE:
        return 0
    return int(scalar(connection, f"select count(*) from {source.dirty}"))


def refresh(connection: Connection, limit: int = _SLICE) -> int:
    """Recompute the buckets of up to `limit` changes per source; return the number of changes.

    In a separate transaction, which is committed. 0 = no change waits, another session refreshes,
    or the engine is TimescaleDB, where policies refresh.
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
    """Refresh all rollups completely, on both engines; commit."""
    if engine_of(connection) is Engine.PLAIN:
        while refresh(connection):
            pass
        return
    connection.commit()
    # Newest first, the default in batches, older buckets are missing until the last batch.
    order = ""
    if takes(connection, "refresh_continuous_aggregate", "options"):
        order = """, options => '{"refresh_newest_first": false}'"""
    connection.commit()
    connection.autocommit = True  # the procedure cannot run in a transaction
    try:
        for rollup in ROLLUPS:
            connection.execute(
                # Up to the policies' end: a bucket materialised earlier would not include later
                # rows until the policies reach it.
                f"call refresh_continuous_aggregate('{rollup.view}', null, "
                f"now() - interval '1 {rollup.unit}'{order})".encode()
            )
    finally:
        connection.autocommit = False


def refresh_changed(connection: Connection) -> None:
    """Refresh what changes of rows concern, on both engines; commit."""
    if engine_of(connection) is Engine.TIMESCALE:
        refresh_all(connection)  # its list of changes limits it to those
        return
    while refresh(connection):
        pass


def _recompute(connection: Connection, source: Source, zone: str, limit: int) -> int:
    # Delete the changes first: a row committed from now on is visible below, or adds a new change.
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
