"""Somebody has SQL of their own as the login of one process: what they get, and what not."""

import hashlib
import secrets
from collections.abc import Callable, Iterator

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from psycopg import errors

from contracts.raw import RawMessage
from store.casework import cases
from store.people import keys, sessions
from store.pipeline import dead_letter
from store.postgres import notify, roles
from store.postgres.pool import Connection, connect, scalar
from store.postgres.times import from_us
from tests.fix_postgres import _execute, copy_database, database_of
from tests.fix_registry import NOW_US
from tests.fix_roles import Login, Town

PLACE = b'{"v":1,"t0":"2026-11-21T10:00:00Z","lat_deg":[51.70123457],"note":"at home"'
DENIED = errors.InsufficientPrivilege


@pytest.fixture
def reader(town: Town) -> Iterator[Connection]:
    with town.reader() as connection:
        yield connection


# ── keys and sessions ───────────────────────────────────────────────────────────────────────────


def test_nobody_opens_a_session_with_a_keys_id(town: Town, reader: Connection) -> None:
    """Ids of keys stand in the log of reads; the hash of a key is nowhere to be read."""
    text = town.seeded.keys[("own", "operator")]
    key_id = text.split("_")[1]
    token = hashlib.sha256(b"x").digest()
    at, until = from_us(NOW_US), from_us(NOW_US + 10 * 365 * 86_400_000_000)
    with pytest.raises(errors.UndefinedFunction):
        reader.execute(
            "select access.open_session(%s, %s, 'c', %s, %s)", (token, key_id, at, until)
        )
    reader.rollback()
    for guess in (token, bytes(32), secrets.token_bytes(32), None):
        opened = scalar(
            reader,
            "select access.open_session(%s, %s, %s, 'c', %s, %s)",
            (token, key_id, guess, at, until),
        )
        assert opened is False
    assert sessions.find_session(reader, "x", NOW_US, 3_600.0) is None
    row = reader.execute("select * from access.key_of(%s)", (key_id,)).fetchone()
    assert row is not None and not [value for value in row if isinstance(value, bytes)]
    with pytest.raises(errors.UndefinedFunction):
        reader.execute("select * from access.session_of(%s, %s)", (token, at))
    reader.rollback()
    returns_bytes = reader.execute(
        "select p.oid::regprocedure from pg_proc p join pg_type t on t.oid = p.prorettype "
        "left join pg_attribute a on a.attrelid = t.typrelid and a.attname = 'hash' "
        "where pronamespace = 'access'::regnamespace and has_function_privilege(p.oid, 'execute') "
        "and (a.attname is not null and t.typname = 'api_key' or p.prorettype = 'bytea'::regtype) "
        # A body, after a second person approved; a password sealed with the code of its claim.
        "and proname not in ('reveal_dead_letter', 'redeem_claim')"
    ).fetchall()
    assert returns_bytes == []


def test_no_session_is_longer_than_twelve_hours_or_than_its_key(
    town: Town, reader: Connection
) -> None:
    hour_us = 3_600_000_000
    with connect(town.url) as owner:
        _, short = keys.create_key(
            owner, tenant="t1", role="agent", name="short", scopes=["cases:read"], now_us=NOW_US,
            expires_at=from_us(NOW_US + hour_us),
        )  # fmt: skip
        gone_id, gone = keys.create_key(
            owner, tenant="t1", role="agent", name="gone", scopes=["cases:read"], now_us=NOW_US
        )
        keys.revoke_key(owner, gone_id, NOW_US)
        owner.commit()
        for text, hours in ((town.seeded.keys[("own", "agent")], 12), (short, 1)):
            token, _ = sessions.open_session(reader, text, NOW_US, 10 * 365 * 86_400.0) or ("", "")
            reader.commit()
            found = scalar(
                owner,
                "select expires_at - created_at from access.session where hash = sha256(%s)",
                (token.encode(),),
            )
            assert found.total_seconds() == hours * 3_600
        assert sessions.open_session(reader, gone, NOW_US, 60.0) is None
        assert sessions.open_session(reader, short, NOW_US + 2 * hour_us, 60.0) is None


# ── dead letters ────────────────────────────────────────────────────────────────────────────────


def test_the_reader_sees_no_body_of_a_dead_letter(town: Town, reader: Connection) -> None:
    with connect(town.url) as owner:
        message = RawMessage("tw/v1/t1/car0/telemetry", PLACE, NOW_US, None)
        letter = dead_letter.DeadMessage("t1", "native", message, 0, 99, "not_json", "x")
        dead_letter.put(owner, [letter])
        owner.commit()
        id_ = scalar(owner, "select max(dead_letter_id) from pipeline.dead_letter")
    for statement in (
        "select body from pipeline.dead_letter",
        "select user_properties from pipeline.dead_letter",
        "select octet_length(body) from pipeline.dead_letter",
        "select * from pipeline.dead_letter",
        "select l from pipeline.dead_letter l",
        "select to_jsonb(l) from pipeline.dead_letter l",
        "copy pipeline.dead_letter (body) to stdout",
        "select dead_letter_id from pipeline.dead_letter where body like '%1%'",
        "select pipeline.shape_of('x')",
    ):
        roles.set_tenant_scope(reader, ("t1", "t2", "-"))
        with pytest.raises(DENIED):
            reader.execute(statement.encode())
        reader.rollback()

    def known() -> tuple[int, str]:
        return (
            scalar(reader, "select pipeline.dead_letter_bytes(%s)", (id_,)),
            scalar(reader, "select pipeline.dead_letter_shape(%s)", (id_,)),
        )

    assert known() == (None, None), "nothing without a tenant"
    roles.set_tenant_scope(reader, ("t2",))
    assert known() == (None, None)
    roles.set_tenant_scope(reader, ("t1",))
    size, shape = known()
    assert size == len(PLACE) and "00.00000000" in shape and "at home" in shape
    assert not any(digit in shape for digit in "123456789")


