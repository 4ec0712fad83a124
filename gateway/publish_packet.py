"""Read a PUBLISH packet of MQTT 5 or 3.1.1: topic, packet id, body, and the properties that are
kept (contracts/raw.py); write one of QoS 0.

paho parses all properties and ends the connection at text that MQTT discourages (U+FEFF) or forbids
(NUL) but brokers pass on: one such message would be sent again for ever and block all later ones.
Here text is not checked, and other properties are skipped by their length.

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
    """The kept properties of a packet; topic_alias is 0 if there is none."""

    content_type: str | None = None
    properties: Properties | None = None
    topic_alias: int = 0


class Publish(NamedTuple):
    """A PUBLISH packet. mid : packet id, 0 for QoS 0. topic : empty if the alias names it.
    retained : a retained message that a subscription brings, sent for the first time."""

    topic: str
    mid: int
    qos: int
    body: bytes
    block: Block
    retained: bool = False


def read(command: int, packet: bytes, *, v5: bool = True) -> Publish:
    """Read the packet after its fixed header.

    command : the first byte of the packet. v5 : False = MQTT 3.1.1, which has no properties. Raises
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
    retained = command & 0x09 == 0x01  # RETAIN without DUP
    return Publish(_text(topic), mid, qos, bytes(packet[end:]), block, retained)


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
            break  # no property of a PUBLISH: its length is unknown, so skip the rest of the block
    more = Properties(tuple(user), expiry_s) if user or expiry_s is not None else None
    return Block(content_type, more, topic_alias)


class TopicAliases:
    """The topics of a broker's topic aliases; valid for one connection (MQTT 5, 3.3.2.3.4)."""

    def __init__(self) -> None:
        self._topics: dict[int, str] = {}

    def resolve(self, topic: str, alias: int) -> str:
        """Return the topic of a packet; a topic in the packet is stored for its alias.

        Raises `Malformed` for an unknown alias: the message cannot be identified, and the broker
        sends it again on the next connection, with its topic.
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


def qos_0(topic: str, body: bytes, *, v5: bool = True) -> bytes:
    """Make a PUBLISH packet of QoS 0 without properties; MQTT 3.1.1 has not even their length."""
    name = topic.encode()
    properties = b"\0" if v5 else b""
    return frame(0x30, len(name).to_bytes(2, "big") + name + properties + body)


def frame(first: int, rest: bytes) -> bytes:
    """Make a packet: its first byte, the length of the rest, the rest."""
    length, header = len(rest), bytearray([first])
    while length >= 0x80:
        header.append(length & 0x7F | 0x80)
        length >>= 7
    header.append(length)
    return bytes(header) + rest
