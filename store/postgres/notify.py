"""Notifications between processes by PostgreSQL's NOTIFY, sent when the writer commits.

A notification only wakes its listener, which then reads the tables. A lost notification costs time
(listeners also poll), never data.
"""

import json

from store.postgres.pool import Connection

SIGNAL = "tachowatt_signal"
"""Signals wait in the outbox's queue."""

CONTACT = "tachowatt_contact"
"""Contacts wait for delivery."""

CHANGE = "tachowatt_change"
"""An object that pages show has changed; payload: {"tenant", "what", "id"}."""


def wake(connection: Connection, channel: str) -> None:
    """Notify `channel` when the caller's transaction commits."""
    connection.execute("select pg_notify(%s, '')", (channel,))


def changed(connection: Connection, tenant: str, what: str, id_: str) -> None:
    """Notify live pages. what : case, alert or contact, or the type of a signal."""
    payload = json.dumps({"tenant": tenant, "what": what, "id": id_})
    connection.execute("select pg_notify(%s, %s)", (CHANGE, payload))


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
