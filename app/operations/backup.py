"""Backup and restore of a plain PostgreSQL database, with its own tools: pg_dump and psql.

The keys of customers are not in the backup, but in a file beside it: who keeps only the newest of
these files makes the texts of the erased unreadable in all backups.

A restore replaces everything in one transaction, applies the migrations that the backup lacks, and
erases again whom the list of the erased names.
"""

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from app.servers.postgres import client_program
from runtime.errors import Stop, Usage
from runtime.secret_box import SecretBox
from services.erasure import Eraser
from store.people import customer_keys
from store.postgres.engine import Engine, Layout, engine_of
from store.postgres.pool import Connection, connect, translated
from store.schema import comments
from store.schema.migrate import migrate


@dataclass(frozen=True, slots=True)
class Restored:
    """migrations : that the backup lacked. erased_again : rows by table. clean : none is left."""

    migrations: list[str]
    erased_again: dict[str, int]
    erasures: int
    clean: bool


def back_up(url: str, file: Path) -> int:
    """Write a backup that only its owner may read; return its bytes. Raises `Stop`, `Usage`."""
    _must_be_plain(url)
    draft = file.with_name(f"{file.name}.part")
    draft.touch(mode=0o600)
    try:
        _run(
            "pg_dump", "--format=custom", f"--file={draft}",
            "--exclude-table-data=privacy.customer_key", url,
        )  # fmt: skip
        _write_keys(url, _keys_beside(file))
        draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)
    return file.stat().st_size


def _keys_beside(file: Path) -> Path:
    return file.with_name(f"{file.name}.keys")


def _write_keys(url: str, file: Path) -> None:
    """Write the keys of customers, as they are stored: sealed with the key of secrets."""
    draft = file.with_name(f"{file.name}.part")
    draft.touch(mode=0o600)
    with (
        translated(),
        connect(url) as connection,
        draft.open("w", encoding="utf-8") as out,
    ):
        for key in customer_keys.all_(connection):
            out.write(json.dumps({**key, "made_at": key["made_at"].isoformat()}) + "\n")
    draft.replace(file)


def _read_keys(connection: Connection, file: Path) -> None:
    if file.is_file():
        with file.open(encoding="utf-8") as lines:
            for line in lines:
                customer_keys.restore(connection, json.loads(line))
    connection.commit()


def restore(
    url: str,
    file: Path,
    layout: Layout,
    box: SecretBox,
    erased_file: Path,
    now_us: int,
    keys: Path | None = None,
) -> Restored:
    """Replace the database's data by a backup; see the module. No service may use it meanwhile.

    keys : the keys of customers, None = the file that was written beside the backup; without them
    contact points and texts cannot be read. erased_file : the list of the erased outside the
    database. Raises `Stop` and `Usage`; then the
    database is as it was.
    """
    if not file.is_file():
        raise Usage(f"there is no file {file}")
    _must_be_plain(url)
    eraser = Eraser(box, 35)
    with translated(), connect(url) as connection:
        eraser.write_list(connection, erased_file)  # the backup may not have the newest
    script = file.with_name(f"{file.name}.sql")
    script.touch(mode=0o600)
    try:
        _run("pg_restore", f"--file={script}", "--no-owner", str(file))
        dropped = "; ".join(f"drop schema if exists {name} cascade" for name in comments.SCHEMAS)
        _run(
            "psql",
            "--no-psqlrc",
            "--quiet",
            "--single-transaction",
            "--set=ON_ERROR_STOP=1",
            f"--command={dropped}; drop table public.tachowatt_migration",
            f"--file={script}",
            url,
        )
    finally:
        script.unlink(missing_ok=True)
    migrations = migrate(url, layout, now_us)
    with translated(), connect(url) as connection:
        _read_keys(connection, keys or _keys_beside(file))
        again = eraser.reapply(connection, now_us, eraser.read_list(connection, erased_file))
        erasures, left = eraser.verify(connection)
    return Restored(migrations, again, erasures, not left)


def _must_be_plain(url: str) -> None:
    with translated(), connect(url) as connection:
        if engine_of(connection) is Engine.TIMESCALE:
            raise Usage(
                "this database has TimescaleDB: use its own way of backup, then run `tachowatt "
                "erase reapply` after a restore (docs/operations.md)"
            )


def _run(program: str, *arguments: str) -> None:
    found = client_program(program) or shutil.which(program)
    if found is None:
        raise Stop(f"{program} is not installed here; it comes with PostgreSQL")
    done = subprocess.run([str(found), *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise Stop(f"{program} failed: {done.stderr.strip()[-2_000:]}")
