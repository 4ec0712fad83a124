"""The order of the work queue and the choice of the next case, in whole minutes and plain loops."""


def rank_min(case):
    """Minute at which a case ranks. case : deadline, opened, waiting (None or minutes), urgent,
    severity."""
    due = case["deadline"]
    if due is None:
        due = case["opened"] + 5 * 24 * 60
    if case["waiting"] is not None and case["waiting"] + 60 < due:
        due = case["waiting"] + 60
    if case["urgent"]:
        return due - 4 * 60
    return due - 60 * case["severity"]


def can(worker, case):
    """Whether somebody can do a case. Empty skills or languages mean all."""
    if worker["side"] and worker["side"] != case["side"]:
        return False
    if case["skill"] and worker["skills"] and case["skill"] not in worker["skills"]:
        return False
    return not (
        case["language"] and worker["languages"] and case["language"] not in worker["languages"]
    )


def next_case(worker, cases, now, but):
    """The id of the next case among all cases of a company; None = there is none."""
    open_ = [case for case in cases if case["state"] != "resolved"]
    seen = [case for case in open_ if worker["side"] in (None, case["side"])]
    mine = [case for case in seen if case["owner"] == worker["name"]]
    best = None
    for case in seen:
        if case["id"] == but:
            continue
        if case["owner"] == worker["name"]:
            allowed = rank_min(case) <= now + 60
        elif case["owner"] is None:
            allowed = can(worker, case) and (case["urgent"] or len(mine) < 20)
        else:
            allowed = False
        if allowed and (best is None or (rank_min(case), case["id"]) < best):
            best = (rank_min(case), case["id"])
    if best is None:
        later = [(rank_min(case), case["id"]) for case in mine if case["id"] != but]
        best = min(later, default=None)
    return None if best is None else best[1]


def after(case, what, who, to, note, leads):
    """(state, owner) after take, delegate or give_back; None where it is refused."""
    state, owner = case["state"], case["owner"]
    if state == "resolved":
        return None
    if owner is not None and owner != who and not leads:
        return None
    if what == "take":
        return "in_progress", who
    if not note.strip():
        return None
    if what == "delegate":
        return None if to == owner else (state, to)
    if owner is None:
        return None
    return "open", None
