"""Publishes the messages of many devices over one connection, as the devices themselves would.

A native device keeps each message until `…/ack` covers its seq, and sends again what is left
after a reconnect or a silence. Foreign devices have what MQTT gives them: the PUBACK.
"""

import asyncio
import contextlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from simulators.connection import Connection
from simulators.encode import CBOR, JSON, Message

_BATCH = 64
"""Messages between two looks at the socket while flooding."""
_TICK_S = 0.005
"""Paced messages go out in small bundles: waking up for each would cost more than sending it."""
_PACE_S = 0.25
_SLOWEST = 8.0
_PATIENCE = 3.0


class Clock(Protocol):
    """What is asked of a clock (runtime.clock)."""

    def now_us(self) -> int: ...

    def monotonic(self) -> float: ...


@dataclass(slots=True)
class Counters:
    """published: first sendings; resent: repeated ones; acked: messages covered by an ack;
    unacked: held now; in_flight: without PUBACK now; reconnects.
    """

    published: int = 0
    resent: int = 0
    acked: int = 0
    unacked: int = 0
    in_flight: int = 0
    reconnects: int = 0


@dataclass(slots=True)
class Buffer:
    """What one native device still holds. `acked` and `sent` are the highest seq of each."""

    run: int
    acked: int
    sent: int
    progress_s: float
    held: dict[int, Message] = field(default_factory=dict)
    attempts: int = 0


Progress = Callable[[Counters], None]


