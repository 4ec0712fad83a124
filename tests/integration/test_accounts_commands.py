"""`tachowatt tenant` and `person`, and the mails with links."""

import asyncio
import json
import re
from collections.abc import Callable

import pytest

from app.cli import cli
from app.operations.registry_import import validate, write
from contacts.link_mails import LinkMails
from contacts.mailer import Mailer
from contacts.store_thread import StoreThread
from runtime.clock import SystemClock
from runtime.errors import Usage
from runtime.settings import Settings
from store.people import person_sessions, persons, sign_in_mail
from store.postgres.pool import connect, scalar
from store.postgres.roles import CONTACTS
from tests.fix_receiver import Mailbox
from tests.fix_registry import NOW_US

Run = Callable[..., str]


def command(capsys: pytest.CaptureFixture[str]) -> Run:
    def run_(*arguments: str) -> str:
        capsys.readouterr()
        cli(list(arguments), standalone_mode=False)
        return capsys.readouterr().out

    return run_


@pytest.fixture
def run(database: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """`run("person", "list")`: what the command wrote."""
    monkeypatch.setenv("TACHOWATT_DATABASE_URL", database)
    return command(capsys)


@pytest.fixture(scope="module")
def with_sofia(shared_database: str) -> str:
    """A database with a tenant, a customer and Sofia."""
    sections = {
        "tenants": [{"id": "acme", "name": "Acme", "timezone": "Europe/Berlin"}],
        "customers": [{"tenant": "acme", "id": "c2", "name": "John Doe"}],
    }
    write(shared_database, validate(sections, "test"), NOW_US)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TACHOWATT_DATABASE_URL", shared_database)
        add(lambda *arguments: str(cli(list(arguments), standalone_mode=False)))
    return shared_database


SOFIA = ("--role", "agent", "--name", "Sofia Keller", "--email", "Sofia@acme.example", "--json")


def add(run: Run, *more: str) -> str:
    """Add Sofia; the answer as JSON."""
    return run("person", "add", "acme", *SOFIA, *more)


def test_a_tenant_and_its_people(run: Run) -> None:
    assert "person add acme" in run("tenant", "add", "acme", "--name", "Acme")
    added = json.loads(add(run, "--team", "North", "--skills", "claims, cars", "--languages", "de"))
    assert re.fullmatch(r"/invitation\?t=[\w-]{43}", added["invitation"])
    listed = json.loads(run("person", "list", "--tenant", "acme", "--json"))
    assert [one["person_id"] for one in listed] == [added["person_id"]]
    assert listed[0]["email"] == "sofia@acme.example" and listed[0]["skills"] == ["claims", "cars"]
    assert json.loads(run("tenant", "list", "--json"))[0]["people"] == 1
    assert "signed out" in run("person", "disable", "sofia@acme.example")
    assert json.loads(run("person", "show", added["person_id"], "--json"))["state"] == "disabled"
    with pytest.raises(Usage, match="disabled already"):
        run("person", "disable", added["person_id"])
    run("person", "enable", added["person_id"])
    run("person", "change", added["person_id"], "--role", "supervisor", "--team", "South")
    run("person", "absence", added["person_id"], "--from", "2026-12-24", "--to", "2027-01-02")
    shown = json.loads(run("person", "show", added["person_id"], "--json"))
    assert (shown["role"], shown["team"], shown["skills"]) == (
        "supervisor", "South", ["claims", "cars"],
    )  # fmt: skip
    assert (shown["absent_from"], shown["absent_to"]) == ("2026-12-24", "2027-01-02")
    run("person", "absence", added["person_id"])
    assert json.loads(run("person", "show", added["person_id"], "--json"))["absent_to"] is None
    assert json.loads(run("person", "invite", added["person_id"], "--json"))["invitation"]
    assert "0 sessions" in run("person", "sign-out", added["person_id"])
    assert "Sofia Keller" in run("person", "list")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("tenant", "add", "acme", "--name", "Again"), "already"),
        (("person", "add", "acme", *SOFIA), "has an account already"),
        (("tenant", "add", "a/b", "--name", "x"), "no id"),
        (("tenant", "add", "b", "--name", " "), "empty"),
        (("tenant", "add", "b", "--name", "b", "--timezone", "Mars/One"), "time zone"),
        (("person", "add", "none", "--role", "agent", "--name", "x", "--email", "a@b.c"), "tenant"),
        (("person", "add", "acme", "--role", "agent", "--name", "x"), "--email"),
        (("person", "add", "acme", "--role", "agent", "--email", "a@b.c"), "--name"),
        (
            ("person", "add", "acme", "--role", "agent", "--name", "x", "--email", "a b@c"),
            "address",
        ),
        (("person", "add", "acme", "--role", "customer", "--name", "x"), "--customer"),
        (("person", "add", "acme", "--role", "customer", "--customer", "c9"), "no customer"),
        (("person", "add", "acme", "--role", "customer", "--customer", "c2"), "registry has none"),
        (("person", "show", "nobody@acme.example"), "no person"),
        (("person", "absence", "sofia@acme.example", "--from", "soon"), "no day"),
        (("person", "change", "sofia@acme.example", "--role", "customer"), "does not become"),
        (("person", "invite", "sofia@acme.example", "--mail"), "API_BASE_URL"),
        (("key", "create", "acme", "--name", "x"), "--role or --person"),
        (("key", "create", "acme", "--name", "x", "--person", "p-x"), "no person"),
    ],
)
def test_wrong_use_says_what_to_do(
    with_sofia: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    says: str,
) -> None:
    monkeypatch.setenv("TACHOWATT_DATABASE_URL", with_sofia)
    before = rows_of(with_sofia)
    with pytest.raises(Usage, match=says):
        command(capsys)(*arguments)
    assert rows_of(with_sofia) == before, "what was refused left nothing"


