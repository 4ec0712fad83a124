"""Stop a source when nearly all messages of many of its devices are dead-lettered.

A broken decoder, or a faulty firmware of a whole fleet, would fill the dead letters with messages
that could be used after a mend. So the messages of that source (a dialect of a tenant) are
deferred; those of all others go on. Some are tried now and then, and the source goes on when they
can be used again. One device alone never stops its source: it goes into quarantine, where its
messages do not count.
"""

import logging
from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ingest.batch.ledger import ledger_key
from ingest.batch.work import Outcome, Work
from ingest.device_state.cache import StateCache
from ingest.partition.put_aside import is_spoilt
from runtime.clock import US_PER_S
from runtime.errors import DEFERRED
from runtime.settings import Settings
from store.pipeline import stopped_sources
from store.pipeline.ledger import Entry
from store.pipeline.quarantine import NOTHING_USABLE
from store.pipeline.stopped_sources import Source, Stopped
from store.postgres.pool import Connection

log = logging.getLogger("ingest")

_SHARE_OF_DEVICES = 0.2
"""Share of the registered devices of a source that must fail."""
_LONGEST_PROBE = 20
"""Limit of the time between two tries, as a multiple of the first."""


@dataclass(slots=True)
class Tried:
    """The messages of a source in a batch that count: received, dead-lettered, and by whom."""

    received: int = 0
    dead: int = 0
    failing: set[int] = field(default_factory=set)


class _Newest:
    """The newest messages of a source, by batch, and their sums."""

    def __init__(self) -> None:
        self._batches: deque[Tried] = deque()
        self.received = self.dead = 0

    def add(self, batch: Tried, most: int) -> None:
        """Add a batch; drop the oldest batches that are not needed to reach `most` messages."""
        self._batches.append(batch)
        self.received += batch.received
        self.dead += batch.dead
        while self.received - self._batches[0].received >= most:
            oldest = self._batches.popleft()
            self.received -= oldest.received
            self.dead -= oldest.dead

    def failing(self) -> int:
        """Count the distinct devices whose messages were dead-lettered."""
        return len(set().union(*(batch.failing for batch in self._batches)))


class Breaker:
    """Circuit breaker over the newest messages of each source in one partition."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._newest: dict[Source, _Newest] = defaultdict(_Newest)

    def count(
        self,
        connection: Connection,
        cache: StateCache,
        work: Work,
        entries: Mapping[Source, Entry],
        now_us: int,
    ) -> None:
        """Count a batch before its devices are put in quarantine; stop and release sources. In the
        caller's transaction. entries : of the batch, for the ledger."""
        for source, positions in work.probes.items():
            if source in cache.intake.stopped:
                self._judge(connection, cache, work, source, positions, now_us)
        if not self._settings.dead_letter_cap_messages:
            return
        for source, tried in tried_of(work, cache, entries).items():
            if source not in cache.intake.stopped and source not in work.probes:
                self._add(connection, cache, source, tried, now_us)

    def _add(
        self, connection: Connection, cache: StateCache, source: Source, tried: Tried, now_us: int
    ) -> None:
        settings, newest = self._settings, self._newest[source]
        newest.add(tried, settings.dead_letter_cap_messages)
        if (
            newest.received < settings.dead_letter_cap_messages
            or newest.dead < settings.dead_letter_cap_share * newest.received
        ):
            return
        failing = newest.failing()
        if failing < settings.dead_letter_cap_devices:
            return
        if failing < _SHARE_OF_DEVICES * _registered(cache, source):
            return
        del self._newest[source]
        why = (
            f"{newest.dead} of the last {newest.received} messages of {source[0]}/{source[1]}, of "
            f"{failing} devices, went to the dead letter: this source has stopped, and its "
            "messages wait. `tachowatt dead-letter list` says why; it goes on by itself when its "
            "messages can be used again, or at once by `tachowatt dead-letter resume`"
        )
        probe_us = now_us + int(settings.dead_letter_probe_s * US_PER_S)
        stopped = Stopped(why, probe_us)
        stopped_sources.stop(connection, cache.partition.number, source, stopped, now_us)
        cache.intake.stopped[source] = stopped
        log.error("partition %d: %s", cache.partition.number, why)

    def _judge(
        self,
        connection: Connection,
        cache: StateCache,
        work: Work,
        source: Source,
        positions: frozenset[int],
        now_us: int,
    ) -> None:
        """Release a source whose tried messages could be used; else try again later."""
        ours = [e for e in work.envelopes if e.position in positions]
        dead = sum(1 for e in ours if e.outcome is Outcome.DEAD_LETTERED)
        partition = cache.partition.number
        if dead < self._settings.dead_letter_cap_share * len(positions):
            stopped_sources.release(connection, partition, source, now_us)
            del cache.intake.stopped[source]
            log.info("partition %d: %s/%s goes on", partition, *source)
            return
        stopped = cache.intake.stopped[source]
        tries = stopped.tries + 1
        pause_s = self._settings.dead_letter_probe_s * min(2**tries, _LONGEST_PROBE)
        again = replace(stopped, probe_us=now_us + int(pause_s * US_PER_S), tries=tries)
        stopped_sources.stop(connection, partition, source, again, now_us)
        cache.intake.stopped[source] = again


def tried_of(work: Work, cache: StateCache, entries: Mapping[Source, Entry]) -> dict[Source, Tried]:
    """Count the messages of registered devices that were tried, without those in quarantine.

    entries : of the batch, for the ledger; what does not count is subtracted from them.
    """
    found = {source: Tried(entry.received) for source, entry in entries.items()}
    aside, tenants = cache.intake.quarantined, cache.registry.tenants
    for envelope in work.envelopes:
        tried, device, dead = found[ledger_key(envelope, tenants)], envelope.device, envelope.dead
        if (
            device is None
            or (device.device_id, NOTHING_USABLE) in aside
            or (dead is not None and dead.reason in DEFERRED)
        ):
            tried.received -= 1
        elif is_spoilt(envelope):
            tried.dead += 1
            tried.failing.add(device.device_id)
    return {source: tried for source, tried in found.items() if tried.received}


def _registered(cache: StateCache, source: Source) -> int:
    """Count the registered devices of a source whose messages come to this partition."""
    return sum(
        1
        for device in cache.registry.by_id.values()
        if (device.tenant, device.dialect) == source
        and cache.partition.holds(device.dialect, device.address)
    )
