"""An erased customer is in no table, endpoint or page; the rest is as it was, and stays correct."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from psycopg.conninfo import conninfo_to_dict

from app.cli import cli
from app.operations.registry_import import validate, write
from app.operations.verify import verify
from ingest.partition.worker import Worker
from runtime.clock import ManualClock
from runtime.errors import NotFound, Usage
from runtime.settings import Settings
from services import consent_heads, erasure
from services.erasure import Eraser, keys_of
from store.people import registry as stored_registry
from store.pipeline import telemetry
from store.postgres.engine import Layout
from store.postgres.pool import Connection, connect
from store.postgres.times import from_us
from store.privacy import erasure as store
from store.schema.migrate import migrate
from tests import rows_by_sql as by_sql
from tests.fix_api import running_api
from tests.fix_postgres import _execute, copy_database, database_of
from tests.fix_registry import NOW_US, registry
from tests.fix_roles import Town
from tests.integration.test_migrations import compress
from tests.pages import sign_in
from tests.property.test_any_order import DAY_S, MESSAGES, START_S
from tests.secret_keys import BOX
from tests.seed_api import OTHER

PLANTED = "omar"
"""Stands in every id, name and text of the customers to be erased, and nowhere else."""


def eraser() -> Eraser:
    return Eraser(BOX, 35)


def places_with(connection: Connection, text: str) -> dict[str, int]:
    """Table → rows in which any column, as text or as bytes, has the text.

    Without the word to those who follow the changes that an object is gone.
    """
    found = {}
    tables = connection.execute(
        "select n.nspname || '.' || c.relname from pg_class c "
        "join pg_namespace n on n.oid = c.relnamespace where c.relkind in ('r', 'm') "
        "and n.nspname !~ '^(pg_|_timescale|timescale|information_schema)'"
    ).fetchall()
    for (table,) in tables:
        but = " and operation <> 'deleted'" if table == "customers.change" else ""
        # Bytes are shown in hexadecimal digits.
        row = connection.execute(
            f"select count(*) from {table} t where (lower(t::text) like %s "
            f"or lower(t::text) like %s){but}".encode(),
            (f"%{text}%", f"%{text.encode().hex()}%"),
        ).fetchone()
        assert row is not None
        if row[0]:
            found[table] = int(row[0])
    return found


def plant(connection: Connection, tenant: str, customer: str, device_id: int) -> None:
    """Rows of the customer in tables that the seeded database leaves empty."""
    values = {"t": tenant, "c": customer, "d": device_id}
    for statement in (
        "insert into access.read_log (at, tenant, customer, key_id, role, reader, what, why, "
        "request_id, object_kind, object_id) values (now(), %(t)s, %(c)s, 'k', 'agent', 'Anna', "
        "'context', 'work', 'r', 'customer', %(c)s), (now(), %(t)s, %(c)s, 'k', 'customer', "
        "'omar himself', 'inbox', 'own', 'r', 'customer', %(c)s)",
        "insert into access.idempotency (tenant, key_id, key, fingerprint, status, headers, body, "
        "created_at, reads) values (%(t)s, 'other', 'key', '', 200, '{}', 'omar', now(), "
        "jsonb_build_array(jsonb_build_object('what', 'w', 'why', 'y', 'objects', "
        "jsonb_build_array(jsonb_build_array(%(c)s::text, 'customer', %(c)s::text)))))",
        "insert into access.api_key (key_id, tenant, role, customer, name, hash, scopes, "
        "created_at) values ('omar-key', %(t)s, 'customer', %(c)s, 'omar', 'x', '{}', now())",
        "insert into access.session (hash, key_id, csrf, created_at, expires_at) "
        "values ('s', 'omar-key', 'x', now(), now() + interval '1 day')",
        "insert into access.person (person_id, tenant, role, customer, name, email, created_at) "
        "values ('omar-person', %(t)s, 'customer', %(c)s, 'Omar', 'omar@example.org', now())",
        "insert into access.link (hash, person_id, purpose, created_at, expires_at) "
        "values ('l', 'omar-person', 'sign_in', now(), now() + interval '1 day')",
        "insert into contacts.score_told values (%(t)s, %(c)s, 80, 'B', now())",
        "insert into contacts.driver_score values "
        "(%(t)s, %(c)s, '2026-11-23', 80, 'B', true, 9, 'omar', now())",
        "insert into contacts.decision (tenant, signal_id, signal_revision, signal_type, customer, "
        "playbook, digest, outcome, reason, decided_at) "
        "values (%(t)s, 'omar-signal', 0, 'x', %(c)s, 'p', 'd', 'nothing', 'omar', now())",
        "insert into contacts.case_entry (case_id, at, author, kind, text) "
        "select case_id, now(), 'Anna', 'note', 'omar called' from contacts.service_case "
        "where tenant = %(t)s and customer = %(c)s",
        "insert into contacts.attempt (contact_id, number, at, outcome, detail, duration_ms) "
        "select contact_id, 9, now(), 'ok', 'omar', 1 from contacts.contact "
        "where tenant = %(t)s and customer = %(c)s",
        "insert into pipeline.signal (id, revision, tenant, type, subject, time, data, created_at) "
        "values ('omar-score' || %(c)s, 0, %(t)s, 'score.changed', 'customer:' || %(c)s, now(), "
        "'{}', now())",
        "insert into pipeline.signal_queue select sequence from pipeline.signal "
        "where id = 'omar-score' || %(c)s",
        "insert into privacy.rights_request (request_id, tenant, customer, kind, state, details, "
        "asked_by, author, received_at, due_at, answer, proof) values ('right-' || %(t)s, %(t)s, "
        "%(c)s, 'access', 'answered', 'omar asks', 'api', 'customer:' || %(c)s, now(), now(), "
        "'omar', '{\"rows\": 1}')",
        "insert into privacy.processing_limit (tenant, customer, kind, begun_at, ended_at, "
        "ended_by) values (%(t)s, %(c)s, 'processing', now(), now(), 'omar')",
        "insert into privacy.export (request_id, tenant, customer, made_at, expires_at, bytes, "
        "sha256) values ('right-' || %(t)s, %(t)s, %(c)s, now(), now() + interval '9 days', 4, '')",
        "insert into privacy.export_part values ('right-' || %(t)s, 0, 'omar')",
        "insert into telemetry.device_event values (%(d)s, '2026-11-01', 'x', 'd', now(), "
        '\'{"who": "omar"}\')',
        "insert into telemetry.meter_number values (%(d)s, 'OMAR-number') on conflict do nothing",
        "insert into pipeline.checkpoint values (%(d)s, '2026-11-01', 1, 'omar')",
        "insert into pipeline.dead_letter (tenant, dialect, topic, body, received_at, partition, "
        "log_offset, reason, detail, device_id) values "
        "(%(t)s, 'native', 't', 'omar', '2026-11-01', 0, 99, 'not_json', 'omar', %(d)s)",
    ):
        connection.execute(statement.encode(), values)


def rename_devices(connection: Connection) -> None:
    """Give the planted devices neutral names: a device is the tenant's and stays."""
    connection.execute(
        "update customers.device set device = 'box-' || device_id, "
        "address = 't1/box-' || device_id where device like 'omar%'"
    )
    connection.execute("delete from customers.change where kind in ('device', 'assignment')")


