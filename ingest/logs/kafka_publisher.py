"""Publish signals and meter events, as CloudEvents, and dead letters to Kafka for other systems.

``signals``: one CloudEvent (JSON, structured mode) per record; key tenant/device, or tenant/subject
if no device is concerned. ``telemetry.dead``: value the untouched body; key that of the message;
headers topic, content_type, reason, detail, tenant, dialect, received_us, partition, offset (its
source position) and dead_letter_id. ``customers.changes``: accepted readings and billing values;
key tenant and meter. At least once: receivers drop a repeated `source` and `id`, and keep the
highest revision of an episode.
"""

import asyncio
import json
import logging
from collections.abc import Callable, Mapping
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from contracts.kafka import MOST_RECORD_BYTES, Topics
from contracts.signals import cloud_event, source_of
from runtime.errors import Retry
from runtime.kafka import client_options, stop_client
from runtime.metrics import Metrics
from runtime.waiting import pause
from store.pipeline.dead_letter import DeadLetterRow
from store.postgres.pool import Connection, abort, connect, translated
from store.postgres.roles import WRITER
from store.postgres.times import to_us
from store.signals import publications

log = logging.getLogger("ingest.logs.kafka_publisher")

_AT_ONCE = 500
_LOOK_EVERY_S = 0.25
_AGAIN_S = 2.0
_ANSWER_WITHIN_S = 10.0

_CLOUD_EVENT = [("content-type", b"application/cloudevents+json; charset=UTF-8")]
Record = tuple[str, bytes, bytes, list[tuple[str, bytes]]]
"""Topic, key, value, headers."""


class Publisher:
    """Only one process publishes at a time; the others wait until it ends."""

    def __init__(
        self,
        url: str,
        database_url: str,
        topics: Topics,
        metrics: Metrics,
        key_of_topic: Callable[[str], str],
    ) -> None:
        self._connection = client_options(url)
        self._database_url = database_url
        self._topics = topics
        self._metrics = metrics
        self._key_of_topic = key_of_topic
        self._session: Connection | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Publish until `stop`; the next publisher continues with what is left."""
        try:
            while not stop.is_set():
                pause_s = _LOOK_EVERY_S
                producer = AIOKafkaProducer(
                    **self._connection,
                    acks="all",
                    enable_idempotence=True,
                    max_request_size=MOST_RECORD_BYTES,
                )
                try:
                    if await asyncio.to_thread(self._may_publish):
                        await producer.start()
                        await self._publish(producer, stop)
                    else:
                        pause_s = _AGAIN_S
                except (KafkaError, OSError, Retry) as error:
                    log.warning("signals and dead letters wait (%r)", error)
                    pause_s = _AGAIN_S
                    await asyncio.to_thread(self._end_session)
                finally:
                    await stop_client(producer)
                await pause(stop, pause_s)
        finally:
            await asyncio.to_thread(self._end_session)

    async def _publish(self, producer: AIOKafkaProducer, stop: asyncio.Event) -> None:
        while not stop.is_set():
            ids, records = await asyncio.to_thread(self._due)
            if not ids:
                await pause(stop, _LOOK_EVERY_S)
                continue
            sent = [
                await producer.send(topic, value, key=key, headers=headers)
                for topic, key, value, headers in records
            ]
            async with asyncio.timeout(_ANSWER_WITHIN_S):
                await asyncio.gather(*sent)
            await asyncio.to_thread(self._done, ids)
            self._metrics.published.inc(len(ids))

    # ── store access, in threads ────────────────────────────────────────────────────────────

    def _may_publish(self) -> bool:
        with translated():
            if self._session is None or self._session.closed:
                self._session = connect(
                    self._database_url, application="tachowatt-publish", role=WRITER
                )
            return publications.may_publish(self._session)

    def _due(self) -> tuple[list[int], list[Record]]:
        session = self._session
        assert session is not None
        with translated():
            due = publications.oldest(session, _AT_ONCE)
            signals = publications.signals(session, [r for _, kind, r in due if kind == "signal"])
            dead_letters = publications.dead_letters(
                session, [r for _, kind, r in due if kind == "dead_letter"]
            )
            events = publications.events(
                session, [i for i, kind, _ in due if kind == "meter_event"]
            )
            session.rollback()
        records = []
        for id_, kind, ref in due:  # in their order
            if kind == "signal" and ref in signals:
                records.append(_signal(self._topics.signals, signals[ref]))
            elif kind == "dead_letter" and ref in dead_letters:
                row = dead_letters[ref]
                key = self._key_of_topic(row.topic).encode()
                records.append(_dead_letter(self._topics.dead, key, row))
            elif id_ in events:
                records.append(_meter_event(self._topics.changes, events[id_]))
        return [id_ for id_, _, _ in due], records

    def _done(self, ids: list[int]) -> None:
        assert self._session is not None
        with translated():
            publications.done(self._session, ids)
            self._session.commit()

    def _end_session(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            abort(session)
            session.close()


def _signal(topic: str, row: Mapping[str, Any]) -> Record:
    event = cloud_event(row, row["device"])
    key, value = source_of(row, row["device"]).encode(), event.model_dump_json().encode()
    return topic, key, value, _CLOUD_EVENT


def _meter_event(topic: str, event: Mapping[str, Any]) -> Record:
    key = f"{event['tenant']}/meter:{event['data']['meter']}"
    value = json.dumps(event, ensure_ascii=False).encode()
    return topic, key.encode(), value, _CLOUD_EVENT


def _dead_letter(topic: str, key: bytes, row: DeadLetterRow) -> Record:
    fields = {
        "topic": row.topic,
        "content_type": row.content_type,
        "user_properties": None if row.user_properties is None else json.dumps(row.user_properties),
        "reason": row.reason,
        "detail": row.detail,
        "tenant": row.tenant,
        "dialect": row.dialect,
        "received_us": to_us(row.received_at),
        "partition": row.partition,
        "offset": row.offset,
        "dead_letter_id": row.id,
    }
    headers = [(name, str(value).encode()) for name, value in fields.items() if value is not None]
    return topic, key, bytes(row.body), headers
