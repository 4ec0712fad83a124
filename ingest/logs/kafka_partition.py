"""One assigned Kafka partition: fetches records and feeds them to its worker in order."""

import asyncio
from collections import deque

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from contracts.kafka import from_record
from contracts.raw import Receipt
from ingest.logs.device_acks import AckSender
from ingest.logs.direct import DirectLog
from runtime.errors import Fenced, Stop
from runtime.settings import Settings

DRAIN_WITHIN_S = 5.0

MAX_BATCHES_IN_FLIGHT = 3
"""Batches of a partition in process, as at the gateway: one committed, one prepared, one read."""
_POLL_MS = 500
_FULL_BYTES = 3 * 1024 * 1024
"""Size of a full batch. One fetch can fill it, because gateways send batches of 1 MiB."""
_LOOKS_AT_END = 10
_AGAIN_S = 1.0


class AssignedPartition:
    """Feeds the messages of a partition to its worker, in order."""

    def __init__(
        self,
        tp: TopicPartition,
        consumer: AIOKafkaConsumer,
        log_: DirectLog,
        settings: Settings,
        acks: AckSender,
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
        """Wait a bounded time until the batches in flight are committed; release the partition."""
        self._stop.set()
        if self.started.is_set():
            await asyncio.wait((self.task,), timeout=DRAIN_WITHIN_S)
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)
        await self.log.close()

    async def _run(self) -> None:
        await self.log.start(depose_after_s=self._settings.kafka_session_timeout_s / 2)
        await self._check_log_end()
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

    async def _check_log_end(self) -> None:
        """Raises `Stop` if Kafka ends before the committed offset: it has lost messages, and new
        messages would get the offsets of committed ones, and be skipped."""
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
        in_flight: deque[asyncio.Task[Receipt]] = deque()
        first = self.log.committed
        try:
            while records := await self._gather(in_flight, first):
                messages = [from_record(r.value, r.headers) for r in records]
                in_flight.append(asyncio.create_task(self.log.append(messages, first)))
                first += len(records)
            while in_flight:
                await self._finish(in_flight)
        finally:
            for task in in_flight:
                task.cancel()
            await asyncio.gather(*in_flight, return_exceptions=True)

    async def _gather(
        self, in_flight: "deque[asyncio.Task[Receipt]]", first: int
    ) -> list[ConsumerRecord]:
        """Gather the next batch, from the offset `first` on; empty after `stop`. A full batch is
        returned while earlier ones are in flight; a small one gathers more records until those are
        committed.

        Records are taken at once also because aiokafka fetches nothing, for any partition, while
        one partition has fetched records that nobody has taken.
        """
        records: list[ConsumerRecord] = []
        size = 0
        while not self._stop.is_set():
            while in_flight and in_flight[0].done():
                await self._finish(in_flight)
            most = self._settings.batch_messages - len(records)
            full = most <= 0 or size >= _FULL_BYTES
            if records and (not in_flight or (full and len(in_flight) < MAX_BATCHES_IN_FLIGHT)):
                return records
            if full:
                await asyncio.wait((in_flight[0],))
                continue
            more = self._next(await self._more(most, in_flight), first + len(records))
            records += more
            size += sum([r.serialized_value_size for r in more])
        return []

    def _next(self, records: list[ConsumerRecord], expected: int) -> list[ConsumerRecord]:
        """Drop records before `expected`, which a rebalance brings again. Raises `Fenced` if
        records are missing."""
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
        self, most: int, in_flight: "deque[asyncio.Task[Receipt]]"
    ) -> list[ConsumerRecord]:
        """Fetch the available records; none if the oldest batch is committed first."""
        # It takes records and returns in one step, so cancelling it loses none.
        asking = asyncio.ensure_future(
            self.consumer.getmany(self.tp, timeout_ms=_POLL_MS, max_records=most)
        )
        try:
            await asyncio.wait((asking, *list(in_flight)[:1]), return_when=asyncio.FIRST_COMPLETED)
            return asking.result().get(self.tp, []) if asking.done() else []
        finally:
            asking.cancel()

    async def _finish(self, in_flight: "deque[asyncio.Task[Receipt]]") -> None:
        receipt = await in_flight[0]
        in_flight.popleft()
        if receipt.acks:
            self._acks.send(self.tp.partition, receipt)
