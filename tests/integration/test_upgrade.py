"""A filled database of an earlier version, migrated by today's program: all is there and works.

tests/upgrades/<commit>.sql is what `pg_dump --inserts` said of a database that the code of that
commit had migrated and filled: its own tests/seed_api.py (two tenants, customers, contracts,
consents, samples, trips, intervals, signals, cases, alerts, contacts, keys, ledger, dead letters),
three receivers, one of them with two secrets, a session, a revoked key, a log of reads, and a grant
dated ahead of the customer's withdrawal. <commit>.json has what was printed only once: keys and
secrets.
"""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from psycopg import sql

from app.operations.recompute import recompute
from app.operations.verify import verify
from runtime.clock import ManualClock
from runtime.secret_box import KeyMissing, box_with
from runtime.settings import Settings
from services import secrets
from store.casework import receivers
from store.people import consent, keys, sessions
from store.postgres.pool import Connection, connect, scalar
from store.schema.migrate import available, migrate
from store.secrets import sealing
from tests.fix_api import running_api
from tests.fix_postgres import _execute, database_of
from tests.fix_registry import NOW_US
from tests.secret_keys import BOX, KEY

FOLDER = Path(__file__).parents[1] / "upgrades"
VERSIONS = sorted(path.stem for path in FOLDER.glob("*.sql"))
MOVED = {"customers.customer", "public.tachowatt_migration"}
"""Tables whose columns or rows a migration moves: customers' e-mail became an address."""
CHANGED = {"contacts.receiver_secret", "pipeline.dead_letter", "pipeline.layout"}
"""Tables whose values change: secrets are sealed, what nobody agreed to is emptied, and the layout
names the state of the rollups."""
SECOND_US = 1_000_000


@dataclass(frozen=True)
class Old:
    """A loaded database. issued : keys, secrets, ids. rows, columns : of each table, before."""

    url: str
    issued: dict[str, Any]
    rows: dict[str, Counter[str]]
    columns: dict[str, list[str]]


def rows_of(connection: Connection, tables: dict[str, list[str]]) -> dict[str, Counter[str]]:
    """Each table's rows, by the named columns, as text."""
    found = {}
    for table, columns in tables.items():
        query = sql.SQL("select row({})::text from {}").format(
            sql.SQL(", ").join(map(sql.Identifier, columns)), sql.Identifier(*table.split("."))
        )
        found[table] = Counter(row for (row,) in connection.execute(query))
    return found


def tables_of(connection: Connection) -> dict[str, list[str]]:
    """Tables of ours → columns, partitions apart."""
    found: dict[str, list[str]] = {}
    for table, column in connection.execute(
        "select n.nspname || '.' || c.relname, a.attname from pg_class c "
        "join pg_namespace n on n.oid = c.relnamespace "
        "join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped "
        "where c.relkind in ('r', 'p') and not c.relispartition and n.nspname in ('customers', "
        "'telemetry', 'features', 'pipeline', 'contacts', 'access', 'public') order by 1, a.attnum"
    ):
        found.setdefault(table, []).append(column)
    return found


@pytest.fixture(params=VERSIONS)
def old(request: pytest.FixtureRequest, postgres_url: str, _template: str) -> Iterator[Old]:
    version = request.param
    name = f"{_template}_{version}"
    _execute(postgres_url, f"create database {name}")
    url = database_of(postgres_url, name)
    try:
        with connect(url) as connection:
            connection.execute((FOLDER / f"{version}.sql").read_bytes())
            connection.commit()
        with connect(url) as connection:
            columns = tables_of(connection)
            rows = rows_of(connection, columns)
        yield Old(url, json.loads((FOLDER / f"{version}.json").read_text()), rows, columns)
    finally:
        _execute(postgres_url, f"drop database if exists {name} with (force)")


@pytest.fixture
def new(old: Old) -> Old:
    """Migrated, and secrets sealed, as `tachowatt db migrate` does it."""
    done = migrate(old.url, now_us=NOW_US)
    assert done and done[-1] == available()[-1].name
    with connect(old.url) as connection:
        secrets.prepare(connection, BOX, NOW_US)
    assert migrate(old.url, now_us=NOW_US) == []
    return old


def test_nothing_that_was_there_is_lost(new: Old) -> None:
    assert sum(map(Counter.total, new.rows.values())) > 1_000
    with connect(new.url) as connection:
        now = tables_of(connection)
        before = {table for table, rows in new.rows.items() if rows}
        assert before <= now.keys(), "a table with rows is gone"
        for table in sorted(before - MOVED):
            name = sql.Identifier(*table.split(".")).as_string(connection)
            count = scalar(connection, f"select count(*) from {name}")
            assert count == new.rows[table].total(), table
        # Byte for byte in every column that was there; migrations may add others.
        same = {table: new.columns[table] for table in sorted(before - MOVED)}
        for table, columns in same.items():
            assert set(columns) <= set(now[table]), f"a column of {table} is gone"
        assert {"telemetry.vehicle_sample", "features.trip", "customers.contract"} <= same.keys()
        found = rows_of(connection, same)
        changed = {table for table in same if found[table] != new.rows[table]}
        assert changed == CHANGED
        # Of a dead letter without a tenant only the size stays; all else of dead letters is there.
        lost = (new.rows["pipeline.dead_letter"] - found["pipeline.dead_letter"]).elements()
        assert [row.split(",")[1] for row in lost] == ["-"]
        emptied = connection.execute(
            "select body, size_bytes from pipeline.dead_letter where size_bytes is not null"
        ).fetchall()
        assert emptied == [(b"", len(b"{}"))]
        addresses = connection.execute(
            "select tenant, customer, value from customers.address where kind = 'email'"
        ).fetchall()
        assert ("t1", "omar-driver", "omar@example.org") in addresses


