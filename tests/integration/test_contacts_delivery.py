"""Delivering on real servers: receivers that are down, broken, slow or gone; nothing is lost."""

import asyncio
from collections.abc import Callable
from email.utils import format_datetime

import pytest

from runtime.clock import US_PER_S
from store.casework import contacts, receivers
from store.postgres.pool import connect
from store.postgres.times import from_us, to_us
from tests.fix_contacts import HOUR_S, TENANT, Stage
from tests.fix_receiver import Mailbox, Receiver
from tests.fix_registry import NOW_US
from tests.secret_keys import BOX

NewReceiver = Callable[[], Receiver]


def webhooks(stage: Stage) -> list[dict]:
    return stage.contacts(channel="webhook")


def test_a_crash_reaches_its_insurer_signed(stage: Stage, new_receiver: NewReceiver) -> None:
    insurer, utility = new_receiver(), new_receiver()
    stage.receiver(insurer, "claims")
    stage.receiver(utility, "grid", "utility")
    signal = stage.crash()
    assert stage.decide() == 1
    stage.deliver()
    (contact,) = webhooks(stage)
    (hit,) = insurer.hits
    assert (hit.id, hit.path, hit.verified) == (contact["contact_id"], "/hooks", 0)
    assert hit.timestamp == stage.clock.now_us() // US_PER_S
    assert utility.hits == []
    (case,) = stage.cases()
    assert hit.body["type"] == "crash.detected"
    assert hit.body["data"]["signal_id"] == signal
    assert hit.body["data"]["case_id"] == case["case_id"]
    assert to_us(case["deadline"]) == stage.clock.now_us() + 15 * 60 * US_PER_S
    assert contact["state"] == "delivered" and contact["attempts"] == 1
    assert stage.attempts(contact["contact_id"]) == [("delivered", 200)]
    (message,) = stage.contacts(channel="inbox")
    assert message["state"] == "delivered" and "Customer 0" in message["body"]


def test_down_for_ten_minutes_loses_nothing(stage: Stage, new_receiver: NewReceiver) -> None:
    down, other = new_receiver(), new_receiver()
    stage.receiver(down, "down")
    stage.receiver(other, "other")
    down.down()
    stage.crash()
    stage.decide()
    for seconds in (0, 6, 34, 67, 133, 360):  # at once, after 5, 30, 60, 120 and 300 s
        stage.clock.advance(seconds)
        stage.deliver()
    waiting, done = sorted(webhooks(stage), key=lambda c: c["receiver"] != "down")
    assert len(other.hits) == 1 and done["attempts"] == 1
    assert waiting["state"] == "pending" and waiting["reason"] == "not_connected"
    assert [outcome for outcome, _ in stage.attempts(waiting["contact_id"])] == [
        "not_connected"
    ] * 6
    due_s = to_us(waiting["next_attempt_at"]) / US_PER_S - stage.clock.now_us() / US_PER_S
    assert 300 <= due_s <= 330, "five minutes, with jitter"
    down.up()
    stage.deliver()
    assert down.hits == [], "not before it is due"
    stage.clock.advance(331)
    stage.deliver()
    assert down.ids == [waiting["contact_id"]]
    assert [c["state"] for c in webhooks(stage)] == ["delivered"] * 2


def test_a_receiver_that_is_back_gets_all_that_waited(
    stage: Stage, new_receiver: NewReceiver
) -> None:
    down = new_receiver()
    stage.receiver(down, "down")
    down.down()
    stage.crash()
    stage.decide()
    for seconds in (0, 6, 34, 67, 133):
        stage.clock.advance(seconds)
        stage.deliver()
    stage.crash(from_us(NOW_US - 30 * US_PER_S).isoformat())
    stage.decide()
    stage.deliver()
    early, late = sorted(webhooks(stage), key=lambda c: c["next_attempt_at"])
    assert (early["attempts"], late["attempts"]) == (1, 5)
    down.up()
    stage.clock.advance(6)
    stage.deliver()  # the one that is due arrives, and the other, due in minutes, with it
    stage.deliver()
    assert down.ids == [early["contact_id"], late["contact_id"]]


