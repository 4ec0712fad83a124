"""A real PostgreSQL for each worker, and an empty migrated database for each test."""

import itertools
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.embedded import Postgres
from runtime.clock import SystemClock
from store.migrate import migrate
from store.pool import connect

_numbers = itertools.count()


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of a server: TACHOWATT_TEST_DATABASE_URL, or one from the wheel."""
    given = os.environ.get("TACHOWATT_TEST_DATABASE_URL")
    if given:
        yield given
        return
    server = Postgres(Path(tmp_path_factory.mktemp("pg")), SystemClock())
    url = server.start()
    try:
        yield url
    finally:
        server.stop()


def _execute(url: str, statement: str) -> None:
    connection = connect(url)
    connection.autocommit = True
    connection.execute(statement.encode())
    connection.close()


@pytest.fixture(scope="session")
def _template(postgres_url: str) -> str:
    name = f"tachowatt_template_{os.getpid()}"
    _execute(postgres_url, f"create database {name}")
    migrate(database_of(postgres_url, name))
    return name


def database_of(url: str, name: str) -> str:
    """The same server, another database."""
    head, _, tail = url.partition("?")
    return f"{head.rsplit('/', 1)[0]}/{name}" + (f"?{tail}" if tail else "")


@pytest.fixture
def new_database(postgres_url: str, _template: str) -> Iterator[Callable[[], str]]:
    """Make migrated, empty databases: `url = new_database()`."""
    made: list[str] = []

    def make() -> str:
        name = f"tachowatt_{os.getpid()}_{next(_numbers)}"
        _execute(postgres_url, f"create database {name} template {_template}")
        made.append(name)
        return database_of(postgres_url, name)

    yield make
    for name in made:
        _execute(postgres_url, f"drop database if exists {name} with (force)")


@pytest.fixture
def database(new_database: Callable[[], str]) -> str:
    """URL of a migrated, empty database."""
    return new_database()
