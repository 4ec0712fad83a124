"""Partitions, columnstore and policies, and a populated earlier version brought up to date."""

import asyncio
import json
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import psycopg
import pytest

from app.commands import db
from app.operations.registry_import import validate, write
from app.operations.verify import verify
from app.processes.upkeep import Upkeep
from ingest.partition.worker import Worker
from runtime.clock import ManualClock
from runtime.errors import Retry
from runtime.settings import Settings
from store.pipeline import telemetry
from store.postgres.engine import DAY_US, Layout
from store.postgres.pool import Connection, connect, scalar, translated
from store.postgres.times import from_us, to_us
from store.schema import migrate as migrations
from store.schema import partitions, rollups
from store.schema.migrate import migrate
from store.schema.status import status
from tests import rows_by_sql as by_sql
from tests.fix_registry import NOW_US as WORKER_NOW_US
from tests.fix_registry import registry
from tests.fix_timescale import new_plain, real_server
from tests.property.test_any_order import MESSAGES, run
from tests.store_state import assert_same_state, store_state

PLAIN = Layout(timescale="off")
KEEP_30 = replace(PLAIN, retention_days=30)
NOW_US = to_us(datetime(2026, 4, 12, 10, tzinfo=UTC))
SAMPLES = partitions.TABLES[0]


@pytest.fixture(scope="module")
def laid_out(postgres_url: str) -> Iterator[str]:
    """Name of a database that is migrated on plain PostgreSQL, to be copied."""
    with new_plain(postgres_url) as url:
        migrate(url, PLAIN, NOW_US)
        yield url.partition("?")[0].rpartition("/")[2]


@pytest.fixture
def plain_copy(postgres_url: str, laid_out: str) -> Iterator[str]:
    """URL of a copy of it."""
    with new_plain(postgres_url, laid_out) as url:
        yield url


@pytest.fixture
def plain(plain_copy: str) -> Iterator[Connection]:
    """A connection to it."""
    with connect(plain_copy) as connection:
        yield connection


def put(connection: Connection, *times: datetime) -> None:
    for at in times:
        connection.execute(
            f"insert into {SAMPLES} (device_id, observed_at, received_at) values (1, %s, %s)",
            (at, at),
        )
    connection.commit()


def places(connection: Connection) -> dict[str, int]:
    """Rows in each partition that has any."""
    found = connection.execute(
        f"select tableoid::regclass::text, count(*) from {SAMPLES} group by 1"
    )
    return {name.removeprefix(f"{SAMPLES}_"): n for name, n in found.fetchall()}


def contiguous(connection: Connection) -> None:
    found = partitions.chunks(connection, SAMPLES)
    assert found[0].from_us is None
    assert all(a.until_us == b.from_us for a, b in pairwise(found))


# ── plain PostgreSQL ────────────────────────────────────────────────────────────────────────────


def test_a_sample_of_any_time_has_a_place(plain: Connection) -> None:
    put(plain, datetime(2001, 1, 1, tzinfo=UTC), from_us(NOW_US), datetime(2031, 1, 1, tzinfo=UTC))
    assert places(plain) == {"past": 1, "20260409": 1, "default": 1}
    contiguous(plain)


def test_partitions_are_made_ahead_and_take_what_is_theirs(plain: Connection) -> None:
    in_nine_weeks = from_us(NOW_US + 63 * DAY_US)
    put(plain, from_us(NOW_US), in_nine_weeks)
    assert places(plain)["default"] == 1
    # Nobody did it for nine weeks.
    assert partitions.upkeep(plain, PLAIN, NOW_US + 63 * DAY_US)
    assert places(plain) == {"20260409": 1, "20260611": 1}
    contiguous(plain)
    before = partitions.chunks(plain, SAMPLES)
    assert partitions.upkeep(plain, PLAIN, NOW_US + 63 * DAY_US)
    # Another length takes over where the last one ends.
    assert partitions.upkeep(plain, replace(PLAIN, chunk_days=30), NOW_US + 63 * DAY_US)
    assert partitions.chunks(plain, SAMPLES)[: len(before)] == before
    contiguous(plain)


