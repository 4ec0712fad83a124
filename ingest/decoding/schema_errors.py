"""Say why a body violates the schema: one reason for one field, without the branches of unions."""

import reprlib
from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError

from runtime.errors import DeadLetter, Reason

_REASON_OF_TYPE = {
    "missing": Reason.MISSING_FIELD,
    "extra_forbidden": Reason.UNKNOWN_FIELD,
    "finite_number": Reason.NOT_FINITE,
    "model_type": Reason.NOT_AN_OBJECT,
    "model_attributes_type": Reason.NOT_AN_OBJECT,
    "greater_than_equal": Reason.OUT_OF_RANGE,
    "less_than_equal": Reason.OUT_OF_RANGE,
}

_EXPECTED = {
    "string_type": "a text",
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
}
"""Type of an error that only says that this branch of a union is not meant → what it reads."""


def as_dead_letter(error: ValidationError, body: bytes) -> DeadLetter:
    """Return the dead letter of the first field that is wrong."""
    details = error.errors(include_url=False, include_context=False)
    if details[0]["type"] == "json_invalid":
        return _no_json(details[0]["msg"], body)
    fields: dict[tuple[int | str, ...], list[Any]] = {}
    for detail in details:
        fields.setdefault(_path(detail["loc"]), []).append(detail)
    path, first = next(iter(fields.items()))
    if path == ("v",) and first[0]["type"] == "literal_error":
        return DeadLetter(Reason.UNSUPPORTED_VERSION, f"v is {first[0]['input']!r}; expected 1")
    chosen, message = _chosen(first)
    reason = _REASON_OF_TYPE.get(chosen["type"], Reason.WRONG_TYPE)
    where = ".".join(str(part) for part in path) or "body"
    found = reprlib.repr(chosen["input"])[:80] if chosen["type"] != "missing" else "nothing"
    more = f" (and {len(fields) - 1} more)" if len(fields) > 1 else ""
    return DeadLetter(reason, f"{where}: {message}, found {found}{more}")


def _no_json(message: str, body: bytes) -> DeadLetter:
    if "recursion" in message:
        return DeadLetter(Reason.TOO_DEEP, message)
    try:
        body.decode("utf-8")
    except UnicodeDecodeError as bad:
        return DeadLetter(Reason.NOT_UTF8, f"byte {bad.start} is no UTF-8")
    return DeadLetter(Reason.NOT_JSON, message)


def _path(loc: tuple[int | str, ...]) -> tuple[int | str, ...]:
    """Return the place in the body; what follows it names branches of the schema."""
    inside = len(loc) > 1 and (isinstance(loc[1], int) or loc[0] == "detail")
    return loc[:2] if inside else loc[:1]


def _chosen(details: Sequence[Any]) -> tuple[Any, str]:
    """Choose the error of the branch that was meant, with its message: the one that objects to the
    value and not only to its type."""
    for detail in details:
        if detail["type"] not in _EXPECTED:
            return detail, detail["msg"]
    if len(details) == 1:
        return details[0], details[0]["msg"]
    types = [detail["type"] for detail in details]
    if "int_type" in types and "bool_type" not in types:
        types = [type_ for type_ in types if type_ != "float_type"]  # of contracts.whole
    expected = list(dict.fromkeys(_EXPECTED[type_] for type_ in types))
    return details[0], f"Input should be {' or '.join(expected)}"
