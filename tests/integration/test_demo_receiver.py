"""The demo's receiver judges signatures as a real one does, and keeps what came."""

import base64
import json
import smtplib
from collections.abc import Iterator
from datetime import UTC, datetime
from email.message import EmailMessage

import httpx
import pytest
from standardwebhooks.webhooks import Webhook

from app.demo.receiver import DemoReceiver
from runtime.clock import SystemClock

SECRET = "whsec_" + base64.b64encode(b"a secret of twenty-four b").decode()
NEXT = "whsec_" + base64.b64encode(b"the secret after that one").decode()
BODY = json.dumps({"type": "crash.detected", "timestamp": "2026-11-21T10:00:00Z", "data": {"a": 1}})


@pytest.fixture(scope="module")
def receiver() -> Iterator[DemoReceiver]:
    made = DemoReceiver(SystemClock())
    made.start()
    yield made
    made.stop()


def send(receiver: DemoReceiver, side: str, secret: str, body: str = BODY, **changes: str) -> int:
    now = datetime.fromtimestamp(SystemClock().now_us() // 1_000_000, UTC)
    headers = {
        "webhook-id": "c-1",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(secret).sign("c-1", now, body),
    }
    headers |= {name.replace("_", "-"): value for name, value in changes.items()}
    return httpx.post(f"{receiver.url}/{side}", content=body, headers=headers).status_code


def test_a_right_signature_is_accepted(receiver: DemoReceiver) -> None:
    receiver.trust("insurer", SECRET)
    assert send(receiver, "insurer", SECRET) == 204
    last = receiver.deliveries()[-1]
    assert (last.side, last.webhook_id, last.type) == ("insurer", "c-1", "crash.detected")
    assert last.verified and not last.reason
    assert last.body == json.loads(BODY)


@pytest.mark.parametrize(
    "changes",
    [
        {"webhook_signature": "v1,AAAA"},
        {"webhook_signature": "nonsense"},
        {"webhook_id": "c-2"},
        {"webhook_timestamp": "1000000000"},
        {"webhook_timestamp": "soon"},
    ],
)
def test_a_wrong_signature_is_refused_and_kept(
    receiver: DemoReceiver, changes: dict[str, str]
) -> None:
    receiver.trust("insurer", SECRET)
    assert send(receiver, "insurer", SECRET, **changes) == 401
    last = receiver.deliveries()[-1]
    assert not last.verified and last.reason


def test_another_body_or_another_sides_secret_is_refused(receiver: DemoReceiver) -> None:
    receiver.trust("insurer", SECRET)
    receiver.trust("utility", NEXT)
    assert send(receiver, "utility", SECRET) == 401
    now = datetime.fromtimestamp(SystemClock().now_us() // 1_000_000, UTC)
    forged = Webhook(SECRET).sign("c-1", now, BODY)
    assert send(receiver, "insurer", SECRET, body='{"type":"x"}', webhook_signature=forged) == 401


def test_while_secrets_rotate_either_is_accepted(receiver: DemoReceiver) -> None:
    receiver.trust("insurer", SECRET, NEXT)
    assert send(receiver, "insurer", SECRET) == 204
    assert send(receiver, "insurer", NEXT) == 204
    receiver.trust("insurer", NEXT)
    assert send(receiver, "insurer", SECRET) == 401
    both = "v1,AAAA " + Webhook(NEXT).sign(
        "c-1", datetime.fromtimestamp(SystemClock().now_us() // 1_000_000, UTC), BODY
    )
    assert send(receiver, "insurer", NEXT, webhook_signature=both) == 204


def test_garbage_and_unknown_sides_do_no_harm(receiver: DemoReceiver) -> None:
    receiver.trust("insurer", SECRET)
    assert httpx.post(f"{receiver.url}/insurer", content=b"\xff\x00").status_code == 401
    assert receiver.deliveries()[-1].body is None
    assert httpx.post(f"{receiver.url}/nobody", content=BODY).status_code == 404


def test_people_and_programs_see_what_arrived(receiver: DemoReceiver) -> None:
    receiver.trust("utility", SECRET)
    body = json.dumps({"type": "alert.raised", "data": {"kind": "<b>spike</b>"}})
    assert send(receiver, "utility", SECRET, body=body) == 204
    page = httpx.get(receiver.url)
    assert "alert.raised" in page.text and "&lt;b&gt;spike" in page.text
    assert "<b>" not in page.text and "//" not in page.text.replace("</", "").split("<body>")[1]
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    found = httpx.get(f"{receiver.url}/received").json()
    assert found["webhooks"][-1]["body"] == json.loads(body)


def test_mails_are_counted_by_recipient_and_id(receiver: DemoReceiver) -> None:
    mail = EmailMessage()
    mail["Subject"], mail["From"], mail["To"] = "Hallo", "us@example.org", "you@example.org"
    mail["Message-ID"] = "<c-7@example.org>"
    mail.set_content("Grüße")
    host, _, port = receiver.smtp_url.removeprefix("smtp://").partition(":")
    with smtplib.SMTP(host, int(port)) as client:
        client.send_message(mail)
    last = receiver.mails()[-1]
    assert (last.message_id, last.recipients) == ("<c-7@example.org>", ("you@example.org",))


def test_it_stops_and_can_still_be_asked() -> None:
    made = DemoReceiver(SystemClock())
    made.start()
    made.trust("insurer", SECRET)
    assert send(made, "insurer", SECRET) == 204
    made.stop()
    made.stop()
    with pytest.raises(httpx.ConnectError):
        httpx.get(made.url)
    assert len(made.deliveries()) == 1
