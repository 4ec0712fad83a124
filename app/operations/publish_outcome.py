"""What became of published messages: the difference of the ledger, and dead letters by topic."""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass, field, replace

from runtime.calibration import Limit
from runtime.clock import Clock
from runtime.waiting import pause
from store.people import registry
from store.pipeline import dead_letter, ledger, quarantine
from store.postgres.pool import Connection, connect, translated

_WITHOUT_PROGRESS_S = 10.0
_POLL_S = 0.2
_NOBODY = "-"


@dataclass(frozen=True, slots=True)
class Outcome:
    """Messages by outcome since the start; others of the same tenant and dialect are included.

    missing : published, and not in the ledger. reasons : of the dead letters of these topics.
    """

    stored: int
    duplicate: int
    refused: int
    dead_lettered: int
    missing: int
    reasons: list[dead_letter.ReasonCount] = field(default_factory=list)


class Watch:
    """Remembers the ledger at its creation, and reads the outcome later.

    database_url : of the service's store. tenant : of the device; '' = its dialect names none.
    registered : whether the device is; otherwise its messages are not acknowledged.
    """

    def __init__(
        self,
        database_url: str,
        clock: Clock,
        tenant: str,
        dialect: str,
        address: str,
        topics: Collection[str],
    ) -> None:
        self._url, self._clock = database_url, clock
        self._tenant, self._dialect, self._address = tenant, dialect, address
        self._topics = sorted(set(topics))
        with translated(), connect(self._url) as connection:
            self._before = self._sum(ledger.read(connection))
            self._newest = dead_letter.newest_id(connection)
            self._not_kept = quarantine.not_kept_of(connection, dialect, address)
            self.registered = registry.is_registered(connection, dialect, address)

    async def outcome(self, published: int) -> Outcome:
        """Wait until the ledger has so many messages more, as long as it makes progress."""
        limit = Limit(self._clock, _WITHOUT_PROGRESS_S)
        received, never = 0, asyncio.Event()
        with translated(), connect(self._url) as connection:
            while True:
                now = self._sum(ledger.read(connection))
                reasons = self._reasons(connection)
                connection.rollback()
                if now.received - self._before.received > received:
                    received = now.received - self._before.received
                    limit.renew()
                if received >= published or limit.over():
                    break
                await pause(never, _POLL_S)
        return Outcome(
            stored=now.stored - self._before.stored,
            duplicate=now.duplicate - self._before.duplicate,
            refused=now.refused - self._before.refused,
            dead_lettered=now.dead_lettered - self._before.dead_lettered,
            missing=max(0, published - received),
            reasons=reasons,
        )

    def _reasons(self, connection: Connection) -> list[dead_letter.ReasonCount]:
        """Count the new dead letters by reason, with those that were only counted."""
        found = dead_letter.reasons_after(connection, self._newest, self._topics)
        now = quarantine.not_kept_of(connection, self._dialect, self._address)
        more = {reason: n - self._not_kept.get(reason, 0) for reason, n in now.items()}
        counted = [replace(each, count=each.count + more.pop(each.reason, 0)) for each in found]
        return counted + [
            dead_letter.ReasonCount(reason, n, "not kept, only counted")
            for reason, n in more.items()
            if n
        ]

    def _sum(self, entries: dict[ledger.Key, ledger.Entry]) -> ledger.Entry:
        """Sum the entries that messages of the device may be counted in."""
        total = ledger.Entry()
        for (tenant, dialect), entry in entries.items():
            if dialect == self._dialect and (not self._tenant or tenant in (self._tenant, _NOBODY)):
                total += entry
        return total
