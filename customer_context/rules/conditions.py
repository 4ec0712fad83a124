"""Conditions in CEL: compiled once, without loops, true or false."""

import re
from collections.abc import Mapping
from typing import Any

from customer_context.rules.import_cel import cel

STRING = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"")
"""A string in CEL."""

_LOOP = re.compile(r"\.\s*(all|exists|exists_one|existsOne|map|filter)\s*\(")
"""CEL's macros over lists: nested ones take unlimited time."""


class ConditionError(ValueError):
    """A condition cannot be evaluated; the message has the reason."""


def compiled(source: str) -> cel.Program:
    """Compile a condition. Raises `ConditionError` where it loops or is no CEL."""
    if _LOOP.search(STRING.sub("''", source)):
        raise ConditionError("it may not loop; no field of a signal is a list")
    try:
        return cel.compile(source)
    except ValueError as error:
        raise ConditionError(f"no CEL: {error}") from None


def holds(program: cel.Program, values: Mapping[str, Any]) -> bool:
    """Return whether a condition holds. Raises `ConditionError`."""
    try:
        found = program.execute(dict(values))
    except (ValueError, TypeError, LookupError, ArithmeticError, RuntimeError) as error:
        raise ConditionError(f"{program.source}: {str(error).split('. ')[0]}") from None
    if not isinstance(found, bool):
        raise ConditionError(f"{program.source}: it is neither true nor false but {found!r}")
    return found
