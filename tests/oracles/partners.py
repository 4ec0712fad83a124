"""What a partner may see: plain Python, imports nothing of ours.

Decisions are dicts as in tests/oracles/consent.py.
"""

from tests.oracles.consent import answer


def granted(decisions, purpose, partner, now):
    """Whether a partner may see what rests on a purpose."""
    recipient = f"partner:{partner}"
    question = (purpose, None, "features", recipient)
    named = [d for d in decisions if d["recipient"] == recipient]
    yes, number = answer(named, *question, now)
    if not yes or next(d for d in named if d["number"] == number)["ends"] is None:
        return False
    return answer(decisions, *question, now)[0]
