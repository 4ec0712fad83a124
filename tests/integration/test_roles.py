"""What the database itself allows: the reader sees a tenant's rows only, the writer changes no
structure."""

import httpx
import psycopg
import pytest
from psycopg import errors, sql

from runtime.errors import Retry, Stop
from store.people import keys, sessions
from store.postgres.pool import Connection, Pool, connect, scalar
from store.postgres.roles import READER, WRITER, NotAMember, set_tenant_scope
from store.postgres.times import from_us
from store.reads import driving, pages
from store.schema.migrate import migrate
from tests.fix_api import running_api
from tests.fix_postgres import _execute, database_of
from tests.fix_registry import NOW_US
from tests.fix_roles import Login, Town
from tests.patience import patient
from tests.seed_api import DAY_US, OTHER

_GLOBAL = {
    "access.secret_key",
    "access.wake_key",
    "customers.change_horizon",
    "customers.change_publication",
    "customers.version",
    "contacts.playbook",
    "contacts.playbook_error",
    "privacy.retention_run",
    "public.tachowatt_migration",
}
"""What a reader may read that is no tenant's."""


def _granted(connection: Connection, role: str, right: str) -> list[str]:
    """Tables and views of ours, partitions and all, on which a role has a right, or on a column."""
    found = connection.execute(
        "select n.nspname || '.' || c.relname from pg_class c join pg_namespace n "
        "on n.oid = c.relnamespace where c.relkind in ('r', 'v', 'm', 'p') and n.nspname = any(%s) "
        "and (has_table_privilege(%s, c.oid, %s) or %s in ('select', 'insert', 'update') "
        "and has_any_column_privilege(%s, c.oid, replace(%s, 'delete', 'select'))) order by 1",
        (
            ["customers", "telemetry", "features", "pipeline", "rollup", "contacts", "access",
             "shown", "privacy", "public"],
            role, right, right, role, right,
        ),
    )  # fmt: skip
    return [name for (name,) in found.fetchall()]


def _count(connection: Connection, name: str) -> int:
    query = sql.SQL("select count(*) from {}").format(sql.Identifier(*name.split(".")))
    return int(scalar(connection, query))


def _tenants_in(connection: Connection, name: str) -> set[str]:
    """Tenants of the rows of a table or view that the connection sees; read beside it as owner
    where a row names its tenant by a device, a case, or a contact."""
    columns = set(
        row[0]
        for row in connection.execute(
            "select attname from pg_attribute where attrelid = %s::regclass and attnum > 0", (name,)
        )
    )
    for column in ("tenant", "device_id", "case_id", "contact_id", "request_id"):
        if column in columns:
            break
    else:
        raise AssertionError(f"{name}: whose are its rows?")
    query = sql.SQL("select distinct {}::text from {}").format(
        sql.Identifier(column), sql.Identifier(*name.split("."))
    )
    found = {row[0] for row in connection.execute(query)}
    if column == "tenant":
        return found
    parent = {
        "device_id": "customers.device",
        "case_id": "contacts.service_case",
        "contact_id": "contacts.contact",
        "request_id": "privacy.rights_request",
    }[column]
    with connect(connection.info.dsn) as owner:
        return {
            row[0]
            for row in owner.execute(
                f"select distinct tenant from {parent} where {column}::text = any(%s)".encode(),
                (list(found),),
            )
        }


