"""Errors in the fields of a message, one function each.

The lists are `FIELDS`, and `CBOR` for errors that only CBOR can encode.
"""

import json
from collections.abc import Callable
from random import Random
from typing import Any

from simulators.loose_encoding import Pairs, Raw, cbor, head, to_json


def _put(rng: Random, pairs: Pairs, value: Any) -> None:
    """Replace a field's value, or one within it."""
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
    """Return the index of one of these fields, else the last."""
    return next((i for i, (key, _) in enumerate(pairs) if key in names), len(pairs) - 1)


def _swapped(rng: Random, pairs: Pairs) -> None:
    a, b = rng.randrange(len(pairs)), rng.randrange(len(pairs))
    (key_a, value_a), (key_b, value_b) = pairs[a], pairs[b]
    pairs[a], pairs[b] = (key_a, value_b), (key_b, value_a)


def _doubled(rng: Random, pairs: Pairs) -> None:
    """Duplicate a key, with the same value or another field's."""
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
    """Write a number with so many digits that Python may refuse to parse or print it."""
    n = rng.choice((20, 400, 400, 4_300, 4_301, 20_000))
    digits = b"-" * rng.randint(0, 1) + b"%d" % rng.randint(1, 9) + b"0" * (n - 1)
    written = rng.choice((digits, digits + b".5", b"0." + b"0" * n + b"1", digits + b"e-%d" % n))
    _put(rng, pairs, Raw(written, cbor(rng.choice((1, -1)) << (n * 10 // 3))))


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
    pairs[at] = key, rng.choice((text, text, Raw(to_json(text), b"\xc0" + cbor(text))))


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
    """Let the body name another device."""
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
    pairs[at] = key, Raw(b"null", head(6, tag) + cbor(value))


def _typed_array(rng: Random, pairs: Pairs) -> None:
    """A typed array of any kind and of any number of bytes, whole elements or not."""
    data = rng.randbytes(rng.choice((0, 1, 4, 8, 12, 16, 24, 32, 64)))
    _put(rng, pairs, Raw(b"[]", head(6, rng.randint(63, 88)) + head(2, len(data)) + data))


_KEYS = (
    b"\x01", b"\x20", b"\xf6", b"\xf7", b"\x80", b"\xa0", b"\x81\x80", b"\x41v", b"\xc1\x00",
    b"\xfb" + bytes(8), b"\xf9\x7e\x00", b"\xd8\x40\x41\x00", b"\xd8\x56\x48" + bytes(8),
    b"\xf8\xff", b"\xc2" + head(2, 3_000) + b"\x01" * 3_000,
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
