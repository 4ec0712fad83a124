"""Hours within days beside degrees of those hours: how a house answers, and its equations.

Hours and degrees are less the mean of their day, and less the mean day (the rhythm) of workdays and
of days off, so that only what rises and falls with the weather of the day is left.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from feature_kernels.baseline.grid import COOLS, FIRST_COOL, GRID_C, HEATS, HOURS
from feature_kernels.baseline.models import Shape, forget
from feature_kernels.kernel import hot_kernel, kernel, lean_kernel

Floats = NDArray[np.float64]
Int64s = NDArray[np.int64]

G = HEATS + COOLS
NOTHING = 1e-12  # K·d: rows that differ by less are the same
FIRST_LAG, LAST_LAG = -1, 4  # hours; -1: stamps of meter and weather differ
LAGS = LAST_LAG - FIRST_LAG + 1
WINDOW = HOURS + LAGS - 1
SINGULAR = 1e-12  # of the product of both: two parts that show the same


class Hours(NamedTuple):
    """Hours of a meter's whole days.

    at : int64[d], the first hour of each day in the temperatures; off : int64[d], 1 = day off
    use : float64[d, 24], kWh, less the mean of each day
    """

    at: Int64s
    off: Int64s
    use: Floats


class Rows(NamedTuple):
    """Degrees of a place's hours, less the mean of each day, for one lag and inertia.

    Below the day's temperatures a heating row is zero, above them all rows are the same; cooling
    the other way round. Only rows between are kept, and the first of those that are the same.

    bounds : int64[days, 4], heating rows from … to (included, the same from there on), cooling rows
    from (the same up to there) … to; start : int64[days], of its rows; pairs_at : of its products
    rows : float64[r, 24]; own : float64[r], its squares; pairs : float64[p], heating · cooling
    """

    bounds: Int64s
    start: Int64s
    pairs_at: Int64s
    rows: Floats
    own: Floats
    pairs: Floats


@hot_kernel
def _window(above, part, first, window):
    """Fill a window of hours from `first` on; edges stay as they are."""
    n = above.shape[1]
    if first >= 0 and first + window.size <= n:
        of_part = above[part, first : first + window.size]
        for h in range(window.size):
            window[h] = of_part[h]
    else:
        for h in range(window.size):
            window[h] = above[part, min(max(first + h, 0), n - 1)]


@hot_kernel
def _sum_of_day(row):
    """Add 24 hours up, in four sums that the processor makes at once."""
    one = two = three = four = 0.0
    for h in range(0, HOURS, 4):
        one += row[h]
        two += row[h + 1]
        three += row[h + 2]
        four += row[h + 3]
    return (one + two) + (three + four)


@hot_kernel
def _centre(row):
    """Subtract the mean of a day from its hours; return their sum."""
    total = _sum_of_day(row)
    mean = total / HOURS
    for h in range(HOURS):
        row[h] -= mean
    return total


@hot_kernel
def _differ(one, other):
    apart = 0.0
    for h in range(HOURS):
        apart = max(apart, abs(one[h] - other[h]))
    return apart > NOTHING


@kernel
def pack_rows(
    above: Floats, lag_h: int, at: Int64s
) -> tuple[Int64s, Int64s, Int64s, Floats, Floats, Floats]:
    """Return `Rows` of days that begin at hours `at`, as six arrays. above : float64[g, n], K·d."""
    days = at.size
    bounds = np.empty((days, 4), np.int64)
    start, pairs_at = np.empty(days + 1, np.int64), np.empty(days + 1, np.int64)
    rows, own = np.empty((days * G, HOURS)), np.empty(days * G)
    pairs = np.empty(days * HEATS * COOLS)
    every, none = np.empty((G, HOURS)), np.zeros(HOURS)
    r = p = 0
    for d in range(days):
        for g in range(G):
            _window(above, g, at[d] - lag_h, every[g])
            _centre(every[g])
        first, last = 0, HEATS - 1
        while first < HEATS and not _differ(every[first], none):
            first += 1
        while last > first and not _differ(every[last - 1], every[HEATS - 1]):
            last -= 1
        low, high = HEATS, G
        while high > HEATS and not _differ(every[high - 1], none):
            high -= 1
        while low < high - 1 and not _differ(every[low + 1], every[HEATS]):
            low += 1
        bounds[d, 0], bounds[d, 1], bounds[d, 2], bounds[d, 3] = first, last, low, high
        start[d], pairs_at[d] = r, p
        for g in range(G):
            if first <= g <= last or low <= g < high:
                total = 0.0
                for h in range(HOURS):
                    rows[r, h] = every[g, h]
                    total += every[g, h] * every[g, h]
                own[r] = total
                r += 1
        for i in range(first, last + 1):
            for j in range(max(FIRST_COOL[i] + HEATS, low), high):
                total = 0.0
                for h in range(HOURS):
                    total += every[i, h] * every[j, h]
                pairs[p] = total
                p += 1
    start[days], pairs_at[days] = r, p
    return bounds, start[:days], pairs_at[:days], rows[:r].copy(), own[:r].copy(), pairs[:p].copy()


@lean_kernel
def _rows_of(packed, at):
    """How many rows a packed day has."""
    heats = max(packed.bounds[at, 1] + 1 - packed.bounds[at, 0], 0)
    return heats + max(packed.bounds[at, 3] - packed.bounds[at, 2], 0)


@kernel
def products_with_use(packed: Rows, day: Int64s, use: Floats) -> Floats:
    """Multiply a meter's hours with its days' rows, one after another: float64[all rows].

    packed : Rows; day : int64[d], of the packed days; use : float64[d, 24]
    """
    size = 0
    for d in range(day.size):
        size += _rows_of(packed, day[d])
    found = np.empty(size)
    k = 0
    for d in range(day.size):
        r = packed.start[day[d]]
        for c in range(r, r + _rows_of(packed, day[d])):
            one = two = three = four = 0.0  # four sums at once; the compiler keeps their order
            row, used = packed.rows[c], use[d]
            for h in range(0, HOURS, 4):
                one += row[h] * used[h]
                two += row[h + 1] * used[h + 1]
                three += row[h + 2] * used[h + 2]
                four += row[h + 3] * used[h + 3]
            found[k] = (one + two) + (three + four)
            k += 1
    return found


@hot_kernel
def _spread(w, packed, r, k, g, kind, together, sums, own, moment):
    """Add a row of a day to what stands at `g`, of weight w."""
    own[g] += w * packed.own[r]
    moment[g] += w * together[k]
    row, total = packed.rows[r], sums[kind, g]
    for h in range(HOURS):
        total[h] += w * row[h]


@lean_kernel
def _add_days(packed, day, hours, together, weight, sums, same, own_same, moment_same, out):
    """Add the days up, rows by kind of day into `sums`, those that stand for more into `same`."""
    k = 0
    for d in range(day.size):
        w, kind, at = weight[d], hours.off[d], day[d]
        first, last = packed.bounds[at, 0], packed.bounds[at, 1]
        low, high = packed.bounds[at, 2], packed.bounds[at, 3]
        r = packed.start[at]
        for g in range(first, last):
            _spread(w, packed, r, k, g, kind, together, sums, out.own, out.moment)
            r, k = r + 1, k + 1
        if first <= last:
            _spread(w, packed, r, k, last, kind, together, same, own_same, moment_same)
            r, k = r + 1, k + 1
        if low < high:
            _spread(w, packed, r, k, low, kind, together, same, own_same, moment_same)
            r, k = r + 1, k + 1
        for g in range(low + 1, high):
            _spread(w, packed, r, k, g, kind, together, sums, out.own, out.moment)
            r, k = r + 1, k + 1
        p = packed.pairs_at[at]
        for i in range(first, last + 1):
            begin = max(FIRST_COOL[i], low - HEATS)
            if begin < high - HEATS:
                cross = out.cross[i, begin : high - HEATS]
                pairs = packed.pairs[p : p + cross.size]
                for j in range(cross.size):
                    cross[j] += w * pairs[j]
                p += cross.size


@lean_kernel
def _take_rhythm(used, rhythm, whole, out):
    """Take what hours and degrees share by the rhythm of one kind of day out of the equations.

    used : float64[24] and rhythm : float64[24, g], weighted sums; whole : their weights' sum
    """
    for h in range(HOURS):
        row, share = rhythm[h], used[h] / whole
        for g in range(G):
            out.moment[g] -= share * row[g]
        for g in range(G):
            out.own[g] -= row[g] * row[g] / whole
        for i in range(HEATS):
            share = row[i] / whole
            cross, cooling = out.cross[i, FIRST_COOL[i] :], row[HEATS + FIRST_COOL[i] :]
            for j in range(cross.size):
                cross[j] -= share * cooling[j]


@lean_kernel
def _carry_on(g, before, same, own, moment):
    """Add what is the same as at the point before."""
    own[g] += own[before]
    moment[g] += moment[before]
    for kind in range(2):
        for h in range(HOURS):
            same[kind, g, h] += same[kind, before, h]


@kernel
def hour_equations(packed, day, hours, together, weight, shape, variance, out):
    """Fill the equations of the hours, on the scale of the days' own.

    packed : Rows; day : int64[d] of them; hours : Hours; together : of `products_with_use`
    weight : float64[d]; shape : the best model so far; variance : of a weighted square of the days

    Returns by what the hours' squares are scaled.
    """
    sums, same = np.zeros((2, G, HOURS)), np.zeros((2, G, HOURS))
    own_same, moment_same = np.zeros(G), np.zeros(G)
    used, whole = np.zeros((2, HOURS)), np.zeros(2)
    forget(out)
    _add_days(packed, day, hours, together, weight, sums, same, own_same, moment_same, out)
    squares = 0.0
    for d in range(day.size):
        w, use, total = weight[d], hours.use[d], used[hours.off[d]]
        whole[hours.off[d]] += w
        one = two = 0.0
        for h in range(0, HOURS, 2):
            one += use[h] * use[h]
            two += use[h + 1] * use[h + 1]
        squares += w * (one + two)
        for h in range(HOURS):
            total[h] += w * use[h]
    for i in range(1, HEATS):  # what is the same from here on
        _carry_on(i, i - 1, same, own_same, moment_same)
    for g in range(G - 2, HEATS - 1, -1):  # and up to here
        _carry_on(g, g + 1, same, own_same, moment_same)
    for g in range(G):
        out.own[g] += own_same[g]
        out.moment[g] += moment_same[g]
    rhythm = np.empty((HOURS, G))
    for kind in range(2):
        if whole[kind] > 0.0:
            for h in range(HOURS):
                squares -= used[kind, h] * used[kind, h] / whole[kind]
                for g in range(G):
                    rhythm[h, g] = sums[kind, g, h] + same[kind, g, h]
            _take_rhythm(used[kind], rhythm, whole[kind], out)
    rest = squares
    for k in range(shape.count[0]):
        part, slope = shape.parts[k], shape.slopes[k]
        rest += slope * (slope * out.own[part] - 2.0 * out.moment[part])
    if shape.count[0] == 2:
        cross = out.cross[shape.parts[0], shape.parts[1] - HEATS]
        rest += 2.0 * shape.slopes[0] * shape.slopes[1] * cross
    free = max(day.size * (HOURS - 1) - 2 * HOURS, 1)
    ratio = variance / max(rest / free, 1e-12)
    for g in range(G):
        out.own[g] *= ratio
        out.moment[g] *= ratio
    for i in range(HEATS):
        for j in range(COOLS):
            out.cross[i, j] *= ratio
    out.numbers[0], out.numbers[1] = squares * ratio, variance
    return ratio


@lean_kernel
def _add_row(packed, at, g, share, row):
    """Add a share of the degrees of a day's hours at a point of the grid."""
    first, last = packed.bounds[at, 0], packed.bounds[at, 1]
    low, high = packed.bounds[at, 2], packed.bounds[at, 3]
    r = packed.start[at]
    if g < HEATS:
        if g < first or first > last:
            return
        r += min(g, last) - first
    else:
        if g >= high or low >= high:
            return
        r += max(last + 1 - first, 0) + max(g, low) - low
    of_day = packed.rows[r]
    for h in range(HOURS):
        row[h] += share * of_day[h]


