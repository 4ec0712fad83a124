"""Normal equations of the days' use and degree days, without the fixed terms.

The fixed terms (base, days off) are solved for first; what is left has one or two unknowns for each
model.
"""

import numpy as np

from feature_kernels.baseline.grid import COOLS, FIRST_COOL, HEATS
from feature_kernels.baseline.models import forget
from feature_kernels.kernel import kernel, lean_kernel

G = HEATS + COOLS


@lean_kernel
def _add_up(fixed, degrees, heats, cools, weight, energy, both, room, eq):
    """Add the days up, fixed terms included, which go into `both`, float64[f, g]."""
    forget(eq)
    squares = 0.0
    for d in range(energy.size):
        w, used = weight[d], energy[d]
        squares += w * used * used
        # views, so that the compiler knows that no index is negative
        row, weighed = degrees[d, heats[d] : cools[d]], room[heats[d] : cools[d]]
        own, moment = eq.own[heats[d] : cools[d]], eq.moment[heats[d] : cools[d]]
        for j in range(row.size):
            weighed[j] = w * row[j]
        for j in range(row.size):
            moment[j] += weighed[j] * used
        for j in range(row.size):
            own[j] += weighed[j] * row[j]
        for f in range(fixed.shape[1]):
            with_fixed, term = both[f, heats[d] : cools[d]], fixed[d, f]
            if term == 0.0:
                continue  # no day off
            for j in range(row.size):
                with_fixed[j] += weighed[j] * term
        if cools[d] == HEATS:
            continue  # nothing cools
        for i in range(heats[d], HEATS):
            if HEATS + FIRST_COOL[i] >= cools[d]:
                continue
            wi = w * degrees[d, i]
            cooling = degrees[d, HEATS + FIRST_COOL[i] : cools[d]]
            cross = eq.cross[i, FIRST_COOL[i] :]
            for j in range(cooling.size):
                cross[j] += wi * cooling[j]
    eq.numbers[0] = squares


@kernel
def day_equations(fixed, degrees, heats, cools, weight, energy, eq, out):
    """Make the equations of the days.

    fixed : float64[n, f], f 1 or 2; degrees : float64[n, g] with heats, cools of `degree_days`
    weight, energy : float64[n]; eq : Equations and out : Fixed, filled
    """
    terms = fixed.shape[1]
    both = np.zeros((terms, G))
    _add_up(fixed, degrees, heats, cools, weight, energy, both, np.empty(G), eq)
    gram, right = np.zeros((terms, terms)), np.zeros(terms)
    for d in range(energy.size):
        for f in range(terms):
            wf = weight[d] * fixed[d, f]
            right[f] += wf * energy[d]
            for k in range(terms):
                gram[f, k] += wf * fixed[d, k]
    inverse = np.empty((terms, terms))
    if terms == 1:
        inverse[0, 0] = 1.0 / gram[0, 0]
    else:
        det = gram[0, 0] * gram[1, 1] - gram[0, 1] * gram[1, 0]
        inverse[0, 0], inverse[1, 1] = gram[1, 1] / det, gram[0, 0] / det
        inverse[0, 1] = inverse[1, 0] = -gram[0, 1] / det
    for f in range(terms):
        out.base[f] = 0.0
        for j in range(G):
            out.lever[f, j] = 0.0
        for k in range(terms):
            out.base[f] += inverse[f, k] * right[k]
            for j in range(G):
                out.lever[f, j] += inverse[f, k] * both[k, j]
    for f in range(terms):
        eq.numbers[0] -= right[f] * out.base[f]
        for j in range(G):
            eq.own[j] -= both[f, j] * out.lever[f, j]
            eq.moment[j] -= both[f, j] * out.base[f]
        for i in range(HEATS):
            lever = out.lever[f, i]
            for j in range(FIRST_COOL[i], COOLS):
                eq.cross[i, j] -= lever * both[f, HEATS + j]
