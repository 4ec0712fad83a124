"""Messages that no device should send: seeded mutations of the examples in contracts/examples.

One function for each thing that can be wrong, in four lists at the end of their sections: with the
fields (`FIELDS`, and `CBOR` for what only CBOR can say), with the bytes (`BYTES`), and with what is
around the body (`AROUND`). A mutation may by chance leave a body that is still good: that is not
told here, only what was done.
"""

import json
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib.resources import files
from random import Random
from typing import Any

import numpy as np

from simulators.encode import CBOR as CBOR_TYPE
from simulators.encode import JSON as JSON_TYPE
from simulators.encode import Message, iso, topic
from simulators.registry import Registry, draw_owners, stream

TENANT = "malformed"
_S_US = 1_000_000
_DAY_US = 86_400 * _S_US

_RARE = 0.04
"""Weight of a mutation that makes a body of many kilobytes, all of which the dead letter keeps."""
_MORE = 0.2
"""Share of the messages whose bytes suffer too, after something else did."""
_GIVES_UP = 50
"""A device says after so many messages which is the oldest it still holds, or holes would pile up:
a body that cannot be read has no number either."""

Pairs = list[tuple[Any, Any]]


# ── what is spoilt: one device for each message of the examples ─────────────────────────────────


@dataclass(slots=True)
class Sender:
    """A device that sends one message of the examples again and again, each later than the last.

    kind : vehicle or meter; address : of a foreign dialect, else None.
    encoding : json, cbor or cbor-typed. timed : the field of the message's time.
    step_us : from one message to the next, more than a message spans.
    """

    device: str
    kind: str
    topic: str
    encoding: str
    content_type: str | None
    fields: dict[str, Any]
    timed: str
    step_us: int
    address: str | None = None
    sent: int = 0

    def next(self, start_us: int) -> Pairs:
        """The fields of the next good message; the first is of `start_us`."""
        fields = dict(self.fields)
        fields[self.timed] = _moment(start_us + self.sent * self.step_us, fields[self.timed])
        self.sent += 1
        if "device" in fields:
            fields["device"] = self.device
        if "seq" in fields:
            fields["seq"] = self.sent
            if "oldest" in fields or self.sent % _GIVES_UP == 0:
                fields["oldest"] = max(self.sent - 5, 1)
        return list(fields.items())


def _moment(t_us: int, like: Any) -> Any:
    """A time, written as the example writes it: seconds, milliseconds, or text."""
    if isinstance(like, int):
        return t_us // _S_US if like < 10**11 else t_us // 1_000
    if like.endswith("+01:00"):
        return iso(t_us + 3_600 * _S_US)[:-1] + "+01:00"
    return iso(t_us) if like.endswith("Z") else iso(t_us)[:-1]


def senders(each: int) -> list[Sender]:
    """`each` devices for every example that a device sends, in every encoding it may have."""
    found = []
    folder = files("contracts") / "examples"
    for kind in ("telemetry", "reading", "event", "status", "owntracks", "tasmota"):
        for path in sorted((folder / kind / "v1").iterdir(), key=lambda path: path.name):
            fields = json.loads(path.read_text())
            for encoding in _encodings(kind):
                name = f"{kind}-{path.name.removesuffix('.json')}-{encoding}"
                found += [_sender(kind, f"{name}-{i}", encoding, fields) for i in range(each)]
    return found


def _encodings(kind: str) -> tuple[str, ...]:
    if kind in ("owntracks", "tasmota"):
        return ("json",)
    return ("json", "cbor") if kind in ("event", "status") else ("json", "cbor", "cbor-typed")


def _sender(kind: str, device: str, encoding: str, fields: dict[str, Any]) -> Sender:
    timed = next(name for name in ("t0", "at", "tst", "Time") if name in fields)
    step_us = (max(fields.get("dt_ms", [0])) + (900_000 if "reading" in kind else 1_000)) * 1_000
    what = "meter" if kind in ("reading", "tasmota") else "vehicle"
    media: str | None = JSON_TYPE if encoding == "json" else CBOR_TYPE
    where, address = topic(TENANT, device, kind), None
    if kind == "owntracks":
        where, address, media, step_us = f"owntracks/{device}/phone", f"{device}/phone", None, _S_US
    elif kind == "tasmota":
        where, address, media, step_us = f"tele/{device}/SENSOR", device, None, 300 * _S_US
    return Sender(device, what, where, encoding, media, fields, timed, step_us, address)


