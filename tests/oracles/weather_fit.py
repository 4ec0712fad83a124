"""The fit of use and weather, written down plainly: every model solved by itself.

Imports nothing of the product; takes plain arrays. Source: docs/adr/0052, 0066.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Int64s = NDArray[np.int64]

HOUR_US = 3_600_000_000
DAYS_PER_US = 1.0 / 86_400_000_000
MEMORY_H = 72  # of a house: what it lost longer ago is forgotten


@dataclass(frozen=True, slots=True)
class Temperatures:
    """Hourly outdoor temperature without holes.

    t_us : int64[n], start of each hour; celsius : float64[n], NaN where a hole is too long
    lag_h, inertia_h : how late a house answers, and the time constant over which it spreads that;
    degrees come at the hour of the answer, their sum stays
    """

    t_us: Int64s
    celsius: Floats
    lag_h: int = 0
    inertia_h: float = 0.0

    def answered(self, lag_h: int, inertia_h: float) -> "Temperatures":
        """Return them as a house of that lag and inertia answers them."""
        return replace(self, lag_h=lag_h, inertia_h=inertia_h)

    def degree_hours(self, balance_c: Floats, sign: float) -> Floats:
        """Return the degrees of each hour, K·d: float64[balance points, n]."""
        celsius = np.nan_to_num(sign * self.celsius, nan=-np.inf)
        above = np.maximum(celsius - sign * np.asarray(balance_c)[:, None], 0.0) / 24.0
        if self.inertia_h > 0.0:
            kernel = np.exp(-np.arange(MEMORY_H) / self.inertia_h)
            above = _filtered(above, kernel / kernel.sum())
        if self.lag_h:
            above = np.roll(above, self.lag_h, axis=1)
            edge = slice(0, self.lag_h) if self.lag_h > 0 else slice(self.lag_h, None)
            above[:, edge] = above[:, [self.lag_h if self.lag_h > 0 else self.lag_h - 1]]
        return np.asarray(above, np.float64)

    def degree_days(self, balance_c: float, sign: float, edges_us: Int64s) -> Floats:
        """Integrate max(0, sign · (T − balance)) from the first hour to each edge, K·d.

        NaN where the edge lies outside, or behind a hole: differences over it are unknown.
        """
        above = self.degree_hours(np.array([balance_c]), sign)[0]
        total = np.concatenate(([0.0], np.cumsum(above)))
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


def _filtered(rows: Floats, kernel: Floats) -> Floats:
    """Convolve each row with a kernel of past hours; before the first hour it was as then."""
    padded = np.concatenate((np.repeat(rows[:, :1], kernel.size, axis=1), rows), axis=1)
    size = padded.shape[1] + kernel.size
    both = np.fft.rfft(padded, size, axis=1) * np.fft.rfft(kernel, size)
    return np.asarray(
        np.maximum(np.fft.irfft(both, size, axis=1)[:, kernel.size : padded.shape[1]], 0.0)
    )


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
    lag_h: int = 0  # how late the home answers the weather
    inertia_h: float = 0.0
    by_hours: bool = False  # the hours of the days agree with the days, and were used

    def seen(self, weather: Temperatures | None) -> Temperatures | None:
        """Return temperatures as this home answers them."""
        return None if weather is None else weather.answered(self.lag_h, self.inertia_h)


def columns_of(
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


LAGS_H = (-1, 0, 1, 2, 3, 4)  # by which a home answers; -1: stamps of meter and weather differ
INERTIAS_H = (0.0, 2.0, 4.0, 8.0, 16.0)  # light to heavy houses
HOURS = 24
MOST_APART = 2.0  # standard errors, between slopes by hours and by days ...
APART_SHARE = 0.1  # ... and this share of them
SAME_RHYTHM = 46.0  # chi² of 23 hours' differences; above it by chance in 3 of 1,000 homes
LEAST_HOUR_DAYS = 60


@dataclass(frozen=True, slots=True)
class DayHours:
    """Hourly use of whole days.

    start_us : int64[d]; rows : int64[d], the day's index among all days; kwh : float64[d, 24]
    """

    start_us: Int64s
    rows: Int64s
    kwh: Floats

    def part(self, keep: NDArray[np.bool_]) -> "DayHours":
        """Return the hours of the days that are kept."""
        index = np.cumsum(keep) - 1
        mine = keep[self.rows]
        return DayHours(self.start_us[mine], index[self.rows[mine]], self.kwh[mine])


@dataclass(frozen=True, slots=True)
class Evidence:
    """Normal equations of the hours, on the scale of the days' own.

    gram : float64[g, g] and moment : float64[g] over the grid of balance points
    variance : of a weighted square of both
    """

    gram: Floats
    moment: Floats
    squares: float
    variance: float
    grid_c: Floats

    def at(self, points: Floats, parts: Int64s) -> tuple[Floats, Floats]:
        """Return the equations between the balance points of the grid, by interpolation."""
        pick = np.zeros((points.size, self.grid_c.size))
        for row, (point, part) in enumerate(zip(points.tolist(), parts.tolist(), strict=True)):
            falls = np.flatnonzero(np.diff(self.grid_c) < 0.0)
            first = 0 if part <= falls[0] else int(falls[0]) + 1
            last = int(falls[0]) + 1 if first == 0 else self.grid_c.size
            low = first + min(int((point - self.grid_c[first]) * 2.0), last - first - 2)
            share = (point - self.grid_c[low]) / (self.grid_c[low + 1] - self.grid_c[low])
            pick[row, low], pick[row, low + 1] = 1.0 - share, share
        return pick @ self.gram @ pick.T, pick @ self.moment


@dataclass(frozen=True, slots=True)
class Witness:
    """Hours that agree with the days, and how the home answers the weather.

    use : float64[d, 24], kWh, and degrees : float64[g, d, 24], K·d, less the mean of each day
    """

    rows: Int64s
    use: Floats
    degrees: Floats
    grid_c: Floats
    lag_h: int
    inertia_h: float

    def evidence(
        self, weight: Floats, off: Floats, parts: Int64s, slopes: Floats, variance: float
    ) -> Evidence:
        """Make the equations, weighted by how surely hours and days are known.

        weight, off : float64[n] of all days; parts, slopes : of the best model so far
        variance : of a weighted square of the days
        """
        own = weight[self.rows]
        root = np.sqrt(own)[:, None]
        rows = _without_rhythm(self.degrees, own, off[self.rows]) * root
        rows = rows.reshape(self.grid_c.size, -1)
        use = (_without_rhythm(self.use, own, off[self.rows]) * root).ravel()
        gram, moment = rows @ rows.T, rows @ use
        rest = use - slopes @ rows[parts]
        free = self.use.shape[0] * (HOURS - 1) - 2 * HOURS
        ratio = variance / max(float(rest @ rest) / max(free, 1), 1e-12)
        return Evidence(
            gram * ratio, moment * ratio, float(use @ use) * ratio, variance, self.grid_c
        )


def _centred(hours: Floats) -> Floats:
    return np.asarray(hours - hours.mean(axis=-1, keepdims=True), np.float64)


def _without_rhythm(hours: Floats, weight: Floats, off: Floats) -> Floats:
    """Subtract the mean day of workdays and of days off; hours : float64[..., d, 24]."""
    out = hours.copy()
    for kind in (0.0, 1.0):
        mine = off == kind
        if mine.any():
            share = weight[mine] / weight[mine].sum()
            out[..., mine, :] -= np.einsum("d,...dh->...h", share, hours[..., mine, :])[
                ..., None, :
            ]
    return out


def _hours_of(weather: Temperatures, balance_c: Floats, heats: Floats, start_us: Int64s) -> Floats:
    """Return the degrees of the hours of days: float64[balance points, d, 24]."""
    at = (start_us[:, None] - weather.t_us[0]) // HOUR_US + np.arange(HOURS)
    rows = [
        weather.degree_hours(balance_c[heats == kind], -1.0 if kind else 1.0)
        for kind in (1.0, 0.0)
        if (heats == kind).any()
    ]
    return np.asarray(np.concatenate(rows)[:, np.clip(at, 0, weather.t_us.size - 1)], np.float64)


@dataclass(frozen=True, slots=True)
class Slopes:
    """What the days tell: parts of the grid, their slopes and standard errors, kWh/(K·d).

    grid_c : float64[g], balance points, heats of heating first
    """

    grid_c: Floats
    heats: int
    parts: Int64s
    found: Floats
    error: Floats


def ask(
    hours: DayHours, weather: Temperatures, weight: Floats, off: Floats, days: Slopes
) -> Witness | None:
    """Find how the home answers the weather; None where the hours contradict the days.

    weight, off : float64[n], of all days
    """
    if hours.rows.size < LEAST_HOUR_DAYS:
        return None
    own, kind = weight[hours.rows], off[hours.rows]
    root = np.sqrt(own)[:, None]
    use = _centred(hours.kwh)
    without = _without_rhythm(use, own, kind)
    energy = (without * root).ravel()
    heat = np.asarray(np.arange(days.grid_c.size) < days.heats, np.float64)

    def answer(form: Temperatures) -> tuple[float, Floats, Floats, Floats]:
        degrees = _hours_of(form, days.grid_c[days.parts], heat[days.parts], hours.start_us)
        shown = _without_rhythm(_centred(degrees), own, kind)
        rows = (shown * root).reshape(days.parts.size, -1)
        gram = np.asarray(rows @ rows.T, np.float64)
        found = np.asarray(np.linalg.pinv(gram) @ (rows @ energy), np.float64)
        rest = energy - found @ rows
        return float(rest @ rest), gram, found, without - np.tensordot(found, shown, 1)

    forms = [weather.answered(lag, inertia) for inertia in INERTIAS_H for lag in LAGS_H]
    form = min(forms, key=lambda one: answer(one)[0])
    squares, gram, found, rest = answer(form)
    free = max(hours.rows.size * (HOURS - 1) - 2 * HOURS, 1)
    doubt = np.diag(np.linalg.pinv(gram)) * squares / free + days.error**2
    doubt = doubt + (APART_SHARE * days.found) ** 2
    if (np.abs(found - days.found) > MOST_APART * np.sqrt(doubt)).any():
        return None
    degrees = _hours_of(form, days.grid_c[days.parts], heat[days.parts], hours.start_us)
    if any(_change_of_rhythm(rest, part.sum(axis=1), own, kind) > SAME_RHYTHM for part in degrees):
        return None
    every = _centred(_hours_of(form, days.grid_c, heat, hours.start_us))
    return Witness(hours.rows, use, every, days.grid_c, form.lag_h, form.inertia_h)


def _change_of_rhythm(rest: Floats, degree_days: Floats, weight: Floats, off: Floats) -> float:
    """Return chi² of the hours' residuals growing or falling with the day's degrees."""
    level = np.zeros(degree_days.size)
    for kind in (0.0, 1.0):
        mine = off == kind
        if mine.any():
            level[mine] = np.average(degree_days[mine], weights=weight[mine])
    lever = weight * (degree_days - level)
    together = lever @ rest
    variance = (lever[:, None] ** 2 * rest**2).sum(axis=0)
    return float(np.sum(together**2 / np.maximum(variance, 1e-30)))


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
