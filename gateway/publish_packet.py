"""Reads an MQTT 5 PUBLISH packet: topic, packet id, content type and body, and nothing else; and
writes a plain one.

paho parses all properties and gives the connection up over text that MQTT allows but discourages
(U+FEFF) or forbids (NUL) and brokers pass on: one such message would come again for ever, and
nothing behind it. Here other properties are skipped by their length, whatever they hold.

Source: MQTT 5.0 (OASIS), sections 2.2.2 and 3.3.
"""

from typing import NamedTuple

_CONTENT_TYPE = 0x03
# Property → bytes of its value; a string or bytes has its own length, a pair is two strings.
_FIXED = {0x01: 1, 0x02: 4, 0x23: 2}
_STRING, _PAIR, _VARIABLE = {0x03, 0x08, 0x09}, {0x26}, {0x0B}


class Malformed(ValueError):
    """The packet's lengths do not fit together."""


class Publish(NamedTuple):
    """mid : packet id, 0 for QoS 0. A tuple, because one is made for each message."""

    topic: str
    mid: int
    qos: int
    body: bytes
    content_type: str | None


def read(command: int, packet: bytes) -> Publish:
    """Read what follows the fixed header.

    command : the first byte of the packet. Raises `Malformed`.
    """
    qos = (command & 0x06) >> 1
    topic, at = _bytes(packet, 0)
    mid = 0
    if qos:
        mid, at = int.from_bytes(_slice(packet, at, 2), "big"), at + 2
    length, at = _varint(packet, at)
    end = at + length
    content_type = _content_type(_slice(packet, at, length))
    return Publish(
        topic.decode("utf-8", "backslashreplace"), mid, qos, bytes(packet[end:]), content_type
    )


def _content_type(properties: bytes) -> str | None:
    at = 0
    while at < len(properties):
        kind = properties[at]
        at += 1
        if kind in _FIXED:
            at += _FIXED[kind]
        elif kind in _VARIABLE:
            _, at = _varint(properties, at)
        elif kind in _STRING:
            value, at = _bytes(properties, at)
            if kind == _CONTENT_TYPE:
                return value.decode("utf-8", "backslashreplace")
        elif kind in _PAIR:
            _, at = _bytes(properties, at)
            _, at = _bytes(properties, at)
        else:
            return None  # not of a PUBLISH; its length is not known, but the block's is
    return None


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
