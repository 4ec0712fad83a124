"""Which decision about a purpose is in force: plain Python, imports nothing of ours.

A decision is a dict: number (ascends as they are recorded), purpose, state, decided, recorded, and
channel, category, recipient, begins, ends, opt_in, where None is no limit.
"""

OPEN = {
    "channel": None, "category": None, "recipient": None, "begins": None, "ends": None,
    "opt_in": None,
}  # fmt: skip
"""A decision without limits."""

RECIPIENT = {
    "driving_score": "insurer", "claims_assistance": "insurer", "energy_insight": "utility",
}  # fmt: skip
"""Who gets what rests on a purpose."""


def counts(decision, purpose, channel, category, recipient, now):
    """Whether a decision is about the question, and its time has come."""
    if decision["purpose"] != purpose:
        return False
    if decision["opt_in"] == "pending":  # asked, and not answered yet
        return False
    if decision["channel"] is not None and decision["channel"] != channel:
        return False
    if decision["category"] is not None and decision["category"] != category:
        return False
    if decision["recipient"] is not None and decision["recipient"] != recipient:
        return False
    return decision["begins"] is None or not now < decision["begins"]


def answer(decisions, purpose, channel, category, recipient, now):
    """Return (granted, number of the decision in force); (False, None) = nobody decided."""
    about = [d for d in decisions if counts(d, purpose, channel, category, recipient, now)]
    if not about:
        return False, None
    # A decision cannot be later than the moment when we heard of it.
    latest = max(min(d["decided"], d["recorded"]) for d in about)
    about = [d for d in about if min(d["decided"], d["recorded"]) == latest]
    heard = max(d["recorded"] for d in about)
    about = [d for d in about if d["recorded"] == heard]
    withdrawals = [d for d in about if d["state"] == "withdrawn"]
    last = max(withdrawals or about, key=lambda d: d["number"])
    if last["state"] != "granted":
        return False, last["number"]
    if last["ends"] is not None and not now < last["ends"]:
        return False, last["number"]
    return True, last["number"]


def shown(decisions, purpose, now):
    """May what rests on the purpose be shown to its recipient?"""
    return answer(decisions, purpose, None, "features", RECIPIENT.get(purpose), now)


def stored(decisions, purpose, now):
    """May telemetry be stored for the purpose?"""
    return answer(decisions, purpose, None, "telemetry", None, now)


def sent(decisions, purpose, channel, now):
    """May a message about the purpose be sent by the channel?"""
    return answer(decisions, purpose, channel, "features", RECIPIENT.get(purpose), now)
