"""Buffers of native devices: they keep every message until `…/ack` covers its seq."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from simulators.encode import Message

_SLOWEST = 8.0
"""The pause between repetitions doubles up to this many times the first one."""
_PATIENCE = 3.0
"""Factor of patience of a device without ack while others get acks: it is most likely queued, and
repetitions would only lengthen the queue."""


@dataclass(slots=True)
class Buffer:
    """Buffer of one device. `acked`, `sent` : highest seq of each; all up to `acked` is dropped."""

    run: int
    acked: int
    sent: int
    progress_s: float
    held: dict[int, Message] = field(default_factory=dict)
    attempts: int = 0


class Buffers:
    """The buffers of many devices.

    Parameters
    ----------
    resend_after_s : seconds without ack after which a device resends
    """

    def __init__(self, resend_after_s: float, now_s: float) -> None:
        self._resend_after_s = resend_after_s
        self._buffers: dict[tuple[str, str], Buffer] = {}
        self._last_ack_s = now_s
        self.unacked = 0
        self.acked = 0

    def expect(self, messages: Sequence[Message], now_s: float) -> None:
        """Register each device's first seq: a late one may be sent after its successors."""
        first: dict[tuple[str, str], Message] = {}
        for message in messages:
            if message.seq is not None:
                key = (message.tenant, message.device)
                known = first.get(key)
                if known is None or message.seq < (known.seq or 0):
                    first[key] = message
        for key, message in first.items():
            if key not in self._buffers:
                self._buffer(message, now_s)

    def hold(self, message: Message, now_s: float) -> int | None:
        """Keep a message that is being sent; return the `oldest` to send with it.

        An acknowledged message (a duplicate) is not kept again.
        """
        seq = message.seq
        if seq is None:
            return None
        buffer = self._buffer(message, now_s)
        if seq > buffer.acked and seq not in buffer.held:
            if not buffer.held:
                buffer.progress_s = now_s
            buffer.held[seq] = message
            self.unacked += 1
        buffer.sent = max(buffer.sent, seq)
        return min(buffer.acked + 1, seq)

    def acknowledge(self, topic: str, body: bytes, now_s: float) -> bool:
        """Drop messages that an ack covers; return False for an invalid ack."""
        parts = topic.split("/")
        try:
            ack = json.loads(body)
            run, seq = int(ack["run"]), int(ack["seq"])
            buffer = self._buffers[parts[2], parts[3]]
        except (ValueError, KeyError, TypeError, IndexError):
            return False
        if run != buffer.run or not buffer.acked < seq <= buffer.sent:
            return False
        done = [held for held in buffer.held if held <= seq]
        for held in done:
            del buffer.held[held]
        buffer.acked, buffer.attempts = seq, 0
        buffer.progress_s = self._last_ack_s = now_s
        self.acked += len(done)
        self.unacked -= len(done)
        return True

    def heard(self, now_s: float) -> None:
        """Restart the count of silence on a new connection."""
        self._last_ack_s = now_s

    def silent(self, now_s: float) -> list[Buffer]:
        """Return devices without ack for too long."""
        return [b for b in self._buffers.values() if b.held and self._is_silent(b, now_s)]

    def waiting(self) -> list[Buffer]:
        """Return devices with unacknowledged messages."""
        return [buffer for buffer in self._buffers.values() if buffer.held]

    def _is_silent(self, buffer: Buffer, now_s: float) -> bool:
        if buffer.acked + 1 not in buffer.held:
            return False  # an earlier message is not sent yet, so no ack can come
        wait = self._resend_after_s * min(2.0**buffer.attempts, _SLOWEST)
        if now_s - self._last_ack_s < self._resend_after_s:
            wait *= _PATIENCE
        return now_s - buffer.progress_s >= wait

    def _buffer(self, message: Message, now_s: float) -> Buffer:
        key = (message.tenant, message.device)
        buffer = self._buffers.get(key)
        if buffer is None or buffer.run != message.run:
            if buffer is not None:  # the device restarts its count: its buffer is lost
                self.unacked -= len(buffer.held)
            before = (message.seq or 0) - 1
            buffer = self._buffers[key] = Buffer(message.run, before, before, now_s)
        return buffer


def repetitions(buffer: Buffer, now_s: float) -> Iterator[tuple[Message, int]]:
    """Yield the messages that a device resends, in order of seq, each with its `oldest`.

    Skips messages acknowledged meanwhile.
    """
    buffer.attempts += 1
    buffer.progress_s = now_s
    order: Iterable[int] = sorted(buffer.held)
    for seq in order:
        message = buffer.held.get(seq)
        if message is not None:
            yield message, buffer.acked + 1
