"""The native dialect: JSON or CBOR of one schema (contracts/telemetry.py)."""

import json
from collections.abc import Sequence
from datetime import datetime
from io import BytesIO
from typing import Any, TypeVar

import cbor2
import numpy as np
from pydantic import BaseModel, ValidationError

from contracts.dialects import NATIVE, Dialect, DialectRoute
from contracts.telemetry import (
    MAX_DT_MS,
    MAX_SEQ,
    DeviceEvent,
    DeviceStatus,
    Reading,
    Samples,
    Telemetry,
)
from contracts.topics import NAME_PATTERN
from contracts.units import METER_NAMES, VEHICLE_NAMES
from ingest.decoding.decoded import Context, Decoded, Decoder
from ingest.decoding.schema_errors import as_dead_letter
from ingest.decoding.times import parse_time
from runtime.errors import DeadLetter, Reason

M = TypeVar("M", bound=BaseModel)

# RFC 8746 §2: tag → element type.
_TYPED_ARRAYS: dict[int, str] = {
    64: ">u1", 65: ">u2", 66: ">u4", 67: ">u8", 68: "<u1", 69: "<u2", 70: "<u4", 71: "<u8",
    72: ">i1", 73: ">i2", 74: ">i4", 75: ">i8", 77: "<i2", 78: "<i4", 79: "<i8",
    80: ">f2", 81: ">f4", 82: ">f8", 84: "<f2", 85: "<f4", 86: "<f8",
}  # fmt: skip

_MAX_CBOR_DEPTH = 16

_BIGNUMS = (2, 3)

# Python prints integers of up to 4,300 digits. Every integer of up to this many bytes has fewer.
_MAX_BIGNUM_BYTES = 1_785

# Times, bignums (limited by the schema) and typed arrays.
_ALLOWED_TAGS = frozenset({0, 1, *_BIGNUMS, *_TYPED_ARRAYS})

_METER_MEASURED = tuple(n for n in METER_NAMES if n not in ("interval_s", "meter_key"))


def decode_telemetry(body: bytes, content_type: str | None, context: Context) -> Decoded:
    """Decode samples of a vehicle."""
    message = _read(Telemetry, body, content_type)
    columns = {
        name: values for name in VEHICLE_NAMES if (values := getattr(message, name)) is not None
    }
    return _samples("telemetry", message, columns, context)


def decode_reading(body: bytes, content_type: str | None, context: Context) -> Decoded:
    """Decode readings of a meter."""
    message = _read(Reading, body, content_type)
    columns: dict[str, Sequence[float | None]] = {
        name: values for name in _METER_MEASURED if (values := getattr(message, name)) is not None
    }
    decoded = _samples("reading", message, columns, context)
    if message.interval_s is not None:
        decoded.columns["interval_s"] = [message.interval_s] * len(decoded.observed_us)
    decoded.meter_number = message.meter_number
    return decoded


def decode_event(body: bytes, content_type: str | None, context: Context) -> Decoded:
    """Decode an event that the device itself detected."""
    message = _read(DeviceEvent, body, content_type)
    decoded = Decoded("event", [parse_time(message.at)], {})
    decoded.event_kind = message.kind
    decoded.event_json = json.dumps(message.detail, sort_keys=True)
    return _numbered(decoded, message.seq, message.run, message.oldest, message.device)


def decode_status(body: bytes, content_type: str | None, context: Context) -> Decoded:
    """Decode the status of the device."""
    message = _read(DeviceStatus, body, content_type)
    decoded = Decoded("status", [parse_time(message.at)], {})
    decoded.event_kind = "status"
    status = message.model_dump(
        include={"online", "battery_pct", "firmware", "rssi_dbm"}, exclude_none=True
    )
    decoded.event_json = json.dumps(status, sort_keys=True)
    return _numbered(decoded, message.seq, message.run, message.oldest, message.device)


