"""The registry of personal data is complete; retention, record and breach follow from it."""

import json
from datetime import timedelta

import pytest

from app.cli import cli
from app.processes.upkeep import Upkeep
from contracts.kafka import Topics
from runtime.clock import ManualClock
from runtime.errors import Usage
from runtime.settings import Settings
from services import privacy_record, retention
from store.postgres.engine import Engine, Layout, engine_of
from store.postgres.pool import Connection, connect
from store.postgres.times import from_us
from store.privacy.personal_data import CATEGORIES, FILES, TABLES, TOPICS, End, order_of_deletion
from store.privacy.whose import DeviceSpan, keys_of, parameters_of
from tests.fix_registry import NOW_US
from tests.fix_roles import Login, Town

YEAR_US = 365 * 86_400_000_000


def _tables(connection: Connection) -> dict[str, set[str]]:
    rows = connection.execute(
        "select n.nspname || '.' || c.relname, array_agg(a.attname::text) from pg_class c "
        "join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid "
        "and a.attnum > 0 and not a.attisdropped "
        "where c.relkind in ('r', 'p') and not c.relispartition "
        "and n.nspname !~ '^(pg_|_timescale|timescale|information_schema)' group by 1"
    )
    return {name: set(columns) for name, columns in rows.fetchall()}


def missing(connection: Connection) -> set[str]:
    """Tables without an entry, and entries without a table; TimescaleDB keeps rollups itself."""
    return set(_tables(connection)) ^ _registered(connection)


def _registered(connection: Connection) -> set[str]:
    plain = engine_of(connection) is Engine.PLAIN
    return {entry.place for entry in TABLES if plain or not entry.place.startswith("rollup._")}


def test_every_table_has_an_entry(database: str) -> None:
    with connect(database) as connection:
        assert missing(connection) == set()
        connection.execute("create table customers.new_thing (customer text)")
        assert missing(connection) == {"customers.new_thing"}, "the check can fail"


def test_every_topic_and_file_has_an_entry(state_dir) -> None:
    topics = Topics()
    names = {
        topics.raw, topics.acks, topics.dead, topics.signals, topics.customers, topics.changes,
    }  # fmt: skip
    assert names == {entry.place for entry in TOPICS}
    assert len({entry.place for entry in (*TABLES, *TOPICS, *FILES)}) == len(
        (*TABLES, *TOPICS, *FILES)
    )


def test_entries_fit_their_tables(database: str) -> None:
    """Each condition and period is SQL that its table understands, and rows named as a customer's
    in a column have a rule."""
    with connect(database) as connection:
        tables = _tables(connection)
        at = from_us(NOW_US)
        keys = keys_of(connection, "t1", "c0", [DeviceSpan(1, at, at + timedelta(days=1))])
        for entry in [one for one in TABLES if one.place in _registered(connection)]:
            assert entry.retention.category in CATEGORIES, entry.place
            assert set(entry.hidden) <= tables[entry.place], entry.place
            if entry.end is End.KEEP:
                assert entry.why, entry.place
                assert "customer" not in tables[entry.place], entry.place
            if entry.whose.condition:
                query = f"select count(*) from {entry.place} t where {entry.whose.condition}"
                for parameters in parameters_of(entry, keys):
                    connection.execute(query.encode(), parameters)
        assert retention.report(connection, {"faults": 1}, NOW_US)


def test_references_are_deleted_before_what_they_reference(database: str) -> None:
    order = [entry.place for entry in order_of_deletion()]
    with connect(database) as connection:
        pairs = connection.execute(
            "select conrelid::regclass::text, confrelid::regclass::text from pg_constraint "
            "where contype = 'f' and conrelid <> confrelid and conparentid = 0"
        ).fetchall()
    wrong = [
        (child, parent)
        for child, parent in pairs
        if child in order and parent in order and order.index(child) > order.index(parent)
    ]
    assert wrong == []


