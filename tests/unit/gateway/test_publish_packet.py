"""Our reading of PUBLISH beside paho's."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt._packet import decode_publish
from paho.mqtt.client import MQTTv5, MQTTv311
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from contracts.raw import Properties as Kept
from gateway.publish_packet import Block, Malformed, TopicAliases, qos_0, read

text = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=12)


def packet(topic: str, mid: int, properties: bytes, body: bytes) -> bytes:
    name = topic.encode()
    identifier = mid.to_bytes(2, "big") if mid else b""
    return len(name).to_bytes(2, "big") + name + identifier + properties + body


@given(
    topic=text,
    mid=st.integers(0, 65535),
    body=st.binary(max_size=40),
    content_type=st.none() | text,
    expiry=st.none() | st.integers(0, 2**32 - 1),
    response=st.none() | text,
    alias=st.none() | st.integers(1, 65535),
    correlation=st.none() | st.binary(max_size=10),
    user=st.lists(st.tuples(text, text), max_size=3),
)
def test_same_as_paho(
    topic, mid, body, content_type, expiry, response, alias, correlation, user
) -> None:
    properties = Properties(PacketTypes.PUBLISH)
    for name, value in (
        ("MessageExpiryInterval", expiry),
        ("ResponseTopic", response),
        ("TopicAlias", alias),
        ("CorrelationData", correlation),
        ("ContentType", content_type),
    ):
        if value is not None:
            setattr(properties, name, value)
    for pair in user:
        properties.UserProperty = pair
    command = 0x32 if mid else 0x30
    raw = packet(topic, mid, properties.pack(), body)
    theirs = decode_publish(command, bytearray(raw), MQTTv5)
    ours = read(command, raw)
    assert ours.topic.encode() == theirs.topic
    assert (ours.mid, ours.qos, ours.body) == (theirs.mid or 0, theirs.qos, bytes(theirs.payload))
    assert ours.block.content_type == getattr(theirs.properties, "ContentType", None)
    kept = ours.block.properties or Kept()
    assert kept.user == tuple(getattr(theirs.properties, "UserProperty", ()))
    assert kept.expiry_s == getattr(theirs.properties, "MessageExpiryInterval", None)
    assert ours.block.topic_alias == getattr(theirs.properties, "TopicAlias", 0)
    assert (ours.block.properties is None) == (not user and expiry is None)


@given(topic=text, mid=st.integers(0, 65535), body=st.binary(max_size=40))
def test_same_as_paho_in_3_1_1(topic: str, mid: int, body: bytes) -> None:
    raw = packet(topic, mid, b"", body)
    theirs = decode_publish(0x32 if mid else 0x30, bytearray(raw), MQTTv311)
    ours = read(0x32 if mid else 0x30, raw, v5=False)
    assert ours == (theirs.topic.decode(), theirs.mid or 0, theirs.qos, body, Block(), False)


def test_an_alias_stands_for_the_topic_named_with_it_last() -> None:
    aliases = TopicAliases()
    with pytest.raises(Malformed, match="alias 7 stands for nothing"):
        aliases.resolve("", 7)
    assert [aliases.resolve(t, 7) for t in ("a", "", "b", "")] == ["a", "a", "b", "b"]
    with pytest.raises(Malformed):
        aliases.resolve("", 8)
    with pytest.raises(Malformed):
        read(0x30, packet("t", 0, b"\x03\x23\0\0", b""))


def test_odd_text_is_no_reason_to_break_the_connection() -> None:
    odd = "\ufeffx".encode()
    content = b"\x03" + len(odd).to_bytes(2, "big") + odd
    user = b"\x26\x00\x01\x00\x00\x02\xff\xfe"
    raw = packet("t", 7, bytes([len(content + user)]) + user + content, b"body")
    found = read(0x32, raw)
    assert (found.mid, found.body, found.block.content_type) == (7, b"body", "\ufeffx")
    assert found.block.properties == Kept((("\0", "\\xff\\xfe"),))


@given(text, st.binary(max_size=20_000))
def test_what_is_written_is_read(topic: str, body: bytes) -> None:
    raw = qos_0(topic, body)
    header = next(i for i in range(1, 5) if raw[i] < 0x80) + 1
    found = read(raw[0], raw[header:])
    assert found == (topic, 0, 0, body, Block(), False)
    length = sum((byte & 0x7F) << 7 * i for i, byte in enumerate(raw[1:header]))
    assert length == len(raw) - header


@given(st.integers(0x30, 0x35), st.binary(max_size=40))
def test_rubbish_is_malformed_or_read(command: int, raw: bytes) -> None:
    with contextlib.suppress(Malformed):
        read(command, raw)


def test_what_is_written_in_3_1_1_has_no_properties() -> None:
    """Their length would be the first byte of the body: of an acknowledgement to a device."""
    packet = qos_0("t", b"{}", v5=False)
    assert read(packet[0], packet[2:], v5=False).body == b"{}"
