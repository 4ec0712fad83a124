"""The one owner of a partition: takes batches, commits them, reconciles, retries."""

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from contracts.partition import DIRECT, Partition
from contracts.raw import DeviceAck, RawMessage
from ingest.batch import commit, steps
from ingest.batch.ledger import ledger_of, of_nobody, outcomes_of
from ingest.batch.signals import signals_of
from ingest.batch.step_timer import StepTimer
from ingest.batch.work import Envelope, Outcome, Work
from ingest.decoding.fast_path.classify import Classified
from ingest.device_state.cache import StateCache
from ingest.partition import dead_letter_retry
from ingest.partition.breaker import Breaker
from ingest.partition.lease import PartitionLease, Prepared
from ingest.partition.maintenance import Maintenance
from ingest.partition.prepare import BatchPreparer, MustRunInOrder
from ingest.registry import Registries
from runtime.clock import Clock
from runtime.errors import Fenced, Retry, Stop
from runtime.metrics import Metrics
from runtime.settings import Settings
from store.people import registry
from store.pipeline import dead_letter, telemetry
from store.postgres.pool import Connection, Unstorable, translated
from store.signals import outbox

log = logging.getLogger("ingest")

# Errors of Python and of PostgreSQL that a strange value can cause in a step of ours.
DATA_ERRORS = (ValueError, TypeError, ArithmeticError, LookupError, Unstorable)
_MAX_FAILURES_IN_A_ROW = 100


@dataclass(slots=True)
class Committed:
    """What a call to `process` made durable."""

    acks: list[DeviceAck] = field(default_factory=list)
    outcomes: dict[str, int] = field(default_factory=dict)

    def add(self, later: "Committed") -> None:
        """Take in what a later part of the same batch made durable."""
        self.acks += later.acks
        for outcome, n in later.outcomes.items():
            self.outcomes[outcome] = self.outcomes.get(outcome, 0) + n


