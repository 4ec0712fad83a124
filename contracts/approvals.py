"""Changes that need four eyes: who may ask, who may approve, and for how long."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from contracts.roles import Role

HOUR_S = 3600


@dataclass(frozen=True, slots=True)
class ChangeKind:
    """A kind of change. valid_s : seconds from the request to the last moment of its execution."""

    requesters: frozenset[Role]
    approvers: frozenset[Role]
    valid_s: int


REVEAL_DEAD_LETTER = "dead_letter.reveal"

RuleName = Literal["case_type", "playbook", "action"]
RULES: tuple[RuleName, ...] = get_args(RuleName)
"""Kinds of rules that come into force by a second person (services/rule_versions.py)."""

ACTIVATE: Mapping[str, str] = {rule: f"{rule}.activate" for rule in RULES}
"""Kind of rule → kind of the change that brings a version of it into force."""

_ACTIVATION = ChangeKind(
    requesters=frozenset({Role.OPERATOR, Role.SUPERVISOR}),
    approvers=frozenset({Role.OPERATOR, Role.DATA_PROTECTION, Role.SUPERVISOR}),
    valid_s=7 * 24 * HOUR_S,
)

MERGE_CUSTOMERS = "customer.merge"
"""Of customer:<merged>:<survivor>, a proposed pair."""
CORRECT_READING = "reading.correct"

ACTIVATE_SCORE = "score.activate"
"""A version of the driving score counts from then on; its subject is score:NAME."""

KINDS: Mapping[str, ChangeKind] = {
    REVEAL_DEAD_LETTER: ChangeKind(
        requesters=frozenset({Role.OPERATOR, Role.PLATFORM}),
        approvers=frozenset({Role.OPERATOR, Role.PLATFORM, Role.DATA_PROTECTION, Role.SUPERVISOR}),
        valid_s=24 * HOUR_S,
    ),
    **dict.fromkeys((*ACTIVATE.values(), ACTIVATE_SCORE), _ACTIVATION),
    MERGE_CUSTOMERS: ChangeKind(
        requesters=frozenset({Role.BACK_OFFICE, Role.SUPERVISOR}),
        approvers=frozenset({Role.DATA_PROTECTION, Role.SUPERVISOR}),
        valid_s=7 * 24 * HOUR_S,
    ),
    CORRECT_READING: ChangeKind(
        requesters=frozenset({Role.UTILITY}),
        approvers=frozenset({Role.UTILITY}),
        valid_s=7 * 24 * HOUR_S,
    ),
}
"""Each kind of change that a second person approves (services/four_eyes.py). A dead letter's body
may contain what nobody agreed to, so one person alone does not read it."""
