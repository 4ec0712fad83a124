"""Our reading of PUBLISH beside paho's."""

import contextlib

from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt._packet import decode_publish
from paho.mqtt.client import MQTTv5
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from gateway.publish_packet import Malformed, qos_0, read

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
    correlation=st.none() | st.binary(max_size=10),
    user=st.lists(st.tuples(text, text), max_size=3),
)
def test_same_as_paho(topic, mid, body, content_type, expiry, response, correlation, user) -> None:
    properties = Properties(PacketTypes.PUBLISH)
    for name, value in (
        ("MessageExpiryInterval", expiry),
        ("ResponseTopic", response),
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
    assert ours.content_type == getattr(theirs.properties, "ContentType", None)


def test_odd_text_is_no_reason_to_break_the_connection() -> None:
    odd = "\ufeffx".encode()
    content = b"\x03" + len(odd).to_bytes(2, "big") + odd
    user = b"\x26\x00\x01\x00\x00\x02\xff\xfe"
    raw = packet("t", 7, bytes([len(content + user)]) + user + content, b"body")
    found = read(0x32, raw)
    assert (found.mid, found.body, found.content_type) == (7, b"body", "\ufeffx")


@given(text, st.binary(max_size=20_000))
def test_what_is_written_is_read(topic: str, body: bytes) -> None:
    raw = qos_0(topic, body)
    header = next(i for i in range(1, 5) if raw[i] < 0x80) + 1
    found = read(raw[0], raw[header:])
    assert found == (topic, 0, 0, body, None)
    length = sum((byte & 0x7F) << 7 * i for i, byte in enumerate(raw[1:header]))
    assert length == len(raw) - header


@given(st.integers(0x30, 0x35), st.binary(max_size=40))
def test_rubbish_is_malformed_or_read(command: int, raw: bytes) -> None:
    with contextlib.suppress(Malformed):
        read(command, raw)
