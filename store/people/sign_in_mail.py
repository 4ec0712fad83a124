"""Links that wait to be sent by e-mail. Only the process of contacts reads their text."""

from typing import Any

from store.postgres.pool import Connection
from store.postgres.times import from_us

_NAMES = (
    "mail_id", "purpose", "token", "base_url", "address", "name", "language", "tenant_name",
    "attempts", "expires_at",
)  # fmt: skip


def take(connection: Connection, now_us: int) -> dict[str, Any] | None:
    """Return the next mail that is due, and put off its next attempt; None where none is due."""
    row = connection.execute("select * from access.due_mail(%s)", (from_us(now_us),)).fetchone()
    return None if row is None else dict(zip(_NAMES, row, strict=True))


def sent(connection: Connection, mail_id: int) -> None:
    """Forget a mail, with the text of its link."""
    connection.execute("select access.mail_sent(%s)", (mail_id,))
