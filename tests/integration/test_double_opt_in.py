"""E-mails need a second step where somebody else than their reader has agreed to them."""

import asyncio
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from app.cli import cli
from app.operations.registry_import import validate, write
from contacts.consent_mails import ConsentMailer
from contacts.store_thread import StoreThread
from services import consent, consent_renewals
from services.consent_terms import terms_of
from store.people import consent as ledger
from store.people import consent_requests
from store.postgres.pool import connect
from store.postgres.times import from_us
from tests.fix_api import running_api
from tests.fix_contacts import TENANT, Stage
from tests.fix_receiver import Mailbox
from tests.pages import HTML
from tests.patience import patient
from tests.secret_keys import BOX

SITE = "https://stadtwerke.example"
EMAIL = "channel_email"
HOUR_S = 3600.0


@pytest.fixture
def stage(new_stage: Callable[..., Stage], mailbox: Mailbox) -> Stage:
    made = new_stage(
        smtp_url=mailbox.url, api_base_url=SITE, consent_max_age_days="energy_insight=40"
    )
    made.consent("c3", EMAIL, "withdrawn")
    made.clock.advance(60)
    return made


@pytest.fixture
def browser(stage: Stage) -> Iterator[httpx.Client]:
    with (
        running_api(stage.url, clock=stage.clock) as url,
        httpx.Client(base_url=url, headers=HTML, timeout=patient(20.0)) as client,
    ):
        yield client


def enter(stage: Stage, method: str = "command", **more: Any) -> set[str]:
    """An agent says that c3 wants e-mails; returns what is granted then."""
    with connect(stage.url) as connection:
        found = consent.decide(
            connection, TENANT, "c3", EMAIL, "granted", stage.clock.now_us(), notice_version="1",
            source="hotline", method=method, terms=terms_of(stage.settings), **more,
        )  # fmt: skip
        connection.commit()
    stage.clock.advance(60)
    return set(found.granted)


def granted(stage: Stage) -> set[str]:
    with connect(stage.url) as connection:
        return set(consent.of_customer(connection, TENANT, "c3", stage.clock.now_us()).granted)


def send(stage: Stage) -> None:
    async def run() -> None:
        thread = StoreThread(stage.url, "test")
        mailer = ConsentMailer(thread, BOX, stage.settings, stage.clock)
        while await mailer.send_next():
            pass
        await thread.close()

    asyncio.run(run())


def link_in(text: str) -> str:
    (found,) = re.findall(re.escape(SITE) + r"(/consent\?\S+)", text)
    return str(found)


def test_a_grant_by_an_agent_holds_when_its_reader_confirms_it(
    stage: Stage, mailbox: Mailbox, browser: httpx.Client
) -> None:
    assert EMAIL not in enter(stage)
    send(stage)
    send(stage)
    (mail,) = mailbox.mails
    assert mail["To"] == "c3@example.com"
    link = link_in(mail.get_content())
    for _ in range(2):  # a scanner of the mail server opens links
        page = browser.get(link)
        assert page.status_code == 200
    assert EMAIL not in granted(stage)
    assert browser.post(link).status_code == 200
    assert EMAIL in granted(stage)
    with connect(stage.url) as connection:
        asked, confirmed = ledger.consents_of(connection, TENANT, "c3")[-2:]
        text = ledger.one(connection, TENANT, "c3", confirmed["consent_id"])
    assert asked["opt_in"] == "pending"
    assert confirmed["opt_in"] == "confirmed" and confirmed["confirms"] == asked["consent_id"]
    assert confirmed["method"] == "confirmation_link" and confirmed["language"] in ("de", "en")
    assert text is not None and "e-mail" in text["notice"].lower()
    assert browser.post(link).status_code == 200, "the second time it does nothing"
    with connect(stage.url) as connection:
        rows = ledger.consents_of(connection, TENANT, "c3")
    assert [row["consent_id"] for row in rows][-1] == confirmed["consent_id"]


