"""A LISTEN thread that wakes the loops when signals or contacts are pending."""

import asyncio
import logging
import threading

from runtime.errors import Retry, TachowattError
from store.postgres import notify
from store.postgres.pool import Connection, abort, connect, translated
from store.postgres.roles import CONTACTS

log = logging.getLogger("contacts")

_PAUSE_S = 1.0
_LISTEN_S = 60.0


class NotificationListener:
    """Sets events of the creating event loop on notifications: `signals`, `contacts`, `links`.

    The loops also poll, so a lost notification costs one poll interval at most.
    """

    def __init__(self, url: str) -> None:
        self.signals = asyncio.Event()
        self.contacts = asyncio.Event()
        self.links = asyncio.Event()
        self._url = url
        self._loop = asyncio.get_running_loop()
        self._stop = threading.Event()
        self._connection: Connection | None = None
        self._thread = threading.Thread(target=self._listen, name="contacts-wake", daemon=True)

    def start(self) -> None:
        """Start the listener thread."""
        self._thread.start()

    async def close(self) -> None:
        """Stop the listener thread."""
        self._stop.set()
        connection = self._connection
        if connection is not None:
            abort(connection)
        await asyncio.to_thread(self._thread.join, 2.0)

    def _listen(self) -> None:
        while not self._stop.is_set():
            try:
                with (
                    translated(),
                    connect(self._url, application="tachowatt-wake", role=CONTACTS) as connection,
                ):
                    self._connection = connection
                    notify.listen(connection, notify.SIGNAL, notify.CONTACT, notify.LINK)
                    for channel in (notify.SIGNAL, notify.CONTACT, notify.LINK):
                        self._set(channel)
                    while not self._stop.is_set():
                        for channel, _ in notify.wait(connection, _LISTEN_S):
                            self._set(channel)
            except Retry as error:
                if not self._stop.is_set():
                    log.debug("not listening: %s", error)
            except TachowattError as error:
                log.warning("not listening: %s", error)
            finally:
                self._connection = None
            self._stop.wait(_PAUSE_S)

    def _set(self, channel: str) -> None:
        event = {notify.SIGNAL: self.signals, notify.LINK: self.links}.get(channel, self.contacts)
        if not self._stop.is_set():
            self._loop.call_soon_threadsafe(event.set)
