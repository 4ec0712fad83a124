"""Notifications between processes by PostgreSQL's NOTIFY, sent when the writer commits.

A notification only wakes its listener, which then reads the tables. A lost or forged notification
costs time (listeners also poll), never data. Every login of the database may listen: what has
changed is named by a hash with a key that only our roles can read (migration 0025).
"""

import hashlib

from contracts.kinds import SIGNALS
from store.postgres.pool import Connection, scalar

SIGNAL = "tachowatt_signal"
"""Signals wait in the outbox's queue."""

CONTACT = "tachowatt_contact"
"""Contacts wait for delivery."""

LINK = "tachowatt_link"
"""One-time links wait to be sent by e-mail."""

RIGHT = "tachowatt_right"
"""Requests of customers wait to be done by the program."""

CHANGE = "tachowatt_change"
"""An object that pages show has changed; payload: a hash of tenant and kind (`names`)."""


CHANGED = ("case", "draft", "alert", "contact", "call", *map(str, SIGNALS))
"""What may have changed: an object, a form that is being filled in, the signals of a type."""


def wake(connection: Connection, channel: str) -> None:
    """Notify `channel` when the caller's transaction commits."""
    connection.execute("select pg_notify(%s, '')", (channel,))


def changed(connection: Connection, tenant: str, what: str) -> None:
    """Notify live pages. what : one of `CHANGED`."""
    connection.execute(
        "select pg_notify(%s, left(encode(sha256(key || %s), 'hex'), 32)) from access.wake_key",
        (CHANGE, _named(tenant, what)),
    )


def names(connection: Connection, tenant: str) -> dict[str, str]:
    """Return the payload of each change of a tenant → what has changed."""
    key = bytes(scalar(connection, "select key from access.wake_key"))
    return {hashlib.sha256(key + _named(tenant, what)).hexdigest()[:32]: what for what in CHANGED}


def _named(tenant: str, what: str) -> bytes:
    return f"{tenant}\n{what}".encode()  # no name of a tenant has a line break


def listen(connection: Connection, *channels: str) -> None:
    """Subscribe a dedicated connection; set it to autocommit."""
    connection.rollback()
    connection.autocommit = True
    for channel in channels:
        connection.execute(f'listen "{channel}"'.encode())


def wait(connection: Connection, timeout_s: float) -> list[tuple[str, str]]:
    """Wait for a notification up to `timeout_s`; return (channel, payload) of those received.

    Raises psycopg's errors when the connection ends (`store.postgres.pool.translated` converts
    them).
    """
    return [
        (notify.channel, notify.payload)
        for notify in connection.notifies(timeout=timeout_s, stop_after=1)
    ]