@pytest.fixture
def planted(town: Town) -> Town:
    """The town, with rows of omar's in every table."""
    own = town.seeded.own[OTHER]
    with connect(town.url) as connection:
        rename_devices(connection)
        (device_id,) = connection.execute(
            "select device_id from customers.assignment where vehicle = %s", (own.vehicle,)
        ).fetchone()  # type: ignore[misc]
        plant(connection, own.tenant, own.driver, device_id)
        connection.commit()
    return town


def erase_both(url: str, town: Town) -> None:
    own = town.seeded.own[OTHER]
    with connect(url) as connection:
        for customer in (own.driver, own.home):
            eraser().erase(connection, own.tenant, customer, NOW_US, erased_by="test")


def test_no_table_has_anything_of_an_erased_customer(planted: Town) -> None:
    own, other = planted.seeded.own[OTHER], planted.seeded.own["own"]
    with connect(planted.url) as connection:
        before = places_with(connection, PLANTED)
        assert len(before) >= 25, "values are planted in most tables"
        keys = keys_of(connection, own.tenant, own.driver)
        assert keys.parameters["devices"] and keys.parameters["signals"]
        of_another = store.count(connection, keys_of(connection, other.tenant, other.driver))
        would = eraser().count(connection, own.tenant, own.driver)
        connection.rollback()
        done = eraser().erase(connection, own.tenant, own.driver, NOW_US, erased_by="test")
        assert {p: done.deleted[p] for p in would} == would
        assert set(done.archived) == {
            "access.read_log", "customers.consent", "privacy.rights_request",
        }  # fmt: skip
        assert done.archived["access.read_log"] == 1, "but not the customer's own reads"
        eraser().erase(connection, own.tenant, own.home, NOW_US, erased_by="test")
        assert places_with(connection, PLANTED) == {}
        assert (
            store.count(connection, keys_of(connection, other.tenant, other.driver)) == of_another
        )
        devices = keys.parameters["devices"]
        for table in ("telemetry.vehicle_sample", "features.trip", "rollup.vehicle_day"):
            row = connection.execute(
                f"select count(*) from {table} where device_id = any(%s)".encode(), (devices,)
            ).fetchone()
            assert row == (0,), table
        assert eraser().verify(connection) == (2, [])
        ledger = consent_heads.verify(connection, [], {})
        assert ledger.clean, "the chain of consents goes on without what was erased"
        assert ledger.erased >= 2
        with pytest.raises(NotFound, match="was erased on"):
            eraser().erase(connection, own.tenant, own.driver, NOW_US, erased_by="test")