def test_a_reader_sees_a_tenants_rows_only_and_none_unless_it_says_whose(town: Town) -> None:
    own, foreign = town.seeded.own["own"], town.seeded.own["zz"]
    with town.reader() as connection, connect(town.url) as owner:
        names = sorted(set(_granted(owner, READER, "select")) - _GLOBAL)
        assert {
            "shown.trip",
            "contacts.attempt",
            "access.read_log",
            "shown.rollup_vehicle_day",
        } <= set(names)
        assert not [name for name in names if name.startswith(("telemetry.", "features."))]
        shared = 0
        for name in names:
            connection.rollback()
            assert _count(connection, name) == 0, f"{name} without a tenant"
            found = {}
            for own_or_foreign in (own, foreign):
                connection.rollback()
                set_tenant_scope(connection, (own_or_foreign.tenant,), own_or_foreign.driver)
                found[own_or_foreign.tenant] = _tenants_in(connection, name)
            assert found["t1"] <= {"t1"} and found["t2"] <= {"t2"}, name
            shared += bool(found["t1"]) and bool(found["t2"])
            connection.rollback()
            for odd in ("t1,t2", "{t1}", "%", "", "T1"):
                set_tenant_scope(connection, (odd,))
                assert _count(connection, name) == 0, (name, odd)
        assert shared >= 20, "hardly anything was compared"


def test_a_reader_has_no_right_on_samples_features_keys_and_secrets(town: Town) -> None:
    with town.reader() as connection:
        for name in (
            "telemetry.vehicle_sample", "telemetry.meter_sample", "telemetry.device_event",
            "features.trip", "features.driving_event", "features.meter_interval",
            "features.meter_interval_past",
            "rollup.vehicle_day", "shown.own_trip", "access.api_key", "access.session",
            "contacts.receiver_secret", "contacts.score_told", "pipeline.checkpoint",
        ):  # fmt: skip
            with pytest.raises(errors.InsufficientPrivilege):
                _count(connection, name)
            connection.rollback()


def test_places_are_shown_to_the_customer_who_drove_there_and_to_nobody_else(town: Town) -> None:
    own, other = town.seeded.own["own"], town.seeded.own[OTHER]
    device, start = (int(part) for part in own.trip.split("-"))
    with town.reader() as connection:

        def places(*tenants: str, customer: str | None = None) -> tuple[int, int]:
            connection.rollback()
            set_tenant_scope(connection, tenants, customer)
            path = driving.path(connection, device, from_us(start), from_us(start + DAY_US), 9)
            samples = pages.own_samples(
                connection, device, from_us(start), from_us(start + DAY_US), 9
            )
            assert len(samples["lat_deg"]) == len(path)
            return len(path), _count(connection, "shown.event_place")

        assert places("t1", customer=own.driver)[0] > 0
        for tenants, customer in (
            (("t1",), None), (("t1",), other.driver), (("t1",), own.home), (("t1",), ""),
            (("t2",), own.driver), ((), own.driver),
        ):  # fmt: skip
            assert places(*tenants, customer=customer)[0] == 0, (tenants, customer)
        columns = connection.execute(
            "select c.relname, a.attname from pg_attribute a join pg_class c on c.oid = a.attrelid "
            "where relnamespace = 'shown'::regnamespace and attname ~ '(lat|lon)_'"
        ).fetchall()
        assert {name for name, _ in columns} == {"vehicle_path", "event_place"}


