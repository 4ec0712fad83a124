"""Rollups: read, and brought up to date. What they are is in store/schema/rollup_objects.py.

On plain PostgreSQL they always tell what the rows say; refreshing only makes reading cheaper. On
TimescaleDB what is newer than the last refresh is always right too, and a correction of what is
older shows after the next one (a policy, every quarter of an hour).
"""

from datetime import datetime
from typing import Any

from store.postgres import rows
from store.postgres.engine import Engine, engine_of
from store.postgres.pool import Connection, scalar
from store.schema.rollup_objects import (
    LOCK,
    METER_DAY,
    METER_HOUR,
    METER_MONTH,
    ROLLUPS,
    SOURCES,
    VEHICLE_DAY,
    Rollup,
    Source,
    aggregated,
    touched,
)

_SLICE = 1_000
_DAYS = "(select * from unnest(%(devices)s::bigint[], %(days)s::timestamptz[]) u (device_id, day))"


def vehicle_days(
    connection: Connection, device_id: int, from_at: datetime, until_at: datetime
) -> list[dict[str, Any]]:
    """Days with trips that begin in [from, until): device_id, day, trips, distance_m, driving_s,
    idle_s, night_s, rush_s, speeding_s, harsh_braking, harsh_acceleration, harsh_cornering,
    crashes, max_speed_kmh. A trip belongs to the day on which it began."""
    return _read(connection, VEHICLE_DAY, device_id, from_at, until_at)


def meter_hours(
    connection: Connection, device_id: int, from_at: datetime, until_at: datetime
) -> list[dict[str, Any]]:
    """Hours that begin in [from, until): device_id, hour, energy_kwh (measured), estimated_kwh
    (beside it), max_w (highest measured interval), intervals, measured, estimated, missing."""
    return _read(connection, METER_HOUR, device_id, from_at, until_at)


def meter_days(
    connection: Connection, device_id: int, from_at: datetime, until_at: datetime
) -> list[dict[str, Any]]:
    """As `meter_hours`, by day of the rollups' zone."""
    return _read(connection, METER_DAY, device_id, from_at, until_at)


def meter_months(
    connection: Connection, device_id: int, from_at: datetime, until_at: datetime
) -> list[dict[str, Any]]:
    """As `meter_hours`, by month of the rollups' zone."""
    return _read(connection, METER_MONTH, device_id, from_at, until_at)


def hour_profile(
    connection: Connection, device_id: int, from_at: datetime, until_at: datetime, zone: str
) -> list[dict[str, Any]]:
    """A meter's average hour of the day in [from, until): hour (0–23, in `zone`), energy_kwh
    (average of the measured energy), hours (how many it is the average of). Where a zone is off by
    half an hour, an hour counts as that in which it begins."""
    return rows.all_(
        connection,
        "select extract(hour from hour at time zone %s)::integer as hour, "
        f"avg(energy_kwh::numeric)::float8 as energy_kwh, count(*) as hours from {METER_HOUR.view} "
        "where device_id = %s and hour >= %s and hour < %s and energy_kwh is not null "
        "group by 1 order by 1",
        (zone, device_id, from_at, until_at),
    )


def _read(
    connection: Connection, rollup: Rollup, device_id: int, from_at: datetime, until_at: datetime
) -> list[dict[str, Any]]:
    return rows.all_(
        connection,
        f"select * from {rollup.view} where device_id = %s and {rollup.unit} >= %s "
        f"and {rollup.unit} < %s order by {rollup.unit}",
        (device_id, from_at, until_at),
    )


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