def test_verify_finds_what_is_there_again(planted: Town) -> None:
    own = planted.seeded.own[OTHER]
    erase_both(planted.url, planted)
    with connect(planted.url) as connection:
        connection.execute(
            "insert into customers.customer (tenant, customer, name) values (%s, %s, 'Omar')",
            (own.tenant, own.driver),
        )
        connection.execute(
            "insert into telemetry.vehicle_sample (device_id, observed_at, received_at) "
            "select device_id, begin_at, begin_at from privacy.erased_span limit 1"
        )
        connection.commit()
        _, found = eraser().verify(connection)
        assert erasure.remove_late(connection, NOW_US) == 1
        assert {one.place for one in found} == {"customers.customer", "telemetry.vehicle_sample"}
        eraser().reapply(connection, NOW_US)
        assert eraser().verify(connection) == (2, [])


def test_no_endpoint_and_no_page_tells_of_an_erased_customer(planted: Town) -> None:
    own, seeded = planted.seeded.own[OTHER], planted.seeded
    erase_both(planted.url, planted)
    with running_api(planted.url) as url, httpx.Client(base_url=url, timeout=60) as client:
        document = client.get("/openapi.json").json()
        asked = 0
        for path, operations in document["paths"].items():
            if "get" not in operations or "stream" in path or "export" in path:
                continue
            for role in (*ROLES, "customer"):
                filled = path
                for name, value in _IDS.items():
                    filled = filled.replace("{" + name + "}", getattr(own, value))
                if "{" in filled or (filled, role) == ("/v1/changes", "back_office"):
                    continue  # the changes say which object is gone
                answer = client.get(filled, headers=seeded.bearer(role))
                assert answer.status_code < 500, filled
                if answer.status_code == 200:
                    assert PLANTED not in answer.text.lower(), (filled, role)
                asked += 1
        assert asked > 60
        for role in ROLES:
            with httpx.Client(base_url=url, timeout=60) as browser:
                sign_in(browser, seeded.keys[("own", role)])
                for page in ("/", "/customers", "/cases", "/contacts", "/alerts", "/privacy"):
                    assert PLANTED not in browser.get(page).text.lower(), (page, role)


ROLES = ("insurer", "utility", "agent", "supervisor", "operator", "data_protection", "back_office")


_IDS = {
    "customer_id": "driver", "vehicle_id": "vehicle", "meter_id": "meter", "case_id": "crash_case",
    "alert_id": "alert", "contact_id": "message", "trip_id": "trip", "crash_id": "crash",
    "contract_id": "motor",
}  # fmt: skip


def test_a_restored_backup_does_not_bring_the_erased_back(
    planted: Town, postgres_url: str, tmp_path: Path
) -> None:
    name = f"{_name(planted.url)}_older"
    copy_database(postgres_url, name, _name(planted.url))
    try:
        erase_both(planted.url, planted)
        file = tmp_path / "erased.json"
        with connect(planted.url) as connection:
            eraser().write_list(connection, file)
        assert PLANTED not in file.read_text().lower()
        with connect(database_of(postgres_url, name)) as older:
            assert places_with(older, PLANTED)
            erased = eraser().read_list(older, file)
            eraser().reapply(older, NOW_US, erased)
            assert places_with(older, PLANTED) == {}
            assert eraser().verify(older) == (2, [])
            assert eraser().reapply(older, NOW_US, erased) == {}, "safe to repeat"
    finally:
        _execute(postgres_url, f"drop database if exists {name} with (force)")


def _name(url: str) -> str:
    return str(conninfo_to_dict(url)["dbname"])


