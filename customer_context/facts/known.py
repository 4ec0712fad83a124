"""What a decision may know: values of facts, without those that consent or age exclude. Pure.

Oracle: tests/oracles/next_best_action.py (`visible`).
"""

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from customer_context.facts.catalogue import FACTS, Fact, FactType

US_PER_S = 1_000_000

Value = bool | int | float | str


class FactError(ValueError):
    """A fact is unknown, or its value is not of its type; the message says what is expected."""


@dataclass(frozen=True, slots=True)
class FactValue:
    """A value of a fact. at_us : when it was true; confidence : 0 to 1."""

    name: str
    value: Value
    at_us: int
    confidence: float = 1.0


def checked(name: str, value: Any) -> Value:
    """Return a value if it is one of its fact. Raises `FactError`."""
    fact = FACTS.get(name)
    if fact is None:
        raise FactError(f"there is no fact {name!r}; see `tachowatt facts`")
    if not is_of(fact, value):
        raise FactError(f"{name}: expected {expected(fact)}, found {value!r}")
    return value  # type: ignore[no-any-return]  # is_of has looked


def is_of(fact: Fact, value: Any) -> bool:
    """Return whether a value is of a fact's type. NaN and infinity are no values."""
    if fact.type == FactType.BOOLEAN:
        return isinstance(value, bool)
    if fact.type == FactType.CHOICE:
        return isinstance(value, str) and value in fact.choices
    if isinstance(value, bool):
        return False
    if fact.type == FactType.INTEGER:
        return isinstance(value, int)
    return isinstance(value, int | float) and math.isfinite(value)


def expected(fact: Fact) -> str:
    """Return what a value of a fact must be, in words."""
    if fact.type == FactType.BOOLEAN:
        return "true or false"
    if fact.type == FactType.CHOICE:
        return f"one of {', '.join(fact.choices)}"
    unit = f" ({fact.unit})" if fact.unit else ""
    return f"{'a whole number' if fact.type == FactType.INTEGER else 'a number'}{unit}"


def from_text(name: str, text: str) -> Value:
    """Return the value that a person typed, such as in a what-if. Raises `FactError`."""
    fact = FACTS.get(name)
    value: Any = text
    if fact is not None and fact.type == FactType.BOOLEAN:
        value = {"true": True, "false": False}.get(text.strip().lower(), text)
    elif fact is not None and fact.type != FactType.CHOICE:
        try:
            value = int(text) if fact.type == FactType.INTEGER else float(text)
        except ValueError:
            value = text
    return checked(name, value)


def exists(fact: Fact, at_us: int, granted: Collection[str], now_us: int) -> bool:
    """Return whether a value exists for a decision: purpose granted, not too old, not ahead.

    granted : purposes in force now.
    """
    if fact.purpose is not None and fact.purpose not in granted:
        return False
    if at_us > now_us:
        return False
    return fact.max_age_s is None or now_us - at_us <= fact.max_age_s * US_PER_S


def known(
    values: Iterable[FactValue], granted: Collection[str], now_us: int
) -> Mapping[str, Value]:
    """Return name → value of what a decision may know. Of two values the newer one counts.

    Raises `FactError` for a name that is not in the catalogue or a value of another type.
    """
    found: dict[str, tuple[int, Value]] = {}
    for one in values:
        value = checked(one.name, one.value)
        if exists(FACTS[one.name], one.at_us, granted, now_us):
            before = found.get(one.name)
            if before is None or one.at_us >= before[0]:
                found[one.name] = (one.at_us, value)
    return {name: value for name, (_, value) in found.items()}
