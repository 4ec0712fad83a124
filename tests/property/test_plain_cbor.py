"""The kernel that reads plain bodies, fed CBOR: what it takes, the decoder reads alike."""

import json
import struct
from typing import Any

import cbor2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.units import METER_NAMES, VEHICLE_NAMES
from ingest.decoding.dialects.native import _TYPED_ARRAYS
from tests.plain_bodies import EXAMPLES, check

edges = [0, 1, 23, 24, 255, 256, 2**16, 2**32, 2**53 + 1, 2**62, 2**63, 2**64 - 1, 2**64, 10**20]
whole = st.sampled_from([*edges, *[-n for n in edges], *[-1 - n for n in edges]]) | st.integers(
    -100, 100
)
floats = st.floats() | st.floats(width=16) | st.floats(width=32) | st.floats(-180, 180)
qualities, wrong = st.none() | st.integers(0, 6), st.integers(-1, 7)
times = st.sampled_from(
    [
        "2026-11-21T10:00:00Z",
        "2026-11-21T10:00:00.25Z",
        "1999-12-31T23:59:59.999999Z",
        "2026-11-21T10:00:00",
        "2026-11-21T10:00:00ZZ",
        "2026-11-21",
        "",
        253_402_300_799_999,
        253_402_300_800_000,
    ]
) | st.integers(-(10**13), 10**15)


def head(draw: st.DrawFn, major: int, argument: int) -> bytes:
    """A head of any width that holds the argument: decoders take longer ones than needed."""
    widths = [w for w in (1, 2, 4, 8) if argument < 1 << 8 * w]
    if argument < 24 and draw(st.integers(0, 9)):
        return bytes([major << 5 | argument])
    width = draw(st.sampled_from(widths)) if not draw(st.integers(0, 4)) else widths[0]
    return bytes([major << 5 | 24 + (1, 2, 4, 8).index(width)]) + argument.to_bytes(width, "big")


def item(draw: st.DrawFn, value: Any) -> bytes:
    """One item, written in one of the ways that there are."""
    match value:
        case bool() | None:
            return cbor2.dumps(value)
        case int() if -(2**64) <= value < 2**64:
            return head(draw, 0, value) if value >= 0 else head(draw, 1, -1 - value)
        case float():
            codes = [
                (code, first)
                for code, first in ((">e", b"\xf9"), (">f", b"\xfa"), (">d", b"\xfb"))
                if code == ">d" or fits(value, code)
            ]
            code, first = draw(st.sampled_from(codes))
            return first + struct.pack(code, value)
        case str():
            raw = value.encode()
            return head(draw, 3, len(raw)) + raw
        case list() if not draw(st.integers(0, 15)):
            return b"\x9f" + b"".join(item(draw, v) for v in value) + b"\xff"
        case list():
            return head(draw, 4, len(value)) + b"".join(item(draw, v) for v in value)
        case bytes():
            return value  # an item already
    return cbor2.dumps(value)


def fits(value: float, code: str) -> bool:
    try:
        back = struct.unpack(code, struct.pack(code, value))[0]
    except OverflowError:
        return False
    return back == value or value != value


def typed(draw: st.DrawFn, values: list[Any]) -> bytes:
    """A typed array of these, as far as its type can hold them; seldom of another length."""
    tag = draw(st.sampled_from([*_TYPED_ARRAYS, 86, 85, 82, 76, 83, 87, 63]))
    dtype = np.dtype(_TYPED_ARRAYS.get(tag, "<f8"))
    if dtype.kind == "f":
        with np.errstate(over="ignore"):
            array = np.array([np.nan if v is None else v for v in values], float).astype(dtype)
    else:
        info = np.iinfo(dtype)
        bounded = [min(max(int(v or 0), info.min), info.max) for v in values if v == v]
        array = np.array(bounded, dtype) if len(bounded) == len(values) else np.zeros(0, dtype)
    raw = array.tobytes() + draw(st.sampled_from([b""] * 9 + [b"\0"]))
    return head(draw, 6, tag) + head(draw, 2, len(raw)) + raw