@lean_kernel
def _sum_hours(count, with_use, products, gram, moment):
    """Add the sums by hour up to equations."""
    for k in range(count):
        moment[k] = 0.0
        for h in range(HOURS):
            moment[k] += with_use[k, h]
        for m in range(k + 1):
            gram[k, m] = 0.0
            for h in range(HOURS):
                gram[k, m] += products[k, m, h]
            gram[m, k] = gram[k, m]


@kernel
def equations_at(
    packed: Rows, day: Int64s, hours: Hours, weight: Floats, shape: Shape, ratio: float
) -> tuple[Floats, Floats]:
    """Return the equations of the hours at the shape's balance points, between those of the grid.

    Returns gram float64[p, p] and moment float64[p], scaled by `ratio`.
    """
    count = shape.count[0]
    low, share = np.empty(count, np.int64), np.empty(count)
    for k in range(count):
        first = 0 if shape.parts[k] < HEATS else HEATS
        last = HEATS if first == 0 else G
        low[k] = first + min(int((shape.points[k] - GRID_C[first]) * 2.0), last - first - 2)
        step = GRID_C[low[k] + 1] - GRID_C[low[k]]
        share[k] = (shape.points[k] - GRID_C[low[k]]) / step
    rows = np.empty((count, HOURS))
    sums, used, whole = np.zeros((2, count, HOURS)), np.zeros((2, HOURS)), np.zeros(2)
    with_use, products = np.zeros((count, HOURS)), np.zeros((count, count, HOURS))
    gram, moment = np.zeros((count, count)), np.zeros(count)
    for d in range(day.size):
        w, kind = weight[d], hours.off[d]
        whole[kind] += w
        for k in range(count):
            for h in range(HOURS):
                rows[k, h] = 0.0
            _add_row(packed, day[d], low[k], 1.0 - share[k], rows[k])
            _add_row(packed, day[d], low[k] + 1, share[k], rows[k])
        use = hours.use[d]
        for h in range(HOURS):
            used[kind, h] += w * use[h]
        for k in range(count):
            row, total, by_use = rows[k], sums[kind, k], with_use[k]
            for h in range(HOURS):
                total[h] += w * row[h]
            for h in range(HOURS):
                by_use[h] += w * row[h] * use[h]
            for m in range(k + 1):
                other, product = rows[m], products[k, m]
                for h in range(HOURS):
                    product[h] += w * row[h] * other[h]
    _sum_hours(count, with_use, products, gram, moment)
    for kind in range(2):
        if not whole[kind] > 0.0:
            continue
        for h in range(HOURS):
            for k in range(count):
                moment[k] -= sums[kind, k, h] * used[kind, h] / whole[kind]
                for m in range(count):
                    gram[k, m] -= sums[kind, k, h] * sums[kind, m, h] / whole[kind]
    for k in range(count):
        moment[k] *= ratio
        for m in range(count):
            gram[k, m] *= ratio
    return gram, moment


