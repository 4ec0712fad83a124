"""The published schemas and the readers agree: bodies generated from the schemas, in each lane.

Lanes: the decoder and the fast path, each for JSON and for CBOR. What is valid is read, alike in
all of them; what is not valid is refused. `CONTENT` has the reasons that no schema can express.
"""

import json
import struct
from dataclasses import replace
from functools import cache
from typing import Any

import cbor2
import jsonschema
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis_jsonschema import from_schema

from contracts.generate import DIRECTORY
from contracts.raw import RawMessage
from contracts.topics import Route
from ingest.decoding.decode import decode
from ingest.decoding.decoded import Context, Decoded
from ingest.decoding.dialects.native import salvage_numbering
from runtime.errors import DeadLetter, Reason
from tests.plain_bodies import MOST, agree, check, read

KINDS = ("telemetry", "reading", "event", "status")
SCHEMAS = {kind: json.loads((DIRECTORY / f"{kind}.v1.json").read_bytes()) for kind in KINDS}
VALIDATORS = {
    kind: jsonschema.Draft202012Validator(
        schema, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
    )
    for kind, schema in SCHEMAS.items()
}
JSON, CBOR = "application/json", "application/cbor"

CONTENT = {
    Reason.EMPTY,  # no column
    Reason.UNEQUAL_LENGTH,
    Reason.TOO_MANY_SAMPLES,
    Reason.BAD_TIME,  # year 0, a leap second
}


@st.composite
def of_object(draw: st.DrawFn, kind: str) -> dict[str, Any]:
    """An object of the schema with up to six optional fields, mostly with a column of numbers.

    hypothesis-jsonschema generates their values; half of the columns have usual ones instead."""
    schema = SCHEMAS[kind]
    required = schema["required"]
    optional = [name for name in schema["properties"] if name not in required]
    columns = [name for name in optional if is_column(schema["properties"][name])]
    chosen = draw(st.lists(st.sampled_from(optional), unique=True, max_size=5))
    body = {name: draw(fields(kind)[name]) for name in (*required, *chosen)}
    if columns and draw(st.integers(0, 3)):
        body.setdefault(draw(st.sampled_from(columns)), [None])
    for name in columns:
        if name in body and draw(st.booleans()):
            body[name] = draw(st.lists(USUAL, min_size=1, max_size=3))
    return body


USUAL = st.none() | st.integers(-(10**6), 10**6).map(lambda thousandths: thousandths / 1000)
"""What devices send in a column of numbers. A schema alone mostly gives 1e-200 or 1e200, which are
left to the decoder."""


def is_column(field: dict[str, Any]) -> bool:
    """True for an array of numbers or nulls."""
    arrays = [one for one in field.get("anyOf", []) if one.get("type") == "array"]
    return any({"type": "number"} in one["items"].get("anyOf", []) for one in arrays)


