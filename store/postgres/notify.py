"""What the processes tell each other through PostgreSQL: NOTIFY, sent when the writer commits.

A notification only wakes its listener, who then reads the tables: one that is lost costs time
(listeners also look on their own now and then), never data.
"""

import json

from store.postgres.pool import Connection

SIGNAL = "tachowatt_signal"
"""Signals wait in the outbox's queue."""

CONTACT = "tachowatt_contact"
"""Contacts wait to be delivered."""

CHANGE = "tachowatt_change"
"""Something that pages show has changed; payload: {"tenant", "what", "id"}."""


def wake(connection: Connection, channel: str) -> None:
    """Notify `channel` when the caller's transaction commits."""
    connection.execute("select pg_notify(%s, '')", (channel,))


def changed(connection: Connection, tenant: str, what: str, id_: str) -> None:
    """Tell live pages: `what` is signal, case, alert or contact."""
    payload = json.dumps({"tenant": tenant, "what": what, "id": id_})
    connection.execute("select pg_notify(%s, %s)", (CHANGE, payload))


def listen(connection: Connection, *channels: str) -> None:
    """Subscribe a connection of its own; from here on it commits each statement."""
    connection.rollback()
    connection.autocommit = True
    for channel in channels:
        connection.execute(f'listen "{channel}"'.encode())


def wait(connection: Connection, timeout_s: float) -> list[tuple[str, str]]:
    """(channel, payload) of what came within `timeout_s`; returns at the first that comes.

    Raises psycopg's errors when the connection ends (`store.postgres.pool.translated` turns
    them into ours).
    """
    return [
        (notify.channel, notify.payload)
        for notify in connection.notifies(timeout=timeout_s, stop_after=1)
    ]
