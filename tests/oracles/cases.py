"""Cases and alerts: states as tables of every combination, calls, answers, labels, by hand."""

CASE_MOVES = {
    ("open", "in_progress"): True,
    ("open", "resolved"): True,
    ("in_progress", "resolved"): True,
    ("in_progress", "open"): True,
    ("resolved", "in_progress"): True,
    ("resolved", "open"): False,
}

ALERT_MOVES = {
    ("open", "acknowledge"): "acknowledged",
    ("open", "resolve"): "resolved",
    ("open", "classify"): "open",
    ("acknowledged", "acknowledge"): "acknowledged",
    ("acknowledged", "resolve"): "resolved",
    ("acknowledged", "classify"): "acknowledged",
    ("resolved", "acknowledge"): None,
    ("resolved", "resolve"): None,
    ("resolved", "classify"): "resolved",
}
"""(state, action) → the state that follows; None = refused."""


def case_after(state, owner, author, wish_state, wish_owner, resolution):
    """Return (state, owner, resolution) after a wish, or None where it is refused."""
    if wish_state is not None and wish_state != state and not CASE_MOVES[state, wish_state]:
        return None
    after = state if wish_state is None else wish_state
    if resolution is not None and after != "resolved":
        return None
    owned = owner
    if wish_owner is not None:
        owned = wish_owner
    elif after == "in_progress" and state != "in_progress" and owner is None:
        owned = author
    return after, owned, resolution


OUTCOMES = {
    # outcome: (ends the matter, only after a crash, minutes to the next call)
    "reached": (True, False, None),
    "not_reached": (False, False, 15),
    "voicemail": (False, False, 60),
    "no_crash": (True, True, None),
}
MOST_AHEAD_MIN = 30 * 24 * 60


def case_after_call(case, author, now_min, outcome, again_min):
    """Return the case after a call, or None where it is refused. Times are minutes.

    case : state, owner, kind, attempts, deadline. again_min : the wished next call.
    """
    ends, crash_only, usual = OUTCOMES[outcome]
    if case["state"] == "resolved" or (crash_only and case["kind"] != "crash-call-back"):
        return None
    if again_min is not None and not now_min < again_min <= now_min + MOST_AHEAD_MIN:
        return None
    after = dict(case, outcome=outcome, owner=case["owner"] or author)
    after["attempts"] = 0 if ends else case["attempts"] + 1
    if again_min is None and ends:
        after.update(state="resolved", call_back_at=None)
        return after
    again = now_min + usual if again_min is None else again_min
    after.update(state="in_progress", call_back_at=again, deadline=again)
    return after


def case_after_answer(case, now_min, said):
    """Return the case after its customer answered the notice of a crash; None = refused."""
    if case["kind"] != "crash-call-back":
        return None
    after = dict(case)
    if case["state"] == "resolved":
        if said != "call_me":
            return None
        after["state"] = "open"
    if said == "no_crash":
        after.update(state="resolved", outcome="no_crash", call_back_at=None)
    if said == "call_me":
        deadline = case["deadline"]
        after.update(
            call_back_at=now_min,
            deadline=now_min if deadline is None else min(deadline, now_min),
        )
    return after


def label_of(kind, signal, outcome, condition, scene_answer, cause):
    """Return (label, cause) of a crash's case, or None where nobody has said what it was."""
    if kind != "crash-call-back" or signal is None:
        return None
    if "no_crash" in (condition, scene_answer, outcome):
        return "false_alarm", cause
    if {condition, scene_answer} & {"well", "hurt"}:
        return "crash", None
    return None
