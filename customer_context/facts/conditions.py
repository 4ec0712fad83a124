"""Conditions on facts: typed, checked against the catalogue, and closures at decision time.

A condition names one fact and one test. A fact that is not known makes every test false but
`known: false`. `any_of` holds where one of its conditions holds. Oracle:
tests/oracles/next_best_action.py (`condition_holds`).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pydantic import Field

from customer_context.facts.catalogue import FACTS, FactType
from customer_context.facts.known import FactError, Value, expected, is_of
from customer_context.rules.form import Part

Known = Mapping[str, Value]
Test = Callable[[Known], bool]


class Condition(Part):
    """A test of one fact, or `any_of` several. Exactly one test.

    is_ : the value equals; in_ : it is one of; at_least, at_most : inclusive bounds, which may
    stand together; below, above : exclusive ones; known : there is a value, or none.
    """

    fact: str | None = None
    is_: bool | int | float | str | None = Field(default=None, alias="is")
    in_: list[bool | int | float | str] | None = Field(default=None, alias="in", min_length=1)
    at_least: float | int | None = None
    at_most: float | int | None = None
    above: float | int | None = None
    below: float | int | None = None
    known: bool | None = None
    any_of: "list[Condition] | None" = Field(default=None, min_length=1)

    @property
    def bounds(self) -> dict[str, float]:
        """The bounds by name."""
        named = {name: getattr(self, name) for name in ("at_least", "at_most", "above", "below")}
        return {name: bound for name, bound in named.items() if bound is not None}


def problem(condition: Condition) -> str | None:
    """Return what is wrong with a condition; None where nothing is."""
    if condition.any_of is not None:
        if condition.fact is not None or _tests(condition):
            return "any_of stands alone"
        return next((p for one in condition.any_of if (p := problem(one))), None)
    if condition.fact is None:
        return "expected a fact, or any_of"
    fact = FACTS.get(condition.fact)
    if fact is None:
        return f"there is no fact {condition.fact!r}; see `tachowatt facts`"
    tests = _tests(condition)
    if len(tests) != 1:
        return f"{fact.name}: expected one test: is, in, known, or bounds (found {tests or 'none'})"
    wanted = [condition.is_] if tests == ["is"] else condition.in_ or []
    wrong = [value for value in wanted if not is_of(fact, value)]
    if wrong:
        return f"{fact.name}: expected {expected(fact)}, found {wrong[0]!r}"
    if tests == ["bounds"] and fact.type not in (FactType.INTEGER, FactType.NUMBER):
        return f"{fact.name}: is {expected(fact)}; it has no bounds"
    return None


def _tests(condition: Condition) -> list[str]:
    found = [] if condition.is_ is None else ["is"]
    found += [] if condition.in_ is None else ["in"]
    found += [] if condition.known is None else ["known"]
    return found + (["bounds"] if condition.bounds else [])


def text(condition: Condition) -> str:
    """Return a condition as one line, such as `consumption.year_kwh at_least 1500`."""
    if condition.any_of is not None:
        return " or ".join(text(one) for one in condition.any_of)
    if condition.is_ is not None:
        return f"{condition.fact} is {_shown(condition.is_)}"
    if condition.in_ is not None:
        return f"{condition.fact} in {', '.join(_shown(value) for value in condition.in_)}"
    if condition.known is not None:
        return f"{condition.fact} {'known' if condition.known else 'not known'}"
    return f"{condition.fact} " + " and ".join(f"{n} {b:g}" for n, b in condition.bounds.items())


def _shown(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def compiled(condition: Condition) -> Test:
    """Return a condition as a function of known facts. Raises `FactError` where it is wrong."""
    wrong = problem(condition)
    if wrong is not None:
        raise FactError(wrong)
    if condition.any_of is not None:
        return _any([compiled(one) for one in condition.any_of])
    name = condition.fact
    assert name is not None
    if condition.is_ is not None:
        return _equals(name, condition.is_)
    if condition.in_ is not None:
        return _within(name, frozenset(condition.in_))
    if condition.known is not None:
        return _present(name) if condition.known else _absent(name)
    return _bounded(name, **condition.bounds)


def _any(tests: Sequence[Test]) -> Test:
    def holds(known: Known) -> bool:
        for test in tests:  # noqa: SIM110  # a generator costs three times as much
            if test(known):
                return True
        return False

    return holds


def _equals(name: str, wanted: Value) -> Test:
    return lambda known: known.get(name) == wanted


def _within(name: str, wanted: frozenset[Value]) -> Test:
    return lambda known: known.get(name) in wanted


def _present(name: str) -> Test:
    return lambda known: name in known


def _absent(name: str) -> Test:
    return lambda known: name not in known


_INFINITE = float("inf")


def _bounded(
    name: str,
    at_least: float = -_INFINITE,
    at_most: float = _INFINITE,
    above: float = -_INFINITE,
    below: float = _INFINITE,
) -> Test:
    def holds(known: Known) -> bool:
        value: Any = known.get(name)
        return value is not None and (
            at_least <= value <= at_most
            and (above == -_INFINITE or value > above)
            and (below == _INFINITE or value < below)
        )

    return holds
