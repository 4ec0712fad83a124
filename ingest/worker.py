"""The one owner of a partition: takes batches, commits them, reconciles, retries."""

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import numpy as np

from contracts.raw import DeviceAck, RawMessage
from feature_kernels.ragged import starts_of
from ingest import commit, steps
from ingest.assess import corrections, signals_of
from ingest.between import compute_anew, write_open
from ingest.books import ledger_key, ledger_of, outcomes_of
from ingest.kernels import KINDS, Kind
from ingest.laps import Laps
from ingest.memory import REPLAYED_AT_ONCE, Memory, load_devices
from ingest.pack import Ordered
from ingest.plain.take import SortedOut, Topics, take
from ingest.recompute import recompute
from ingest.registry import load as load_registry
from ingest.secure import Securing
from ingest.times import YEAR_2000_US
from ingest.work import Letter, Outcome, Work
from runtime.clock import US_PER_S, Clock
from runtime.errors import Retry, Stop
from runtime.metrics import Metrics
from runtime.settings import Settings
from store import (
    customers,
    dead_letter,
    ledger,
    offsets,
    outbox,
    partitions,
    reconcile,
    telemetry,
)
from store.engine import Layout
from store.pool import Connection, Unstorable, abort, connect, in_transaction, translated
from store.roles import WRITER
from store.times import from_us

log = logging.getLogger("ingest")

# A slice of reconciling ends after so long, so that live messages never wait behind it for more.
_SLICE_S = 0.15

_RETRY_AT_ONCE = 500

# Errors of Python and of PostgreSQL that a strange value can cause in a step of ours.
_THE_DATAS_FAULT = (ValueError, TypeError, ArithmeticError, LookupError, Unstorable)
_MOST_FAILURES = 100

_HEARD_LATELY_US = 7 * 86_400 * US_PER_S


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


@dataclass(frozen=True, slots=True)
class Prepared:
    """A batch whose samples are written, in a transaction of the spare connection that is open.

    first : its first offset; version : of the registry by which it was decided.
    """

    messages: Sequence[RawMessage]
    work: Work
    first: int
    version: int
    laps: Laps


class _NotAhead(Exception):
    """This batch must wait for its turn."""


