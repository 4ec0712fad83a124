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
