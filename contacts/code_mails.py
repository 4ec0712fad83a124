"""Sends codes that verify a caller to the known e-mail address (store/casework/calls.py)."""

from collections.abc import Mapping
from email.message import EmailMessage
from typing import Any

from contacts.mailer import language_of
from runtime.secret_box import SecretBox
from store.casework import calls
from store.postgres.pool import Connection
from store.postgres.times import to_us
from store.secrets.columns import CALL_ADDRESS, CALL_CODE

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


class CodeMails:
    """The codes that wait."""

    what = "a code"

    def __init__(self, box: SecretBox) -> None:
        self._box = box

    def take(self, connection: Connection, now_us: int) -> dict[str, Any] | None:
        """Return the next one that is due."""
        return calls.take_code(connection, now_us)

    def sent(self, connection: Connection, row: Mapping[str, Any]) -> None:
        """Send it no more; a newer code of the call waits on."""
        calls.code_sent(connection, row["call_id"], row["expires_at"])

    def compose(self, row: Mapping[str, Any]) -> EmailMessage:
        """Build the mail. It names no customer: who reads it may be somebody else."""
        call_id = row["call_id"]
        code = self._box.open(row["code"], CALL_CODE.bound_to(call_id))
        language = language_of(row)
        subject, text = _TEXTS[language]
        tenant = " ".join(row["tenant_name"].split())
        message = EmailMessage()
        message["X-Id"] = f"code-{call_id}-{to_us(row['expires_at'])}"
        message["To"] = self._box.open(row["address"], CALL_ADDRESS.bound_to(call_id))
        message["Subject"] = subject.format(code=code)
        message["Content-Language"] = language
        message.set_content(text.format(code=code, tenant=tenant))
        return message
