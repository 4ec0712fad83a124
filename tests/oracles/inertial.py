"""Slow, plain twins of the inertial kernels. Nothing of ours is imported."""

import itertools
import math


def both_ways(x, known, step_s, tau_s):
    """Mean of each column around each row, weighted by exp(-|i - j| step / tau)."""
    n = len(x)
    out = []
    for i in range(n):
        weights = [known[j] * math.exp(-abs(i - j) * step_s / tau_s) for j in range(n)]
        total = sum(weights)
        row = []
        for k in range(len(x[i])):
            if total == 0.0:
                row.append(math.nan)
            else:
                parts = [w * x[j][k] for j, w in enumerate(weights) if known[j] > 0.0]
                row.append(math.fsum(parts) / total)
        out.append(row)
    return out


def leaky_integral(x, step_s, tau_s):
    """Trapezia, each forgotten by exp(-age / tau)."""
    out = []
    for i in range(len(x)):
        kept = [(j, math.exp(-(i - j) * step_s / tau_s)) for j in range(1, i + 1)]
        out.append(
            [
                math.fsum(0.5 * step_s * (x[j][k] + x[j - 1][k]) * w for j, w in kept)
                for k in range(len(x[i]))
            ]
        )
    return out


def pulses(a, above, below, release, merge):
    """Pulses with hysteresis: (first, last) of each."""
    found = []
    i = 0
    while i < len(a):
        if a[i] >= above:
            sign, least = 1, release * above
        elif a[i] <= -below:
            sign, least = -1, release * below
        else:
            i += 1
            continue
        before = [j for j in range(i + 1) if not a[j] * sign >= least]
        first = before[-1] + 1 if before else 0
        last = i
        for j in range(i + 1, len(a)):
            if j - last > merge or a[j] * sign <= -least:
                break
            if a[j] * sign >= least:
                last = j
        found.append((first, last))
        i = last + 1
    return found


def bridged(grid_s, along, lag_s, times_s, speeds_mps, gap_s, bridge_s, most_mps2):
    """Speed at each grid time within a silence of a source that lags by lag_s; None = not known.

    The area below `along` is a sum of steps that begins anew at the first grid time.
    """
    step_s = grid_s[1] - grid_s[0]
    sums = []
    for a in along:
        sums.append((sums[-1] if sums else 0.0) + a * step_s)

    def gained(at_s):
        """Sum of acceleration until a time of the source, between grid times a straight line."""
        x = (at_s - lag_s - grid_s[0]) / step_s
        if x <= 0.0:
            return sums[0]
        if x >= len(sums) - 1:
            return sums[-1]
        k = int(x)
        return sums[k] + (sums[k + 1] - sums[k]) * (x - k)

    out = []
    for t in grid_s:
        before = [k for k in range(len(times_s)) if times_s[k] < t]
        if not before or before[-1] + 1 == len(times_s):
            out.append(None)
            continue
        k = before[-1]
        length = times_s[k + 1] - times_s[k]
        known = times_s[k] >= grid_s[0] + lag_s and times_s[k + 1] <= grid_s[-1] + lag_s
        if not gap_s < length <= bridge_s or not known:
            out.append(None)
            continue
        change = gained(times_s[k + 1]) - gained(times_s[k])
        error = (speeds_mps[k + 1] - speeds_mps[k] - change) / length
        if abs(error) > most_mps2:
            out.append(None)
            continue
        v = speeds_mps[k] + gained(t) - gained(times_s[k]) + error * (t - times_s[k])
        out.append(max(v, 0.0))
    return out


def repeats(times_s, rows, least_kmh, longest_s):
    """Whether each row says an old fix again. rows : (speed, lat, lon), None = not measured."""
    whole = [k for k, row in enumerate(rows) if row is not None]
    out = [False] * len(rows)
    runs, run = [], []
    for k in whole:
        if run and rows[k] == rows[run[-1]] and rows[k][0] >= least_kmh:
            run.append(k)
        else:
            runs.append(run)
            run = [k]
    runs.append(run)
    for run in runs:
        if len(run) > 1 and times_s[run[-1]] - times_s[run[0]] <= longest_s:
            for k in run[1:]:
                out[k] = True
    return out


def old_places(times_s, places, leap_m, leap_mps2):
    """Whether each row says an old place again. places : (lat, lon), None = not measured."""
    known = [k for k, place in enumerate(places) if place is not None]
    runs = [list(run) for _, run in itertools.groupby(known, key=places.__getitem__)]
    out = [False] * len(places)
    for run, after in itertools.pairwise(runs):
        here, there = places[run[0]], places[after[0]]
        a, b = (math.radians(90.0 - place[0]) for place in (here, there))
        turn = math.radians(there[1] - here[1])
        cos = math.cos(a) * math.cos(b) + math.sin(a) * math.sin(b) * math.cos(turn)
        metres = 6_371_008.8 * math.acos(min(cos, 1.0))
        if metres > leap_m + 0.5 * leap_mps2 * (times_s[after[0]] - times_s[run[-1]]) ** 2:
            for k in run[1:]:
                out[k] = True
    return out


