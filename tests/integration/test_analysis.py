"""What an analyst finds: comments, names instead of numbers, the queries of docs/analysis.md."""

import os
import re
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import pandas as pd
import psycopg
import pytest
from psycopg import sql

from contracts import kinds
from feature_kernels import driving
from store.postgres.pool import connect
from store.schema import analysis_views, comments
from store.schema.migrate import available, migrate
from tests.fix_registry import NOW_US
from tests.fix_roles import Town

PAGE = Path(__file__).parents[2] / "docs" / "analysis.md"
QUERIES = re.findall(r"## ([^\n]+)\n(?:(?!## ).)*?```sql\n(.+?)```", PAGE.read_text(), re.DOTALL)


def test_every_table_and_column_says_what_it_means(database: str) -> None:
    """What this fails on needs an entry in store/schema/comments.yaml, or a comment in the
    migration that makes it."""
    with connect(database) as connection:
        rows = comments.found(connection)
    bare = {full for full, *_, of_table, _ in rows if not of_table}
    bare |= {f"{full}.{column}" for full, _, _, _, column, _, text in rows if not text}
    assert not bare, ", ".join(sorted(bare))
    tables = {full for full, *_ in rows}
    columns = {column for _, _, _, _, column, _, _ in rows}
    known = comments.texts()
    assert sorted(set(known["tables"]) - tables) == [], "entries of tables that are gone"
    own = {f"{t}.{c}" for t, entry in known["tables"].items() for c in entry if c != "_"}
    there = {f"{full}.{column}" for full, _, _, _, column, _, _ in rows}
    assert sorted(own - there) == [] and sorted(set(known["columns"]) - columns) == []


def test_a_program_with_other_sources_writes_views_and_comments_again(database: str) -> None:
    """The same program leaves them; it would look at each column at each start."""
    with connect(database) as connection:
        connection.execute("comment on column features.meter_day.date is 'day of the server'")
        connection.commit()
    migrate(database, now_us=NOW_US)
    assert comment_of(database, "features.meter_day", "date") == "day of the server"
    with connect(database) as connection:
        connection.execute("update pipeline.layout set analysis_form = 'of an earlier program'")
        connection.execute("drop view analysis.driver_month")
        connection.commit()
    migrate(database, now_us=NOW_US)
    assert comment_of(database, "features.meter_day", "date") == "The local day."
    assert comment_of(database, "analysis.driver_month", "month") == "First day of the month."


def test_a_view_that_is_gone_is_made_again(database: str) -> None:
    with connect(database) as connection:
        connection.execute("drop view analysis.driver_month")
        connection.commit()
    migrate(database, now_us=NOW_US)
    assert comment_of(database, "analysis.driver_month", "month") == "First day of the month."


def test_a_new_migration_is_another_source() -> None:
    """Its columns have the comments that their names have everywhere, without another file."""
    folder = resources.files("store.schema.migrations")
    sources = {str(file) for file in analysis_views.sources()}
    assert sources >= {str(folder / migration.name) for migration in available()}
    assert sources >= {str(Path(str(module.__file__))) for module in (comments, kinds, driving)}


def comment_of(url: str, table: str, column: str) -> str | None:
    with connect(url) as connection:
        return {(row[0], row[4]): row[6] for row in comments.found(connection)}[(table, column)]


@pytest.fixture
def analyst(town: Town) -> Iterator[psycopg.Connection]:
    """A login that sees t1 in the schema analysis, and nothing else."""
    name = f"analyst_{os.getpid()}"  # logins belong to the server, not to the database
    login = sql.Identifier(name)
    with connect(town.url) as connection:
        for statement in (
            "create role {}",
            "grant usage on schema analysis to {}",
            "grant select on all tables in schema analysis to {}",
        ):
            connection.execute(sql.SQL(statement).format(login))
        connection.execute("insert into access.analyst values (%s, 't1')", (name,))
        connection.commit()
    try:
        with psycopg.connect(town.url, autocommit=True) as own:
            own.execute(sql.SQL("set session authorization {}").format(login))
            yield own
    finally:
        with connect(town.url) as connection:
            connection.execute(sql.SQL("drop owned by {0}; drop role {0}").format(login))
            connection.commit()


def frame(connection: psycopg.Connection, query: str) -> pd.DataFrame:
    cursor = connection.execute(query.encode())
    assert cursor.description is not None
    return pd.DataFrame(cursor.fetchall(), columns=[column.name for column in cursor.description])


def test_there_are_ten_queries() -> None:
    assert len(QUERIES) == 10


@pytest.mark.parametrize(("title", "query"), QUERIES, ids=[title for title, _ in QUERIES])
def test_a_query_of_the_page_works(analyst: psycopg.Connection, title: str, query: str) -> None:
    found = frame(analyst, query)
    assert len(found) > 0, title
    assert not {"lat_deg", "lon_deg"} & set(found.columns)


def test_an_analyst_sees_one_tenant_and_only_what_is_granted(
    analyst: psycopg.Connection, town: Town
) -> None:
    for view in ("trip", "meter_day", "meter_interval", "driver_month", "meter_month"):
        found = frame(analyst, f"select * from analysis.{view}")
        assert set(found["tenant"]) == {"t1"} and not set(found["customer"]) & {"quiet"}
    analyst.execute("set tachowatt.tenants = '{t2}'")
    assert set(frame(analyst, "select * from analysis.trip")["tenant"]) == {"t1"}
    for table in ("features.trip", "customers.customer", "access.analyst", "shown.trip"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            analyst.execute(f"select * from {table}".encode())


def test_figures_are_those_of_pandas(analyst: psycopg.Connection) -> None:
    """Sums of months are those of the rows; provisional trips are marked, not summed."""
    trips = frame(analyst, "select * from analysis.trip")
    months = frame(analyst, "select * from analysis.driver_month")
    trips["month"] = pd.to_datetime(trips["local_date"]).dt.to_period("M").dt.start_time.dt.date
    decided = trips[trips["decided"]]
    expected = decided.groupby(["customer", "vehicle", "month"])["distance_m"].sum()
    got = months.set_index(["customer", "vehicle", "month"])["distance_m"]
    pd.testing.assert_series_equal(got.sort_index(), expected.sort_index(), check_names=False)
    days = frame(analyst, "select * from analysis.meter_day")
    of_meters = frame(analyst, "select * from analysis.meter_month")
    assert of_meters["energy_kwh"].sum() == pytest.approx(days["energy_kwh"].sum())
    assert set(trips["end_reason"]) <= {"stop", "ignition", "gap", "finish"}


def test_a_provisional_trip_is_marked(analyst: psycopg.Connection, town: Town) -> None:
    with connect(town.url) as connection:
        row = connection.execute(
            "update features.trip set decided_at = '9999-12-31T00:00:00Z' where ctid = "
            "(select t.ctid from features.trip t join customers.device d using (device_id) "
            "where d.tenant = 't1' order by t.start_at limit 1) returning device_id, start_at"
        ).fetchone()
        assert row is not None
        connection.commit()
    trips = frame(analyst, "select * from analysis.trip where not decided")
    assert trips[["device_id", "start_at"]].to_numpy().tolist() == [list(row)]
    assert trips["decided_at"].isna().all()