@kernel
def without_rhythm(hours: Hours, weight: Floats) -> Floats:
    """Return the use less the mean day of workdays and of days off: float64[d, 24]."""
    means, whole = np.zeros((2, HOURS)), np.zeros(2)
    for d in range(weight.size):
        kind = hours.off[d]
        whole[kind] += weight[d]
        for h in range(HOURS):
            means[kind, h] += weight[d] * hours.use[d, h]
    for kind in range(2):
        for h in range(HOURS):
            means[kind, h] /= whole[kind]  # NaN for a kind that no day has
    out = np.empty(hours.use.shape)
    for d in range(weight.size):
        for h in range(HOURS):
            out[d, h] = hours.use[d, h] - means[hours.off[d], h]
    return out


@lean_kernel
def _of_lag(count, lag, windows, sums, whole, moments, out, gram, moment):
    """Make the equations of one lag out of sums over the window of all lags."""
    for k in range(count):
        moment[k] = 0.0
        for h in range(HOURS):
            moment[k] += moments[lag, k, h]
        for m in range(k + 1):
            gram[k, m] = -out[lag, k, m] / HOURS
            for h in range(HOURS):
                gram[k, m] += windows[k, m, lag + h]
    for kind in range(2):
        if not whole[kind] > 0.0:
            continue
        for k in range(count):
            for m in range(k + 1):
                one = two = both = 0.0
                for h in range(HOURS):
                    one += sums[kind, k, lag + h]
                    two += sums[kind, m, lag + h]
                    both += sums[kind, k, lag + h] * sums[kind, m, lag + h]
                gram[k, m] -= (both - one * two / HOURS) / whole[kind]
    for k in range(count):
        for m in range(k):
            gram[m, k] = gram[k, m]


