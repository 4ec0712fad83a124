"""The registry over Kafka: rows of back offices in, changes out, both as CloudEvents.

In, topic `customers`: each batch is written in one transaction with the ids of its events, and only
then committed to Kafka, so that what is read again after a crash is ignored. Out, topic
`customers.changes`: one process at a time sends, and notes what Kafka has acknowledged; after a
crash some are sent again, under the same ids.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import KafkaError

from contracts.kafka import MOST_RECORD_BYTES, Topics
from runtime.clock import Clock
from runtime.errors import Retry, Stop
from runtime.kafka import client_options, stop_client
from runtime.waiting import pause
from services import registry_events
from services.registry_events import Due, Received, Record
from store.people import received_events
from store.postgres.pool import Connection, abort, connect, translated
from store.postgres.roles import READER

log = logging.getLogger("ingest.logs.kafka_registry")

_AT_ONCE = 500
_LOOK_EVERY_S = 0.25
_AGAIN_S = 2.0
_ANSWER_WITHIN_S = 10.0


class RegistryFollower:
    """Writes rows of back offices, and publishes changes, until it is stopped."""

    def __init__(self, url: str, database_url: str, topics: Topics, clock: Clock) -> None:
        self._options = client_options(url)
        self._database_url = database_url
        self._topics = topics
        self._clock = clock
        self._reading: Connection | None = None
        self._sending: Connection | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Do both until `stop`."""
        try:
            await asyncio.gather(
                self._repeat(self._receive, stop, "rows of back offices wait"),
                self._repeat(self._publish, stop, "changes of the registry wait"),
            )
        finally:
            await asyncio.to_thread(self._close)

    async def _repeat(
        self,
        work: Callable[[asyncio.Event], Awaitable[None]],
        stop: asyncio.Event,
        waiting: str,
    ) -> None:
        while not stop.is_set():
            try:
                await work(stop)
            except Stop as error:  # ingest goes on: samples do not depend on it
                log.error("%s until this is mended and ingest restarted: %s", waiting, error)
                await stop.wait()
            except (KafkaError, OSError, Retry) as error:
                log.warning("%s (%r)", waiting, error)
                await asyncio.to_thread(self._close)
            await pause(stop, _AGAIN_S)

    # ── in ───────────────────────────────────────────────────────────────────────────────────────

    async def _receive(self, stop: asyncio.Event) -> None:
        consumer = AIOKafkaConsumer(
            self._topics.customers,
            **self._options,
            group_id=self._topics.registry,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            max_partition_fetch_bytes=MOST_RECORD_BYTES,
        )
        await consumer.start()
        try:
            while not stop.is_set():
                found = await consumer.getmany(timeout_ms=250, max_records=_AT_ONCE)
                records = [
                    Record(one.topic, one.partition, one.offset, one.value)
                    for part in found.values()
                    for one in part
                ]
                if not records:
                    continue
                done = await asyncio.to_thread(self._write, records)
                if done.refused:
                    log.warning("%d rows of back offices were refused", done.refused)
                await consumer.commit()
        finally:
            await stop_client(consumer)

    def _write(self, records: list[Record]) -> Received:
        with translated():
            if self._reading is None or self._reading.closed:
                self._reading = self._session()
            try:
                done = registry_events.receive(self._reading, records, self._clock.now_us())
                self._reading.commit()
            except BaseException:
                abort(self._reading)
                raise
            return done

    # ── out ──────────────────────────────────────────────────────────────────────────────────────

    async def _publish(self, stop: asyncio.Event) -> None:
        if not await asyncio.to_thread(self._may_publish):
            return
        producer = AIOKafkaProducer(
            **self._options,
            acks="all",
            enable_idempotence=True,
            max_request_size=MOST_RECORD_BYTES,
        )
        await producer.start()
        try:
            while not stop.is_set():
                due = await asyncio.to_thread(self._due)
                if due is None:
                    await pause(stop, _LOOK_EVERY_S)
                    continue
                sent = [
                    await producer.send(self._topics.changes, value, key=key.encode())
                    for key, value in due.events
                ]
                async with asyncio.timeout(_ANSWER_WITHIN_S):
                    await asyncio.gather(*sent)
                await asyncio.to_thread(self._done, due)
        finally:
            await stop_client(producer)

    @property
    def _name(self) -> str:
        return f"kafka:{self._topics.changes}"

    def _may_publish(self) -> bool:
        with translated():
            if self._sending is None or self._sending.closed:
                self._sending = self._session()
            return received_events.may_publish(self._sending)

    def _due(self) -> Due | None:
        assert self._sending is not None
        with translated():
            found = registry_events.changes_due(self._sending, self._name, _AT_ONCE)
            self._sending.rollback()
            return found

    def _done(self, due: Due) -> None:
        assert self._sending is not None
        with translated():
            now_us = self._clock.now_us()
            registry_events.changes_published(self._sending, self._name, due.cursor, now_us)
            self._sending.commit()

    def _session(self) -> Connection:
        return connect(self._database_url, application="tachowatt-registry", role=READER)

    def _close(self) -> None:
        for session in (self._reading, self._sending):
            if session is not None:
                abort(session)
                session.close()
        self._reading = self._sending = None