def salvage_numbering(body: bytes) -> tuple[int, int] | None:
    """Find (run, seq) in a body that violates the schema but is a complete object; None otherwise.

    Without it a device would never get an acknowledgement, and send the message again for ever.
    """
    try:
        if body.lstrip()[:1] == b"{":
            found = json.loads(body.rstrip(b"\0"))
        elif _looks_like_cbor(body):
            found = _cbor(body)
        else:
            return None
    except (DeadLetter, ValueError, RecursionError):
        return None
    if not isinstance(found, dict):
        return None
    run, seq = _count(found.get("run", 0)), _count(found.get("seq"))
    return None if run is None or seq is None else (run, seq)


def _count(value: object) -> int | None:
    """Read a number of a message as the schema does: 1.0 is 1."""
    if type(value) is float and value.is_integer():
        value = int(value)
    return value if type(value) is int and 0 <= value <= MAX_SEQ else None


def _samples(
    kind: str, message: Samples, columns: dict[str, Sequence[float | None]], context: Context
) -> Decoded:
    n = len(message.dt_ms)
    if n == 0:
        raise DeadLetter(Reason.EMPTY, "dt_ms is empty: no sample")
    if n > context.max_samples:
        raise DeadLetter(
            Reason.TOO_MANY_SAMPLES, f"{n} samples; at most {context.max_samples} in a message"
        )
    if not columns:
        raise DeadLetter(Reason.EMPTY, "no measured column")
    for name, values in columns.items():
        if len(values) != n:
            raise DeadLetter(
                Reason.UNEQUAL_LENGTH, f"{name} has {len(values)} values, dt_ms has {n}"
            )
    t0_us = parse_time(message.t0)
    dt_ms = message.dt_ms
    if min(dt_ms) < -MAX_DT_MS or max(dt_ms) > MAX_DT_MS:
        raise DeadLetter(Reason.BAD_TIME, "dt_ms is more than 30 years from t0")
    decoded = Decoded(kind, [t0_us + ms * 1000 for ms in dt_ms], columns)
    return _numbered(decoded, message.seq, message.run, message.oldest, message.device)


def _numbered(
    decoded: Decoded, seq: int | None, run: int, oldest: int | None, device: str | None
) -> Decoded:
    decoded.seq, decoded.run, decoded.oldest, decoded.device = seq, run, oldest, device
    return decoded


def _looks_like_cbor(body: bytes) -> bool:
    return bool(body) and (0xA0 <= body[0] <= 0xBF or body[0] == 0xD9)


def _read(model: type[M], body: bytes, content_type: str | None) -> M:
    """Validate a body. Without a content type its first byte decides (a CBOR map: 0xA0–0xBF)."""
    if content_type is not None and "cbor" in content_type:
        is_cbor = True
    elif content_type is not None and "json" in content_type:
        is_cbor = False
    else:
        is_cbor = _looks_like_cbor(body)
    try:
        if is_cbor:
            return model.model_validate(_cbor(body))
        return model.model_validate_json(body)
    except ValidationError as error:
        raise as_dead_letter(error, body) from None


def _cbor(body: bytes) -> dict[str, Any]:
    if _too_deep(body):
        raise DeadLetter(Reason.TOO_DEEP, f"nested deeper than {_MAX_CBOR_DEPTH}")
    stream = BytesIO(body)
    try:
        found = cbor2.load(stream, tag_hook=_typed_array)
    except cbor2.CBORDecodeEOF as error:
        raise DeadLetter(Reason.TRUNCATED_CBOR, str(error)) from None
    except (cbor2.CBORDecodeError, ValueError, OverflowError, RecursionError) as error:
        raise DeadLetter(Reason.NOT_CBOR, str(error) or type(error).__name__) from None
    if stream.read(1):
        raise DeadLetter(Reason.NOT_CBOR, "bytes after the end of the first item")
    if not isinstance(found, dict):
        raise DeadLetter(Reason.NOT_AN_OBJECT, f"a {type(found).__name__}, expected a map")
    return {
        key: value.isoformat() if isinstance(value, datetime) else value
        for key, value in found.items()
        if isinstance(key, str) or _refuse_key(key)
    }


def _refuse_key(key: object) -> bool:
    raise DeadLetter(Reason.UNKNOWN_FIELD, f"key {key!r} is no text")


