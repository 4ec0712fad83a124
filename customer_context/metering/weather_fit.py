"""Fit the model of use and weather: which parts it has, at which balance points, how surely.

The least squares are weighted: the scatter of a day grows with its expected use, and days far from
the model count less. The balance points are the mean over all pairs of a grid, weighted by their
likelihood. Hours are a second witness where they agree with the days (`hours_evidence`).
"""

import numpy as np

from customer_context.metering.climate import climate_of
from customer_context.metering.hours_evidence import DayHours, Slopes, ask
from customer_context.metering.weather_model import (
    HOUR_US,
    Floats,
    Model,
    Spans,
    Temperatures,
    columns_of,
)
from feature_kernels import baseline
from feature_kernels.baseline.grid import GRID_C, HEATS
from feature_kernels.baseline.models import Shape

LEAST_DAYS = 60  # fewer say nothing about weather; CalTRACK asks for 365
LEAST_SPREAD_K = 4.0  # between cold and mild days (10 % and 90 %), so that weather shows
OUTLIER_SIGMA = 5.0  # an anomaly, not weather
LEAST_DEGREE_DAYS = 20  # days on which a part must show
FIRST_POWER = 2.0  # of the mean use, the scatter before anything is known
LEAST_LEVEL_KWH = 1e-9
TURNS = 6  # of fit, scatter and weights; they settle in three or four
ASK_HOURS = 2  # the turn from which hours are asked


def _days(spans: Spans, weather: Temperatures | None, off: bool) -> baseline.Days:
    """Prepare the days: each as surely known as the other, apart from its length."""
    n, length = spans.days.size, spans.days
    fixed = np.ascontiguousarray(columns_of(spans, None, None, None, off))
    if weather is None:
        degrees, heats, cools = np.zeros((n, GRID_C.size)), np.full(n, HEATS), np.full(n, HEATS)
    else:
        degrees, heats, cools = climate_of(weather).days(weather, spans.start_us, spans.end_us)
    every = np.arange(GRID_C.size)
    first = np.cumsum(np.bincount(heats, minlength=GRID_C.size))[every]
    last = np.cumsum(np.bincount(cools, minlength=GRID_C.size))[every]
    shows = np.where(every < HEATS, first, n - last) >= LEAST_DEGREE_DAYS
    mean = float(spans.energy_kwh.sum() / length.sum())
    variance = max(mean, LEAST_LEVEL_KWH) ** FIRST_POWER * length
    return baseline.Days(
        length, np.ascontiguousarray(spans.energy_kwh), fixed, degrees, heats, cools, shows,
        mean * length, np.ones(n), variance, 1.0 / variance,
    )  # fmt: skip


def fit(spans: Spans, weather: Temperatures | None, hours: DayHours | None = None) -> Model:
    """Fit the model; without weather its mean use of workdays and days off.

    hours : of the same spans, where they are known
    """
    if weather is not None:
        known = weather.known(spans.start_us, spans.end_us)
        if not known.all():
            spans = spans.part(known)
            hours = None if hours is None else hours.part(known)
    off = bool(0 < spans.off.sum() < spans.off.size and spans.days.max() < 2.0)
    days, witness = _days(spans, weather, off), baseline.no_witness()
    terms = days.fixed.shape[1]
    shape = baseline.no_shape(terms)
    room = baseline.no_equations(), baseline.no_equations(), baseline.no_fixed(terms), shape
    *_, errors = baseline.take_turns(ASK_HOURS, True, days, witness, *room)
    if weather is not None and hours is not None:
        found = _ask(days, hours, weather, spans.off, shape, errors)
        if found is not None:
            weather, witness = found
            degrees = climate_of(weather).days(weather, spans.start_us, spans.end_us)
            days = days._replace(degrees=degrees[0], heats=degrees[1], cools=degrees[2])
    used, ratio, _ = baseline.take_turns(TURNS - ASK_HOURS, False, days, witness, *room)
    evidence = None
    if witness.rows.size:
        evidence = baseline.equations_at(
            witness.packed, witness.day, witness.hours, used, shape, ratio
        )
    return _described(spans, days, weather, off, shape, evidence)


