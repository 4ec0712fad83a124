"""What has changed, for streams and live pages: one LISTEN for the process, told on to all.

A notification only wakes; whoever is woken reads the tables. So one that is lost (the connection
ended, a slow subscriber) costs a little time, never an event: subscribers also look on their own.
"""

import asyncio
import json
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from runtime.errors import Retry, TachowattError
from store.postgres import notify
from store.postgres.pool import Connection, abort, connect, translated
from store.postgres.roles import READER

log = logging.getLogger("api")

_LISTEN_S = 5.0
_RECONNECT_S = 1.0
_MAX_PENDING = 1_000


@dataclass(frozen=True, slots=True)
class Change:
    """What changed: of which tenant, what (a signal's type, case, alert, contact), which."""

    tenant: str
    what: str
    id: str


class Subscription:
    """What one stream waits on. Belongs to the event loop that made it."""

    def __init__(self, tenants: frozenset[str]) -> None:
        self.tenants = tenants
        self._loop = asyncio.get_running_loop()
        self._pending: list[Change] = []
        self._woken = asyncio.Event()
        self.closed = False

    async def wait(self, timeout_s: float) -> list[Change]:
        """What came since the last call; returns at once when something is there, and empty after
        `timeout_s` or when the process ends (`closed`)."""
        try:
            await asyncio.wait_for(self._woken.wait(), timeout_s)
        except TimeoutError:
            return []
        self._woken.clear()
        found, self._pending = self._pending, []
        return found

    def push(self, change: Change | None) -> None:
        """From any thread: wake the subscriber; None = the process ends, or look for yourself."""
        try:
            self._loop.call_soon_threadsafe(self._receive, change)
        except RuntimeError:
            log.debug("a subscriber's event loop has ended")

    def _receive(self, change: Change | None) -> None:
        if change is not None and len(self._pending) < _MAX_PENDING:
            self._pending.append(change)
        self._woken.set()


class Changes:
    """The broadcaster. `start` begins to listen, `close` ends it and all subscriptions."""

    def __init__(self, database_url: str) -> None:
        self._url = database_url
        self._lock = threading.Lock()
        self._subscriptions: set[Subscription] = set()
        self._stop = threading.Event()
        self._connection: Connection | None = None
        self._thread = threading.Thread(target=self._run, name="changes", daemon=True)

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()

    @contextmanager
    def subscribe(self, *tenants: str) -> Iterator[Subscription]:
        """Follow the changes of some tenants, from inside an event loop."""
        subscription = Subscription(frozenset(tenants))
        with self._lock:
            subscription.closed = self._stop.is_set()
            self._subscriptions.add(subscription)
        try:
            yield subscription
        finally:
            with self._lock:
                self._subscriptions.discard(subscription)

    def end(self) -> None:
        """End all subscriptions; streams answer by ending."""
        self._stop.set()
        with self._lock:
            for subscription in self._subscriptions:
                subscription.closed = True
                subscription.push(None)

    def close(self) -> None:
        """End all subscriptions and the listening."""
        self.end()
        connection = self._connection
        if connection is not None:
            abort(connection)
        if self._thread.is_alive():
            self._thread.join(timeout=_LISTEN_S)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                with connect(self._url, application="tachowatt-changes", role=READER) as connection:
                    self._connection = connection
                    self._listen(connection)
            except Retry as error:
                if not self._stop.is_set():
                    log.warning("changes: %s", error)
            except TachowattError as error:
                if not self._stop.is_set():
                    log.error("changes: %s", error)
            finally:
                self._connection = None
            self._stop.wait(_RECONNECT_S)

    def _listen(self, connection: Connection) -> None:
        with translated():
            notify.listen(connection, notify.CHANGE)
            self._wake_all()  # something may have happened while nobody listened
            while not self._stop.is_set():
                for _, payload in notify.wait(connection, _LISTEN_S):
                    self._broadcast(payload)

    def _wake_all(self) -> None:
        with self._lock:
            for subscription in self._subscriptions:
                subscription.push(None)

    def _broadcast(self, payload: str) -> None:
        try:
            change = Change(**json.loads(payload))
        except (ValueError, TypeError):
            log.warning("a notification that is none of ours: %.200s", payload)
            return
        with self._lock:
            for subscription in self._subscriptions:
                if change.tenant in subscription.tenants:
                    subscription.push(change)
