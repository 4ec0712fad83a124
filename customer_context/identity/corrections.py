"""Corrections of periods: what somebody says now overrules what we knew, for its period only. Pure.

A device is in one vehicle or meter at a time, a vehicle has one driver at a time. Whoever corrects
the past says one period again; everything outside of it stays as it was.
Oracle: tests/oracles/identity.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Period(Generic[Value]):
    """A value that is valid in [from_us, to_us); FOREVER_US = without an end."""

    from_us: int
    to_us: int
    value: Value


@dataclass(frozen=True, slots=True)
class Correction(Generic[Value]):
    """The periods to remove and those to add; both empty where nothing new was said."""

    removed: tuple[Period[Value], ...]
    added: tuple[Period[Value], ...]


def correct(
    known: Sequence[Period[Value]], from_us: int, to_us: int, value: Value | None
) -> Correction[Value]:
    """Say that `value` holds in [from_us, to_us); None = nothing does.

    known : the periods of one device or vehicle, without overlap, in any order.

    The new period joins one with the same value that it meets. Periods that it does not touch stay
    untouched. Raises ValueError for an empty period.
    """
    if to_us <= from_us:
        raise ValueError("the period is empty")
    start_us, end_us = from_us, to_us
    removed: list[Period[Value]] = []
    added: list[Period[Value]] = []
    for period in sorted(known, key=lambda one: one.from_us):
        if period.to_us < from_us or period.from_us > to_us:
            continue
        if value is not None and period.value == value:
            removed.append(period)
            start_us, end_us = min(start_us, period.from_us), max(end_us, period.to_us)
            continue
        if period.to_us == from_us or period.from_us == to_us:
            continue
        removed.append(period)
        if period.from_us < from_us:
            added.append(Period(period.from_us, from_us, period.value))
        if period.to_us > to_us:
            added.append(Period(to_us, period.to_us, period.value))
    if value is not None:
        added.append(Period(start_us, end_us, value))
    unchanged = set(removed) & set(added)
    return Correction(
        tuple(period for period in removed if period not in unchanged),
        tuple(
            sorted(
                (period for period in added if period not in unchanged),
                key=lambda one: one.from_us,
            )
        ),
    )
