"""Publish the messages of many devices over one connection, like the devices themselves.

A native device keeps each message until `…/ack` covers its seq, and resends the rest after
a reconnect or a silence. Foreign devices rely on MQTT's PUBACK.
"""

import asyncio
import contextlib
import ssl
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from simulators.buffers import Buffers, repetitions
from simulators.connection import Connection
from simulators.encode import CBOR, JSON, Message

_BATCH = 64
"""Messages between two checks of the socket while flooding."""
_TICK_S = 0.005
"""Paced messages are sent in small groups: waking up for each would cost more than sending it."""
_PACE_S = 0.25


class Clock(Protocol):
    """Interface of a clock (runtime.clock)."""

    def now_us(self) -> int: ...

    def monotonic(self) -> float: ...


@dataclass(slots=True)
class Counters:
    """published: first sendings; resent: repeated ones; acked: messages covered by an ack;
    unacked: without ack now; in_flight: without PUBACK now; reconnects.
    """

    published: int = 0
    resent: int = 0
    acked: int = 0
    unacked: int = 0
    in_flight: int = 0
    reconnects: int = 0


Progress = Callable[[Counters], None]
FirstSent = Callable[[Message, float], None]
"""Called for each message at its first sending, with the clock's monotonic seconds."""


class Publisher:
    """Use as `async with Publisher(url, clock) as publisher: await publisher.run(messages)`.

    Parameters
    ----------
    tenant, device : whose acknowledgements to subscribe to; '+' and None = all. A broker with
    credentials allows a device only its own
    window : messages without PUBACK at a time
    max_unacked : limit of unacknowledged native messages; publishing waits at it, so that a
    slow service is not flooded
    resend_after_s : real seconds without ack before a device resends; three times as long while
    others get acks, and doubled each time
    acknowledged : False if no service sends `…/ack`
    first_sent : called for each message just before its first sending
    tls : for mqtts://; None = the system's authorities
    """

    def __init__(
        self,
        url: str,
        clock: Clock,
        *,
        tenant: str = "+",
        device: str | None = None,
        client_id: str = "tachowatt-simulator",
        window: int = 2_000,
        max_unacked: int = 10_000,
        resend_after_s: float = 10.0,
        acknowledged: bool = True,
        first_sent: FirstSent | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._clock = clock
        self._first_sent = first_sent
        self._window, self._max_unacked = window, max_unacked
        self._resend_after_s, self._acknowledged = resend_after_s, acknowledged
        self._buffers = Buffers(resend_after_s, clock.monotonic())
        self._counters = Counters()
        self._resend_all = False
        self._tasks: list[asyncio.Task[None]] = []
        self._properties = {None: None, JSON: _content(JSON), CBOR: _content(CBOR)}
        acks = f"tw/v1/{tenant}/+/ack" if device is None else f"tw/v1/{tenant}/{device}/ack"
        subscriptions = [acks] if acknowledged else []
        self._connection = Connection(
            url, client_id, subscriptions, self._on_connect, self._on_message, tls
        )

    async def __aenter__(self) -> "Publisher":
        self._connection.start()
        self._tasks = [asyncio.get_running_loop().create_task(self._keep_resending())]
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._connection.stop()

    @property
    def counters(self) -> Counters:
        """Counters so far."""
        self._counters.acked = self._buffers.acked
        self._counters.unacked = self._buffers.unacked
        self._counters.in_flight = len(self._connection.inflight)
        self._counters.reconnects = max(self._connection.connects - 1, 0)
        return self._counters

    async def connected(self, timeout_s: float = 10.0) -> bool:
        """Wait for the connection; False if it did not come in time."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._connection.up.wait()
        except TimeoutError:
            return False
        return True

    def expect(self, messages: Sequence[Message]) -> None:
        """Register each device's first message in advance, if several runs send them."""
        self._buffers.expect(messages, self._clock.monotonic())

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
            self.expect(messages)
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
        """Wait until everything has its PUBACK and every native message its ack.

        False after `timeout_s` without progress.
        """
        end, fewest = 0.0, sys.maxsize
        while waiting := len(self._connection.inflight) + self._buffers.unacked:
            if waiting < fewest:
                fewest = waiting
                end = self._clock.monotonic() + timeout_s
            elif self._clock.monotonic() >= end:
                return False
            await asyncio.sleep(0.02)
        return True

    async def _first(self, message: Message) -> None:
        """Send a message for the first time (or twice, if that is its fault)."""
        oldest, now_s = None, self._clock.monotonic()
        if self._acknowledged:
            oldest = self._buffers.hold(message, now_s)
        if self._first_sent is not None:
            self._first_sent(message, now_s)
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
        """Wait for the connection and for space in both windows."""
        connection = self._connection
        while True:
            if not connection.up.is_set():
                await connection.up.wait()
            held = self._buffers.unacked
            if len(connection.inflight) < self._places() and held < self._max_unacked:
                return
            connection.room.clear()
            connection.flush()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_PACE_S):
                    await connection.room.wait()

    def _on_connect(self) -> None:
        self._resend_all = self._connection.connects > 1
        self._buffers.heard(self._clock.monotonic())

    def _on_message(self, topic: str, body: bytes) -> None:
        if self._buffers.acknowledge(topic, body, self._clock.monotonic()):
            self._connection.room.set()

    async def _keep_resending(self) -> None:
        connection = self._connection
        while True:
            await asyncio.sleep(min(self._resend_after_s / 4, 1.0))
            if not connection.up.is_set():
                continue
            everyone, self._resend_all = self._resend_all, False
            now = self._clock.monotonic()
            due = self._buffers.waiting() if everyone else self._buffers.silent(now)
            for buffer in due:
                for message, oldest in repetitions(buffer, self._clock.monotonic()):
                    while not connection.up.is_set() or len(connection.inflight) >= self._places():
                        connection.flush()
                        await asyncio.sleep(0.01)
                    await self._publish(message, oldest)
                    self._counters.resent += 1
            connection.flush()

    def _places(self) -> int:
        return min(self._window, self._connection.receive_maximum)


class _Packed(Properties):
    """Properties that never change: packed once, not for each message (a fifth of its cost)."""

    def pack(self) -> bytes:
        packed: bytes | None = self.__dict__.get("_bytes")
        if packed is None:
            packed = self.__dict__["_bytes"] = bytes(super().pack())  # type: ignore[no-untyped-call]  # paho has no types here
        return packed


def _content(media: str) -> Properties:
    properties = _Packed(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]  # paho's, as above
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
    tenant: str = "+",
    device: str | None = None,
    tls: ssl.SSLContext | None = None,
) -> Counters:
    """Publish a recording and wait until it has arrived. tenant, device : as for `Publisher`.

    Returns
    -------
    Counters
        `unacked` or `in_flight` above 0 mean that `drain_s` was not long enough.
    """
    async with Publisher(
        url,
        clock,
        client_id=client_id,
        acknowledged=acknowledged,
        tenant=tenant,
        device=device,
        tls=tls,
    ) as publisher:
        await publisher.run(messages, speedup=speedup, progress=progress)
        await publisher.drain(drain_s)
        return publisher.counters