def test_features_of_others_stay_correct_and_a_replay_stores_nothing(database: str) -> None:
    """Car and meter change hands in the middle; the first holders are erased."""
    sections = registry()
    of_car = from_us((START_S + 3_600) * 1_000_000).isoformat()
    of_meter = from_us((START_S - 10 * DAY_S) * 1_000_000).isoformat()
    for contract in sections["contracts"]:
        if contract["id"] in ("k0", "k3"):
            contract["valid_to"] = of_car if contract["id"] == "k0" else of_meter
    sections["contracts"] += [
        {"tenant": "t1", "id": "next-0", "customer": "c1", "kind": "motor", "vehicle": "v0",
         "valid_from": of_car},
        {"tenant": "t1", "id": "next-3", "customer": "c4", "kind": "electricity", "meter": "m0",
         "valid_from": of_meter},
    ]  # fmt: skip
    write(database, validate(sections, "test"), NOW_US)
    settings = Settings(checkpoint_samples=100, reconcile_wait_s=0.0)
    clock = ManualClock(NOW_US)
    worker = Worker(database, settings, clock)
    worker.process(list(MESSAGES))
    worker.reconcile(everything=True)
    assert verify(database).clean
    with connect(database) as connection:
        total = _samples(connection)
        done = [
            eraser().erase(connection, "t1", customer, NOW_US, erased_by="test")
            for customer in ("c0", "c3")
        ]
        left = _samples(connection)
        assert 0 < left < total
        assert total - left == sum(
            one.deleted.get("telemetry.vehicle_sample", 0)
            + one.deleted.get("telemetry.meter_sample", 0)
            for one in done
        )
    worker.process(list(MESSAGES))  # the log is replayed, by a worker that ran all the time
    worker.reconcile(everything=True)
    worker.close()
    with connect(database) as connection:
        assert _samples(connection) == left
        assert eraser().verify(connection) == (2, [])
        assert stored_registry.tenants(connection) == ["t1"]
    verdict = verify(database)
    assert verdict.differences == [] and verdict.clean


def _samples(connection: Connection) -> int:
    total = 0
    for table in (telemetry.VEHICLE, telemetry.METER):
        row = connection.execute(f"select count(*) from {table.name}".encode()).fetchone()
        assert row is not None
        total += int(row[0])
    return total


def test_samples_in_compressed_chunks_go_too(timescale_url: str) -> None:
    migrate(timescale_url, Layout(), NOW_US)
    write(timescale_url, validate(registry(), "test"), NOW_US)
    with connect(timescale_url) as connection:
        by_sql.fill(connection)  # of devices 1 and 2
        compress(connection)
        before = dict(_by_device(connection))
        names = "select coalesce(vehicle, meter) from customers.assignment where device_id = 1"
        assert connection.execute(names).fetchone() == ("v0",)
        done = eraser().erase(connection, "t1", "c0", NOW_US, erased_by="test")
        assert done.deleted["telemetry.vehicle_sample"] == before.pop(1) == 600
        assert dict(_by_device(connection)) == before
        assert eraser().verify(connection) == (1, [])


def _by_device(connection: Connection) -> list[tuple[int, int]]:
    return connection.execute(
        "select device_id, count(*) from telemetry.vehicle_sample group by 1"
    ).fetchall()


def test_the_command_erases_and_verifies(
    planted: Town, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:  # fmt: skip
    monkeypatch.setenv("TACHOWATT_DATABASE_URL", planted.url)
    monkeypatch.setenv("TACHOWATT_STATE_DIR", str(tmp_path))

    def run(*arguments: str) -> dict[str, Any]:
        capsys.readouterr()
        cli([*arguments, "--json"], standalone_mode=False)
        return json.loads(capsys.readouterr().out)

    own = planted.seeded.own[OTHER]
    would = run("erase", f"t1/{own.driver}", "--dry-run")["would_delete"]
    done = run("erase", own.driver, "--tenant", "t1", "--reason", "asked by letter")
    assert {place: done["deleted"][place] for place in would} == would
    assert done["pseudonym"].startswith("erased-") and done["physically_by"] > done["erased_at"]
    assert run("erase", "verify") == {"clean": True, "erasures": 1, "leftovers": []}
    assert run("erase", "reapply") == {"deleted": {}}
    assert json.loads((tmp_path / "erased.json").read_text())[0]["tenant"] == "t1"
    with pytest.raises(Usage, match="was erased on"):
        run("erase", f"t1/{own.driver}")
    with pytest.raises(Usage, match="name the tenant"):
        run("erase", "nobody")
