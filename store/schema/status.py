"""Layout and state of the store for `tachowatt db status`, on both engines."""

from typing import Any

from store.postgres import rows
from store.postgres.engine import Engine, Layout, engine_of
from store.postgres.pool import Connection, scalar
from store.postgres.times import from_us
from store.schema import migrate, rollups
from store.schema.layout import described
from store.schema.partitions import TABLES, cutoff_us, dropped, secured
from store.schema.rollup_objects import ROLLUPS, SOURCES

Found = dict[str, Any]

_POLICIES = {
    "policy_compression": "columnstore",
    "policy_refresh_continuous_aggregate": "refresh",
    "drop_old_samples": "retention",
}


def status(connection: Connection, layout: Layout, now_us: int) -> Found:
    """Return everything as one value for JSON.

    Keys: engine, server, migrations, tables, rollups, policies, retention. A database before
    migration 0005 has only the first three.
    """
    applied = migrate.applied(connection)
    found: Found = {
        "server": str(scalar(connection, "show server_version")),
        "migrations": {
            "applied": applied,
            "pending": [m.name for m in migrate.available() if m.name not in applied],
        },
    }
    if scalar(connection, "select to_regclass('pipeline.layout')") is None:
        return {"engine": None, **found}
    timescale = engine_of(connection) is Engine.TIMESCALE
    sources = [source.table for source in SOURCES]
    return {
        "engine": described(connection),
        **found,
        "tables": [
            _hypertable(connection, table) if timescale else _plain(connection, table)
            for table in (*TABLES, *sources)
        ],
        "rollups": _rollups(connection, timescale),
        "policies": _policies(connection) if timescale else [],
        "retention": {
            "days": layout.retention_days or None,
            "cutoff": _time(cutoff_us(layout, now_us)),
            "secured": _time(secured(connection)),
            "dropped": _time(dropped(connection)),
        },
    }


def _hypertable(connection: Connection, table: str) -> Found:
    row = rows.one(
        connection,
        "select count(*) as chunks, count(*) filter (where is_compressed) as compressed, "
        "min(range_start) as oldest, max(range_end) as newest "
        "from timescaledb_information.chunks "
        "where format('%%I.%%I', hypertable_schema, hypertable_name) = %s",
        (table,),
    )
    assert row is not None
    before, after = connection.execute(
        "select sum(before_compression_total_bytes)::bigint, "
        "sum(after_compression_total_bytes)::bigint "
        "from hypertable_compression_stats(%s::regclass)",
        (table,),
    ).fetchone() or (None, None)
    return {
        "table": table,
        "kind": "hypertable",
        "chunks": row["chunks"],
        "compressed": row["compressed"],
        "oldest": _iso(row["oldest"]),
        "newest": _iso(row["newest"]),
        "rows": scalar(connection, "select approximate_row_count(%s::regclass)", (table,)),
        "bytes": scalar(connection, "select hypertable_size(%s::regclass)", (table,)),
        "bytes_before": before,
        "bytes_after": after,
        "ratio": round(before / after, 1) if before and after else None,
    }


def _plain(connection: Connection, table: str) -> Found:
    row = rows.one(
        connection,
        "select count(*) filter (where c.relispartition) as chunks, "
        "coalesce(sum(greatest(c.reltuples, 0)), 0)::bigint as rows, "
        "coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint as bytes, "
        "min(lower) as oldest, max(upper) as newest "
        "from pg_partition_tree(%s::regclass) p join pg_class c on c.oid = p.relid "
        "cross join lateral pg_get_expr(c.relpartbound, c.oid) as b "
        "cross join lateral (select (regexp_match(b, 'FROM \\(''(.*?)''\\)'))[1]::timestamptz "
        "as lower, (regexp_match(b, 'TO \\(''(.*?)''\\)'))[1]::timestamptz as upper) as bounds",
        (table,),
    )
    assert row is not None
    if not row["chunks"]:  # an ordinary table has no tree
        row = rows.one(
            connection,
            "select 0 as chunks, greatest(reltuples, 0)::bigint as rows, "
            "pg_total_relation_size(oid) as bytes, null as oldest, null as newest "
            "from pg_class where oid = %s::regclass",
            (table,),
        )
        assert row is not None
    return {
        "table": table,
        "kind": "partitioned" if row["chunks"] else "table",
        "chunks": row["chunks"],
        "compressed": 0,
        "oldest": _iso(row["oldest"]),
        "newest": _iso(row["newest"]),
        "rows": row["rows"],
        "bytes": row["bytes"],
        "bytes_before": None,
        "bytes_after": None,
        "ratio": None,
    }


def _rollups(connection: Connection, timescale: bool) -> Found:
    zone = scalar(connection, "select rollup_zone from pipeline.layout")
    notes = {source.table: rollups.dirty(connection, source) for source in SOURCES}
    return {
        "zone": zone,
        "kind": "continuous aggregate" if timescale else "view over a maintained table",
        "views": [
            {
                "rollup": rollup.view,
                "of": rollup.source.table,
                "waiting": notes[rollup.source.table],
            }
            for rollup in ROLLUPS
        ],
    }


def _policies(connection: Connection) -> list[Found]:
    found = rows.all_(
        connection,
        "select j.job_id, j.proc_name, j.hypertable_schema || '.' || j.hypertable_name as table, "
        "j.schedule_interval::text as every, j.scheduled, j.config, s.last_run_status, "
        # The time is infinite for a job that has never run, or will not run again.
        "case when isfinite(s.last_run_started_at) then s.last_run_started_at end as last_run, "
        "case when isfinite(n.at) then n.at end as next_run "
        "from timescaledb_information.jobs j "
        "left join timescaledb_information.job_stats s using (job_id) "
        "cross join lateral (select coalesce(s.next_start, j.next_start) as at) n "
        "where j.proc_name = any(%s) order by 1",
        (list(_POLICIES),),
    )
    return [
        {
            "job": job["job_id"],
            "policy": _POLICIES[job["proc_name"]],
            "table": job["table"],
            "every": job["every"],
            "scheduled": job["scheduled"],
            "config": job["config"],
            "last_run": _iso(job["last_run"]),
            "last_status": job["last_run_status"],
            "next_run": _iso(job["next_run"]),
        }
        for job in found
    ]


def _iso(at: Any) -> str | None:
    return None if at is None else str(at.isoformat())


def _time(us: int | None) -> str | None:
    return None if us is None else from_us(us).isoformat()