def _typed_array(*arguments: Any) -> Any:
    tag: cbor2.CBORTag = arguments[-1] if isinstance(arguments[-1], cbor2.CBORTag) else arguments[0]
    dtype = _TYPED_ARRAYS.get(tag.tag)
    if dtype is None or not isinstance(tag.value, bytes):
        return tag
    # A length that is not a multiple of the element size raises ValueError, reported as not_cbor.
    numbers = np.frombuffer(tag.value, dtype=dtype).tolist()
    if dtype[1] == "f":
        # NaN stands for null in a typed array; the schema rejects infinities.
        return [None if number != number else number for number in numbers]
    return numbers


def _bounded(length: int, info: int) -> None:
    if info == 31:
        raise DeadLetter(Reason.NOT_CBOR, "a bignum of indefinite length")
    if length > _MAX_BIGNUM_BYTES:
        raise DeadLetter(Reason.OUT_OF_RANGE, f"a number of {length} bytes")


def _too_deep(body: bytes) -> bool:
    """Read the heads of a CBOR body without recursion, so that depth cannot exhaust the stack.

    Returns False for malformed input, which the real decoder reports. Raises `DeadLetter` for tags
    that are not allowed, misplaced breaks and integers too long to print.
    """
    open_items: list[int] = []  # items still to come at each level; -1 = until a break
    bignum = False
    at, n = 0, len(body)
    while at < n:
        head = body[at]
        major, info = head >> 5, head & 0x1F
        at += 1
        argument = info
        if 24 <= info <= 27:
            size = 1 << (info - 24)
            argument = int.from_bytes(body[at : at + size], "big")
            at += size
        if bignum and major == 2:
            _bounded(argument, info)
        bignum = major == 6 and argument in _BIGNUMS
        if major in (2, 3) and info != 31:
            at += argument
        opens: int | None = None
        if major in (4, 5):
            opens = -1 if info == 31 else argument * (1 if major == 4 else 2)
        elif major == 6:
            if argument not in _ALLOWED_TAGS:
                # Also excludes shared references (28, 29), which expand a few bytes into many.
                raise DeadLetter(Reason.NOT_CBOR, f"tag {argument} is not allowed")
            opens = 1
        elif major in (2, 3) and info == 31:
            opens = -1
        if head == 0xFF:
            if not open_items or open_items.pop() != -1:
                raise DeadLetter(Reason.NOT_CBOR, "a break that ends nothing")
        elif opens is not None and opens != 0:
            open_items.append(opens)
            if len(open_items) > _MAX_CBOR_DEPTH:
                return True
            continue
        while open_items and open_items[-1] != -1:
            open_items[-1] -= 1
            if open_items[-1] > 0:
                break
            open_items.pop()
        if not open_items:
            return False  # the first item is complete
    return False


DIALECT = Dialect[Decoder](
    name=NATIVE,
    title="Native",
    routes=(
        DialectRoute(
            "telemetry",
            ("tw/v1/{tenant}/{device}/telemetry",),
            decode_telemetry,
            (
                "telemetry/v1/one-sample.json",
                "telemetry/v1/mixed-rates.json",
                "telemetry/v1/epoch-milliseconds.json",
            ),
        ),
        DialectRoute(
            "reading",
            ("tw/v1/{tenant}/{device}/reading",),
            decode_reading,
            (
                "reading/v1/register.json",
                "reading/v1/two-tariffs.json",
                "reading/v1/intervals.json",
            ),
        ),
        DialectRoute(
            "event",
            ("tw/v1/{tenant}/{device}/event",),
            decode_event,
            ("event/v1/power-fail.json",),
        ),
        DialectRoute(
            "status",
            ("tw/v1/{tenant}/{device}/status",),
            decode_status,
            ("status/v1/online.json",),
        ),
    ),
    example="acme/car-1",
    acl=("read tw/v1/{tenant}/{device}/ack", "read tw/v1/{tenant}/{device}/command"),
    level=NAME_PATTERN,
)
