"""Double opt-in: plain Python, imports nothing of ours. Decisions are dicts as in
tests/oracles/consent.py, with `confirms`: the number of the decision that one confirms."""


def needed(purpose, method, verified, strict):
    """Must the reader of the address confirm a grant?"""
    if purpose != "channel_email":
        return False
    if method == "confirmation_link" or method == "renewal_link":
        return False
    at_once = method == "page" and verified and not strict
    return not at_once


def refused(decisions, number, expires, now):
    """Why a grant that waits cannot be confirmed; None = it can."""
    (asked,) = [d for d in decisions if d["number"] == number]
    for d in decisions:
        if d.get("confirms") == number:
            return "confirmed"
    for d in decisions:
        if d["purpose"] != asked["purpose"] or d["state"] != "withdrawn":
            continue
        its, ours = min(d["decided"], d["recorded"]), min(asked["decided"], asked["recorded"])
        if (its, d["recorded"]) >= (ours, asked["recorded"]):
            return "withdrawn"
    return "expired" if now >= expires else None
