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


def about(purpose, ledger):
    return [d for d in ledger if d["purpose"] == purpose]


def questions(decisions):
    """All that can be asked about a purpose, the most general first. Of a value that nobody names
    the answer is that of no value."""
    channels, categories, recipients = (
        {d[name] for d in decisions} | {None} for name in ("channel", "category", "recipient")
    )
    asked = [(c, k, r) for c in channels for k in categories for r in recipients]
    return sorted(asked, key=lambda limits: 3 - limits.count(None))


def narrower_at(own, others, now):
    """(purpose, *limits) -> (granted, end) that an id says after it was merged with others."""
    found = {}
    for purpose in {d["purpose"] for d in own}:
        ours, theirs = about(purpose, own), [about(purpose, ledger) for ledger in others]
        for limits in questions(ours + [d for ledger in theirs for d in ledger]):
            found[purpose, *limits] = narrower(ours, theirs, (purpose, *limits), now)
    return found


def corrections(own, wanted, now):
    """What an id has to say so that it says what is wanted. Each is about its question alone, so
    that the general ones are said first."""
    found, by_purpose = [], {d["purpose"]: about(d["purpose"], own) for d in own}
    latest = max([now, *(d["recorded"] for d in own)])
    for question in sorted(wanted, key=lambda q: (4 - q.count(None), str(q))):
        granted, end = wanted[question]
        purpose, channel, category, recipient = question
        if until(by_purpose[purpose], question, now) == (granted, end):
            continue
        row = {
            "purpose": purpose, "state": "granted" if granted else "withdrawn",
            "channel": channel, "category": category, "recipient": recipient,
            "begins": None, "ends": end, "opt_in": None,
        }  # fmt: skip
        found.append(row)
        number, latest = 10**6 + len(found), latest + 1
        by_purpose[purpose].append({**row, "decided": latest, "recorded": latest, "number": number})
    return found


def undone(own, now):
    """What an id has to say after a split: what it would have said alone. What was withdrawn under
    the other id meanwhile stays withdrawn."""
    alone = [
        d for d in own
        if not (d["why"] == "merge" or (d["why"] == "said" and d["state"] == "granted"))
    ]  # fmt: skip
    wanted = {
        (purpose, *limits): until(about(purpose, alone), (purpose, *limits), now)
        for purpose in {d["purpose"] for d in own}
        for limits in questions(about(purpose, own))
    }
    found = corrections(own, wanted, now)
    for purpose in sorted({d["purpose"] for d in own if d not in alone}):
        decided = [d for d in about(purpose, alone) if d["opt_in"] != "pending"]
        if not decided:
            continue
        # A grant that begins later, and was the last word, is said again.
        last = max(decided, key=lambda d: (min(d["decided"], d["recorded"]), d["recorded"],
                                         d["state"] == "withdrawn", d["number"]))  # fmt: skip
        begins, ends = last["begins"], last["ends"]
        comes = begins is not None and begins > now and (ends is None or begins < ends)
        if last["state"] == "granted" and comes:
            names = ("purpose", "state", "channel", "category", "recipient", "begins", "ends")
            found.append({**{name: last[name] for name in names}, "opt_in": None})
    return found
