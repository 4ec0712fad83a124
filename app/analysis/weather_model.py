"""Fit use to outdoor temperature: base, heating and cooling of a meter, and what they predict.

The model is that of CalTRACK 2 for days: use = base + heating · HDD + cooling · CDD, with balance
points that are searched. Degree days are the integral of max(0, balance − T) over hourly
temperatures, not of the day's mean: on days that are both warm and cool the mean hides both.
"""

from dataclasses import dataclass
from itertools import pairwise, product

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Int64s = NDArray[np.int64]

HOUR_US = 3_600_000_000
DAYS_PER_US = 1.0 / 86_400_000_000
LONGEST_LINE_H = 6  # a hole of temperatures up to this is a straight line (CalTRACK 2)
LEAST_DAYS = 60  # fewer say nothing about weather; CalTRACK asks for 365
LEAST_SPREAD_K = 4.0  # between cold and mild days (10 % and 90 %), so that weather shows
OUTLIER_SIGMA = 5.0  # an anomaly, not weather
# Balance points in °C, from those of CalTRACK (30 to 90 °F) what is usual in homes.
HEATING_C = np.arange(6.0, 23.1, 0.5)
COOLING_C = np.arange(12.0, 28.1, 0.5)
LEAST_DEGREE_DAYS = 20  # days on which a part must show
POWERS = (0.0, 1.0, 2.0)  # of the expected use: how the scatter of a day may grow with it
LEAST_SHARE = 0.1  # of the mean use: the least that a day's scatter is computed from
BIC_PER_PART = 2.0  # parameters that a part of the model adds: its slope and its balance point