def registry(of: list[Sender], start_us: int) -> dict[str, Any]:
    """The register of these devices, from long before `start_us`; everybody consents."""
    cars = [sender for sender in of if sender.kind == "vehicle"]
    meters = [sender for sender in of if sender.kind == "meter"]
    owners = draw_owners(len(cars), len(meters), np.random.default_rng(0))
    owners.never.clear()
    owners.withdrawn.clear()
    made = Registry(TENANT, "UTC", start_us)
    made.add_customers(owners, lambda what: stream(0, what), frozenset(owners.car_owner))
    for number, sender in enumerate(cars):
        made.add_car(number, sender.device, owners.car_owner[number], sender.address)
    for number, sender in enumerate(meters):
        owner = owners.meter_owner[number]
        made.add_meter(number, sender.device, owner, sender.address, f"N{number}", 900, 6)
    return made.rows


# ── how it is written ───────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Raw:
    """A value as it stands in the body, for what no encoder writes."""

    json: bytes
    cbor: bytes


def _json(value: Any) -> bytes:
    if isinstance(value, Raw):
        return value.json
    try:
        return json.dumps(value, separators=(",", ":")).encode()
    except TypeError:  # a Raw within
        if isinstance(value, list):
            return b"[" + b",".join(map(_json, value)) + b"]"
        return _json_object(list(value.items()))


def _json_object(pairs: Pairs) -> bytes:
    """Keys may stand twice; a key that is no text is written as it is."""
    return b"{" + b",".join(_json(key) + b":" + _json(value) for key, value in pairs) + b"}"


def _head(major: int, argument: int) -> bytes:
    """RFC 8949, section 3: the first bytes of an item."""
    if argument < 24:
        return bytes([major << 5 | argument])
    size = next(size for size in (1, 2, 4, 8) if argument < 1 << 8 * size)
    return bytes([major << 5 | 23 + size.bit_length()]) + argument.to_bytes(size, "big")