class Worker:
    """Ingest for one partition of a log.

    Not thread-safe: one thread at a time, but for `classify`, `prepare` and `abort`. After any
    error the caller may call again; whatever was not committed is loaded anew.

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
        self._preparer = BatchPreparer(settings, clock)
        self._maintenance = Maintenance(self._lease, self._metrics)
        self._failed_in_a_row = 0
        self._breaker = Breaker(settings.dead_letter_cap_messages, settings.dead_letter_cap_share)

    def open(self) -> int:
        """Own the partition and load what is needed. Returns the next offset.

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
        """End the sessions of whoever owns the partition. Only for who was given it."""
        self._lease.depose()

    def abort(self) -> None:
        """Wake the thread that waits for the database with an error. From another thread."""
        self._lease.abort()

    def close(self) -> None:
        """Give the partition up; what was not committed is forgotten."""
        self._lease.close()

    # ── batches ─────────────────────────────────────────────────────────────────────────────

    def classify(self, messages: Sequence[RawMessage]) -> Classified | None:
        """Read a batch ahead of its turn, from another thread than the others' one; nothing is
        decided by it that the turn would not decide again where the registry has changed."""
        cache = self._lease.cache_or_none
        if cache is None:
            return None
        try:
            return self._preparer.read(messages, cache)
        except DATA_ERRORS:
            return None  # it fails again in its turn, where the message is found

    def prepare(self, messages: Sequence[RawMessage], classified: Classified | None) -> bool:
        """Write the samples of a batch while the one before it is being committed, which has said
        that it is `last_written`; from another thread than the others' two, one at a time.

        Its transaction ends in `process` with the same messages. Nothing is prepared, and False
        returned, where the batch needs what is not committed yet or not in memory, or on any error:
        then `process` does it all, and meets the error itself.
        """
        lease = self._lease
        with lease.preparing:
            cache, first, before = lease.cache_or_none, lease.next_first, lease.last_written
            if cache is None or first is None or before is None:
                return False
            lease.roll_back_spare()  # whatever was prepared before has not been processed
            timer = StepTimer(self._clock, self._metrics)
            try:
                with translated():
                    spare = lease.spare
                    if registry.version(spare) != cache.registry.version:
                        raise MustRunInOrder
                    work = self._preparer.work_of(messages, first, classified, cache)
                    self._preparer.prepare(spare, cache, work, timer, before)
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
        last_written: Callable[[], None] = lambda: None,
        first: int | None = None,
    ) -> Committed:
        """Take a batch through all steps and commit it.

        sorted_out : what `classify` found in it before. laid() is called when the next batch can
        be prepared. first : offset of the first message in a log that has offsets of its own; what
        is committed already is left out.

        Raises `Retry` (nothing is committed, or, after a lost answer to COMMIT, everything: the
        next `open` tells by the offset), `Fenced` when another owner has moved on, or where
        messages between are missing.
        """
        next_offset = self.open()
        self._lease.check_not_stopped()
        if first is not None and first != next_offset:
            if first > next_offset:
                raise Fenced(
                    f"partition {self._partition.number}: the batch begins at offset {first}, but "
                    f"what is committed ends at {next_offset}"
                )
            messages, classified = messages[next_offset - first :], None
            if not messages:
                last_written()
                return Committed()
        try:
            if self._take_prepared(messages, next_offset):
                return self._commit_prepared(last_written)
            return self._commit(
                lambda cache: self._preparer.work_of(messages, next_offset, classified, cache),
                len(messages),
                last_written=last_written,
            )
        except DATA_ERRORS as error:
            return self._isolate_failing(messages, error)

    def _isolate_failing(self, messages: Sequence[RawMessage], error: Exception) -> Committed:
        """A batch failed for a reason that no step foresaw: halve it until the message is found.

        Only that one goes to the dead letter; it must not stop the others for ever. Where many
        fail one after the other it is no message's fault, and going on would bury good ones.
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
        last_written: Callable[[], None] = lambda: None,
    ) -> Committed:
        """Take work through all steps and commit it; the offset moves on by `moved`.

        work_of : makes the work of what came, by the registry as it is in this transaction.
        """
        lease = self._lease
        lease.discard()
        connection, cache = lease.connection, lease.cache
        timer = StepTimer(self._clock, self._metrics)
        with lease.all_or_nothing():
            if lease.refresh_registry():
                self._maintenance.forget()  # checkpoints of devices that were done may be gone
            cache.topics.earliest_us = lease.earliest_us()
            work = work_of(cache)
            self._preparer.prepare(connection, cache, work, timer)
            return self._finish(connection, cache, work, timer, moved, retried, last_written)

    def _take_prepared(self, messages: Sequence[RawMessage], first: int) -> bool:
        """Whether just these are prepared, and by what is still true."""
        lease = self._lease
        with lease.preparing:
            found = lease.prepared
            if found is None or found.messages is not messages or found.first != first:
                return False
            with suppress(Retry, Stop), translated():
                return registry.version(lease.spare) == found.version
        return False

    def _commit_prepared(self, last_written: Callable[[], None]) -> Committed:
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
                last_written,
            )

    def discard(self) -> None:
        """Let nothing go ahead of what is done now; what is prepared is rolled back."""
        self._lease.discard()

    def _finish(
        self,
        connection: Connection,
        cache: StateCache,
        work: Work,
        timer: StepTimer,
        moved: int,
        retried: Sequence[dead_letter.DeadLetterRow] | None,
        last_written: Callable[[], None],
    ) -> Committed:
        """The second half: everything else, and the commit."""
        due = commit.checkpoints_due(cache, work, self._settings)
        commit.take_over(cache, work, self._clock.monotonic())
        self._lease.next_first, self._lease.last_written = cache.next_offset + moved, work
        last_written()
        steps.conclude(work, telemetry.put_events(connection, [row for _, row in work.events]))
        now_us = self._clock.now_us()
        if retried is not None:
            dead_letter_retry.finish(connection, work, retried, cache.registry.tenants, now_us)
        commit.write(connection, cache, work, due, now_us)
        for kind_work in work.kinds.values():
            outbox.put(connection, signals_of(kind_work.rows, cache.registry.by_id), now_us)
        timer.mark("features")
        counted = commit.count_seqs(connection, cache, work)
        entries = ledger_of(work, cache)
        if retried is not None:
            dead_letter_retry.subtract_retried(entries, retried)
        commit.book(connection, entries, self._partition.number, cache.next_offset, moved)
        timer.mark("books")
        connection.commit()
        timer.mark("commit")
        cache.next_offset += moved
        outcomes = outcomes_of(work)
        if Outcome.STORED in outcomes:
            self._failed_in_a_row = 0
        commit.remember(cache, counted)
        self._count(entries, timer.started)
        why = None
        if retried is None:
            why = self._breaker.count(entries, of_nobody(work, cache))
        if why is not None:
            with suppress(Retry):  # the batch is committed; the next ones will say the same
                self._lease.stop(why)
        return Committed(commit.acks_of(counted, cache.registry), outcomes)

    # ── between batches ─────────────────────────────────────────────────────────────────────

    def pending(self) -> int:
        """Devices that wait to be reconciled."""
        return self._maintenance.pending()

    def is_due(self) -> bool:
        """Whether there is a device whose turn to be reconciled has come."""
        return self._maintenance.is_due()

    def reconcile(self, *, everything: bool = False) -> int:
        """Correct devices whose late samples have been gathered long enough; bounded in time.

        everything : do not wait and do not stop early. Returns how many were done.
        """
        self.open()
        return self._maintenance.reconcile(everything=everything)

    def close_silent(self, *, everything: bool = False) -> int:
        """Write what silent devices have open; what they say next replaces it.

        everything : do not wait for silence. Returns the number of devices.
        """
        self.open()
        return self._maintenance.close_silent(everything=everything)

    def secure(self) -> bool:
        """Make devices ready for what retention is to drop; bounded in time. False while some are
        not yet."""
        self.open()
        return self._maintenance.secure()

    def retry_dead_letters(self) -> int:
        """Take messages marked for retry again, in the order they came. Returns how many."""
        self.open()
        with translated():
            rows = dead_letter.to_retry(
                self._lease.connection, self._partition.number, dead_letter_retry.AT_ONCE
            )
            self._lease.connection.rollback()
        if not rows:
            return 0
        try:
            envelopes = [Envelope(row.message(), row.offset, i) for i, row in enumerate(rows)]
            self._commit(lambda _: Work(envelopes), 0, rows)
        except DATA_ERRORS:
            for row in rows:  # one by one: the one that fails stays where it is
                self._retry_one(row)
        return len(rows)

    def _retry_one(self, row: dead_letter.DeadLetterRow) -> None:
        self.open()
        try:
            self._commit(lambda _: Work([Envelope(row.message(), row.offset)]), 0, [row])
        except DATA_ERRORS as error:
            self.open()
            envelope = Envelope(row.message(), row.offset)
            steps.dead_letter_unforeseen(envelope, error)
            self._commit(lambda _: Work([envelope]), 0, [row])

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
