"""Fit the model of use and weather: which parts it has, at which balance points, how surely.

The least squares are weighted: the scatter of a day grows with its expected use, and days far from
the model count less. The balance points are the mean over all pairs of a grid, weighted by their
likelihood. Hours are a second witness where they agree with the days (`hours_evidence`).
"""

from dataclasses import dataclass

import numpy as np

from customer_context.metering.climate import COOLS, GRID_C, HEATS, climate_of
from customer_context.metering.hours_evidence import DayHours, Evidence, Slopes, Witness, ask
from customer_context.metering.weather_model import (
    Bools,
    Floats,
    Int64s,
    Model,
    Spans,
    Temperatures,
    columns_of,
)

LEAST_DAYS = 60  # fewer say nothing about weather; CalTRACK asks for 365
LEAST_SPREAD_K = 4.0  # between cold and mild days (10 % and 90 %), so that weather shows
OUTLIER_SIGMA = 5.0  # an anomaly, not weather
FREEDOM = 6.0  # of Student's t: how much less a day far from the model counts
# Where nothing else is known: 60 and 69 °F, the usual balance points of fits of homes, ± 3 K.
USUAL_C = np.where(np.arange(GRID_C.size) < HEATS, 15.5, 20.5)
USUAL_SPREAD_K = 3.0
LEAST_DEGREE_DAYS = 20  # days on which a part must show
POWERS = np.arange(0.0, 2.6, 0.25)  # of the expected use: how the scatter of a day grows with it
FIRST_POWER = 2.0
LEAST_SHARE = 0.1  # of the mean use: the least that a day's scatter is computed from
USUAL_PENALTY = ((GRID_C - USUAL_C) / USUAL_SPREAD_K) ** 2
CROSSED = GRID_C[:HEATS, None] > GRID_C[None, HEATS:]  # heating would begin above cooling
BIC_PER_PART = 2.0  # parameters that a part of the model adds: its slope and its balance point
LEAST_LIKELY = 1e-5  # share of a model in the mean of all
TURNS = 6  # of fit, scatter and weights; they settle in three or four
ASK_HOURS = 2  # the turn from which hours are asked


@dataclass(slots=True)
class _Days:
    """The days of a fit, and what is known about their scatter.

    columns : float64[n, fixed + GRID_C.size], terms of the model at every balance point
    expected : float64[n], kWh; trust : float64[n], less than 1 far from the model
    variance, weight : float64[n], of a day apart from a constant, and of its square
    shows : bool[GRID_C.size], the days have enough degrees at this balance point
    """

    spans: Spans
    fixed: int
    columns: Floats
    expected: Floats
    trust: Floats
    shows: Bools
    variance: Floats
    weight: Floats

    def weigh(self, power: float) -> None:
        """Renew variances, apart from a constant, and the weights of the squares."""
        days = self.spans.days
        self.variance = self.level**power * days
        self.weight = self.trust / self.variance

    @property
    def level(self) -> Floats:
        """Expected use of a day, kWh, from which its scatter is computed."""
        days = self.spans.days
        floor = max(LEAST_SHARE * float(self.spans.energy_kwh.sum() / days.sum()), 1e-9)
        return np.asarray(np.maximum(self.expected / days, floor), np.float64)


@dataclass(frozen=True, slots=True)
class _Shape:
    """The models that have the same parts: the best one, and their mean by likelihood.

    parts : int64[p], columns of the grid of the best model; found : float64[fixed + p], its terms
    mean : float64[fixed + g], coefficients of all columns; points : float64[p], °C
    """

    parts: Int64s
    found: Floats
    mean: Floats
    points: Floats


@dataclass(frozen=True, slots=True)
class _Equations:
    """Normal equations without the fixed terms, which are solved for first.

    own : float64[g], of each part; cross : float64[HEATS, COOLS]; moment : float64[g]
    base, lever : float64[fixed] and float64[fixed, g], so that fixed terms = base - lever · slopes
    """

    own: Floats
    cross: Floats
    moment: Floats
    squares: float
    base: Floats
    lever: Floats


