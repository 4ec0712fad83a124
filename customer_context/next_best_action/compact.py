"""The record of a decision in a form that is read as columns: names, values and times of facts.

Names stand in one text, with spaces; of a choice with its value (`anomaly.kind=spike`), whose
number is 1. Other inputs stay as they are in the record, without those that most records have;
facts that float64 cannot say exactly stay in it too. Pure.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from customer_context.facts.catalogue import FACTS, FactType
from customer_context.facts.columns import COLUMN, EXACT, Flat, choice_code
from customer_context.facts.known import FactError, Value

Places = npt.NDArray[np.int16]


@dataclass(frozen=True, slots=True)
class Compact:
    """A record. facts : names; values, at_us : in their order; request : all else."""

    facts: str
    values: list[float]
    at_us: list[int]
    request: dict[str, Any]


def compact(record: Mapping[str, Any], at_us: int) -> Compact:
    """Return a record that was stored at `at_us` in the compact form."""
    usual = _usual()
    rest = {
        name: value
        for name, value in record.items()
        if name != "facts" and not (name in usual and usual[name] == value)
    }
    if rest["now_us"] == at_us:
        del rest["now_us"]
    whole = [one for one in record["facts"] if not _is_exact(one[1])]
    if whole:
        return Compact("", [], [], {**rest, "facts": record["facts"]})
    unsure = [[at, one[3]] for at, one in enumerate(record["facts"]) if one[3] != 1]
    if unsure:
        rest["confidence"] = unsure
    names = [
        f"{name}={value}" if isinstance(value, str) else name for name, value, *_ in record["facts"]
    ]
    values = [1.0 if isinstance(one[1], str) else float(one[1]) for one in record["facts"]]
    return Compact(" ".join(names), values, [one[2] for one in record["facts"]], rest)


def _is_exact(value: Value) -> bool:
    return isinstance(value, str) or -EXACT < value < EXACT


def record_of(made: Compact, at_us: int) -> dict[str, Any]:
    """Return the record of a compact form that was stored at `at_us`."""
    found = {"now_us": at_us, **whole(made.request)}
    found.pop("confidence", None)
    if "facts" not in found:
        found["facts"] = facts_of(made)
    return found


def whole(request: Mapping[str, Any]) -> dict[str, Any]:
    """Return the other inputs of a record with what the compact form leaves out."""
    return {**_usual(), **request}


def _usual() -> dict[str, Any]:
    """Return inputs as most records have them."""
    return {
        "most": 1, "draws": {}, "preferred": {}, "not_by": [], "channels": {}, "sent": [],
        "reactions": [],
    }  # fmt: skip


def facts_of(made: Compact) -> list[list[Any]]:
    """Return the facts of a compact form as they stand in a record."""
    sure: dict[int, float] = dict(map(tuple, made.request.get("confidence", ())))
    return [
        [*_value(name, value), time, sure.get(at, 1.0)]
        for at, (name, value, time) in enumerate(
            zip(made.facts.split(), made.values, made.at_us, strict=True)
        )
    ]


def _value(name: str, value: float) -> tuple[str, Value]:
    plain, _, choice = name.partition("=")
    type_ = FACTS[plain].type if plain in FACTS else FactType.NUMBER
    if choice:
        return plain, choice
    if type_ == FactType.BOOLEAN:
        return plain, bool(value)
    return plain, int(value) if type_ == FactType.INTEGER else value


def flat_of(
    decisions: npt.NDArray[np.intp], places: Sequence[Places],
    values: npt.NDArray[np.float64], at_us: npt.NDArray[np.int64],
) -> Flat:  # fmt: skip
    """Return facts as columns. decisions, places : of each decision, as `places_of` gives; values,
    at_us : of all, in order."""
    counts = list(map(len, places))
    every = np.concatenate([_NOWHERE, *places])
    codes = _CODES[every]
    return Flat(
        np.repeat(decisions, counts),
        _ROWS[every],
        np.where(np.isnan(codes), values, codes),
        at_us,
    )


@lru_cache(maxsize=16_384)
def places_of(names: str) -> Places:
    """Return which facts, and which choices, the names of a record are.

    Raises `FactError` for a name that the catalogue does not have.
    """
    try:
        return np.array([_PLACES[one] for one in names.split()], dtype=np.int16)
    except KeyError as error:
        raise FactError(f"there is no fact {error}; see `tachowatt facts`") from None


_EVERY = [
    (name, choice, np.nan if choice is None else choice_code(name, choice))
    for name, fact in FACTS.items()
    for choice in (None, *fact.choices)
]
_PLACES: Mapping[str, int] = {
    name if choice is None else f"{name}={choice}": place
    for place, (name, choice, _) in enumerate(_EVERY)
}
_ROWS = np.array([COLUMN[name] for name, *_ in _EVERY], dtype=np.intp)
_CODES = np.array([code for *_, code in _EVERY], dtype=np.float64)
"""The number of a choice, NaN of other facts."""
_NOWHERE: Places = np.array([], dtype=np.int16)