def courses(times_s, rows, window_s, even_s, least_kmh):
    """Degrees from north by places around each row, None = unknown; not steadied.

    rows : (speed, place), each None where it is not measured; place = (lat, lon).
    """
    known = [k for k, row in enumerate(rows) if row[1] is not None]
    timed = [k for k, row in enumerate(rows) if row[0] is not None]

    def speed(at):
        before = [k for k in timed if times_s[k] <= at][-1:] or timed[:1]
        after = [k for k in timed if times_s[k] >= at][:1] or timed[-1:]
        if not timed or max(abs(at - times_s[k]) for k in before + after) > even_s + 1e-9:
            return None
        (a, b) = before[0], after[0]
        share = 0.0 if a == b else (at - times_s[a]) / (times_s[b] - times_s[a])
        return rows[a][0] + share * (rows[b][0] - rows[a][0])

    out = [None] * len(rows)
    for k in known:
        older = [j for j in known if times_s[k] - times_s[j] >= window_s - 1e-9]
        newer = [j for j in known if times_s[j] - times_s[k] >= window_s - 1e-9]
        kmh = speed(times_s[k])
        if not older or not newer or kmh is None or kmh < least_kmh:
            continue
        (lat1, lon1), (lat2, lon2) = rows[older[-1]][1], rows[newer[0]][1]
        if max(times_s[k] - times_s[older[-1]], times_s[newer[0]] - times_s[k]) > even_s + 1e-9:
            continue
        y = 6_371_008.8 * math.radians(lat2 - lat1)
        x = 6_371_008.8 * math.radians(lon2 - lon1) * math.cos(math.radians(rows[k][1][0]))
        way = kmh / 3.6 * (times_s[newer[0]] - times_s[older[-1]])
        if 0.5 * way <= math.hypot(x, y) <= 1.5 * way:
            out[k] = math.degrees(math.atan2(x, y)) % 360.0
    return out


def noise_of(values):
    """Deviation of white noise by the median of fourth differences, of even rows."""
    sizes = sorted(
        abs(values[i] - 4 * values[i + 1] + 6 * values[i + 2] - 4 * values[i + 3] + values[i + 4])
        for i in range(len(values) - 4)
    )
    middle = len(sizes) // 2
    median = sizes[middle] if len(sizes) % 2 else 0.5 * (sizes[middle - 1] + sizes[middle])
    return 1.4826 * median / math.sqrt(70.0)


def left_noise(times_us, values, cell_us, smooth_s):
    """Deviation of what a low-pass leaves of the noise; None = not measured."""
    cells = {}
    for t, value in zip(times_us, values, strict=True):
        if value is not None:
            cells.setdefault(t // cell_us, []).append(value)
    mean = {cell: sum(each) / len(each) for cell, each in cells.items()}
    runs = [[mean.get(cell + k) for k in range(5)] for cell in sorted(mean)]
    whole = [run for run in runs if None not in run]
    if len(whole) < 5:
        return 0.0
    sizes = sorted(abs(a - 4 * b + 6 * c - 4 * d + e) for a, b, c, d, e in whole)
    middle = len(sizes) // 2
    median = sizes[middle] if len(sizes) % 2 else 0.5 * (sizes[middle - 1] + sizes[middle])
    return 1.4826 * median / math.sqrt(70.0) * math.sqrt(cell_us / 1e6 / (2 * smooth_s))


def steadied(times_s, values, noise, least_s, most_s, gap_s, sure):
    """The value at each row of a line through the rows around it; see the kernel."""
    out = []
    n = len(values)
    for i in range(n):
        best, ranges = values[i], [(values[i] - sure * noise[i], values[i] + sure * noise[i])]
        for k in range(1, n):
            if i - k < 0 or i + k >= n:
                break
            around = range(i - k, i + k + 1)
            if times_s[i] - times_s[i - k] > most_s or times_s[i + k] - times_s[i] > most_s:
                break
            if any(times_s[j + 1] - times_s[j] > gap_s for j in list(around)[:-1]):
                break
            x = [times_s[j] - times_s[i] for j in around]
            mean_x = math.fsum(x) / len(x)
            mean_y = math.fsum(values[j] for j in around) / len(x)
            square = math.fsum((a - mean_x) ** 2 for a in x)
            pairs = zip(x, around, strict=True)
            slope = math.fsum((a - mean_x) * (values[j] - mean_y) for a, j in pairs) / square
            fit = mean_y - slope * mean_x
            power = math.fsum(noise[j] ** 2 for j in around) / len(x)
            spread = sure * math.sqrt(power * (1.0 / len(x) + mean_x**2 / square))
            if times_s[i] - times_s[i - k] <= least_s and times_s[i + k] - times_s[i] <= least_s:
                ranges = []
            ranges.append((fit - spread, fit + spread))
            if max(low for low, _ in ranges) > min(high for _, high in ranges):
                break
            best = fit
        out.append(best)
    return out