@lean_kernel
def _explained(count, gram, moment):
    """Squares that one part or two explain."""
    one = moment[0] * moment[0] / gram[0, 0] if gram[0, 0] > 0.0 else 0.0
    if count == 1:
        return one
    two = moment[1] * moment[1] / gram[1, 1] if gram[1, 1] > 0.0 else 0.0
    det = gram[0, 0] * gram[1, 1] - gram[0, 1] * gram[0, 1]
    if not det > SINGULAR * gram[0, 0] * gram[1, 1]:
        return max(one, two)
    total = moment[0] * moment[0] * gram[1, 1] + moment[1] * moment[1] * gram[0, 0]
    return (total - 2.0 * moment[0] * moment[1] * gram[0, 1]) / det


@lean_kernel
def _add_windows(
    above, parts, hours, weight, without, window, total, weighed, windows, sums, moments, out, whole
):
    """Add the windows of the days up; the three before `windows` are room."""
    for d in range(weight.size):
        w, kind, use = weight[d], hours.off[d], without[d]
        whole[kind] += w
        for h in range(HOURS):
            weighed[h] = w * use[h]
        for k in range(parts.size):
            row, by_kind = window[k], sums[kind, k]
            _window(above, parts[k], hours.at[d] - LAST_LAG, row)
            for h in range(WINDOW):
                by_kind[h] += w * row[h]
            for lag in range(LAGS):
                late, moment = row[lag : lag + HOURS], moments[lag, k]
                for h in range(HOURS):
                    moment[h] += weighed[h] * late[h]
            level = _sum_of_day(row)
            total[k, 0] = level
            for lag in range(1, LAGS):
                level += row[lag + HOURS - 1] - row[lag - 1]
                total[k, lag] = level
        for k in range(parts.size):
            for m in range(k + 1):
                one, two, product = window[k], window[m], windows[k, m]
                for h in range(WINDOW):
                    product[h] += w * one[h] * two[h]
                for lag in range(LAGS):
                    out[lag, k, m] += w * total[k, lag] * total[m, lag]