def warm_up() -> None:
    """Load what a fit needs, by fitting a house that answers the weather at once."""
    t_us = HOUR_US * np.arange(24 * 120)
    celsius = 12.0 + 8.0 * np.sin(t_us / HOUR_US / 400.0) + 5.0 * np.sin(t_us / HOUR_US / 3.8)
    kwh = (0.3 + 0.1 * np.maximum(15.0 - celsius, 0.0)).reshape(-1, 24)
    start = t_us[::24]
    off = (np.arange(start.size) % 7 >= 5).astype(np.float64)
    spans = Spans(start, start + 24 * HOUR_US, kwh.sum(axis=1), off)
    fit(spans, Temperatures(t_us, celsius), DayHours(start, np.arange(start.size), kwh))


def _ask(
    days: baseline.Days, hours: DayHours, weather: Temperatures, off: Floats, shape: Shape,
    errors: Floats,
) -> tuple[Temperatures, baseline.Witness] | None:  # fmt: skip
    """Ask the hours, if the days show a part of weather."""
    count = int(shape.count[0])
    if not count:
        return None
    slopes = Slopes(shape.parts[:count].copy(), shape.slopes[:count].copy(), errors[:count])
    return ask(hours, weather, days.weight, off, slopes)


def _described(
    spans: Spans,
    days: baseline.Days,
    weather: Temperatures | None,
    off: bool,
    shape: Shape,
    evidence: tuple[Floats, Floats] | None,
) -> Model:
    """Fit at the mean balance points, and say how well the model explains the use.

    The robust weights leave rare high days out, which belong to the sum of a year: the model is
    scaled so that its sum is that of the days, without anomalies.

    evidence : of the hours, equations at the balance points
    """
    count, terms, by_hours = int(shape.count[0]), days.fixed.shape[1], evidence is not None
    parts, points = shape.parts[:count], shape.points[:count]
    heat = next((float(p) for p, c in zip(points, parts, strict=True) if c < HEATS), None)
    cool = next((float(p) for p, c in zip(points, parts, strict=True) if c >= HEATS), None)
    columns = np.ascontiguousarray(columns_of(spans, weather, heat, cool, off))
    if evidence is None:
        evidence = np.zeros((count, count)), np.zeros(count)
    solved = baseline.inverse_of(columns, days.weight, days.energy, terms, evidence)
    if solved is None:
        solved = _pseudo_inverse(columns, days, evidence)
    inverse, found = solved[0], solved[0] @ solved[1]
    far = baseline.robust_distances(days.energy - days.expected, days.variance)
    good = baseline.goodness(
        columns, found, days.weight, days.length, days.energy, far, OUTLIER_SIGMA
    )
    found = good.scale * found
    n = round(good.n)
    free = max(n - columns.shape[1] - points.size, 1)
    per_day = float(np.sqrt(good.squares / free / (good.days / n)))
    mean = good.kwh / good.days
    known = n > 3 and good.weighted > 0.0 and np.isfinite(good.lag)
    slopes = list(found[terms:])
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
        r2=1.0 - good.squares / good.total if good.total > 0.0 else 0.0,
        cv_rmse=per_day / mean if mean > 0.0 else float("nan"),
        sigma=per_day,
        covariance=inverse * (good.weighted / free),
        lag=min(max(good.lag, 0.0), 0.9) if known else 0.0,
        n=n,
        lag_h=weather.lag_h if weather is not None else 0,
        inertia_h=weather.inertia_h if weather is not None else 0.0,
        by_hours=by_hours,
    )


def _pseudo_inverse(
    columns: Floats, days: baseline.Days, hours: tuple[Floats, Floats]
) -> tuple[Floats, Floats]:
    """Return the pseudo-inverse of the normal equations, where two columns are the same."""
    weighed, terms = (columns * days.weight[:, None]).T, days.fixed.shape[1]
    left, right = weighed @ columns, weighed @ days.energy
    left[terms:, terms:] += hours[0]
    right[terms:] += hours[1]
    return np.asarray(np.linalg.pinv(left), np.float64), np.asarray(right, np.float64)
