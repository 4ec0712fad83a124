"""The lease on a partition: two database connections with its locks, and the state cache."""

import logging
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from contracts.partition import Partition
from contracts.raw import RawMessage
from ingest.batch.step_timer import StepTimer
from ingest.batch.work import Work
from ingest.decoding.fast_path.classify import Topics
from ingest.decoding.times import YEAR_2000_US
from ingest.device_state.cache import REPLAYED_AT_ONCE, StateCache, load_devices
from ingest.device_state.intake import Intake
from ingest.kernels import KINDS, Kind
from ingest.reconcile.grid_changes import load_recompute_requests
from ingest.registry import Registries
from runtime.clock import US_PER_S, Clock
from runtime.errors import Retry, Stop
from runtime.settings import Settings
from store.people import registry
from store.pipeline import log as store_log
from store.pipeline import offsets, quarantine, reconcile, stopped_sources, telemetry
from store.postgres.engine import Layout
from store.postgres.pool import Connection, abort, connect, in_transaction, translated
from store.postgres.roles import WRITER
from store.schema import partitions

log = logging.getLogger("ingest")

SLICE_S = 0.15
"""Time limit of one piece of maintenance, so that live messages never wait longer."""

_RECENTLY_HEARD_US = 7 * 86_400 * US_PER_S


@dataclass(frozen=True, slots=True)
class PreviousBatch:
    """The batch that is being committed, or was committed last; its states are in the cache.

    next_offset : the offset after it, where the next batch begins.
    """

    work: Work
    next_offset: int


@dataclass(frozen=True, slots=True)
class Prepared:
    """A batch whose samples are written in an open transaction of the spare connection.

    first : its first offset; version : the registry version that decided it.
    """

    messages: Sequence[RawMessage]
    work: Work
    first: int
    version: int
    timer: StepTimer


