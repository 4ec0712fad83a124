"""The rollups' definitions, and their objects on each engine (schema `rollup`).

On TimescaleDB a rollup is a continuous aggregate. On plain PostgreSQL it is a view of the same name
and columns over a table of finished buckets and, for buckets that have changed since, the source
rows. Triggers on the source append the changed (device, day) to a list; store/schema/rollups.py
deletes only the lines that it has read, so a change committed at the same time keeps its line.

Provisional rows do not count: nothing has decided them yet. Sums are exact in numeric, so they do
not depend on the order of rows.
"""

from dataclasses import dataclass
from zlib import crc32

from psycopg import sql

from contracts.kinds import COUNTED_BY_SEVERITY
from contracts.quality import Quality
from store.postgres.engine import Engine, Layout
from store.postgres.pool import Connection
from store.postgres.times import PROVISIONAL_US, from_us

LOCK = 7_261_002
"""Any fixed number: refresh and build exclude each other by this lock."""

_SQL_VERSION = 1
"""Raised with every change of the SQL here that is not a change of columns."""


def _sum(column: str, condition: str = "") -> str:
    return f"(sum({column}::numeric) {condition})::float8"


def _by_severity(column: str) -> str:
    return f"sum({column}[1] + {column}[2] + {column}[3])::bigint"


# As in the kernel's days (feature_kernels/consumption/intervals.py, `push`).
_MISSING = f"(energy_kwh is null or status <= {Quality.NICHT_VERWENDBAR:d})"
_ESTIMATED = f"(not {_MISSING} and (status < {Quality.ABGELESEN:d} or estimated > 0))"
_MEASURED = f"(not {_MISSING} and not {_ESTIMATED})"

VEHICLE_COLUMNS = {
    "trips": "count(*)",
    **{
        name: _sum(name)
        for name in ("distance_m", "driving_s", "idle_s", "night_s", "rush_s", "speeding_s")
    },
    **{name: _by_severity(name) for name in COUNTED_BY_SEVERITY},
    "crashes": "sum(crash)::bigint",
    "max_speed_kmh": "max(max_speed_kmh)",
}
METER_COLUMNS = {
    "energy_kwh": _sum("energy_kwh", f"filter (where {_MEASURED})"),
    "estimated_kwh": _sum("energy_kwh", f"filter (where {_ESTIMATED})"),
    "max_w": "max(energy_kwh * 3600000.0 / extract(epoch from end_at - start_at)::float8) "
    f"filter (where {_MEASURED} and end_at > start_at)",
    "intervals": "count(*)",
    "measured": f"count(*) filter (where {_MEASURED})",
    "estimated": f"count(*) filter (where {_ESTIMATED})",
    "missing": f"count(*) filter (where {_MISSING})",
}


@dataclass(frozen=True, slots=True)
class Source:
    """A table of features that rollups aggregate; `short` is part of its objects' names."""

    table: str
    short: str
    columns: dict[str, str]

    @property
    def dirty(self) -> str:
        """The list of changed (device_id, day of UTC), on plain PostgreSQL."""
        return f"rollup._{self.short}_dirty"


TRIPS = Source("features.trip", "trip", VEHICLE_COLUMNS)
INTERVALS = Source("features.meter_interval", "interval", METER_COLUMNS)
SOURCES = (TRIPS, INTERVALS)


@dataclass(frozen=True, slots=True)
class Rollup:
    """One rollup. unit : hour, day or month; also the name of the buckets' column.

    Hours are in UTC: local hours are ambiguous at the end of daylight saving time.
    """

    name: str
    source: Source
    unit: str

    @property
    def view(self) -> str:
        """The relation that readers query, on both engines."""
        return f"rollup.{self.name}"

    @property
    def shown(self) -> str:
        """Its view for the role reader (store/schema/reader_views.py)."""
        return f"shown.rollup_{self.name}"

    @property
    def stored(self) -> str:
        """Finished buckets, on plain PostgreSQL."""
        return f"rollup._{self.name}"

    def zone(self, rollup_zone: str) -> str:
        """Return the time zone of the buckets."""
        return "UTC" if self.unit == "hour" else rollup_zone


