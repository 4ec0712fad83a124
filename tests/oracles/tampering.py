"""Marks of tampering in windows of a meter's days, plainly; imports nothing of the product.

days : float64[d, slots], W, NaN = not measured; degrees : float64[d, 2], K, NaN = not known.
"""

import numpy as np

SHARES = [0.05, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.95, 1.0]
FOLLOW = ("low", "top", "night", "level")


def at_share(values, share):
    """Return the nearest rank of a share of what is known."""
    known = sorted(float(v) for v in values if np.isfinite(v))
    return known[int(np.rint((len(known) - 1) * share))] if known else np.nan


def mean(values):
    known = [float(v) for v in values if np.isfinite(v)]
    return sum(known) / len(known) if known else np.nan


def longest_run(flags):
    longest = run = 0
    for flag in flags:
        run = run + 1 if flag else 0
        longest = max(longest, run)
    return longest


def shown(day, least):
    """Return what a day shows, by name."""
    slots = len(day)
    log = np.log(np.maximum(day, 0.0) + least)
    known = day[np.isfinite(day)]
    using = [float(np.log(v + least)) for v in known if v > least]
    spread = np.sqrt(np.mean((known - known.mean()) ** 2))
    return {
        "low": mean([at_share(log, share) for share in SHARES[:3]]),
        "top": at_share(log, 1.0),
        "night": at_share(log[slots // 24 : 5 * slots // 24], 0.25),
        "level": float(np.log(np.maximum(known, 0.0).mean() + least)),
        "run": longest_run([np.isfinite(v) and abs(v) <= least for v in day]) / slots,
        "rough": at_share(np.abs(np.diff(log)), 0.5),
        "flat": float(np.log(spread / (np.abs(known).mean() + least) + 0.03)),
        "quantiles": [at_share(using, share) for share in SHARES],
    }


def middle(rows, name, share=0.5):
    return at_share([row[name] for row in rows], share)


def is_idle(row, low, top, floor):
    if row["level"] <= floor + np.log(3.0):
        return row["run"] >= 0.25 and row["top"] <= top - np.log(3.0)
    varied = row["flat"] >= np.log(0.06)
    near = varied and row["level"] <= low + np.log(1.4) and row["low"] >= low - np.log(1.4)
    return near and row["top"] <= top - np.log(3.0)


def profile(days, least):
    log = np.array([np.log(max(mean(slot), 0.0) + least) for slot in days.T])
    return log - mean(log)


def marks_against(days, rows, at, others, least, drift):
    """Return the ten marks. at, others : days of the window and of its past."""
    now, before = [rows[i] for i in at], [rows[i] for i in others]
    found = [
        middle(now, name, 0.6) - change - middle(before, name)
        for name, change in zip(FOLLOW, drift, strict=True)
    ]
    found.append(middle(now, "run") - middle(before, "run"))
    found.append(np.log((middle(now, "rough") + 0.02) / (middle(before, "rough") + 0.02)))
    found.append(middle(now, "flat") - middle(before, "flat"))
    one, usual = profile(days[at], least), profile(days[others], least)
    turn = mean((usual - usual[::-1]) ** 2) + 0.02
    found.append(mean((one - usual) ** 2) / turn - mean((one - usual[::-1]) ** 2) / turn + 1.0)
    new = []
    for slot in range(days.shape[1]):
        parts = [days[chosen, slot] for chosen in (at, others)]
        parts = [part[np.isfinite(part)] for part in parts]
        share, usually = (np.mean(np.abs(part) <= least) if part.size else 0.0 for part in parts)
        new.append(max(share - usually - 0.1, 0.0))
    found.append(float(np.mean(new)))
    falls = np.array(
        [
            mean([row["quantiles"][q] for row in now])
            - drift[3]
            - mean([row["quantiles"][q] for row in before])
            for q in range(len(SHARES))
        ]
    )
    found.append(min(falls.mean(), 0.0) * np.exp(-falls.std() / 0.2))
    return [float(v) if np.isfinite(v) else 0.0 for v in found]


def course(rows, at, others):
    """Return by how much use was falling already."""
    halves = []
    for part in (others, at):
        half = len(part) // 2
        halves.append([[rows[i] for i in part[:half]], [rows[i] for i in part[half:]]])
    found = []
    for name in FOLLOW:
        fall = middle([rows[i] for i in at], name) - middle([rows[i] for i in others], name)
        change = sum(middle(late, name) - middle(early, name) for early, late in halves)
        found.append(max(min(0.5 * change, 0.0), min(fall, 0.0)))
    return found


def weather_drift(degrees, rows, known, first, now, others):
    weight = np.array([0.5 ** ((first - day) / 180.0) for day in known])
    columns = np.array([[1.0, *degrees[day]] for day in known])
    target = np.array([[rows[day][name] for name in FOLLOW] for day in known])
    gram = (columns.T * weight) @ columns + np.diag([1e-6, 10.0, 10.0])
    effect = np.linalg.solve(gram, (columns.T * weight) @ target)[1:]
    apart = np.mean([degrees[i] for i in now], axis=0) - np.mean(
        [degrees[i] for i in others], axis=0
    )
    return list(apart @ effect)


def alike(degrees, now, known, first):
    """Return the four days before of most alike weather for each day of the window."""
    found = []
    for day in now:
        apart = [
            (float(np.abs(degrees[day] - degrees[other]).sum() + (first - other) / 60.0), other)
            for other in known
        ]
        found += [other for _, other in sorted(apart)[:4]]
    return found


def marks_of(days, degrees, first, length):
    """Return what can be said, and marks: 0 recent, 1 near, 2 a year ago, 3 weather."""
    fine = [d for d in range(len(days)) if np.isfinite(days[d]).sum() >= 5 / 6 * days.shape[1]]
    used = [d for d in fine if np.nanmax(np.abs(days[d])) >= 1.0]
    before, at = [d for d in used if d < first], [d for d in used if first <= d < first + length]
    if len(before) < 28 or sum(first <= d < first + length for d in fine) < 5:
        return "none", {}
    if len(at) < 5:
        return "unused", {}
    recent = before[-56:]
    level = max(float(np.nanmean(np.abs(days[recent]))), 1e-3)
    least = 0.02 * 2.0 ** (np.rint(2.0 * np.log2(level)) / 2.0)
    before = before[min(sum(d < first - 400 for d in before), max(len(before) - 56, 0)) :]
    rows = {d: shown(days[d], least) for d in before + at}
    low, top = (middle([rows[d] for d in recent], name) for name in ("low", "top"))
    floor = float(np.log(least))
    awake = [d for d in before if not is_idle(rows[d], low, top, floor)]
    if len(awake) >= 28:
        before = awake
        at = [d for d in at if not is_idle(rows[d], low, top, floor)]
        if len(at) < 5:
            return "quiet", {}
    none = [0.0] * 4
    near = before[-14:]
    found = {
        0: marks_against(days, rows, at, before[-56:], least, none),
        1: marks_against(days, rows, at, near, least, course(rows, at, near)),
    }
    season = [d for d in before if first - 386 <= d < first - 365 + length + 21]
    if len(season) >= 28:
        found[2] = marks_against(days, rows, at, season, least, none)
    known = [d for d in before if np.isfinite(degrees[d]).all()]
    now = [d for d in at if np.isfinite(degrees[d]).all()]
    if len(known) >= 28 and len(now) >= 5:
        others = alike(degrees, now, known, first)
        drift = weather_drift(degrees, rows, known, first, now, others)
        found[3] = marks_against(days, rows, at, others, least, drift)
    return "said", found
