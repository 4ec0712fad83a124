"""The database: migrate, status, upkeep."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer

from app.commands.shared.console import load_settings, out, print_json, print_table
from app.commands.shared.options import Json
from app.processes.rights_runner import executor_of
from app.processes.stack import database, prepare_secrets
from runtime.clock import SystemClock
from runtime.errors import Retry
from runtime.settings import Settings
from services import erasure, retention
from store.postgres.engine import Layout
from store.postgres.pool import connect, translated
from store.schema import partitions, rollups
from store.schema.layout import described
from store.schema.migrate import migrate
from store.schema.rollup_objects import SOURCES
from store.schema.status import status

cli = typer.Typer(no_args_is_help=True, help=__doc__)

_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")


@cli.command("migrate")
def migrate_database() -> None:
    """Migrate the database. Safe to repeat, and to run concurrently."""
    settings = load_settings()
    if settings.database_url is not None:
        done = migrate(settings.database_url, Layout.of(settings))
        prepare_secrets(settings, settings.database_url, SystemClock())
        out.print("applied " + ", ".join(done) if done else "up to date")
        return
    with database(settings, SystemClock()):  # starts the embedded server, which migrates it
        out.print("up to date")


@cli.command("status")
def show_status(json: Json = False) -> None:
    """Show tables with chunks and sizes, rollups, policies and their next runs, retention.

    Changes nothing in the database of TACHOWATT_DATABASE_URL: pending migrations are listed, not
    applied. The embedded server is started for it, and migrated.

    Example: tachowatt db status --json
    """
    settings, clock = load_settings(), SystemClock()
    with _as_it_is(settings) as url, translated(), connect(url) as connection:
        found = status(connection, Layout.of(settings), clock.now_us())
    if json:
        print_json(found)
        return
    out.print(f"{found['engine'] or 'no tables yet'}; server {found['server']}")
    pending = found["migrations"]["pending"]
    applied = len(found["migrations"]["applied"])
    out.print(f"{applied} migrations applied; pending: {', '.join(pending) or 'none'}")
    if found["engine"] is not None:
        _print_layout(found)


def _print_layout(found: dict[str, Any]) -> None:
    columns = [
        "table",
        "kind",
        "chunks",
        "compressed",
        "oldest",
        "newest",
        "rows",
        "bytes",
        "ratio",
    ]
    print_table(
        "Tables (rows are estimated)",
        columns,
        [
            [_size(table[c]) if c == "bytes" else table[c] for c in columns]
            for table in found["tables"]
        ],
    )
    made = found["rollups"]
    print_table(
        f"Rollups: {made['kind']}, days of {made['zone']}",
        ["rollup", "of", "waiting"],
        [list(view.values()) for view in made["views"]],
    )
    if found["policies"]:
        names = ["job", "policy", "table", "every", "last_run", "last_status", "next_run"]
        print_table("Policies", names, [[job[n] for n in names] for job in found["policies"]])
    kept = found["retention"]
    if kept["days"] is None:
        out.print("samples are kept for good")
    else:
        out.print(
            f"samples are kept {kept['days']} days: droppable before {kept['cutoff']}, "
            f"not needed before {kept['secured']}, dropped before {kept['dropped']}"
        )


@cli.command("upkeep")
def keep_up() -> None:
    """Create partitions ahead, drop expired ones, refresh the rollups, delete what is older than
    its period, and do what requests of customers wait for.

    A running service does this itself; use it for a database without one.
    """
    settings, clock = load_settings(), SystemClock()
    layout = Layout.of(settings)
    with database(settings, clock) as url, translated(), connect(url) as connection:
        waiting = sum(rollups.dirty(connection, source) for source in SOURCES)
        if not partitions.upkeep(connection, layout, clock.now_us()):
            raise Retry("somebody holds a lock on the samples for long; try again later")
        rollups.refresh_all(connection)
        erasure.remove_late(connection, clock.now_us())
        retention.enforce(connection, retention.days_by_category(settings), clock.now_us())
        executor_of(settings).run(connection, clock.now_us())
        engine = described(connection)
    out.print(f"{engine}: partitions are up to date, {waiting} changes went into the rollups")


@contextmanager
def _as_it_is(settings: Settings) -> Iterator[str]:
    """Yield the URL of the database; a set one is not migrated."""
    if settings.database_url is not None:
        yield settings.database_url
        return
    with database(settings, SystemClock()) as url:
        yield url


def _size(n: int | None) -> str:
    size, unit = float(n or 0), 0
    while size >= 1024 and unit < len(_UNITS) - 1:
        size, unit = size / 1024, unit + 1
    return f"{size:.0f} {_UNITS[unit]}"