@pytest.mark.parametrize(
    ("behaviour", "outcome", "status"),
    [
        (500, "status", 500),
        (404, "status", 404),
        (301, "redirect", 301),
        ("garbage", "no_http", None),
        ("endless", "status", 500),
    ],
)
def test_what_is_no_success_is_tried_again(
    stage: Stage,
    new_receiver: NewReceiver,
    behaviour: str | int,
    outcome: str,
    status: int | None,
) -> None:
    receiver = new_receiver()
    stage.receiver(receiver, "broken")
    receiver.behaviour = behaviour
    stage.crash()
    stage.decide()
    stage.deliver()
    (contact,) = webhooks(stage)
    assert (contact["state"], contact["reason"]) == ("pending", outcome)
    receiver.behaviour = "ok"
    stage.clock.advance(6)
    stage.deliver()
    assert stage.attempts(contact["contact_id"]) == [(outcome, status), ("delivered", 200)]
    assert receiver.ids == [contact["contact_id"]] * 2
    assert {hit.path for hit in receiver.hits} == {"/hooks"}, "a redirect is not followed"
    assert all(hit.verified == 0 for hit in receiver.hits)


@pytest.mark.parametrize(
    ("status", "retry_after", "wait_s"),
    [
        (429, "120", 120),
        (503, "120", 120),
        (429, "DATE", 120),
        (429, "9999999999", 86_400),  # bounded: a receiver cannot put a contact off for ever
        (429, "1", 5),  # our schedule is the least
        (429, "soon", 5),
    ],
)
def test_retry_after_is_waited_for(
    stage: Stage, new_receiver: NewReceiver, status: int, retry_after: str, wait_s: int
) -> None:
    receiver = new_receiver()
    stage.receiver(receiver, "busy")
    receiver.behaviour = status
    at = from_us(stage.clock.now_us() + 120 * US_PER_S)
    receiver.retry_after = (
        format_datetime(at, usegmt=True) if retry_after == "DATE" else retry_after
    )
    stage.crash()
    stage.decide()
    stage.deliver()
    receiver.behaviour = "ok"
    stage.clock.advance(wait_s - 1.5)
    stage.deliver()
    assert len(receiver.hits) == 1, "not before"
    stage.clock.advance(1.5 + wait_s / 10)
    stage.deliver()
    assert len(receiver.hits) == 2
    for hit in receiver.hits:
        assert hit.headers["user-agent"] == "Tachowatt-Webhooks/1.0"
        assert hit.headers["accept"] == "*/*" and hit.headers["content-type"] == "application/json"


def test_gives_up_visibly_and_can_be_sent_again(stage: Stage, new_receiver: NewReceiver) -> None:
    receiver = new_receiver()
    stage.receiver(receiver, "broken")
    receiver.behaviour = 500
    stage.crash()
    stage.decide()
    for _ in range(15):
        stage.deliver()
        stage.clock.advance(30 * HOUR_S)
    stage.deliver()
    (contact,) = webhooks(stage)
    assert (contact["state"], contact["reason"]) == ("failed", "status")
    assert contact["attempts"] == len(receiver.hits) == 15
    receiver.behaviour = 503
    assert contacts.resend(stage.connection, TENANT, None, stage.clock.now_us()) == 1
    stage.connection.commit()
    stage.deliver()
    (contact,) = webhooks(stage)
    assert contact["state"] == "pending", "the schedule begins anew"
    receiver.behaviour = "ok"
    stage.clock.advance(6)
    stage.deliver()
    (contact,) = webhooks(stage)
    assert (contact["state"], contact["attempts"]) == ("delivered", 17)
    assert set(receiver.ids) == {contact["contact_id"]}


