"""From the broker to the log: batches, and acknowledgements only after the log has them."""

import asyncio
import logging

from contracts.raw import DeviceAck, Log, RawMessage
from contracts.topics import SUBSCRIPTIONS, ack_body, ack_topic
from gateway.ack_window import AckWindow
from gateway.session import Session
from runtime.clock import Clock
from runtime.metrics import Metrics
from runtime.settings import Settings

log = logging.getLogger("gateway")

_STOP_WITHIN_S = 2.0
_BATCH_BYTES = 32 * 1024 * 1024
_WINDOW_BYTES = 64 * 1024 * 1024
"""So many bytes of bodies may be under way; beyond that no more are read from the broker."""


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
        self._arrived = asyncio.Event()
        self._acks: dict[tuple[str, str], DeviceAck] = {}
        self._session = Session(
            mqtt_url,
            settings.mqtt_client_id,
            SUBSCRIPTIONS,
            settings.receive_maximum,
            self._on_messages,
            self._on_lost,
            clock.now_us,
        )

    @property
    def in_flight(self) -> int:
        """Messages received and not yet acknowledged to the broker."""
        return len(self._window)

    @property
    def connected(self) -> asyncio.Event:
        """Set while the session is connected."""
        return self._session.connected

    def _on_messages(self, messages: list[RawMessage], mids: list[int]) -> None:
        self._window.arrive(messages, mids)
        most = self._settings.receive_maximum
        if len(self._window) >= most or self._window.size >= _WINDOW_BYTES:
            self._session.pause()
        self._arrived.set()
        self._metrics.received.inc(len(messages))

    def _on_lost(self) -> None:
        forgotten = self._window.lost_connection()
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
            receipt = await self._log.append(batch)
            self._session.acknowledge(self._window.done())
            if len(self._window) <= self._settings.receive_maximum // 2:
                self._session.resume()
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
