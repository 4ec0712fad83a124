"""The kernel that reads plain bodies beside the decoder: what it takes, both read alike."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from contracts.raw import RawMessage
from contracts.topics import Route
from contracts.units import METER_NAMES, VEHICLE_NAMES
from ingest.decoding.decode import decode
from ingest.decoding.decoded import Context
from ingest.decoding.fast_path.numbers import float_bits
from ingest.decoding.fast_path.scan import SHAPES, scan
from runtime.errors import DeadLetter
from tests.plain_bodies import EXAMPLES, MOST, check

values = (
    st.none() | st.integers(-(10**20), 10**20) | st.floats(allow_nan=False, allow_infinity=False)
    | st.floats(-200, 200).map(lambda v: round(v, 3))
)  # fmt: skip
times = st.sampled_from(
    ["2026-11-21T10:00:00Z", "2000-02-29T23:59:59.5Z", "1999-12-31T00:00:00.123456Z",
     "2100-02-29T00:00:00Z", "2026-11-21T10:00:00+01:00", "2026-11-21T24:00:00Z", "2026-1-1",
     "0001-01-01T00:00:00Z", "0000-01-01T00:00:00Z", "2026-11-21T10:00:60Z"]
) | st.integers(-(10**13), 10**15)  # fmt: skip


plates = st.sampled_from(["", "1EMH0012345678", " a ", 'a"b', "a\\b", "ä", "x" * 64, "x" * 65]) | (
    st.text(max_size=8)
)


@st.composite
def bodies(draw: st.DrawFn, kind: str) -> bytes:
    names = VEHICLE_NAMES if kind == "telemetry" else METER_NAMES[:5]
    n = draw(st.integers(1, 4))
    body: dict[str, Any] = {"v": draw(st.just(1) | st.integers(0, 2)), "t0": draw(times)}
    if n > 1 or draw(st.booleans()):
        body["dt_ms"] = draw(st.lists(st.integers(-(10**13), 10**13), min_size=n, max_size=n))
    for name in ("seq", "run", "oldest"):
        if draw(st.booleans()):
            body[name] = draw(st.integers(-1, 2**53))
    for name in draw(st.lists(st.sampled_from(names), unique=True, max_size=4)):
        body[name] = draw(st.lists(values, min_size=n, max_size=n))
    if kind == "reading" and draw(st.booleans()):
        body["quality"] = draw(st.lists(st.none() | st.integers(-1, 7), min_size=n, max_size=n))
        body["interval_s"] = draw(st.sampled_from([900, 900.0, 0.5, None]))
    if kind == "reading" and draw(st.booleans()):
        body["meter_number"] = draw(plates)
    order = draw(st.permutations(list(body)))
    layout = draw(st.sampled_from([(",", ":"), (", ", ": "), (" ,\n", "\t:\r ")]))
    return json.dumps({name: body[name] for name in order}, separators=layout).encode()


@pytest.mark.parametrize("kind", ["telemetry", "reading"])
def test_what_is_taken_is_what_the_decoder_reads(kind: str) -> None:
    @settings(max_examples=300)
    @given(
        st.lists(bodies(kind), min_size=1, max_size=5),
        st.sampled_from([None, "application/json", "application/json", "application/cbor"]),
    )
    def examine(many: list[bytes], content_type: str | None) -> None:
        check(kind, many, content_type)

    examine()


@pytest.mark.parametrize("kind", ["telemetry", "reading"])
def test_mutations_of_the_examples(kind: str) -> None:
    """A byte changed, taken out or put in: taken only where the decoder agrees."""
    originals = [path.read_bytes().strip() for path in EXAMPLES.glob(f"{kind}/v1/*.json")]
    assert originals
    rng = np.random.default_rng(1)
    alphabet = b'0123456789.eE+-,:[]{}" nulltZTdms_\\/x\xc3\x00'
    mutated = list(originals)
    for _ in range(4_000):
        body = bytearray(originals[rng.integers(len(originals))])
        at, byte = int(rng.integers(len(body))), alphabet[rng.integers(len(alphabet))]
        match rng.integers(3):
            case 0:
                body[at] = byte
            case 1:
                del body[at]
            case _:
                body.insert(at, byte)
        mutated.append(bytes(body))
    assert 0 < check(kind, mutated, "application/json") < len(mutated)


def test_the_usual_bodies_are_taken() -> None:
    """The kernel that refuses everything would agree too."""
    usual = {
        "telemetry": {"seq": 1, "speed_kmh": [52.1, None], "lat_deg": [52.52, 1.5e-7]},
        "reading": {
            "register_kwh": [17000.1234567, 17000.2],
            "quality": [6, None],
            "meter_number": "1EMH0012345678",
        },
    }
    for kind, fields in usual.items():
        body = {"v": 1, "t0": "2026-11-21T10:00:00.25Z", "dt_ms": [0, 1000], **fields}
        text = json.dumps(body).encode()
        assert check(kind, [text], "application/json") == 1, text


@given(st.integers(0, 2**64 - 1), st.integers(-60, 60))
@example(2**53 + 1, 0)
@example(9007199254740993, -1)
@example(1, 23)
@example(2**64 - 1, -60)
def test_numbers_are_rounded_as_python_rounds_them(digits: int, power: int) -> None:
    sure, bits = float_bits(np.uint64(digits), power)
    assert sure or digits
    if sure:
        ours = np.array([bits], np.uint64).view(np.float64)[0]
        assert ours == float(f"{digits}e{power}")


def test_a_decoder_error_is_left_to_the_decoder() -> None:
    for body in (b"", b"{", b"[]", b"{}", b'{"v":1}', b"\xa1", b'{"v":1,"t0":"x","speed_kmh":[1]}'):
        assert not scan([body], SHAPES["telemetry"], MOST).taken[0]
        with pytest.raises(DeadLetter):
            decode(
                RawMessage("-", body, 0, "application/json"),
                Route("native", "t", "t/d", "telemetry"),
                Context("UTC", 0, MOST),
                10**6,
            )
