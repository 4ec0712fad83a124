"""Which occasions are shown, in plain words: items are dictionaries, times microseconds."""

DAY = 86_400_000_000
HOUR = 3_600_000_000


def stands(item):
    return item["in_force"] and (item["open"] or item["urgent"] or item["failed"])


def weight(item, items, now, half_life_s):
    """How much an item matters by itself."""
    age_s = max(0.0, (now - item["at_us"]) / 1_000_000)
    recency = 0.5 ** (age_s / half_life_s[item["kind"]])
    if not item["in_force"]:
        return 0.1 * recency
    related = False
    for other in items:
        same = other["subject"] is not None and other["subject"] == item["subject"]
        case = other["case_id"] is not None and other["case_id"] == item["case_id"]
        if not item["open"] and other["open"] and (same or case):
            related = True
    feedback = item["used"] + item["opened"] + item["dismissed"]
    useful = 2 * (item["learnt"] + item["used"] + item["opened"] / 2) / (2 + feedback)
    if stands(item) or related:
        useful = max(1.0, useful)
    severity = item["severity"] * (2.0 if item["urgent"] else 1.0)
    total = severity * useful * recency
    if item["open"]:
        total += 3.0
        if item["urgent"]:
            total += severity
        if item["due_us"] is not None:
            left = item["due_us"] - now
            if left < 0:
                total += 4.0
            elif left < HOUR:
                total += 2.0
    elif related:
        total += 1.5
    elif item["kind"] == "crash":
        total += 2.0 * item["severity"] * 0.5 ** (age_s / (6 * 3_600))
    if item["severity"] > 1:
        total += item["severity"] / 10
    if item["failed"]:
        total += 2.0
    return total


def learnt(rows, kind, topic, reader):
    """Rows of (kind, topic, reader, opened, used, dismissed): the factor for one topic and reader.

    A start of a half, and three times: eight imagined reactions of the share so far, and real ones.
    """
    good, all_ = 4.0, 8.0
    for step in (1, 2, 3):
        for row in rows:
            if row[:step] == (kind, topic, reader)[:step]:
                good += row[4] + 0.5 * row[3]
                all_ += row[3] + row[4] + row[5]
        good, all_ = 8.0 * good / all_, 8.0
    return good / all_ * 2


def occasions(items, now, most, half_life_s):
    """[(weight, [(kind, id), …])]: a row for each occasion, each time the heaviest."""
    weighed = [(weight(item, items, now, half_life_s), item) for item in items]
    weighed.sort(key=lambda w: (-w[0], -w[1]["at_us"], w[1]["kind"], w[1]["id"]))
    rows = []
    for own, item in weighed:
        for row in rows:
            if item["occasion"] and row[0][1]["occasion"] == item["occasion"]:
                row.append((own, item))
                break
        else:
            rows.append([(own, item)])
    shown = []
    while rows and len(shown) < most:
        best, best_weight = None, None
        for row in rows:
            own, item = row[0]
            if not stands(item):
                before = [other for _, other in shown if other[0][0] == item["kind"]]
                own = own * 0.7 ** len(before)
            if best is None or own > best_weight:
                best, best_weight = row, own
        rows.remove(best)
        shown.append((best_weight, [(item["kind"], item["id"]) for _, item in best]))
    return shown
