"""What is done about a signal by its age, and whether a message fits under the cap, in plain words.

All times are minutes on one clock.
"""


def outcome(known, now, trigger_max, contact_max):
    """'nothing', or 'case' (late for this contact), or 'contact'."""
    age = now - known
    if trigger_max is not None and age > trigger_max:
        return "nothing"
    if contact_max is not None and age > contact_max:
        return "case"
    return "contact"


def promised(known, now, minutes):
    """The minute until which a call is promised; None where there is none or it has passed."""
    if minutes is None:
        return None
    until = known + minutes
    if until <= now:
        return None
    return until


def fits(sent, now, per_day, urgent):
    """May one more be sent? No day that contains it may have more, of what was or will be sent."""
    if urgent or per_day == 0:
        return True
    day = 24 * 60
    for begin in [*sent, now]:
        inside = [at for at in sent if begin <= at < begin + day]
        if begin <= now < begin + day and len(inside) >= per_day:
            return False
    return True
