"""States of cases and alerts as tables of every combination, written down by hand."""

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
