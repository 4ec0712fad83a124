"""All models of use and degree days: none, heating, cooling or both, at every balance point.

Normal equations are made without the fixed terms (base, days off), which are solved for first. What
is left has one or two unknowns for each model: a division or Cramer's rule.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from feature_kernels.baseline.grid import COOLS, FIRST_COOL, GRID_C, HEATS, USUAL_PENALTY
from feature_kernels.kernel import kernel, lean_kernel

Floats = NDArray[np.float64]
Int64s = NDArray[np.int64]

G = HEATS + COOLS
BIC_PER_PART = 2.0  # parameters that a part of the model adds: its slope and its balance point
LEAST_LIKELY = 1e-5  # share of a model in the mean of all
FAR_LESS = 80.0  # of the criterion: weighs e^-40, less than rounding


class Equations(NamedTuple):
    """Normal equations of the grid, changed in place.

    own, moment : float64[g]; cross : float64[HEATS, COOLS], where heating begins no higher
    numbers : float64[2], weighted sum of squares, and variance of one (NaN = not known)
    """

    own: Floats
    cross: Floats
    moment: Floats
    numbers: Floats


class Fixed(NamedTuple):
    """base : float64[f], lever : float64[f, g]: the fixed terms are base - lever · slopes."""

    base: Floats
    lever: Floats


class Shape(NamedTuple):
    """The models that have the same parts: the best one, and their mean by likelihood.

    count : int64[1], parts; parts : int64[2], columns of the grid; points : float64[2], °C
    slopes : float64[2] of the best; mean : float64[f + g], coefficients of all columns
    """

    count: Int64s
    parts: Int64s
    slopes: Floats
    mean: Floats
    points: Floats


def no_equations() -> Equations:
    """Return equations that say nothing."""
    return Equations(np.zeros(G), np.zeros((HEATS, COOLS)), np.zeros(G), np.array([0.0, np.nan]))


def no_fixed(terms: int) -> Fixed:
    """Return room for the fixed terms."""
    return Fixed(np.zeros(terms), np.zeros((terms, G)))


def no_shape(terms: int) -> Shape:
    """Return room for a shape."""
    return Shape(
        np.zeros(1, np.int64), np.zeros(2, np.int64), np.zeros(2), np.zeros(terms + G), np.zeros(2)
    )


@lean_kernel
def forget(eq):
    """Let equations say nothing."""
    for j in range(G):
        eq.own[j] = eq.moment[j] = 0.0
        if j < HEATS:
            for k in range(COOLS):
                eq.cross[j, k] = 0.0
    eq.numbers[0], eq.numbers[1] = 0.0, np.nan


@lean_kernel
def _criterion(rest, variance, n, parts, penalty):
    """Bayesian criterion of a model that leaves `rest` of the squares."""
    rest = max(rest, 1e-12)
    worse = rest / variance if variance > 0.0 else n * math.log(rest / n)
    return worse + BIC_PER_PART * parts * math.log(n) + penalty


@lean_kernel
def _most(least, variance, n):
    """Squares that a model of two parts may leave, and not be far less likely than the best."""
    over = least + FAR_LESS - 2.0 * BIC_PER_PART * math.log(n)
    return over * variance if variance > 0.0 else n * math.exp(min(over / n, 700.0))


@lean_kernel
def _likelihoods(worse, first, last, least):
    """Turn criteria into weights whose sum is 1; return the sum of those that count."""
    total = 0.0
    for k in range(first, last):
        over = worse[k] - least
        worse[k] = math.exp(-0.5 * over) if over < FAR_LESS else 0.0
        total += worse[k]
    counted = 0.0
    for k in range(first, last):
        worse[k] /= total
        if worse[k] > LEAST_LIKELY:
            counted += worse[k]
    return counted


@lean_kernel
def _lowest(values, first, last):
    """Return where the lowest value from first to last is."""
    found = first
    for k in range(first + 1, last):
        if values[k] < values[found]:
            found = k
    return found


@lean_kernel
def _clear(shape):
    """Let no model have a share."""
    shape.points[0] = shape.points[1] = 0.0
    for j in range(shape.mean.size):
        shape.mean[j] = 0.0


@lean_kernel
def _coefficients(fixed, shape):
    """Complete the mean of the fixed terms from that of the slopes."""
    terms = fixed.base.size
    for f in range(terms):
        total = fixed.base[f]
        for j in range(G):
            total -= fixed.lever[f, j] * shape.mean[terms + j]
        shape.mean[f] = total


@kernel
def best(n, eq, hours, fixed, shows, shape):
    """Solve every model; fill the shape with the best one by the Bayesian criterion.

    n : days; eq, hours : Equations of days and hours; the criterion is that of a known variance
    where hours have one. shows : bool[g], degrees enough at this point; shape : Shape, filled
    A part that would be negative is none, nor is a base below zero.
    """
    terms = fixed.base.size
    variance, squares = hours.numbers[1], eq.numbers[0] + hours.numbers[0]
    base, lever = fixed.base[0], fixed.lever[0]
    shape.count[0] = 0
    _clear(shape)
    least = _criterion(squares, variance, n, 0.0, 0.0) if base >= 0.0 else np.inf
    slopes, worse = np.zeros(G), np.empty(G)
    own, moment = np.empty(G), np.empty(G)
    alone = np.inf
    for j in range(G):
        own[j], moment[j] = eq.own[j] + hours.own[j], eq.moment[j] + hours.moment[j]
        slopes[j] = moment[j] / own[j]
        worse[j] = np.inf
        if shows[j] and slopes[j] > 0.0 and base - lever[j] * slopes[j] >= 0.0:
            rest = squares - slopes[j] * moment[j]
            worse[j] = _criterion(rest, variance, n, 1.0, USUAL_PENALTY[j])
            alone = min(alone, worse[j])
    most = _most(min(least, alone), variance, n)
    pairs = np.empty(HEATS * COOLS)
    for at in range(pairs.size):
        pairs[at] = np.inf
    heating, cooling = np.zeros(HEATS * COOLS), np.zeros(HEATS * COOLS)
    for i in range(HEATS):
        if not shows[i]:
            continue
        for j in range(FIRST_COOL[i], COOLS):
            g = HEATS + j
            if not shows[g]:
                continue
            cross = eq.cross[i, j] + hours.cross[i, j]
            det = own[i] * own[g] - cross * cross
            heat = (moment[i] * own[g] - moment[g] * cross) / det
            cool = (moment[g] * own[i] - moment[i] * cross) / det
            if heat > 0.0 and cool > 0.0 and base - lever[i] * heat - lever[g] * cool >= 0.0:
                rest = squares - heat * moment[i] - cool * moment[g]
                if rest > most:
                    continue
                at = i * COOLS + j
                heating[at], cooling[at] = heat, cool
                penalty = USUAL_PENALTY[i] + USUAL_PENALTY[g]
                pairs[at] = _criterion(rest, variance, n, 2.0, penalty)
    for first, last in ((0, HEATS), (HEATS, G)):
        one = _lowest(worse, first, last)
        if not worse[one] < least:
            continue
        least = worse[one]
        shape.count[0], shape.parts[0], shape.slopes[0] = 1, one, slopes[one]
        counted = _likelihoods(worse, first, last, least)
        _clear(shape)
        for j in range(first, last):
            shape.points[0] += worse[j] * GRID_C[j]
            if worse[j] > LEAST_LIKELY:
                shape.mean[terms + j] = worse[j] * slopes[j] / counted
    two = _lowest(pairs, 0, pairs.size)
    if pairs[two] < least:
        shape.count[0] = 2
        shape.parts[0], shape.parts[1] = two // COOLS, HEATS + two % COOLS
        shape.slopes[0], shape.slopes[1] = heating[two], cooling[two]
        counted = _likelihoods(pairs, 0, pairs.size, pairs[two])
        _clear(shape)
        for at in range(pairs.size):
            i, g = at // COOLS, HEATS + at % COOLS
            shape.points[0] += pairs[at] * GRID_C[i]
            shape.points[1] += pairs[at] * GRID_C[g]
            if pairs[at] > LEAST_LIKELY:
                shape.mean[terms + i] += pairs[at] * heating[at] / counted
                shape.mean[terms + g] += pairs[at] * cooling[at] / counted
    _coefficients(fixed, shape)


@kernel
def expected_use(fixed, degrees, heats, cools, mean, expected):
    """Fill what a mean of models expects of each day, kWh."""
    terms = fixed.shape[1]
    for d in range(expected.size):
        total = 0.0
        for f in range(terms):
            total += mean[f] * fixed[d, f]
        for j in range(heats[d], cools[d]):
            total += mean[terms + j] * degrees[d, j]
        expected[d] = total


@kernel
def variance_of_best(fixed, degrees, weight, energy, solved, shape):
    """Return the variance of a weighted square of the best model. solved : Fixed of the days."""
    terms, count = fixed.shape[1], shape.count[0]
    squares = 0.0
    for d in range(energy.size):
        rest = energy[d]
        for k in range(count):
            rest -= shape.slopes[k] * degrees[d, shape.parts[k]]
        for f in range(terms):
            term = solved.base[f]
            for k in range(count):
                term -= solved.lever[f, shape.parts[k]] * shape.slopes[k]
            rest -= term * fixed[d, f]
        squares += weight[d] * rest * rest
    return squares / max(energy.size - terms - count, 1)


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
