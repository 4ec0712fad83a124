"""The physical layout of the store on the database's engine; names are the same on both.

`structure` runs once, directly after migration 0005, so that later migrations find the final
tables. `arrange` runs at the end of every migration and applies the settings.
"""

import logging

from runtime.errors import Stop
from store.postgres.engine import Engine, Layout, choose, engine_of, extension_version
from store.postgres.pool import Connection
from store.postgres.times import from_us
from store.schema import analysis_views, comments, hypertables, partitions, rollup_objects
from store.schema.reader_views import show_rollups

log = logging.getLogger("store")


def structure(connection: Connection, layout: Layout, now_us: int) -> None:
    """Choose the engine of a database, record it, and create its partitions or hypertables."""
    engine = choose(connection, layout.timescale)
    connection.execute(
        "insert into pipeline.layout (engine, arranged_at) values (%s, %s)",
        (engine, from_us(now_us)),
    )
    if engine is Engine.TIMESCALE:
        hypertables.split(connection, layout)
    else:
        for table in partitions.TABLES:
            partitions.split(connection, table, layout, now_us)


def arrange(connection: Connection, layout: Layout) -> None:
    """Apply the settings of policies and rollups, in the caller's transaction. Idempotent.

    Raises `Stop` where the settings require TimescaleDB and the database's engine is plain.
    """
    engine = engine_of(connection)
    if layout.timescale == "on" and engine is Engine.PLAIN:
        raise Stop(
            "TACHOWATT_TIMESCALE is on, but this database was created without it: dump its data "
            "and restore it into a new one, or set it to auto"
        )
    rebuilt = rollup_objects.build(connection, engine, layout)
    show_rollups(connection)
    if rebuilt or not analysis_views.made(connection):  # else a start has nothing to describe
        analysis_views.make(connection)
        comments.write(connection)
    if engine is Engine.TIMESCALE:
        hypertables.apply_settings(connection, layout)


def described(connection: Connection) -> str:
    """Describe the engine in one line, for the log at start and `tachowatt db status`."""
    version = extension_version(connection)
    if engine_of(connection) is Engine.TIMESCALE:
        return f"TimescaleDB {version}"
    if version is None:
        return "plain PostgreSQL"
    return (
        f"plain PostgreSQL, although the extension TimescaleDB {version} is there: this database "
        "was created without it; to move, dump its data and restore it into a new one"
    )
