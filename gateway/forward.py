"""Forward messages from the broker to the log in batches; acknowledge what the log has."""

import asyncio
import logging
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Any

from contracts.raw import DeviceAck, Log, RawMessage, Receipt
from contracts.topics import ack_body, ack_topic
from gateway.ack_window import AckWindow
from gateway.session import Session
from runtime.clock import Clock
from runtime.metrics import Metrics
from runtime.mqtt_tls import mqtt_tls
from runtime.settings import Settings

log = logging.getLogger("gateway")

_STOP_WITHIN_S = 2.0
_ACKS_AT_ONCE = 5_000
"""Devices acknowledged in one interval; an acknowledgement costs the broker a message."""

MAX_BATCHES_IN_FLIGHT = 3
"""Batches passed to the log at a time: one is committed, one prepared and one read."""

BATCH_BYTES = 4 * 1024 * 1024
_WINDOW_BYTES = 32 * 1024 * 1024
"""Limit of bytes in the window; at this limit reading from the broker pauses."""


class Gateway:
    """Takes messages from one MQTT session and puts them into a log."""

    def __init__(
        self,
        mqtt_url: str,
        log_: Log,
        subscriptions: Sequence[str],
        settings: Settings,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        """subscriptions : the topics of all dialects (`contracts.dialects.Router`)."""
        self._log = log_
        self._settings = settings
        self._clock = clock
        self._metrics = metrics
        self._window = AckWindow()
        self._arrived = asyncio.Event()
        self._full = asyncio.Event()
        self._acks: dict[tuple[str, str], DeviceAck] = {}
        self._session = Session(
            mqtt_url,
            settings.mqtt_client_id,
            _shared(subscriptions, settings.mqtt_share_group),
            settings.receive_maximum,
            self._on_messages,
            self._on_lost,
            clock.now_us,
            version=settings.mqtt_version,
            # The embedded broker keeps one alias per subscription, and so sends wrong topics.
            topic_aliases=settings.mqtt_topic_aliases if settings.mqtt_url else 0,
            tls=mqtt_tls(settings) if mqtt_url.startswith(("mqtts:", "wss:")) else None,
        )
        metrics.window_bytes_limit.set(_WINDOW_BYTES)
        metrics.window_messages_limit.set(settings.receive_maximum)

    @property
    def in_flight(self) -> int:
        """Messages received and not yet acknowledged to the broker."""
        return len(self._window)

    @property
    def subscribed(self) -> asyncio.Event:
        """Set while the broker is known to keep published messages for our session."""
        return self._session.subscribed

    @property
    def not_reached(self) -> asyncio.Event:
        """Set once the broker was away, or has refused the connection or the subscription."""
        return self._session.not_reached

    def missing(self) -> str | None:
        """Return why no messages come from the broker at present; None = they do."""
        return None if self.subscribed.is_set() else "no subscription at the MQTT broker"

    def _on_messages(self, messages: list[RawMessage], mids: list[int]) -> None:
        self._window.arrive(messages, mids)
        most = self._settings.receive_maximum
        if len(self._window) >= most or self._window.size >= _WINDOW_BYTES:
            self._session.pause()
        self._arrived.set()
        if self._is_full():
            self._full.set()
        self._metrics.received.inc(len(messages))
        self._measure()

    def _on_lost(self) -> None:
        again = self._window.lost_connection()
        self._measure()
        self._metrics.reconnects.inc()
        if again:
            log.info("%d messages without acknowledgement may come again", again)

    async def run(self, stop: asyncio.Event) -> None:
        """Forward until `stop`; then commit what has arrived, acknowledge it, and disconnect."""
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
        """Wait a bounded time until the window is committed; the broker keeps the rest."""
        for _ in range(round(_STOP_WITHIN_S / 0.02)):
            if not len(self._window):
                return
            await asyncio.sleep(0.02)
        log.warning("%d messages are left with the broker", len(self._window))

    async def _forward(self) -> None:
        """Append batches in order. While one is being committed, full batches are already passed to
        the log, which prepares them; small ones wait and grow."""
        in_flight: deque[asyncio.Task[Receipt]] = deque()
        try:
            while True:
                if not in_flight:
                    await self._arrived.wait()
                    if not self._is_full() and self._settings.batch_wait_ms:
                        await asyncio.sleep(self._settings.batch_wait_ms / 1000)
                elif len(in_flight) == MAX_BATCHES_IN_FLIGHT or not self._is_full():
                    await self._done_or_full(in_flight[0], len(in_flight) < MAX_BATCHES_IN_FLIGHT)
                    if in_flight[0].done():
                        self._finish(in_flight.popleft().result())
                    continue
                batch = self._window.take(self._settings.batch_messages, BATCH_BYTES)
                if not self._window.waiting:
                    self._arrived.clear()
                if batch:
                    in_flight.append(asyncio.create_task(self._log.append(batch)))
        finally:
            for task in in_flight:
                task.cancel()
            await asyncio.gather(*in_flight, return_exceptions=True)

    def _is_full(self) -> bool:
        return self._window.full(self._settings.batch_messages, BATCH_BYTES)

    async def _done_or_full(self, task: asyncio.Task[Receipt], early: bool) -> None:
        """Wait until `task` is done or, if `early`, the next batch is full."""
        self._full.clear()
        waiting: set[asyncio.Task[Any]] = {task}
        full = asyncio.create_task(self._full.wait()) if early else None
        if full is not None:
            waiting.add(full)
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            if full is not None:
                full.cancel()

    def committed(self, acks: Iterable[DeviceAck]) -> None:
        """Queue acknowledgements for devices; they are sent at the next interval."""
        for ack in acks:
            self._acks[(ack.tenant, ack.device)] = ack

    def _finish(self, receipt: Receipt) -> None:
        """Acknowledge the oldest batch, which the log has now."""
        self._session.acknowledge(self._window.done())
        if len(self._window) <= self._settings.receive_maximum // 2:
            self._session.resume()
        self.committed(receipt.acks)
        self._measure()

    def _measure(self) -> None:
        messages = len(self._window)
        self._metrics.in_flight.set(messages)
        self._metrics.window_messages.set(messages)
        self._metrics.window_bytes.set(self._window.size)

    async def _send_device_acks(self) -> None:
        while True:
            await asyncio.sleep(self._settings.ack_interval_s)
            self._flush_device_acks()

    def _flush_device_acks(self) -> None:
        if len(self._acks) <= _ACKS_AT_ONCE:
            due, self._acks = list(self._acks.values()), {}
        else:  # those that have waited longest; the others are newer when they are sent
            due = [self._acks.pop(key) for key in list(self._acks)[:_ACKS_AT_ONCE]]
        self._session.publish([(ack_topic(ack), ack_body(ack)) for ack in due])


def _shared(subscriptions: Sequence[str], share_group: str) -> Sequence[str]:
    """Make shared subscriptions for the gateways of a group (MQTT 5, 4.8.2), if there is one."""
    if not share_group:
        return subscriptions
    return [f"$share/{share_group}/{topic}" for topic in subscriptions]