def test_a_reader_writes_only_where_an_endpoint_does(town: Town) -> None:
    with connect(town.url) as owner:
        assert _granted(owner, READER, "delete") == [
            "contacts.call_code", "customers.assignment", "customers.attribute_value",
            "customers.household_member",
        ]  # fmt: skip
        assert _granted(owner, READER, "truncate") == []
        assert _granted(owner, READER, "insert") == [
            "access.change_decision", "access.change_execution", "access.change_request",
            "access.idempotency", "access.lookup_key", "access.read_log", "contacts.action_set",
            "contacts.alert_change", "contacts.call", "contacts.call_code", "contacts.call_try",
            "contacts.case_action", "contacts.case_entry", "contacts.case_event",
            "contacts.case_field", "contacts.case_file", "contacts.case_link",
            "contacts.case_notice", "contacts.case_order", "contacts.case_plan",
            "contacts.consent_request", "contacts.crash_label", "contacts.driver_score",
            "contacts.estimate_due", "contacts.item_feedback", "contacts.item_usefulness",
            "contacts.meter_event",
            "contacts.next_action", "contacts.outcome", "contacts.reported_fact", "contacts.rule",
            "contacts.rule_activation", "contacts.score_activation", "contacts.service_case",
            "contacts.trip_counting", "customers.assignment", "customers.attribute",
            "customers.attribute_value", "customers.bill", "customers.billing_value",
            "customers.change_publication", "customers.channel_choice", "customers.consent",
            "customers.consent_notice", "customers.contact_point", "customers.contract",
            "customers.customer", "customers.entered_reading", "customers.external_id",
            "customers.household_member", "customers.interaction", "customers.match_pair",
            "customers.merge", "customers.meter", "customers.reading_correction",
            "customers.reading_photo", "customers.reading_round", "customers.reading_round_meter",
            "customers.received_event", "customers.shared_identifier", "customers.tariff",
            "customers.vehicle", "privacy.customer_key", "privacy.processing_limit",
            "privacy.rights_request",
        ]  # fmt: skip
        assert _granted(owner, READER, "update") == [
            "access.idempotency", "contacts.alert", "contacts.call", "contacts.call_code",
            "contacts.case_field", "contacts.case_link", "contacts.case_plan",
            "contacts.consent_request", "contacts.contact", "contacts.crash_label",
            "contacts.driver_score", "contacts.estimate_due", "contacts.item_usefulness",
            "contacts.meter_event", "contacts.outcome",
            "contacts.reported_fact", "contacts.service_case", "customers.attribute",
            "customers.attribute_value", "customers.change_publication", "customers.contact_point",
            "customers.contract", "customers.customer", "customers.external_id",
            "customers.household_member", "customers.interaction", "customers.match_pair",
            "customers.merge", "customers.meter", "customers.reading_round_meter",
            "customers.received_event", "customers.vehicle", "customers.version",
            "privacy.processing_limit", "privacy.rights_request",
        ]  # fmt: skip
    own, foreign = town.seeded.own["own"], town.seeded.own["zz"]
    with town.reader() as connection:
        set_tenant_scope(connection, ("t1",))
        changed = connection.execute(
            "update contacts.alert set state = 'resolved' where alert_id = any(%s)",
            ([own.alert, foreign.alert],),
        )
        assert changed.rowcount == 1
        for statement in (
            "update contacts.alert set tenant = 't2'",
            "update contacts.contact set payload = null",
            "delete from customers.consent",
            "insert into access.read_log (at, tenant, customer, key_id, role, reader, what, why, "
            "request_id) values (now(), 't2', 'c', 'k', 'agent', 'r', 'w', 'w', 'i')",
            f"insert into contacts.case_entry (case_id, at, author, kind, text) "
            f"values ('{foreign.crash_case}', now(), 'a', 'note', 't')",
            "create table public.mine (x int)",
            "set role tachowatt_writer; create table telemetry.mine (x int)",
        ):
            connection.rollback()
            set_tenant_scope(connection, ("t1",))
            with pytest.raises(errors.InsufficientPrivilege):
                connection.execute(statement.encode())


def test_a_session_is_found_by_its_token_and_in_no_other_way(town: Town) -> None:
    text = town.seeded.keys[("own", "agent")]
    with town.reader() as connection:
        key = keys.find_key(connection, text, NOW_US)
        assert key is not None and key.tenant == "t1"
        assert keys.find_key(connection, text[:-1] + "_", NOW_US) is None
        assert sessions.open_session(connection, text[:-1] + "_", NOW_US, 60.0) is None
        token, _ = sessions.open_session(connection, text, NOW_US, 60.0) or ("", "")
        assert sessions.find_session(connection, token, NOW_US, 60.0) is not None
        assert sessions.find_session(connection, token, NOW_US + 61_000_000, 99.0) is None
        sessions.forget_expired(connection, NOW_US + 61_000_000)
        assert sessions.find_session(connection, token, NOW_US, 60.0) is None
        assert keys.find_key(connection, text, NOW_US + 1).last_used_at == from_us(NOW_US)  # type: ignore[union-attr]


