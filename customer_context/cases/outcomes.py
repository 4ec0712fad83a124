"""What a call about a case came to, when to call again, and what the customer answered. Pure.

An outcome that ends the matter resolves the case. After any other the case stays in progress, and
its deadline is when the customer is called again. Oracle: tests/oracles/cases.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from customer_context.cases import states
from customer_context.cases.states import CaseChange
from runtime.errors import NotAllowed

CRASH_CALL = "crash-call-back"
"""The kind of case of a crash."""

MOST_AHEAD = timedelta(days=30)
"""The latest time to call again; what is later is a case of its own."""


@dataclass(frozen=True, slots=True)
class OutcomeFacts:
    """The facts about an outcome.

    ends : it resolves the case, unless another call is agreed. kinds : of cases that can have it;
    empty = all. again_min : minutes to the next call where none is named.
    """

    ends: bool
    kinds: tuple[str, ...] = ()
    again_min: int = 0


OUTCOMES: Mapping[str, OutcomeFacts] = {
    "reached": OutcomeFacts(ends=True),
    "not_reached": OutcomeFacts(ends=False, again_min=15),
    "voicemail": OutcomeFacts(ends=False, again_min=60),
    "no_crash": OutcomeFacts(ends=True, kinds=(CRASH_CALL,)),
}

ANSWERS: Mapping[str, str | None] = {"well": None, "call_me": None, "no_crash": "no_crash"}
"""What a customer can answer to a crash notice → the outcome that it is for the case."""


def possible(case: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the outcomes that a case can have."""
    return tuple(
        code for code, facts in OUTCOMES.items() if not facts.kinds or case["kind"] in facts.kinds
    )


def record(
    case: Mapping[str, Any],
    author: str,
    now: datetime,
    outcome: str,
    *,
    call_back_at: datetime | None = None,
    note: str | None = None,
) -> CaseChange:
    """Decide what an outcome changes.

    case : state, owner, case_id, kind, attempts. call_back_at : when to call again; None = as the
    outcome says. Raises `NotAllowed`.
    """
    if outcome not in possible(case):
        raise NotAllowed(
            f"case {case['case_id']} cannot come to {outcome!r}: expected one of "
            + ", ".join(possible(case))
        )
    facts = OUTCOMES[outcome]
    again = _again(case, now, facts, call_back_at)
    state = "resolved" if again is None else "in_progress"
    if case["state"] == "resolved":
        raise NotAllowed(f"case {case['case_id']} is resolved: reopen it first")
    change = states.change(
        case, author, now, state=state, owner=author if case["owner"] is None else None,
        resolution=note if again is None else None,
    )  # fmt: skip
    fields: dict[str, Any] = {
        **change.fields,
        "outcome": outcome,
        "attempts": 0 if facts.ends else case["attempts"] + 1,
        "call_back_at": again,
    }
    if again is not None:
        fields["deadline"] = again
    entries = [("outcome", outcome)]
    if note and again is not None:
        entries.append(("note", note))
    if again is not None:
        entries.append(("call_back", again.isoformat()))
    return CaseChange(fields, (*entries, *change.entries))


def _again(
    case: Mapping[str, Any], now: datetime, facts: OutcomeFacts, wished: datetime | None
) -> datetime | None:
    if wished is None:
        return None if facts.ends else now + timedelta(minutes=facts.again_min)
    if not now < wished <= now + MOST_AHEAD:
        raise NotAllowed(
            f"case {case['case_id']}: call again after now, within {MOST_AHEAD.days} days"
        )
    return wished


UNDO = timedelta(minutes=30)
"""How long an outcome can be undone."""
_TIMES = ("resolved_at", "call_back_at", "deadline", "waiting_since")
_CHANGED = ("state", "owner", "resolution", "words", "outcome", "attempts", *_TIMES)
"""Columns that an outcome may change."""


def before(case: Mapping[str, Any], author: str, now: datetime) -> dict[str, Any]:
    """Return as JSON what an outcome is about to change, so that it can be undone."""
    fields = {name: case[name] for name in _CHANGED}
    for name in _TIMES:
        fields[name] = None if fields[name] is None else fields[name].isoformat()
    return {"by": author, "at": now.isoformat(), "fields": fields}


def undo(case: Mapping[str, Any], author: str, now: datetime, *, leads: bool = False) -> CaseChange:
    """Decide to undo the last outcome: the case is as it was before it.

    case : outcome, updated_at, before_outcome, case_id. leads : who undoes it may undo others'.
    Raises `NotAllowed` where there is none, it is too old, or something has happened since.
    """
    kept = case["before_outcome"]
    if kept is None:
        raise NotAllowed(f"case {case['case_id']} has no outcome to undo")
    if author != kept["by"] and not leads:
        raise NotAllowed(f"{kept['by']} recorded it: only they or a supervisor undo it")
    at = datetime.fromisoformat(kept["at"])
    if now > at + UNDO:
        minutes = UNDO // timedelta(minutes=1)
        raise NotAllowed(f"it is older than {minutes} minutes: reopen the case")
    if case["updated_at"] != at:
        raise NotAllowed(f"case {case['case_id']} has changed since: reopen it")
    fields = dict(kept["fields"])
    for name in _TIMES:
        fields[name] = None if fields[name] is None else datetime.fromisoformat(fields[name])
    return CaseChange({**fields, "before_outcome": None}, (("undone", case["outcome"] or ""),))


def answer(case: Mapping[str, Any], now: datetime, said: str) -> CaseChange:
    """Decide what the customer's answer to a crash notice changes.

    case : state, kind, owner, attempts, deadline, case_id. `no_crash` resolves the case; `call_me`
    is due now; `well` is written into the diary only: the insurer still calls. Raises `NotAllowed`.
    """
    if said not in ANSWERS or case["kind"] != CRASH_CALL:
        raise NotAllowed(
            f"case {case['case_id']}: expected one of {', '.join(ANSWERS)} to a crash notice"
        )
    entries: list[tuple[str, str]] = [("answer", said)]
    fields: dict[str, Any] = {}
    if case["state"] == "resolved":
        if said != "call_me":
            raise NotAllowed(f"case {case['case_id']} is resolved")
        fields |= {"state": "open", "resolved_at": None, "resolution": None}
        entries.append(("state", "open"))
    if said == "no_crash":
        fields |= {"state": "resolved", "resolved_at": now, "outcome": "no_crash"}
        fields |= {"call_back_at": None}
        entries.append(("state", "resolved"))
    if said == "call_me":
        due = case["deadline"]
        fields |= {"deadline": now if due is None or due > now else due, "call_back_at": now}
    return CaseChange(fields, tuple(entries))
