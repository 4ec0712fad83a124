"""Sends codes that verify a caller, to the e-mail address that is known (store/casework/calls.py).

The caller waits for it on the telephone, so a mail that fails is tried again soon.
"""

import logging
from collections.abc import Mapping
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from typing import Any

from contacts.channels.email import Sender
from contacts.channels.sending import Next
from contacts.store_thread import StoreThread
from runtime.clock import Clock
from runtime.secret_box import SecretBox, SecretError
from runtime.settings import Settings
from store.casework import calls
from store.postgres.pool import Connection
from store.postgres.times import from_us
from store.secrets.columns import CALL_ADDRESS, CALL_CODE

log = logging.getLogger("contacts")

_TEXTS = {
    "en": (
        "Your code: {code}",
        "You are on the telephone with {tenant}. Tell the agent this code:\n\n{code}\n\nIt is "
        "valid for ten minutes. If you are not calling, tell nobody the code, and let us know.\n",
    ),
    "de": (
        "Ihr Code: {code}",
        "Sie telefonieren mit {tenant}. Nennen Sie diesen Code:\n\n{code}\n\nEr gilt zehn Minuten. "
        "Wenn Sie nicht anrufen, nennen Sie ihn niemandem, und sagen Sie uns Bescheid.\n",
    ),
}


class CodeMailer:
    """Sends the codes that wait, one after the other."""

    def __init__(
        self, store_thread: StoreThread, box: SecretBox, settings: Settings, clock: Clock
    ) -> None:
        self._store_thread = store_thread
        self._box = box
        self._clock = clock
        self._from = settings.smtp_from
        self._sender = Sender(settings, clock) if settings.smtp_url is not None else None

    async def send_next(self) -> bool:
        """Send the next code; return False where none is due. Raises `Retry`."""
        if self._sender is None:
            return False
        row = await self._store_thread.run(self._take)
        if row is None:
            return False
        call_id = row["call_id"]
        try:
            code = self._box.open(row["code"], CALL_CODE.bound_to(call_id))
            address = self._box.open(row["address"], CALL_ADDRESS.bound_to(call_id))
        except SecretError as error:
            log.warning("a code by e-mail: %s; it is given up", error)
            await self._store_thread.run(calls.code_sent, call_id)
            return True
        message = compose(row, code, address, self._from, self._clock.now_us())
        result = await self._sender.send_message(message, address)
        if result.next is Next.RETRY:
            log.warning("a code by e-mail: %s; it is tried again", result.outcome)
            return True
        if result.next is not Next.DONE:
            log.warning("a code by e-mail: %s; it is given up", result.outcome)
        await self._store_thread.run(calls.code_sent, call_id)
        return True

    def _take(self, connection: Connection) -> dict[str, Any] | None:
        return calls.take_code(connection, self._clock.now_us())


def compose(
    row: Mapping[str, Any], code: str, address: str, sender: str, now_us: int
) -> EmailMessage:
    """Build the mail. It names no customer: who reads it may be somebody else."""
    language = "de" if row["language"].startswith("de") else "en"
    subject, text = _TEXTS[language]
    tenant = " ".join(row["tenant_name"].split())
    message = EmailMessage()
    message["From"] = sender
    message["To"] = address
    message["Subject"] = subject.format(code=code)
    message["Date"] = format_datetime(from_us(now_us))
    domain = parseaddr(sender)[1].partition("@")[2] or "localhost"
    message["Message-ID"] = f"<code-{row['call_id']}-{row['attempts']}@{domain}>"
    message["Content-Language"] = language
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text.format(code=code, tenant=tenant))
    return message