@kernel
def explained_by_lag(
    above: Floats, parts: Int64s, hours: Hours, weight: Floats, without: Floats
) -> Floats:
    """Return the squares that degrees of parts explain, by lag from FIRST_LAG: float64[LAGS].

    above : float64[g, n], of one inertia, of which rows `parts` are read; without : float64[d, 24],
    use without rhythm. The sums of all lags come from one window of each day.
    """
    count = parts.size
    windows, sums = np.zeros((count, count, WINDOW)), np.zeros((2, count, WINDOW))
    moments, out = np.zeros((LAGS, count, HOURS)), np.zeros((LAGS, count, count))
    whole = np.zeros(2)
    _add_windows(
        above, parts, hours, weight, without, np.empty((count, WINDOW)), np.empty((count, LAGS)),
        np.empty(HOURS), windows, sums, moments, out, whole,
    )  # fmt: skip
    gram, moment, found = np.empty((count, count)), np.empty(count), np.empty(LAGS)
    for lag in range(LAGS):
        _of_lag(count, lag, windows, sums, whole, moments, out, gram, moment)
        found[LAGS - 1 - lag] = _explained(count, gram, moment)
    return found


@lean_kernel
def _solve(count, gram, moment, found, inverse):
    """Fill slopes and the diagonal of the inverse; zero where two parts show the same."""
    if count == 2:
        det = gram[0, 0] * gram[1, 1] - gram[0, 1] * gram[0, 1]
        if det > SINGULAR * gram[0, 0] * gram[1, 1]:
            found[0] = (moment[0] * gram[1, 1] - moment[1] * gram[0, 1]) / det
            found[1] = (moment[1] * gram[0, 0] - moment[0] * gram[0, 1]) / det
            inverse[0], inverse[1] = gram[1, 1] / det, gram[0, 0] / det
    elif gram[0, 0] > 0.0:
        found[0], inverse[0] = moment[0] / gram[0, 0], 1.0 / gram[0, 0]


