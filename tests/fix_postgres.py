"""A real PostgreSQL for each worker, and an empty migrated database for each test."""

import itertools
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import ClassVar

import pytest

from app.servers.postgres import Postgres
from runtime.clock import SystemClock
from store.postgres.engine import Engine, engine_of
from store.postgres.pool import connect
from store.schema.migrate import migrate

_numbers = itertools.count()


class _Forgetful(Postgres):
    """Does not wait for the disk: half the time of a test was that of dropping its database.

    Tests of what survives a crash start servers of their own.
    """

    more: ClassVar[Mapping[str, str]] = {
        "fsync": "off",
        "full_page_writes": "off",
        "max_wal_size": "256MB",
    }


_PREFIX = "tachowatt-test-"
"""Of folders; then the id of the process that made it."""
_MEMORY = Path("/dev/shm")
_MEMORY_FREE = 4 * 1024**3
"""Bytes; a worker's server needs some 400 MB."""


def open_folder(parent: Path | None = None) -> Path:
    """A folder that PostgreSQL's own user may enter too (it refuses to run as root).

    Not pytest's own: every pytest session that starts closes those to everybody else again.
    """
    folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=parent))
    folder.chmod(0o755)
    return folder


def remove_left_folders(parent: Path) -> None:
    """Remove folders of test runs that were killed: in memory, they would fill it."""
    for folder in parent.glob(f"{_PREFIX}*-*"):
        pid = folder.name.removeprefix(_PREFIX).partition("-")[0]
        if pid.isdecimal() and not _runs(int(pid)):
            shutil.rmtree(folder, ignore_errors=True)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)  # checks only whether it is there
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _in_memory() -> Path | None:
    """Where files stay in memory: a new database has a thousand, and copying them to a disk that is
    busy took two to five times the processor time."""
    with suppress(OSError):
        if shutil.disk_usage(_MEMORY).free > _MEMORY_FREE and os.access(_MEMORY, os.W_OK):
            return _MEMORY
    return None


@pytest.fixture
def state_dir() -> Iterator[Path]:
    """A state directory for embedded servers."""
    folder = open_folder()
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """URL of a server: TACHOWATT_TEST_TIMESCALE_URL (as a superuser), TACHOWATT_TEST_DATABASE_URL,
    or one from the wheel."""
    given = os.environ.get("TACHOWATT_TEST_TIMESCALE_URL") or os.environ.get(
        "TACHOWATT_TEST_DATABASE_URL"
    )
    if given:
        yield given
        return
    for parent in (_MEMORY, Path(tempfile.gettempdir())):
        remove_left_folders(parent)
    folder = open_folder(_in_memory())
    server = _Forgetful(folder, SystemClock())
    url = server.start()
    try:
        yield url
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _execute(url: str, statement: str) -> None:
    connection = connect(url)
    connection.autocommit = True
    connection.execute(statement.encode())
    connection.close()


def copy_database(server_url: str, name: str, template: str) -> None:
    """Make a database as a copy of the template's files: through the log, as is the default, it
    takes four times as long and more."""
    _execute(server_url, f"create database {name} template {template} strategy file_copy")


@pytest.fixture(scope="session")
def _template(postgres_url: str) -> Iterator[str]:
    name = f"tachowatt_template_{os.getpid()}"
    _execute(postgres_url, f"create database {name}")
    url = database_of(postgres_url, name)
    migrate(url)
    leave_alone(postgres_url, name)
    yield name
    _execute(postgres_url, f"drop database if exists {name} with (force)")


def leave_alone(server_url: str, name: str) -> None:
    """Keep TimescaleDB's scheduler out of a database that is to be copied, and its jobs from
    running in the copies: tests run them when they mean to."""
    with connect(database_of(server_url, name)) as connection:
        if engine_of(connection) is not Engine.TIMESCALE:
            return
        connection.execute(
            "select alter_job(job_id, scheduled => false) from timescaledb_information.jobs"
        )
        connection.commit()
        connection.execute("select _timescaledb_functions.stop_background_workers()")
    _execute(server_url, f"alter database {name} with allow_connections false")


def database_of(url: str, name: str) -> str:
    """The same server, another database."""
    head, _, tail = url.partition("?")
    return f"{head.rsplit('/', 1)[0]}/{name}" + (f"?{tail}" if tail else "")


@pytest.fixture
def new_database(postgres_url: str, _template: str) -> Iterator[Callable[..., str]]:
    """Make migrated, empty databases, `url = new_database()`, or copies of a template."""
    yield from _databases(postgres_url, _template)


@pytest.fixture(scope="module")
def shared_database(postgres_url: str, _template: str) -> Iterator[str]:
    """URL of a migrated database of the module, for tests that leave it as they found it."""
    for make in _databases(postgres_url, _template):
        yield make()


def _databases(postgres_url: str, migrated: str) -> Iterator[Callable[..., str]]:
    made: list[str] = []

    def make(template: str = migrated) -> str:
        name = f"tachowatt_{os.getpid()}_{next(_numbers)}"
        copy_database(postgres_url, name, template)
        made.append(name)
        return database_of(postgres_url, name)

    yield make
    for name in made:
        _execute(postgres_url, f"drop database if exists {name} with (force)")


@pytest.fixture
def database(new_database: Callable[[], str]) -> str:
    """URL of a migrated, empty database."""
    return new_database()