def test_retention_drops_what_nothing_needs_any_more(plain: Connection) -> None:
    times = [NOW_US - 400 * DAY_US, *(NOW_US + week * 7 * DAY_US for week in range(10))]
    for us in times[1:]:
        partitions.upkeep(plain, PLAIN, us)
    put(plain, *map(from_us, times))
    now_us = times[-1]
    assert partitions.cutoff_us(PLAIN, now_us) is None
    cutoff = partitions.cutoff_us(KEEP_30, now_us)
    assert cutoff is not None and now_us - 37 * DAY_US < cutoff <= now_us - 30 * DAY_US

    def left() -> int:
        assert partitions.upkeep(plain, KEEP_30, now_us)
        contiguous(plain)
        return sum(places(plain).values())

    assert left() == 11  # nobody has said that it is safe
    secured_by_the_only_owner(plain, NOW_US - 100 * DAY_US)
    assert left() == 10  # of the past, as far as it is safe
    secured_by_the_only_owner(plain, NOW_US + 14 * DAY_US)
    secured_by_the_only_owner(plain, NOW_US)  # never goes back
    assert partitions.secured(plain) == NOW_US + 14 * DAY_US
    assert left() == 8
    secured_by_the_only_owner(plain, now_us)
    assert left() == 5
    oldest = scalar(plain, f"select min(observed_at) from {SAMPLES}")
    assert to_us(oldest) >= cutoff > to_us(oldest) - 7 * DAY_US
    assert partitions.dropped(plain) == cutoff
    put(plain, from_us(NOW_US))  # what comes late still has its place
    assert places(plain)["past"] == 1


def secured_by_the_only_owner(connection: Connection, us: int) -> None:
    connection.execute(
        "insert into pipeline.partition (partition, next_offset) values (0, 0) "
        "on conflict do nothing"
    )
    partitions.set_secured(connection, us, 0)


def test_samples_are_kept_until_no_partition_needs_them(plain: Connection) -> None:
    plain.execute("insert into pipeline.partition (partition, next_offset) values (0, 0), (1, 0)")
    partitions.set_secured(plain, NOW_US, 0)
    assert partitions.secured(plain) is None
    partitions.set_secured(plain, NOW_US - DAY_US, 1)
    assert partitions.secured(plain) == NOW_US - DAY_US
    partitions.set_secured(plain, NOW_US + DAY_US, 1)
    assert partitions.secured(plain) == NOW_US
    assert partitions.secured_in(plain, 1) == NOW_US + DAY_US


