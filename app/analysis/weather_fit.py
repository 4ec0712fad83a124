"""Fit the model of use and weather: which parts it has, at which balance points, how surely.

The least squares are weighted: the scatter of a day grows with its expected use, and days far from
the model count less. The balance points are the mean over all pairs of a grid, weighted by their
likelihood. Hours are a second witness where they agree with the days (`hours_evidence`).
"""

from dataclasses import dataclass

import numpy as np

from app.analysis.hours_evidence import DayHours, Evidence, Slopes, Witness, ask
from app.analysis.weather_model import Floats, Int64s, Model, Spans, Temperatures, columns_of

LEAST_DAYS = 60  # fewer say nothing about weather; CalTRACK asks for 365
LEAST_SPREAD_K = 4.0  # between cold and mild days (10 % and 90 %), so that weather shows
OUTLIER_SIGMA = 5.0  # an anomaly, not weather
FREEDOM = 6.0  # of Student's t: how much less a day far from the model counts
# Balance points in °C, from those of CalTRACK (30 to 90 °F) what is usual in homes.
HEATING_C = np.arange(6.0, 23.1, 0.5)
COOLING_C = np.arange(12.0, 28.1, 0.5)
GRID_C = np.concatenate((HEATING_C, COOLING_C))
HEATS = HEATING_C.size
# Where nothing else is known: 60 and 69 °F, the usual balance points of fits of homes, ± 3 K.
USUAL_C = np.where(np.arange(GRID_C.size) < HEATS, 15.5, 20.5)
USUAL_SPREAD_K = 3.0
LEAST_DEGREE_DAYS = 20  # days on which a part must show
POWERS = np.arange(0.0, 2.6, 0.25)  # of the expected use: how the scatter of a day grows with it
LEAST_SHARE = 0.1  # of the mean use: the least that a day's scatter is computed from
BIC_PER_PART = 2.0  # parameters that a part of the model adds: its slope and its balance point
TURNS = 6  # of fit, scatter and weights; they settle in three or four
ASK_HOURS = 2  # the turn from which hours are asked


@dataclass(slots=True)
class _Days:
    """The days of a fit, and what is known about their scatter.

    columns : float64[n, fixed + GRID_C.size], terms of the model at every balance point
    expected : float64[n], kWh; trust : float64[n], less than 1 far from the model
    """

    spans: Spans
    fixed: int
    columns: Floats
    expected: Floats
    trust: Floats
    power: float = 2.0

    @property
    def variance(self) -> Floats:
        """Variances of the days apart from a constant."""
        days = self.spans.days
        floor = max(LEAST_SHARE * float(self.spans.energy_kwh.sum() / days.sum()), 1e-9)
        grown = np.maximum(self.expected / days, floor) ** self.power
        return np.asarray(grown * days, np.float64)

    @property
    def weight(self) -> Floats:
        """Weights of the squares."""
        return np.asarray(self.trust / self.variance, np.float64)


@dataclass(frozen=True, slots=True)
class _Shape:
    """Models with the same parts: columns int64[pairs, terms], coefficients, criterion."""

    columns: Int64s
    found: Floats
    worse: Floats


def _degrees(weather: Temperatures, spans: Spans) -> Floats:
    """Return the degree days of each span at each balance point: float64[n, GRID_C.size]."""
    parts = [
        weather.degree_days(float(at), -1.0 if i < HEATS else 1.0, spans.end_us)
        - weather.degree_days(float(at), -1.0 if i < HEATS else 1.0, spans.start_us)
        for i, at in enumerate(GRID_C)
    ]
    return np.column_stack(parts)


def _shapes(degrees: Floats) -> list[Int64s]:
    """Return the columns of degrees of every model: none, heating, cooling, both."""
    shows = np.flatnonzero((degrees > 0.0).sum(axis=0) >= LEAST_DEGREE_DAYS)
    heat, cool = shows[shows < HEATS], shows[shows >= HEATS]
    both = np.stack(np.meshgrid(heat, cool, indexing="ij"), axis=-1).reshape(-1, 2)
    both = both[GRID_C[both[:, 0]] <= GRID_C[both[:, 1]]]
    every = [np.zeros((1, 0), np.int64), heat[:, None], cool[:, None], both]
    return [np.asarray(columns, np.int64) for columns in every if columns.shape[0]]


def _solve(
    gram: Floats, moment: Floats, squares: float, fixed: int, shape: Int64s
) -> tuple[Int64s, Floats, Floats]:
    """Solve the normal equations of all models of a shape at once."""
    first = np.broadcast_to(np.arange(fixed), (shape.shape[0], fixed))
    columns = np.concatenate((first, shape + fixed), axis=1)
    left = gram[columns[:, :, None], columns[:, None, :]]
    scale = np.trace(left, axis1=1, axis2=2)[:, None, None]
    left = left + 1e-11 * scale * np.eye(columns.shape[1])
    right = moment[columns]
    found = np.linalg.solve(left, right[:, :, None])[:, :, 0]
    rest = np.maximum(squares - np.sum(found * right, axis=1), 1e-12)
    return columns, np.asarray(found, np.float64), np.asarray(rest, np.float64)