def test_a_slow_receiver_delays_nobody(
    new_stage: Callable[..., Stage], new_receiver: NewReceiver
) -> None:
    stage = new_stage(webhook_concurrency=2)
    slow, quick = new_receiver(), new_receiver()
    stage.receiver(slow, "slow")
    stage.receiver(quick, "quick")
    slow.behaviour = "slow"
    for i in range(4):
        stage.crash(at=f"2026-11-18T0{i}:00:00+00:00")
    stage.decide()

    async def run() -> None:
        async with stage.deliverer() as deliverer:
            for _ in range(2):
                while await deliverer.round():
                    await asyncio.to_thread(quick.wait_for, 2)
                    await deliverer.freed.wait()
            await asyncio.to_thread(quick.wait_for, 4)
            await asyncio.to_thread(slow.wait_for, 2)
            assert len(slow.hits) == 2, "as many as its lane takes at once"
            stage.clock.advance(30.0)  # and that is how slow it is
            slow.behaviour = "ok"
            slow.release()
            await deliverer.drain()
            while await deliverer.round():
                await deliverer.drain()

    asyncio.run(run())
    assert sorted(slow.ids + quick.ids) == sorted(c["contact_id"] for c in webhooks(stage))
    assert {c["state"] for c in webhooks(stage)} == {"delivered"}


def test_no_answer_within_the_timeout_is_a_failed_attempt(
    new_stage: Callable[..., Stage], new_receiver: NewReceiver
) -> None:
    stage = new_stage(webhook_timeout_s=0.2)
    receiver = new_receiver()
    stage.receiver(receiver, "silent")
    receiver.behaviour = "slow"
    stage.crash()
    stage.decide()
    stage.deliver()
    (contact,) = webhooks(stage)
    assert stage.attempts(contact["contact_id"]) == [("timeout", None)]
    assert contact["state"] == "pending"


def test_a_success_is_one_whatever_its_body_does(
    new_stage: Callable[..., Stage], new_receiver: NewReceiver
) -> None:
    stage = new_stage(webhook_timeout_s=1.0)
    receiver = new_receiver()
    stage.receiver(receiver, "halting")
    receiver.behaviour = "halting"
    stage.crash()
    stage.decide()
    stage.deliver()
    (contact,) = webhooks(stage)
    assert stage.attempts(contact["contact_id"]) == [("delivered", 200)]


def test_410_disables_the_receiver(stage: Stage, new_receiver: NewReceiver) -> None:
    gone, other = new_receiver(), new_receiver()
    stage.receiver(gone, "gone")
    stage.receiver(other, "other")
    gone.behaviour = 410
    stage.crash()
    stage.decide()
    stage.deliver()
    failed = next(c for c in webhooks(stage) if c["receiver"] == "gone")
    assert (failed["state"], failed["reason"]) == ("failed", "gone")
    found = {r["name"]: (r["state"], r["reason"]) for r in receivers.list_(stage.connection)}
    assert found == {"gone": ("disabled", "gone"), "other": ("active", "")}
    stage.crash(at="2026-11-18T01:00:00+00:00")
    stage.decide()
    stage.deliver()
    assert len(gone.hits) == 1 and len(other.hits) == 2
    assert contacts.resend(stage.connection, TENANT, None, stage.clock.now_us()) == 0
    receivers.enable(stage.connection, TENANT, "gone")
    gone.behaviour = "ok"
    assert contacts.resend(stage.connection, TENANT, None, stage.clock.now_us()) == 1
    stage.connection.commit()
    stage.deliver()
    assert gone.ids == [failed["contact_id"]] * 2


def test_secrets_are_rotated_without_a_gap(stage: Stage, new_receiver: NewReceiver) -> None:
    receiver = new_receiver()
    stage.receiver(receiver, "claims")
    new = receivers.rotate(
        stage.connection, BOX, TENANT, "claims", stage.clock.now_us(), overlap_s=HOUR_S
    )
    stage.connection.commit()
    old = receiver.secrets[0]
    for known, verified in ((old, 0), (new, 0)):
        receiver.secrets = [known]
        stage.crash(at=f"2026-11-18T0{len(receiver.hits)}:00:00+00:00")
        stage.decide()
        stage.deliver()
        assert receiver.hits[-1].verified == verified
    stage.clock.advance(2 * HOUR_S)
    for known, verified in ((old, -1), (new, 0)):
        receiver.secrets = [known]
        stage.crash(at=f"2026-11-18T0{len(receiver.hits)}:00:00+00:00")
        stage.decide()
        stage.deliver()
        assert receiver.hits[-1].verified == verified


def test_a_removed_receiver_leaves_nothing_pending(stage: Stage, new_receiver: NewReceiver) -> None:
    receiver = new_receiver()
    stage.receiver(receiver, "claims")
    stage.crash()
    stage.decide()
    assert receivers.remove(stage.connection, TENANT, "claims", stage.clock.now_us()) == 1
    stage.connection.commit()
    stage.deliver()
    assert stage.states(channel="webhook") == [("insurer", "cancelled", "receiver_removed")]
    assert receiver.hits == []


