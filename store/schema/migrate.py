"""Forward-only migrations: numbered SQL files, each applied once, in order."""

import hashlib
from dataclasses import dataclass
from importlib import resources

from runtime.clock import SystemClock
from runtime.errors import Stop
from store.postgres.engine import Layout
from store.postgres.pool import Connection, connect, scalar, translated
from store.schema import layout as layouts
from store.schema import partitions

# Any fixed number: concurrent migrations of one database wait for this lock.
_LOCK = 7_261_001

_LAYOUT = 5
"""The migration after which partitions or hypertables are created."""

_DEFAULT = Layout()


@dataclass(frozen=True, slots=True)
class Migration:
    """One file of `store/schema/migrations`."""

    version: int
    name: str
    sql: str

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()


def available() -> list[Migration]:
    """Return all migrations of this program, ascending."""
    found = [
        Migration(int(file.name.split("_")[0]), file.name, file.read_text(encoding="utf-8"))
        for file in resources.files("store.schema.migrations").iterdir()
        if file.name.endswith(".sql")
    ]
    return sorted(found, key=lambda migration: migration.version)


def migrate(url: str, layout: Layout = _DEFAULT, now_us: int | None = None) -> list[str]:
    """Apply pending migrations; return their names.

    now_us : determines which partitions are created in advance; None = the machine's clock.
    Safe to repeat and to run concurrently. A login that does not own the tables (docs/roles.md)
    only checks for pending migrations. Raises `Stop` where an applied file has changed, the
    database is newer than this program, or the owner has to migrate first.
    """
    now_us = SystemClock().now_us() if now_us is None else now_us
    with translated(), connect(url, application="tachowatt-migrate") as connection:
        if not _may_change(connection):
            return _nothing_to_do(connection)
        _as_owner(connection)
        connection.execute("select pg_advisory_xact_lock(%s)", (_LOCK,))
        there = _applied(connection)
        known = {migration.version: migration for migration in available()}
        for version, (name, digest) in there.items():
            if version not in known:
                raise Stop(
                    f"the database has migration {name}, which this program does not know: "
                    "it is newer; upgrade Tachowatt"
                )
            if known[version].digest != digest:
                raise Stop(
                    f"migration {name} was changed after it had been applied; "
                    "restore the file and put the change into a new one"
                )
        done = []
        for version, migration in sorted(known.items()):
            if version in there:
                continue
            connection.execute(migration.sql.encode())
            connection.execute(
                "insert into public.tachowatt_migration (version, name, digest) "
                "values (%s, %s, %s)",
                (version, migration.name, migration.digest),
            )
            done.append(migration.name)
            if version == _LAYOUT:
                layouts.structure(connection, layout, now_us)
        if _LAYOUT in known:
            layouts.arrange(connection, layout)
        connection.commit()
        if _LAYOUT in known:
            partitions.upkeep(connection, layout, now_us)
    return done


def _may_change(connection: Connection) -> bool:
    """Return False where the tables' owner is a login whose rights this one does not have."""
    owner = "select pg_has_role(relowner, 'usage') from pg_class where oid = to_regclass(%s)"
    return bool(scalar(connection, owner, ("public.tachowatt_migration",)) in (None, True))


def _as_owner(connection: Connection) -> None:
    """Assume the role that owns the tables, so that all objects have one owner."""
    owner = scalar(
        connection,
        "select quote_ident(pg_get_userbyid(relowner)) from pg_class where oid = to_regclass(%s) "
        "and pg_get_userbyid(relowner) <> current_user and pg_has_role(relowner, 'member')",
        ("public.tachowatt_migration",),
    )
    if owner is not None:
        connection.execute(f"set role {owner}".encode())


def _nothing_to_do(connection: Connection) -> list[str]:
    missing = {migration.name for migration in available()} - set(applied(connection))
    if missing:
        raise Stop(
            f"migrations are not applied: {', '.join(sorted(missing))}; run `tachowatt db migrate` "
            "as the login that owns the tables"
        )
    return []


def applied(connection: Connection) -> list[str]:
    """Return the names of a database's applied migrations, ascending; change nothing."""
    if scalar(connection, "select to_regclass('public.tachowatt_migration')") is None:
        return []
    rows = connection.execute("select name from public.tachowatt_migration order by version")
    return [str(name) for (name,) in rows.fetchall()]


def _applied(connection: Connection) -> dict[int, tuple[str, str]]:
    connection.execute(
        "create table if not exists public.tachowatt_migration ("
        "version integer primary key, name text not null, digest text not null, "
        "applied_at timestamptz not null default now())"
    )
    rows = connection.execute("select version, name, digest from public.tachowatt_migration")
    return {version: (name, digest) for version, name, digest in rows.fetchall()}
