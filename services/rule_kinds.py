"""The kinds of rules that people bring into force, by name."""

from collections.abc import Mapping
from typing import Any

from contracts.approvals import ACTIVATE
from services.action_rules import ACTION
from services.case_types import CASE_TYPE
from services.playbooks import PLAYBOOK
from services.rule_versions import RuleKind

KINDS: Mapping[str, RuleKind[Any]] = {kind.name: kind for kind in (CASE_TYPE, PLAYBOOK, ACTION)}
assert KINDS.keys() == ACTIVATE.keys(), "each kind has a change that a second person approves"


def kind_of_text(text: str) -> RuleKind[Any]:
    """Return the kind of a file by the key that only it has; a playbook where none is there."""
    for kind in KINDS.values():
        if text.startswith(f"{kind.marks}:") or f"\n{kind.marks}:" in text:
            return kind
    return PLAYBOOK
