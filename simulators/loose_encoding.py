"""JSON and CBOR that no encoder writes: a key that stands twice, a value that is bytes as it is."""

import json
import struct
from dataclasses import dataclass
from typing import Any

Pairs = list[tuple[Any, Any]]


@dataclass(frozen=True, slots=True)
class Raw:
    """A value as it stands in the body, for what no encoder writes."""

    json: bytes
    cbor: bytes


def to_json(value: Any) -> bytes:
    if isinstance(value, Raw):
        return value.json
    try:
        return json.dumps(value, separators=(",", ":")).encode()
    except TypeError:  # a Raw within
        if isinstance(value, list):
            return b"[" + b",".join(map(to_json, value)) + b"]"
        return json_object(list(value.items()))


def json_object(pairs: Pairs) -> bytes:
    """Keys may stand twice; a key that is no text is written as it is."""
    return b"{" + b",".join(to_json(key) + b":" + to_json(value) for key, value in pairs) + b"}"


def head(major: int, argument: int) -> bytes:
    """RFC 8949, section 3: the first bytes of an item."""
    if argument < 24:
        return bytes([major << 5 | argument])
    size = next(size for size in (1, 2, 4, 8) if argument < 1 << 8 * size)
    return bytes([major << 5 | 23 + size.bit_length()]) + argument.to_bytes(size, "big")


def cbor(value: Any, typed: bool = False, endless: bool = False) -> bytes:
    """typed : arrays of numbers are those of RFC 8746. endless : all lengths are indefinite."""
    if isinstance(value, Raw):
        return value.cbor
    if value is None or isinstance(value, bool):
        return b"\xf6" if value is None else b"\xf5" if value else b"\xf4"
    if isinstance(value, int):
        major, argument = (0, value) if value >= 0 else (1, -1 - value)
        if argument >= 1 << 64:
            digits = argument.to_bytes(-(-argument.bit_length() // 8), "big")
            return bytes([0xC2 + major]) + head(2, len(digits)) + digits
        return head(major, argument)
    if isinstance(value, float):
        return b"\xfb" + struct.pack(">d", value)
    if isinstance(value, str):
        text = value.encode("utf-8", "surrogatepass")
        chunk = head(3, len(text)) + text
        return b"\x7f" + chunk + b"\xff" if endless else chunk
    if isinstance(value, dict):
        return cbor_map(list(value.items()), typed, endless)
    if typed and value and {type(v) for v in value} <= {float, int, type(None)}:
        return _typed(value)
    items = b"".join([cbor(item, False, endless) for item in value])
    return b"\x9f" + items + b"\xff" if endless else head(4, len(value)) + items


def _typed(values: list[float | int | None]) -> bytes:
    """Whole numbers of 32 bits as sint32, others as float64, both little-endian; whole numbers of
    which some are missing have no typed array."""
    whole = {type(v) for v in values}
    if whole == {int, type(None)}:
        return cbor(values)
    if whole == {int} and all(abs(v) < 1 << 31 for v in values if v is not None):
        return b"\xd8\x4e" + head(2, 4 * len(values)) + struct.pack(f"<{len(values)}i", *values)
    numbers = [float("nan") if v is None else v for v in values]
    try:
        return b"\xd8\x56" + head(2, 8 * len(values)) + struct.pack(f"<{len(values)}d", *numbers)
    except (OverflowError, struct.error):  # a number beyond float64
        return cbor(values)


def cbor_map(pairs: Pairs, typed: bool, endless: bool = False) -> bytes:
    items = b"".join([cbor(k, False, endless) + cbor(v, typed, endless) for k, v in pairs])
    return b"\xbf" + items + b"\xff" if endless else head(5, len(pairs)) + items