@st.composite
def bodies(draw: st.DrawFn, kind: str) -> bytes:
    names = VEHICLE_NAMES if kind == "telemetry" else METER_NAMES[:5]
    n = draw(st.integers(1, 4))
    often = st.integers(0, 9).map(bool)
    body: dict[str, Any] = {"v": 1 if draw(often) else draw(st.sampled_from([0, 2, 1.0, True]))}
    body["t0"] = "2026-11-21T10:00:00.5Z" if draw(often) else draw(times)
    if n > 1 or draw(st.booleans()):
        steps = draw(st.lists(whole if not draw(often) else st.integers(-9, 10**6), min_size=n,
                              max_size=n))  # fmt: skip
        body["dt_ms"] = steps if draw(st.booleans()) else small(draw, steps)
    for name in ("seq", "run", "oldest"):
        if draw(st.booleans()):
            body[name] = draw(whole if not draw(often) else st.integers(0, 2**33))
    finite = (
        st.none()
        | whole
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.floats(-180, 180, width=16)
    )
    for name in draw(st.lists(st.sampled_from(names), unique=True, min_size=1, max_size=4)):
        values = draw(st.lists(finite if draw(often) else st.none() | floats, min_size=n,
                               max_size=n))  # fmt: skip
        body[name] = typed(draw, [*values]) if draw(st.booleans()) and ordinary(values) else values
    if kind == "reading" and draw(st.booleans()):
        quality = draw(st.lists(qualities if draw(often) else wrong, min_size=n, max_size=n))
        body["quality"] = small(draw, quality) if None not in quality else quality
        body["interval_s"] = draw(st.sampled_from([900, 900.0, 0.5, 60, None, float("nan")]))
    if kind == "reading" and draw(st.booleans()):
        body["meter_number"] = draw(st.sampled_from(["", "1EMH00", 'a"b', "ä", "x" * 64, "x" * 65]))
    pairs = [
        item(draw, name) + item(draw, body[name]) for name in draw(st.permutations(list(body)))
    ]
    if not draw(st.integers(0, 15)):
        return b"\xbf" + b"".join(pairs) + b"\xff"
    before, behind = draw(
        st.sampled_from([(b"", b"")] * 9 + [(b"\xd9\xd9\xf7", b""), (b"", b"\0")])
    )
    return before + head(draw, 5, len(pairs)) + b"".join(pairs) + behind


def ordinary(values: list[Any]) -> bool:
    return all(v is None or abs(v) < 2**64 for v in values)


def small(draw: st.DrawFn, values: list[int]) -> bytes | list[int]:
    """As a typed array where they fit into one of 32 bits."""
    if any(abs(v) >= 2**31 for v in values) or draw(st.booleans()):
        return values
    tag = draw(st.sampled_from([74, 78, 66, 86]))
    if tag == 66 and min(values) < 0:
        return values
    raw = np.array(values, _TYPED_ARRAYS[tag]).tobytes()
    return head(draw, 6, tag) + head(draw, 2, len(raw)) + raw


@pytest.mark.parametrize("kind", ["telemetry", "reading"])
def test_what_is_taken_is_what_the_decoder_reads(kind: str) -> None:
    taken = 0

    @settings(max_examples=120, deadline=None)
    @given(
        st.lists(bodies(kind), min_size=1, max_size=5),
        st.sampled_from([None, "application/cbor", "application/cbor", "application/json"]),
    )
    def examine(many: list[bytes], content_type: str | None) -> None:
        nonlocal taken
        taken += check(kind, many, content_type)

    examine()
    assert taken > 10, "the kernel that refuses everything would agree too"


def as_typed(body: dict[str, Any]) -> dict[str, Any]:
    """Its columns as arrays of doubles, their times as arrays of int32."""
    columns = {
        name: cbor2.CBORTag(86, np.array([np.nan if v is None else v for v in values]).tobytes())
        for name, values in body.items()
        if isinstance(values, list) and name not in ("dt_ms", "quality")
    }
    if "dt_ms" in body:
        columns["dt_ms"] = cbor2.CBORTag(78, np.array(body["dt_ms"], "<i4").tobytes())
    return {**body, **columns}


@pytest.mark.parametrize("kind", ["telemetry", "reading"])
def test_mutations_of_the_examples(kind: str) -> None:
    """A byte changed, taken out or put in: taken only where the decoder agrees."""
    examples = [json.loads(path.read_bytes()) for path in EXAMPLES.glob(f"{kind}/v1/*.json")]
    originals = [cbor2.dumps(body) for body in examples]
    originals += [cbor2.dumps(as_typed(body)) for body in examples]
    rng = np.random.default_rng(2)
    mutated = list(originals)
    for _ in range(3_000):
        body = bytearray(originals[rng.integers(len(originals))])
        at, byte = int(rng.integers(len(body))), int(rng.integers(256))
        match rng.integers(3):
            case 0:
                body[at] = byte
            case 1:
                del body[at]
            case _:
                body.insert(at, byte)
        mutated.append(bytes(body))
    for content_type in (None, "application/cbor"):
        assert 0 < check(kind, mutated, content_type) < len(mutated)
    assert check(kind, mutated, "application/json") == 0


def test_the_usual_bodies_are_taken() -> None:
    usual = {
        "telemetry": {"seq": 70_000, "speed_kmh": [52.1, None], "lat_deg": [52.52, 13]},
        "reading": {"register_kwh": [17000.125, 17000.2], "quality": [6, None],
                    "meter_number": "1EMH0012345678", "interval_s": 900},
    }  # fmt: skip
    for kind, fields in usual.items():
        body = {"v": 1, "t0": "2026-11-21T10:00:00.25Z", "dt_ms": [0, 1000], **fields}
        for written in (body, as_typed(body)):
            for content_type in (None, "application/cbor"):
                assert check(kind, [cbor2.dumps(written)], content_type) == 1, written


def test_a_body_that_promises_more_than_it_has_costs_nothing() -> None:
    """Rows are made for what may be there, and not for what a length says."""
    for many in (b"\x9a\x00\x00\x00\x30", b"\xd8\x56\x5a\x00\x00\x00\x30"):
        body = b"\xa3\x61v\x01\x62t0\x00\x65dt_ms" + many
        assert check("telemetry", [body] * 3, "application/cbor") == 0
