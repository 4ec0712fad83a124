"""Who gets our e-mails stops them: by the mail program, by the page of the link, by a reply."""

import re
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from urllib.parse import urlsplit

import httpx
import pytest

from services import stop_link
from store.people import consent
from store.postgres.pool import connect
from store.postgres.times import from_us
from tests.fix_api import Api, running_api
from tests.fix_contacts import TENANT, Stage
from tests.fix_receiver import Mailbox
from tests.fix_registry import NOW_US
from tests.pages import HTML
from tests.patience import patient
from tests.secret_keys import BOX

SITE = "https://stadtwerke.example"
ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
def stage(new_stage: Callable[..., Stage], mailbox: Mailbox) -> Stage:
    return new_stage(smtp_url=mailbox.url, api_base_url=SITE)


@pytest.fixture
def browser(stage: Stage) -> Iterator[httpx.Client]:
    with (
        running_api(stage.url) as url,
        httpx.Client(base_url=url, headers=HTML, timeout=patient(20.0)) as client,
    ):
        yield client


def mail_of(stage: Stage, mailbox: Mailbox) -> EmailMessage:
    stage.crash()
    stage.decide()
    stage.deliver()
    (mail,) = mailbox.mails
    return mail


def link_of(mail: EmailMessage) -> str:
    """The link without our address, at which nobody answers here."""
    match = re.fullmatch(r"<(https://[^<>\s]+)>", mail["List-Unsubscribe"])
    assert match
    parts = urlsplit(match[1])
    assert match[1].startswith(SITE)
    return f"{parts.path}?{parts.query}"


def granted(stage: Stage, customer: str = "c0") -> set[str]:
    with connect(stage.url) as connection:
        return set(consent.granted_of(connection, TENANT, customer))


def ledger(stage: Stage) -> list[tuple[str, str, str | None, str | None]]:
    with connect(stage.url) as connection:
        rows = consent.consents_of(connection, TENANT, "c0")
    return [
        (row["purpose"], row["state"], row["channel"], row["method"])
        for row in rows
        if row["state"] == "withdrawn"
    ]


def test_one_click_of_a_mail_program(stage: Stage, mailbox: Mailbox, browser: httpx.Client) -> None:
    mail = mail_of(stage, mailbox)
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    link = link_of(mail)
    assert f"{SITE}{link}" in mail.get_content(), "a person finds it too"
    mailbox.answer = "451 later"
    stage.crash(at="2026-11-18T00:00:00+00:00")
    stage.decide()
    stage.deliver()  # this one waits for its next attempt
    for _ in range(2):  # the second time nothing is left to stop
        answer = httpx.post(f"{browser.base_url}{link}", data=ONE_CLICK, timeout=patient(20.0))
        assert answer.status_code == 200
        assert not answer.cookies
        assert answer.headers["content-type"].startswith("text/plain")
    assert "channel_email" not in granted(stage)
    assert ledger(stage) == [("channel_email", "withdrawn", None, "stop_link")]
    waited = [c["reason"] for c in stage.contacts(channel="email", state="refused")]
    assert waited == ["no_channel_consent"]
    assert "claims_assistance" in granted(stage), "nothing else is withdrawn"


def test_the_page_stops_nothing_before_its_button(
    stage: Stage, mailbox: Mailbox, browser: httpx.Client
) -> None:
    link = link_of(mail_of(stage, mailbox))
    page = browser.get(link)
    assert page.status_code == 200
    assert "Hilfe nach" in page.text or "Help after" in page.text
    assert ledger(stage) == []
    done = browser.post(link, data={"what": "purpose"})
    assert done.status_code == 200
    assert ledger(stage) == [("claims_assistance", "withdrawn", "email", "stop_link")]
    assert {"claims_assistance", "channel_email"} <= granted(stage)
    mailbox.mails.clear()
    stage.clock.advance(1)
    stage.crash(at="2026-11-18T00:00:00+00:00")
    stage.decide()
    stage.deliver()
    assert mailbox.mails == []


def test_a_link_that_is_not_ours_is_not_there(
    stage: Stage, mailbox: Mailbox, browser: httpx.Client
) -> None:
    link = link_of(mail_of(stage, mailbox))
    other = stop_link.url("", BOX, "t2", "x")
    for wrong in (
        "/stop",
        link[:-1],
        f"{link}x",
        link.replace(f"n={TENANT}", "n=t2"),
        re.sub("c=[0-9a-f]", "c=z", link),
        other,
        "/stop?n=%00&c=%00&t=%00",
    ):
        assert browser.get(wrong).status_code == 404, wrong
        assert browser.post(wrong, data=ONE_CLICK).status_code == 404, wrong
    assert ledger(stage) == []


def test_without_an_address_of_ours_a_mail_has_no_link(
    new_stage: Callable[..., Stage], mailbox: Mailbox
) -> None:
    mail = mail_of(new_stage(smtp_url=mailbox.url), mailbox)
    assert mail["List-Unsubscribe"] is None
    assert "/stop" not in mail.get_content()


@pytest.mark.parametrize(
    ("customer", "body", "kind", "stops"),
    [
        ("c0", "STOP", "email", True),
        ("c1", "\n  Stopp!\n\n> Ihre Nachricht", "email", True),
        ("c2", "Please stop by tomorrow", "email", False),
        ("c3", "STOP", "chat", False),
    ],
)
def test_a_reply(api: Api, customer: str, body: str, kind: str, stops: bool) -> None:
    """Said once or twice, it is withdrawn once."""
    now = from_us(NOW_US - 1)
    decision = {
        "tenant": "t1", "customer": customer, "purpose": "channel_email", "state": "granted",
        "legal_basis": "consent", "notice_version": "1", "source": "test", "at": now,
        "recorded_at": now,
    }  # fmt: skip
    with connect(api.seeded.url) as connection:
        consent.decide(connection, [decision])
        connection.commit()
        before = len(consent.consents_of(connection, "t1", customer))
    event = {
        "id": f"{kind} {body}", "source": "mail", "type": kind, "time": "2026-11-02T03:04:05Z",
        "customer": customer, "data": {"summary": "Reply", "text": body},
    }  # fmt: skip
    for _ in range(2):
        answer = api.post("/v1/interactions", "back_office", event)
        assert answer.status_code == 201, answer.text
    with connect(api.seeded.url) as connection:
        added = consent.consents_of(connection, "t1", customer)[before:]
    assert [row["method"] for row in added] == (["stop_reply"] if stops else [])
