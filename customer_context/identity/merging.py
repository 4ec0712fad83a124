"""Merge of customers: whether two ids may become one. Pure. Oracle: tests/oracles/merging.py."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from contracts.identifiers import NEVER_IDENTIFY


@dataclass(frozen=True, slots=True)
class Party:
    """An id that is to be merged, or merged into.

    kind : person, household or company. survivor : into which it is merged, None = it is not.
    has_others : others are merged into it.
    """

    customer: str
    kind: str
    survivor: str | None = None
    has_others: bool = False


@dataclass(frozen=True, slots=True)
class Common:
    """Something that both have. shared : others use it too, as somebody has said."""

    kind: str
    shared: bool = False

    @property
    def identifies(self) -> bool:
        """Whether it is a sign that both are the same."""
        return not self.shared and self.kind not in NEVER_IDENTIFY


class Refusal(StrEnum):
    """Why two ids are not merged."""

    SAME = "same"
    MERGED_ALREADY = "merged_already"
    SURVIVOR_IS_MERGED = "survivor_is_merged"
    HAS_OTHERS = "has_others"
    OTHER_KIND = "other_kind"
    KEPT_APART = "kept_apart"
    ONLY_SHARED = "only_shared"


OVERRULED = frozenset({Refusal.KEPT_APART, Refusal.ONLY_SHARED})
"""What a person who knows better may overrule. The others are facts."""


def refusal_to_merge(
    merged: Party,
    survivor: Party,
    common: Collection[Common],
    *,
    kept_apart: bool = False,
    overrule: bool = False,
) -> Refusal | None:
    """Return why `merged` may not become a part of `survivor`; None = it may.

    common : what both have; two who have nothing in common may be merged, as a person says so; two
    who have only what others use too may not. kept_apart : a person said that they are not the
    same. Merges have one level, so that a split never moves more than one id.
    """
    found: Refusal | None = None
    if merged.customer == survivor.customer:
        found = Refusal.SAME
    elif merged.survivor is not None:
        found = Refusal.MERGED_ALREADY
    elif survivor.survivor is not None:
        found = Refusal.SURVIVOR_IS_MERGED
    elif merged.has_others:
        found = Refusal.HAS_OTHERS
    elif merged.kind != survivor.kind:
        found = Refusal.OTHER_KIND
    elif kept_apart:
        found = Refusal.KEPT_APART
    elif common and not any(one.identifies for one in common):
        found = Refusal.ONLY_SHARED
    return None if overrule and found in OVERRULED else found