def test_the_command_says_what_waits(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TACHOWATT_DATABASE_URL", stage.url)
    for command in ("grant", "show"):
        more = [EMAIL] if command == "grant" else []
        cli(["consent", command, TENANT, "c3", *more], standalone_mode=False)
    said = capsys.readouterr().out
    assert f"{EMAIL} waits for its confirmation" in said
    assert f"{EMAIL} is granted" not in said


def test_it_is_sent_at_most_once_again(stage: Stage, mailbox: Mailbox) -> None:
    mailbox.answer = "451 later"
    enter(stage)
    send(stage)
    mailbox.answer = "250 OK"
    stage.clock.advance(30)
    send(stage)
    assert len(mailbox.mails) == 1, "a mail that failed is tried again, and is the same one"
    for _ in range(3):
        enter(stage)
        send(stage)
    assert len(mailbox.mails) == 2
    assert link_in(mailbox.mails[0].get_content()) == link_in(mailbox.mails[1].get_content())
    with connect(stage.url) as connection:
        rows = ledger.consents_of(connection, TENANT, "c3")
    assert sum(row["opt_in"] == "pending" for row in rows) == 1


def test_a_link_ends(stage: Stage, mailbox: Mailbox, browser: httpx.Client) -> None:
    enter(stage)
    send(stage)
    link = link_in(mailbox.mails[0].get_content())
    stage.consent("c3", EMAIL, "withdrawn")
    assert browser.post(link).status_code == 200
    assert EMAIL not in granted(stage), "who has withdrawn meanwhile is asked anew"
    stage.clock.advance(60)
    enter(stage)
    send(stage)
    link = link_in(mailbox.mails[-1].get_content())
    stage.clock.advance(stage.settings.consent_request_h * HOUR_S)
    assert browser.post(link).status_code == 200
    assert EMAIL not in granted(stage), "it has expired"
    stage.clock.advance(60)
    enter(stage)
    stage.clock.advance(stage.settings.consent_request_h * HOUR_S)
    send(stage)
    assert len(mailbox.mails) == 2, "what has expired is not sent"


def test_a_link_that_is_not_ours_is_not_there(
    stage: Stage, mailbox: Mailbox, browser: httpx.Client
) -> None:
    enter(stage)
    send(stage)
    link = link_in(mailbox.mails[0].get_content())
    parts = urlsplit(link)
    for wrong in (
        parts.path, link[:-1], f"{link}x", link.replace(f"n={TENANT}", "n=t2"),
        link.replace("k=opt_in", "k=renewal"), re.sub(r"c=\d+", "c=1", link),
        "/consent?n=%00&c=1&k=opt_in&t=x",
    ):  # fmt: skip
        assert browser.get(wrong).status_code == 404, wrong
        assert browser.post(wrong).status_code == 404, wrong
    with connect(stage.url) as connection:
        connection.execute("update customers.address set value = 'other@example.com'")
        connection.commit()
    assert browser.post(link).status_code == 404, "it proves another address"
    assert EMAIL not in granted(stage)


def test_who_needs_no_second_step(stage: Stage, mailbox: Mailbox) -> None:
    assert EMAIL not in enter(stage, "page"), "nobody has verified the address"
    assert EMAIL in enter(stage, "page", verified=True)
    assert EMAIL in enter(stage, "command"), "it is permitted already"
    with connect(stage.url) as connection:
        consent_requests.set_confirms_own_grants(connection, TENANT, True)
        connection.commit()
    stage.consent("c3", EMAIL, "withdrawn")
    stage.clock.advance(60)
    assert EMAIL not in enter(stage, "page", verified=True), "the tenant is stricter"


@pytest.mark.parametrize(("opt_in", "holds"), [(None, False), ("confirmed", True)])
def test_an_import_waits_too(
    stage: Stage, mailbox: Mailbox, opt_in: str | None, holds: bool
) -> None:
    row = {
        "tenant": TENANT, "customer": "c3", "purpose": EMAIL, "notice_version": "1",
        "source": "crm", "at": from_us(stage.clock.now_us()), "opt_in": opt_in,
    }  # fmt: skip
    for _ in range(2):
        write(stage.url, validate({"consents": [row]}, "test"), stage.clock.now_us())
        stage.clock.advance(60)
    assert (EMAIL in granted(stage)) is holds
    send(stage)
    assert len(mailbox.mails) == (0 if holds else 1)


def remind(stage: Stage) -> int:
    with connect(stage.url) as connection:
        made = consent_renewals.remind_due(
            connection, stage.settings, terms_of(stage.settings), stage.clock.now_us()
        )
        connection.commit()
    return made


def insight(stage: Stage, **limits: Any) -> None:
    with connect(stage.url) as connection:
        consent.decide(
            connection, TENANT, "c3", "energy_insight", "granted", stage.clock.now_us(),
            notice_version="1", source="test", limits=limits, terms=terms_of(stage.settings),
        )  # fmt: skip
        connection.commit()


def test_a_consent_ends_and_its_customer_is_reminded_once(
    stage: Stage, mailbox: Mailbox, browser: httpx.Client
) -> None:
    insight(stage)
    stage.consent("c3", EMAIL, "granted")
    stage.clock.advance(9 * 24 * HOUR_S)
    assert remind(stage) == 0, "it ends in more than 30 days"
    stage.clock.advance(2 * 24 * HOUR_S)
    assert remind(stage) == 1
    assert remind(stage) == 0
    stage.deliver()
    (mail,) = mailbox.mails
    assert "Energie-Einblick" in mail.get_content()
    link = link_in(mail.get_content())
    (contact,) = stage.contacts()
    assert "/consent?" not in str(contact), "agents read contacts: the link is in the mail only"
    assert browser.get(link).status_code == 200
    stage.clock.advance(28 * 24 * HOUR_S)
    assert "energy_insight" in granted(stage)
    assert browser.post(link).status_code == 200
    assert browser.post(link).status_code == 200, "the second time it does nothing"
    stage.clock.advance(2 * 24 * HOUR_S)
    assert "energy_insight" in granted(stage), "it was renewed"
    stage.clock.advance(41 * 24 * HOUR_S)
    assert "energy_insight" not in granted(stage), "it has ended by itself"


def test_no_reminder_of_what_is_decided_anew_or_was_short(stage: Stage, mailbox: Mailbox) -> None:
    soon = from_us(stage.clock.now_us()) + timedelta(days=3)
    insight(stage, valid_to=soon)
    assert remind(stage) == 0, "it was for three days only"
    stage.clock.advance(1)
    insight(stage)
    stage.clock.advance(1)
    stage.consent("c3", "energy_insight", "withdrawn")
    stage.clock.advance(15 * 24 * HOUR_S)
    assert remind(stage) == 1
    assert stage.contacts() == []


def test_two_workers_remind_once(stage: Stage) -> None:
    insight(stage)
    stage.clock.advance(15 * 24 * HOUR_S)
    now_us, terms = stage.clock.now_us(), terms_of(stage.settings)
    with connect(stage.url) as one, connect(stage.url) as other:
        assert consent_renewals.remind_due(one, stage.settings, terms, now_us) == 1
        other.execute("set lock_timeout = '100ms'")
        with pytest.raises(Exception, match="lock timeout"):
            consent_renewals.remind_due(other, stage.settings, terms, now_us)
        other.rollback()
        one.commit()
        assert consent_renewals.remind_due(other, stage.settings, terms, now_us) == 0
    assert [c["channel"] for c in stage.contacts()] == ["inbox"]