def _equations(days: _Days) -> _Equations:
    fixed = days.fixed
    weighted, energy = days.columns * days.weight[:, None], days.spans.energy_kwh
    gram, moment = weighted.T @ days.columns, weighted.T @ energy
    squares = float((days.weight * energy) @ energy)
    left, both = np.linalg.inv(gram[:fixed, :fixed]), gram[:fixed, fixed:]
    lever, base = left @ both, left @ moment[:fixed]
    own = np.diag(gram)[fixed:] - np.sum(both * lever, axis=0)
    cross = np.zeros((HEATS, COOLS))
    if days.shows.size:
        cross = gram[fixed : fixed + HEATS, fixed + HEATS :] - both[:, :HEATS].T @ lever[:, HEATS:]
    rest = moment[fixed:] - both.T @ base
    return _Equations(own, cross, rest, squares - float(moment[:fixed] @ base), base, lever)


def _with(solved: _Equations, evidence: Evidence) -> _Equations:
    """Add the equations of the hours, which know no fixed terms."""
    return _Equations(
        solved.own + evidence.products.own, solved.cross + evidence.products.cross,
        solved.moment + evidence.moment, solved.squares + evidence.squares, solved.base,
        solved.lever,
    )  # fmt: skip


def _best(days: _Days, solved: _Equations, evidence: Evidence | None) -> _Shape:
    """Solve every model; return the shape with the best one by the Bayesian criterion.

    A part that would be negative is none, nor is a base below zero. All models of a shape are
    solved at once: for one part by division, for two by Cramer's rule.
    """
    n = days.spans.days.size

    def worse_of(rest: Floats, penalty: Floats | float, parts: int) -> Floats:
        rest = np.maximum(rest, 1e-12)
        worse = n * np.log(rest / n) if evidence is None else rest / evidence.variance
        return np.asarray(worse + BIC_PER_PART * parts * np.log(n) + penalty, np.float64)

    best = float(worse_of(np.array([solved.squares]), 0.0, 0)[0])
    best = best if solved.base[0] >= 0.0 else np.inf
    none = np.zeros(0, np.int64)
    shape = _shape(solved, none, np.zeros(0), np.zeros(solved.own.size), np.zeros(0))
    shows = days.shows
    if not shows.any():
        return shape
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = solved.moment / solved.own
        base = solved.base[0] - solved.lever[0] * slope
        worse = worse_of(solved.squares - slope * solved.moment, USUAL_PENALTY, 1)
        worse = np.where(shows & (slope > 0.0) & (base >= 0.0), worse, np.inf)
        heat, cool = solved.own[:HEATS, None], solved.own[None, HEATS:]
        first, second = solved.moment[:HEATS, None], solved.moment[None, HEATS:]
        det = heat * cool - solved.cross**2
        heating = (first * cool - second * solved.cross) / det
        cooling = (second * heat - first * solved.cross) / det
        bases = solved.base[0] - solved.lever[0, :HEATS, None] * heating
        bases = bases - solved.lever[0, None, HEATS:] * cooling
        rest = solved.squares - heating * first - cooling * second
        penalty = USUAL_PENALTY[:HEATS, None] + USUAL_PENALTY[None, HEATS:]
        fine = shows[:HEATS, None] & shows[None, HEATS:] & ~CROSSED
        fine &= (heating > 0.0) & (cooling > 0.0) & (bases >= 0.0)
        both = np.where(fine, worse_of(rest, penalty, 2), np.inf)
    for parts in (slice(0, HEATS), slice(HEATS, GRID_C.size)):
        if worse[parts].min() < best:
            best = float(worse[parts].min())
            weight = np.zeros(GRID_C.size)
            weight[parts] = _likelihood(worse[parts])
            at = np.array([parts.start + int(np.argmin(worse[parts]))])
            shape = _shape(solved, at, slope[at], _some(weight, slope), np.array([weight @ GRID_C]))
    if both.min() < best:
        weights = _likelihood(both)
        at = np.array(np.unravel_index(int(np.argmin(both)), both.shape))
        slopes = np.array([heating[at[0], at[1]], cooling[at[0], at[1]]])
        mean = np.concatenate(
            (_some(weights, heating).sum(axis=1), _some(weights, cooling).sum(axis=0))
        )
        points = np.array([
            weights.sum(axis=1) @ GRID_C[:HEATS], weights.sum(axis=0) @ GRID_C[HEATS:]
        ])  # fmt: skip
        shape = _shape(solved, at + np.array([0, HEATS]), slopes, mean, points)
    return shape


