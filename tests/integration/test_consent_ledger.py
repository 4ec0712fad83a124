"""The consent ledger in a real database: chained, append-only, and checked against signed heads."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.operations.show import rows_of
from app.processes.consent_heads import HeadFile
from contracts.purposes import KeyUse
from customer_context.consent import chain
from runtime.errors import NotFound
from services import consent, consent_heads, signing
from store.people import consent as ledger
from store.people import consent_chain
from store.postgres import roles
from store.postgres.pool import Connection, connect, scalar
from store.postgres.times import from_us
from tests.fix_registry import NOW_US
from tests.fix_roles import Town
from tests.secret_keys import BOX

TENANT, CUSTOMER, PURPOSE = "t1", "quiet-driver", "driving_score"


def decide(connection: Connection, number: int, **other: Any) -> None:
    row = {
        "tenant": TENANT, "customer": CUSTOMER, "purpose": PURPOSE, "legal_basis": "consent",
        "state": "withdrawn" if number % 2 else "granted", "notice_version": "1",
        "source": f"test {number}", "at": from_us(NOW_US + number),
        "recorded_at": from_us(NOW_US + number), **other,
    }  # fmt: skip
    ledger.decide(connection, [row])


def report(connection: Connection, file: HeadFile) -> consent_heads.Report:
    found = consent_heads.verify(connection, file.read(), file.keys())
    connection.rollback()
    return found


def kinds(connection: Connection, file: HeadFile) -> set[str]:
    return {problem.kind for problem in report(connection, file).problems}


def tamper(connection: Connection, statement: str) -> None:
    """Change the ledger as only an owner of the database can."""
    connection.execute("set session_replication_role = replica")  # no trigger runs
    connection.execute(statement.encode())
    connection.execute("set session_replication_role = origin")
    connection.commit()


@pytest.fixture
def file(tmp_path: Path) -> HeadFile:
    return HeadFile(tmp_path)


def test_whatever_is_done_to_the_ledger_is_found(town: Town, file: HeadFile) -> None:
    with connect(town.url) as connection:
        for number in range(6):
            decide(connection, number)
        connection.commit()
        file.write(connection, BOX, NOW_US)
        clean = report(connection, file)
        assert clean.clean
        assert clean.decisions == scalar(connection, "select count(*) from customers.consent")
        assert clean.heads == 1
        last = f"tenant = '{TENANT}' and source like 'test %'"
        state = town.url
    for statement, found in (
        (f"update customers.consent set state = 'granted' where {last} and source = 'test 3'",
         {"changed"}),
        (f"delete from customers.consent where {last} and source = 'test 2'",
         {"removed", "broken"}),
        (f"delete from customers.consent where {last} and source in ('test 4', 'test 5')",
         {"cut"}),
        (f"update customers.consent set customer = null where {last} and source = 'test 1'",
         {"erased_in_part"}),
    ):  # fmt: skip
        with connect(state) as connection:
            before = connection.execute("select * from customers.consent").fetchall()
            tamper(connection, statement)
            assert kinds(connection, file) == found, statement
            tamper(connection, "delete from customers.consent")
            connection.execute("set session_replication_role = replica")
            marks = ", ".join(["%s"] * len(before[0]))
            restore = f"insert into customers.consent overriding system value values ({marks})"
            with connection.cursor() as cursor:
                cursor.executemany(restore.encode(), before)
            connection.execute("set session_replication_role = origin")
            connection.commit()
            assert report(connection, file).clean


def test_a_chain_that_was_rewritten_is_found_by_its_head_only(town: Town, file: HeadFile) -> None:
    with connect(town.url) as connection:
        decide(connection, 0)
        decide(connection, 1)
        connection.commit()
        file.write(connection, BOX, NOW_US)
        columns = [*chain.CONTENT, "seq", "content_digest", "digest"]
        rows = list(consent_chain.rows(connection, chain.CONTENT, TENANT))
        previous = None
        for row in rows:
            if row["source"] == "test 1":
                row["state"] = "granted"
            row["content_digest"] = chain.content_digest(row)
            row["digest"] = chain.link(TENANT, row["seq"], row["content_digest"], previous)
            previous = row["digest"]
        connection.rollback()
        connection.execute("set session_replication_role = replica")
        sets = ", ".join(f"{name} = %({name})s" for name in columns if name != "consent_id")
        with connection.cursor() as cursor:
            cursor.executemany(
                f"update customers.consent set {sets} where consent_id = %(consent_id)s".encode(),
                rows,
            )
        connection.execute("set session_replication_role = origin")
        connection.commit()
        assert consent_heads.verify(connection, [], {}).clean, "without a head nobody can know"
        connection.rollback()
        assert kinds(connection, file) == {"rewritten"}


def test_heads_are_signed_and_follow_one_another(town: Town, file: HeadFile) -> None:
    with connect(town.url) as connection:
        for number in range(3):
            decide(connection, number)
            connection.commit()
            file.write(connection, BOX, NOW_US + number)
        heads, keys = file.read(), file.keys()
        assert len(heads) == 3

        def found(heads: list[str], keys: dict[str, Any] = keys) -> set[str]:
            result = consent_heads.verify(connection, heads, keys)
            connection.rollback()
            return {problem.kind for problem in result.problems}

        assert found(heads) == set()
        assert found([heads[0], heads[2]]) == {"head_removed"}
        head, body, _ = heads[1].split(".")
        other = heads[0].split(".")[2]
        assert "signature" in found([f"{head}.{body}.{other}"])
        assert found(heads, {}) == {"signature"}, "a key that was not kept with them counts nothing"
        with pytest.raises(signing.BadSignature):
            signing.verify(heads[0], "receipt+jws", keys)
        with pytest.raises(signing.BadSignature):
            signing.verify("nothing", consent_heads.KIND, keys)


def test_without_a_key_nothing_is_signed(town: Town) -> None:
    with connect(town.url) as connection:
        connection.execute("delete from access.signing_key")
        for use in KeyUse:
            with pytest.raises(NotFound):
                signing.sign(connection, BOX, use, consent_heads.KIND, {})
        connection.rollback()


def test_a_head_is_posted_too(town: Town, tmp_path: Path) -> None:
    posted: list[tuple[str, str]] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            posted.append((self.headers["content-type"], body))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Receiver)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        file = HeadFile(tmp_path, f"http://127.0.0.1:{server.server_port}/heads")
        with connect(town.url) as connection:
            signed = file.write(connection, BOX, NOW_US)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
    assert posted == [("application/jose", signed)]
    with connect(town.url) as connection:
        gone = HeadFile(tmp_path, f"http://127.0.0.1:{server.server_port}/heads")
        gone.write(connection, BOX, NOW_US)
        assert len(gone.read()) == 2, "the file does not wait for the webhook"


def test_rows_stay_but_for_an_erasure(town: Town, file: HeadFile) -> None:
    with connect(town.url) as connection:
        decide(connection, 0)
        connection.commit()
        for statement in (
            "update customers.consent set state = 'withdrawn'",
            "update customers.consent set customer = 'other'",
            "update customers.consent set customer = null, salt = null, source = 'x'",
            "delete from customers.consent",
            "truncate customers.consent",
        ):
            with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
                connection.execute(statement.encode())
            connection.rollback()
        connection.execute(
            "update customers.consent set customer = null, salt = null where customer = %s",
            (CUSTOMER,),
        )
        connection.commit()
        assert ledger.granted_of(connection, TENANT, CUSTOMER) == {}
        file.write(connection, BOX, NOW_US)
        found = report(connection, file)
        assert found.clean
        assert found.erased > 0


def test_writers_at_once_make_one_chain(town: Town, file: HeadFile) -> None:
    """Also of the API's role, which can neither choose its place nor forge a digest."""
    ready = threading.Barrier(4)
    failed: list[Exception] = []

    def write(worker: int) -> None:
        try:
            with connect(town.url) as connection:
                if worker % 2:
                    roles.must_assume(connection, roles.READER)
                    roles.set_tenant_scope(connection, [TENANT])
                ready.wait(60)
                for number in range(10):
                    decide(connection, number, source=f"worker {worker} {number}")
                    connection.commit()
                    if worker % 2:
                        roles.set_tenant_scope(connection, [TENANT])
        except Exception as error:
            ready.abort()
            failed.append(error)

    threads = [threading.Thread(target=write, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    with connect(town.url) as connection:
        file.write(connection, BOX, NOW_US)
        assert report(connection, file).clean
        connection.execute(
            "insert into customers.consent (tenant, customer, purpose, state, legal_basis, "
            "notice_version, source, decided_at, recorded_at, seq, salt, digest) select tenant, "
            "customer, purpose, state, legal_basis, notice_version, 'forged', now(), now(), 1, "
            "'x', 'y' from customers.consent where tenant = 't1' limit 3"
        )
        connection.commit()
        assert report(connection, file).clean, "place and digests are the database's"


names = st.text(
    st.characters(exclude_categories=("Cs",), exclude_characters="\0"), min_size=1, max_size=20
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(source=names, language=st.none() | names, us=st.integers(0, 4_000_000_000_000_000))
def test_database_and_rule_hash_the_same(
    town: Town, source: str, language: str | None, us: int
) -> None:
    with connect(town.url) as connection:
        decide(connection, 0, source=source, language=language, at=from_us(us))
        found = consent_heads.verify(connection, [], {})
        assert found.clean
        connection.rollback()


def test_a_notice_is_kept_by_its_digest(town: Town) -> None:
    with connect(town.url) as connection:
        body = "Wir berechnen aus Ihren Fahrten einen Wert. Ünicode 🚗"
        at = from_us(NOW_US)
        digest = ledger.add_notice(connection, TENANT, "2", "de", body, at)
        assert ledger.add_notice(connection, TENANT, "2", "de", body, at) == digest
        consent.decide(
            connection, TENANT, CUSTOMER, PURPOSE, "granted", NOW_US, notice_version="2",
            source="test", limits={"notice_digest": digest, "language": "de"},
        )  # fmt: skip
        connection.commit()
        with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
            connection.execute("update customers.consent_notice set body = 'other'")
        connection.rollback()
        with pytest.raises(psycopg.errors.CheckViolation):
            connection.execute(
                "insert into customers.consent_notice values ('t1', %s, '2', 'de', 'x', now())",
                ("0" * 64,),
            )
        connection.rollback()


def test_the_file_of_keys_is_public(town: Town, file: HeadFile) -> None:
    with connect(town.url) as connection:
        file.write(connection, BOX, NOW_US)
    keys = json.loads((file.folder / "keys.json").read_text())["keys"]
    assert len(keys) == 1
    assert "d" not in keys[0], "the private part"


@pytest.mark.parametrize("what", ["trips", "scores"])
def test_a_command_shows_no_features_that_may_only_be_stored(town: Town, what: str) -> None:
    with connect(town.url) as connection:
        before = len(rows_of(connection, what, None, 1_000).reads[TENANT])
        decide(connection, 1, customer="c0", data_category="features", at=from_us(NOW_US))
        after = rows_of(connection, what, None, 1_000).reads[TENANT]
    assert before > 0
    assert [read for read in after if read.customer == "c0"] == []


def test_a_decision_reads_no_more_of_the_ledger_however_long_it_is(town: Town) -> None:
    with connect(town.url) as connection:
        connection.execute(
            "insert into customers.consent (tenant, customer, purpose, state, legal_basis, "
            "notice_version, source, decided_at, recorded_at) "
            "select %s, %s, %s, 'granted', 'consent', '1', 'many', now(), now() "
            "from generate_series(1, 600)",
            (TENANT, CUSTOMER, PURPOSE),
        )
        connection.commit()
    with connect(town.url) as connection:  # a connection of its own: no counts of before
        connection.execute(
            "insert into customers.consent (tenant, customer, purpose, state, legal_basis, "
            "notice_version, source, decided_at, recorded_at) "
            "values (%s, %s, %s, 'granted', 'consent', '1', 'one', now(), now())",
            (TENANT, CUSTOMER, PURPOSE),
        )
        read = scalar(
            connection,
            "select coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) "
            "from pg_stat_xact_user_tables where relid = 'customers.consent'::regclass",
        )
    assert read < 50, f"{read} rows for one decision"
