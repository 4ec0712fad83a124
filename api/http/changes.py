"""Change notifications for streams and live pages: one LISTEN per process, broadcast to all.

A notification only wakes a subscriber, which then reads the tables. Subscribers also poll, so a
lost notification (connection ended, slow subscriber) delays an event and never loses it.
"""

import asyncio
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
    """One change. what : a signal's type, case, alert or contact."""

    tenant: str
    what: str


class Subscription:
    """Pending changes of one stream. Belongs to the event loop that created it."""

    def __init__(self, tenants: frozenset[str]) -> None:
        self.tenants = tenants
        self._loop = asyncio.get_running_loop()
        self._pending: list[Change] = []
        self._woken = asyncio.Event()
        self.closed = False

    async def wait(self, timeout_s: float) -> list[Change]:
        """Wait for changes since the last call and return them.

        Returns at once if there are any; empty after `timeout_s` or when the process ends
        (`closed`).
        """
        try:
            async with asyncio.timeout(timeout_s):
                await self._woken.wait()
        except TimeoutError:
            return []
        self._woken.clear()
        found, self._pending = self._pending, []
        return found

    def push(self, change: Change | None) -> None:
        """Wake the subscriber, from any thread.

        change : None if the process ends or if changes may have been missed.
        """
        try:
            self._loop.call_soon_threadsafe(self._receive, change)
        except RuntimeError:
            log.debug("a subscriber's event loop has ended")

    def _receive(self, change: Change | None) -> None:
        if change is not None and len(self._pending) < _MAX_PENDING:
            self._pending.append(change)
        self._woken.set()


class Changes:
    """Broadcasts changes. `start` begins to listen; `close` ends that and all subscriptions."""

    def __init__(self, database_url: str) -> None:
        self._url = database_url
        self._lock = threading.Lock()
        self._subscriptions: set[Subscription] = set()
        self._names: dict[str, dict[str, str]] = {}
        self._stop = threading.Event()
        self._connection: Connection | None = None
        self._thread = threading.Thread(target=self._run, name="changes", daemon=True)

    def start(self) -> None:
        """Start the listener thread."""
        self._thread.start()

    @contextmanager
    def subscribe(self, *tenants: str) -> Iterator[Subscription]:
        """Subscribe to the changes of these tenants; call it inside an event loop."""
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
        """End all subscriptions, so that their streams end."""
        self._stop.set()
        with self._lock:
            for subscription in self._subscriptions:
                subscription.closed = True
                subscription.push(None)

    def close(self) -> None:
        """End all subscriptions and stop the listener thread."""
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
            self._names.clear()  # the database may have been replaced
            self._wake_all()  # changes before LISTEN were missed
            while not self._stop.is_set():
                for _, payload in notify.wait(connection, _LISTEN_S):
                    self._broadcast(connection, payload)

    def _wake_all(self) -> None:
        with self._lock:
            for subscription in self._subscriptions:
                subscription.push(None)

    def _broadcast(self, connection: Connection, payload: str) -> None:
        """Push a change to the subscribers of its tenant; nobody's is one that we cannot name."""
        with self._lock:
            subscriptions = list(self._subscriptions)
        for tenant in {tenant for one in subscriptions for tenant in one.tenants}:
            if tenant not in self._names:
                self._names[tenant] = notify.names(connection, tenant)
            what = self._names[tenant].get(payload)
            if what is not None:
                for subscription in subscriptions:
                    if tenant in subscription.tenants:
                        subscription.push(Change(tenant, what))
                return
