"""How the store is laid out on the engine that is there; the same names on both.

`structure` runs once, right behind migration 0005, so that later migrations find the tables as they
stay; `arrange` runs at the end of every migration and makes what is there as the settings say.
"""

import logging

from runtime.errors import Stop
from store.postgres.engine import Engine, Layout, choose, engine_of, extension_version
from store.postgres.pool import Connection
from store.postgres.times import from_us
from store.schema import hypertables, partitions, rollup_objects
from store.schema.reader_views import show_rollups

log = logging.getLogger("store")


def structure(connection: Connection, layout: Layout, now_us: int) -> None:
    """Choose the engine of a database, write it down, and lay out its tables."""
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
    rollup_objects.build(connection, engine, layout)


def arrange(connection: Connection, layout: Layout) -> None:
    """Make policies and rollups as the settings say, in the caller's transaction. Idempotent.

    Raises `Stop` where the settings ask for TimescaleDB and the database has been laid out plain.
    """
    engine = engine_of(connection)
    if layout.timescale == "on" and engine is Engine.PLAIN:
        raise Stop(
            "TACHOWATT_TIMESCALE is on, but this database was laid out without it: dump its data "
            "and restore it into a new one, or set it to auto"
        )
    rollup_objects.build(connection, engine, layout)
    show_rollups(connection)
    if engine is Engine.TIMESCALE:
        hypertables.apply_settings(connection, layout)


def described(connection: Connection) -> str:
    """One line about the engine, for the log at start and `tachowatt db status`."""
    version = extension_version(connection)
    if engine_of(connection) is Engine.TIMESCALE:
        return f"TimescaleDB {version}"
    if version is None:
        return "plain PostgreSQL"
    return (
        f"plain PostgreSQL, although the extension TimescaleDB {version} is there: this database "
        "was laid out without it; to move, dump its data and restore it into a new one"
    )