def test_a_writer_changes_rows_and_no_structure(town: Town) -> None:
    connection = connect(town.url, role=WRITER)
    assert scalar(connection, "select count(distinct tenant) from pipeline.signal") == 2
    for statement in (
        "create table telemetry.mine (x int)",
        "create table public.mine (x int)",
        "alter table features.trip add column x int",
        "drop table pipeline.signal_queue",
        "truncate telemetry.vehicle_sample",
        "create index on features.trip (start_at)",
        "drop policy everything on contacts.alert",
        "insert into customers.tenant (tenant, name) values ('x', 'x')",
        "delete from customers.contract",
        "select * from access.api_key",
        "update pipeline.layout set engine = 'timescale'",
    ):
        with pytest.raises(errors.InsufficientPrivilege):
            connection.execute(statement.encode())
        connection.rollback()
    connection.close()


# ── logins ──────────────────────────────────────────────────────────────────────────────────────


def test_a_login_that_is_no_member_learns_what_to_run(database: str, login: Login) -> None:
    name, url = login(database)
    with pytest.raises(NotAMember, match=f"grant {READER} to {name}"):
        Pool(url, most=1, role=READER)
    _execute(database, f"grant {READER} to {name}")
    pool = Pool(url, most=1, role=READER)
    try:
        with pool.connection(("t1",)) as connection:
            assert scalar(connection, "select current_user") == READER
            assert scalar(connection, "select access.tenants()") == ["t1"]
        with pool.connection() as connection:
            assert scalar(connection, "select access.tenants()") is None
        with running_api(database, api_database_url=url) as address:
            assert httpx.get(f"{address}/ready", timeout=patient(20)).json()["ready"]
    finally:
        pool.close()


def test_a_login_that_does_not_own_the_tables_only_looks_whether_they_are_up_to_date(
    database: str, login: Login
) -> None:
    name, url = login(database)
    _execute(database, f"grant {READER} to {name}")
    assert migrate(url) == []
    _execute(database, "delete from public.tachowatt_migration where name like '0006%'")
    with pytest.raises(Stop, match=r"0006_roles\.sql; run `tachowatt db migrate` as the login"):
        migrate(url)


def test_a_pool_lends_no_connection_that_the_server_has_ended(database: str) -> None:
    pool = Pool(database, most=1)
    try:
        with pool.connection() as connection:
            pid = scalar(connection, "select pg_backend_pid()")
        with pool.connection() as connection:
            assert scalar(connection, "select pg_backend_pid()") == pid, "it is kept"
        with connect(database) as other:
            other.execute("select pg_terminate_backend(%s, 5000)", (pid,))
        with pool.connection() as connection:
            assert scalar(connection, "select pg_backend_pid()") != pid
    finally:
        pool.close()


def test_a_pool_whose_server_is_away_waits_for_it() -> None:
    pool = Pool("postgresql://nobody@127.0.0.1:1/x", most=1, wait_s=0.05, role=READER)
    with pytest.raises(Retry), pool.connection():
        pass
    pool.close()


def test_an_owner_who_may_not_make_roles_migrates_all_the_same(
    postgres_url: str, login: Login, database: str
) -> None:
    name, _ = login(database)
    base = database_of(postgres_url, f"{name}_db")
    _execute(postgres_url, f"create database {name}_db owner {name}")
    try:
        url = psycopg.conninfo.make_conninfo(base, user=name)
        assert "0006_roles.sql" in migrate(url)
        with pytest.raises(NotAMember, match=f"grant {READER} to {name}"):
            Pool(url, most=1, role=READER)
        with connect(url, role=WRITER) as connection:
            assert scalar(connection, "select current_user") == name, "goes on as itself"
        _execute(postgres_url, f"grant {READER}, {WRITER} to {name}")
        Pool(url, most=1, role=READER).close()
        with connect(url, role=WRITER) as connection:
            assert scalar(connection, "select current_user") == WRITER
    finally:
        _execute(postgres_url, f"drop database if exists {name}_db with (force)")
