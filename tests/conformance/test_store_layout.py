"""One layout on two engines: the same names, the same values. TimescaleDB is a real one."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import pytest

from runtime.errors import Retry, Stop
from store.postgres.engine import Engine, Layout, engine_of
from store.postgres.pool import connect, scalar, translated
from store.postgres.times import to_us
from store.schema import migrate as migrations
from store.schema import rollups
from store.schema.migrate import migrate
from store.schema.status import status
from tests import rows_by_sql as by_sql
from tests.fix_timescale import new_plain

NOW_US = to_us(datetime.fromisoformat("2026-04-12T10:00:00Z"))
ZONES = ("Europe/Berlin", "Australia/Lord_Howe")  # the last changes by half an hour


@dataclass(frozen=True)
class Store:
    """An empty database and the layout it is to have."""

    url: str
    layout: Layout

    def migrate(self, **changes: Any) -> list[str]:
        return migrate(self.url, replace(self.layout, **changes), NOW_US)


def _empty(request: pytest.FixtureRequest) -> Iterator[Store]:
    if request.param == "plain":
        with new_plain(request.getfixturevalue("postgres_url")) as url:
            yield Store(url, Layout(timescale="off"))
    else:
        with request.getfixturevalue("timescale").database() as url:
            yield Store(url, Layout(timescale="on"))


store = pytest.fixture(params=["plain", "timescale"], name="store")(_empty)
"""Empty."""


@pytest.fixture(scope="module", params=["plain", "timescale"])
def filled(request: pytest.FixtureRequest) -> Iterator[Store]:
    """Migrated and with rows; its tests bear each other's changes."""
    for made in _empty(request):
        made.migrate()
        with connect(made.url) as connection:
            by_sql.fill(connection)
        yield made


def expect_rollups(url: str, zone: str) -> None:
    with connect(url) as connection:
        expected = by_sql.vehicle_days(connection, zone)
        assert expected
        assert by_sql.view(connection, "vehicle_day", "day") == expected
        for unit in ("hour", "day", "month"):
            assert by_sql.view(connection, f"meter_{unit}", unit) == by_sql.meter_rollup(
                connection, unit, zone
            )


def refresh(url: str) -> None:
    while True:
        with suppress(Retry), translated(), connect(url) as connection:
            rollups.refresh_all(connection)
            return  # else a policy of TimescaleDB was just at it


def test_rollups_tell_what_the_rows_say_in_every_zone(filled: Store) -> None:
    for zone in ZONES:
        filled.migrate(rollup_zone=zone)
        expect_rollups(filled.url, zone)  # live
        refresh(filled.url)
        expect_rollups(filled.url, zone)  # kept


def test_rollups_follow_corrections(filled: Store) -> None:
    zone = "Europe/Berlin"
    filled.migrate(rollup_zone=zone)
    refresh(filled.url)
    with connect(filled.url) as connection:
        engine = engine_of(connection)
        by_sql.change(connection)
    if engine is Engine.PLAIN:
        expect_rollups(filled.url, zone)  # there is no lag here
    refresh(filled.url)
    expect_rollups(filled.url, zone)
    with connect(filled.url) as connection:
        assert all(rollups.dirty(connection, source) == 0 for source in rollups.SOURCES)


def test_buckets_of_a_span(filled: Store) -> None:
    filled.migrate(rollup_zone="UTC")
    with connect(filled.url) as connection:
        first, until = by_sql.days_later(25), by_sql.days_later(27)
        days = by_sql.view(connection, "vehicle_day", "day", 1, first, until)
        assert [day["day"] for day in days] == [first, by_sql.days_later(26)]
        hours = by_sql.view(connection, "meter_hour", "hour", 3, first, until)
        assert len(hours) == 48
        days = by_sql.view(connection, "meter_day", "day", 3, first, until)
        assert [day["intervals"] for day in days] == [96, 96]
        months = by_sql.view(
            connection, "meter_month", "month", 3, by_sql.FIRST, by_sql.days_later(300)
        )
        assert [month["month"].month for month in months] == [3, 4, 10, 11]
        assert by_sql.view(connection, "meter_hour", "hour", 99, first, until) == []


def test_a_populated_earlier_version_keeps_everything(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    with connect(store.url) as connection:
        unmigrated = status(connection, store.layout, NOW_US)
    assert unmigrated["engine"] is None and len(unmigrated["migrations"]["pending"]) > 4
    with monkeypatch.context() as patched:
        early = [m for m in migrations.available() if m.version <= 4]
        patched.setattr(migrations, "available", lambda: early)
        store.migrate()
    tables = ("telemetry.vehicle_sample", "features.trip", "features.meter_interval")
    with connect(store.url) as connection:
        by_sql.fill(connection)
        before = [_content(connection, table) for table in tables]
    assert "0005_layout.sql" in store.migrate(rollup_zone="Europe/Berlin")
    with connect(store.url) as connection:
        after = [_content(connection, table) for table in tables]
        for old, new in zip(before, after, strict=True):  # later versions only add columns
            assert [row[: len(old[0])] for row in new] == old
        found = status(connection, store.layout, NOW_US)
        assert found["migrations"]["pending"] == []
        # All that was there is behind the parent, and later rows of the running chunk beside it.
        assert scalar(connection, "select count(*) from only telemetry.vehicle_sample") == 0
    expect_rollups(store.url, "Europe/Berlin")
    assert store.migrate(rollup_zone="Europe/Berlin") == []


def _content(connection: Any, table: str) -> list[Any]:
    return connection.execute(f"select * from {table} order by 1, 2, 3, 4").fetchall()


def test_status_tells_tables_and_chunks(filled: Store) -> None:
    with connect(filled.url) as connection:
        found = status(connection, replace(filled.layout, retention_days=30), NOW_US)
    tables = {table["table"]: table for table in found["tables"]}
    samples = tables["telemetry.vehicle_sample"]
    assert samples["kind"] in ("hypertable", "partitioned")
    assert samples["chunks"] >= 3 and samples["bytes"] > 50_000
    assert samples["oldest"] < samples["newest"]
    assert found["retention"]["cutoff"] == "2026-03-12T00:00:00+00:00"  # a Thursday, as 1970-01-01
    assert {v["rollup"] for v in found["rollups"]["views"]} == {
        "rollup.vehicle_day", "rollup.meter_hour", "rollup.meter_day", "rollup.meter_month"
    }  # fmt: skip


def test_a_trip_has_three_severities(database: str) -> None:
    """The rollups add them up by name."""
    from feature_kernels.driving import TRIP_DTYPE

    for name in ("harsh_braking", "harsh_acceleration", "harsh_cornering"):
        assert TRIP_DTYPE[name].shape == (3,)


def test_the_engine_is_decided_once(plain_url: str, timescale_url: str) -> None:
    migrate(plain_url, Layout(timescale="off"), NOW_US)
    with connect(plain_url) as connection:
        assert status(connection, Layout(), NOW_US)["engine"] == "plain PostgreSQL"
    with pytest.raises(Stop, match="created without it"):
        migrate(plain_url, Layout(timescale="on"), NOW_US)
    migrate(timescale_url, Layout(timescale="off"), NOW_US)
    migrate(timescale_url, Layout(), NOW_US)
    with connect(timescale_url) as connection:
        assert engine_of(connection) is Engine.PLAIN
        assert "although the extension" in status(connection, Layout(), NOW_US)["engine"]
