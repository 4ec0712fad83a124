"""From the broker to the log: batches, and acknowledgements only after the log has them."""

import asyncio
import logging
from collections.abc import Sequence

from contracts.raw import DeviceAck, Log, RawMessage
from contracts.topics import SUBSCRIPTIONS, ack_body, ack_topic
from gateway.ack_window import AckWindow, Arrived
from gateway.publish_packet import Publish
from gateway.session import Session
from runtime.clock import Clock
from runtime.metrics import Metrics
from runtime.settings import Settings

log = logging.getLogger("gateway")

_STOP_WITHIN_S = 2.0
_BATCH_BYTES = 32 * 1024 * 1024


class Gateway:
    """Takes messages from one MQTT session and puts them into a log."""

    def __init__(
        self, mqtt_url: str, log_: Log, settings: Settings, clock: Clock, metrics: Metrics
    ) -> None:
        self._log = log_
        self._settings = settings
        self._clock = clock
        self._metrics = metrics
        self._window = AckWindow()
        self._number = 0
        self._arrived = asyncio.Event()
        self._acks: dict[tuple[str, str], DeviceAck] = {}
        self._session = Session(
            mqtt_url,
            settings.mqtt_client_id,
            SUBSCRIPTIONS,
            settings.receive_maximum,
            self._on_messages,
            self._on_lost,
        )

    @property
    def in_flight(self) -> int:
        """Messages received and not yet acknowledged to the broker."""
        return len(self._window)

    @property
    def connected(self) -> asyncio.Event:
        """Set while the session is connected."""
        return self._session.connected

    def _on_messages(self, messages: Sequence[Publish]) -> None:
        now_us, number = self._clock.now_us(), self._number
        for topic, mid, _, body, content_type in messages:
            raw = RawMessage(topic, body, now_us, content_type)
            self._window.arrive(Arrived(raw, mid, number))
        self._arrived.set()
        self._metrics.received.inc(len(messages))

    def _on_lost(self) -> None:
        forgotten = self._window.lost_connection(self._number)
        self._number += 1
        self._metrics.reconnects.inc()
        if forgotten:
            log.info("%d messages without acknowledgement will come again", forgotten)

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`: then commit what has arrived, acknowledge it, and disconnect."""
        await self._session.start()
        acker = asyncio.create_task(self._send_device_acks(), name="device-acks")
        forwarder = asyncio.create_task(self._forward(), name="forward")
        stopping = asyncio.create_task(stop.wait(), name="stop")
        try:
            await asyncio.wait((forwarder, stopping), return_when=asyncio.FIRST_COMPLETED)
            if forwarder.done():
                forwarder.result()  # raises what ended it
            await self._drain()
        finally:
            for task in (forwarder, acker, stopping):
                task.cancel()
            await asyncio.gather(forwarder, acker, stopping, return_exceptions=True)
            self._flush_device_acks()
            await self._session.close()

    async def _drain(self) -> None:
        """Give what has arrived a bounded time to be committed; the broker keeps the rest."""
        for _ in range(round(_STOP_WITHIN_S / 0.02)):
            if not len(self._window):
                return
            await asyncio.sleep(0.02)
        log.warning("%d messages are left with the broker", len(self._window))

    async def _forward(self) -> None:
        wait_s = self._settings.batch_wait_ms / 1000
        while True:
            await self._arrived.wait()
            if self._window.waiting < self._settings.batch_messages and wait_s:
                await asyncio.sleep(wait_s)
            batch = self._window.take(self._settings.batch_messages, _BATCH_BYTES)
            if not self._window.waiting:
                self._arrived.clear()
            if not batch:
                continue
            self._metrics.in_flight.set(len(self._window))
            receipt = await self._log.append([arrived.raw for arrived in batch])
            self._session.acknowledge(
                [
                    arrived.mid
                    for arrived in self._window.done(len(batch))
                    if arrived.mid and arrived.session == self._number
                ]
            )
            for ack in receipt.acks:
                self._acks[(ack.tenant, ack.device)] = ack
            self._metrics.in_flight.set(len(self._window))

    async def _send_device_acks(self) -> None:
        while True:
            await asyncio.sleep(self._settings.ack_interval_s)
            self._flush_device_acks()

    def _flush_device_acks(self) -> None:
        acks, self._acks = self._acks, {}
        for ack in acks.values():
            self._session.publish(ack_topic(ack), ack_body(ack))
