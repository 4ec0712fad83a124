"""The worker of one partition: takes batches, commits them, reconciles, retries dead letters."""

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from contracts.partition import DIRECT, Partition
from contracts.raw import DeviceAck, RawMessage
from ingest.batch import commit, steps
from ingest.batch.ledger import ledger_of, outcomes_of, warnings_of
from ingest.batch.signals import signals_of
from ingest.batch.step_timer import StepTimer
from ingest.batch.work import DATA_ERRORS, Envelope, Outcome, Work
from ingest.decoding.fast_path.classify import Classified
from ingest.device_state.cache import StateCache
from ingest.partition import dead_letter_retry, put_aside
from ingest.partition.breaker import Breaker
from ingest.partition.lease import PartitionLease, Prepared, PreviousBatch
from ingest.partition.maintenance import Maintenance
from ingest.partition.prepare import BatchPreparer, MustRunInOrder
from ingest.registry import Registries
from runtime.clock import Clock
from runtime.errors import Fenced, Retry, Stop
from runtime.metrics import Metrics
from runtime.settings import Settings
from store.people import registry
from store.pipeline import dead_letter, device_events, ledger
from store.postgres.pool import Connection, translated
from store.signals import outbox

log = logging.getLogger("ingest")

_MAX_FAILURES_IN_A_ROW = 100


@dataclass(slots=True)
class Committed:
    """What a call to `process` made durable."""

    acks: list[DeviceAck] = field(default_factory=list)
    outcomes: dict[str, int] = field(default_factory=dict)

    def add(self, later: "Committed") -> None:
        """Add the result of a later part of the same batch."""
        self.acks += later.acks
        for outcome, n in later.outcomes.items():
            self.outcomes[outcome] = self.outcomes.get(outcome, 0) + n