class PartitionLease:
    """The one owner of a partition. After any error it drops the cache and loads it again.

    connection : for the current batch; spare : for the batch that is prepared early.
    preparing : lock on the spare connection and on `prepared`.
    previous : the batch that the next one follows; None while no batch may be prepared early.
    """

    def __init__(
        self,
        database_url: str,
        settings: Settings,
        clock: Clock,
        partition: Partition,
        registries: Registries,
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.partition = partition
        self.preparing = threading.Lock()
        self._url = database_url
        self._registries = registries
        self._layout = Layout.of(settings)
        # Replaced in one assignment, because `abort` reads it from another thread.
        self._connections: tuple[Connection, Connection] | None = None
        self._cache: StateCache | None = None
        self._recently_heard: deque[tuple[Kind, list[int]]] = deque()
        self.previous: PreviousBatch | None = None
        self.prepared: Prepared | None = None

    def open(self) -> bool:
        """Take the lease and load the cache. Returns False if that is done already.

        Raises `Retry` while the store is away or another process owns the partition.
        """
        if self._cache is not None and not any(c.closed for c in self._connections or ()):
            return False
        self.close()
        with translated():
            connection = spare = self._connect()
            try:
                spare = self._connect()
                store_log.must_be(connection, self.partition)
                next_offset = offsets.claim(connection, spare, self.partition.number)
                registry = self._registries.load(connection, self.clock.now_us())
                cache = StateCache(
                    registry,
                    next_offset,
                    Topics(registry, partition=self.partition),
                    Intake.of(self.settings),
                    partition=self.partition,
                )
                cache.retention_ready_us = (
                    partitions.secured_in(connection, self.partition.number) or YEAR_2000_US
                )
                self._load_intake(connection, cache)
                load_recompute_requests(connection, cache, self.clock)
                self.load_late_devices(connection, cache)
                self._recently_heard = self._find_recently_heard(connection, cache)
                connection.commit()
            except BaseException:
                connection.close()
                spare.close()
                raise
            self._cache, self._connections = cache, (connection, spare)
        return True

    def _connect(self) -> Connection:
        return connect(self._url, application="tachowatt-ingest", role=WRITER)

    def close(self) -> None:
        """Release the lease and drop everything that is not committed."""
        self.previous = None
        if self.preparing.locked() and self._connections is not None:
            abort(self._connections[1])  # wakes the thread that prepares a batch with it
        with self.preparing:
            for connection in self._connections or ():
                connection.close()
            self._connections = self._cache = self.prepared = None
        self._recently_heard.clear()

    def depose(self) -> None:
        """End the database sessions of the current owner; the next `open` finds no owner."""
        with translated():
            ended = offsets.depose(self._url, self.partition.number)
        log.warning(
            "partition %d was still owned by another process: %d of its sessions ended",
            self.partition.number,
            ended,
        )

    def abort(self) -> None:
        """Interrupt the thread that waits for the database, with an error. Thread-safe."""
        for connection in self._connections or ():
            abort(connection)

    # ── cache and connections ───────────────────────────────────────────────────────────────

    @property
    def cache_or_none(self) -> StateCache | None:
        return self._cache

    @property
    def cache(self) -> StateCache:
        """Raises `Retry` while the partition is not owned, as `connection` and `spare` do."""
        if self._cache is None:
            raise Retry("the store is not open")
        return self._cache

    @property
    def connection(self) -> Connection:
        if self._connections is None:
            raise Retry("the store is not open")
        return self._connections[0]

    @property
    def spare(self) -> Connection:
        if self._connections is None:
            raise Retry("the store is not open")
        return self._connections[1]

    # ── the prepared batch ──────────────────────────────────────────────────────────────────

    def begin_prepared(self) -> Prepared:
        """Make the prepared batch the current one, and its connection the current connection."""
        prepared = self.prepared
        assert prepared is not None
        self.prepared = self.previous = None
        self._connections = (self.spare, self.connection)
        prepared.timer.continue_after_wait()
        return prepared

    def discard(self) -> None:
        """Roll back the prepared batch, and allow none until the next batch is written."""
        self.previous = None
        with self.preparing:
            self.roll_back_spare()

    def roll_back_spare(self) -> None:
        """Roll back the prepared batch. The caller has the lock `preparing`."""
        self.prepared = None
        if self._connections is None:
            return
        with suppress(Retry, Stop), translated():
            if in_transaction(self._connections[1]):
                self._connections[1].rollback()

    # ── transactions ────────────────────────────────────────────────────────────────────────

    @contextmanager
    def all_or_nothing(self) -> Iterator[None]:
        """Close the lease after any error: connections, cache and prepared batch are dropped."""
        try:
            with translated():
                yield
        except BaseException:
            self.close()
            raise

    @contextmanager
    def transaction(self) -> Iterator[tuple[Connection, StateCache]]:
        """Run a transaction without messages, under the same compare-and-set as a batch, so that a
        former owner cannot write. Discards the prepared batch first. Commits at the end; closes
        the lease after an error."""
        self.discard()
        with self.all_or_nothing():
            connection, cache = self.connection, self.cache
            offsets.advance(connection, self.partition.number, cache.next_offset, cache.next_offset)
            yield connection, cache
            connection.commit()

    def refresh_stopped(self) -> None:
        """Read the stopped sources again, where there are any: an operator may have resumed one."""
        intake = self.cache.intake
        if not intake.stopped:
            return
        with self.all_or_nothing():
            intake.stopped = stopped_sources.load(self.connection, self.partition.number)
            self.connection.rollback()

    # ── loading ─────────────────────────────────────────────────────────────────────────────

    def refresh_registry(self) -> bool:
        """Load a changed registry or consent; it applies from the next message on. Returns True if
        there was a change."""
        connection, cache = self.connection, self.cache
        now_us, known = self.clock.now_us(), cache.registry
        before = known.version
        if now_us < known.changes_at_us and registry.version(connection) == before:
            return False
        cache.registry = self._registries.load(connection, now_us)
        cache.topics = Topics(cache.registry, partition=self.partition)
        changed = self._registries.changed_since(before, cache.registry.version)
        if self.partition.of > 1 and any(
            not cache.owns(d)
            for s in cache.states.values()
            for d in (s.slots.ids.tolist() if changed is None else s.known(changed))
        ):
            raise Retry("a device has another address now: what is in memory is loaded anew")
        load_recompute_requests(connection, cache, self.clock, changed)
        self.load_late_devices(connection, cache)
        return True

    def _load_intake(self, connection: Connection, cache: StateCache) -> None:
        """Load quarantine and stopped sources; a restart changes nothing about them."""
        intake = cache.intake
        intake.stopped = stopped_sources.load(connection, self.partition.number)
        intake.quarantined = {key: 0 for key in quarantine.load(connection) if cache.owns(key[0])}
        intake.spoilt = {
            device_id: self.settings.quarantine_after_messages
            for device_id, reason in intake.quarantined
            if reason == quarantine.NOTHING_USABLE
        }

    def earliest_us(self) -> int:
        """Time (µs) before which samples are not accepted, and retention may drop them."""
        cutoff_us = partitions.cutoff_us(self._layout, self.clock.now_us())
        return max(self.cache.retention_ready_us, cutoff_us or YEAR_2000_US)

    def load_late_devices(self, connection: Connection, cache: StateCache) -> None:
        """Load the states of devices that wait to be reconciled."""
        pending = reconcile.pending(connection)
        for kind in KINDS.values():
            of_kind = [
                d for d in pending if cache.owns(d) and cache.registry.by_id[d].kind == kind.name
            ]
            load_devices(connection, cache, kind, of_kind, pending, self.clock.monotonic())

    def load_recently_heard(self, *, everything: bool) -> None:
        """Load recently heard devices until the time limit: loading all at once after a start
        would block the messages of a large fleet.

        everything : without the time limit.
        """
        until = self.clock.monotonic() + SLICE_S
        while self._recently_heard and (everything or self.clock.monotonic() <= until):
            kind, ids = self._recently_heard.popleft()
            with self.transaction() as (connection, cache):
                load_devices(connection, cache, kind, ids, {}, self.clock.monotonic())

    def _find_recently_heard(
        self, connection: Connection, cache: StateCache
    ) -> deque[tuple[Kind, list[int]]]:
        """List devices that may have fallen silent just before a crash, with open features."""
        since_us = self.clock.now_us() - _RECENTLY_HEARD_US
        parts: deque[tuple[Kind, list[int]]] = deque()
        for kind in KINDS.values():
            if kind.finish is not None:
                heard = telemetry.heard_since(connection, kind.samples, since_us)
                ids = [device_id for device_id in heard if cache.owns(device_id)]
                parts += [
                    (kind, ids[i : i + REPLAYED_AT_ONCE])
                    for i in range(0, len(ids), REPLAYED_AT_ONCE)
                ]
        return parts
