"""The frame cutter beside paho's own reader: the same bytes, in any portions, say the same."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt._packet import decode_publish
from paho.mqtt.client import MQTTv5
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from contracts.raw import Properties as Kept
from contracts.raw import RawMessage
from gateway.frames import FrameCutter
from gateway.publish_packet import Malformed, frame

text = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=12)


@st.composite
def streams(draw: st.DrawFn) -> list[bytes]:
    """Frames as a broker may send them: an alias without a topic only where it stands for one."""
    known: set[int] = set()
    return [draw(publishes(known) | others) for _ in range(draw(st.integers(0, 8)))]


@st.composite
def publishes(draw: st.DrawFn, known: set[int]) -> bytes:
    qos = draw(st.sampled_from([0, 1, 2]))
    properties = Properties(PacketTypes.PUBLISH)
    for name, value in (
        ("MessageExpiryInterval", draw(st.none() | st.integers(0, 2**32 - 1))),
        (
            "ContentType",
            draw(st.none() | st.sampled_from(["application/json", "application/cbor"])),
        ),
        ("CorrelationData", draw(st.none() | st.binary(max_size=150))),
        ("TopicAlias", draw(st.none() | st.integers(1, 3))),
    ):
        if value is not None:
            setattr(properties, name, value)
    for pair in draw(st.lists(st.tuples(text, text), max_size=2)):
        properties.UserProperty = pair
    topic = draw(text).encode()
    alias = getattr(properties, "TopicAlias", None)
    if alias in known and draw(st.booleans()):
        topic = b""
    # A broker may not send QoS 2 to us; what it says of an alias there is paho's to read.
    if alias is not None and qos < 2:
        known.add(alias)
    mid = draw(st.integers(1, 65535)).to_bytes(2, "big") if qos else b""
    body = draw(st.binary(max_size=300))
    packet = len(topic).to_bytes(2, "big") + topic + mid + properties.pack() + body
    return frame(0x30 | qos << 1 | draw(st.sampled_from([0, 8])), packet)


others = st.sampled_from(
    [b"\xd0\x00", b"\x90\x04\x00\x01\x00\x01", b"\x40\x02\x00\x07", b"\xe0\x02\x8b\x00"]
)


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


@given(streams(), st.lists(st.integers(0, 2_000), max_size=12))
def test_same_messages_as_paho_in_any_portions(frames: list[bytes], cuts: list[int]) -> None:
    data = b"".join(frames)
    edges = [0, *sorted(c for c in cuts if c < len(data)), len(data)]
    found = cut([data[a:b] for a, b in itertools.pairwise(edges)])
    assert len(found) == len(frames)
    topics: dict[int, str] = {}
    for ours, raw in zip(found, frames, strict=True):
        if raw[0] & 0xF0 != 0x30 or raw[0] & 0x06 == 0x04:
            assert ours == raw
            continue
        assert isinstance(ours, tuple)
        mid, message = ours
        header = 2 if raw[1] < 0x80 else 3
        theirs = decode_publish(raw[0], bytearray(raw[header:]), MQTTv5)
        topic = theirs.topic.decode()
        alias = getattr(theirs.properties, "TopicAlias", None)
        if alias is not None:
            topic = topics[alias] = topic or topics[alias]
        assert message.topic == topic
        assert (mid, message.body) == (theirs.mid or 0, bytes(theirs.payload))
        assert message.content_type == getattr(theirs.properties, "ContentType", None)
        kept = message.properties or Kept()
        assert kept.user == tuple(getattr(theirs.properties, "UserProperty", ()))
        assert kept.expiry_s == getattr(theirs.properties, "MessageExpiryInterval", None)


def test_an_unknown_alias_ends_the_reading_behind_what_came_before() -> None:
    good = frame(0x32, b"\x00\x01t\x00\x01\x03\x23\x00\x05one")
    same = frame(0x32, b"\x00\x00\x00\x02\x03\x23\x00\x05two")
    unknown = frame(0x32, b"\x00\x00\x00\x03\x03\x23\x00\x06three")
    cutter = FrameCutter(lambda _: None)
    with pytest.raises(Malformed, match="alias 6 stands for nothing"):
        cutter.feed(good + same + unknown + same, 7)
    assert cutter.mids == [1, 2]
    assert [(m.topic, m.body) for m in cutter.messages] == [("t", b"one"), ("t", b"two")]
    with pytest.raises(Malformed, match="alias 5"):  # another connection, another table
        FrameCutter(lambda _: None).feed(same, 7)


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


def test_topics_that_somebody_invents_stay_bounded() -> None:
    """1,500 topics of 54 kB took 219 MiB once."""
    cutter = FrameCutter(lambda frame: None)
    for number in range(1_500):
        topic = (b"%06d" % number).ljust(54_000, b"x")
        packet = len(topic).to_bytes(2, "big") + topic + b"\x00\x01" + b"\x00" + b"{"
        cutter.feed(frame(0x32, packet), 7)
        cutter.messages.clear()
        cutter.mids.clear()
    kept = sum(len(topic) for topic in cutter._topics)
    assert 0 < kept < 16 * 1024 * 1024


def test_a_retained_copy_is_marked_unless_it_is_sent_again() -> None:
    cutter = FrameCutter(lambda frame: None)
    packet = b"\x00\x01t" + b"\x00\x01" + b"\x00" + b"{"
    for command in (0x32, 0x33, 0x3B, 0x33):
        cutter.feed(frame(command, packet), 7)
    assert cutter.copies == [1, 3]
