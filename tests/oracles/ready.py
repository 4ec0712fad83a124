"""Readiness to bill, written down plainly: imports nothing of the product."""


def nearest(reads, day):
    """reads : (hour, kwh, status). Return the read within a week of `day`, billable ones first."""
    best = None
    for read in reads:
        if abs(read[0] - day) > 7 * 24:
            continue
        if best is None:
            best = read
            continue
        for better in (
            (read[2] >= 4) - (best[2] >= 4),
            abs(best[0] - day) - abs(read[0] - day),
            read[2] - best[2],
        ):
            if better:
                best = read if better > 0 else best
                break
    return best


def missing(start, end, dispute):
    """start, end : (hour, kwh, status, tariffs) or None; registers count whole kWh, and each of
    three may be one off. Return the reasons."""
    found = set()
    for name, read in (("start", start), ("end", end)):
        if read is None:
            found.add(f"no_reading_at_{name}")
        elif read[2] < 4:
            found.add(f"proposed_at_{name}")
    if start and end and start[1] > end[1]:
        found.add("backwards")
    for read in (start, end):
        if read and read[3] and not read[1] - 3 <= read[3][0] + read[3][1] <= read[1] + 3:
            found.add("tariff_sum")
    both = start and end and start[3] and end[3]
    if both and (start[3][0] > end[3][0] or start[3][1] > end[3][1]):
        found.add("backwards")
    if dispute:
        found.add("dispute")
    return found


def verdict(intervals, register, tolerance, missing):
    """Whether intervals add up to the register; without all of them nothing can be said."""
    if missing > 0:
        return "not_covered"
    return (
        "differs"
        if intervals > register + tolerance or intervals < register - tolerance
        else "fits"
    )
