"""A database with data of two tenants, and the API's role on it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import psycopg
import pytest

from store.postgres import roles
from store.postgres.pool import Connection, connect
from tests.fix_postgres import _execute, copy_database, database_of
from tests.seed_api import Seeded

Login = Callable[[str], tuple[str, str]]


@dataclass(frozen=True)
class Town:
    """A database with data of two tenants."""

    url: str
    seeded: Seeded

    def reader(self) -> Connection:
        """A connection as the API has it."""
        connection = connect(self.url)
        roles.must_assume(connection, roles.READER)
        connection.commit()
        return connection


@pytest.fixture
def town(postgres_url: str, _seeded_template: tuple[str, Seeded]) -> Iterator[Town]:
    template, seeded = _seeded_template
    name = f"{template}_roles"
    copy_database(postgres_url, name, template)
    try:
        yield Town(database_of(postgres_url, name), seeded)
    finally:
        _execute(postgres_url, f"drop database if exists {name} with (force)")


@pytest.fixture
def login(postgres_url: str) -> Iterator[Login]:
    """Make logins that may do nothing yet: `name, url = login(database_url)`."""
    made: list[str] = []

    def make(url: str) -> tuple[str, str]:
        name = f"tw_{url.rsplit('/', 1)[1].split('?')[0]}_{len(made)}"
        _execute(url, f"create role {name} login")
        made.append(name)
        return name, psycopg.conninfo.make_conninfo(url, user=name)

    yield make
    for name in made:
        _execute(postgres_url, f"drop role {name}")
