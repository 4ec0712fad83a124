"""A milestone sends one notice, by one channel; so does a step that waits for the customer."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from customer_context.cases.case_state import What
from runtime.clock import US_PER_S
from services import case_links, case_notices, case_steps
from store.casework import case_notices as stored
from store.postgres.pool import connect, scalar
from tests.fix_contacts import Stage
from tests.fix_receiver import Mailbox
from tests.secret_keys import BOX

DAY_US = 86_400 * US_PER_S
BASE = "https://cases.example"
NewStage = Callable[..., Stage]


def ordered(stage: Stage, customer: str = "c3") -> str:
    """A contract change that reached a milestone: it rests on the contract."""
    now_us = stage.clock.now_us()
    case = case_steps.open_(
        stage.connection, "t1", "contract-change", "anna", now_us, customer=customer,
        side="utility",
    )["case_id"]  # fmt: skip
    for step, data in (
        ("wish", {"product": "Green", "start": "2026-12-15", "price_eur": 30.0}),
        ("confirm", {"ordered": True}),
    ):
        case_steps.act(
            stage.connection, "t1", case, "anna", now_us, What.COMPLETE, item=step, data=data
        )
    stage.connection.commit()
    return str(case)


def decide(stage: Stage, limit: int = 100) -> int:
    made = case_notices.decide_due(stage.connection, stage.settings, stage.clock.now_us(), limit)
    stage.connection.commit()
    return made


def sent(stage: Stage) -> list[tuple[str, str, str]]:
    """(treatment, channel, state) of each contact."""
    return [(c["treatment"], c["channel"], c["state"]) for c in stage.contacts()]


@pytest.fixture
def by_mail(new_stage: NewStage, mailbox: Mailbox) -> Stage:
    return new_stage(smtp_url=mailbox.url, api_base_url=BASE)


def test_a_milestone_is_one_mail_with_a_link_that_opens_the_case(
    by_mail: Stage, mailbox: Mailbox
) -> None:
    case = ordered(by_mail)
    assert decide(by_mail) == 1 and decide(by_mail) == 0
    assert sent(by_mail) == [("milestone", "email", "pending")]
    by_mail.deliver()
    (mail,) = mailbox.mails
    text = mail.get_content()
    assert "Ihre Bestellung ist eingegangen" in text and "Guten Tag" in text
    address = next(word for word in text.split() if word.startswith(BASE))
    link_id, _, secret = address.removeprefix(f"{BASE}/matter/").partition("?t=")
    link = case_links.open_(by_mail.connection, BOX, link_id, secret, by_mail.clock.now_us())
    assert link is not None and (link.case_id, link.customer) == (case, "c3")
    (contact,) = by_mail.contacts()
    assert secret not in str(contact), "agents read contacts: the link is in the mail only"


def test_a_mail_that_is_sent_again_has_the_same_link(by_mail: Stage, mailbox: Mailbox) -> None:
    ordered(by_mail)
    decide(by_mail)
    mailbox.answer = "451 later"
    by_mail.deliver()
    mailbox.answer = "250 OK"
    by_mail.clock.advance(10)
    by_mail.deliver()
    assert len(mailbox.mails) >= 1
    made = scalar(by_mail.connection, "select count(*) from contacts.case_link")
    assert made == 1


def test_the_inbox_takes_what_e_mail_may_not(by_mail: Stage) -> None:
    by_mail.consent("c3", "channel_email", "withdrawn")
    ordered(by_mail)
    decide(by_mail)
    assert sent(by_mail) == [("milestone", "inbox", "delivered")]
    row = by_mail.connection.execute("select channel, reason from contacts.case_notice").fetchone()
    assert row == ("inbox", "no_channel_consent")


def test_caps_hold_and_the_inbox_takes_the_rest(new_stage: NewStage, mailbox: Mailbox) -> None:
    stage = new_stage(smtp_url=mailbox.url, messages_per_day=1)
    ordered(stage)
    ordered(stage)
    decide(stage)
    assert sorted(channel for _, channel, _ in sent(stage)) == ["email", "inbox"]


def test_a_withdrawn_purpose_is_no_notice(by_mail: Stage) -> None:
    now_us = by_mail.clock.now_us()
    case = case_steps.open_(
        by_mail.connection, "t1", "reading-dispute", "anna", now_us, customer="c3"
    )["case_id"]
    case_steps.act(
        by_mail.connection, "t1", case, "anna", now_us, What.COMPLETE, item="claimed",
        data={"reading_kwh": 1.0, "reading_date": "2026-11-20"},
    )  # fmt: skip
    by_mail.connection.commit()
    by_mail.consent("c3", "energy_insight", "withdrawn")
    case_steps.fire_due(by_mail.connection, now_us + 9 * DAY_US)
    by_mail.connection.commit()
    by_mail.clock.advance(9 * DAY_US / US_PER_S)
    assert decide(by_mail) == 1 and sent(by_mail) == []
    row = by_mail.connection.execute(
        "select kind, name, channel, reason from contacts.case_notice"
    ).fetchone()
    assert row == ("reminder", "reminder", None, "no_consent:energy_insight")


def test_a_step_that_waits_for_the_customer_reminds_them(by_mail: Stage, mailbox: Mailbox) -> None:
    now_us = by_mail.clock.now_us()
    case = case_steps.open_(
        by_mail.connection, "t1", "reading-dispute", "anna", now_us, customer="c3"
    )["case_id"]
    case_steps.act(
        by_mail.connection, "t1", case, "anna", now_us, What.COMPLETE, item="claimed",
        data={"reading_kwh": 1.0, "reading_date": "2026-11-20"},
    )  # fmt: skip
    by_mail.connection.commit()
    by_mail.clock.advance(9 * DAY_US / US_PER_S)
    for _ in range(3):
        case_steps.fire_due(by_mail.connection, by_mail.clock.now_us())
        by_mail.connection.commit()
        decide(by_mail)
    by_mail.deliver()
    (mail,) = mailbox.mails
    assert "Foto des Zählers" in mail.get_content() and BASE in mail.get_content()


def test_a_transaction_that_ends_half_way_loses_and_doubles_nothing(stage: Stage) -> None:
    """What a kill leaves: the row and the contact stand together, or neither does."""
    ordered(stage)
    assert case_notices.decide_due(stage.connection, stage.settings, stage.clock.now_us()) == 1
    stage.connection.rollback()
    assert sent(stage) == []
    for _ in range(3):
        decide(stage)
    assert sent(stage) == [("milestone", "inbox", "delivered")]


def test_two_workers_make_one_contact_of_each_notice(stage: Stage) -> None:
    made = [ordered(stage, customer) for customer in ("c0", "c3") for _ in range(8)]
    begin, now_us = threading.Barrier(2), stage.clock.now_us()

    def worker(_: int) -> int:
        total = 0
        with connect(stage.url) as own:
            begin.wait()
            while done := case_notices.decide_due(own, stage.settings, now_us, 3):
                own.commit()
                total += done
            own.commit()
        return total

    with ThreadPoolExecutor(2) as pool:
        assert sum(pool.map(worker, range(2))) == len(made)
    assert decide(stage) == 0
    assert sorted(c["case_id"] for c in stage.contacts()) == sorted(made)


def test_an_old_notice_is_no_news(stage: Stage) -> None:
    ordered(stage)
    stage.clock.advance(40 * 86_400)
    assert decide(stage) == 1 and sent(stage) == []


def test_a_link_that_was_asked_for_goes_by_mail_once(by_mail: Stage, mailbox: Mailbox) -> None:
    case = ordered(by_mail)
    now_us = by_mail.clock.now_us()
    for _ in range(2):
        assert (
            case_notices.send_link(by_mail.connection, by_mail.settings, "t1", case, "k", now_us)
            is None
        )
    by_mail.connection.commit()
    decide(by_mail)
    by_mail.deliver()
    subjects = sorted(str(mail["Subject"]) for mail in mailbox.mails)
    assert len(subjects) == 2, "the milestone and the link"
    by_mail.consent("c3", "channel_email", "withdrawn")
    refused: Any = case_notices.send_link(
        by_mail.connection, by_mail.settings, "t1", case, "again", now_us
    )
    assert refused == "no_channel_consent"
    assert stored.due(by_mail.connection, now_us, 10) == []


def test_the_mail_about_a_crash_opens_its_case(by_mail: Stage, mailbox: Mailbox) -> None:
    by_mail.crash()
    by_mail.decide()
    by_mail.deliver()
    (mail,) = mailbox.mails
    address = next(word for word in mail.get_content().split() if word.startswith(BASE))
    link_id, _, secret = address.removeprefix(f"{BASE}/matter/").partition("?t=")
    link = case_links.open_(by_mail.connection, BOX, link_id, secret, by_mail.clock.now_us())
    (case,) = by_mail.cases()
    assert link is not None and link.case_id == case["case_id"]
