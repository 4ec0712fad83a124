"""Helpers that decoders of foreign JSON dialects share."""

import json
import math
import re
from typing import Any

from runtime.errors import DeadLetter, Reason

_MAX_DEPTH = 32

# The closing quote is optional, so that an unclosed string is not scanned again (linear time).
_QUOTED = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"?', re.DOTALL)

# Control characters and lone surrogates: the database stores neither NUL nor lone surrogates.
_NO_TEXT = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")


def json_object(body: bytes) -> dict[str, Any]:
    """Parse a body that must be a JSON object.

    Raises `DeadLetter`: not_utf8, too_deep, not_json, not_an_object.
    """
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as bad:
        raise DeadLetter(Reason.NOT_UTF8, f"byte {bad.start} is no UTF-8") from None
    depth = deepest = 0
    # Strings are removed first, because brackets inside them are no nesting.
    many = text.count("[") + text.count("{") > _MAX_DEPTH
    for character in _QUOTED.sub("", text) if many else "":
        depth += (character in "[{") - (character in "]}")
        deepest = max(deepest, depth)
    if deepest > _MAX_DEPTH:
        raise DeadLetter(Reason.TOO_DEEP, f"nested deeper than {_MAX_DEPTH}")
    try:
        found = json.loads(text, parse_constant=_not_finite)
    except ValueError as error:
        raise DeadLetter(Reason.NOT_JSON, str(error)) from None
    if not isinstance(found, dict):
        raise DeadLetter(Reason.NOT_AN_OBJECT, f"a {type(found).__name__}, expected an object")
    return found


def number(found: dict[str, Any], key: str) -> float | None:
    """Read a number; None if the key is absent or null.

    Raises `DeadLetter`: wrong_type, not_finite.
    """
    value = found.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise DeadLetter(Reason.WRONG_TYPE, f"{key} is {value!r:.60}, expected a number")
    try:
        value = float(value)
    except OverflowError:
        value = math.inf
    if not math.isfinite(value):
        raise DeadLetter(Reason.NOT_FINITE, f"{key} is not finite")
    return value


def text(found: dict[str, Any], key: str) -> str | None:
    """Read a text, or a number as text; None if the key is absent or null.

    Raises `DeadLetter`: wrong_type.
    """
    value = found.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise DeadLetter(Reason.WRONG_TYPE, f"{key} is {value!r:.60}, expected a text")
    if _NO_TEXT.search(str(value)):
        raise DeadLetter(Reason.WRONG_TYPE, f"{key} is {value!r:.60}, with control characters")
    return str(value)


def _not_finite(constant: str) -> float:
    raise DeadLetter(Reason.NOT_FINITE, f"{constant} is no measurement; leave it out or send null")
