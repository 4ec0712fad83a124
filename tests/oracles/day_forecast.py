"""The forecast of a day by hour, each hour by itself; imports nothing of the product.

days : list of day numbers, ascending; off : 1 = weekend or holiday
kwh : rows of 24, None = not known
"""

from itertools import pairwise

HALF_LIFE, OTHER_KIND, SAME_WEEKDAY = 14.0, 0.35, 1.6
LAST_DAYS = ((1, 0.55), (2, 0.3), (3, 0.15))


def quantile(values, weight, share):
    """Return a weighted quantile by the middle of each value's weight; equal ones stay in order."""
    order = sorted(range(len(values)), key=lambda i: values[i])
    at, total, points = share * sum(weight), 0.0, []
    for i in order:
        points.append((total + 0.5 * weight[i], values[i]))
        total += weight[i]
    if at <= points[0][0]:
        return points[0][1]
    for (x0, y0), (x1, y1) in pairwise(points):
        if at <= x1:
            return y0 + (y1 - y0) * (at - x0) / (x1 - x0)
    return points[-1][1]


def level(days, off, kwh, target):
    """Return the use of the last days as a multiple of the mean of their kind."""
    total = weights = 0.0
    for back, share in LAST_DAYS:
        row = next((i for i, day in enumerate(days) if day == target - back), None)
        if row is None or None in kwh[row]:
            continue
        mean = 0.0
        for hour in range(24):
            up = down = 0.0
            for i, day in enumerate(days):
                if kwh[i][hour] is not None:
                    w = 0.5 ** ((target - day) / HALF_LIFE) * (1.0 if off[i] == off[row] else 0.6)
                    up, down = up + w * kwh[i][hour], down + w
            mean += up / down if down > 0.0 else 0.0
        if mean > 0.0:
            total, weights = total + share * sum(kwh[row]) / mean, weights + share
    return min(max(total / weights, 0.2), 2.5) if weights > 0.0 else 1.0


def next_day(days, off, kwh, target, target_off):
    """Return expected, low and high of each hour, or None."""
    rows = [i for i, day in enumerate(days) if target - 56 <= day < target]
    days, off, kwh = [days[i] for i in rows], [off[i] for i in rows], [kwh[i] for i in rows]
    if sum(any(v is not None for v in row) for row in kwh) < 7:
        return None
    table = []
    for hour in range(24):
        column = []
        for day, kind, row in zip(days, off, kwh, strict=True):
            if row[hour] is not None:
                w = 0.5 ** ((target - day) / HALF_LIFE)
                w *= 1.0 if kind == target_off else OTHER_KIND
                column.append((row[hour], w * (SAME_WEEKDAY if (target - day) % 7 == 0 else 1.0)))
        table.append(column)
    known = [hour for hour in range(24) if len(table[hour]) >= 3]
    if not known:
        return None

    def of_all(one):
        found = {hour: one(hour) for hour in known}
        return [found.get(hour, sum(found.values()) / len(known)) for hour in range(24)]

    def near(share):
        def one(hour):
            rows = list(table[hour])
            for beside in (hour - 1, (hour + 1) % 24):
                rows += [(v, 0.15 * w) for v, w in table[beside]]
            return quantile(*zip(*rows, strict=True), share)

        return of_all(one)

    total = sum(of_all(lambda h: sum(v * w for v, w in table[h]) / sum(w for _, w in table[h])))
    low = of_all(lambda hour: quantile(*zip(*table[hour], strict=True), 0.1))
    high = of_all(lambda hour: quantile(*zip(*table[hour], strict=True), 0.9))
    goal = total - 0.04 * max(total, 0.0)
    expected = near(0.5)
    for step in range(1, 21):
        if sum(expected) >= goal:
            break
        before, expected = expected, near(0.5 + 0.02 * step)
        if sum(expected) >= goal:
            part = (goal - sum(before)) / (sum(expected) - sum(before))
            expected = [a + part * (b - a) for a, b in zip(before, expected, strict=True)]
            break
    pairs = zip(expected, low, strict=True)
    expected = [max(one, 0.0) if least >= 0.0 else one for one, least in pairs]
    factor = 1.0
    if min(low) >= 0.0:
        factor = 1.0 + 0.35 * (level(days, off, kwh, target) - 1.0)
    expected, low, high = ([factor * v for v in part] for part in (expected, low, high))
    low = [min(a, b) for a, b in zip(low, expected, strict=True)]
    return expected, low, [max(a, b) for a, b in zip(high, expected, strict=True)]