def test_upkeep_gives_way_to_who_holds_a_lock(
    plain: Connection, plain_copy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(partitions, "_LOCK_TIMEOUT", "50ms")
    with connect(plain_copy) as other:
        other.execute(f"select count(*) from {SAMPLES}")
        assert not partitions.upkeep(plain, PLAIN, NOW_US + 63 * DAY_US)
        other.rollback()
    assert partitions.upkeep(plain, PLAIN, NOW_US + 63 * DAY_US)


def test_upkeeps_at_once_do_the_work_once(plain: Connection, plain_copy: str) -> None:
    now_us = NOW_US + 63 * DAY_US
    put(plain, from_us(NOW_US))
    secured_by_the_only_owner(plain, now_us)
    plain.commit()

    def keep(_: int) -> bool:
        with connect(plain_copy) as connection:
            return partitions.upkeep(connection, KEEP_30, now_us)

    with ThreadPoolExecutor(3) as threads:
        assert list(threads.map(keep, range(3))) == [True, True, True]
    contiguous(plain)
    assert sum(places(plain).values()) == 0
    assert partitions.upkeep(plain, replace(KEEP_30, retention_days=120), now_us)
    assert partitions.dropped(plain) == partitions.cutoff_us(KEEP_30, now_us), "it stays dropped"


def test_a_row_whose_partition_is_given_away_may_try_again(plain: Connection) -> None:
    with pytest.raises(Retry) as raised, translated():
        plain.execute(
            f"insert into {SAMPLES}_default (device_id, observed_at, received_at, lat_deg) "
            "values (1, '2001-01-01', '2001-01-01', 48.123456)"
        )
    assert "48.123456" not in str(raised.value), "places do not belong into a log"


def test_rollups_read_the_same_in_a_session_of_another_zone(plain: Connection) -> None:
    def add(minute: int) -> None:
        at = datetime(2026, 3, 29, 23, minute, tzinfo=UTC)
        plain.execute(
            "insert into features.meter_interval (device_id, start_at, end_at, energy_kwh, status, "
            "estimated, decided_at, revision) values (1, %s, %s, 0.1, 6, 0, %s, 0)",
            (at, at + timedelta(minutes=15), at),
        )
        plain.commit()

    add(15)
    rollups.refresh_all(plain)
    add(30)
    plain.execute("set time zone 'Europe/Berlin'")
    found = plain.execute("select intervals from rollup.meter_hour").fetchall()
    assert found == [(2,)]


def test_whoever_migrates_there_is_one_owner(postgres_url: str) -> None:
    """A superuser's migration leaves the first login's tables and triggers at work."""
    owner = f"tachowatt_owner_{os.getpid()}"
    with new_plain(postgres_url) as url, connect(postgres_url) as admin:
        admin.execute(f"create role {owner} login createrole".encode())
        admin.commit()
        try:
            with connect(url) as connection:
                name = connection.info.dbname
                connection.execute(f"alter database {name} owner to {owner}".encode())
                connection.commit()
            migrate(url.replace("//postgres@", f"//{owner}@"), PLAIN, NOW_US)
            migrate(url, replace(PLAIN, rollup_zone="Europe/Berlin"), NOW_US + 30 * DAY_US)
            with connect(url) as connection:
                owners = connection.execute(
                    "select distinct relowner::regrole::text from pg_class "
                    "where relkind in ('r', 'p', 'v') and relnamespace in "
                    "('telemetry'::regnamespace, 'features'::regnamespace, 'rollup'::regnamespace)"
                ).fetchall()
            assert owners == [(owner,)]
        finally:
            with connect(url) as connection:
                connection.execute(f"drop owned by {owner} cascade".encode())
                connection.execute(f"alter database {name} owner to current_user".encode())
                connection.commit()
            admin.execute(f"drop role {owner}".encode())
            admin.commit()


def test_a_change_during_a_refresh_is_not_lost(plain: Connection, plain_copy: str) -> None:
    by_sql.fill(plain)
    with connect(plain_copy) as other:
        other.execute("delete from features.meter_interval where start_at < '2026-03-25Z'")
        rollups.refresh_all(plain)
        other.commit()
    for _ in range(2):
        assert by_sql.view(plain, "meter_day", "day") == by_sql.meter_rollup(plain, "day", "UTC")
        rollups.refresh_all(plain)


def test_reading_a_rollup_costs_what_it_answers(plain: Connection) -> None:
    by_sql.fill(plain)
    rollups.refresh_all(plain)
    by_sql.change(plain)  # so that there is something dirty too
    plain.execute("analyze")
    plain.execute("set enable_seqscan = off")  # the tables are small: is there a way without?
    for rollup in rollups.ROLLUPS:
        plan = plain.execute(
            f"explain (format text) select * from {rollup.view} where device_id = 3 "
            f"and {rollup.unit} >= '2026-03-28Z' and {rollup.unit} < '2026-04-01Z'"
        ).fetchall()
        text = "\n".join(line for (line,) in plan)
        assert "Seq Scan" not in text, text
        assert text.count("device_id = 3") >= 3, text  # stored, noted, and the rows themselves


def test_a_service_keeps_up(
    plain: Connection, plain_copy: str, caplog: pytest.LogCaptureFixture
) -> None:
    by_sql.fill(plain)
    caplog.set_level("INFO")
    clock = ManualClock(NOW_US + 63 * DAY_US)
    stop = asyncio.Event()
    upkeep = Upkeep(plain_copy, PLAIN, clock, every_s=0.01)

    async def until_done() -> None:
        running = asyncio.create_task(upkeep.run(stop))
        while partitions.chunks(plain, SAMPLES)[-1].until_us < clock.now_us():
            plain.rollback()
            await asyncio.wait((running,), timeout=0.02)
        stop.set()
        await running

    asyncio.run(until_done())
    assert all(rollups.dirty(plain, source) == 0 for source in rollups.SOURCES)
    assert "the store uses plain PostgreSQL" in caplog.text
    Upkeep("postgresql://nobody@127.0.0.1:1/x", PLAIN, clock).once()
    assert "to be tried again: no connection" in caplog.text


def test_commands_tell_and_keep_up(
    plain: Connection,
    plain_copy: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    by_sql.fill(plain)
    monkeypatch.setenv("TACHOWATT_DATABASE_URL", plain_copy)
    db.show_status(json=True)
    before = json.loads(capsys.readouterr().out)
    assert before["engine"] == "plain PostgreSQL" and before["rollups"]["views"][0]["waiting"] > 0
    db.keep_up()
    db.show_status(json=False)
    printed = capsys.readouterr().out
    assert "telemetry.meter_sample" in printed and "samples are kept for good" in printed
    assert all(rollups.dirty(plain, source) == 0 for source in rollups.SOURCES)


# ── TimescaleDB: a real server's, else WebAssembly ──────────────────────────────────────────────


def jobs(connection: Connection) -> dict[str, list[dict]]:
    found: dict[str, list[dict]] = {}
    for job in status(connection, Layout(), NOW_US)["policies"]:
        found.setdefault(job["policy"], []).append(job)
    return found


def test_policies_follow_the_settings(timescale_url: str) -> None:
    migrate(timescale_url, Layout(), NOW_US)
    with connect(timescale_url) as connection:
        before = jobs(connection)
    assert {name: len(found) for name, found in before.items()} == {"columnstore": 2, "refresh": 4}
    migrate(timescale_url, Layout(), NOW_US)
    with connect(timescale_url) as connection:
        assert jobs(connection) == before  # untouched: same jobs, same next runs
    changed = Layout(compress_after_days=3, retention_days=90, chunk_days=1)
    migrate(timescale_url, changed, NOW_US)
    with connect(timescale_url) as connection:
        after = jobs(connection)
        assert after["refresh"] == before["refresh"]
        assert {j["config"]["compress_after"] for j in after["columnstore"]} == {"3 days"}
        assert after["retention"][0]["config"] == {"keep": "90 days", "chunk": "1 days"}
        by_sql.fill(connection)
        tables = status(connection, changed, NOW_US)["tables"]
        assert tables[0]["chunks"] == 51  # 600 samples every two hours
    migrate(timescale_url, Layout(), NOW_US)
    with connect(timescale_url) as connection:
        assert "retention" not in jobs(connection)


def test_columnstore_and_a_late_sample_in_it(timescale_url: str) -> None:
    migrate(timescale_url, Layout(), NOW_US)
    with connect(timescale_url) as connection:
        by_sql.fill(connection)
        query = f"select * from {SAMPLES} order by device_id, observed_at"
        before = connection.execute(query).fetchall()
        compress(connection)
        found = status(connection, Layout(), NOW_US)["tables"][0]
        assert found["chunks"] == found["compressed"] > 5
        assert found["ratio"] == round(found["bytes_before"] / found["bytes_after"], 1)
        assert connection.execute(query).fetchall() == before
        late = by_sql.days_later(3) + (by_sql.days_later(0.001) - by_sql.FIRST)
        put(connection, late)
        us = np.array([to_us(late), to_us(before[10][1]), to_us(late) + 1])
        ids = np.ones(3, np.int64)
        there = telemetry.existing(connection, telemetry.VEHICLE, ids, us)
        assert sorted(there) == [(1, int(us[1])), (1, int(us[0]))]
        values = np.full(len(telemetry.VEHICLE.names), np.nan)
        values[0] = 77.0
        telemetry.overwrite(connection, telemetry.VEHICLE, {(1, int(us[1])): values})
        there = telemetry.existing(connection, telemetry.VEHICLE, ids, us)
        assert there[(1, int(us[1]))][0] == 77.0
        assert telemetry.count(connection, telemetry.VEHICLE) == len(before) + 1
        assert telemetry.doubled(connection, telemetry.VEHICLE) == []
        assert telemetry.marks(connection, telemetry.VEHICLE, [1, 2, 9]) == {
            device: max(to_us(row[1]) for row in before if row[0] == device) for device in (1, 2)
        }


def test_retention_on_timescale_waits_for_checkpoints_too(timescale_url: str) -> None:
    migrate(timescale_url, Layout(retention_days=30), NOW_US)
    with connect(timescale_url) as connection:
        by_sql.fill(connection)
        config = jobs(connection)["retention"][0]["config"]

        def left() -> datetime:
            connection.execute(
                "call pipeline.drop_old_samples(0, %s)", (psycopg.types.json.Jsonb(config),)
            )
            connection.commit()
            return scalar(connection, f"select min(observed_at) from {SAMPLES}")

        first = left()
        assert first == by_sql.days_later(1 / 12)
        secured_by_the_only_owner(connection, to_us(by_sql.days_later(12)))
        assert left() == datetime(2026, 3, 12, tzinfo=UTC)
        assert partitions.dropped(connection) == to_us(by_sql.days_later(12))
        # Upkeep drops by the clock of who calls it, and never more either.
        secured_by_the_only_owner(connection, to_us(by_sql.days_later(60)))
        now_us = to_us(by_sql.days_later(50))
        assert partitions.upkeep(connection, Layout(retention_days=30), now_us)
        assert scalar(connection, f"select min(observed_at) from {SAMPLES}") == datetime(
            2026, 3, 19, tzinfo=UTC
        )


def compress(connection: Connection) -> None:
    """Put every chunk of samples into the columnstore; commits."""
    for table in partitions.TABLES:
        connection.execute(
            "select compress_chunk(c, if_not_compressed => true) from show_chunks(%s::regclass) c",
            (table,),
        )
    connection.commit()


# ── a real pipeline's rows; on TimescaleDB only where a server is named (COPY) ──────────────────


@pytest.fixture(params=["plain", "timescale"])
def empty(request: pytest.FixtureRequest) -> Iterator[tuple[str, Layout]]:
    """An empty database of each engine that knows COPY, and its layout."""
    if request.param == "plain":
        with new_plain(request.getfixturevalue("postgres_url")) as url:
            yield url, PLAIN
        return
    if real_server() is None:
        pytest.skip("TACHOWATT_TEST_TIMESCALE_URL names no server")
    with request.getfixturevalue("timescale").database() as url:
        yield url, Layout(timescale="on")


def test_a_populated_earlier_version_is_still_proven(
    empty: tuple[str, Layout], new_database: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, layout = empty
    source = new_database()
    run(source, [MESSAGES], 500, restart=True)
    with monkeypatch.context() as patched:
        early = [m for m in migrations.available() if m.version <= 4]
        patched.setattr(migrations, "available", lambda: early)
        migrate(url, layout)
    copy_rows(source, url)
    with connect(url) as connection:
        connection.execute("update customers.customer set email = customer || '@example.org'")
        customers = scalar(connection, "select count(*) from customers.customer")
        connection.commit()
    assert migrate(url, layout)[0] == "0005_layout.sql"
    with connect(url) as connection:
        moved = "select count(*) from customers.address where value = customer || '@example.org'"
        assert scalar(connection, moved) == customers > 0
    with connect(source) as connection:  # what trips did not have then: nothing was observed
        connection.execute(
            "update features.trip set use_hist_s = default, jerk_hist_s = default, "
            "quality = default, along_hist_s = default, sparse_hist_s = default, "
            "course_m = default, longitudinal_s = default, lateral_s = default"
        )
        connection.commit()
    assert_same_state(store_state(url), store_state(source))
    verdict = verify(url)
    assert verdict.rows > 1_000 and not verdict.waiting, verdict
    # Trips of before 0054 have no distributions; a computation of today has them.
    assert [line.split(":")[0] for line in verdict.differences] == ["features.trip"], verdict
    again = Worker(url, Settings(), ManualClock(WORKER_NOW_US))
    assert set(again.process(MESSAGES[:5]).outcomes) == {"duplicate"}
    again.close()


def test_a_case_of_before_learns_the_purpose_of_its_playbook(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the contacts of a case those of the same playbook tell it; without one it stays open."""
    with new_plain(postgres_url) as url:
        with monkeypatch.context() as patched:
            early = [m for m in migrations.available() if m.version <= 11]
            patched.setattr(migrations, "available", lambda: early)
            migrate(url, PLAIN)
        with connect(url) as connection:
            for case in ("told", "silent"):
                connection.execute(
                    "insert into contacts.service_case (case_id, tenant, side, kind, title, "
                    "signal_id, playbook, opened_at, updated_at) "
                    "values (%s, 't', 'insurer', 'k', '{}', %s, 'p', now(), now())",
                    (case, case),
                )
            connection.execute(
                "insert into contacts.contact (contact_id, tenant, channel, purpose, type, "
                "playbook, treatment, case_id, created_at) values "
                "('a', 't', 'inbox', 'energy_insight', 't', 'other', 'x', 'told', now() - '1 h'::"
                "interval), ('b', 't', 'inbox', 'driving_score', 't', 'p', 'x', 'told', now())"
            )
            connection.commit()
        migrate(url, PLAIN)
        with connect(url) as connection:
            found = connection.execute("select case_id, purpose from contacts.service_case")
            assert dict(found.fetchall()) == {"told": "driving_score", "silent": None}


def test_letters_of_nobody_lose_their_content_at_the_upgrade(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody has agreed to the positions in them; others keep their bytes, and a partition that an
    earlier version stopped goes on."""
    with new_plain(postgres_url) as url:
        with monkeypatch.context() as patched:
            early = [m for m in migrations.available() if m.version < 15]
            patched.setattr(migrations, "available", lambda: early)
            migrate(url, PLAIN)
        with connect(url) as connection:
            for tenant, reason, state in (
                ("t", "unknown_device", "open"),
                ("t", "unknown_device", "retry"),
                ("-", "not_json", "open"),
                ("t", "not_json", "open"),
                ("t", "unknown_device", "retried"),
            ):
                connection.execute(
                    "insert into pipeline.dead_letter (tenant, dialect, topic, body, received_at, "
                    "partition, log_offset, reason, detail, state) "
                    "values (%s, 'native', 'x', 'lat 52', now(), 0, 0, %s, '', %s)",
                    (tenant, reason, state),
                )
            connection.execute(
                "insert into pipeline.partition (partition, next_offset, stopped_because) "
                "values (0, 0, 'nearly all')"
            )
            connection.commit()
        migrate(url, PLAIN)
        with connect(url) as connection:
            found = connection.execute(
                "select body, size_bytes, state from pipeline.dead_letter order by dead_letter_id"
            ).fetchall()
            assert found == [
                (b"", 6, "open"),
                (b"", 6, "open"),
                (b"", 6, "open"),
                (b"lat 52", None, "open"),
                (b"lat 52", None, "retried"),
            ]
            stopped = connection.execute("select stopped_because from pipeline.partition")
            assert stopped.fetchall() == [(None,)]


def copy_rows(source: str, target: str) -> None:
    """Rows of every table of `target` that `source` has too, in the columns of both."""
    columns_of = (
        "select table_schema || '.' || table_name, array_agg(column_name::text) "
        "from information_schema.columns join information_schema.tables "
        "using (table_schema, table_name) where is_generated = 'NEVER' "
        "and table_type = 'BASE TABLE' and table_schema in "
        "('customers', 'telemetry', 'features', 'pipeline') group by 1"
    )
    with connect(source) as read, connect(target) as wrote:
        wrote.execute("set session_replication_role = replica")  # foreign keys in any order
        theirs = dict(read.execute(columns_of).fetchall())
        for table, ours in wrote.execute(columns_of).fetchall():
            columns = ", ".join(name for name in ours if name in theirs[table])
            wrote.execute(f"delete from {table}")
            with (
                read.cursor().copy(f"copy (select {columns} from {table}) to stdout") as rows,
                wrote.cursor().copy(f"copy {table} ({columns}) from stdin") as into,
            ):
                for block in rows:
                    into.write(block)
        wrote.commit()


@pytest.mark.parametrize("empty", ["timescale"], indirect=True)
def test_late_samples_in_compressed_chunks_reconcile(
    empty: tuple[str, Layout], new_database: Callable[[], str]
) -> None:
    url, layout = empty
    in_order = new_database()
    run(in_order, [MESSAGES], 500, restart=False)
    migrate(url, layout)
    write(url, validate(registry(), "test"), WORKER_NOW_US)
    late = MESSAGES[3::4]
    worker = Worker(url, Settings(reconcile_wait_s=0.0), ManualClock(WORKER_NOW_US))
    worker.process([m for m in MESSAGES if m not in late])
    with connect(url) as connection:
        # So many samples a device went to the columnstore directly.
        assert status(connection, layout, WORKER_NOW_US)["tables"][0]["compressed"] > 0
        compress(connection)
    worker.process(late)
    assert worker.reconcile(everything=True) > 0
    worker.close_silent(everything=True)
    worker.close()
    assert_same_state(store_state(url), store_state(in_order))
    assert verify(url).clean
