"""Forward-only migrations: numbered SQL files, each applied once, in order."""

import hashlib
from dataclasses import dataclass
from importlib import resources

from runtime.errors import Stop
from store.pool import Connection, connect, translated

# Any fixed number: two migrators on one database wait for each other on it.
_LOCK = 7_261_001


@dataclass(frozen=True, slots=True)
class Migration:
    """One file of `store/migrations`."""

    version: int
    name: str
    sql: str

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()


def available() -> list[Migration]:
    """All migrations that this program knows, ascending."""
    found = [
        Migration(int(file.name.split("_")[0]), file.name, file.read_text(encoding="utf-8"))
        for file in resources.files("store.migrations").iterdir()
        if file.name.endswith(".sql")
    ]
    return sorted(found, key=lambda migration: migration.version)


def migrate(url: str) -> list[str]:
    """Bring the database up to date; return the names of what was applied now.

    Safe to repeat and to run twice at once. Raises `Stop` where an applied file has changed since
    or the database is newer than this program.
    """
    with translated(), connect(url, application="tachowatt-migrate") as connection:
        connection.execute("select pg_advisory_xact_lock(%s)", (_LOCK,))
        applied = _applied(connection)
        known = {migration.version: migration for migration in available()}
        for version, (name, digest) in applied.items():
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
            if version in applied:
                continue
            connection.execute(migration.sql.encode())
            connection.execute(
                "insert into public.tachowatt_migration (version, name, digest) "
                "values (%s, %s, %s)",
                (version, migration.name, migration.digest),
            )
            done.append(migration.name)
        connection.commit()
    return done


def _applied(connection: Connection) -> dict[int, tuple[str, str]]:
    connection.execute(
        "create table if not exists public.tachowatt_migration ("
        "version integer primary key, name text not null, digest text not null, "
        "applied_at timestamptz not null default now())"
    )
    rows = connection.execute("select version, name, digest from public.tachowatt_migration")
    return {version: (name, digest) for version, name, digest in rows.fetchall()}
