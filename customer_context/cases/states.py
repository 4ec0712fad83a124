"""States of a case: open → in progress → resolved, and its owner. Pure.

Oracle: tests/oracles/cases.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from runtime.errors import NotAllowed

ALLOWED: Mapping[str, tuple[str, ...]] = {
    "open": ("in_progress", "resolved"),
    "in_progress": ("resolved", "open"),
    "resolved": ("in_progress",),
}
"""State → states that may follow it."""
STATES = tuple(ALLOWED)
ACTIONS: Mapping[str, str] = {
    "take": "in_progress",
    "resolve": "resolved",
    "reopen": "in_progress",
}
"""Action of a person → the new state."""


@dataclass(frozen=True, slots=True)
class CaseChange:
    """What a change writes. fields : column → new value; entries : diary entries (kind, text)."""

    fields: dict[str, Any]
    entries: tuple[tuple[str, str], ...]


def change(
    case: Mapping[str, Any],
    author: str,
    now: datetime,
    *,
    state: str | None = None,
    owner: str | None = None,
    resolution: str | None = None,
) -> CaseChange:
    """Decide a change of state, owner or resolution; return no fields where nothing changes.

    case : its state, owner and case_id. An author who starts work on a case without owner becomes
    its owner. Only the state resolved has a resolution. Raises `NotAllowed`.
    """
    fields: dict[str, Any] = {}
    entries: list[tuple[str, str]] = []
    if state is not None and state != case["state"]:
        if state not in ALLOWED[case["state"]]:
            raise NotAllowed(
                f"case {case['case_id']} is {case['state']}: it can become "
                + " or ".join(ALLOWED[case["state"]])
            )
        fields["state"] = state
        fields["resolved_at"] = now if state == "resolved" else None
        entries.append(("state", state))
    if resolution is not None:
        if fields.get("state", case["state"]) != "resolved":
            raise NotAllowed(
                f"case {case['case_id']} is not resolved: a resolution comes with that state"
            )
        fields["resolution"] = resolution
    elif fields.get("state", "resolved") != "resolved":
        fields["resolution"] = None
    if owner is None and fields.get("state") == "in_progress" and case["owner"] is None:
        owner = author
    if owner is not None and owner != case["owner"]:
        fields["owner"] = owner
        entries.append(("owner", owner))
    return CaseChange(fields, tuple(entries))
