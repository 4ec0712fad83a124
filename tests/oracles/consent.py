"""Which decision about a purpose is in force: plain Python, imports nothing of ours.

A decision is (number, purpose, state, decided, recorded); the number ascends as they are recorded.
"""


def states(decisions):
    """Return purpose -> (state, number) of the decision in force."""
    found = {}
    for purpose in {decision[1] for decision in decisions}:
        about = [decision for decision in decisions if decision[1] == purpose]
        # A decision cannot be later than the moment when we heard of it.
        latest = max(min(decided, recorded) for _, _, _, decided, recorded in about)
        about = [d for d in about if min(d[3], d[4]) == latest]
        heard = max(recorded for _, _, _, _, recorded in about)
        about = [d for d in about if d[4] == heard]
        withdrawals = [d for d in about if d[2] == "withdrawn"]
        number, _, state, _, _ = max(withdrawals or about)
        found[purpose] = (state, number)
    return found


def granted(decisions):
    """Return the purposes in force."""
    return {purpose for purpose, (state, _) in states(decisions).items() if state == "granted"}
