"""The Kafka log: sends messages to their partitions, receives device acknowledgements."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import KafkaError

from contracts.kafka import MOST_RECORD_BYTES, Topics, to_record
from contracts.partition import KeyOfTopic, partition_of
from contracts.raw import DeviceAck, RawMessage, Receipt
from contracts.wire import unpack_receipt
from runtime.backoff import pause_after
from runtime.errors import Retry, Stop
from runtime.kafka import client_options, stop_client
from runtime.metrics import Metrics

log = logging.getLogger("gateway.kafka")

_ANSWER_WITHIN_MS = 5_000
_BATCH_BYTES = 1024 * 1024
_TOPICS_KNOWN = 200_000
"""Size of the cache of topics' partitions; a full cache is cleared."""


class KafkaLog:
    """A `Log` whose messages are durable when Kafka has them on all in-sync replicas.

    Its receipts have no acknowledgements for devices, because nothing is committed yet. Ingest
    sends those in a separate topic, and they go to `on_acks`; the gateways of one broker share that
    topic as one consumer group, so each is passed on once. A lost one does no harm: the device
    sends again, and is acknowledged then.

    broker : a name for the MQTT broker, the same for all of its gateways. key_of_topic : a
    topic → the key of its messages, which decides their partition. session_timeout_s : time without
    a heartbeat after which the other gateways replace this one in the group.
    """

    def __init__(
        self,
        url: str,
        topics: Topics,
        broker: str,
        key_of_topic: KeyOfTopic,
        metrics: Metrics,
        on_acks: Callable[[Sequence[DeviceAck]], None],
        session_timeout_s: float = 10.0,
    ) -> None:
        self._connection = client_options(url)
        self._url = url
        self._topics = topics
        self._group = topics.gateways(broker)
        self._key_of_topic = key_of_topic
        self._metrics = metrics
        self._on_acks = on_acks
        self._session_ms = round(session_timeout_s * 1_000)
        self._producer: AIOKafkaProducer | None = None
        self._partitions: dict[str, tuple[bytes, int]] = {}
        self._of = 0
        self._turn = asyncio.Lock()
        self._listening: asyncio.Task[None] | None = None
        self._away: str | None = "not connected to Kafka yet"

    def missing(self) -> str | None:
        """Return why Kafka takes no messages at present; None = it does."""
        return self._away

    async def start(self) -> None:
        """Connect; waits while Kafka is away or does not have the topic."""
        async with self._turn:
            await self._retry_until_done(self._connect)
        self._listening = asyncio.create_task(self._listen(), name="device-acks-from-ingest")

    async def append(self, messages: Sequence[RawMessage]) -> Receipt:
        """Send a batch; waits as long as Kafka is away. Batches are sent one by one, in order.

        Raises `Stop` if the topic's number of partitions has changed since `start`.
        """
        async with self._turn:
            await self._retry_until_done(lambda: self._send(messages))
        return Receipt()

    async def close(self) -> None:
        """Stop listening and disconnect."""
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)
        await self._drop()

    async def _connect(self) -> AIOKafkaProducer:
        if self._producer is not None:
            return self._producer
        producer = AIOKafkaProducer(
            **self._connection,
            acks="all",
            enable_idempotence=True,
            max_batch_size=MOST_RECORD_BYTES,
            max_request_size=MOST_RECORD_BYTES,
            request_timeout_ms=_ANSWER_WITHIN_MS,
        )
        try:
            await producer.start()
            partitions = await producer.partitions_for(self._topics.raw)
        except BaseException:
            await producer.stop()
            raise
        if self._of not in (0, len(partitions)):
            await producer.stop()
            raise Stop(
                f"the topic {self._topics.raw} has {len(partitions)} partitions by now, and had "
                f"{self._of}: devices' messages would change places. `tachowatt log init --help`"
            )
        self._of = len(partitions)
        self._producer = producer
        return producer

    async def _send(self, messages: Sequence[RawMessage]) -> None:
        """Send a batch. Raises KafkaError; Kafka may then have some of its messages."""
        producer = await self._connect()
        parts: dict[int, list[tuple[bytes, RawMessage]]] = defaultdict(list)
        for message in messages:
            key, partition = self._place(message.topic)
            parts[partition].append((key, message))
        sending = [self._send_part(producer, n, part) for n, part in parts.items()]
        results = await asyncio.gather(*sending, return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result

    async def _send_part(
        self, producer: AIOKafkaProducer, partition: int, part: list[tuple[bytes, RawMessage]]
    ) -> None:
        """Send record batches of one partition one by one, so that none arrives without those
        before it."""
        batch, size = producer.create_batch(), 0
        for key, message in part:
            value, headers = to_record(message)
            size += len(value)
            if size > _BATCH_BYTES and batch.record_count():
                await self._send_batch(producer, batch, partition)
                batch, size = producer.create_batch(), len(value)
            if batch.append(key=key, value=value, timestamp=None, headers=headers) is None:
                await self._send_batch(producer, batch, partition)
                batch, size = producer.create_batch(), len(value)
                batch.append(key=key, value=value, timestamp=None, headers=headers)
        await self._send_batch(producer, batch, partition)

    async def _send_batch(self, producer: AIOKafkaProducer, batch: object, partition: int) -> None:
        batch.close()  # type: ignore[attr-defined]
        await (await producer.send_batch(batch, self._topics.raw, partition=partition))

    def _place(self, topic: str) -> tuple[bytes, int]:
        found = self._partitions.get(topic)
        if found is None:
            if len(self._partitions) >= _TOPICS_KNOWN:
                self._partitions.clear()
            key = self._key_of_topic(topic)
            found = (key.encode("utf-8", "surrogatepass"), partition_of(key, self._of))
            self._partitions[topic] = found
        return found

    async def _retry_until_done(self, call: Callable[[], Coroutine[Any, Any, object]]) -> None:
        attempt = 0
        while True:
            try:
                await self._wait_and_report(asyncio.ensure_future(call()))
                self._away = None
                return
            except (KafkaError, OSError, Retry) as error:
                await self._drop()  # a failed idempotent producer may refuse later batches
                pause = pause_after(attempt)
                attempt += 1
                self._metrics.retries.inc()
                self._away = f"Kafka does not take messages: {error!r}"
                log.warning("Kafka does not take it (%r); again in %.1f s", error, pause)
                await asyncio.sleep(pause)

    async def _wait_and_report(self, task: asyncio.Future[object]) -> None:
        """Wait for the task, and report a long wait: a producer waits without a time limit."""
        try:
            done, _ = await asyncio.wait((task,), timeout=_ANSWER_WITHIN_MS / 1_000)
            if not done:
                self._away = "Kafka does not answer"
                log.warning("%s; the broker keeps what comes meanwhile", self._away)
            await task
        finally:
            task.cancel()

    async def _drop(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            await stop_client(producer)

    async def _listen(self) -> None:
        """Pass device acknowledgements to `on_acks` until cancelled."""
        while True:
            consumer = AIOKafkaConsumer(
                self._topics.acks,
                **self._connection,
                group_id=self._group,
                auto_offset_reset="latest",
                session_timeout_ms=self._session_ms,
                heartbeat_interval_ms=max(self._session_ms // 5, 100),
                rebalance_timeout_ms=self._session_ms,
                request_timeout_ms=self._session_ms + _ANSWER_WITHIN_MS,
            )
            try:
                await consumer.start()
                async for record in consumer:
                    with suppress(ValueError):
                        self._on_acks(unpack_receipt(record.value or b"").acks)
            except (KafkaError, OSError) as error:
                log.warning("no acknowledgements of devices for now: %r", error)
            finally:
                await stop_client(consumer)
            await asyncio.sleep(1)