@lean_kernel
def _rest_of_day(degrees, found, use, rest):
    """Fill what the hours of a day leave. degrees : float64[p, d, 24] from this day on"""
    for h in range(HOURS):
        rest[h] = use[h]
    for k in range(found.size):
        row, slope = degrees[k, 0], found[k]
        for h in range(HOURS):
            rest[h] -= slope * row[h]


@kernel
def beside_degrees(
    above: Floats, parts: Int64s, lag_h: int, hours: Hours, weight: Floats, without: Floats
) -> tuple[Floats, Floats, Floats]:
    """Return what the hours tell of parts at a lag: slopes, their errors², and change of rhythm.

    Returns float64[p] each: kWh/(K·d), its square, and chi² of the hours' residuals growing or
    falling with the degrees of the day.
    """
    count, days = parts.size, weight.size
    degrees, level = np.empty((count, days, HOURS)), np.empty((count, days))
    means, whole, levels = np.zeros((2, count, HOURS)), np.zeros(2), np.zeros((2, count))
    for d in range(days):
        kind = hours.off[d]
        whole[kind] += weight[d]
        for k in range(count):
            _window(above, parts[k], hours.at[d] - lag_h, degrees[k, d])
            level[k, d] = _centre(degrees[k, d])
            levels[kind, k] += weight[d] * level[k, d]
            row, mean = degrees[k, d], means[kind, k]
            for h in range(HOURS):
                mean[h] += weight[d] * row[h]
    for kind in range(2):
        for k in range(count):
            levels[kind, k] /= whole[kind]  # NaN for a kind that no day has
            for h in range(HOURS):
                means[kind, k, h] /= whole[kind]
    gram, moment = np.zeros((count, count)), np.zeros(count)
    with_use, products = np.zeros((count, HOURS)), np.zeros((count, count, HOURS))
    for d in range(days):
        w, use = weight[d], without[d]
        for k in range(count):
            row, mean, by_use = degrees[k, d], means[hours.off[d], k], with_use[k]
            for h in range(HOURS):
                row[h] -= mean[h]
            for h in range(HOURS):
                by_use[h] += w * row[h] * use[h]
            for m in range(k + 1):
                other, product = degrees[m, d], products[k, m]
                for h in range(HOURS):
                    product[h] += w * row[h] * other[h]
    _sum_hours(count, with_use, products, gram, moment)
    found, inverse = np.zeros(count), np.zeros(count)
    _solve(count, gram, moment, found, inverse)
    together, spread = np.zeros((count, HOURS)), np.zeros((count, HOURS))
    rest, by_hour = np.empty(HOURS), np.zeros(HOURS)
    for d in range(days):
        _rest_of_day(degrees[:, d:], found, without[d], rest)
        for h in range(HOURS):
            by_hour[h] += weight[d] * rest[h] * rest[h]
        for k in range(count):
            lever = weight[d] * (level[k, d] - levels[hours.off[d], k])
            linear, squared = together[k], spread[k]
            for h in range(HOURS):
                linear[h] += lever * rest[h]
            for h in range(HOURS):
                squared[h] += lever * lever * rest[h] * rest[h]
    squares = 0.0
    for h in range(HOURS):
        squares += by_hour[h]
    free = max(days * (HOURS - 1) - 2 * HOURS, 1)
    change = np.zeros(count)
    for k in range(count):
        inverse[k] *= squares / free
        for h in range(HOURS):
            change[k] += together[k, h] * together[k, h] / max(spread[k, h], 1e-30)
    return found, inverse, change


@lean_kernel
def slope_errors(eq, shape, variance, errors):
    """Fill the standard errors of the best model's slopes, by the equations of the days."""
    if shape.count[0] == 1:
        own = eq.own[shape.parts[0]]
        errors[0] = math.sqrt(max(variance / own, 0.0)) if own > 0.0 else 0.0
    if shape.count[0] == 2:
        one, two = eq.own[shape.parts[0]], eq.own[shape.parts[1]]
        cross = eq.cross[shape.parts[0], shape.parts[1] - HEATS]
        det = one * two - cross * cross
        errors[0] = math.sqrt(max(variance * two / det, 0.0))
        errors[1] = math.sqrt(max(variance * one / det, 0.0))
    return shape.count[0]
