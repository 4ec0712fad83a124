"""A store connection with its own thread, so that the event loop never waits for the store."""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Concatenate, ParamSpec, TypeVar

from runtime.secret_box import SecretBox
from store.postgres.pool import Connection, abort, connect, translated
from store.postgres.roles import CONTACTS

log = logging.getLogger("contacts")

P = ParamSpec("P")
T = TypeVar("T")

_CLOSE_WITHIN_S = 1.0


class StoreThread:
    """Runs store calls one after the other, each in its own transaction.

    The connection is opened on first use, and again after it broke. box : of the connection.
    """

    def __init__(self, url: str, name: str, box: SecretBox | None = None) -> None:
        self._url = url
        self._name = name
        self._box = box
        self._connection: Connection | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=name)
        self.generation = 0
        """Incremented by each new connection: locks of the previous one are lost."""

    async def run(
        self, call: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run `call(connection, …)` and commit. Raises `Retry` while the store is unavailable, and
        what the call raises, after a rollback."""

        def work() -> T:
            with translated():
                if self._connection is None:
                    self._connection = connect(
                        self._url,
                        application=f"tachowatt-{self._name}",
                        role=CONTACTS,
                        box=self._box,
                    )
                    self.generation += 1
                try:
                    found = call(self._connection, *args, **kwargs)
                    self._connection.commit()
                except BaseException:
                    self._roll_back(self._connection)
                    raise
                return found

        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def _roll_back(self, connection: Connection) -> None:
        """Roll the transaction back; close a connection on which that fails."""
        try:
            with translated():
                connection.rollback()
        except Exception as error:
            log.debug("%s: the connection is given up: %s", self._name, error)
            connection.close()
        if connection.closed:
            self._connection = None

    async def close(self) -> None:
        """Close within seconds, even while the store does not respond."""
        closing = asyncio.get_running_loop().run_in_executor(self._thread, self._close)
        done, _ = await asyncio.wait((closing,), timeout=_CLOSE_WITHIN_S)
        if not done:
            log.warning("the store does not answer; what is under way is given up")
            if self._connection is not None:
                abort(self._connection)
            await asyncio.wait((closing,), timeout=_CLOSE_WITHIN_S)
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
