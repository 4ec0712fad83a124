"""Custom attributes: fields that a tenant declares for its own customers and their things."""

from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from typing import Any


class AttributeKind(StrEnum):
    """Of what an attribute is."""

    CUSTOMER = "customer"
    CONTRACT = "contract"
    VEHICLE = "vehicle"
    METER = "meter"


class AttributeType(StrEnum):
    """Types of values. date : ISO 8601, as text; choice : one of the declared texts."""

    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    CHOICE = "choice"


MOST_CHARACTERS = 1_000


def problem_of(type_: str, choices: Sequence[str], value: Any) -> str | None:
    """Return why a value does not fit a type; None = it does."""
    if type_ == AttributeType.BOOLEAN:
        return None if isinstance(value, bool) else "expected true or false"
    if type_ == AttributeType.NUMBER:
        fits = isinstance(value, int | float) and not isinstance(value, bool)
        return None if fits and abs(value) < 1e15 else "expected a number"
    if not isinstance(value, str) or "\x00" in value or len(value) > MOST_CHARACTERS:
        return f"expected a text of at most {MOST_CHARACTERS:,} characters"
    if type_ == AttributeType.CHOICE and value not in choices:
        return f"expected one of {', '.join(choices)}"
    if type_ == AttributeType.DATE:
        try:
            date.fromisoformat(value)
        except ValueError:
            return "expected a date such as 2026-11-30"
    return None