def _best(days: _Days, shapes: list[Int64s], evidence: Evidence | None) -> _Shape:
    """Solve every model; return the shape with the best one by the Bayesian criterion.

    A part that would be negative is none, nor is a base below zero.
    """
    n, fixed = days.spans.days.size, days.fixed
    root = np.sqrt(days.weight)
    columns, energy = days.columns * root[:, None], days.spans.energy_kwh * root
    gram, moment, squares = columns.T @ columns, columns.T @ energy, float(energy @ energy)
    if evidence is not None:
        gram[fixed:, fixed:] += evidence.gram
        moment[fixed:] += evidence.moment
        squares += evidence.squares
    best: _Shape | None = None
    for shape in shapes:
        at, found, rest = _solve(gram, moment, squares, fixed, shape)
        worse = n * np.log(rest / n) if evidence is None else rest / evidence.variance
        worse = worse + BIC_PER_PART * shape.shape[1] * np.log(n)
        worse = worse + (((GRID_C - USUAL_C) / USUAL_SPREAD_K) ** 2)[shape].sum(axis=1)
        wrong = (found[:, 0] < 0.0) | (found[:, fixed:] <= 0.0).any(axis=1)
        worse = np.where(wrong, np.inf, worse)
        if best is None or worse.min() < best.worse.min():
            best = _Shape(at, found, worse)
    assert best is not None
    return best


def _mean(days: _Days, shape: _Shape) -> tuple[Floats, Floats]:
    """Return the expected use and the balance points, averaged over the models by likelihood."""
    weight = np.exp(-0.5 * (shape.worse - shape.worse.min()))
    weight /= weight.sum()
    some = np.flatnonzero(weight > 1e-5)
    expected = np.zeros(days.spans.days.size)
    for at in some.tolist():
        expected += weight[at] * (days.columns[:, shape.columns[at]] @ shape.found[at])
    points = weight @ GRID_C[shape.columns[:, days.fixed :] - days.fixed]
    return expected / weight[some].sum(), np.asarray(points, np.float64)


def _learn_scatter(days: _Days) -> None:
    """Learn how the scatter grows with use, and which days lie far from the model."""
    rest, energy = days.spans.energy_kwh - days.expected, days.spans.energy_kwh

    def unlikely(power: float) -> float:
        days.power = power
        variance = days.variance
        scale = max(float(np.mean(days.trust * rest * rest / variance)), 1e-12)
        return float(energy.size * np.log(scale) + np.log(variance).sum())

    days.power = float(min(POWERS.tolist(), key=unlikely))
    days.trust = (FREEDOM + 1.0) / (FREEDOM + _distance(days) ** 2)


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
    degrees = np.zeros((spans.days.size, 0))
    if weather is not None:
        degrees = _degrees(weather, spans)
    shapes = _shapes(degrees) if degrees.size else [np.zeros((1, 0), np.int64)]
    mean = float(spans.energy_kwh.sum() / spans.days.sum())
    days = _Days(
        spans, plain.shape[1], np.column_stack((plain, degrees)), mean * spans.days,
        np.ones(spans.days.size),
    )  # fmt: skip
    evidence: Evidence | None = None
    witness: Witness | None = None
    points: Floats = np.zeros(0)
    for turn in range(TURNS):
        shape = _best(days, shapes, None)
        if turn == ASK_HOURS and weather is not None and hours is not None:
            witness = _ask(days, hours, weather, shape)
            if witness is not None:
                weather = weather.answered(witness.lag_h, witness.inertia_h)
                days.columns[:, days.fixed :] = _degrees(weather, spans)
                shape = _best(days, shapes, None)
        if witness is not None:
            parts, found, own = _of_best(days, shape)
            evidence = witness.evidence(days.weight, spans.off, parts, found, own)
            shape = _best(days, shapes, evidence)
        days.expected, points = _mean(days, shape)
        _learn_scatter(days)
    return _described(days, weather, points, off, shape, evidence)


def _of_best(days: _Days, shape: _Shape) -> tuple[Int64s, Floats, float]:
    """Return of the best model its parts of the grid, their slopes, and a square's variance."""
    at = int(np.argmin(shape.worse))
    rest = days.spans.energy_kwh - days.columns[:, shape.columns[at]] @ shape.found[at]
    free = max(rest.size - shape.columns.shape[1], 1)
    variance = float(np.sum(days.weight * rest * rest)) / free
    parts = shape.columns[at, days.fixed :] - days.fixed
    return parts, shape.found[at, days.fixed :], variance


def _ask(days: _Days, hours: DayHours, weather: Temperatures, shape: _Shape) -> Witness | None:
    """Ask the hours, if the days show a part of weather."""
    parts, slopes, variance = _of_best(days, shape)
    if not parts.size:
        return None
    columns = days.columns[:, shape.columns[int(np.argmin(shape.worse))]]
    gram = (columns * days.weight[:, None]).T @ columns
    error = np.sqrt(np.maximum(np.diag(np.linalg.pinv(gram)) * variance, 0.0))[days.fixed :]
    slope = Slopes(GRID_C, HEATS, parts, slopes, np.asarray(error, np.float64))
    return ask(hours, weather, days.weight, days.spans.off, slope)


def _described(
    days: _Days,
    weather: Temperatures | None,
    points: Floats,
    off: bool,
    shape: _Shape,
    evidence: Evidence | None,
) -> Model:
    """Fit at the mean balance points, and say how well the model explains the use.

    The robust weights leave rare high days out, which belong to the sum of a year: the model is
    scaled so that its sum is that of the days, without anomalies.
    """
    parts = shape.columns[0, days.fixed :] - days.fixed
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
