"""Normal equations of use and degrees within days, on the scale of the days' own.

The mean day (the rhythm) of workdays and of days off is taken out of both, so that only what rises
and falls with the weather of the day is left.
"""

import numpy as np
from numpy.typing import NDArray

from feature_kernels.baseline.day_hours import Hours, sum_hours
from feature_kernels.baseline.grid import COOLS, FIRST_COOL, GRID_C, HEATS, HOURS
from feature_kernels.baseline.models import Shape, forget
from feature_kernels.baseline.packed_rows import Rows
from feature_kernels.kernel import hot_kernel, kernel, lean_kernel

Floats = NDArray[np.float64]
Int64s = NDArray[np.int64]

G = HEATS + COOLS


@hot_kernel
def _weigh(w, values, total):
    """Add values of weight w to what stands in `total`, both of the same size."""
    for j in range(values.size):
        total[j] += w * values[j]


@lean_kernel
def _add_days(packed, rows, day, hours, together, weight, sums, same, own_same, moment_same, out):
    """Add the days up, rows by kind of day into `sums`, those that stand for more into `same`.

    rows : float64[r · 24], those of `packed`; sums, same : float64[2, g · 24]. The rows of a day
    stand side by side, as the points of the grid that they belong to do: each day is few long sums.
    """
    k = 0
    for d in range(day.size):
        w, at = weight[d], day[d]
        total, total_same = sums[hours.off[d]], same[hours.off[d]]
        first, last = packed.bounds[at, 0], packed.bounds[at, 1]
        low, high = packed.bounds[at, 2], packed.bounds[at, 3]
        r = packed.start[at]
        for begin, size, alone in ((first, last - first, last), (low + 1, high - low - 1, low)):
            if size < 0:
                continue  # no row of heating, or of cooling
            mine = r if alone < begin else r + size  # the row that is the same from there on
            own_same[alone] += w * packed.own[mine]
            moment_same[alone] += w * together[k + mine - r]
            row = rows[mine * HOURS : (mine + 1) * HOURS]
            _weigh(w, row, total_same[alone * HOURS : (alone + 1) * HOURS])
            if size > 0:
                others = r + 1 if alone < begin else r
                at_k = k + others - r
                _weigh(w, packed.own[others : others + size], out.own[begin : begin + size])
                _weigh(w, together[at_k : at_k + size], out.moment[begin : begin + size])
                row = rows[others * HOURS : (others + size) * HOURS]
                _weigh(w, row, total[begin * HOURS : (begin + size) * HOURS])
            r, k = r + size + 1, k + size + 1
        p = packed.pairs_at[at]
        if low < high:
            for i in range(first, last + 1):
                begin = max(FIRST_COOL[i], low - HEATS)
                size = high - HEATS - begin
                if size > 0:
                    _weigh(w, packed.pairs[p : p + size], out.cross[i, begin : begin + size])
                    p += size


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
    flat, flat_same = np.zeros((2, G * HOURS)), np.zeros((2, G * HOURS))
    sums, same = flat.reshape((2, G, HOURS)), flat_same.reshape((2, G, HOURS))
    own_same, moment_same = np.zeros(G), np.zeros(G)
    rows = packed.rows.reshape(packed.rows.size)
    used, whole = np.zeros((2, HOURS)), np.zeros(2)
    forget(out)
    _add_days(
        packed, rows, day, hours, together, weight, flat, flat_same, own_same, moment_same, out
    )
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
    sum_hours(count, with_use, products, gram, moment)
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