def _likelihood(worse: Floats) -> Floats:
    """Return the weights of models; their sum is 1."""
    weight = np.exp(-0.5 * (worse - worse.min()))
    return np.asarray(weight / weight.sum(), np.float64)


def _some(weight: Floats, values: Floats) -> Floats:
    """Weigh values of the models that are not far less likely than the best."""
    fine = weight > LEAST_LIKELY
    return np.asarray(np.where(fine, weight * values, 0.0) / weight[fine].sum(), np.float64)


def _shape(
    solved: _Equations, parts: Int64s, slopes: Floats, mean: Floats, points: Floats
) -> _Shape:
    found = np.concatenate((solved.base - solved.lever[:, parts] @ slopes, slopes))
    whole = np.concatenate((solved.base - solved.lever @ mean, mean))
    return _Shape(np.asarray(parts, np.int64), found, whole, points)


def _learn_scatter(days: _Days) -> None:
    """Learn how the scatter grows with use, and which days lie far from the model."""
    rest, energy = days.spans.energy_kwh - days.expected, days.spans.energy_kwh
    log = np.log(days.level)
    each = days.trust * rest * rest / days.spans.days
    scale = np.exp(-POWERS[:, None] * log) @ each / energy.size
    unlikely = energy.size * np.log(np.maximum(scale, 1e-12)) + POWERS * log.sum()
    power = float(POWERS[int(np.argmin(unlikely))])
    days.weigh(power)
    days.trust = (FREEDOM + 1.0) / (FREEDOM + _distance(days) ** 2)
    days.weigh(power)


def _distance(days: _Days) -> Floats:
    """Return how far each day lies from the model, in robust standard deviations."""
    rest = (days.spans.energy_kwh - days.expected) / np.sqrt(days.variance)
    sigma = 1.4826 * float(np.median(np.abs(rest - np.median(rest))))
    return np.asarray(rest / max(sigma, 1e-9), np.float64)


def fit(spans: Spans, weather: Temperatures | None, hours: DayHours | None = None) -> Model:
    """Fit the model; without weather its mean use of workdays and days off.

    hours : of the same spans, where they are known
    """
    if weather is not None:
        known = weather.known(spans.start_us, spans.end_us)
        spans = spans.part(known)
        hours = None if hours is None else hours.part(known)
    off = bool(0 < spans.off.sum() < spans.off.size and spans.days.max() < 2.0)
    plain = columns_of(spans, None, None, None, off)
    degrees, shows = np.zeros((spans.days.size, 0)), np.zeros(0, np.bool_)
    if weather is not None:
        degrees = climate_of(weather).days(weather, spans.start_us, spans.end_us)
        shows = np.asarray((degrees > 0.0).sum(axis=0) >= LEAST_DEGREE_DAYS, np.bool_)
    mean = float(spans.energy_kwh.sum() / spans.days.sum())
    days = _Days(
        spans, plain.shape[1], np.column_stack((plain, degrees)), mean * spans.days,
        np.ones(spans.days.size), shows, np.ones(spans.days.size), np.ones(spans.days.size),
    )  # fmt: skip
    days.weigh(FIRST_POWER)
    evidence: Evidence | None = None
    witness: Witness | None = None
    for turn in range(TURNS):
        solved = _equations(days)
        shape = _best(days, solved, None)
        if turn == ASK_HOURS and weather is not None and hours is not None:
            witness = _ask(days, hours, weather, shape)
            if witness is not None:
                weather = weather.answered(witness.lag_h, witness.inertia_h)
                days.columns[:, days.fixed :] = climate_of(weather).days(
                    weather, spans.start_us, spans.end_us
                )
                solved = _equations(days)
                shape = _best(days, solved, None)
        if witness is not None:
            evidence = witness.evidence(
                days.weight, spans.off, shape.parts, shape.found[days.fixed :],
                _variance(days, shape),
            )  # fmt: skip
            shape = _best(days, _with(solved, evidence), evidence)
        days.expected = days.columns @ shape.mean
        _learn_scatter(days)
    return _described(days, weather, off, shape, evidence)