@example(b"\0", 0)
@given(st.binary(max_size=60) | st.text(max_size=40).map(str.encode), st.integers(0, 3))
def test_a_shape_has_no_digit_and_only_of_what_is_text(
    shape_of: Callable[[bytes], str | None], body: bytes, cut: int
) -> None:
    whole = "é€𝄞".encode() + body
    body = whole[: len(whole) - cut] if cut else body
    shape = shape_of(body)
    try:
        text: str | None = body.decode()
    except UnicodeDecodeError as error:
        text = body[: error.start].decode() if error.end == len(body) else None
    if shape is None:
        assert text is None or any(ord(c) < 32 and c not in "\t\r\n" for c in text)
        return
    assert not any("1" <= c <= "9" for c in shape)
    if text is not None:
        assert len(shape) == len(text)
        assert all(s == t or (s == "0" and t.isdigit()) for s, t in zip(shape, text, strict=True))


@pytest.fixture(scope="module")
def shape_of(postgres_url: str, _template: str) -> Iterator[Callable[[bytes], str | None]]:
    name = f"{_template}_shapes"
    copy_database(postgres_url, name, _template)
    with connect(database_of(postgres_url, name)) as connection:
        connection.autocommit = True
        yield lambda body: scalar(connection, "select pipeline.shape_of(%s)", (body,))
    _execute(postgres_url, f"drop database if exists {name} with (force)")


# ── ingest and contacts ─────────────────────────────────────────────────────────────────────────


def as_login(login: Login, town: Town, role: str) -> Connection:
    name, url = login(town.url)
    _execute(town.url, f"grant {role} to {name}")
    return connect(url, role=role)


NOT_FOR_CONTACTS = {
    "contacts.call_try",
    "contacts.item_feedback",
    "contacts.item_usefulness",
    "contacts.rescore_run",
}
"""Who was taken for a customer on the telephone (contacts sends codes, and judges none), what
readers did with items, and what the migrator computes again."""


def test_ingest_reads_no_name_address_message_or_secret(login: Login, town: Town) -> None:
    with (
        as_login(login, town, roles.WRITER) as ingest,
        as_login(login, town, roles.CONTACTS) as contacts,
    ):
        with connect(town.url) as owner:
            found = owner.execute(
                "select c.oid::regclass::text from pg_class c where c.relkind in ('r', 'p') "
                "and c.relnamespace = 'contacts'::regnamespace"
            ).fetchall()
        tables = [name for (name,) in found]
        assert "contacts.receiver_secret" in tables and len(tables) >= 11
        refused = set()
        for table in (*tables, "customers.customer", "customers.address"):
            statement = f"select count(*) from {table}".encode()
            try:
                assert contacts.execute(statement).fetchone() is not None
            except DENIED:
                refused.add(table)
                contacts.rollback()
            with pytest.raises(DENIED):
                ingest.execute(statement)
            ingest.rollback()
        assert refused == NOT_FOR_CONTACTS


@pytest.mark.parametrize("role", [roles.READER, roles.WRITER, roles.CONTACTS])
def test_a_login_becomes_nobody_else(login: Login, town: Town, role: str) -> None:
    others = {roles.READER, roles.WRITER, roles.CONTACTS, "tachowatt_migrator", "postgres"} - {role}
    if role == roles.CONTACTS:
        others.remove(roles.WRITER)  # contacts may do what ingest may
    with as_login(login, town, role) as connection:
        for statement in (
            *(f"set role {other}" for other in others),
            *(f"reset role; set role {other}" for other in others),
            *(f"set session authorization {other}" for other in others),
            "reset role; select * from access.api_key",
            "reset role; select * from access.session",
            "reset role; update contacts.receiver_secret set secret = 'sealed1:'",
            "reset role; create table public.mine (x int)",
            "reset role; alter role current_user superuser",
            "reset role; drop policy tenant on customers.customer",
            "reset role; copy (select 1) to program 'id'",
            "reset role; select pg_read_file('/etc/passwd')",
        ):
            with pytest.raises(DENIED):
                connection.execute(statement.encode())
            connection.rollback()


# ── notifications ───────────────────────────────────────────────────────────────────────────────


def test_a_stranger_who_listens_learns_nothing(town: Town) -> None:
    with connect(town.url) as stranger, connect(town.url) as owner:
        notify.listen(stranger, notify.SIGNAL, notify.CONTACT, notify.CHANGE)
        for tenant in ("t1", "t2"):
            for what in notify.CHANGED:
                notify.changed(owner, tenant, what)
        case = cases.list_(owner, "t1")[0]
        notify.changed(owner, "t1", "case")
        notify.wake(owner, notify.SIGNAL)
        owner.commit()
        heard = [one for _ in range(40) for one in notify.wait(stranger, 0.05)]
    payloads = [payload for channel, payload in heard if channel == notify.CHANGE]
    assert len(payloads) >= 2 * len(notify.CHANGED)
    assert len(set(payloads)) == 2 * len(notify.CHANGED)
    for word in ("t1", "t2", case["case_id"], "case", "alert", "contact", "crash", "{"):
        assert not [p for _, p in heard if word in p and len(word) > 2], word
    assert all(len(payload) == 32 for payload in payloads)
    with connect(town.url) as owner:
        names = {tenant: notify.names(owner, tenant) for tenant in ("t1", "t2")}
    assert {*names["t1"]} | {*names["t2"]} == set(payloads) and not names["t1"].keys() & names["t2"]
    assert sorted(names["t1"].values()) == sorted(notify.CHANGED)
