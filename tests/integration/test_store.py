"""Migrations, and that tables and kernels agree."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from ingest.kernels import KINDS
from runtime.errors import Retry, Stop
from store.postgres.binary import kind_of, sql_name
from store.postgres.pool import connect, scalar
from store.schema import migrate as migrations
from store.signals import outbox
from tests.fix_postgres import _execute, database_of


@pytest.fixture
def empty(postgres_url: str, request: pytest.FixtureRequest) -> Iterator[str]:
    name = f"empty_{abs(hash(request.node.name)) % 10**9}"
    _execute(postgres_url, f"drop database if exists {name} with (force)")
    _execute(postgres_url, f"create database {name}")
    yield database_of(postgres_url, name)
    _execute(postgres_url, f"drop database if exists {name} with (force)")


def test_migrating_twice_at_once_and_again(empty: str) -> None:
    done: list[list[str]] = []
    threads = [
        threading.Thread(target=lambda: done.append(migrations.migrate(empty))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(len(names) for names in done) == [0, 0, 0, len(migrations.available())]
    assert migrations.migrate(empty) == []


def test_a_changed_or_unknown_migration_is_refused(
    empty: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrations.migrate(empty)
    real = migrations.available()
    monkeypatch.setattr(migrations, "available", lambda: [replace(real[0], sql="--"), *real[1:]])
    with pytest.raises(Stop, match="was changed after"):
        migrations.migrate(empty)
    monkeypatch.setattr(migrations, "available", lambda: real[:-1])
    with pytest.raises(Stop, match="it is newer"):
        migrations.migrate(empty)


def test_a_failing_migration_leaves_nothing(empty: str, monkeypatch: pytest.MonkeyPatch) -> None:
    real = migrations.available()
    broken = migrations.Migration(99, "0099_broken.sql", "create table t (i int); select nonsense")
    monkeypatch.setattr(migrations, "available", lambda: [*real, broken])
    with pytest.raises(Exception, match="nonsense"):
        migrations.migrate(empty)
    with connect(empty) as connection:
        assert scalar(connection, "select to_regclass('t')") is None
        assert scalar(connection, "select to_regclass('pipeline.ledger')") is None


def test_tables_fit_what_the_kernels_find(database: str) -> None:
    types = {"int": "bigint", "float": "double precision", "time": "timestamp with time zone"}
    with connect(database) as connection:
        for kind in KINDS.values():
            for table in kind.features:
                schema, name = table.name.split(".")
                found = dict(
                    connection.execute(
                        "select column_name, data_type from information_schema.columns "
                        "where table_schema = %s and table_name = %s and is_generated = 'NEVER'",
                        (schema, name),
                    ).fetchall()
                )
                expected = {
                    sql_name(n): "ARRAY" if ":" in (k := kind_of(n, d)) else types[k]
                    for n, d in table.fields.items()
                }
                assert found == {"device_id": "bigint", "revision": "bigint", **expected}


def test_no_server_is_a_retry_and_no_url_a_stop() -> None:
    with pytest.raises(Retry, match="no connection"):
        connect("postgresql://nobody@127.0.0.1:1/x")
    with pytest.raises(Stop):
        connect("nonsense://")


def test_databases_of_tests_are_their_own(new_database: Callable[[], str]) -> None:
    assert new_database() != new_database()


def test_a_signal_that_is_said_twice_at_once_is_what_was_said_last(database: str) -> None:
    def said(number: int) -> outbox.SignalRow:
        return outbox.SignalRow("id", "t1", None, "score.changed", "c", 0, {"number": number})

    with connect(database) as connection:
        outbox.put(connection, [said(1), said(2)], 0)
        outbox.put(connection, [said(2), said(3), said(2)], 0)
        rows = outbox.read(connection, current=False)
    assert [(row["revision"], row["data"]) for row in rows] == [(0, {"number": 2})]