def of_field(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    if schema.get("type") != "object":
        return from_schema(schema)
    ((pattern, values),) = schema["patternProperties"].items()
    names = from_schema({"type": "string", "pattern": pattern})
    return st.dictionaries(names, from_schema(values), max_size=5)


@cache
def fields(kind: str) -> dict[str, st.SearchStrategy[Any]]:
    """Strategies by name. Not at import: each worker imports this file."""
    return {name: of_field(field) for name, field in SCHEMAS[kind]["properties"].items()}


@st.composite
def valid(draw: st.DrawFn, kind: str) -> dict[str, Any]:
    """A valid body; mostly with columns of equal length, and with a time that exists."""
    body = draw(of_object(kind))
    if draw(st.booleans()):  # as most devices send it
        body = {name: body[name] for name in body if body[name] is not None and name != "device"}
    n = draw(st.integers(1, 3))
    if draw(st.integers(0, 9)):
        for name, values in body.items():
            if isinstance(values, list):
                body[name] = [values[i % len(values)] for i in range(n)] if values else [None] * n
        if n > 1 and kind in ("telemetry", "reading"):
            body["dt_ms"] = body.get("dt_ms") or [0] * n
    if draw(st.integers(0, 3)):
        name = "t0" if "t0" in body else "at"
        body[name] = draw(st.integers(0, 10**13) | st.just("2026-11-21T10:00:00.25Z"))
    assume(VALIDATORS[kind].is_valid(body))
    return body


def spell(draw: st.DrawFn, value: Any) -> Any:
    """The same value with some of its integers as floats: to JSON Schema they are integers too."""
    if isinstance(value, dict):
        return {name: spell(draw, item) for name, item in value.items()}
    if isinstance(value, list):
        return [spell(draw, item) for item in value]
    whole = type(value) is int and abs(value) <= 2**53
    return float(value) if whole and draw(st.booleans()) else value


def as_json(draw: st.DrawFn, body: Any) -> bytes:
    """JSON, with floats as 1.0 or 1e0."""
    text = json.dumps(body)
    other = text.replace(".0,", "e0,")
    return (other if draw(st.booleans()) and json.loads(other) == body else text).encode()


def decoded(kind: str, body: bytes, content_type: str) -> Decoded | DeadLetter:
    try:
        return decode(
            RawMessage("-", body, 0, content_type),
            Route("native", "t", "t/d", kind),
            Context("UTC", 0, MOST),
            10**6,
        )
    except DeadLetter as letter:
        return letter


def same(found: Decoded | DeadLetter, expected: Decoded) -> bool:
    """True if both are equal; the detail of an event keeps its 0.0, which is 0."""
    if isinstance(found, DeadLetter):
        return False
    details = [json.loads(one.event_json or "null") for one in (found, expected)]
    return details[0] == details[1] and replace(found, event_json=expected.event_json) == expected


def agrees_if_taken(kind: str, body: bytes, content_type: str) -> bool:
    """Read by the fast path, if it reads this kind; True if it takes the body."""
    if kind not in ("telemetry", "reading"):
        return False
    found = read(kind, [body], content_type)
    if found.taken[0]:
        agree(kind, body, content_type, found, 0)
    return bool(found.taken[0])


@pytest.mark.parametrize("kind", KINDS)
def test_what_the_schema_allows_is_read_alike_in_every_lane(kind: str) -> None:
    taken = {JSON: 0, CBOR: 0}

    @settings(max_examples=150, deadline=None)
    @given(st.data(), valid(kind))
    def examine(data: st.DataObject, body: dict[str, Any]) -> None:
        spelt = spell(data.draw, body)
        lanes = {JSON: as_json(data.draw, spelt), CBOR: cbor2.dumps(spelt)}
        expected = decoded(kind, cbor2.dumps(body), CBOR)
        if isinstance(expected, DeadLetter):
            assert expected.reason in CONTENT, (body, expected)
        for content_type, written in lanes.items():
            found = decoded(kind, written, content_type)
            if isinstance(expected, DeadLetter):
                assert isinstance(found, DeadLetter) and found.reason == expected.reason
                assert salvage_numbering(written) == salvage_numbering(cbor2.dumps(body))
            else:
                assert same(found, expected), written
            taken[content_type] += agrees_if_taken(kind, written, content_type)

    examine()
    if kind in ("telemetry", "reading"):
        assert min(taken.values()) > 10, "a fast path that takes nothing would agree too"


OTHER = (
    st.none() | st.booleans() | st.text(max_size=3) | st.floats(-9, 9).map(lambda v: v + 0.5)
    | st.sampled_from([-1, -1.0, 7, 2**53, 2.0**53, 1e13, 10**15, "1", "1.0", [], {}, [0.5], ["1"],
                       [True], [[1]], {"a": []}])
)  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_what_the_schema_forbids_is_refused_in_every_lane(kind: str) -> None:
    refused = 0

    @settings(max_examples=200, deadline=None)
    @given(st.data(), valid(kind))
    def examine(data: st.DataObject, body: dict[str, Any]) -> None:
        nonlocal refused
        match data.draw(st.sampled_from(["value", "value", "item", "missing", "unknown"])):
            case "value":
                body[data.draw(st.sampled_from(sorted(body)))] = data.draw(OTHER)
            case "item":
                lists = [
                    name for name in sorted(body) if isinstance(body[name], list) and body[name]
                ]
                assume(lists)
                body[data.draw(st.sampled_from(lists))][0] = data.draw(OTHER)
            case "missing":
                del body[data.draw(st.sampled_from(SCHEMAS[kind]["required"]))]
            case _:
                body["speed"] = 1
        lanes = {JSON: json.dumps(body).encode(), CBOR: cbor2.dumps(body)}
        for content_type, written in lanes.items():
            found = decoded(kind, written, content_type)
            if VALIDATORS[kind].is_valid(body):
                assert not isinstance(found, DeadLetter) or found.reason in CONTENT, found
            else:
                assert isinstance(found, DeadLetter), (body, found)
                assert not agrees_if_taken(kind, written, content_type)
                refused += 1

    examine()
    assert refused > 100


@pytest.mark.parametrize("kind", ["telemetry", "reading"])
def test_doubles_are_taken_by_the_fast_path(kind: str) -> None:
    """What JavaScript writes as CBOR, and what languages with doubles only write as JSON."""
    column = {"telemetry": {"speed_kmh": [1.0, 2.5]}, "reading": {"quality": [6.0, None]}}[kind]
    body = {"v": 1.0, "seq": 9.0, "run": 0.0, "t0": 1795992961068.0, "dt_ms": [0.0, 250.0]}
    body |= {"oldest": 1e3, **column}
    assert check(kind, [json.dumps(body).encode()], JSON) == 1
    assert check(kind, [json.dumps(body).replace("1795992961068.0", "1.795992961068e12").encode()],
                 JSON) == 1  # fmt: skip
    assert check(kind, [cbor2.dumps(body)], CBOR) == 1
    typed = body | {"dt_ms": cbor2.CBORTag(86, struct.pack("<2d", 0, 250))}
    assert check(kind, [cbor2.dumps(typed)], CBOR) == 1


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"t0": 1.5}, "t0: Input should be a whole number, found 1.5"),
        ({"t0": True}, "t0: Input should be a text or a whole number, found True"),
        ({"t0": 0, "dt_ms": ["1"]}, "dt_ms.0: Input should be a whole number, found '1'"),
        ({"t0": 0, "seq": -1.0}, "seq: Input should be greater than or equal to 0, found -1"),
        ({"t0": 0, "seq": [], "run": {}},
         "seq: Input should be a whole number, found [] (and 1 more)"),
    ],
)  # fmt: skip
def test_the_message_names_the_branch_that_was_meant(body: dict[str, Any], message: str) -> None:
    body |= {"v": 1, "speed_kmh": [1]}
    for written, content_type in ((json.dumps(body).encode(), JSON), (cbor2.dumps(body), CBOR)):
        letter = decoded("telemetry", written, content_type)
        assert isinstance(letter, DeadLetter) and letter.detail == message


def test_the_number_of_a_refused_body_is_found_where_it_is_a_double() -> None:
    body = {"v": 1, "seq": 9.0, "run": 2.0, "t0": "yesterday"}
    for written in (json.dumps(body).encode(), cbor2.dumps(body)):
        assert salvage_numbering(written) == (2, 9)
    assert salvage_numbering(b'{"seq":9.5}') is None
