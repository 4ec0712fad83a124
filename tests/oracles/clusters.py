"""Clusters of findings by joining neighbours until nothing changes, written down plainly."""


def clusters(findings, gap, fewest):
    """Return (kind, ids) of each cluster, as sets.

    findings : (id, kind, subject, at), times in minutes. Two findings of one kind are neighbours
    where they are at most `gap` apart; a cluster is what neighbours connect.
    """
    groups = [{finding} for finding in findings]
    changed = True
    while changed:
        changed = False
        for i in range(len(groups)):
            for j in range(i + 1, len(groups)):
                near = any(
                    a[1] == b[1] and abs(a[3] - b[3]) <= gap for a in groups[i] for b in groups[j]
                )
                if near:
                    groups[i] |= groups.pop(j)
                    changed = True
                    break
            if changed:
                break
    return {
        (next(iter(group))[1], frozenset(one[0] for one in group))
        for group in groups
        if len({one[2] for one in group}) >= fewest
    }


def matters(findings, alone, gap, place_gap, fewest):
    """Return (place, ids) of each matter. findings : (id, kind, subject, at, place).

    First what is at one place, of any kind; then of the rest the kinds in `alone`, anywhere.
    """
    at_places = [(f[0], f[4], f[2], f[3]) for f in findings if f[4]]
    found = clusters(at_places, place_gap, fewest)
    taken = {one for _, ids in found for one in ids}
    rest = [f[:4] for f in findings if f[0] not in taken and f[1] in alone]
    return found | {("", ids) for _, ids in clusters(rest, gap, fewest)}