def test_secrets_are_sealed_and_still_sign(new: Old) -> None:
    issued = new.issued["secrets"]
    with connect(new.url) as connection:
        assert sealing.clear_values(connection) == 0
        assert {*sealing.counts(connection)["contacts.receiver_secret.secret"]} == {KEY.id}
        for name, expected in (
            ("t1/claims", [issued["t1/claims new"], issued["t1/claims"]]),
            ("t1/grid", [issued["t1/grid"]]),
            ("t2/other", [issued["t2/other"]]),
        ):
            receiver = receivers.get(connection, *name.split("/"))
            found = receivers.secrets(connection, BOX, receiver["receiver_id"], NOW_US + SECOND_US)
            assert found == expected
        dumped = str(connection.execute("select * from contacts.receiver_secret").fetchall())
        assert not [secret for secret in issued.values() if secret.removeprefix("whsec_") in dumped]


def test_keys_and_sessions_are_what_they_were(new: Old) -> None:
    with connect(new.url) as connection:
        for name, text in new.issued["keys"].items():
            found = keys.find_key(connection, text, NOW_US)
            role = name.split("/")[1]
            assert found is not None and found.role == ("customer" if role == "home" else role)
        revoked = keys.find_key(connection, new.issued["revoked"], NOW_US)
        assert revoked is not None and not keys.valid(revoked, NOW_US)
        session = sessions.find_session(connection, new.issued["session"], NOW_US, 3_600.0)
        assert session is not None and session.key.role == "agent"


def test_a_withdrawal_after_a_grant_dated_ahead_holds(new: Old) -> None:
    with connect(new.url) as connection:
        decisions = connection.execute(
            "select state from customers.consent where customer = 'omar-driver' "
            "and purpose = 'driving_score' order by consent_id"
        ).fetchall()
        assert [state for (state,) in decisions][-2:] == ["granted", "withdrawn"]
        granted = consent.granted_of(connection, "t1", "omar-driver")
        assert "driving_score" not in granted and "claims_assistance" in granted


def test_the_api_answers_over_it(new: Old) -> None:
    own = new.issued["own"]["own"]

    def get(client: httpx.Client, role: str, path: str) -> httpx.Response:
        key = new.issued["keys"][f"own/{role}"]
        return client.get(path, headers={"Authorization": f"Bearer {key}"})

    clock = ManualClock(NOW_US + 300 * SECOND_US)
    with (
        running_api(new.url, clock) as address,
        httpx.Client(base_url=address, timeout=60.0) as client,
    ):
        assert client.get("/ready").json()["ready"]
        for role, path in (
            ("insurer", f"/v1/driving-scores?vehicle={own['vehicle']}"),
            ("insurer", f"/v1/trips?vehicle={own['vehicle']}"),
            ("insurer", f"/v1/cases/{own['crash_case']}"),
            ("utility", f"/v1/alerts/{own['alert']}"),
            ("utility", f"/v1/meters/{own['meter']}/intervals"),
            ("agent", f"/v1/customers/{own['driver']}/context"),
            ("agent", f"/v1/contacts/{own['message']}"),
            ("customer", f"/v1/customers/{own['driver']}/data"),
            ("customer", f"/v1/customers/{own['driver']}/trips/{own['trip']}/path"),
            ("operator", "/v1/ledger"),
            ("operator", "/v1/dead-letters/1"),
        ):
            answer = get(client, role, path)
            assert answer.status_code == 200, (role, path, answer.text[:300])
        withdrawn = get(client, "insurer", "/v1/trips?vehicle=omar-car")
        assert withdrawn.status_code == 404
        ledger = get(client, "operator", "/v1/ledger").json()
        assert ledger["closes"] and {row["tenant"] for row in ledger["data"]} == {"t1"}
        reads = get(client, "customer", f"/v1/customers/{own['driver']}/reads").json()["data"]
        assert [row for row in reads if row["what"] == "context"], "reads of before are kept"
        page = client.get("/cases", headers={"Cookie": f"tw_session={new.issued['session']}"})
        assert page.status_code == 200, "who was signed in still is"


def test_an_upgrade_without_the_key_loses_nothing(old: Old) -> None:
    """Nobody gives the process a key: the secrets stay readable for who does."""
    migrate(old.url, now_us=NOW_US)
    with connect(old.url) as connection:
        before = connection.execute("select * from contacts.receiver_secret order by 1").fetchall()
        with pytest.raises(KeyMissing, match="TACHOWATT_SECRETS_KEY_FILE"):
            secrets.prepare(connection, box_with(), NOW_US)
        connection.rollback()
        assert (
            before
            == connection.execute("select * from contacts.receiver_secret order by 1").fetchall()
        )
        secrets.prepare(connection, BOX, NOW_US)
        assert sealing.clear_values(connection) == 0


def test_recompute_makes_the_features_those_of_todays_kernels(new: Old) -> None:
    """The seed wrote trips and intervals beside its samples, and a ledger without offsets."""

    def differences() -> list[str]:
        return [one for one in verify(new.url).differences if not one.startswith("the ledger")]

    assert differences()
    found = recompute(new.url, Settings(), ManualClock(NOW_US))
    assert found.requested == found.done > 0 and found.owned == []
    assert differences() == []
