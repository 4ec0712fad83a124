"""Whose a case is: take it, pass it on with a note, give it back. Pure.

Oracle: tests/oracles/work_queue.py.
"""

from collections.abc import Mapping
from typing import Any

from customer_context.cases.states import CaseChange
from runtime.errors import NotAllowed

NOBODY = ""
"""The text of the diary entry of a case that was given back."""


def take(case: Mapping[str, Any], who: str, *, leads: bool = False) -> CaseChange:
    """Decide that somebody takes a case. leads : who takes it may take it from others.

    case : state, owner, case_id. Raises `NotAllowed`.
    """
    _unresolved(case)
    if case["owner"] not in (None, who) and not leads:
        raise NotAllowed(
            f"case {case['case_id']} is with {case['owner']}: only they or a supervisor pass it on"
        )
    fields: dict[str, Any] = {}
    entries: list[tuple[str, str]] = []
    if case["state"] == "open":
        fields["state"] = "in_progress"
        entries.append(("state", "in_progress"))
    if case["owner"] != who:
        fields["owner"] = who
        entries.append(("owner", who))
    return CaseChange(fields, tuple(entries))


def delegate(
    case: Mapping[str, Any], who: str, to: str, note: str, *, leads: bool = False
) -> CaseChange:
    """Decide that a case goes to somebody else, with a note. Raises `NotAllowed`."""
    _unresolved(case)
    _theirs(case, who, leads)
    if not note.strip():
        raise NotAllowed(f"case {case['case_id']}: say in a note what is to be done")
    if to == case["owner"]:
        raise NotAllowed(f"case {case['case_id']} is with {to} already")
    return CaseChange({"owner": to}, (("owner", to), ("note", note.strip())))


def give_back(case: Mapping[str, Any], who: str, note: str, *, leads: bool = False) -> CaseChange:
    """Decide that a case is nobody's again, with a note. Raises `NotAllowed`."""
    _unresolved(case)
    if case["owner"] is None:
        raise NotAllowed(f"case {case['case_id']} is nobody's")
    _theirs(case, who, leads)
    if not note.strip():
        raise NotAllowed(f"case {case['case_id']}: say in a note how far it is")
    entries = [("owner", NOBODY), ("note", note.strip())]
    fields: dict[str, Any] = {"owner": None}
    if case["state"] == "in_progress":
        fields["state"] = "open"
        entries.insert(0, ("state", "open"))
    return CaseChange(fields, tuple(entries))


def _unresolved(case: Mapping[str, Any]) -> None:
    if case["state"] == "resolved":
        raise NotAllowed(f"case {case['case_id']} is resolved: reopen it first")


def _theirs(case: Mapping[str, Any], who: str, leads: bool) -> None:
    if case["owner"] not in (None, who) and not leads:
        raise NotAllowed(
            f"case {case['case_id']} is with {case['owner']}: only they or a supervisor pass it on"
        )
