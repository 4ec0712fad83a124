"""Upkeep of the store while a service runs: rollups every minute, partitions, retention of personal
data and the signed head of the consent ledger every hour.

Uses its own connection, thread and short transactions, so that no batch waits for it. Runs as the
login itself, not as the writer: only the owner of the tables can create and drop partitions.
"""

import asyncio
import logging
from collections.abc import Mapping

from app.processes.consent_heads import HeadFile
from app.processes.rights_runner import start_rights_runner
from app.processes.rounds import Rounds
from app.processes.stack import Addresses
from runtime.clock import Clock
from runtime.errors import TachowattError
from runtime.secret_box import SecretBox, box_of
from runtime.settings import Settings
from runtime.waiting import pause
from services import erasure, retention
from store.postgres.engine import Layout
from store.postgres.pool import connect, translated
from store.schema import partitions, rollups
from store.schema.layout import described

log = logging.getLogger("upkeep")

_EVERY_S = 60.0
_HOURLY = 60  # rounds


class Upkeep(Rounds):
    """Runs rounds of upkeep until stopped; logs and retries failures."""

    def __init__(
        self,
        database_url: str,
        layout: Layout,
        clock: Clock,
        *,
        every_s: float = _EVERY_S,
        days: Mapping[str, int] | None = None,
        heads: tuple[HeadFile, SecretBox] | None = None,
    ) -> None:
        self._url = database_url
        self._layout = layout
        self._clock = clock
        self._every_s = every_s
        self._days = days or {}
        self._partitions_due = False
        self._heads = heads
        self._layout_logged = False

    async def run(self, stop: asyncio.Event) -> None:
        """Run rounds until `stop`, which also interrupts the current round."""
        rounds = 0
        while not stop.is_set():
            self._partitions_due = self._partitions_due or rounds % _HOURLY == 0
            await self.round(stop)
            rounds += 1
            await pause(stop, self._every_s)

    def once(self) -> None:
        """Run one round."""
        try:
            with translated(), connect(self._url, application="tachowatt-upkeep") as connection:
                self._connection = connection
                if not self._layout_logged:
                    log.info("the store uses %s", described(connection))
                    self._layout_logged = True
                while not self._stopping and rollups.refresh(connection):
                    pass
                if not self._partitions_due:
                    return
                now_us = self._clock.now_us()
                self._partitions_due = not partitions.upkeep(connection, self._layout, now_us)
                if not self._stopping and retention.may_enforce(connection):
                    erasure.remove_late(connection, now_us)
                    for one in retention.enforce(connection, self._days, now_us):
                        if one.rows:
                            log.info("retention deleted rows=%d of %s", one.rows, one.place)
                if not self._stopping and self._heads and retention.may_enforce(connection):
                    file, box = self._heads
                    file.write(connection, box, now_us)
        except (TachowattError, OSError) as error:
            if not self._stopping:
                log.warning("upkeep of the store failed, to be tried again: %s", error)
        finally:
            self._connection = None


def start_upkeep(
    settings: Settings, clock: Clock, addresses: Addresses, stop: asyncio.Event
) -> asyncio.Task[None]:
    """Start the upkeep of the store, and what requests of customers need; it ends after `stop`."""
    file = HeadFile(settings.state_dir, settings.consent_head_webhook_url)
    upkeep = Upkeep(
        addresses.database_url,
        Layout.of(settings),
        clock,
        days=retention.days_by_category(settings),
        heads=(file, box_of(settings)),
    )
    rights = start_rights_runner(settings, clock, addresses.database_url, stop)

    async def both() -> None:
        await asyncio.gather(upkeep.run(stop), rights)

    return asyncio.create_task(both(), name="upkeep")
