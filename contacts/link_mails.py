"""Sends one-time links by e-mail: to sign in, and invitations (store/people/sign_in_mail.py).

The text of a link is deleted when its mail is sent, or when the link is too old. Who asked for a
link waits for it, so a mail that fails is tried again soon.
"""

import logging
from collections.abc import Mapping
from email.message import EmailMessage
from email.utils import format_datetime, formataddr, parseaddr
from typing import Any

from contacts.channels.email import Sender
from contacts.channels.sending import Next
from contacts.store_thread import StoreThread
from runtime.clock import Clock
from runtime.settings import Settings
from store.people import sign_in_mail
from store.postgres.pool import Connection
from store.postgres.times import from_us

log = logging.getLogger("contacts")

_PATHS = {"sign_in": "/login/link", "invitation": "/invitation"}
_TEXTS = {
    ("sign_in", "en"): (
        "Your link to sign in",
        "Hello {name},\n\nwith this link you sign in at {tenant}. It is valid for a quarter of an "
        "hour and works once:\n\n{link}\n\nIf you did not ask for it, you need not do anything.\n",
    ),
    ("sign_in", "de"): (
        "Ihr Link zum Anmelden",
        "Guten Tag {name},\n\nmit diesem Link melden Sie sich bei {tenant} an. Er gilt eine "
        "Viertelstunde und einmal:\n\n{link}\n\nWenn Sie ihn nicht angefordert haben, brauchen Sie "
        "nichts zu tun.\n",
    ),
    ("invitation", "en"): (
        "Your account at {tenant}",
        "Hello {name},\n\nset up your account at {tenant} with this link. It is valid for a week "
        "and works once; do not pass it on:\n\n{link}\n",
    ),
    ("invitation", "de"): (
        "Ihr Konto bei {tenant}",
        "Guten Tag {name},\n\nrichten Sie mit diesem Link Ihr Konto bei {tenant} ein. Er gilt eine "
        "Woche und einmal; geben Sie ihn nicht weiter:\n\n{link}\n",
    ),
}


class LinkMailer:
    """Sends the links that wait, one after the other."""

    def __init__(self, store_thread: StoreThread, settings: Settings, clock: Clock) -> None:
        self._store_thread = store_thread
        self._clock = clock
        self._from = settings.smtp_from
        self._sender = Sender(settings, clock) if settings.smtp_url is not None else None

    async def send_next(self) -> bool:
        """Send the next link; return False where none is due. Raises `Retry`."""
        if self._sender is None:
            return False
        mail = await self._store_thread.run(self._take)
        if mail is None:
            return False
        message = compose(mail, self._from, self._clock.now_us())
        result = await self._sender.send_message(message, mail["address"])
        if result.next is Next.RETRY:
            log.warning("a link by e-mail: %s; it is tried again", result.outcome)
            return True
        if result.next is not Next.DONE:
            log.warning("a link by e-mail: %s; it is given up", result.outcome)
        await self._store_thread.run(sign_in_mail.sent, mail["mail_id"])
        return True

    def _take(self, connection: Connection) -> dict[str, Any] | None:
        return sign_in_mail.take(connection, self._clock.now_us())


def compose(mail: Mapping[str, Any], sender: str, now_us: int) -> EmailMessage:
    """Build the mail with its link."""
    language = "de" if mail["language"].startswith("de") else "en"
    subject, text = _TEXTS[(mail["purpose"], language)]
    link = f"{mail['base_url']}{_PATHS[mail['purpose']]}?t={mail['token']}"
    tenant = " ".join(mail["tenant_name"].split())
    name = " ".join(mail["name"].split())
    message = EmailMessage()
    message["From"] = sender
    message["To"] = formataddr((name, mail["address"]))
    message["Subject"] = subject.format(tenant=tenant)
    message["Date"] = format_datetime(from_us(now_us))
    domain = parseaddr(sender)[1].partition("@")[2] or "localhost"
    message["Message-ID"] = f"<link-{mail['mail_id']}-{mail['attempts']}@{domain}>"
    message["Content-Language"] = language
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text.format(name=name, tenant=tenant, link=link))
    return message
