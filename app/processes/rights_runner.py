"""Do what requests of customers need the program for, while a service runs: copies, erasure. Seal
what was stored before customers had keys.

Runs as the login itself, because only the owner of the tables may read and delete all of them; with
another login nothing is done here, and `tachowatt db upkeep` does it.
"""

import asyncio
import logging

from app.processes.rounds import Rounds
from runtime.clock import Clock
from runtime.errors import TachowattError
from runtime.secret_box import box_of
from runtime.settings import Settings
from runtime.waiting import pause
from services import own_values, retention
from services.rights_execution import Executor
from store.postgres.pool import Connection, connect, translated

log = logging.getLogger("rights")

_EVERY_S = 5.0
_SEALED_AT_ONCE = 2_000


class RightsRunner(Rounds):
    """Looks for requests until stopped, on its own connection and thread; logs and retries."""

    def __init__(
        self, database_url: str, executor: Executor, clock: Clock, *, every_s: float = _EVERY_S
    ) -> None:
        self._url = database_url
        self._executor = executor
        self._clock = clock
        self._every_s = every_s
        self._may: bool | None = None
        self._all_sealed = False

    async def run(self, stop: asyncio.Event) -> None:
        """Run rounds until `stop`, which also interrupts the current round."""
        try:
            while not stop.is_set() and self._may is not False:
                await self.round(stop)
                await pause(stop, self._every_s)
        finally:
            if self._connection is not None:
                self._connection.close()

    def once(self) -> None:
        """Do the requests that are due."""
        try:
            with translated():
                if self._connection is None or self._connection.closed:
                    self._connection = connect(
                        self._url, application="tachowatt-rights", box=self._executor.box
                    )
                self._may = retention.may_enforce(self._connection)
                if self._may:
                    self._executor.run(self._connection, self._clock.now_us())
                    self._seal(self._connection)
                else:
                    self._connection.rollback()
        except (TachowattError, OSError) as error:
            if self._connection is not None:
                self._connection.close()
            if not self._stopping:
                log.warning("requests of customers wait, to be tried again: %s", error)

    def _seal(self, connection: Connection) -> None:
        """Seal some rows of before customers had keys; nothing once all are."""
        if self._all_sealed:
            return
        now_us = self._clock.now_us()
        done = own_values.seal(connection, self._executor.box, now_us, most=_SEALED_AT_ONCE)
        self._all_sealed = done < _SEALED_AT_ONCE
        if done:
            log.info("%d rows are sealed with the keys of their customers", done)


def start_rights_runner(
    settings: Settings, clock: Clock, database_url: str, stop: asyncio.Event
) -> asyncio.Task[None]:
    """Start the work; it ends after `stop`."""
    runner = RightsRunner(database_url, executor_of(settings), clock)
    return asyncio.create_task(runner.run(stop), name="rights")


def executor_of(settings: Settings) -> Executor:
    """Return the executor of a process with these settings."""
    return Executor(
        box_of(settings),
        settings.state_dir.resolve(),
        settings.erasure_physical_days,
        retention.days_by_category(settings),
    )
