"""Ingest when the log is Kafka: one of a group of workers, each with some of the partitions.

Where a partition is taken up, its offset comes from the store and not from Kafka, and what was
committed is skipped: a batch counts once, whoever brings it, and however often. Kafka is told the
offsets too, for those who look at its lag.
"""

import asyncio
import logging
from collections.abc import Collection
from contextlib import suppress
from functools import partial

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor
from aiokafka.errors import KafkaError

from contracts.kafka import Topics
from contracts.partition import Partition
from ingest.logs.device_acks import AckSender
from ingest.logs.direct import DirectLog
from ingest.logs.kafka_partition import DRAIN_WITHIN_S, AssignedPartition
from ingest.partition.worker import Worker
from ingest.registry import Registries
from runtime.clock import Clock
from runtime.errors import Fenced, Retry, Stop
from runtime.kafka import client_options, stop_client
from runtime.metrics import Metrics
from runtime.settings import Settings
from store.pipeline import log as store_log
from store.postgres.pool import connect, translated

log = logging.getLogger("ingest.kafka")

_FETCH_BYTES = 4 * 1024 * 1024
_TELL_EVERY_S = 2.0
_AGAIN_S = 1.0
_DAY_MS = 86_400_000


class KafkaIngest:
    """A worker of the group. `partitions` : those that it has taken up."""

    def __init__(
        self, url: str, database_url: str, settings: Settings, clock: Clock, metrics: Metrics
    ) -> None:
        self._connection = client_options(url)
        self._database_url = database_url
        self._settings = settings
        self._clock = clock
        self._metrics = metrics
        self._topics = Topics(settings.kafka_topic_prefix)
        self._registries = Registries()
        self._held: dict[TopicPartition, AssignedPartition] = {}
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
            partition_assignment_strategy=(_sticky_assignor(),),
            session_timeout_ms=session_ms,
            heartbeat_interval_ms=max(session_ms // 5, 100),
            max_poll_interval_ms=_DAY_MS,  # the store may be away for long
            rebalance_timeout_ms=session_ms,
            max_partition_fetch_bytes=_FETCH_BYTES,
            request_timeout_ms=session_ms + 5_000,
        )
        telling: asyncio.Task[None] | None = None
        try:
            await self._must_be_in(chosen)
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
            await stop_client(consumer, DRAIN_WITHIN_S)

    def _chosen(self) -> store_log.Log:
        with translated(), connect(self._database_url, application="tachowatt-ingest") as found:
            return store_log.chosen(found)

    async def _must_be_in(self, chosen: store_log.Log) -> None:
        """Raises `Stop` where this is not the Kafka that the store's offsets are of."""
        if chosen.cluster_id is None:
            return
        admin = AIOKafkaAdminClient(**self._connection)
        try:
            await admin.start()
            found = (await admin.describe_cluster())["cluster_id"]
        finally:
            await admin.close()
        if found != chosen.cluster_id:
            raise Stop(
                f"the store is fed from {chosen} in the cluster {chosen.cluster_id}, and this is "
                f"the cluster {found}, where offsets mean something else; `tachowatt log init "
                "--help` says how to change over"
            )

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
                self._leaving.add(task)
                task.add_done_callback(self._leaving.discard)
                task.add_done_callback(partial(self._forget, tp))
        for tp in assigned:
            if tp not in self._held:
                self._take_up(consumer, tp)
        log.info("partitions: %s", sorted(tp.partition for tp in self._held) or "none")
        self._metrics.partitions.set(len(self._held))
        self._away = None
        self.assigned.set()

    def _forget(self, tp: TopicPartition, _: "asyncio.Task[None]") -> None:
        """What is said of it is the next owner's business."""
        if tp not in self._held:
            for gauge in (self._metrics.lag, self._metrics.reconcile_pending):
                with suppress(KeyError):
                    gauge.remove(str(tp.partition))

    def _take_up(self, consumer: AIOKafkaConsumer, tp: TopicPartition) -> None:
        worker = Worker(
            self._database_url,
            self._settings,
            self._clock,
            self._metrics,
            Partition(tp.partition, self._of, "kafka"),
            self._registries,
        )
        held = AssignedPartition(
            tp, consumer, DirectLog(worker, self._metrics), self._settings, self._acks
        )
        self._held[tp] = held
        held.task.add_done_callback(lambda task: self._ended(held, task))

    def _ended(self, held: AssignedPartition, task: "asyncio.Task[None]") -> None:
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

    async def _again(self, held: AssignedPartition) -> None:
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
                highwater = consumer.highwater(tp)
                if highwater is not None:
                    self._metrics.lag.labels(str(tp.partition)).set(max(highwater - told[tp], 0))
        if told:
            await asyncio.wait_for(consumer.commit(told), DRAIN_WITHIN_S)


def _sticky_assignor() -> type[StickyPartitionAssignor]:
    """A class for one consumer alone: aiokafka keeps a consumer's assignment in the class."""

    class OfOneConsumer(StickyPartitionAssignor):  # type: ignore[misc]
        pass

    return OfOneConsumer


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]
    def __init__(self, ingest: KafkaIngest, consumer: AIOKafkaConsumer) -> None:
        self._ingest = ingest
        self._consumer = consumer

    async def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        await self._ingest.revoked(self._consumer)

    async def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        self._ingest.assign(self._consumer, assigned)
