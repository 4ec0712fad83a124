"""The frame cutter beside paho's own reader: the same bytes, in any portions, say the same."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt._packet import decode_publish
from paho.mqtt.client import MQTTv5
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from contracts.raw import RawMessage
from gateway.frames import FrameCutter
from gateway.publish_packet import Malformed, frame

text = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=12)


@st.composite
def publishes(draw: st.DrawFn) -> bytes:
    qos = draw(st.sampled_from([0, 1, 2]))
    properties = Properties(PacketTypes.PUBLISH)
    for name, value in (
        ("MessageExpiryInterval", draw(st.none() | st.integers(0, 2**32 - 1))),
        (
            "ContentType",
            draw(st.none() | st.sampled_from(["application/json", "application/cbor"])),
        ),
        ("CorrelationData", draw(st.none() | st.binary(max_size=150))),
    ):
        if value is not None:
            setattr(properties, name, value)
    for pair in draw(st.lists(st.tuples(text, text), max_size=2)):
        properties.UserProperty = pair
    topic = draw(text).encode()
    mid = draw(st.integers(1, 65535)).to_bytes(2, "big") if qos else b""
    body = draw(st.binary(max_size=300))
    packet = len(topic).to_bytes(2, "big") + topic + mid + properties.pack() + body
    return frame(0x30 | qos << 1 | draw(st.sampled_from([0, 8])), packet)


others = st.sampled_from(
    [b"\xd0\x00", b"\x90\x04\x00\x01\x00\x01", b"\x40\x02\x00\x07", b"\xe0\x02\x8b\x00"]
)
streams = st.lists(publishes() | others, max_size=8)


def cut(portions: list[bytes]) -> list[tuple[int, RawMessage] | bytes]:
    found: list[tuple[int, RawMessage] | bytes] = []

    def take() -> None:
        found.extend(zip(cutter.mids, cutter.messages, strict=True))
        cutter.mids, cutter.messages = [], []

    def other(frame: bytes) -> None:
        take()
        found.append(frame)

    cutter = FrameCutter(other)
    for portion in portions:
        cutter.feed(portion, 7)
    take()
    return found


@given(streams, st.lists(st.integers(0, 2_000), max_size=12))
def test_same_messages_as_paho_in_any_portions(frames: list[bytes], cuts: list[int]) -> None:
    data = b"".join(frames)
    edges = [0, *sorted(c for c in cuts if c < len(data)), len(data)]
    found = cut([data[a:b] for a, b in itertools.pairwise(edges)])
    assert len(found) == len(frames)
    for ours, raw in zip(found, frames, strict=True):
        if raw[0] & 0xF0 != 0x30 or raw[0] & 0x06 == 0x04:
            assert ours == raw
            continue
        assert isinstance(ours, tuple)
        mid, message = ours
        header = 2 if raw[1] < 0x80 else 3
        theirs = decode_publish(raw[0], bytearray(raw[header:]), MQTTv5)
        assert message.topic.encode() == theirs.topic
        assert (mid, message.body) == (theirs.mid or 0, bytes(theirs.payload))
        assert message.content_type == getattr(theirs.properties, "ContentType", None)


@given(st.lists(st.binary(max_size=60), max_size=6))
def test_rubbish_is_malformed_or_read(portions: list[bytes]) -> None:
    try:
        whole = cut([b"".join(portions)])
    except Malformed:
        with pytest.raises(Malformed):
            cut(portions)
        return
    assert cut(portions) == whole


def test_a_long_frame_is_gathered_in_linear_time() -> None:
    body = bytes(3_000_000)
    raw = frame(0x30, b"\x00\x01t\x00" + body)
    found = cut([raw[i : i + 1_000] for i in range(0, len(raw), 1_000)])
    assert [p[1].body for p in found if isinstance(p, tuple)] == [body]


def test_five_bytes_of_length_are_malformed() -> None:
    with pytest.raises(Malformed):
        cut([b"\x30\xff\xff\xff\xff\x01"])
