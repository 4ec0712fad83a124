"""Cut MQTT 5 frames out of received bytes, many at a time.

paho takes three `recv` calls and some 40 µs for each message. Here one `recv` of 256 KiB brings
hundreds of frames, and a PUBLISH of QoS 0 or 1 is read in that buffer. Every other frame is passed
whole and in order to paho.

Source: MQTT 5.0 (OASIS), sections 2.1 and 3.3; measured in docs/performance.md.
"""

from collections.abc import Callable
from typing import TypeVar

from contracts.raw import RawMessage
from gateway.publish_packet import Block, Malformed, Publish, TopicAliases, read, read_block

T = TypeVar("T")

_PUBLISH = 0x30
_QOS_BITS = 0x06
_QOS_1 = 0x02
_RETAIN_OR_DUP = 0x09
_RETAINED = 0x01
_MAX_KNOWN = 200_000
_MAX_KNOWN_BYTES = 16 * 1024 * 1024
"""Limits of each cache, of topics and of property blocks; a full cache is cleared."""
_ENTRY_BYTES = 200
"""Bytes of an entry besides its key and value, about."""


class Known(dict[bytes, T]):
    """A cache of what was read from bytes, bounded in entries and bytes."""

    def __init__(self) -> None:
        super().__init__()
        self.size = 0

    def keep(self, key: bytes, value: T) -> None:
        """Add an entry. A text takes up to four bytes a character, so a key counts fivefold."""
        more = 5 * len(key) + _ENTRY_BYTES
        if len(self) >= _MAX_KNOWN or self.size + more > _MAX_KNOWN_BYTES:
            self.clear()
            self.size = 0
        self[key] = value
        self.size += more


class FrameCutter:
    """Cuts the bytes of one connection, in portions of any size, into messages.

    messages, mids : messages of PUBLISH frames of QoS 0 or 1, in order, and their packet ids (0
    for QoS 0); copies : positions of retained messages that a subscription brings, without those
    that are sent again. The caller empties the three lists.
    on_other(frame) : called with any other whole frame, also a QoS 2 PUBLISH, after all messages
    before it are in the lists.
    """

    def __init__(self, on_other: Callable[[bytes], None]) -> None:
        self.messages: list[RawMessage] = []
        self.mids: list[int] = []
        self.copies: list[int] = []
        self._on_other = on_other
        self._rest = b""
        self._parts: list[bytes] = []
        self._missing = 0
        self._topics: Known[str] = Known()
        self._blocks: Known[Block] = Known()
        self._plain = Block()
        self._aliases = TopicAliases()

    def feed(self, data: bytes, received_us: int) -> None:
        """Take the next bytes. Raises `Malformed` if no frame can follow."""
        if self._missing > len(data):
            # Inside a long frame: only collect parts, so that its cost stays linear.
            self._parts.append(data)
            self._missing -= len(data)
            return
        if self._parts or self._rest:
            data = b"".join((self._rest, *self._parts, data))
            self._rest, self._parts, self._missing = b"", [], 0
        at, n = 0, len(data)
        while at + 2 <= n:
            length, body = data[at + 1], at + 2
            if length & 0x80:
                found = _remaining_length(data, at + 1)
                if found is None:
                    break
                length, body = found
            end = body + length
            if end > n:
                self._missing = end - n
                break
            command = data[at]
            if command & 0xF0 == _PUBLISH and command & _QOS_BITS <= _QOS_1:
                self._publish(command, data, body, end, received_us)
            else:
                self._on_other(data[at:end])
            at = end
        self._rest = data[at:]

    def _publish(self, command: int, data: bytes, at: int, end: int, received_us: int) -> None:
        """Read the frame data[at:end]; leave unusual frames to `publish_packet.read`."""
        name = at + 2
        after = name + (data[at] << 8 | data[at + 1]) if name <= end else end
        mid = 0
        qos = (command & _QOS_BITS) >> 1
        start = after + 2 if qos else after
        if start >= end or data[start] & 0x80:
            self.publish(read(command, data[at:end]), received_us)
            return
        if qos:
            mid = data[after] << 8 | data[after + 1]
        properties_end = start + 1 + data[start]
        if properties_end > end:
            raise Malformed("the properties reach beyond their packet")
        raw_topic = data[name:after]
        topic = self._topics.get(raw_topic)
        if topic is None:
            topic = raw_topic.decode("utf-8", "backslashreplace")
            self._topics.keep(raw_topic, topic)
        raw_block = data[start + 1 : properties_end]
        block = self._blocks.get(raw_block) if raw_block else self._plain
        if block is None:
            block = read_block(raw_block)
            self._blocks.keep(raw_block, block)
        content_type, properties, alias = block
        if alias:
            topic = self._aliases.resolve(topic, alias)
        if command & _RETAIN_OR_DUP == _RETAINED:
            self.copies.append(len(self.messages))
        self.mids.append(mid)
        self.messages.append(
            RawMessage(topic, data[properties_end:end], received_us, content_type, properties)
        )

    def publish(self, found: Publish, received_us: int) -> None:
        """Append a PUBLISH that was read elsewhere.

        Raises `Malformed` for an unknown alias.
        """
        content_type, properties, alias = found.block
        topic = self._aliases.resolve(found.topic, alias) if alias else found.topic
        if found.retained:
            self.copies.append(len(self.messages))
        self.mids.append(found.mid)
        self.messages.append(RawMessage(topic, found.body, received_us, content_type, properties))


def _remaining_length(data: bytes, at: int) -> tuple[int, int] | None:
    """Read the remaining length: (length, begin of the rest); None if the bytes end before it."""
    value = 0
    for shift in range(0, 28, 7):
        if at >= len(data):
            return None
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if not byte & 0x80:
            return value, at
    raise Malformed("a remaining length of more than four bytes")