class Worker:
    """Ingest for one partition of a log.

    Not thread-safe: one thread at a time, but for `sort_out`, `prepare` and `abort`. After any
    error the caller may call again; whatever was not committed is loaded anew.
    """

    def __init__(
        self,
        database_url: str,
        settings: Settings,
        clock: Clock,
        metrics: Metrics | None = None,
        partition: int = 0,
    ) -> None:
        self._url = database_url
        self._settings = settings
        self._clock = clock
        self._metrics = metrics or Metrics()
        self._partition = partition
        # The one of the current batch and the one of the next; replaced at once, for `abort`.
        self._connections: tuple[Connection, Connection] | None = None
        self._memory: Memory | None = None
        self._prepared: Prepared | None = None
        # The offset after the batch whose states are in memory; None where nothing may go ahead.
        self._next_first: int | None = None
        self._failed_in_a_row = 0
        self._layout = Layout.of(settings)
        self._securing: Securing | None = None
        self._heard: deque[tuple[Kind, list[int]]] = deque()
        self._reading = threading.Lock()
        self._preparing = threading.Lock()
        # Kernels hold no GIL: they run while the samples go to the database.
        self._kernels = ThreadPoolExecutor(1, thread_name_prefix="kernels")

    # ── owning ──────────────────────────────────────────────────────────────────────────────

    def open(self) -> int:
        """Own the partition and load what is needed. Returns the next offset.

        Raises `Retry` while the store is away or another process owns the partition.
        """
        if self._memory is not None and not any(c.closed for c in self._connections or ()):
            return self._memory.next_offset
        self.close()
        with translated():
            connection = spare = self._connect()
            try:
                spare = self._connect()
                next_offset = offsets.claim(connection, spare, self._partition)
                registry = load_registry(connection)
                self._memory = Memory(registry, next_offset, Topics(registry))
                self._memory.secured_us = partitions.secured(connection) or YEAR_2000_US
                compute_anew(connection, self._memory, self._clock)
                self._load_waiting(connection, self._memory)
                self._heard = self._heard_lately(connection)
                connection.commit()
            except BaseException:
                connection.close()
                spare.close()
                self._memory = None
                raise
            self._connections = (connection, spare)
        return next_offset

    def _connect(self) -> Connection:
        return connect(self._url, application="tachowatt-ingest", role=WRITER)

    @property
    def next_offset(self) -> int:
        """The offset after the last committed message; 0 while the partition is not owned."""
        memory = self._memory
        return 0 if memory is None else memory.next_offset

    def abort(self) -> None:
        """Wake the thread that waits for the database with an error. From another thread."""
        for connection in self._connections or ():
            abort(connection)

    def close(self) -> None:
        """Give the partition up; what was not committed is forgotten."""
        self._next_first = None
        if self._preparing.locked() and self._connections is not None:
            abort(self._connections[1])  # whoever prepares a batch with it wakes up
        with self._preparing:
            for connection in self._connections or ():
                connection.close()
            self._connections = self._memory = self._securing = self._prepared = None
        self._heard.clear()

    def _load_waiting(self, connection: Connection, memory: Memory) -> None:
        """Load the devices that wait to be reconciled."""
        pending = reconcile.pending(connection)
        for kind in KINDS.values():
            of_kind = [
                d
                for d in pending
                if d in memory.registry.by_id and memory.registry.by_id[d].kind == kind.name
            ]
            load_devices(connection, memory, kind, of_kind, pending, self._clock.monotonic())

    def _heard_lately(self, connection: Connection) -> deque[tuple[Kind, list[int]]]:
        """Devices that may have fallen silent just before a crash, and have not been closed yet."""
        since_us = self._clock.now_us() - _HEARD_LATELY_US
        parts: deque[tuple[Kind, list[int]]] = deque()
        for kind in KINDS.values():
            if kind.finish is not None:
                ids = telemetry.heard_since(connection, kind.samples, since_us)
                parts += [
                    (kind, ids[i : i + REPLAYED_AT_ONCE])
                    for i in range(0, len(ids), REPLAYED_AT_ONCE)
                ]
        return parts

    def _load_heard(self, connection: Connection, memory: Memory, everything: bool) -> None:
        """A slice of them: all at once would keep a large fleet waiting after a start."""
        until = self._clock.monotonic() + _SLICE_S
        while self._heard and (everything or self._clock.monotonic() <= until):
            kind, ids = self._heard.popleft()
            with self._owned(connection, memory):
                load_devices(connection, memory, kind, ids, {}, self._clock.monotonic())

    # ── batches ─────────────────────────────────────────────────────────────────────────────

    def sort_out(self, messages: Sequence[RawMessage]) -> SortedOut | None:
        """Read a batch ahead of its turn, from another thread than the others' one; nothing is
        decided by it that the turn would not decide again where the registry has changed."""
        memory = self._memory
        if memory is None:
            return None
        try:
            return self._take(messages, memory)
        except _THE_DATAS_FAULT:
            return None  # it fails again in its turn, where the message is found

    def _take(self, messages: Sequence[RawMessage], memory: Memory) -> SortedOut:
        """By what is known of topics, which one thread at a time may add to."""
        with self._reading:
            return take(messages, memory.topics, self._settings)

    def prepare(self, messages: Sequence[RawMessage], sorted_out: SortedOut | None) -> bool:
        """Write the samples of a batch while the one before it is being committed, which has said
        that it is `laid`; from another thread than the others' two, one at a time.

        Its transaction ends in `process` with the same messages. Nothing is prepared, and False
        returned, where the batch needs what is not committed yet or not in memory, or on any error:
        then `process` does it all, and meets the error itself.
        """
        with self._preparing:
            memory, first, connections = self._memory, self._next_first, self._connections
            if memory is None or first is None or connections is None:
                return False
            spare = connections[1]
            self._roll_back(spare)  # whatever was prepared before has not been processed
            if any(states.late for states in memory.states.values()):
                return False  # they are reconciled before this batch has its turn
            laps = Laps(self._clock, self._metrics)
            try:
                with translated():
                    if customers.version(spare) != memory.registry.version:
                        raise _NotAhead
                    work = self._work_of(messages, first, sorted_out, memory)
                    self._lay(spare, memory, work, laps, ahead=True)
            except Exception as error:
                log.debug("not prepared: %r", error)
                self._roll_back(spare)
                return False
            self._prepared = Prepared(messages, work, first, memory.registry.version, laps)
        return True

    def process(
        self,
        messages: Sequence[RawMessage],
        sorted_out: SortedOut | None = None,
        laid: Callable[[], None] = lambda: None,
    ) -> Committed:
        """Take a batch through all steps and commit it.

        sorted_out : what `sort_out` found in it before. laid() is called when the next batch can
        be prepared.

        Raises `Retry` (nothing is committed, or, after a lost answer to COMMIT, everything: the
        next `open` tells by the offset), `Fenced` when another owner has moved on.
        """
        self.open()
        first = self._memory_now.next_offset
        try:
            if self._take_prepared(messages, first):
                return self._commit_prepared(laid)
            return self._commit(
                lambda memory: self._work_of(messages, first, sorted_out, memory),
                len(messages),
                laid=laid,
            )
        except _THE_DATAS_FAULT as error:
            return self._find_the_spoilt(messages, error)

    def _find_the_spoilt(self, messages: Sequence[RawMessage], error: Exception) -> Committed:
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
        if self._failed_in_a_row > _MOST_FAILURES:
            raise Stop(
                f"{self._failed_in_a_row} messages failed one after the other, the last with "
                f"{type(error).__name__}: {error}"
            ) from error
        self.open()
        log.exception("a message of %r could not be processed", messages[0].topic, exc_info=error)
        letter = Letter(messages[0], self._memory_now.next_offset)
        steps.bury_unforeseen(letter, error)
        return self._commit(lambda _: Work([letter]), 1)

    def _work_of(
        self,
        messages: Sequence[RawMessage],
        first: int,
        sorted_out: SortedOut | None,
        memory: Memory,
    ) -> Work:
        found = sorted_out
        if (
            found is None
            or found.registry is not memory.registry
            or found.earliest_us != memory.topics.earliest_us
        ):
            found = self._take(messages, memory)
        letters = [Letter(messages[i], first + i, i) for i in found.others]
        return Work(letters, found.plain)

    def _commit(
        self,
        work_of: Callable[[Memory], Work],
        moved: int,
        retried: Sequence[dead_letter.DeadLetterRow] | None = None,
        laid: Callable[[], None] = lambda: None,
    ) -> Committed:
        """Take work through all steps and commit it; the offset moves on by `moved`.

        work_of : makes the work of what came, by the registry as it is in this transaction.
        """
        self.discard()
        connection, memory = self._connection_now, self._memory_now
        laps = Laps(self._clock, self._metrics)
        with self._all_or_nothing():
            self._refresh_registry(connection, memory)
            memory.topics.earliest_us = self._earliest_us(memory)
            work = work_of(memory)
            self._lay(connection, memory, work, laps)
            return self._finish(connection, memory, work, laps, moved, retried, laid)

    def _lay(
        self, connection: Connection, memory: Memory, work: Work, laps: Laps, *, ahead: bool = False
    ) -> None:
        """The first half: up to the samples and what the kernels make of them. Changes nothing in
        memory but that devices are loaded; not even that when `ahead`, which raises `_NotAhead`."""
        laps.lap("read")
        steps.identify(work, memory)
        steps.decode_bodies(work, self._settings)
        steps.check_times(work, self._settings, memory.topics.earliest_us)
        steps.consent(work, memory)
        laps.lap("decode")
        for kind_name, ordered in steps.put_in_order(work).items():
            self._separate(connection, memory, work, kind_name, ordered, ahead)
        laps.lap("order")
        computing = self._kernels.submit(steps.features, work, memory)
        try:
            commit.write_samples(connection, work)
            laps.lap("copy")
        finally:
            computing.result()
        laps.lap("kernels")

    def _finish(
        self,
        connection: Connection,
        memory: Memory,
        work: Work,
        laps: Laps,
        moved: int,
        retried: Sequence[dead_letter.DeadLetterRow] | None,
        laid: Callable[[], None],
    ) -> Committed:
        """The second half: everything else, and the commit."""
        due = commit.checkpoints_due(memory, work, self._settings)
        commit.take_over(memory, work, self._clock.monotonic())
        self._next_first = memory.next_offset + moved
        laid()
        steps.conclude(work, telemetry.put_events(connection, [row for _, row in work.events]))
        now_us = self._clock.now_us()
        if retried is not None:
            self._finish_retry(connection, work, retried, now_us)
        commit.write(connection, memory, work, due, self._partition, now_us)
        for kind_work in work.kinds.values():
            outbox.put(connection, signals_of(kind_work.rows, memory.registry.by_id), now_us)
        laps.lap("features")
        counted = commit.count_seqs(connection, memory, work)
        entries = ledger_of(work, memory)
        if retried is not None:
            _unbook(entries, retried)
        commit.book(connection, entries, self._partition, memory.next_offset, moved)
        laps.lap("books")
        connection.commit()
        laps.lap("commit")
        memory.next_offset += moved
        outcomes = outcomes_of(work)
        if Outcome.STORED in outcomes:
            self._failed_in_a_row = 0
        commit.remember(memory, counted)
        self._count(entries, laps.started)
        return Committed(commit.acks_of(counted, memory.registry), outcomes)

    # ── a batch ahead of its turn ───────────────────────────────────────────────────────────

    def _take_prepared(self, messages: Sequence[RawMessage], first: int) -> bool:
        """Whether just these are prepared, and by what is still true."""
        with self._preparing:
            found = self._prepared
            if found is None or found.messages is not messages or found.first != first:
                return False
            with suppress(Retry, Stop), translated():
                return customers.version(self._connections_now[1]) == found.version
        return False

    def _commit_prepared(self, laid: Callable[[], None]) -> Committed:
        prepared, memory = self._prepared, self._memory_now
        assert prepared is not None
        self._prepared = self._next_first = None
        self._connections = self._connections_now[::-1]
        prepared.laps.go_on()
        with self._all_or_nothing():
            return self._finish(
                self._connection_now,
                memory,
                prepared.work,
                prepared.laps,
                len(prepared.messages),
                None,
                laid,
            )

    def discard(self) -> None:
        """Let nothing go ahead of what is done now; what is prepared is rolled back."""
        self._next_first = None
        with self._preparing:
            if self._connections is not None:
                self._roll_back(self._connections[1])

    def _roll_back(self, spare: Connection) -> None:
        self._prepared = None
        with suppress(Retry, Stop), translated():
            if in_transaction(spare):
                spare.rollback()

    def _separate(
        self,
        connection: Connection,
        memory: Memory,
        work: Work,
        kind_name: str,
        ordered: Ordered,
        ahead: bool,
    ) -> None:
        kind, samples = KINDS[kind_name], ordered.samples
        ids, starts = starts_of(samples.device)
        states = memory.states[kind_name]
        if ahead and states.unknown(ids).shape[0]:
            raise _NotAhead
        load_devices(connection, memory, kind, ids, {}, self._clock.monotonic())
        marks = states.mark_us[states.slots.rows(ids)]
        late = samples.observed_us <= np.repeat(marks, np.diff(starts))
        if ahead and late.any():
            raise _NotAhead  # what is stored at these times may be in the batch before
        existing = {}
        if late.any():
            existing = telemetry.existing(
                connection, kind.samples, samples.device[late], samples.observed_us[late]
            )
        steps.separate(work, memory, kind_name, ordered, existing, late, self._clock.monotonic())

    def _refresh_registry(self, connection: Connection, memory: Memory) -> None:
        """A change of registry or consent counts from the next message on."""
        if customers.version(connection) != memory.registry.version:
            memory.registry = load_registry(connection)
            memory.topics = Topics(memory.registry)
            compute_anew(connection, memory, self._clock)
            self._load_waiting(connection, memory)
            self._securing = None  # checkpoints of devices that were done may be gone

    # ── between batches ─────────────────────────────────────────────────────────────────────

    def pending(self) -> int:
        """Devices that wait to be reconciled."""
        if self._memory is None:
            return 0
        return sum(len(states.late) for states in self._memory.states.values())

    def reconcile(self, *, everything: bool = False) -> int:
        """Correct devices whose late samples have been gathered long enough; bounded in time.

        everything : do not wait and do not stop early. Returns how many were done.
        """
        self.open()
        connection, memory = self._connection_now, self._memory_now
        started = self._clock.monotonic()
        waiting = sorted(
            (late.since, device_id, kind_name)
            for kind_name, states in memory.states.items()
            for device_id, late in states.late.items()
        )
        done = 0
        for since, device_id, kind_name in waiting:
            if not everything and (
                started - since < self._settings.reconcile_wait_s
                or self._clock.monotonic() - started > _SLICE_S
            ):
                break
            self._reconcile_device(connection, memory, KINDS[kind_name], device_id)
            done += 1
        self._metrics.reconcile_pending.set(len(waiting) - done)
        return done

    def _reconcile_device(
        self, connection: Connection, memory: Memory, kind: Kind, device_id: int
    ) -> None:
        states = memory.states[kind.name]
        with self._owned(connection, memory):
            result = recompute(
                connection,
                memory,
                kind,
                device_id,
                states.late[device_id].span,
                self._settings.checkpoint_samples,
            )
            outbox.put(
                connection,
                corrections(result.changes, memory.registry.by_id),
                self._clock.now_us(),
            )
        row = states.row(device_id)
        states.mark_us[row], states.carry[row] = result.mark_us, result.carry
        states.since_checkpoint[row], states.provisional[row] = result.since_checkpoint, False
        del states.late[device_id]
        self._metrics.reconciled.inc()
        log.debug(
            "reconciled device=%d samples=%d changed=%d",
            device_id,
            result.samples,
            len(result.changes),
        )

    def close_silent(self, *, everything: bool = False) -> int:
        """Write what silent devices have open; what they say next replaces it.

        everything : do not wait for silence. Returns the number of devices.
        """
        self.open()
        connection, memory = self._connection_now, self._memory_now
        self._load_heard(connection, memory, everything)
        heard_before = self._clock.monotonic() - (0 if everything else self._settings.silence_s)
        done = 0
        for kind in KINDS.values():
            states = memory.states[kind.name]
            ids, rows = states.silent(heard_before)
            if kind.finish is None or not ids.shape[0]:
                continue
            with self._owned(connection, memory):
                write_open(connection, kind, ids, states.carry[rows])
            states.provisional[rows] = True
            done += int(ids.shape[0])
        return done

    def secure(self) -> bool:
        """Make devices ready for what retention is to drop; bounded in time. False while some are
        not yet."""
        self.open()
        connection, memory = self._connection_now, self._memory_now
        boundary_us = self._earliest_us(memory)
        if boundary_us == memory.secured_us:
            return True
        memory.topics.earliest_us = boundary_us
        until = self._clock.monotonic() + _SLICE_S
        with self._owned(connection, memory):
            if self._securing is None or self._securing.boundary_us != boundary_us:
                self._securing = Securing.of(connection, boundary_us)
            done = self._securing.go_on(connection, memory, lambda: self._clock.monotonic() > until)
        if done:
            memory.secured_us, self._securing = boundary_us, None
            log.info("samples from before %s may be dropped", from_us(boundary_us).date())
        return done

    def _earliest_us(self, memory: Memory) -> int:
        """Samples from before are not taken, and retention may drop them."""
        cutoff_us = partitions.cutoff_us(self._layout, self._clock.now_us())
        return max(memory.secured_us, cutoff_us or YEAR_2000_US)

    def retry_dead_letters(self) -> int:
        """Take messages marked for retry again, in the order they came. Returns how many."""
        self.open()
        with translated():
            rows = dead_letter.find(self._connection_now, state="retry", limit=_RETRY_AT_ONCE)
            self._connection_now.rollback()
        if not rows:
            return 0
        try:
            letters = [Letter(row.message(), row.offset, i) for i, row in enumerate(rows)]
            self._commit(lambda _: Work(letters), 0, rows)
        except _THE_DATAS_FAULT:
            for row in rows:  # one by one: the one that fails stays where it is
                self._retry_one(row)
        return len(rows)

    def _retry_one(self, row: dead_letter.DeadLetterRow) -> None:
        self.open()
        try:
            self._commit(lambda _: Work([Letter(row.message(), row.offset)]), 0, [row])
        except _THE_DATAS_FAULT as error:
            self.open()
            letter = Letter(row.message(), row.offset)
            steps.bury_unforeseen(letter, error)
            self._commit(lambda _: Work([letter]), 0, [row])

    def _finish_retry(
        self,
        connection: Connection,
        work: Work,
        rows: Sequence[dead_letter.DeadLetterRow],
        now_us: int,
    ) -> None:
        results = []
        for letter, row in zip(work.letters, rows, strict=True):
            if letter.outcome is Outcome.DEAD_LETTERED and letter.dead is not None:
                key = ledger_key(letter, self._memory_now.registry.tenants)
                results.append((row.id, "open", str(letter.dead.reason), letter.dead.detail, *key))
                # It stays where it is: no second row for the same message.
                letter.dead = None
            else:
                results.append((row.id, "retried", str(letter.outcome), "", "", ""))
        dead_letter.finish_retry(connection, results, now_us)

    @contextmanager
    def _owned(self, connection: Connection, memory: Memory) -> Iterator[None]:
        """A transaction without messages, under the same compare-and-set as a batch: a former owner
        cannot write in it either. Commits at the end; after an error everything is forgotten."""
        self.discard()
        with self._all_or_nothing():
            offsets.advance(connection, self._partition, memory.next_offset, memory.next_offset)
            yield
            connection.commit()

    @contextmanager
    def _all_or_nothing(self) -> Iterator[None]:
        """After any error the connections and all that is in memory are thrown away."""
        try:
            with translated():
                yield
        except BaseException:
            self.close()
            raise

    # ── small things ────────────────────────────────────────────────────────────────────────

    @property
    def _connections_now(self) -> tuple[Connection, Connection]:
        if self._connections is None:
            raise Retry("the store is not open")
        return self._connections

    @property
    def _connection_now(self) -> Connection:
        return self._connections_now[0]

    @property
    def _memory_now(self) -> Memory:
        if self._memory is None:
            raise Retry("the store is not open")
        return self._memory

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


def _unbook(entries: commit.Ledger, rows: Sequence[dead_letter.DeadLetterRow]) -> None:
    """A retried message was booked as dead-lettered when it came: take that entry out.

    It is booked anew by `ledger_of`, perhaps for another tenant: its device is known by now.
    """
    for row in rows:
        entry = entries.setdefault((row.tenant, row.dialect), ledger.Entry())
        entry.received -= 1
        entry.dead_lettered -= 1
