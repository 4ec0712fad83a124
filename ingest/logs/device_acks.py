"""Send device acknowledgements to the gateways through Kafka."""

import asyncio
import logging
from contextlib import suppress

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from contracts.kafka import Topics
from contracts.raw import Receipt
from contracts.wire import pack_receipt
from runtime.kafka import stop_client

log = logging.getLogger("ingest.kafka")

_AGAIN_S = 1.0
_ACKS_AT_ONCE = 5_000


class AckSender:
    """Sends the acknowledgements of many devices in one record. Drops what Kafka does not take in
    time: those devices send again, and are acknowledged then."""

    def __init__(self, connection: dict[str, object], topics: Topics) -> None:
        self._connection = connection
        self._topic = topics.acks
        self._waiting: asyncio.Queue[tuple[int, Receipt]] = asyncio.Queue(1_000)
        self._task: asyncio.Task[None] | None = None

    def send(self, partition: int, receipt: Receipt) -> None:
        """Queue a receipt and return at once; drop it if the queue is full."""
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="device-acks")
        with suppress(asyncio.QueueFull):
            self._waiting.put_nowait((partition, receipt))

    async def close(self) -> None:
        """Send the queued receipts for up to 1 s, then stop."""
        if self._task is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(1):
                    await self._waiting.join()
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
                await stop_client(producer)
            await asyncio.sleep(_AGAIN_S)