def test_private_addresses_are_refused_unless_allowed(
    new_stage: Callable[..., Stage], new_receiver: NewReceiver
) -> None:
    stage = new_stage()
    stage.settings = stage.settings.model_copy(update={"webhook_private_networks": "10.0.0.0/8"})
    receiver = new_receiver()
    stage.receiver(receiver, "inside")
    stage.crash()
    stage.decide()
    stage.deliver()
    assert stage.states(channel="webhook") == [("insurer", "failed", "target_refused")]
    assert receiver.hits == []


def test_consent_is_asked_again_when_it_is_sent(
    new_stage: Callable[..., Stage], new_receiver: NewReceiver, mailbox: Mailbox
) -> None:
    stage = new_stage(smtp_url=mailbox.url)
    receiver = new_receiver()
    stage.receiver(receiver, "claims")
    stage.crash()
    stage.decide()
    stage.clock.advance(1)
    stage.consent("c0", "claims_assistance", "withdrawn")
    stage.deliver()
    assert receiver.hits == [] and mailbox.mails == []
    assert stage.states() == [
        ("driver-email", "refused", "no_consent:claims_assistance"),
        ("driver-inbox", "delivered", ""),
        ("insurer", "refused", "no_consent:claims_assistance"),
    ]


def test_mail(new_stage: Callable[..., Stage], mailbox: Mailbox) -> None:
    stage = new_stage(smtp_url=mailbox.url, smtp_from="Stadtwerke <post@example.com>")
    mailbox.answer = "451 later"
    stage.anomaly()
    stage.decide()
    stage.deliver()
    assert stage.states(channel="email") == [("customer-email", "pending", "mail_deferred")]
    mailbox.answer = "250 OK"
    stage.clock.advance(6)
    stage.deliver()
    (contact,) = stage.contacts(channel="email")
    (mail,) = mailbox.mails
    assert mail["To"] == "c3@example.com" and mail["From"] == "Stadtwerke <post@example.com>"
    assert mail["Message-ID"] == f"<{contact['contact_id']}@example.com>"
    assert mail["Subject"] == "Ihr Stromverbrauch war ungewöhnlich hoch"
    assert "4.000 W" in mail.get_content()
    assert stage.attempts(contact["contact_id"]) == [("mail_deferred", 451), ("delivered", 250)]


def test_mail_that_is_refused_for_good_fails_at_once(
    new_stage: Callable[..., Stage], mailbox: Mailbox
) -> None:
    stage = new_stage(smtp_url=mailbox.url)
    mailbox.answer = "550 no such user"
    stage.anomaly()
    stage.decide()
    stage.deliver()
    assert stage.states(channel="email") == [("customer-email", "failed", "mail_refused")]


def test_what_a_dead_worker_had_claimed_is_free_at_once(
    stage: Stage, new_receiver: NewReceiver
) -> None:
    receiver = new_receiver()
    stage.receiver(receiver, "claims")
    stage.crash()
    stage.decide()

    async def claim_and_vanish() -> None:
        receiver.behaviour = "slow"
        async with stage.deliverer() as deliverer:
            assert await deliverer.round() == 1
            await asyncio.to_thread(receiver.wait_for, 1)
            stage.deliver_elsewhere = await asyncio.to_thread(_claimable, stage)
            await deliverer.close(within_s=0.0)

    asyncio.run(claim_and_vanish())
    assert stage.deliver_elsewhere == 0, "what a living worker has is not taken from it"
    receiver.behaviour = "ok"
    stage.deliver()
    (contact,) = webhooks(stage)
    assert receiver.ids == [contact["contact_id"]] * 2
    assert contact["state"] == "delivered"


def _claimable(stage: Stage) -> int:
    from store.casework import delivery

    with connect(stage.url) as connection:
        worker = delivery.register_worker(connection)
        free = [(lane, 9) for lane in delivery.lanes(connection)]
        found = len(delivery.claim(connection, worker, free, stage.clock.now_us()))
        connection.rollback()
        return found