def _variance(days: _Days, shape: _Shape) -> float:
    """Return the variance of a weighted square of the best model."""
    rest = days.spans.energy_kwh - _terms(days, shape) @ shape.found
    free = max(rest.size - shape.found.size, 1)
    return float(np.sum(days.weight * rest * rest)) / free


def _terms(days: _Days, shape: _Shape) -> Floats:
    """Return the columns of the best model."""
    fixed = np.arange(days.fixed)
    return days.columns[:, np.concatenate((fixed, days.fixed + shape.parts))]


def _ask(days: _Days, hours: DayHours, weather: Temperatures, shape: _Shape) -> Witness | None:
    """Ask the hours, if the days show a part of weather."""
    if not shape.parts.size:
        return None
    columns = _terms(days, shape)
    gram = (columns * days.weight[:, None]).T @ columns
    variance = np.diag(np.linalg.pinv(gram)) * _variance(days, shape)
    error = np.asarray(np.sqrt(np.maximum(variance, 0.0))[days.fixed :], np.float64)
    slope = Slopes(shape.parts, shape.found[days.fixed :], error)
    return ask(hours, weather, days.weight, days.spans.off, slope)


def _described(
    days: _Days,
    weather: Temperatures | None,
    off: bool,
    shape: _Shape,
    evidence: Evidence | None,
) -> Model:
    """Fit at the mean balance points, and say how well the model explains the use.

    The robust weights leave rare high days out, which belong to the sum of a year: the model is
    scaled so that its sum is that of the days, without anomalies.
    """
    parts, points = shape.parts, shape.points
    heat = next((float(p) for p, c in zip(points, parts, strict=True) if c < HEATS), None)
    cool = next((float(p) for p, c in zip(points, parts, strict=True) if c >= HEATS), None)
    spans = days.spans
    columns = columns_of(spans, weather, heat, cool, off)
    left = (columns * days.weight[:, None]).T @ columns
    right = (columns * days.weight[:, None]).T @ spans.energy_kwh
    if evidence is not None:
        gram, moment = evidence.at(points, parts)
        left[days.fixed :, days.fixed :] += gram
        right[days.fixed :] += moment
    found = np.linalg.lstsq(left, right, rcond=None)[0]
    fine = np.abs(_distance(days)) <= OUTLIER_SIGMA
    predicted = float((columns[fine] @ found).sum())
    if predicted > 0.0:
        found = found * (float(spans.energy_kwh[fine].sum()) / predicted)
    n, k = int(fine.sum()), columns.shape[1]
    free = max(n - k - points.size, 1)
    rest = (spans.energy_kwh - columns @ found)[fine]
    part = spans.part(fine)
    squares = float(np.sum(rest * rest))
    weight = days.weight[fine]
    scale = float(np.sum(rest * rest * weight)) / free
    mean = float(part.energy_kwh.sum() / part.days.sum())
    total = float(np.sum((part.energy_kwh - mean * part.days) ** 2))
    per_day = float(np.sqrt(squares / free / np.mean(part.days)))
    even = rest * np.sqrt(weight)
    lag = float(np.corrcoef(even[:-1], even[1:])[0, 1]) if n > 3 and scale > 0.0 else 0.0
    slopes = list(found[days.fixed :])
    heating = float(slopes.pop(0)) if heat is not None else 0.0
    cooling = float(slopes.pop(0)) if cool is not None else 0.0
    names = [name for name, at in (("heating", heat), ("cooling", cool)) if at is not None]
    return Model(
        name="_".join(names) or ("base" if weather is not None else "without_weather"),
        base=float(found[0]),
        off=float(found[1]) if off else 0.0,
        heating=heating,
        heating_c=heat,
        cooling=cooling,
        cooling_c=cool,
        r2=1.0 - squares / total if total > 0.0 else 0.0,
        cv_rmse=per_day / mean if mean > 0.0 else float("nan"),
        sigma=per_day,
        covariance=np.linalg.pinv(left) * scale,
        lag=float(np.clip(lag, 0.0, 0.9)) if np.isfinite(lag) else 0.0,
        n=n,
        lag_h=weather.lag_h if weather is not None else 0,
        inertia_h=weather.inertia_h if weather is not None else 0.0,
        by_hours=evidence is not None,
    )
