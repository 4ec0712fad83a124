"""Sends requests to confirm a consent by e-mail (store/people/consent_requests.py).

They go to an address that may not get messages yet, so they are no contacts: they ask one question
and offer nothing. The link is made here and stored nowhere.
"""

import logging
from collections.abc import Mapping
from datetime import datetime
from email.message import EmailMessage
from typing import Any
from zoneinfo import ZoneInfo

from contacts.channels.email import POLICY, Sender
from contacts.channels.sending import Next
from contacts.mailer import addressed, language_of
from contacts.store_thread import StoreThread
from contracts.channels import CHANNELS, CONFIRMED
from runtime.clock import Clock
from runtime.secret_box import KeyMissing, SecretBox
from runtime.settings import Settings
from services import consent_links
from store.people import consent_requests, customers
from store.postgres.pool import Connection
from store.postgres.times import from_us

log = logging.getLogger("contacts")

_TEXTS = {
    "en": (
        "Please confirm: {what}",
        "Somebody has told us that you want this from {tenant}: {what}.\n\nIf that is so, confirm "
        "it here, until {until}:\n\n{link}\n\nIf not, you need not do anything: you get no "
        "messages.\n",
    ),
    "de": (
        "Bitte bestätigen: {what}",
        "Uns wurde gesagt, dass Sie dies von {tenant} möchten: {what}.\n\nWenn das stimmt, "
        "bestätigen Sie es hier, bis {until}:\n\n{link}\n\nWenn nicht, brauchen Sie nichts zu "
        "tun: Sie erhalten keine Nachrichten.\n",
    ),
}


class ConsentMailer:
    """Sends the requests that wait, one after the other."""

    def __init__(
        self, store_thread: StoreThread, box: SecretBox, settings: Settings, clock: Clock
    ) -> None:
        self._store_thread = store_thread
        self._box = box
        self._clock = clock
        self._from = settings.smtp_from
        self._base_url = settings.api_base_url
        ready = settings.smtp_url is not None and settings.api_base_url
        self._sender = Sender(settings, clock) if ready else None

    async def send_next(self) -> bool:
        """Send the next request; return False where none is due. Raises `Retry`."""
        if self._sender is None:
            return False
        request = await self._store_thread.run(self._take)
        if request is None:
            return False
        if request["address"] is None:
            await self._finish(request, "no_address")
            return True
        try:
            link = consent_links.url(self._base_url, self._box, request, request["address"])
        except KeyMissing as error:
            log.warning("a request to confirm: %s; it is tried again", error)
            return True
        message = compose(request, link, self._from, self._clock.now_us())
        result = await self._sender.send_message(message, request["address"])
        if result.next is Next.RETRY:
            log.warning("a request to confirm: %s; it is tried again", result.outcome)
            return True
        if result.next is not Next.DONE:
            log.warning("a request to confirm: %s; it is given up", result.outcome)
        at = from_us(self._clock.now_us()) if result.next is Next.DONE else None
        await self._finish(request, result.outcome, at)
        return True

    def _take(self, connection: Connection) -> dict[str, Any] | None:
        request = consent_requests.take(connection, from_us(self._clock.now_us()))
        if request is None:
            return None
        tenant, customer = request["tenant"], request["customer"]
        person = customers.person(connection, tenant, customer)
        address = consent_links.address_of(
            connection, tenant, customer, request["kind"], request["purpose"]
        )
        return {
            **request,
            "address": address,
            "language": "en" if person is None else person.language,
        }

    async def _finish(
        self, request: Mapping[str, Any], outcome: str, at: datetime | None = None
    ) -> None:
        await self._store_thread.run(
            consent_requests.sent, request["consent_id"], request["kind"], outcome, at
        )


def compose(request: Mapping[str, Any], link: str, sender: str, now_us: int) -> EmailMessage:
    """Build the mail. It names no customer: who reads it may be somebody else."""
    language = language_of(request)
    subject, text = _TEXTS[language]
    titles = CHANNELS[CONFIRMED[request["purpose"]]].consent
    assert titles is not None, "a channel with a purpose has a text"
    what = getattr(titles[0], language)
    until = request["expires_at"].astimezone(ZoneInfo(request["timezone"]))
    mail = EmailMessage(policy=POLICY)
    mail["X-Id"] = f"consent-{request['consent_id']}-{request['kind']}-{request['times']}"
    mail["To"] = request["address"]
    mail["Subject"] = subject.format(what=what)
    mail["Content-Language"] = language
    mail.set_content(
        text.format(
            what=what, tenant=" ".join(request["tenant_name"].split()), link=link,
            until=f"{until:%d.%m.%Y %H:%M}" if language == "de" else f"{until:%Y-%m-%d %H:%M}",
        )
    )  # fmt: skip
    return addressed(mail, sender, now_us)