def _cbor(value: Any, typed: bool = False, endless: bool = False) -> bytes:
    """typed : arrays of numbers are those of RFC 8746. endless : all lengths are indefinite."""
    if isinstance(value, Raw):
        return value.cbor
    if value is None or isinstance(value, bool):
        return b"\xf6" if value is None else b"\xf5" if value else b"\xf4"
    if isinstance(value, int):
        major, argument = (0, value) if value >= 0 else (1, -1 - value)
        if argument >= 1 << 64:
            digits = argument.to_bytes(-(-argument.bit_length() // 8), "big")
            return bytes([0xC2 + major]) + _head(2, len(digits)) + digits
        return _head(major, argument)
    if isinstance(value, float):
        return b"\xfb" + struct.pack(">d", value)
    if isinstance(value, str):
        text = value.encode("utf-8", "surrogatepass")
        chunk = _head(3, len(text)) + text
        return b"\x7f" + chunk + b"\xff" if endless else chunk
    if isinstance(value, dict):
        return _cbor_map(list(value.items()), typed, endless)
    if typed and value and {type(v) for v in value} <= {float, int, type(None)}:
        return _typed(value)
    items = b"".join([_cbor(item, False, endless) for item in value])
    return b"\x9f" + items + b"\xff" if endless else _head(4, len(value)) + items


def _typed(values: list[float | int | None]) -> bytes:
    """Whole numbers of 32 bits as sint32, others as float64, both little-endian; whole numbers of
    which some are missing have no typed array."""
    whole = {type(v) for v in values}
    if whole == {int, type(None)}:
        return _cbor(values)
    if whole == {int} and all(abs(v) < 1 << 31 for v in values if v is not None):
        return b"\xd8\x4e" + _head(2, 4 * len(values)) + struct.pack(f"<{len(values)}i", *values)
    numbers = [float("nan") if v is None else v for v in values]
    try:
        return b"\xd8\x56" + _head(2, 8 * len(values)) + struct.pack(f"<{len(values)}d", *numbers)
    except (OverflowError, struct.error):  # a number beyond float64
        return _cbor(values)


def _cbor_map(pairs: Pairs, typed: bool, endless: bool = False) -> bytes:
    items = b"".join([_cbor(k, False, endless) + _cbor(v, typed, endless) for k, v in pairs])
    return b"\xbf" + items + b"\xff" if endless else _head(5, len(pairs)) + items


# ── fields ──────────────────────────────────────────────────────────────────────────────────────


def _put(rng: Random, pairs: Pairs, value: Any) -> None:
    """A value in the place of a field's, or of one within it."""
    at = rng.randrange(len(pairs))
    key, old = pairs[at]
    if old and isinstance(old, list) and rng.random() < 0.7:
        inner = list(old)
        inner[rng.randrange(len(inner))] = value
        pairs[at] = key, inner
    elif old and isinstance(old, dict) and rng.random() < 0.9:
        pairs[at] = key, {**old, rng.choice(list(old)): value}
    else:
        pairs[at] = key, value


def _index(pairs: Pairs, *names: str) -> int:
    """Where one of these fields stands, else the last."""
    return next((i for i, (key, _) in enumerate(pairs) if key in names), len(pairs) - 1)


def _swapped(rng: Random, pairs: Pairs) -> None:
    a, b = rng.randrange(len(pairs)), rng.randrange(len(pairs))
    (key_a, value_a), (key_b, value_b) = pairs[a], pairs[b]
    pairs[a], pairs[b] = (key_a, value_b), (key_b, value_a)


def _doubled(rng: Random, pairs: Pairs) -> None:
    """A key stands twice, with the same value or another field's."""
    (key, _), (_, value) = rng.choice(pairs), rng.choice(pairs)
    pairs.insert(rng.randrange(len(pairs) + 1), (key, value))


def _deleted(rng: Random, pairs: Pairs) -> None:
    for _ in range(rng.randint(1, min(3, len(pairs)))):
        del pairs[rng.randrange(len(pairs))]


def _renamed(rng: Random, pairs: Pairs) -> None:
    at = rng.randrange(len(pairs))
    key = str(pairs[at][0])
    others = (key.upper(), key + "s", key[:-1], " " + key, "", "speed_mph", "é", "__proto__")
    pairs[at] = rng.choice(others), pairs[at][1]


_VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1.5, "", "x", "1", [], {}, [[]], [None], ["1"], {"a": 1},
)  # fmt: skip


def _wrong_type(rng: Random, pairs: Pairs) -> None:
    _put(rng, pairs, rng.choice(_VALUES))


def _huge(rng: Random, pairs: Pairs) -> None:
    exponent = rng.choice((31, 32, 53, 63, 64, 65, 128, 1_023, 1_024))
    whole = rng.choice((1, -1)) * (2**exponent + rng.randint(-1, 1))
    real = rng.choice((1e16, 1e19, 1e300, 1.7976931348623157e308, 5e-324, -0.0))
    beyond = Raw(b"1e%d" % rng.choice((309, 400, 99_999)), b"\xfb\x7f\xf0" + bytes(6))
    _put(rng, pairs, rng.choice((whole, whole, real, -real, beyond)))


def _digits(rng: Random, pairs: Pairs) -> None:
    """A number with so many digits that Python may refuse to make one of them, or to print it."""
    n = rng.choice((20, 400, 400, 4_300, 4_301, 20_000))
    digits = b"-" * rng.randint(0, 1) + b"%d" % rng.randint(1, 9) + b"0" * (n - 1)
    written = rng.choice((digits, digits + b".5", b"0." + b"0" * n + b"1", digits + b"e-%d" % n))
    _put(rng, pairs, Raw(written, _cbor(rng.choice((1, -1)) << (n * 10 // 3))))


def _not_finite(rng: Random, pairs: Pairs) -> None:
    value = rng.choice((float("nan"), float("inf"), float("-inf")))
    half = {"nan": b"\xf9\x7e\x00", "inf": b"\xf9\x7c\x00", "-inf": b"\xf9\xfc\x00"}[str(value)]
    word = rng.choice((json.dumps(value), str(value), '"NaN"', "+1", ".5", "0x1", "1_0")).encode()
    _put(rng, pairs, rng.choice((value, Raw(word, half))))


def _deep(rng: Random, pairs: Pairs) -> None:
    depth = int(10 ** rng.uniform(0.5, 4.5))
    if rng.random() < 0.5:
        nested = Raw(b"[" * depth + b"]" * depth, b"\x81" * depth + b"\x80")
    else:
        nested = Raw(b'{"a":' * depth + b"1" + b"}" * depth, b"\xa1\x61a" * depth + b"\x01")
    _put(rng, pairs, nested)


_TEXTS = (
    "\0", "a\0b", "\ud800", "\udc00x", "a\ud83d", "\x1b[2J", "\x7f", "\u202e", "\ufeff",
    "\uffff", "😀", "'; drop table x; --", "{{1}}", "%s%n", "\\", '"', "\n", "x" * 65, "[" * 40,
    "é" * 64, "x" * 5_000, " N ",
)  # fmt: skip


def _text(rng: Random, pairs: Pairs) -> None:
    """NUL, half a surrogate pair, controls, what looks like something else, what is long."""
    text = rng.choice(_TEXTS)
    if rng.random() < 0.2:
        pairs[rng.randrange(len(pairs))] = text, rng.choice((1, text))
    else:
        _put(rng, pairs, text)


def _lengths(rng: Random, pairs: Pairs) -> None:
    """A column that is longer or shorter than the others, or empty."""
    columns = [i for i, (_, value) in enumerate(pairs) if isinstance(value, list)]
    if columns:
        at = rng.choice(columns)
        key, values = pairs[at]
        pairs[at] = key, rng.choice(([], values[:-1], [*values, *values[:1]], values * 7, [values]))


def _gigantic(rng: Random, pairs: Pairs) -> None:
    """An array of a hundred thousand; half of the time all columns have as many."""
    n = int(10 ** rng.uniform(3.9, 5.2))
    values = [rng.choice((0, 1, 2.5, None, None, ""))] * n
    columns = [i for i, (_, value) in enumerate(pairs) if isinstance(value, list)]
    if columns and rng.random() < 0.5:
        for at in columns:
            key = pairs[at][0]
            pairs[at] = key, list(range(n)) if key == "dt_ms" else values
    else:
        _put(rng, pairs, values)


def _version(rng: Random, pairs: Pairs) -> None:
    values = (0, 2, -1, 1.0, "1", None, True, [1], 10**30, 1.5, Raw(b"1.0e0", b"\xf9\x3c\x00"))
    pairs[_index(pairs, "v", "_type")] = rng.choice((("v", rng.choice(values)), ("_type", "lwt")))


_TIMES = (
    "2026-11-21T10:00:00", "2026-11-21", "", "now", "2026-02-30T00:00:00Z", "0000-01-01T00:00:00Z",
    "0001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59Z",
    "9999-12-31T23:59:59-14:00", "1999-12-31T23:59:59.999999Z", "20261121T100000Z",
    "2026-W47-6T10:00:00Z", "2016-12-31T23:59:60Z", "2026-11-21T24:00:00Z", "2026-11-21 10:00:00Z",
    "2026-11-21T10:00:00.1234567890123Z", "2026-11-21T10:00:00+99:99",
    "2026-11-21T10:00:00+00:00:00.5", "2026-10-25T02:30:00", "2026-03-29T02:30:00",
    "２０２６-11-21T10:00:00Z", "2126-11-21T10:00:00Z",
)  # fmt: skip


def _time(rng: Random, pairs: Pairs) -> None:
    """Ahead, long ago, before the beginning, of no calendar, or without an offset."""
    at = _index(pairs, "t0", "at", "tst", "Time")
    key, old = pairs[at]
    if isinstance(old, int) and rng.random() < 0.7:
        scale = 1 if old < 10**11 else 1_000
        back = int(10 ** rng.uniform(0, 9)) * scale
        others = (old - back, old + back, 0, -old, old * 1_000, old // 1_000, 10**15, 2**63, 1e300)
        pairs[at] = key, rng.choice(others)
        return
    year = rng.randint(1999, 2026)
    long_ago = f"{year}-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}T10:00:00"
    text = rng.choice((rng.choice(_TIMES), long_ago + ("" if key == "Time" else "Z")))
    pairs[at] = key, rng.choice((text, text, Raw(_json(text), b"\xc0" + _cbor(text))))


def _steps(rng: Random, pairs: Pairs) -> None:
    """Times within the message that go back, stand still or lie beyond."""
    at = _index(pairs, "dt_ms")
    key, old = pairs[at]
    if isinstance(old, list) and old:
        n, step = len(old), rng.choice((0, -1, 1, -1_000, 10**9, 10**12, -(10**12), 10**15, 0.5))
        pairs[at] = key, rng.choice((old[::-1], [step] * n, [step * i for i in range(n)]))


def _numbering(rng: Random, pairs: Pairs) -> None:
    """seq, run and oldest that jump, go back or are no numbers of the contract."""
    values = (0, 1, 2**53 - 1, 2**53, -1, 2**64, "7", 1.0, 1.5, None, True, rng.randint(0, 10**6))
    name, value = rng.choice(("seq", "seq", "run", "oldest")), rng.choice(values)
    at = next((i for i, (key, _) in enumerate(pairs) if key == name), None)
    if at is None:
        pairs.insert(rng.randrange(len(pairs) + 1), (name, value))
    else:
        pairs[at] = name, value


def _somebody(rng: Random, pairs: Pairs) -> None:
    """The body says whose it is, and it is somebody else's."""
    pairs.append(("device", rng.choice(("", "car-1", 7, None, "x" * 300, "\ud800"))))


Spoil = Callable[[Random, Pairs], None]

FIELDS: dict[str, Spoil] = {
    "swapped fields": _swapped, "duplicate key": _doubled, "deleted fields": _deleted,
    "renamed field": _renamed, "wrong type": _wrong_type, "huge number": _huge,
    "many digits": _digits, "not finite": _not_finite, "deep": _deep, "text": _text,
    "unequal lengths": _lengths, "gigantic array": _gigantic, "version": _version, "time": _time,
    "steps": _steps, "numbering": _numbering, "other device": _somebody,
}  # fmt: skip


_TAGS = (0, 1, 2, 3, 4, 5, 24, 25, 28, 29, 30, 35, 36, 37, 100, 256, 258, 55_799, 2**60)


def _tagged(rng: Random, pairs: Pairs) -> None:
    """A tag in front of a value that may not have it."""
    tag = rng.choice(_TAGS)
    key, value = pairs[at := rng.randrange(len(pairs))]
    pairs[at] = key, Raw(b"null", _head(6, tag) + _cbor(value))


def _typed_array(rng: Random, pairs: Pairs) -> None:
    """A typed array of any kind and of any number of bytes, whole elements or not."""
    data = rng.randbytes(rng.choice((0, 1, 4, 8, 12, 16, 24, 32, 64)))
    _put(rng, pairs, Raw(b"[]", _head(6, rng.randint(63, 88)) + _head(2, len(data)) + data))


_KEYS = (
    b"\x01", b"\x20", b"\xf6", b"\xf7", b"\x80", b"\xa0", b"\x81\x80", b"\x41v", b"\xc1\x00",
    b"\xfb" + bytes(8), b"\xf9\x7e\x00", b"\xd8\x40\x41\x00", b"\xd8\x56\x48" + bytes(8),
    b"\xf8\xff", b"\xc2" + _head(2, 3_000) + b"\x01" * 3_000,
)  # fmt: skip


def _odd_key(rng: Random, pairs: Pairs) -> None:
    """A key that is no text: a number, an array, bytes, a time, a typed array."""
    at = rng.randrange(len(pairs))
    pairs[at] = Raw(b'"x"', rng.choice(_KEYS)), pairs[at][1]


def _simple(rng: Random, pairs: Pairs) -> None:
    """Simple values, reserved heads and breaks where a value belongs."""
    value = rng.choice(
        (b"\xf7", b"\xe0", b"\xf8\x20", b"\xf8\x10", b"\xfc", b"\xff", b"\x1c", b"\x5f\xff")
    )
    _put(rng, pairs, Raw(b"null", value))


CBOR: dict[str, Spoil] = {
    "tag": _tagged, "typed array": _typed_array, "key that is no text": _odd_key,
    "simple value": _simple,
}  # fmt: skip


# ── bytes ───────────────────────────────────────────────────────────────────────────────────────


def _cut(rng: Random, body: bytes) -> bytes:
    return body[: rng.randrange(len(body) + 1)]


def _flipped(rng: Random, body: bytes) -> bytes:
    found = bytearray(body)
    for _ in range(rng.choice((1, 1, 1, 2, 8))):
        found[rng.randrange(len(found))] ^= 1 << rng.randrange(8)
    return bytes(found)


def _inserted(rng: Random, body: bytes) -> bytes:
    at = rng.randrange(len(body) + 1)
    likely = rng.choice(
        (b"0", b"-", b".", b"e", b",", b":", b'"', b"[", b"]", b"{", b"}", b"\\", b" ")
    )
    return body[:at] + rng.choice((likely, rng.randbytes(rng.randint(1, 4)))) + body[at:]


def _removed(rng: Random, body: bytes) -> bytes:
    at = rng.randrange(len(body))
    return body[:at] + body[at + rng.choice((1, 1, 1, 2, 3, 16)) :]


def _moved(rng: Random, body: bytes) -> bytes:
    """A stretch of the body stands somewhere else, instead of what was there."""
    n = rng.randint(1, max(len(body) // 4, 1))
    source, target = rng.randrange(len(body)), rng.randrange(len(body))
    return body[:target] + body[source : source + n] + body[target + n :]


def _not_utf8(rng: Random, body: bytes) -> bytes:
    at = rng.randrange(len(body) + 1)
    spoilt = (
        b"\xff",
        b"\xc3",
        b"\xed\xa0\x80",
        b"\xc0\x80",
        b"\xf4\x90\x80\x80",
        b"\xe9",
        b"\xef\xbb\xbf",
    )
    return body[:at] + rng.choice(spoilt) + body[at:]


def _nul(rng: Random, body: bytes) -> bytes:
    at = rng.randrange(len(body) + 1)
    return body[:at] + rng.choice((b"\0", b"\\u0000", b"\0" * 64)) + body[at:]


def _half_surrogate(rng: Random, body: bytes) -> bytes:
    """Escaped, within the first or another text."""
    quotes = [i + 1 for i, byte in enumerate(body) if byte == 34] or [0]
    at = rng.choice(quotes)
    return body[:at] + rng.choice((b"\\ud800", b"\\uDFFF", b"\\ud83d\\u0041")) + body[at:]


def _long_head(rng: Random, body: bytes) -> bytes:
    """A CBOR head that claims far more than comes; in JSON, some bytes of rubbish."""
    at = rng.randrange(len(body) + 1)
    n = rng.choice((2**16, 2**31, 2**32, 2**40, 2**63, 2**64 - 1))
    return body[:at] + _head(rng.choice((2, 3, 4, 5)), n) + body[at + 1 :]


def _repeated(rng: Random, body: bytes) -> bytes:
    """More behind the end: the body again, a space, a comma."""
    return body + rng.choice((body, b" ", b",", b"\n" + body, b"\0", b"\xff", b"}"))


def _wrapped(rng: Random, body: bytes) -> bytes:
    """The body is an array's only item, or a text, or there is a number instead."""
    text = _json(body.decode("latin-1"))
    return rng.choice((b"[" + body + b"]", b"\x81" + body, text, b"5", b"\x05", b"null", b"\xf6"))


def _empty(_: Random, __: bytes) -> bytes:
    return b""


def _oversized(rng: Random, body: bytes) -> bytes:
    """A byte more than is read, or many; blank, so that the good body behind them stays one."""
    return b" " * rng.choice((512 * 1_024 + 1 - len(body), 512 * 1_024 - len(body), 700_000)) + body


BYTES: dict[str, Callable[[Random, bytes], bytes]] = {
    "truncated": _cut, "bits flipped": _flipped, "bytes inserted": _inserted,
    "bytes deleted": _removed, "bytes moved": _moved, "invalid UTF-8": _not_utf8, "NUL": _nul,
    "half surrogate": _half_surrogate, "long head": _long_head, "bytes behind": _repeated,
    "wrapped": _wrapped, "empty": _empty, "oversized": _oversized,
}  # fmt: skip


# ── around the body ─────────────────────────────────────────────────────────────────────────────


_MEDIA = (
    None, "", JSON_TYPE, CBOR_TYPE, "text/plain", "APPLICATION/JSON", "application/cbor-seq",
    "application/json; charset=utf-16", "application/json+cbor", "a\0b", "\ud800", "x" * 2_000,
)  # fmt: skip


def _content_type(rng: Random, sender: Sender, _: list[Sender]) -> tuple[str, str | None]:
    return sender.topic, rng.choice(_MEDIA)


_KINDS = ("telemetry", "reading", "event", "status")
_NAMES = (
    "", " ", "a b", "é", ".a", "-a", "..", "x" * 65, "+", "#", "a\0b", "\ud800", "a\n", "%2f",
)  # fmt: skip
_TOPICS = (
    "", "/", "tw", "tw/v1", "tw/v2/{0}/{1}/telemetry", "$SYS/broker/uptime", "#", "+/+", "/{2}",
    "{2}/", "{2}/x", "tele/{1}/STATE", "tele/{1}/SENSOR", "tele//SENSOR", "owntracks/u", "\0",
    "owntracks//d", "owntracks/{1}/phone", "owntracks/{1}/phone/event", "owntracks/\0/\ud800",
    "tele/+/SENSOR", "tw/v1/+/+/telemetry", "tw/v1/{0}/{1}/ack", "\ud800", "x" * 5_000,
)  # fmt: skip


def _topic(rng: Random, sender: Sender, of: list[Sender]) -> tuple[str, str | None]:
    """Of nobody or somebody else, of no dialect, of a bad name, of another kind, with wildcards."""
    ghost = f"ghost-{rng.randrange(10**6)}"
    if rng.random() < 0.3:
        return rng.choice(_TOPICS).format(TENANT, ghost, sender.topic), sender.content_type
    if rng.random() < 0.3:
        kind = sender.topic.rpartition("/")[2]
        return topic(TENANT, rng.choice(of).device, kind), sender.content_type
    tenant = rng.choice((TENANT, TENANT, "nobody", rng.choice(_NAMES)))
    device = rng.choice((sender.device, sender.device, ghost, rng.choice(_NAMES)))
    kind = rng.choice((*_KINDS, *_KINDS, "command", "Telemetry", ""))
    return topic(tenant, device, kind), sender.content_type


AROUND: dict[str, Callable[[Random, Sender, list[Sender]], tuple[str, str | None]]] = {
    "content type": _content_type, "topic": _topic,
}  # fmt: skip


# ── messages ────────────────────────────────────────────────────────────────────────────────────

_ENDLESS = "indefinite lengths"
_RARELY = ("gigantic array", "oversized")


@dataclass(slots=True)
class Mutations:
    """Messages of `of`, the first at `start_us` (epoch µs), each with something done to it.

    The same for the same seed. `Message.fault` says what was done; its `seq` is not told, as the
    body may say another.
    """

    of: list[Sender]
    seed: int
    start_us: int
    _random: Random = field(init=False)
    _kinds: dict[bool, tuple[list[str], list[float]]] = field(init=False)

    def __post_init__(self) -> None:
        self._random = Random(self.seed)
        common = [*FIELDS, *BYTES, *AROUND]
        both = {False: common, True: [*common, *CBOR, _ENDLESS]}
        self._kinds = {
            binary: (kinds, [_RARE if kind in _RARELY else 1.0 for kind in kinds])
            for binary, kinds in both.items()
        }

    def __iter__(self) -> Iterator[Message]:
        """Without an end; senders in turn."""
        while True:
            for sender in self.of:
                yield self._message(sender)

    def _message(self, sender: Sender) -> Message:
        rng, binary = self._random, sender.encoding != "json"
        kinds, weights = self._kinds[binary]
        fault = rng.choices(kinds, weights)[0]
        due_us = self.start_us + sender.sent * sender.step_us
        pairs = sender.next(self.start_us)
        spoil = FIELDS.get(fault) or CBOR.get(fault)
        if spoil is not None:
            spoil(rng, pairs)
        if binary:
            body = _cbor_map(pairs, sender.encoding == "cbor-typed", fault == _ENDLESS)
        else:
            body = _json_object(pairs)
        if fault in BYTES:
            body = BYTES[fault](rng, body)
        elif rng.random() < _MORE and body:
            body = BYTES[rng.choice(("truncated", "bits flipped", "bytes deleted"))](rng, body)
        where, media = sender.topic, sender.content_type
        if fault in AROUND:
            where, media = AROUND[fault](rng, sender, self.of)
        return Message(due_us, where, body, TENANT, sender.device, media, fault=fault)
