"""Reads a PUBLISH packet of MQTT 5 or 3.1.1: topic, packet id, body, and those properties that are
kept (contracts/raw.py); and writes a plain one.

paho parses all properties and gives the connection up over text that MQTT allows but discourages
(U+FEFF) or forbids (NUL) and brokers pass on: one such message would come again for ever, and
nothing behind it. Here text is taken as it is, and other properties are skipped by their length.

Source: MQTT 5.0 (OASIS), sections 2.2.2 and 3.3.
"""

from typing import NamedTuple

from contracts.raw import Properties

_CONTENT_TYPE = 0x03
_EXPIRY = 0x02
_TOPIC_ALIAS = 0x23
_USER = 0x26
# Property → bytes of its value; a string or bytes has its own length, a pair is two strings.
_FIXED = {0x01: 1, 0x02: 4, 0x23: 2}
_STRING, _VARIABLE = {0x03, 0x08, 0x09}, {0x0B}


class Malformed(ValueError):
    """The packet's lengths do not fit together."""


class Block(NamedTuple):
    """What a block of properties says; topic_alias is 0 where it has none."""

    content_type: str | None = None
    properties: Properties | None = None
    topic_alias: int = 0


class Publish(NamedTuple):
    """mid : packet id, 0 for QoS 0. topic : as it stands there, empty where an alias is meant."""

    topic: str
    mid: int
    qos: int
    body: bytes
    block: Block


def read(command: int, packet: bytes, *, v5: bool = True) -> Publish:
    """Read what follows the fixed header.

    command : the first byte of the packet. v5 : else MQTT 3.1.1, which has no properties. Raises
    `Malformed`.
    """
    qos = (command & 0x06) >> 1
    topic, at = _bytes(packet, 0)
    mid = 0
    if qos:
        mid, at = int.from_bytes(_slice(packet, at, 2), "big"), at + 2
    end, block = at, Block()
    if v5:
        length, at = _varint(packet, at)
        end = at + length
        block = read_block(_slice(packet, at, length))
    return Publish(_text(topic), mid, qos, bytes(packet[end:]), block)


def read_block(properties: bytes) -> Block:
    """Read the properties, without their length before them. Raises `Malformed`."""
    content_type: str | None = None
    user: list[tuple[str, str]] = []
    expiry_s: int | None = None
    topic_alias, at = 0, 0
    while at < len(properties):
        kind = properties[at]
        at += 1
        if kind in _FIXED:
            number = int.from_bytes(_slice(properties, at, _FIXED[kind]), "big")
            at += _FIXED[kind]
            if kind == _EXPIRY:
                expiry_s = number
            elif kind == _TOPIC_ALIAS:
                if not number:
                    raise Malformed("a topic alias of 0")
                topic_alias = number
        elif kind in _VARIABLE:
            _, at = _varint(properties, at)
        elif kind in _STRING:
            value, at = _bytes(properties, at)
            if kind == _CONTENT_TYPE:
                content_type = _text(value)
        elif kind == _USER:
            name, at = _bytes(properties, at)
            value, at = _bytes(properties, at)
            user.append((_text(name), _text(value)))
        else:
            break  # not of a PUBLISH; its length is not known, but the block's is
    more = Properties(tuple(user), expiry_s) if user or expiry_s is not None else None
    return Block(content_type, more, topic_alias)


class TopicAliases:
    """What a broker's topic aliases stand for: true for one connection (MQTT 5, 3.3.2.3.4)."""

    def __init__(self) -> None:
        self._topics: dict[int, str] = {}

    def resolve(self, topic: str, alias: int) -> str:
        """The topic that is meant; one that is named is what the alias stands for from now on.

        Raises `Malformed` where the broker has not said what the alias stands for: its message is
        not known then, and comes again on the next connection, with the whole topic.
        """
        if topic:
            self._topics[alias] = topic
            return topic
        found = self._topics.get(alias)
        if found is None:
            raise Malformed(f"topic alias {alias} stands for nothing on this connection")
        return found


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "backslashreplace")


def _slice(packet: bytes, at: int, length: int) -> bytes:
    if at + length > len(packet):
        raise Malformed(f"{length} bytes at {at} of a packet of {len(packet)}")
    return packet[at : at + length]


def _bytes(packet: bytes, at: int) -> tuple[bytes, int]:
    length = int.from_bytes(_slice(packet, at, 2), "big")
    return bytes(_slice(packet, at + 2, length)), at + 2 + length


def _varint(packet: bytes, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 28, 7):
        byte = _slice(packet, at, 1)[0]
        at += 1
        value |= (byte & 0x7F) << shift
        if not byte & 0x80:
            return value, at
    raise Malformed("a variable byte integer of more than four bytes")


def qos_0(topic: str, body: bytes) -> bytes:
    """A PUBLISH packet of QoS 0 without properties."""
    name = topic.encode()
    return frame(0x30, len(name).to_bytes(2, "big") + name + b"\0" + body)


def frame(first: int, rest: bytes) -> bytes:
    """A packet: its first byte, the length of the rest, the rest."""
    length, header = len(rest), bytearray([first])
    while length >= 0x80:
        header.append(length & 0x7F | 0x80)
        length >>= 7
    header.append(length)
    return bytes(header) + rest
