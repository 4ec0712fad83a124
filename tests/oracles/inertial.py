"""Slow, plain twins of the inertial kernels. Nothing of ours is imported."""

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
