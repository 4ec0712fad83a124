"""Ingest from Kafka, as one consumer of a group; each consumer has some of the partitions.

An assigned partition starts at the offset in the store and not in Kafka, and committed messages are
skipped: a batch counts once, whichever consumer reads it, and however often. Offsets are also
committed to Kafka, but only so that monitoring can show the lag.
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
from runtime.waiting import pause
from store.pipeline import log as store_log
from store.postgres.pool import connect, translated

log = logging.getLogger("ingest.kafka")

_FETCH_BYTES = 4 * 1024 * 1024
_REPORT_EVERY_S = 2.0
_AGAIN_S = 1.0
_DAY_MS = 86_400_000


class KafkaIngest:
    """One consumer of the group. partitions : numbers of the assigned partitions that it feeds."""

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
        self._partitions: dict[TopicPartition, AssignedPartition] = {}
        self._leaving: set[asyncio.Task[None]] = set()
        self._failed: asyncio.Future[None] | None = None
        self._of = 0
        self._away: str | None = "no partitions have been assigned yet"
        self._acks = AckSender(self._connection, self._topics)
        self.assigned = asyncio.Event()

    @property
    def partitions(self) -> list[int]:
        return sorted(
            tp.partition for tp, each in self._partitions.items() if each.started.is_set()
        )

    def missing(self) -> str | None:
        """Return why some or all assigned partitions commit nothing at present; None = all do."""
        if self._away is not None:
            return self._away
        # A consumer without partitions (more consumers than partitions) is ready.
        away = {tp.partition: each.log.missing() for tp, each in list(self._partitions.items())}
        found = [f"partition {n}: {text}" for n, text in sorted(away.items()) if text is not None]
        return "; ".join(found) or None

    async def run(self, stop: asyncio.Event) -> None:
        """Consume until `stop`; then commit the batches in flight and release the partitions.

        Raises `Stop` if the store is not fed from this topic.
        """
        stopping = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set():
                try:
                    await self._consume(stopping)
                except (KafkaError, OSError, Retry) as error:
                    self._away = f"Kafka or the store is away: {error!r}"
                    log.warning("%s; again in %.0f s", self._away, _AGAIN_S)
                    await pause(stop, _AGAIN_S)
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
            auto_offset_reset="earliest",  # `AssignedPartition` finds missing messages
            partition_assignment_strategy=(_sticky_assignor(),),
            session_timeout_ms=session_ms,
            heartbeat_interval_ms=max(session_ms // 5, 100),
            max_poll_interval_ms=_DAY_MS,  # the store may be away for long
            rebalance_timeout_ms=session_ms,
            max_partition_fetch_bytes=_FETCH_BYTES,
            request_timeout_ms=session_ms + 5_000,
        )
        reporting: asyncio.Task[None] | None = None
        try:
            await self._check_cluster(chosen)
            await consumer.start()
            partitions = await self._count_partitions(consumer)
            if chosen.topic != self._topics.raw or chosen.partitions != partitions:
                raise Stop(
                    f"the store is fed from {chosen}, and the topic {self._topics.raw} has "
                    f"{partitions} partitions; `tachowatt log init --help` says how to change over"
                )
            self._of = partitions
            consumer.subscribe([self._topics.raw], listener=_Listener(self, consumer))
            reporting = asyncio.create_task(self._report_offsets(consumer), name="report-offsets")
            waiting: set[asyncio.Future[object]] = {stopping, self._failed, reporting}  # type: ignore[arg-type]
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            if self._failed.done():
                self._failed.result()
            if reporting.done():
                reporting.result()
        finally:
            if reporting is not None:
                reporting.cancel()
            await asyncio.gather(*(each.leave() for each in self._partitions.values()))
            with suppress(KafkaError, Retry, OSError):
                await self._report_offsets_once(consumer)
            self._partitions.clear()
            await asyncio.gather(*self._leaving)
            await stop_client(consumer, DRAIN_WITHIN_S)

    def _chosen(self) -> store_log.Log:
        with translated(), connect(self._database_url, application="tachowatt-ingest") as found:
            return store_log.chosen(found)

    async def _check_cluster(self, chosen: store_log.Log) -> None:
        """Raises `Stop` if the store's offsets belong to another Kafka cluster."""
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

    async def _count_partitions(self, consumer: AIOKafkaConsumer) -> int:
        await consumer._client.force_metadata_update()
        found = consumer.partitions_for_topic(self._topics.raw) or set()
        if not found:
            await consumer._client.add_topic(self._topics.raw)
            found = consumer.partitions_for_topic(self._topics.raw) or set()
        if not found:
            raise Retry(f"Kafka has no topic {self._topics.raw}; `tachowatt log init` makes it")
        return len(found)

    # ── assignment of partitions ────────────────────────────────────────────────────────────

    async def revoked(self, consumer: AIOKafkaConsumer) -> None:
        """Report offsets before a rebalance. Work continues during it: the compare-and-set fences
        us from partitions that another consumer takes, and the others lose no time."""
        with suppress(KafkaError, Retry, TimeoutError):
            await self._report_offsets_once(consumer)

    def assign(self, consumer: AIOKafkaConsumer, assigned: Collection[TopicPartition]) -> None:
        """Start the newly assigned partitions, and leave those no longer assigned."""
        for tp in list(self._partitions):
            if tp not in assigned:
                task = asyncio.create_task(self._partitions.pop(tp).leave())
                self._leaving.add(task)
                task.add_done_callback(self._leaving.discard)
                task.add_done_callback(partial(self._forget, tp))
        for tp in assigned:
            if tp not in self._partitions:
                self._start(consumer, tp)
        log.info("partitions: %s", sorted(tp.partition for tp in self._partitions) or "none")
        self._metrics.partitions.set(len(self._partitions))
        self._away = None
        self.assigned.set()

    def _forget(self, tp: TopicPartition, _: "asyncio.Task[None]") -> None:
        """Remove the partition's gauges: its next owner reports them."""
        if tp not in self._partitions:
            for gauge in (self._metrics.lag, self._metrics.reconcile_pending):
                with suppress(KeyError):
                    gauge.remove(str(tp.partition))

    def _start(self, consumer: AIOKafkaConsumer, tp: TopicPartition) -> None:
        worker = Worker(
            self._database_url,
            self._settings,
            self._clock,
            self._metrics,
            Partition(tp.partition, self._of, "kafka"),
            self._registries,
        )
        partition = AssignedPartition(
            tp, consumer, DirectLog(worker, self._metrics), self._settings, self._acks
        )
        self._partitions[tp] = partition
        partition.task.add_done_callback(lambda task: self._ended(partition, task))

    def _ended(self, partition: AssignedPartition, task: "asyncio.Task[None]") -> None:
        """Handle a partition that ended by itself: restart it after `Fenced`, fail otherwise."""
        if task.cancelled() or self._failed is None:
            return
        if self._partitions.get(partition.tp) is not partition:
            return
        error = task.exception()
        if isinstance(error, Fenced):
            self._metrics.fenced.inc()
            log.warning("%s; loading it anew", error)
            del self._partitions[partition.tp]
            restart = asyncio.create_task(self._restart(partition))
            self._leaving.add(restart)
            restart.add_done_callback(self._leaving.discard)
        elif error is not None and not self._failed.done():
            self._failed.set_exception(error)

    async def _restart(self, partition: AssignedPartition) -> None:
        """Start a partition again if it is still assigned to us."""
        tp, consumer = partition.tp, partition.consumer
        await partition.leave()
        await asyncio.sleep(_AGAIN_S)  # missing messages do not appear at once
        if tp in consumer.assignment() and tp not in self._partitions:
            self._start(consumer, tp)

    # ── offsets in Kafka ────────────────────────────────────────────────────────────────────

    async def _report_offsets(self, consumer: AIOKafkaConsumer) -> None:
        while True:
            await asyncio.sleep(_REPORT_EVERY_S)
            try:
                await self._report_offsets_once(consumer)
                self._away = None if self.assigned.is_set() else self._away
            except (KafkaError, TimeoutError) as error:
                self._away = f"Kafka does not take offsets: {error!r}"
                log.warning("%s", self._away)

    async def _report_offsets_once(self, consumer: AIOKafkaConsumer) -> None:
        """Commit offsets to Kafka, and set the lag metric."""
        assignment = consumer.assignment()
        offsets = {}
        for tp, partition in self._partitions.items():
            if tp in assignment and partition.started.is_set():
                offsets[tp] = partition.log.committed
                highwater = consumer.highwater(tp)
                if highwater is not None:
                    self._metrics.lag.labels(str(tp.partition)).set(max(highwater - offsets[tp], 0))
        if offsets:
            async with asyncio.timeout(DRAIN_WITHIN_S):
                await consumer.commit(offsets)


def _sticky_assignor() -> type[StickyPartitionAssignor]:
    """Make a class for one consumer: aiokafka keeps a consumer's assignment in the class."""

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
