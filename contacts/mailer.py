"""Sends what people wait for by e-mail, one after the other: links to sign in, codes of calls.

A mail that fails is tried again soon. It keeps its Message-ID: after a crash between sending and
noting that, it is sent a second time, and the mailbox recognises it.
"""

import logging
from collections.abc import Mapping
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from typing import Any, Protocol

from contacts.channels.email import Sender
from contacts.channels.sending import Next
from contacts.store_thread import StoreThread
from runtime.clock import Clock
from runtime.secret_box import SecretError
from runtime.settings import Settings
from store.postgres.pool import Connection
from store.postgres.times import from_us

log = logging.getLogger("contacts")


class Mails(Protocol):
    """A queue of mails. what : its name in the log."""

    what: str

    def take(self, connection: Connection, now_us: int) -> dict[str, Any] | None:
        """Return the next mail that is due, and put off its next attempt."""

    def compose(self, row: Mapping[str, Any]) -> EmailMessage:
        """Build the mail, with To and the local part of its Message-ID as X-Id.

        Raises `SecretError` where its text cannot be opened any more.
        """

    def sent(self, connection: Connection, row: Mapping[str, Any]) -> None:
        """Send it no more."""


class Mailer:
    """Sends the mails of one queue; none without a mail server."""

    def __init__(
        self, mails: Mails, store_thread: StoreThread, settings: Settings, clock: Clock
    ) -> None:
        self._mails = mails
        self._store_thread = store_thread
        self._clock = clock
        self._from = settings.smtp_from
        self._sender = Sender(settings, clock) if settings.smtp_url is not None else None

    async def send_next(self) -> bool:
        """Send the next mail; return False where none is due. Raises `Retry`."""
        if self._sender is None:
            return False
        row = await self._store_thread.run(self._take)
        if row is None:
            return False
        try:
            message = addressed(self._mails.compose(row), self._from, self._clock.now_us())
        except SecretError as error:
            log.warning("%s by e-mail: %s; it is given up", self._mails.what, error)
        else:
            result = await self._sender.send_message(message, parseaddr(message["To"])[1])
            if result.next is Next.RETRY:
                log.warning("%s by e-mail: %s; it is tried again", self._mails.what, result.outcome)
                return True
            if result.next is not Next.DONE:
                log.warning("%s by e-mail: %s; it is given up", self._mails.what, result.outcome)
        await self._store_thread.run(self._mails.sent, row)
        return True

    def _take(self, connection: Connection) -> dict[str, Any] | None:
        return self._mails.take(connection, self._clock.now_us())


def addressed(message: EmailMessage, sender: str, now_us: int) -> EmailMessage:
    """Add what every mail has, and its Message-ID in place of X-Id. sender : the From."""
    domain = parseaddr(sender)[1].partition("@")[2] or "localhost"
    id_ = message["X-Id"]
    del message["X-Id"]
    message["From"] = sender
    message["Date"] = format_datetime(from_us(now_us))
    message["Message-ID"] = f"<{id_}@{domain}>"
    message["Auto-Submitted"] = "auto-generated"
    return message


def language_of(row: Mapping[str, Any]) -> str:
    """Return the language of a mail's text: de or en."""
    return "de" if row["language"].startswith("de") else "en"
