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
    found = []
    for hour in range(24):
        values, weight = [], []
        for day, kind, row in zip(days, off, kwh, strict=True):
            if row[hour] is not None:
                w = 0.5 ** ((target - day) / HALF_LIFE)
                w *= 1.0 if kind == target_off else OTHER_KIND
                weight.append(w * (SAME_WEEKDAY if (target - day) % 7 == 0 else 1.0))
                values.append(row[hour])
        if len(values) < 3:
            found.append(None)
            continue
        mean = sum(v * w for v, w in zip(values, weight, strict=True)) / sum(weight)
        found.append([mean, *(quantile(values, weight, q) for q in (0.1, 0.5, 0.9))])
    known = [hour for hour in found if hour is not None]
    if not known:
        return None
    usual = [sum(column) / len(known) for column in zip(*known, strict=True)]
    mean, low, median, high = zip(*(hour or usual for hour in found), strict=True)
    short, share = sum(mean) - sum(median), 1.0
    if short > 0.0:
        share = min(1.0, 0.04 * max(sum(mean), 0.0) / short)
    expected = []
    for hour in range(24):
        smooth = 0.9 * mean[hour] + 0.05 * (mean[hour - 1] + mean[(hour + 1) % 24])
        one = smooth + share * (median[hour] - mean[hour])
        expected.append(max(one, 0.0) if low[hour] >= 0.0 else one)
    factor = 1.0
    if min(low) >= 0.0:
        factor = 1.0 + 0.5 * (level(days, off, kwh, target) - 1.0)
    expected, low, high = ([factor * v for v in part] for part in (expected, low, high))
    low = [min(a, b) for a, b in zip(low, expected, strict=True)]
    return expected, low, [max(a, b) for a, b in zip(high, expected, strict=True)]