VEHICLE_DAY = Rollup("vehicle_day", TRIPS, "day")
METER_HOUR = Rollup("meter_hour", INTERVALS, "hour")
METER_DAY = Rollup("meter_day", INTERVALS, "day")
METER_MONTH = Rollup("meter_month", INTERVALS, "month")
ROLLUPS = (VEHICLE_DAY, METER_HOUR, METER_DAY, METER_MONTH)
FORM = crc32(repr((_SQL_VERSION, ROLLUPS)).encode()) & 0x7FFFFFFF
"""A database whose rollups were built with another form builds them anew."""

# A bucket's start plus this is inside the next bucket, also across a change of the clock.
_INTO_NEXT = {"hour": "1 hour", "day": "26 hours", "month": "32 days"}
# The start of a day of UTC plus these reaches every bucket that overlaps the day.
_TOUCHED = {
    "hour": [f"{h} hours" for h in range(24)],
    "day": ["0 hours", "12 hours", "23:59:59.999999"],
    "month": ["0 hours", "23:59:59.999999"],
}
_DECIDED = f"decided_at < '{from_us(PROVISIONAL_US).isoformat()}'::timestamptz"


def build(connection: Connection, engine: Engine, layout: Layout) -> bool:
    """Build and fill all rollups where they are missing or of another zone or form.

    Grants on the previous ones are restored, comments are not. Returns whether it built them.
    """
    if _built(connection, layout):
        return False
    connection.execute("select pg_advisory_xact_lock(%s)", (LOCK,))
    if _built(connection, layout):  # by another session, while this one waited
        return False
    granted = _grants(connection)
    _drop(connection, engine)
    if engine is Engine.PLAIN:
        for source in SOURCES:
            _watch(connection, source)
    for rollup in ROLLUPS:
        (_continuous if engine is Engine.TIMESCALE else _maintained)(
            connection, rollup, rollup.zone(layout.rollup_zone)
        )
    for statement in granted:
        connection.execute(statement)
    connection.execute(
        "update pipeline.layout set rollup_zone = %s, rollup_form = %s", (layout.rollup_zone, FORM)
    )
    return True


def _built(connection: Connection, layout: Layout) -> bool:
    row = connection.execute("select rollup_zone, rollup_form from pipeline.layout").fetchone()
    return row == (layout.rollup_zone, FORM)


def _drop(connection: Connection, engine: Engine) -> None:
    for rollup in ROLLUPS:
        connection.execute(f"drop view if exists {rollup.shown}".encode())
        if engine is Engine.TIMESCALE:
            connection.execute(f"drop materialized view if exists {rollup.view}".encode())
            continue
        connection.execute(f"drop view if exists {rollup.view}".encode())
        connection.execute(f"drop table if exists {rollup.stored}".encode())
    for source in SOURCES:
        if engine is Engine.PLAIN:
            connection.execute(f"drop table if exists {source.dirty}".encode())


def _grants(connection: Connection) -> list[bytes]:
    """Return statements that restore the present grants on the rollups."""
    rows = connection.execute(
        "select format('grant %%s on %%s to %%s', a.privilege_type, c.oid::regclass, "
        "case when a.grantee = 0 then 'public' else a.grantee::regrole::text end) "
        "from pg_class c cross join lateral aclexplode(c.relacl) a "
        "where c.relnamespace = 'rollup'::regnamespace and a.grantee <> c.relowner "
        "and c.relname = any(%s)",
        ([rollup.name for rollup in ROLLUPS],),
    )
    return [str(row[0]).encode() for row in rows.fetchall()]


# ── TimescaleDB ─────────────────────────────────────────────────────────────────────────────────


def _continuous(connection: Connection, rollup: Rollup, zone: str) -> None:
    """Create a continuous aggregate.

    A query aggregates rows newer than the last refresh; corrections of older rows are visible
    after the next refresh (docs/store.md).
    """
    bucket = (
        "time_bucket('1 hour', start_at)"
        if rollup.unit == "hour"
        else f"time_bucket('1 {rollup.unit}', start_at, {_literal(zone)})"
    )
    connection.execute(
        f"create materialized view {rollup.view} with (timescaledb.continuous, "
        f"timescaledb.materialized_only = false) as select device_id, {bucket} as {rollup.unit}, "
        f"{_columns(rollup)} from {rollup.source.table} where {_DECIDED} group by 1, 2 "
        "with no data".encode()
    )


