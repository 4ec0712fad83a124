"""E-mail by SMTP."""

import ssl
from collections.abc import Mapping
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime, parseaddr
from typing import Any
from urllib.parse import unquote, urlsplit

import aiosmtplib

from contacts.channels.sending import Next, Result
from runtime.clock import Clock
from runtime.errors import Usage
from runtime.secret_box import KeyMissing, box_of
from runtime.settings import Settings
from services import consent_renewals, reading_links, stop_link
from store.postgres.times import from_us

_TIMEOUT_S = 30.0
POLICY = EmailPolicy(max_line_length=998)
"""RFC 5322, 2.1.1: a link in a header is one word, and a shorter line would encode it."""
_PORTS = {"smtp": 25, "smtps": 465}


class Sender:
    """Sends one mail per connection through the configured mail server."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._clock = clock
        self._from = settings.smtp_from
        self._base_url = settings.api_base_url
        self._box = box_of(settings)
        self._url = None if settings.smtp_url is None else urlsplit(settings.smtp_url)
        if self._url is not None and (self._url.scheme not in _PORTS or not self._url.hostname):
            raise Usage("smtp_url: expected smtp://host:587 or smtps://host:465")

    async def send(self, contact: Mapping[str, Any]) -> Result:
        """Attempt once. Permanent errors for this mail (5xx) are not retried; all errors of the
        connection to the server are."""
        try:
            message = compose(contact, self._from, self._clock.now_us(), self._stop_url(contact))
        except KeyMissing as error:
            return Result(Next.RETRY, "no_key", None, str(error))
        except ValueError as error:
            return Result(Next.FAIL, "no_mail", None, str(error))
        return await self.send_message(message, contact["address"])

    def _stop_url(self, contact: Mapping[str, Any]) -> str | None:
        """Return the stop link; None where nobody can reach our pages."""
        if not self._base_url or contact["customer"] is None:
            return None
        return stop_link.url(self._base_url, self._box, contact["tenant"], contact["contact_id"])

    async def send_message(self, message: EmailMessage, address: str) -> Result:
        """Send a composed mail; see `send`."""
        if self._url is None:
            return Result(Next.RETRY, "channel_not_set_up", None, "TACHOWATT_SMTP_URL is not set")
        try:
            await aiosmtplib.send(
                message,
                sender=parseaddr(self._from)[1],
                recipients=[address],
                hostname=self._url.hostname,
                port=self._url.port or _PORTS[self._url.scheme],
                username=None if self._url.username is None else unquote(self._url.username),
                password=None if self._url.password is None else unquote(self._url.password),
                use_tls=self._url.scheme == "smtps",
                timeout=_TIMEOUT_S,
            )
        except aiosmtplib.SMTPRecipientsRefused as error:
            first = error.recipients[0]
            return _refused(first.code, first.message)
        except (aiosmtplib.SMTPRecipientRefused, aiosmtplib.SMTPDataError) as error:
            return _refused(error.code, error.message)
        except aiosmtplib.SMTPResponseException as error:
            return Result(Next.RETRY, "smtp_error", error.code, error.message)
        except aiosmtplib.SMTPTimeoutError as error:
            return Result(Next.RETRY, "timeout", None, str(error))
        except (aiosmtplib.SMTPException, OSError, ssl.SSLError, ValueError) as error:
            return Result(Next.RETRY, "not_connected", None, str(error))
        return Result(Next.DONE, "delivered", 250)

    async def close(self) -> None:
        """Do nothing: no connection stays open."""


def _refused(code: int, message: str) -> Result:
    if code >= 500:
        return Result(Next.FAIL, "mail_refused", code, message)
    return Result(Next.RETRY, "mail_deferred", code, message)


_STOP = {"de": "Keine E-Mails mehr", "en": "No more e-mails"}


def compose(
    contact: Mapping[str, Any], sender: str, now_us: int, stop_url: str | None = None
) -> EmailMessage:
    """Build the mail. Its Message-ID derives from the contact's id, so duplicates are recognisable.

    stop_url : stands in the text, and in headers by which a mail program stops mails with one click
    (RFC 8058). Raises ValueError for an address or subject that is invalid in a header.
    """
    address = contact["address"]
    if not address or parseaddr(address)[1] != address:
        raise ValueError(f"{address!r} is no e-mail address")
    domain = parseaddr(sender)[1].partition("@")[2] or "localhost"
    mail = EmailMessage(policy=POLICY)
    mail["From"] = sender
    mail["To"] = address
    mail["Subject"] = contact["subject"]
    mail["Date"] = format_datetime(from_us(now_us))
    mail["Message-ID"] = f"<{contact['contact_id']}@{domain}>"
    mail["Content-Language"] = contact["language"]
    mail["Auto-Submitted"] = "auto-generated"
    body = contact["body"] + _link_text(contact)
    if stop_url is not None:
        mail["List-Unsubscribe"] = f"<{stop_url}>"
        mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        text = _STOP["de" if contact["language"].startswith("de") else "en"]
        body = f"{body.rstrip()}\n\n-- \n{text}: {stop_url}\n"
    mail.set_content(body)
    return mail


_LINK = {
    "de": "Ihr Vorgang: {url}\nDer Link gilt bis {until}, nur für Sie: geben Sie ihn nicht weiter.",
    "en": "Your case: {url}\nThe link is valid until {until} and for you alone: do not pass it on.",
}


_RENEW = {
    "de": "Verlängern: {url}\nDer Link gilt bis {until}.",
    "en": "Renew it: {url}\nThe link is valid until {until}.",
}


_READ = {
    "de": "Ohne Anmeldung, für diesen Zähler allein: {url}\n"
    "Der Link gilt bis {until}, und bis Ihr Stand angekommen ist. Geben Sie ihn nicht weiter.",
    "en": "Without signing in, for this meter alone: {url}\n"
    "The link is valid until {until}, and until your reading has arrived. Do not pass it on.",
}
_LINKS = {consent_renewals.TYPE: _RENEW, reading_links.TYPE: _READ}
"""Type of a message → what its link is for; of the others it opens a case."""


def _link_text(contact: Mapping[str, Any]) -> str:
    """Return the lines with the link to a case or a meter, or to renew a consent; '' = none."""
    link = contact.get("link")
    if link is None:
        return ""
    texts = _LINKS.get(contact["type"], _LINK)
    text = texts["de" if contact["language"].startswith("de") else "en"]
    return "\n\n" + text.format(url=link[0], until=f"{link[1]:%Y-%m-%d %H:%M} UTC") + "\n"