class Worker:
    """Ingest for one partition of a log.

    Not thread-safe: one thread at a time, except for `classify`, `prepare` and `abort`. After any
    error the caller may call again; the worker then loads its state from the store.

    registries : shared by the workers of one process.
    """

    def __init__(
        self,
        database_url: str,
        settings: Settings,
        clock: Clock,
        metrics: Metrics | None = None,
        partition: Partition = DIRECT,
        registries: Registries | None = None,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._metrics = metrics or Metrics()
        self._partition = partition
        self._lease = PartitionLease(
            database_url, settings, clock, partition, registries or Registries()
        )
        self._preparer = BatchPreparer(settings, clock, self._metrics)
        self._maintenance = Maintenance(self._lease, self._metrics)
        self._failed_in_a_row = 0
        self._breaker = Breaker(settings)

    def open(self) -> int:
        """Take the lease and load the cache. Returns the next offset.

        Raises `Retry` while the store is away or another process owns the partition.
        """
        if self._lease.open():
            self._maintenance.forget()
        return self._lease.cache.next_offset

    @property
    def next_offset(self) -> int:
        """The offset after the last committed message; 0 while the partition is not owned."""
        cache = self._lease.cache_or_none
        return 0 if cache is None else cache.next_offset

    def depose(self) -> None:
        """End the sessions of the current owner. Only for a worker that was assigned the
        partition."""
        self._lease.depose()

    def abort(self) -> None:
        """Interrupt the thread that waits for the database, with an error. Thread-safe."""
        self._lease.abort()

    def close(self) -> None:
        """Release the partition and drop everything that is not committed."""
        self._lease.close()

    # ── batches ─────────────────────────────────────────────────────────────────────────────

    def classify(self, messages: Sequence[RawMessage]) -> Classified | None:
        """Read a batch early, in a thread of its own. The result is made again in `process` if the
        registry has changed."""
        cache = self._lease.cache_or_none
        if cache is None:
            return None
        try:
            return self._preparer.read(messages, cache)
        except DATA_ERRORS:
            return None  # it fails again in `process`, which finds the message

    def prepare(self, messages: Sequence[RawMessage], classified: Classified | None) -> bool:
        """Write the samples of a batch while the batch before it is being committed, after that one
        has called `on_cache_updated`. In a thread of its own, one batch at a time.

        The transaction ends in `process` with the same messages. Returns False and prepares nothing
        if the batch needs rows that are not committed or states that are not cached, or on any
        error: then `process` does all the work, and the error occurs again there.
        """
        lease = self._lease
        with lease.preparing:
            cache, previous = lease.cache_or_none, lease.previous
            if cache is None or previous is None:
                return False
            lease.roll_back_spare()  # a batch that was prepared earlier and never processed
            first = previous.next_offset
            timer = StepTimer(self._clock, self._metrics)
            try:
                with translated():
                    spare = lease.spare
                    if registry.version(spare) != cache.registry.version:
                        raise MustRunInOrder
                    work = self._preparer.work_of(messages, first, classified, cache)
                    self._preparer.prepare(spare, cache, work, timer, previous.work)
            except Exception as error:
                log.debug("not prepared: %r", error)
                lease.roll_back_spare()
                return False
            lease.prepared = Prepared(messages, work, first, cache.registry.version, timer)
        return True

    def process(
        self,
        messages: Sequence[RawMessage],
        classified: Classified | None = None,
        on_cache_updated: Callable[[], None] = lambda: None,
        first: int | None = None,
    ) -> Committed:
        """Take a batch through all steps and commit it.

        classified : the result of `classify` for these messages. on_cache_updated() : called when
        the next batch can be prepared. first : offset of the first message, if the log has its own
        offsets; messages that are committed already are skipped.

        Raises `Retry` (nothing is committed, or everything if the answer to COMMIT was lost; the
        next `open` reads the offset that decides it), and `Fenced` if another owner has moved the
        offset or messages between are missing.
        """
        next_offset = self.open()
        self._lease.refresh_stopped()
        if first is not None and first != next_offset:
            if first > next_offset:
                raise Fenced(
                    f"partition {self._partition.number}: the batch begins at offset {first}, but "
                    f"what is committed ends at {next_offset}"
                )
            messages, classified = messages[next_offset - first :], None
            if not messages:
                on_cache_updated()
                return Committed()
        try:
            if self._is_prepared(messages, next_offset):
                return self._commit_prepared(on_cache_updated)
            return self._commit(
                lambda cache: self._preparer.work_of(messages, next_offset, classified, cache),
                len(messages),
                on_cache_updated=on_cache_updated,
            )
        except DATA_ERRORS as error:
            return self._isolate_failing(messages, error)

    def _isolate_failing(self, messages: Sequence[RawMessage], error: Exception) -> Committed:
        """Halve a batch that failed for a reason no step foresaw, until the message is found.

        Only that message is dead-lettered, so that it does not block the others for ever. Raises
        `Stop` after many failures in a row: then no message is at fault, and continuing would
        dead-letter good ones.
        """
        if len(messages) > 1:
            middle = len(messages) // 2
            found = self.process(messages[:middle])
            found.add(self.process(messages[middle:]))
            return found
        self._failed_in_a_row += 1
        if self._failed_in_a_row > _MAX_FAILURES_IN_A_ROW:
            raise Stop(
                f"{self._failed_in_a_row} messages failed one after the other, the last with "
                f"{type(error).__name__}: {error}"
            ) from error
        self.open()
        log.exception("a message of %r could not be processed", messages[0].topic, exc_info=error)
        envelope = Envelope(messages[0], self._lease.cache.next_offset)
        steps.dead_letter_unforeseen(envelope, error)
        return self._commit(lambda _: Work([envelope]), 1)

    def _commit(
        self,
        work_of: Callable[[StateCache], Work],
        moved: int,
        retried: Sequence[dead_letter.DeadLetterRow] | None = None,
        on_cache_updated: Callable[[], None] = lambda: None,
    ) -> Committed:
        """Take work through all steps and commit it; the offset advances by `moved`.

        work_of : makes the work from the messages, with the registry of this transaction.
        """
        lease = self._lease
        lease.discard()
        connection, cache = lease.connection, lease.cache
        timer = StepTimer(self._clock, self._metrics)
        with lease.all_or_nothing():
            if lease.refresh_registry():
                self._maintenance.forget()  # finished devices may have lost their checkpoints
            cache.topics.earliest_us = lease.earliest_us()
            work = work_of(cache)
            self._preparer.prepare(connection, cache, work, timer)
            return self._finish(connection, cache, work, timer, moved, retried, on_cache_updated)

    def _is_prepared(self, messages: Sequence[RawMessage], first: int) -> bool:
        """Return whether exactly these messages are prepared, with the current registry."""
        lease = self._lease
        with lease.preparing:
            found = lease.prepared
            if found is None or found.messages is not messages or found.first != first:
                return False
            with suppress(Retry, Stop), translated():
                return registry.version(lease.spare) == found.version
        return False

    def _commit_prepared(self, on_cache_updated: Callable[[], None]) -> Committed:
        lease = self._lease
        prepared = lease.begin_prepared()
        with lease.all_or_nothing():
            return self._finish(
                lease.connection,
                lease.cache,
                prepared.work,
                prepared.timer,
                len(prepared.messages),
                None,
                on_cache_updated,
            )

    def discard(self) -> None:
        """Roll back the prepared batch, and allow none until the next batch is written."""
        self._lease.discard()

    def _finish(
        self,
        connection: Connection,
        cache: StateCache,
        work: Work,
        timer: StepTimer,
        moved: int,
        retried: Sequence[dead_letter.DeadLetterRow] | None,
        on_cache_updated: Callable[[], None],
    ) -> Committed:
        """Run the second half of a batch: features, signals, ledger, offset and the commit."""
        due = commit.checkpoints_due(cache, work, self._settings)
        commit.apply_to_cache(cache, work, self._clock.monotonic())
        self._lease.previous = PreviousBatch(work, cache.next_offset + moved)
        on_cache_updated()
        steps.settle_outcomes(work, device_events.put(connection, [row for _, row in work.events]))
        now_us = self._clock.now_us()
        entries = ledger_of(work, cache)
        if retried is not None:
            dead_letter_retry.finish(connection, work, retried, cache, now_us)
            dead_letter_retry.subtract_retried(entries, retried)
        else:
            self._breaker.count(connection, cache, work, entries, now_us)
            put_aside.note(connection, cache, work, self._settings)
        commit.write(connection, cache, work, due, now_us, self._clock.monotonic())
        for kind_work in work.kinds.values():
            outbox.put(connection, signals_of(kind_work.rows, cache.registry.by_id), now_us)
        timer.mark("features")
        counted = commit.count_seqs(connection, cache, work)
        warnings = warnings_of(work, cache)
        ledger.warn(connection, warnings, self._partition.number)
        commit.write_ledger(connection, entries, self._partition.number, cache.next_offset, moved)
        timer.mark("ledger")
        connection.commit()
        timer.mark("commit")
        cache.next_offset += moved
        outcomes = outcomes_of(work)
        if Outcome.STORED in outcomes:
            self._failed_in_a_row = 0
        commit.cache_sequence_numbers(cache, counted)
        self._count(entries, timer.started)
        for (tenant, dialect, warning), n in warnings.items():
            self._metrics.warned.labels(tenant, dialect, warning).inc(n)
        return Committed(commit.acks_of(counted, cache.registry), outcomes)

    # ── between batches ─────────────────────────────────────────────────────────────────────

    def pending(self) -> int:
        """Count devices that wait to be reconciled."""
        return self._maintenance.pending()

    def is_due(self) -> bool:
        """Return whether a device is due to be reconciled."""
        return self._maintenance.is_due()

    def reconcile(
        self, *, everything: bool = False, finished: Callable[[], None] | None = None
    ) -> int:
        """Correct devices whose late samples have waited long enough; bounded in time.

        everything : do not wait and do not stop early. finished : called after each device.
        Returns how many devices are finished.
        """
        self.open()
        return self._maintenance.reconcile(everything=everything, finished=finished)

    def close_silent(self, *, everything: bool = False) -> int:
        """Write open features of silent devices as provisional; their next sample replaces them.

        everything : do not wait for silence. Returns the number of devices.
        """
        self.open()
        return self._maintenance.close_silent(everything=everything)

    def write_retention_checkpoints(self) -> bool:
        """Write a checkpoint for each device at the boundary of retention; bounded in time. Returns
        False while some devices have none yet."""
        self.open()
        return self._maintenance.write_retention_checkpoints()

    def stopped(self) -> str | None:
        """Return which sources have stopped and what to do; None = none. Thread-safe."""
        cache = self._lease.cache_or_none
        stopped = () if cache is None else tuple(cache.intake.stopped.values())
        return "; ".join(source.why for source in stopped) or None

    def release_calm_devices(self) -> None:
        """Release devices from quarantine that were above their limit and are not any more."""
        self.open()
        now_us = self._clock.now_us()
        if put_aside.calm(self._lease.cache, now_us):
            with self._lease.transaction() as (connection, cache):
                put_aside.release_calm(connection, cache, now_us)

    def retry_dead_letters(self) -> int:
        """Process dead letters again that are marked for it, or deferred and due, in order of
        arrival. Returns how many."""
        self.open()
        return dead_letter_retry.retry(self._lease, self.open, self._commit)

    def _count(self, entries: commit.Ledger, started: float) -> None:
        for (tenant, dialect), entry in entries.items():
            for outcome in Outcome:
                n = getattr(entry, outcome.value)
                if n > 0:
                    self._metrics.outcome.labels(tenant, dialect, outcome.value).inc(n)
            for name in ("stored", "merged", "duplicate", "refused"):
                n = getattr(entry, f"samples_{name}")
                if n > 0:
                    self._metrics.samples.labels(name).inc(n)
        self._metrics.commit_seconds.observe(self._clock.monotonic() - started)
