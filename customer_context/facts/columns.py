"""Facts of many decisions as columns, and conditions over them, one operation for all. Pure.

A column is float64: a boolean is 0 or 1, a choice is its place among the choices, NaN is *not
known*. What float64 cannot say exactly (whole numbers beyond 2**53) makes `Inexact`, and whoever
asks decides one by one. Oracle: `known` and `compiled` of this package, one decision at a time.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt

from customer_context.facts.catalogue import FACTS, FactType
from customer_context.facts.conditions import Condition
from customer_context.facts.known import US_PER_S, checked

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Times = npt.NDArray[np.int64]

_NAMES = tuple(FACTS)
COLUMN: Mapping[str, int] = {name: index for index, name in enumerate(_NAMES)}
"""Name of a fact → its row in `column_values`."""
_CODES: Mapping[str, Mapping[str, float]] = {
    name: {choice: float(code) for code, choice in enumerate(fact.choices)}
    for name, fact in FACTS.items()
    if fact.type == FactType.CHOICE
}
_TYPES: Mapping[FactType, frozenset[type]] = {
    FactType.BOOLEAN: frozenset({bool}),
    FactType.INTEGER: frozenset({int}),
    FactType.NUMBER: frozenset({int, float}),
    FactType.CHOICE: frozenset({str}),
}
_AGELESS_US = np.iinfo(np.int64).max
_MAX_AGE_US = np.array(
    [_AGELESS_US if f.max_age_s is None else f.max_age_s * US_PER_S for f in FACTS.values()],
    dtype=np.int64,
)
EXACT = 2.0**53
"""Below it float64 says every whole number."""


class Inexact(ValueError):
    """A number has no exact float64: decide one by one."""


FactRow = Sequence[Any]
"""Name, value, at_us; what follows is not read."""


@dataclass(frozen=True, slots=True)
class Flat:
    """Facts of many decisions, one after the other.

    decisions : of which each fact is; rows : its place in the catalogue; values, at_us.
    """

    decisions: npt.NDArray[np.intp]
    rows: npt.NDArray[np.intp]
    values: Floats
    at_us: Times


def flat_of(facts: Sequence[Sequence[FactRow]]) -> Flat:
    """Return the facts of each decision in one. Raises `FactError` as `known`, and `Inexact`."""
    every = list(chain.from_iterable(facts))
    if not every:
        none = np.array([], dtype=np.intp)
        return Flat(none, none, none.astype(np.float64), none.astype(np.int64))
    names, values, times = tuple(zip(*every, strict=True))[:3]
    for name, type_ in set(zip(names, map(type, values), strict=True)):
        if name not in FACTS or type_ not in _TYPES[FACTS[name].type]:
            _check(every)
            raise Inexact(name)  # a type that only looks like one of the catalogue's
    numbers = list(values)
    for at, value in enumerate(values):
        if type(value) is str:
            codes = _CODES[names[at]]
            numbers[at] = codes[value] if value in codes else checked(names[at], value)
    try:
        flat = np.array(numbers, dtype=np.float64)
        at_us = np.array(times, dtype=np.int64)
    except OverflowError as error:
        raise Inexact(str(error)) from None
    if not np.isfinite(flat).all():
        _check(every)
    if (np.abs(flat) >= EXACT).any():
        raise Inexact("a number beyond 2**53")
    counts = np.fromiter(map(len, facts), dtype=np.intp, count=len(facts))
    decisions = np.repeat(np.arange(len(facts)), counts)
    rows = np.fromiter(map(COLUMN.__getitem__, names), dtype=np.intp, count=len(names))
    return Flat(decisions, rows, flat, at_us)


def join(parts: Sequence[Flat]) -> Flat:
    """Return facts of several parts in one."""
    return Flat(
        np.concatenate([part.decisions for part in parts]),
        np.concatenate([part.rows for part in parts]),
        np.concatenate([part.values for part in parts]),
        np.concatenate([part.at_us for part in parts]),
    )


def choice_code(name: str, choice: str) -> float:
    """Return what the column of a choice has for one of its values."""
    return _CODES[name][choice]


def _check(facts: Sequence[FactRow]) -> None:
    for one in facts:
        checked(one[0], one[1])


def column_values(flat: Flat, granted: Sequence[frozenset[str]], now_us: Times) -> Floats:
    """Return float64[facts of the catalogue, decisions]: what each decision may know.

    granted, now_us : of each decision.
    """
    values = np.full((len(_NAMES), len(granted)), np.nan)
    there = exist(
        flat.at_us, now_us[flat.decisions], _MAX_AGE_US[flat.rows],
        _allowed(granted)[flat.rows, flat.decisions],
    )  # fmt: skip
    which = np.flatnonzero(there)
    taken = np.zeros(values.shape, dtype=bool)
    taken[flat.rows[which], flat.decisions[which]] = True
    if np.count_nonzero(taken) < len(which):
        # Of several values the newest counts: the last assignment to a place stays.
        which = which[np.argsort(flat.at_us[which], kind="stable")]
    values[flat.rows[which], flat.decisions[which]] = flat.values[which]
    return values


def exist(at_us: Times, now_us: Times, max_age_us: Times, allowed: Bools) -> Bools:
    """Return which values exist for their decision: purpose granted, not too old, not ahead."""
    age_us = now_us - np.minimum(at_us, now_us)  # of a value ahead it would be negative
    return allowed & (at_us <= now_us) & (age_us <= max_age_us)


def _allowed(granted: Sequence[frozenset[str]]) -> Bools:
    """Return whether each decision may know each fact of the catalogue, by its purpose."""
    index = {purposes: number for number, purposes in enumerate(dict.fromkeys(granted))}
    allowed = np.array([_granted(purposes) for purposes in index], dtype=bool)
    which = np.array([index[purposes] for purposes in granted], dtype=np.intp)
    return allowed.reshape(-1, len(_NAMES))[which].T


def _granted(purposes: Collection[str]) -> list[bool]:
    return [fact.purpose is None or fact.purpose in purposes for fact in FACTS.values()]


def vectorised(condition: Condition) -> Callable[[Floats], Bools]:
    """Return a condition as a function of columns, which gives bool[decisions].

    Raises `Inexact` where a bound has no exact float64.
    """
    if condition.any_of is not None:
        parts = [vectorised(one) for one in condition.any_of]
        return lambda values: np.logical_or.reduce([part(values) for part in parts])
    name = condition.fact
    assert name is not None, "conditions were checked when they were read"
    row = COLUMN[name]
    if condition.known is not None:
        wanted = condition.known
        return lambda values: np.isnan(values[row]) != wanted
    if condition.is_ is not None:
        return _one_of(row, [_number(name, condition.is_)])
    if condition.in_ is not None:
        return _one_of(row, [_number(name, value) for value in condition.in_])
    return _bounded(row, {bound: _number(name, at) for bound, at in condition.bounds.items()})


def _one_of(row: int, wanted: Sequence[float]) -> Callable[[Floats], Bools]:
    return lambda values: np.logical_or.reduce([values[row] == one for one in wanted])


_SIGNS: Mapping[str, Callable[[Floats, float], Bools]] = {
    "at_least": np.greater_equal,
    "at_most": np.less_equal,
    "above": np.greater,
    "below": np.less,
}


def _bounded(row: int, bounds: Mapping[str, float]) -> Callable[[Floats], Bools]:
    """Comparisons with NaN are false, as a fact that is not known makes every test false."""
    return lambda values: np.logical_and.reduce(
        [_SIGNS[name](values[row], at) for name, at in bounds.items()]
    )


def _number(name: str, value: bool | int | float | str) -> float:
    """Return what a column has for a value."""
    if isinstance(value, str):
        return _CODES[name][value]
    if not -EXACT < value < EXACT:
        raise Inexact(f"{name}: {value}")
    return float(value)
