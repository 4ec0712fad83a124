"""Ingest when the log is Kafka: one of a group of workers, each with some of the partitions.

Where a partition is taken up, its offset comes from the store and not from Kafka, and what was
committed is skipped: a batch counts once, whoever brings it, and however often. Kafka is told the
offsets too, for those who look at its lag.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Collection
from contextlib import suppress

from aiokafka import (
    AIOKafkaConsumer,
    AIOKafkaProducer,
    ConsumerRebalanceListener,
    ConsumerRecord,
    TopicPartition,
)
from aiokafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor
from aiokafka.errors import KafkaError

from contracts.kafka import Topics, connection, from_record
from contracts.partition import Partition
from contracts.raw import Receipt
from contracts.wire import pack_receipt
from ingest.direct import DirectLog
from ingest.registry import Registries
from ingest.worker import Worker
from runtime.clock import Clock
from runtime.errors import Fenced, Retry, Stop
from runtime.metrics import Metrics
from runtime.settings import Settings
from store import log as store_log
from store.pool import connect, translated

log = logging.getLogger("ingest.kafka")

_UNDER_WAY = 3
"""Batches of a partition at a time, as at the gateway: committed, prepared, read."""
_POLL_MS = 500
_FETCH_BYTES = 4 * 1024 * 1024
_FULL_BYTES = 3 * 1024 * 1024
"""A batch of so many is full. A fetch brings as much where there is enough, because what gateways
send at a time has 1 MiB."""
_TELL_EVERY_S = 2.0
_DRAIN_WITHIN_S = 5.0
_AGAIN_S = 1.0
_LOOKS_AT_END = 10
_DAY_MS = 86_400_000
_ACKS_AT_ONCE = 5_000


class KafkaIngest:
    """A worker of the group. `partitions` : those that it has taken up."""

    def __init__(
        self, url: str, database_url: str, settings: Settings, clock: Clock, metrics: Metrics
    ) -> None:
        self._connection = connection(url)
        self._database_url = database_url
        self._settings = settings
        self._clock = clock
        self._metrics = metrics
        self._topics = Topics(settings.kafka_topic_prefix)
        self._registries = Registries()
        self._held: dict[TopicPartition, _Held] = {}
        self._leaving: set[asyncio.Task[None]] = set()
        self._failed: asyncio.Future[None] | None = None
        self._of = 0
        self._away: str | None = "no partitions have been assigned yet"
        self._acks = AckSender(self._connection, self._topics)
        self.assigned = asyncio.Event()

    @property
    def partitions(self) -> list[int]:
        return sorted(tp.partition for tp, held in self._held.items() if held.started.is_set())

    def missing(self) -> str | None:
        """Why nothing, or not all of ours, is committed just now."""
        if self._away is not None:
            return self._away
        # A worker too many has nothing to do and is as ready as one can be.
        away = {tp.partition: held.log.missing() for tp, held in list(self._held.items())}
        found = [f"partition {n}: {text}" for n, text in sorted(away.items()) if text is not None]
        return "; ".join(found) or None

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`: then what is under way is committed, and the partitions given back.

        Raises `Stop` where the store is not fed from this topic.
        """
        stopping = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set():
                try:
                    await self._consume(stopping)
                except (KafkaError, OSError, Retry) as error:
                    self._away = f"Kafka or the store is away: {error!r}"
                    log.warning("%s; again in %.0f s", self._away, _AGAIN_S)
                    with suppress(TimeoutError):
                        await asyncio.wait_for(stop.wait(), _AGAIN_S)
        finally:
            stopping.cancel()
            await self._acks.close()

    async def _consume(self, stopping: "asyncio.Task[bool]") -> None:
        self._failed = asyncio.get_running_loop().create_future()
        chosen = await asyncio.to_thread(self._chosen)
        session_ms = round(self._settings.kafka_session_timeout_s * 1_000)
        consumer = AIOKafkaConsumer(
            **self._connection,
            group_id=self._topics.ingest,
            enable_auto_commit=False,
            auto_offset_reset="earliest",  # a hole is found by ourselves
            # It remembers in the class what it has: one of its own for each consumer.
            partition_assignment_strategy=(type("Sticky", (StickyPartitionAssignor,), {}),),
            session_timeout_ms=session_ms,
            heartbeat_interval_ms=max(session_ms // 5, 100),
            max_poll_interval_ms=_DAY_MS,  # the store may be away for long
            rebalance_timeout_ms=session_ms,
            max_partition_fetch_bytes=_FETCH_BYTES,
            request_timeout_ms=session_ms + 5_000,
        )
        telling: asyncio.Task[None] | None = None
        try:
            await consumer.start()
            partitions = await self._partitions(consumer)
            if chosen.topic != self._topics.raw or chosen.partitions != partitions:
                raise Stop(
                    f"the store is fed from {chosen}, and the topic {self._topics.raw} has "
                    f"{partitions} partitions; `tachowatt log init --help` says how to change over"
                )
            self._of = partitions
            consumer.subscribe([self._topics.raw], listener=_Listener(self, consumer))
            telling = asyncio.create_task(self._tell(consumer), name="tell-kafka")
            waiting: set[asyncio.Future[object]] = {stopping, self._failed, telling}  # type: ignore[arg-type]
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            if self._failed.done():
                self._failed.result()
            if telling.done():
                telling.result()
        finally:
            if telling is not None:
                telling.cancel()
            await asyncio.gather(*(held.leave() for held in self._held.values()))
            with suppress(KafkaError, Retry, OSError):
                await self._tell_once(consumer)
            self._held.clear()
            await asyncio.gather(*self._leaving)
            with suppress(KafkaError, OSError, TimeoutError):
                await asyncio.wait_for(consumer.stop(), _DRAIN_WITHIN_S)

    def _chosen(self) -> store_log.Log:
        with translated(), connect(self._database_url, application="tachowatt-ingest") as found:
            return store_log.chosen(found)

    async def _partitions(self, consumer: AIOKafkaConsumer) -> int:
        await consumer._client.force_metadata_update()
        found = consumer.partitions_for_topic(self._topics.raw) or set()
        if not found:
            await consumer._client.add_topic(self._topics.raw)
            found = consumer.partitions_for_topic(self._topics.raw) or set()
        if not found:
            raise Retry(f"Kafka has no topic {self._topics.raw}; `tachowatt log init` makes it")
        return len(found)

    # ── partitions come and go ──────────────────────────────────────────────────────────────

    async def revoked(self, consumer: AIOKafkaConsumer) -> None:
        """Partitions may go elsewhere. Work goes on meanwhile: what the next owner has taken up,
        the compare-and-set keeps from us, and what we keep has lost no time."""
        with suppress(KafkaError, Retry, TimeoutError):
            await self._tell_once(consumer)

    def assign(self, consumer: AIOKafkaConsumer, assigned: Collection[TopicPartition]) -> None:
        """These are ours now, and no others."""
        for tp in list(self._held):
            if tp not in assigned:
                task = asyncio.create_task(self._held.pop(tp).leave())
                with suppress(KeyError):
                    self._metrics.lag.remove(str(tp.partition))
                self._leaving.add(task)
                task.add_done_callback(self._leaving.discard)
        for tp in assigned:
            if tp not in self._held:
                self._take_up(consumer, tp)
        log.info("partitions: %s", sorted(tp.partition for tp in self._held) or "none")
        self._metrics.partitions.set(len(self._held))
        self._away = None
        self.assigned.set()

    def _take_up(self, consumer: AIOKafkaConsumer, tp: TopicPartition) -> None:
        worker = Worker(
            self._database_url,
            self._settings,
            self._clock,
            self._metrics,
            Partition(tp.partition, self._of, "kafka"),
            self._registries,
        )
        held = _Held(tp, consumer, DirectLog(worker, self._metrics), self._settings, self._acks)
        self._held[tp] = held
        held.task.add_done_callback(lambda task: self._ended(held, task))

    def _ended(self, held: "_Held", task: "asyncio.Task[None]") -> None:
        """A partition ended by itself: fenced, it is taken up again if it is still ours."""
        if task.cancelled() or self._held.get(held.tp) is not held or self._failed is None:
            return
        error = task.exception()
        if isinstance(error, Fenced):
            self._metrics.fenced.inc()
            log.warning("%s; loading it anew", error)
            del self._held[held.tp]
            again = asyncio.create_task(self._again(held))
            self._leaving.add(again)
            again.add_done_callback(self._leaving.discard)
        elif error is not None and not self._failed.done():
            self._failed.set_exception(error)

    async def _again(self, held: "_Held") -> None:
        await held.leave()
        await asyncio.sleep(_AGAIN_S)  # where messages are missing, that does not change at once
        if held.tp in held.consumer.assignment() and held.tp not in self._held:
            self._take_up(held.consumer, held.tp)

    # ── what Kafka is told ──────────────────────────────────────────────────────────────────

    async def _tell(self, consumer: AIOKafkaConsumer) -> None:
        while True:
            await asyncio.sleep(_TELL_EVERY_S)
            try:
                await self._tell_once(consumer)
                self._away = None if self.assigned.is_set() else self._away
            except (KafkaError, TimeoutError) as error:
                self._away = f"Kafka does not take offsets: {error!r}"
                log.warning("%s", self._away)

    async def _tell_once(self, consumer: AIOKafkaConsumer) -> None:
        assignment = consumer.assignment()
        told = {}
        for tp, held in self._held.items():
            if tp in assignment and held.started.is_set():
                told[tp] = held.log.committed
                end = consumer.highwater(tp)
                if end is not None:
                    self._metrics.lag.labels(str(tp.partition)).set(max(end - told[tp], 0))
        if told:
            await asyncio.wait_for(consumer.commit(told), _DRAIN_WITHIN_S)


class _Held:
    """A partition in our hands: its messages to their worker, in order."""

    def __init__(
        self,
        tp: TopicPartition,
        consumer: AIOKafkaConsumer,
        log_: DirectLog,
        settings: Settings,
        acks: "AckSender",
    ) -> None:
        self.tp = tp
        self.consumer = consumer
        self.log = log_
        self.started = asyncio.Event()
        self._settings = settings
        self._acks = acks
        self._stop = asyncio.Event()
        self.task = asyncio.create_task(self._run(), name=f"partition-{tp.partition}")

    async def leave(self) -> None:
        """Give what is under way a bounded time to be committed, and give the partition up."""
        self._stop.set()
        if self.started.is_set():
            await asyncio.wait((self.task,), timeout=_DRAIN_WITHIN_S)
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)
        await self.log.close()

    async def _run(self) -> None:
        await self.log.start(depose_after_s=self._settings.kafka_session_timeout_s / 2)
        await self._must_not_be_ahead()
        self.consumer.seek(self.tp, self.log.committed)
        self.started.set()
        idle = asyncio.create_task(self.log.idle(self._stop))
        feeding = asyncio.create_task(self._feed())
        try:
            await asyncio.wait((idle, feeding), return_when=asyncio.FIRST_COMPLETED)
            for task in (feeding, idle):
                if task.done():
                    task.result()
            await asyncio.gather(feeding, idle)
        finally:
            for task in (idle, feeding):
                task.cancel()
            await asyncio.gather(idle, feeding, return_exceptions=True)

    async def _must_not_be_ahead(self) -> None:
        """Raises `Stop` where Kafka has lost its end: new messages would get offsets of
        committed ones, and be skipped."""
        for _ in range(_LOOKS_AT_END):
            end = (await self.consumer.end_offsets([self.tp]))[self.tp]
            if end >= self.log.committed:
                return
            await asyncio.sleep(_AGAIN_S)  # a leader that has just started may not know it yet
        raise Stop(
            f"partition {self.tp.partition}: Kafka ends at offset {end}, but those up to "
            f"{self.log.committed} are committed: it has lost messages, and would give their "
            "offsets to new ones. Stop the gateways, and change over to new topics "
            "(docs/operations.md)"
        )

    async def _feed(self) -> None:
        under_way: deque[asyncio.Task[Receipt]] = deque()
        first = self.log.committed
        try:
            while records := await self._gather(under_way, first):
                messages = [from_record(r.value, r.headers) for r in records]
                under_way.append(asyncio.create_task(self.log.append(messages, first)))
                first += len(records)
            while under_way:
                await self._finish(under_way)
        finally:
            for task in under_way:
                task.cancel()
            await asyncio.gather(*under_way, return_exceptions=True)

    async def _gather(
        self, under_way: "deque[asyncio.Task[Receipt]]", first: int
    ) -> list[ConsumerRecord]:
        """The next batch, from the offset `first` on; none when we are to stop. A full one goes
        ahead of those before it. A small one is better joined, and takes in what comes until those
        are committed.

        What comes is taken at once also because aiokafka fetches nothing, for any partition, while
        one of them has records that lie with it.
        """
        records: list[ConsumerRecord] = []
        size = 0
        while not self._stop.is_set():
            while under_way and under_way[0].done():
                await self._finish(under_way)
            most = self._settings.batch_messages - len(records)
            full = most <= 0 or size >= _FULL_BYTES
            if records and (not under_way or (full and len(under_way) < _UNDER_WAY)):
                return records
            if full:
                await asyncio.wait((under_way[0],))
                continue
            more = self._next(await self._more(most, under_way), first + len(records))
            records += more
            size += sum([r.serialized_value_size for r in more])
        return []

    def _next(self, records: list[ConsumerRecord], expected: int) -> list[ConsumerRecord]:
        """Without those before `expected`, which come again after a rebalance. Raises `Fenced`
        where some are missing."""
        if records and records[0].offset < expected:
            records = [r for r in records if r.offset >= expected]
        if records and records[-1].offset - expected + 1 != len(records):
            raise Fenced(
                f"partition {self.tp.partition}: Kafka has no messages from offset {expected} on, "
                f"the next is {records[0].offset}: they were deleted before they were read, or the "
                "topic is another one (docs/operations.md)"
            )
        return records

    async def _more(
        self, most: int, under_way: "deque[asyncio.Task[Receipt]]"
    ) -> list[ConsumerRecord]:
        """What has come, or nothing where the oldest batch is committed before."""
        # Cancelled, it has taken nothing: it takes and returns in one go.
        asking = asyncio.ensure_future(
            self.consumer.getmany(self.tp, timeout_ms=_POLL_MS, max_records=most)
        )
        try:
            await asyncio.wait((asking, *list(under_way)[:1]), return_when=asyncio.FIRST_COMPLETED)
            return asking.result().get(self.tp, []) if asking.done() else []
        finally:
            asking.cancel()

    async def _finish(self, under_way: "deque[asyncio.Task[Receipt]]") -> None:
        receipt = await under_way[0]
        under_way.popleft()
        if receipt.acks:
            self._acks.send(self.tp.partition, receipt)


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]
    def __init__(self, ingest: KafkaIngest, consumer: AIOKafkaConsumer) -> None:
        self._ingest = ingest
        self._consumer = consumer

    async def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        await self._ingest.revoked(self._consumer)

    async def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        self._ingest.assign(self._consumer, assigned)