# ── plain PostgreSQL ────────────────────────────────────────────────────────────────────────────


def _watch(connection: Connection, source: Source) -> None:
    """Create the list of changes, and the triggers that write it."""
    note = f"rollup._note_{source.short}"
    connection.execute(
        f"create table {source.dirty} (device_id bigint not null, day timestamptz not null);"
        f"create index on {source.dirty} (device_id, day);"
        # Runs as its owner: a writer of features needs no privilege on the list.
        f"create or replace function {note}() returns trigger language plpgsql security definer "
        "set search_path = pg_catalog as $$ begin "
        f"insert into {source.dirty} select distinct device_id, "
        # The day of UTC, at a third of the cost of date_trunc with a zone.
        "date_bin('1 day', start_at, '1970-01-01 00:00:00+00') "
        "from changed; return null; end $$".encode()
    )
    for event, table in (
        ("insert", "new"), ("delete", "old"), ("update", "old"), ("update", "new")
    ):  # fmt: skip
        connection.execute(
            f"create or replace trigger note_{event}_{table} after {event} on {source.table} "
            f"referencing {table} table as changed for each statement "
            f"execute function {note}()".encode()
        )


def _maintained(connection: Connection, rollup: Rollup, zone: str) -> None:
    unit = rollup.unit
    connection.execute(
        f"create table {rollup.stored} as select device_id, {_truncated(rollup, 'start_at', zone)} "
        f"as {unit}, {_columns(rollup)} from {rollup.source.table} where {_DECIDED} "
        f"group by 1, 2; alter table {rollup.stored} add primary key (device_id, {unit});"
        f"create view {rollup.view} as select s.* from {rollup.stored} s where not exists ("
        f"select from {rollup.source.dirty} d where d.device_id = s.device_id "
        # 24 hours instead of a day, whose length depends on the session's zone.
        f"and d.day > s.{unit} - interval '24 hours' "
        f"and d.day < {_next(rollup, f's.{unit}', zone)}) "
        f"union all {aggregated(rollup, zone, rollup.source.dirty)}".encode()
    )


def touched(rollup: Rollup, zone: str, days: str) -> str:
    """Return a SELECT of distinct (device_id, bucket) that overlap the days of UTC in a table."""
    offsets = ", ".join(f"'{offset}'" for offset in _TOUCHED[rollup.unit])
    return (
        f"select distinct d.device_id, {_truncated(rollup, 'd.day + o', zone)} as {rollup.unit} "
        f"from {days} d cross join unnest(array[{offsets}]::interval[]) o"
    )


def aggregated(rollup: Rollup, zone: str, days: str) -> str:
    """Return a SELECT that aggregates those buckets from the source's present rows."""
    unit, source = rollup.unit, rollup.source
    if unit == "hour":  # a day of UTC has whole hours: one lookup for all of them
        return (
            f"select b.device_id, a.* from (select distinct device_id, day from {days} d) b "
            f"cross join lateral (select {_truncated(rollup, 'f.start_at', zone)} as hour, "
            f"{_columns(rollup)} from {source.table} f where f.device_id = b.device_id "
            "and f.start_at >= b.day and f.start_at < b.day + interval '24 hours' "
            f"and f.{_DECIDED} group by 1) a"
        )
    return (
        f"select b.device_id, b.{unit}, a.* from ({touched(rollup, zone, days)}) b "
        f"cross join lateral (select {_columns(rollup)} from {source.table} f "
        f"where f.device_id = b.device_id and f.start_at >= b.{unit} "
        f"and f.start_at < {_next(rollup, f'b.{unit}', zone)} and f.{_DECIDED} "
        "having count(*) > 0) a"
    )


def _columns(rollup: Rollup) -> str:
    return ", ".join(f"{what} as {name}" for name, what in rollup.source.columns.items())


def _truncated(rollup: Rollup, time: str, zone: str) -> str:
    return f"date_trunc('{rollup.unit}', {time}, {_literal(zone)})"


def _next(rollup: Rollup, bucket: str, zone: str) -> str:
    return _truncated(rollup, f"{bucket} + interval '{_INTO_NEXT[rollup.unit]}'", zone)


def _literal(text: str) -> str:
    return sql.Literal(text).as_string()