def rows_of(url: str) -> list[tuple[str, str]]:
    """Tenants, people and keys, whole."""
    with connect(url) as connection:
        return [
            (
                table,
                scalar(
                    connection, f"select string_agg(t::text, ';' order by t::text) from {table} t"
                ),
            )  # type: ignore[arg-type]
            for table in ("customers.tenant", "access.person", "access.api_key")
        ]


def test_a_key_acts_as_its_person(database: str, run: Run) -> None:
    run("tenant", "add", "acme", "--name", "Acme")
    person_id = json.loads(add(run))["person_id"]
    key = json.loads(run("key", "create", "acme", "--person", person_id, "--name", "x", "--json"))
    with connect(database) as connection:
        account = persons.of_key(connection, key["key_id"])
    assert account is not None and (account.name, account.role) == ("Sofia Keller", "agent")
    assert "Sofia Keller" in run("key", "create", "acme", "--person", person_id, "--name", "y")


def test_links_are_sent_by_the_process_of_contacts(
    database: str, run: Run, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    sections = {
        "tenants": [{"id": "acme", "name": "Acme", "timezone": "Europe/Berlin"}],
        "customers": [
            {"tenant": "acme", "id": "c1", "name": "Jörg Müller", "language": "de",
             "email": "joerg@home.example"}
        ],
    }  # fmt: skip
    clock = SystemClock()
    write(database, validate(sections, "test"), clock.now_us())
    monkeypatch.setenv("TACHOWATT_API_BASE_URL", "https://pages.example")
    added = run("person", "add", "acme", "--role", "customer", "--customer", "c1")
    assert "joerg@home.example" in added
    add(run, "--mail")
    with connect(database) as connection:
        person_sessions.request_links(
            connection, "joerg@home.example", "https://pages.example", clock.now_us(), 900.0
        )
        connection.commit()

    async def send(settings: Settings) -> int:
        thread = StoreThread(database, "links")
        mailer, sent = Mailer(LinkMails(), thread, settings, clock), 0
        try:
            while await mailer.send_next():
                sent += 1
        finally:
            await thread.close()
        return sent

    assert asyncio.run(send(Settings())) == 0, "without a mail server they wait"
    assert asyncio.run(send(Settings(smtp_url=mailbox.url))) == 2
    invitation, link = sorted(mailbox.mails, key=lambda mail: mail["To"], reverse=True)
    assert "sofia@acme.example" in invitation["To"] and "Acme" in invitation["Subject"]
    assert "https://pages.example/invitation?t=" in invitation.get_content()
    text = link.get_content()
    assert link["Subject"] == "Ihr Link zum Anmelden" and "Jörg Müller" in text
    token = re.search(r"https://pages\.example/login/link\?t=([0-9a-f]{64})\s", text)
    with connect(database, role=CONTACTS) as connection:
        assert sign_in_mail.take(connection, clock.now_us()) is None
    with connect(database) as connection:
        assert scalar(connection, "select count(*) from access.mail") == 0, "no text is kept"
        assert token and person_sessions.redeem_link(connection, token[1], clock.now_us())
