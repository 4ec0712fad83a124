"""Merge of customers and their consents: plain Python, imports nothing of ours.

Decisions are dicts as in tests/oracles/consent.py.
"""

from tests.oracles.consent import answer


def refusal(merged, survivor, common, kept_apart, overrule):
    """Why two ids are not merged; None = they may be.

    merged, survivor : dicts with id, kind, into and others; common : pairs (kind, is shared).
    """
    if merged["id"] == survivor["id"]:
        return "same"
    if merged["into"] is not None:
        return "merged_already"
    if survivor["into"] is not None:
        return "survivor_is_merged"
    if merged["others"]:
        return "has_others"
    if merged["kind"] != survivor["kind"]:
        return "other_kind"
    if overrule:
        return None
    if kept_apart:
        return "kept_apart"
    telling = [kind for kind, shared in common if not shared and kind not in ("vehicle", "meter")]
    return "only_shared" if common and not telling else None


def until(decisions, question, now):
    """(granted, end) of one ledger; end None = without one."""
    granted, number = answer(decisions, *question, now)
    if not granted:
        return False, None
    return True, next(d["ends"] for d in decisions if d["number"] == number)


def narrower(own, others, question, now):
    """What an id says after it was merged with others: (granted, end)."""
    granted, end = until(own, question, now)
    if not granted:
        return False, None
    for ledger in others:
        if answer(ledger, *question, now)[1] is None:
            continue  # nobody has asked it
        other, its_end = until(ledger, question, now)
        if not other:
            return False, None
        if its_end is not None:
            end = its_end if end is None else min(end, its_end)
    return True, end
