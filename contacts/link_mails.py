"""Sends one-time links by e-mail: to sign in, and invitations (store/people/sign_in_mail.py).

The text of a link is deleted when its mail is sent, or when the link is too old.
"""

from collections.abc import Mapping
from email.message import EmailMessage
from email.utils import formataddr
from typing import Any

from contacts.mailer import language_of
from store.people import sign_in_mail
from store.postgres.pool import Connection

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


class LinkMails:
    """The links that wait."""

    what = "a link"

    def take(self, connection: Connection, now_us: int) -> dict[str, Any] | None:
        """Return the next one that is due."""
        return sign_in_mail.take(connection, now_us)

    def sent(self, connection: Connection, row: Mapping[str, Any]) -> None:
        """Forget it, with its text."""
        sign_in_mail.sent(connection, row["mail_id"])

    def compose(self, row: Mapping[str, Any]) -> EmailMessage:
        """Build the mail with its link."""
        language = language_of(row)
        subject, text = _TEXTS[(row["purpose"], language)]
        link = f"{row['base_url']}{_PATHS[row['purpose']]}?t={row['token']}"
        tenant = " ".join(row["tenant_name"].split())
        name = " ".join(row["name"].split())
        message = EmailMessage()
        message["X-Id"] = f"link-{row['mail_id']}"
        message["To"] = formataddr((name, row["address"]))
        message["Subject"] = subject.format(tenant=tenant)
        message["Content-Language"] = language
        message.set_content(text.format(name=name, tenant=tenant, link=link))
        return message