def test_retention_deletes_what_is_old_and_nothing_else(town: Town) -> None:
    with connect(town.url) as connection:
        late = NOW_US + 4 * YEAR_US
        counted = {one.place: one.rows for one in retention.report(connection, {}, late)}
        assert counted["pipeline.dead_letter"] == _count(connection, "pipeline.dead_letter")
        assert counted["pipeline.dead_letter"] > 0
        kept = _count(connection, "features.trip")
        retention.enforce(connection, {}, NOW_US)
        assert _count(connection, "pipeline.dead_letter") > 0, "nothing was old yet"
        assert all(one.rows == 0 for one in retention.report(connection, {}, NOW_US))
        done = retention.enforce(connection, {}, late)
        assert sum(one.rows for one in done) > 0
        assert _count(connection, "pipeline.dead_letter", "state <> 'retry'") == 0
        assert _count(connection, "contacts.service_case", "state = 'resolved'") == 0
        assert _count(connection, "features.trip") == kept
        assert all(one.rows == 0 for one in retention.report(connection, {}, late))


def test_upkeep_deletes_only_as_the_owner(town: Town, login: Login) -> None:
    late = ManualClock(NOW_US + 4 * YEAR_US)
    name, url = login(town.url)
    with connect(town.url) as connection:
        before = _count(connection, "pipeline.dead_letter")
        assert before and retention.may_enforce(connection)
        connection.execute(f"grant tachowatt_writer to {name}".encode())
        connection.commit()
    with connect(url) as connection:
        assert not retention.may_enforce(connection)
    for of, rows in ((url, before), (town.url, 0)):
        upkeep = Upkeep(of, Layout(), late)
        upkeep._partitions_due = True
        upkeep.once()
        with connect(town.url) as connection:
            assert _count(connection, "pipeline.dead_letter") == rows


def _count(connection: Connection, table: str, where: str = "true") -> int:
    row = connection.execute(f"select count(*) from {table} where {where}".encode()).fetchone()
    assert row is not None
    return int(row[0])


def test_periods_are_set_by_category() -> None:
    assert retention.days_by_category(Settings(privacy_retention="casework=30, faults=7")) == {
        "casework": 30,
        "faults": 7,
    }
    for wrong in ("nothing=3", "samples=3", "faults=x", "faults"):
        with pytest.raises(Usage):
            retention.days_by_category(Settings(privacy_retention=wrong))


def test_the_record_names_period_and_erasure() -> None:
    rows = privacy_record.record({"casework": 30}, 90)
    by_place = {row["place"]: row for row in rows}
    assert by_place["contacts.contact"]["retention_days"] == 30
    assert by_place["telemetry.vehicle_sample"]["retention_days"] == 90
    assert by_place["customers.consent"]["erasure"] == "archive"
    text = privacy_record.markdown(rows)
    assert all(f"`{row['place']}`" in text for row in rows)


def test_affected_by_device_and_by_table(
    town: Town, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TACHOWATT_DATABASE_URL", town.url)

    def run(*arguments: str) -> list[dict[str, str]]:
        capsys.readouterr()
        cli(["privacy", "affected", "--json", *arguments], standalone_mode=False)
        return json.loads(capsys.readouterr().out)

    own = town.seeded.own["own"]
    since = "2000-01-01T00:00:00Z"
    assert run("--since", since, "--device", "t1/car0") == [
        {"tenant": "t1", "customer": own.driver}
    ]
    by_table = run("--since", since, "--table", "features.trip")
    assert {"tenant": "t1", "customer": own.driver} in by_table
    assert {"tenant": "t1", "customer": own.driver} in run(
        "--since", since, "--table", "contacts.contact"
    )
    assert run("--since", "2100-01-01T00:00:00Z", "--table", "features.trip") == []
    with pytest.raises(Usage):
        run("--since", since, "--table", "pipeline.ledger")
    with connect(town.url) as connection:
        assert _count(connection, "access.read_log", "reader like '%privacy affected'") >= 2
