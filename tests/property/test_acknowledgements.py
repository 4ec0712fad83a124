"""The gateway acknowledges in the order of arrival, each message after the log has its batch:
however the bytes came in portions, however long each batch takes."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.raw import RawMessage, Receipt
from gateway import forward
from gateway.forward import Gateway
from gateway.frames import FrameCutter
from gateway.publish_packet import frame
from runtime.clock import SystemClock
from runtime.metrics import Metrics
from runtime.settings import Settings


class OpenLog:
    """A log that has a batch when the test says so."""

    def __init__(self) -> None:
        self.under_way: list[tuple[list[RawMessage], asyncio.Future[Receipt]]] = []
        self.has: set[bytes] = set()
        self.batches: list[int] = []

    async def append(self, messages: Sequence[RawMessage]) -> Receipt:
        waiting = asyncio.get_running_loop().create_future()
        self.under_way.append((list(messages), waiting))
        self.batches.append(len(messages))
        return await waiting

    def finish(self, which: int) -> None:
        messages, waiting = self.under_way.pop(which % len(self.under_way))
        self.has |= {message.body for message in messages}
        waiting.set_result(Receipt())


class OpenSession:
    """Stands in for the connection: bytes go in by `feed`, acknowledgements are written down."""

    def __init__(self, log: OpenLog) -> None:
        self._log = log
        self.acknowledged: list[int] = []
        self.paused = False

    def __call__(self, *arguments: Any, **_: Any) -> "OpenSession":
        self._on_messages, self.lose = arguments[4], arguments[5]
        self._frames = FrameCutter(lambda _: None)
        return self

    def feed(self, data: bytes) -> None:
        self._frames.feed(data, 7)
        messages, mids = self._frames.messages, self._frames.mids
        self._frames.messages, self._frames.mids = [], []
        if messages:
            self._on_messages(messages, mids)

    def acknowledge(self, mids: Sequence[int]) -> None:
        assert {b"%d" % mid for mid in mids} <= self._log.has, "before the log has them"
        self.acknowledged += mids

    async def start(self) -> None: ...

    async def close(self) -> None: ...

    def publish(self, _: Sequence[tuple[str, bytes]]) -> None: ...

    def pause(self) -> None:
        self.paused = True

    def resume(self) -> None:
        self.paused = False


@settings(max_examples=60, deadline=None)
@given(
    qos=st.lists(st.sampled_from([0, 1, 1]), min_size=1, max_size=40),
    portion=st.integers(1, 60),
    most=st.integers(1, 5),
    order=st.lists(st.integers(0, 1), min_size=60, max_size=60),
    eager=st.lists(st.booleans(), min_size=60, max_size=60),
)
def test_acknowledged_in_the_order_of_arrival_and_never_early(
    qos: list[int], portion: int, most: int, order: list[int], eager: list[bool]
) -> None:
    data = b"".join(
        frame(0x30 | q << 1, b"\0\1t" + (i.to_bytes(2, "big") if q else b"") + b"\0" + b"%d" % i)
        for i, q in enumerate(qos, 1)
    )
    expected = [i for i, q in enumerate(qos, 1) if q]
    with pytest.MonkeyPatch.context() as patch:
        asyncio.run(_drive(patch, data, portion, most, iter(order), iter(eager), expected))


async def _drive(
    patch: pytest.MonkeyPatch,
    data: bytes,
    portion: int,
    most: int,
    order: Any,
    eager: Any,
    expected: list[int],
) -> None:
    log, metrics = OpenLog(), Metrics()
    session = OpenSession(log)
    patch.setattr(forward, "Session", session)
    settings = Settings(batch_messages=most, batch_wait_ms=0, receive_maximum=50)
    gateway = Gateway("mqtt://x", log, (), settings, SystemClock(), metrics)
    stop = asyncio.Event()
    running = asyncio.create_task(gateway.run(stop))
    for at in range(0, len(data), portion):
        session.feed(data[at : at + portion])
        await _settle()
        if log.under_way and next(eager, True):
            log.finish(next(order, 0))
            await _settle()
    while log.under_way:
        log.finish(next(order, 0))
        await _settle()
    assert session.acknowledged == expected
    assert max(log.batches) <= most
    sample = metrics.registry.get_sample_value
    assert sample("tachowatt_gateway_window_messages") == 0
    assert sample("tachowatt_gateway_window_bytes") == 0
    assert not session.paused
    stop.set()
    await running


@settings(max_examples=60, deadline=None)
@given(
    events=st.lists(st.sampled_from(["arrives", "commits", "breaks", "rests"]), max_size=60),
    most=st.integers(1, 5),
)
def test_each_connection_acknowledges_in_order_and_the_last_all_that_is_left(
    events: list[str], most: int
) -> None:
    """A broker that keeps what is not acknowledged and sends it again after each break."""
    with pytest.MonkeyPatch.context() as patch:
        asyncio.run(_break(patch, events, most))


async def _break(patch: pytest.MonkeyPatch, events: list[str], most: int) -> None:
    log = OpenLog()
    session = OpenSession(log)
    patch.setattr(forward, "Session", session)
    settings = Settings(batch_messages=most, batch_wait_ms=0, receive_maximum=50)
    gateway = Gateway("mqtt://x", log, (), settings, SystemClock(), Metrics())
    stop = asyncio.Event()
    running = asyncio.create_task(gateway.run(stop))
    kept: list[int] = []
    sent = number = 0  # so many of `kept` were sent on this connection; the last message made

    def settle_accounts() -> None:
        nonlocal sent
        acknowledged, session.acknowledged = session.acknowledged, []
        assert acknowledged == kept[: len(acknowledged)] and len(acknowledged) <= sent
        del kept[: len(acknowledged)]
        sent -= len(acknowledged)

    def send() -> None:
        nonlocal sent
        for i in kept[sent:]:
            session.feed(frame(0x32, b"\0\1t" + i.to_bytes(2, "big") + b"\0" + b"%d" % i))
        sent = len(kept)

    for event in events:
        if event == "arrives":
            number += 1
            kept.append(number)
            send()
        elif event == "commits" and log.under_way:
            log.finish(0)
        elif event == "breaks":
            settle_accounts()
            session.lose()
            sent = 0
        elif event == "rests":
            await _settle()
            send()
    send()
    await _settle()
    while log.under_way:
        log.finish(0)
        await _settle()
    settle_accounts()
    assert not kept and not gateway.in_flight
    stop.set()
    await running


async def _settle() -> None:
    """Let everything run that can."""
    for _ in range(12):
        await asyncio.sleep(0)


def test_the_window_and_its_limits_are_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        log, metrics = OpenLog(), Metrics()
        session = OpenSession(log)
        monkeypatch.setattr(forward, "Session", session)
        monkeypatch.setattr(forward, "_WINDOW_BYTES", 1_000)
        settings = Settings(receive_maximum=4, batch_messages=10, batch_wait_ms=0)
        gateway = Gateway("mqtt://x", log, (), settings, SystemClock(), metrics)
        stop = asyncio.Event()
        running = asyncio.create_task(gateway.run(stop))

        def value(name: str) -> float | None:
            return metrics.registry.get_sample_value(f"tachowatt_gateway_window_{name}")

        assert (value("messages_limit"), value("bytes_limit")) == (4, 1_000)
        user = b"\x26\x00\x03abc\x00\x02de"
        session.feed(frame(0x32, b"\0\1t\0\1" + bytes([len(user)]) + user + b"1"))
        assert (value("messages"), value("bytes"), session.paused) == (1, 1 + 1 + 5, False)
        session.feed(frame(0x32, b"\0\1t\0\2\0" + b"2".zfill(992)))
        assert (value("messages"), value("bytes"), session.paused) == (2, 1_000, True)
        log.has |= {b"2"}
        while log.under_way or value("messages"):
            await _settle()
            if log.under_way:
                log.finish(0)
        assert (value("messages"), value("bytes"), session.paused) == (0, 0, False)
        for mid in (3, 4, 5, 6):
            session.feed(frame(0x32, b"\0\1t\0" + bytes([mid]) + b"\0" + b"%d" % mid))
        assert (value("messages"), value("bytes"), session.paused) == (4, 8, True)
        while log.under_way or value("messages"):
            await _settle()
            if log.under_way:
                log.finish(0)
        stop.set()
        await running

    asyncio.run(main())