@dataclass(frozen=True, slots=True)
class Temperatures:
    """Hourly outdoor temperature without holes.

    t_us : int64[n], start of each hour; celsius : float64[n], NaN where a hole is too long
    """

    t_us: Int64s
    celsius: Floats

    def degree_days(self, balance_c: float, sign: float, edges_us: Int64s) -> Floats:
        """Integrate max(0, sign · (T − balance)) from the first hour to each edge, K·d.

        NaN where the edge lies outside, or behind a hole: differences over it are unknown.
        """
        above = np.maximum(sign * (self.celsius - balance_c), 0.0) / 24.0
        total = np.concatenate(([0.0], np.cumsum(np.nan_to_num(above))))
        at = np.append(self.t_us, self.t_us[-1] + HOUR_US)
        found = np.interp(edges_us, at, total, np.nan, np.nan)
        return np.asarray(found, np.float64)

    def known(self, start_us: Int64s, end_us: Int64s) -> NDArray[np.bool_]:
        """Tell for which spans every hour's temperature is known."""
        holes = np.concatenate(([0], np.cumsum(np.isnan(self.celsius))))
        first = (start_us - self.t_us[0]) // HOUR_US
        last = -((self.t_us[0] - end_us) // HOUR_US)
        inside = (first >= 0) & (last <= self.t_us.size)
        clipped = np.clip(first, 0, self.t_us.size), np.clip(last, 0, self.t_us.size)
        return np.asarray(inside & (holes[clipped[1]] == holes[clipped[0]]), np.bool_)


def hourly(t_us: Int64s, celsius: Floats) -> Temperatures:
    """Put measured temperatures on whole hours; fill holes of up to six hours.

    Several values of an hour are averaged.
    """
    fine = np.isfinite(celsius)
    hour = t_us[fine] // HOUR_US
    first, last = int(hour.min()), int(hour.max())
    count = np.bincount(hour - first, minlength=last - first + 1)
    total = np.bincount(hour - first, celsius[fine], last - first + 1)
    known = np.flatnonzero(count)
    mean = np.interp(np.arange(count.size), known, total[known] / count[known])
    for before, after in pairwise(known):
        if after - before - 1 > LONGEST_LINE_H:
            mean[before + 1 : after] = np.nan
    return Temperatures((first + np.arange(count.size)) * HOUR_US, mean)


@dataclass(frozen=True, slots=True)
class Spans:
    """Measured use of days (or of longer intervals).

    start_us, end_us : int64[n]; energy_kwh : float64[n]; off : float64[n], 1 = weekend or holiday
    """

    start_us: Int64s
    end_us: Int64s
    energy_kwh: Floats
    off: Floats

    @property
    def days(self) -> Floats:
        """Lengths, d."""
        return np.asarray((self.end_us - self.start_us) * DAYS_PER_US, np.float64)

    def part(self, keep: NDArray[np.bool_]) -> "Spans":
        """Return some of them."""
        return Spans(self.start_us[keep], self.end_us[keep], self.energy_kwh[keep], self.off[keep])


@dataclass(frozen=True, slots=True)
class Model:
    """A fitted model: kWh/day = base + off · weekend + heating · HDD + cooling · CDD.

    balance points are None where the part is not in the model.
    """

    name: str
    base: float
    off: float
    heating: float
    heating_c: float | None
    cooling: float
    cooling_c: float | None
    r2: float
    cv_rmse: float
    sigma: float  # of a day, kWh
    covariance: Floats
    lag: float  # autocorrelation of neighbouring days' residuals
    n: int


def _columns(
    spans: Spans, weather: Temperatures | None, heat: float | None, cool: float | None, off: bool
) -> Floats:
    """Make the terms of the model for each span, in days and degree days."""
    columns = [spans.days]
    if off:
        columns.append(spans.off * spans.days)
    for balance, sign in ((heat, -1.0), (cool, 1.0)):
        if balance is None:
            continue
        assert weather is not None
        end = weather.degree_days(balance, sign, spans.end_us)
        columns.append(end - weather.degree_days(balance, sign, spans.start_us))
    return np.column_stack(columns)


def _solve(columns: Floats, energy: Floats, days: Floats, power: float) -> tuple[Floats, Floats]:
    """Least squares, weighted by the variance of each span; return coefficients and variances.

    power : the variance of a day grows with this power of its expected use
    """
    floor = LEAST_SHARE * float(np.mean(energy / days))
    per_day: Floats = np.ones(energy.size)
    found: Floats = np.zeros(columns.shape[1])
    for _ in range(3 if power else 1):
        root = 1.0 / np.sqrt(per_day * days)
        found = np.asarray(
            np.linalg.lstsq(columns * root[:, None], energy * root, rcond=None)[0], np.float64
        )
        per_day = np.asarray(np.maximum(columns @ found / days, max(floor, 1e-9)) ** power)
    return np.asarray(found, np.float64), per_day * days


def _unlikeliness(rest: Floats, variance: Floats) -> float:
    """Return -2 log likelihood of residuals, apart from a constant."""
    scale = max(float(np.mean(rest * rest / variance)), 1e-12)
    return float(rest.size * np.log(scale) + np.log(variance).sum())


Pair = tuple[float | None, float | None]


def _search(spans: Spans, weather: Temperatures, off: bool) -> tuple[Pair, float]:
    """Search the balance points, and the power of the variance.

    The parts of the model are those of the least Bayesian information criterion. Neighbouring
    balance points explain noisy use nearly as well, and their best pair errs far to one side, with
    the base load; so the mean over all pairs is taken, weighted by their likelihood.
    """
    fixed = 2 if off else 1
    days, energy = spans.days, spans.energy_kwh
    plain = _columns(spans, None, None, None, off)
    degree = {
        (sign, at): (
            weather.degree_days(at, sign, spans.end_us)
            - weather.degree_days(at, sign, spans.start_us)
        )
        for sign, grid in ((-1.0, HEATING_C), (1.0, COOLING_C))
        for at in grid
    }

    def score(heat: float | None, cool: float | None, power: float) -> float:
        added = [degree[sign, at] for sign, at in ((-1.0, heat), (1.0, cool)) if at is not None]
        if any(np.count_nonzero(part > 0.0) < LEAST_DEGREE_DAYS for part in added):
            return np.inf
        columns = np.column_stack([plain, *added])
        found, variance = _solve(columns, energy, days, power)
        if (found[fixed:] <= 0.0).any() or found[0] < 0.0:
            return np.inf
        worse = _unlikeliness(energy - columns @ found, variance)
        return worse + BIC_PER_PART * len(added) * float(np.log(days.size))

    def all_scores(pairs: list[Pair], power: float) -> Floats:
        return np.array([score(heat, cool, power) for heat, cool in pairs])

    shapes: list[list[Pair]] = [
        [(None, None)],
        [(float(heat), None) for heat in HEATING_C],
        [(None, float(cool)) for cool in COOLING_C],
        [(float(h), float(c)) for h, c in product(HEATING_C, COOLING_C) if h <= c],
    ]
    coarse = [[pair for pair in pairs if all(at is None or at % 2.0 == 0.0 for at in pair)]
              for pairs in shapes]  # fmt: skip
    best = min(
        ((float(all_scores(pairs, power).min()), at, power)
         for at, pairs in enumerate(coarse) if pairs for power in POWERS),
    )  # fmt: skip
    _, shape, power = best
    pairs = shapes[shape]
    scores = all_scores(pairs, power)
    weight = np.exp(-0.5 * (scores - scores.min()))
    weight /= weight.sum()
    means: list[float | None] = []
    for side in (0, 1):
        values = [pair[side] for pair in pairs]
        known = [float(w * v) for w, v in zip(weight, values, strict=True) if v is not None]
        means.append(float(np.sum(known)) if known else None)
    return (means[0], means[1]), power


def fit(spans: Spans, weather: Temperatures | None) -> Model:
    """Fit the model; without weather its mean use of workdays and days off.

    Spans far from the model are anomalies: they are left out and the model is fitted again.
    """
    if weather is not None:
        spans = spans.part(weather.known(spans.start_us, spans.end_us))
    off = bool(0 < spans.off.sum() < spans.off.size and spans.days.max() < 2.0)
    kept, power = spans, 0.0
    pair: Pair = (None, None)
    for _ in range(2):
        if weather is not None:
            pair, power = _search(kept, weather, off)
        columns = _columns(kept, weather, *pair, off)
        found, _ = _solve(columns, kept.energy_kwh, kept.days, power)
        every = _columns(spans, weather, *pair, off)
        expected = every @ found
        floor = LEAST_SHARE * float(np.mean(kept.energy_kwh / kept.days))
        deviation = np.sqrt(
            np.maximum(expected / spans.days, max(floor, 1e-9)) ** power * spans.days
        )
        rest = (spans.energy_kwh - expected) / deviation
        sigma = 1.4826 * float(np.median(np.abs(rest - np.median(rest))))
        fine = np.abs(rest) <= OUTLIER_SIGMA * max(sigma, 1e-9)
        if fine.all() or fine.sum() < max(LEAST_DAYS, 0.9 * fine.size):
            break
        kept = spans.part(fine)
    return _described(kept, weather, pair, power, off)


def _described(
    spans: Spans, weather: Temperatures | None, pair: Pair, power: float, off: bool
) -> Model:
    heat, cool = pair
    columns = _columns(spans, weather, heat, cool, off)
    found, variance = _solve(columns, spans.energy_kwh, spans.days, power)
    n, k = columns.shape
    free = max(n - k - sum(part is not None for part in pair), 1)
    rest = spans.energy_kwh - columns @ found
    squares = float(np.sum(rest * rest))
    scale = float(np.sum(rest * rest / variance)) / free
    mean = float(spans.energy_kwh.sum() / spans.days.sum())
    total = float(np.sum((spans.energy_kwh - mean * spans.days) ** 2))
    per_day = float(np.sqrt(squares / free / np.mean(spans.days)))
    even = rest / np.sqrt(variance)
    lag = float(np.corrcoef(even[:-1], even[1:])[0, 1]) if n > 3 and scale > 0.0 else 0.0
    slopes = list(found[2 if off else 1 :])
    heating = float(slopes.pop(0)) if heat is not None else 0.0
    cooling = float(slopes.pop(0)) if cool is not None else 0.0
    parts = [name for name, at in (("heating", heat), ("cooling", cool)) if at is not None]
    return Model(
        name="_".join(parts) or ("base" if weather is not None else "without_weather"),
        base=float(found[0]),
        off=float(found[1]) if off else 0.0,
        heating=heating,
        heating_c=heat,
        cooling=cooling,
        cooling_c=cool,
        r2=1.0 - squares / total if total > 0.0 else 0.0,
        cv_rmse=per_day / mean if mean > 0.0 else float("nan"),
        sigma=per_day,
        covariance=np.linalg.pinv((columns / variance[:, None]).T @ columns) * scale,
        lag=float(np.clip(lag, 0.0, 0.9)) if np.isfinite(lag) else 0.0,
        n=n,
    )


def loads(
    model: Model, spans: Spans, weather: Temperatures | None
) -> tuple[Floats, Floats, Floats]:
    """Return base, heating and cooling of each span, kWh; NaN where no temperature is known."""
    parts = [spans.days * (model.base + model.off * spans.off)]
    for slope, balance, sign in (
        (model.heating, model.heating_c, -1.0),
        (model.cooling, model.cooling_c, 1.0),
    ):
        if balance is None or weather is None:
            parts.append(np.zeros(spans.days.size))
            continue
        degrees = weather.degree_days(balance, sign, spans.end_us)
        degrees = degrees - weather.degree_days(balance, sign, spans.start_us)
        parts.append(np.where(weather.known(spans.start_us, spans.end_us), slope * degrees, np.nan))
    return parts[0], parts[1], parts[2]


def error_of_sum(model: Model, spans: Spans, weather: Temperatures | None) -> float:
    """Return the standard error of the predicted sum of spans against what is measured, kWh.

    It has the scatter of days, wider by their autocorrelation, and the doubt about coefficients.
    """
    columns = _columns(
        spans, weather, model.heating_c, model.cooling_c, model.covariance.shape[0] > 1
        + (model.heating_c is not None) + (model.cooling_c is not None),
    )  # fmt: skip
    total = columns.sum(axis=0)
    wider = (1.0 + model.lag) / (1.0 - model.lag)
    scatter = model.sigma**2 * float(spans.days.sum()) * wider
    return float(np.sqrt(scatter + wider * (total @ model.covariance @ total)))