class AckSender:
    """Tells the gateways what is committed, many devices in one record. What Kafka does not take in
    time is forgotten: its devices send again, and are told then."""

    def __init__(self, connection: dict[str, object], topics: Topics) -> None:
        self._connection = connection
        self._topic = topics.acks
        self._waiting: asyncio.Queue[tuple[int, Receipt]] = asyncio.Queue(1_000)
        self._task: asyncio.Task[None] | None = None

    def send(self, partition: int, receipt: Receipt) -> None:
        """Returns at once."""
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="device-acks")
        with suppress(asyncio.QueueFull):
            self._waiting.put_nowait((partition, receipt))

    async def close(self) -> None:
        """Send what is left, for a moment."""
        if self._task is not None:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._waiting.join(), 1)
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            producer = AIOKafkaProducer(
                **self._connection, acks=1, linger_ms=5, request_timeout_ms=5_000
            )
            try:
                await producer.start()
                while True:
                    partition, receipt = await self._waiting.get()
                    try:
                        for i in range(0, len(receipt.acks), _ACKS_AT_ONCE):
                            part = Receipt(receipt.acks[i : i + _ACKS_AT_ONCE])
                            await producer.send(
                                self._topic, pack_receipt(part), partition=partition
                            )
                    finally:
                        self._waiting.task_done()
            except (KafkaError, OSError) as error:
                log.warning("devices hear no acknowledgements for now: %r", error)
            finally:
                with suppress(KafkaError, OSError, TimeoutError):
                    await asyncio.wait_for(producer.stop(), 2)
            await asyncio.sleep(_AGAIN_S)
