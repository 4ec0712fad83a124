"""The engine of a database's samples and rollups: TimescaleDB or plain PostgreSQL."""

from dataclasses import dataclass
from enum import StrEnum
from weakref import WeakKeyDictionary

from runtime.clock import US_PER_S
from runtime.errors import Stop
from runtime.settings import Settings
from store.postgres.pool import Connection, scalar

DAY_US = 86_400 * US_PER_S


class Engine(StrEnum):
    """The engine that `pipeline.layout` records; chosen when the tables are created."""

    TIMESCALE = "timescale"
    PLAIN = "plain"


@dataclass(frozen=True, slots=True)
class Layout:
    """Settings of the store's physical layout.

    timescale : auto, on or off; chunk_days, retention_days (0 = keep all), compress_after_days :
    days; chunks_ahead : partitions created in advance; rollup_zone : IANA name.
    """

    timescale: str = "auto"
    chunk_days: int = 7
    chunks_ahead: int = 2
    retention_days: int = 0
    compress_after_days: int = 7
    rollup_zone: str = "UTC"

    @classmethod
    def of(cls, settings: Settings) -> "Layout":
        """Return the layout in these settings."""
        return cls(
            settings.timescale,
            settings.chunk_days,
            settings.chunks_ahead,
            settings.retention_days,
            settings.compress_after_days,
            settings.rollup_zone,
        )

    @property
    def chunk_us(self) -> int:
        """Length of a chunk in microseconds."""
        return self.chunk_days * DAY_US


_known: WeakKeyDictionary[Connection, Engine] = WeakKeyDictionary()
"""A database never changes its engine, so one query for each connection is enough."""


def engine_of(connection: Connection) -> Engine:
    """Return the engine of a migrated database. Raises `Stop` where it is not migrated."""
    engine = _known.get(connection)
    if engine is None:
        found = recorded(connection)
        if found is None:
            raise Stop("this database was not arranged yet; run `tachowatt db migrate`")
        engine = _known[connection] = found
    return engine


def recorded(connection: Connection) -> Engine | None:
    """Return the engine that the database records; None before migration 0005."""
    found = scalar(connection, "select engine from pipeline.layout")
    return None if found is None else Engine(found)


def choose(connection: Connection, wish: str) -> Engine:
    """Choose the engine for a new database; create the extension where this is allowed.

    Raises `Stop` where the settings require TimescaleDB and it is not available.
    """
    if wish == "off":
        return Engine.PLAIN
    if extension_version(connection) is not None:
        return Engine.TIMESCALE
    missing = _missing(connection)
    if missing is None:
        connection.execute("create extension timescaledb")
        return Engine.TIMESCALE
    if wish == "on":
        raise Stop(f"TACHOWATT_TIMESCALE is on, but {missing}; or set it to auto or off")
    return Engine.PLAIN


def extension_version(connection: Connection) -> str | None:
    """Return the version of TimescaleDB in this database; None where it is not installed."""
    found = scalar(connection, "select extversion from pg_extension where extname = 'timescaledb'")
    return None if found is None else str(found)


def _missing(connection: Connection) -> str | None:
    """Return why this role cannot create the extension, and the remedy; None = it can."""
    if not scalar(
        connection, "select exists (select from pg_available_extensions where name = 'timescaledb')"
    ):
        return "this server does not have the extension timescaledb: install it there"
    # A setting of its loader; not every login may read shared_preload_libraries.
    if scalar(connection, "select current_setting('timescaledb.disable_load', true)") is None:
        return "the server does not load it: put timescaledb into shared_preload_libraries, restart"
    if not scalar(
        connection,
        "select rolsuper or (select bool_or(trusted) from pg_available_extension_versions "
        "where name = 'timescaledb') and has_database_privilege(current_database(), 'create') "
        "from pg_roles where rolname = current_user",
    ):
        return "this role may not create the extension: let a superuser create it in this database"
    return None


def takes(connection: Connection, function: str, argument: str) -> bool:
    """Return whether a function or procedure of the extension has an argument in this version."""
    found = scalar(
        connection,
        "select coalesce(bool_or(%s = any(proargnames)), false) from pg_proc where proname = %s",
        (argument, function),
    )
    return bool(found)
