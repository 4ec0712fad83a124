"""Owning a partition: two connections that hold it, and what is kept in memory meanwhile."""

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
from ingest.kernels import KINDS, Kind
from ingest.reconcile.requests import load_recompute_requests
from ingest.registry import Registries
from runtime.clock import US_PER_S, Clock
from runtime.errors import Retry, Stop
from runtime.settings import Settings
from store.people import registry
from store.pipeline import log as store_log
from store.pipeline import offsets, reconcile, telemetry
from store.postgres.engine import Layout
from store.postgres.pool import Connection, abort, connect, in_transaction, translated
from store.postgres.roles import WRITER
from store.schema import partitions

log = logging.getLogger("ingest")

SLICE_S = 0.15
"""What is done between batches ends after so long, so that live messages never wait for more."""

_HEARD_LATELY_US = 7 * 86_400 * US_PER_S


@dataclass(frozen=True, slots=True)
class Prepared:
    """A batch whose samples are written, in a transaction of the spare connection that is open.

    first : its first offset; version : of the registry by which it was decided.
    """

    messages: Sequence[RawMessage]
    work: Work
    first: int
    version: int
    timer: StepTimer


class PartitionLease:
    """The one owner of a partition. After any error everything is thrown away, to be loaded anew.

    connection : of the current batch; spare : of the one that is prepared ahead of its turn.
    preparing : held by whoever uses the spare one.
    laid : the batch whose states are in memory, and which is being committed; next_first : the
    offset after it. None where nothing may go ahead of what is done.
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
        # Replaced at once, for `abort`.
        self._connections: tuple[Connection, Connection] | None = None
        self._cache: StateCache | None = None
        self._heard: deque[tuple[Kind, list[int]]] = deque()
        self.next_first: int | None = None
        self.last_written: Work | None = None
        self.prepared: Prepared | None = None

    def open(self) -> bool:
        """Own the partition and load what is needed. False where that is so already.

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
                registry = self._registries.load(connection)
                cache = StateCache(
                    registry,
                    next_offset,
                    Topics(registry, partition=self.partition),
                    partition=self.partition,
                )
                cache.secured_us = (
                    partitions.secured_in(connection, self.partition.number) or YEAR_2000_US
                )
                cache.stopped = offsets.stopped(connection, self.partition.number)
                load_recompute_requests(connection, cache, self.clock)
                self.load_waiting(connection, cache)
                self._heard = self._heard_lately(connection, cache)
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
        """Give the partition up; what was not committed is forgotten."""
        self.next_first = self.last_written = None
        if self.preparing.locked() and self._connections is not None:
            abort(self._connections[1])  # whoever prepares a batch with it wakes up
        with self.preparing:
            for connection in self._connections or ():
                connection.close()
            self._connections = self._cache = self.prepared = None
        self._heard.clear()

    def depose(self) -> None:
        """End the sessions of whoever owns the partition; the next `open` finds it free."""
        with translated():
            ended = offsets.depose(self._url, self.partition.number)
        log.warning(
            "partition %d was still owned by another process: %d of its sessions ended",
            self.partition.number,
            ended,
        )

    def abort(self) -> None:
        """Wake the thread that waits for the database with an error. From another thread."""
        for connection in self._connections or ():
            abort(connection)

    # ── what is owned ───────────────────────────────────────────────────────────────────────

    @property
    def cache_or_none(self) -> StateCache | None:
        return self._cache

    @property
    def cache(self) -> StateCache:
        """Raises `Retry` while the partition is not owned, as the next two do."""
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

    # ── a batch ahead of its turn ───────────────────────────────────────────────────────────

    def begin_prepared(self) -> Prepared:
        """What is prepared becomes the current batch, and its connection the current one."""
        prepared = self.prepared
        assert prepared is not None
        self.prepared = self.next_first = self.last_written = None
        self._connections = (self.spare, self.connection)
        prepared.timer.go_on()
        return prepared

    def discard(self) -> None:
        """Let nothing go ahead of what is done now; what is prepared is rolled back."""
        self.next_first = self.last_written = None
        with self.preparing:
            self.roll_back_spare()

    def roll_back_spare(self) -> None:
        """Undo what is prepared. Under `preparing`."""
        self.prepared = None
        if self._connections is None:
            return
        with suppress(Retry, Stop), translated():
            if in_transaction(self._connections[1]):
                self._connections[1].rollback()

    # ── transactions ────────────────────────────────────────────────────────────────────────

    @contextmanager
    def all_or_nothing(self) -> Iterator[None]:
        """After any error the connections and all that is in memory are thrown away."""
        try:
            with translated():
                yield
        except BaseException:
            self.close()
            raise

    @contextmanager
    def transaction(self) -> Iterator[tuple[Connection, StateCache]]:
        """One without messages, under the same compare-and-set as a batch: a former owner cannot
        write in it either. Nothing is prepared ahead of it. Commits at the end; after an error
        everything is forgotten."""
        self.discard()
        with self.all_or_nothing():
            connection, cache = self.connection, self.cache
            offsets.advance(connection, self.partition.number, cache.next_offset, cache.next_offset)
            yield connection, cache
            connection.commit()

    def stop(self, why: str) -> None:
        """Take no more messages until somebody says otherwise, also not after a restart."""
        with self.transaction() as (connection, cache):
            offsets.stop(connection, self.partition.number, why)
        cache.stopped = why
        log.error("partition %d: %s", self.partition.number, why)

    def check_not_stopped(self) -> None:
        """Raises `Retry` with the reason while nobody has said otherwise."""
        if self.cache.stopped is None:
            return
        with self.all_or_nothing():
            self.cache.stopped = offsets.stopped(self.connection, self.partition.number)
            self.connection.rollback()
        if self.cache.stopped is not None:
            raise Retry(self.cache.stopped)

    # ── loading ─────────────────────────────────────────────────────────────────────────────

    def refresh_registry(self) -> bool:
        """A change of registry or consent counts from the next message on. True where there was
        one."""
        connection, cache = self.connection, self.cache
        if registry.version(connection) == cache.registry.version:
            return False
        cache.registry = self._registries.load(connection)
        cache.topics = Topics(cache.registry, partition=self.partition)
        if self.partition.of > 1 and any(
            not cache.owns(d) for s in cache.states.values() for d in s.slots.ids.tolist()
        ):
            raise Retry("a device has another address now: what is in memory is loaded anew")
        load_recompute_requests(connection, cache, self.clock)
        self.load_waiting(connection, cache)
        return True

    def earliest_us(self) -> int:
        """Samples from before are not taken, and retention may drop them."""
        cutoff_us = partitions.cutoff_us(self._layout, self.clock.now_us())
        return max(self.cache.secured_us, cutoff_us or YEAR_2000_US)

    def load_waiting(self, connection: Connection, cache: StateCache) -> None:
        """Load the devices that wait to be reconciled."""
        pending = reconcile.pending(connection)
        for kind in KINDS.values():
            of_kind = [
                d for d in pending if cache.owns(d) and cache.registry.by_id[d].kind == kind.name
            ]
            load_devices(connection, cache, kind, of_kind, pending, self.clock.monotonic())

    def load_heard(self, *, everything: bool) -> None:
        """Load a slice of the devices that were heard lately: all at once would keep a large fleet
        waiting after a start."""
        until = self.clock.monotonic() + SLICE_S
        while self._heard and (everything or self.clock.monotonic() <= until):
            kind, ids = self._heard.popleft()
            with self.transaction() as (connection, cache):
                load_devices(connection, cache, kind, ids, {}, self.clock.monotonic())

    def _heard_lately(
        self, connection: Connection, cache: StateCache
    ) -> deque[tuple[Kind, list[int]]]:
        """Devices that may have fallen silent just before a crash, and have not been closed yet."""
        since_us = self.clock.now_us() - _HEARD_LATELY_US
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