class Publisher:
    """Use as `async with Publisher(url, clock) as publisher: await publisher.run(messages)`.

    Parameters
    ----------
    tenant : whose acknowledgements to listen to; '+' = everybody's
    window : messages without PUBACK at a time
    max_unacked : native messages held at a time; publishing waits when there are more, so that a
        slow service is not flooded
    resend_after_s : real seconds of silence before a device sends again; while others hear
        something it has three times the patience, and each time twice as much
    acknowledged : False for a broker behind which nobody answers `…/ack`
    """

    def __init__(
        self,
        url: str,
        clock: Clock,
        *,
        tenant: str = "+",
        client_id: str = "tachowatt-simulator",
        window: int = 2_000,
        max_unacked: int = 10_000,
        resend_after_s: float = 10.0,
        acknowledged: bool = True,
    ) -> None:
        self._clock = clock
        self._window, self._max_unacked = window, max_unacked
        self._resend_after_s, self._acknowledged = resend_after_s, acknowledged
        self._buffers: dict[tuple[str, str], Buffer] = {}
        self._counters = Counters()
        self._last_ack_s = clock.monotonic()
        self._resend_all = False
        self._tasks: list[asyncio.Task[None]] = []
        self._properties = {None: None, JSON: _content(JSON), CBOR: _content(CBOR)}
        subscriptions = [f"tw/v1/{tenant}/+/ack"] if acknowledged else []
        self._connection = Connection(
            url, client_id, subscriptions, self._on_connect, self._on_message
        )

    async def __aenter__(self) -> "Publisher":
        self._connection.start()
        self._tasks = [asyncio.get_running_loop().create_task(self._keep_resending())]
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        await self._connection.stop()

    @property
    def counters(self) -> Counters:
        """How far it is."""
        self._counters.in_flight = len(self._connection.inflight)
        self._counters.reconnects = max(self._connection.connects - 1, 0)
        return self._counters

    async def connected(self, timeout_s: float = 10.0) -> bool:
        """Wait for the connection; False if it did not come in time."""
        try:
            await asyncio.wait_for(self._connection.up.wait(), timeout_s)
        except TimeoutError:
            return False
        return True

    async def run(
        self,
        messages: Iterable[Message],
        *,
        speedup: float | None = None,
        start_us: int | None = None,
        progress: Progress | None = None,
    ) -> None:
        """Publish messages in the order given.

        Parameters
        ----------
        messages : by due time. A device's seq go up by one; later runs carry on where this ended
        speedup : virtual seconds in a real one; None = as fast as the windows allow
        start_us : virtual time at which to begin (default: the first message's due time)
        """
        if isinstance(messages, Sequence):
            self._expect(messages)
        began = self._clock.monotonic()
        for number, message in enumerate(messages):
            if speedup is not None:
                start_us = message.due_us if start_us is None else start_us
                await self._until(began + (message.due_us - start_us) * 1e-6 / speedup)
            await self._room()
            await self._first(message)
            if number % _BATCH == _BATCH - 1:
                self._connection.flush()
                await asyncio.sleep(0)
                if progress is not None:
                    progress(self.counters)
        self._connection.flush()
        if progress is not None:
            progress(self.counters)

    async def drain(self, timeout_s: float = 60.0) -> bool:
        """Wait until everything has its PUBACK and every native message its ack."""
        end = self._clock.monotonic() + timeout_s
        while self._connection.inflight or self._counters.unacked:
            if self._clock.monotonic() >= end:
                return False
            await asyncio.sleep(0.02)
        return True

    def _expect(self, messages: Sequence[Message]) -> None:
        """Know each device's first seq beforehand: a late one may be sent after its successors."""
        first: dict[tuple[str, str], Message] = {}
        for message in messages:
            if message.seq is not None:
                key = (message.tenant, message.device)
                if (
                    key not in self._buffers
                    and message.seq < (first.get(key, message).seq or 0) + 1
                ):
                    first[key] = message
        for key, message in first.items():
            if key not in self._buffers:
                self._buffer(message)

    def _buffer(self, message: Message) -> Buffer:
        key = (message.tenant, message.device)
        buffer = self._buffers.get(key)
        if buffer is None or buffer.run != message.run:
            if buffer is not None:
                self._counters.unacked -= len(buffer.held)
            before = (message.seq or 0) - 1
            buffer = Buffer(message.run, before, before, self._clock.monotonic())
            self._buffers[key] = buffer
        return buffer

    async def _first(self, message: Message) -> None:
        """Send a message for the first time (or twice, where that is its fault)."""
        oldest = None
        seq = message.seq
        if seq is not None:
            buffer = self._buffer(message)
            if self._acknowledged and seq > buffer.acked and seq not in buffer.held:
                if not buffer.held:
                    buffer.progress_s = self._clock.monotonic()
                buffer.held[seq] = message
                self._counters.unacked += 1
            buffer.sent = max(buffer.sent, seq)
            oldest = min(buffer.acked + 1, seq) if self._acknowledged else seq
        await self._publish(message, oldest)
        self._counters.published += 1

    async def _publish(self, message: Message, oldest: int | None) -> None:
        properties = self._properties[message.content_type]
        body = message.payload(oldest)
        while not self._connection.publish(message.topic, body, properties):
            await asyncio.sleep(0.01)

    async def _until(self, when_s: float) -> None:
        if self._clock.monotonic() >= when_s:
            return
        self._connection.flush()
        while (left := when_s - self._clock.monotonic()) > 0.0:
            await asyncio.sleep(min(max(left, _TICK_S), _PACE_S))

    async def _room(self) -> None:
        """Wait for the connection and for a place in both windows."""
        connection = self._connection
        while True:
            if not connection.up.is_set():
                await connection.up.wait()
            window = min(self._window, connection.receive_maximum)
            if len(connection.inflight) < window and self._counters.unacked < self._max_unacked:
                return
            connection.room.clear()
            connection.flush()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(connection.room.wait(), _PACE_S)

    def _on_connect(self) -> None:
        self._resend_all = self._connection.connects > 1
        self._last_ack_s = self._clock.monotonic()

    def _on_message(self, topic: str, body: bytes) -> None:
        parts = topic.split("/")
        try:
            ack = json.loads(body)
            run, seq = int(ack["run"]), int(ack["seq"])
            buffer = self._buffers[parts[2], parts[3]]
        except (ValueError, KeyError, TypeError, IndexError):
            return
        if run != buffer.run or not buffer.acked < seq <= buffer.sent:
            return
        done = [held for held in buffer.held if held <= seq]
        for held in done:
            del buffer.held[held]
        buffer.acked, buffer.attempts = seq, 0
        buffer.progress_s = self._last_ack_s = self._clock.monotonic()
        self._counters.acked += len(done)
        self._counters.unacked -= len(done)
        self._connection.room.set()

    async def _keep_resending(self) -> None:
        while True:
            await asyncio.sleep(min(self._resend_after_s / 4, 1.0))
            if not self._connection.up.is_set():
                continue
            everyone, self._resend_all = self._resend_all, False
            for buffer in list(self._buffers.values()):
                if buffer.held and (everyone or self._is_silent(buffer)):
                    await self._resend(buffer)
            self._connection.flush()

    def _is_silent(self, buffer: Buffer) -> bool:
        """Nothing was heard for too long, though something could have been."""
        if buffer.acked + 1 not in buffer.held:
            return False  # a message before it has not had its turn yet, so no ack can come
        now = self._clock.monotonic()
        wait = self._resend_after_s * min(2.0**buffer.attempts, _SLOWEST)
        if now - self._last_ack_s < self._resend_after_s:
            wait *= _PATIENCE  # others are being heard: this one waits in a queue, most likely
        return now - buffer.progress_s >= wait

    async def _resend(self, buffer: Buffer) -> None:
        buffer.attempts += 1
        buffer.progress_s = self._clock.monotonic()
        connection = self._connection
        for seq in sorted(buffer.held):
            while len(connection.inflight) >= min(self._window, connection.receive_maximum):
                connection.flush()
                await asyncio.sleep(0.01)
            message = buffer.held.get(seq)
            if message is None or not connection.up.is_set():
                continue
            await self._publish(message, buffer.acked + 1)
            self._counters.resent += 1


class _Packed(Properties):
    """Properties that never change: packed once, not for each message (a fifth of its cost)."""

    def pack(self) -> bytes:
        packed = self.__dict__.get("_bytes")
        if packed is None:
            packed = self.__dict__["_bytes"] = super().pack()
        return packed


def _content(media: str) -> Properties:
    properties = _Packed(PacketTypes.PUBLISH)
    properties.ContentType = media
    return properties


async def publish_messages(
    messages: Sequence[Message],
    url: str,
    clock: Clock,
    *,
    speedup: float | None = None,
    acknowledged: bool = True,
    drain_s: float = 60.0,
    client_id: str = "tachowatt-publish",
    progress: Progress | None = None,
) -> Counters:
    """Publish a recording and wait until it has arrived.

    Returns
    -------
    Counters
        `unacked` or `in_flight` above 0 mean that `drain_s` was not long enough.
    """
    async with Publisher(url, clock, client_id=client_id, acknowledged=acknowledged) as publisher:
        await publisher.run(messages, speedup=speedup, progress=progress)
        await publisher.drain(drain_s)
        return publisher.counters
