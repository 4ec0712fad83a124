"""Facts of many decisions as columns, and conditions over them, one operation for all. Pure.

A column is float64: a boolean is 0 or 1, a choice is its place among the choices, NaN is *not
known*. What float64 cannot say exactly (whole numbers beyond 2**53) makes `Inexact`, and whoever
asks decides one by one. Oracle: `known` and `compiled` of this package, one decision at a time.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
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
_NEVER_US = np.iinfo(np.int64).min
_AGELESS_US = np.iinfo(np.int64).max
_MAX_AGE_US = np.array(
    [_AGELESS_US if f.max_age_s is None else f.max_age_s * US_PER_S for f in FACTS.values()],
    dtype=np.int64,
)[:, None]
_EXACT = 2.0**53


class Inexact(ValueError):
    """A number has no exact float64: decide one by one."""


FactRow = Sequence[Any]
"""Name, value, at_us; what follows is not read."""


@dataclass(slots=True)
class _Alike:
    """Decisions whose facts have the same names and types of values, in the same order.

    rows : of `column_values`; choices : (position, codes) of choices; twice : a name stands twice.
    """

    rows: list[int]
    choices: list[tuple[int, Mapping[str, float]]]
    twice: bool
    decisions: list[int] = field(default_factory=list)
    values: list[Sequence[Any]] = field(default_factory=list)
    times: list[Sequence[int]] = field(default_factory=list)


def column_values(
    facts: Sequence[Sequence[FactRow]],
    granted: Sequence[frozenset[str]],
    now_us: Times,
) -> Floats:
    """Return float64[facts of the catalogue, decisions]: what each decision may know.

    facts, granted, now_us : of each decision. Raises `FactError` as `known` does, and `Inexact`.
    """
    values = np.full((len(_NAMES), len(facts)), np.nan)
    of_purposes = _allowed(granted)
    for group in _alike(facts):
        flat, at_us = _arrays(group)
        rows, decisions = group.rows, group.decisions
        there = exist(at_us, now_us[decisions], _MAX_AGE_US[rows], of_purposes[rows][:, decisions])
        flat[~there] = np.nan
        if not group.twice:
            values[np.ix_(rows, decisions)] = flat
            continue
        newest_us = np.full((len(_NAMES), len(decisions)), _NEVER_US)
        for position, row in enumerate(rows):  # of two values the newer one counts
            newer = there[position] & (at_us[position] >= newest_us[row])
            values[row, decisions] = np.where(newer, flat[position], values[row, decisions])
            newest_us[row] = np.where(newer, at_us[position], newest_us[row])
    return values


def _alike(facts: Sequence[Sequence[FactRow]]) -> list[_Alike]:
    groups: dict[tuple[Any, Any], _Alike] = {}
    for decision, of_one in enumerate(facts):
        if not of_one:
            continue
        names, values, times = tuple(zip(*of_one, strict=True))[:3]
        key = (names, tuple(map(type, values)))
        group = groups.get(key)
        if group is None:
            group = groups[key] = _group(names, values)
        for position, codes in group.choices:
            if values[position] not in codes:
                checked(names[position], values[position])
        group.decisions.append(decision)
        group.values.append(values)
        group.times.append(times)
    return list(groups.values())


def _group(names: Sequence[str], values: Sequence[Any]) -> _Alike:
    for name, value in zip(names, values, strict=True):
        if name not in FACTS or type(value) not in _TYPES[FACTS[name].type]:
            checked(name, value)
            raise Inexact(name)  # a type that only looks like one of the catalogue's
    choices = [(at, _CODES[name]) for at, name in enumerate(names) if name in _CODES]
    return _Alike([COLUMN[name] for name in names], choices, len(set(names)) < len(names))


def _arrays(group: _Alike) -> tuple[Floats, Times]:
    """Return values and times of alike decisions, [facts, decisions]."""
    values = group.values
    if group.choices:
        codes = dict(group.choices)
        values = [
            [codes[at][one] if at in codes else one for at, one in enumerate(row)]
            for row in group.values
        ]
    try:
        flat = np.array(values, dtype=np.float64)
        times = np.array(group.times, dtype=np.int64)
    except OverflowError as error:
        raise Inexact(str(error)) from None
    if not np.isfinite(flat).all():
        names = [_NAMES[row] for row in group.rows]
        for row in group.values:
            for name, value in zip(names, row, strict=True):
                checked(name, value)
    if (np.abs(flat) >= _EXACT).any():
        raise Inexact("a number beyond 2**53")
    return np.ascontiguousarray(flat.T), np.ascontiguousarray(times.T)


def exist(at_us: Times, now_us: Times, max_age_us: Times, allowed: Bools) -> Bools:
    """Return which values exist for their decision: purpose granted, not too old, not ahead.

    at_us, allowed : [facts, decisions]; now_us : [decisions]; max_age_us : [facts, 1].
    """
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
    if not -_EXACT < value < _EXACT:
        raise Inexact(f"{name}: {value}")
    return float(value)
