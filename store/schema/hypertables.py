"""Samples and the rollups' sources on TimescaleDB: hypertables, columnstore, policies."""

import json
import logging
from dataclasses import dataclass

from store.postgres.engine import Layout, takes
from store.postgres.pool import Connection, scalar
from store.schema.partitions import TABLES, populated
from store.schema.rollup_objects import ROLLUPS, SOURCES

log = logging.getLogger("store")

_SOURCE_CHUNK_DAYS = 90
"""There are few trips and intervals in comparison with their samples."""

_REFRESH_EVERY = "15 minutes"
_DROP_EVERY = "1 day"


@dataclass(frozen=True, slots=True)
class _Policy:
    """A job that the scheduler must have with this configuration; else it is replaced."""

    procedure: str
    table: str | None
    config: dict[str, object]
    add: str


def split(connection: Connection, layout: Layout) -> None:
    """Convert plain tables with their rows to hypertables, in the caller's transaction."""
    for table in TABLES:
        _hypertable(connection, table, "observed_at", layout.chunk_days)
        connection.execute(
            f"alter table {table} set (timescaledb.enable_columnstore = true, "
            "timescaledb.segmentby = 'device_id', timescaledb.orderby = 'observed_at')".encode()
        )
    for source in SOURCES:
        _hypertable(connection, source.table, "start_at", _SOURCE_CHUNK_DAYS)


def _hypertable(connection: Connection, table: str, column: str, days: int) -> None:
    if populated(connection, table):
        log.info("%s becomes a hypertable; all its rows are moved, this may take a while", table)
    # Without the default index on time alone, which no query of ours uses.
    connection.execute(
        "select create_hypertable(%s::regclass, by_range(%s, make_interval(days => %s)), "
        "create_default_indexes => false, migrate_data => true)",
        (table, column, days),
    )


def apply_settings(connection: Connection, layout: Layout) -> None:
    """Apply chunk interval and policies from the settings. Cheap where nothing has changed."""
    for table in TABLES:
        days = scalar(
            connection,
            "select extract(epoch from time_interval) / 86400 "
            "from timescaledb_information.dimensions "
            "where format('%%I.%%I', hypertable_schema, hypertable_name) = %s",
            (table,),
        )
        if days != layout.chunk_days:
            connection.execute(
                "select set_chunk_time_interval(%s::regclass, make_interval(days => %s))",
                (table, layout.chunk_days),
            )
    # Newest first, the default in batches, older buckets are missing until the last batch.
    oldest_first = takes(connection, "add_continuous_aggregate_policy", "refresh_newest_first")
    wanted = _wanted(layout, oldest_first=oldest_first)
    there = {
        (procedure, table): (job_id, config)
        for job_id, procedure, table, config in connection.execute(
            "select job_id, proc_name, hypertable_schema || '.' || hypertable_name, config "
            "from timescaledb_information.jobs where proc_name in ("
            "'policy_compression', 'policy_refresh_continuous_aggregate', 'drop_old_samples')"
        )
    }
    for policy in wanted:
        job_id, config = there.pop((policy.procedure, policy.table), (None, None))
        if job_id is not None and policy.config.items() <= config.items():
            continue
        if job_id is not None:
            connection.execute("select delete_job(%s)", (job_id,))
        connection.execute(policy.add.encode())
    if not layout.retention_days:
        for (procedure, _), (job_id, _) in there.items():
            if procedure == "drop_old_samples":
                connection.execute("select delete_job(%s)", (job_id,))


def _wanted(layout: Layout, *, oldest_first: bool) -> list[_Policy]:
    order = ", refresh_newest_first => false" if oldest_first else ""
    days = layout.compress_after_days
    after = f"{days} day" if days == 1 else f"{days} days"
    policies = [
        _Policy(
            "policy_compression",
            table,
            {"compress_after": after},
            f"call add_columnstore_policy('{table}', after => interval '{after}')",
        )
        for table in TABLES
    ]
    policies += [
        _Policy(
            "policy_refresh_continuous_aggregate",
            rollup.view,
            {"refresh_newest_first": False} if oldest_first else {},
            f"select add_continuous_aggregate_policy('{rollup.view}', start_offset => null, "
            f"end_offset => interval '1 {rollup.unit}', "
            f"schedule_interval => interval '{_REFRESH_EVERY}'{order})",
        )
        for rollup in ROLLUPS
    ]
    if layout.retention_days:
        config = {"keep": f"{layout.retention_days} days", "chunk": f"{layout.chunk_days} days"}
        policies.append(
            _Policy(
                "drop_old_samples",
                None,
                dict(config),
                f"select add_job('pipeline.drop_old_samples', interval '{_DROP_EVERY}', "
                f"config => '{json.dumps(config)}')",
            )
        )
    return policies
