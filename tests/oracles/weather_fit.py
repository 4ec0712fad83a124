"""The fit of use and weather by least squares on written-out design matrices.

Every model (which parts, at which balance points) is a matrix of its own, solved by
`numpy.linalg.lstsq`; hours are further rows of it. No sums are shared between models, days or
homes. Imports nothing of the product. Source: docs/adr/0052, 0066; CalTRACK 2.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Int64s = NDArray[np.int64]
Bools = NDArray[np.bool_]

HOUR_US = 3_600_000_000
HEATING_C = np.arange(6.0, 23.1, 0.5)
COOLING_C = np.arange(12.0, 28.1, 0.5)
GRID_C = np.concatenate((HEATING_C, COOLING_C))
SIGN = np.repeat([-1.0, 1.0], [HEATING_C.size, COOLING_C.size])
PRIOR = ((GRID_C - np.where(SIGN < 0.0, 15.5, 20.5)) / 3.0) ** 2  # 60 and 69 °F, ± 3 K
LAGS_H, INERTIAS_H = (-1, 0, 1, 2, 3, 4), (0.0, 2.0, 4.0, 8.0, 16.0)
MEMORY_H = 72  # of a house: what it lost longer ago is forgotten
LEAST_DEGREE_DAYS = 20  # days on which a part must show
LEAST_HOUR_DAYS = 60
TURNS, ASK_HOURS = 6, 2  # of fit and weights; the turn from which hours are asked
FREEDOM = 6.0  # of Student's t
OUTLIER_SIGMA = 5.0


@dataclass(frozen=True, slots=True)
class Temperatures:
    """Hourly outdoor temperature, as a house answers it `lag_h` later, spread by its inertia."""

    t_us: Int64s
    celsius: Floats
    lag_h: int = 0
    inertia_h: float = 0.0

    def degree_hours(self, balance_c: float, sign: float) -> Floats:
        """Return the degrees of each hour, K·d: float64[n]; 0 where no temperature is known."""
        above = np.maximum(np.nan_to_num(sign * (self.celsius - balance_c), nan=0.0), 0.0) / 24.0
        if self.inertia_h > 0.0:
            kernel = np.exp(-np.arange(MEMORY_H) / self.inertia_h)
            before = np.full(MEMORY_H, above[0])
            whole = np.convolve(np.concatenate((before, above)), kernel / kernel.sum())
            above = whole[MEMORY_H : MEMORY_H + above.size]
        answered = np.clip(np.arange(above.size) - self.lag_h, 0, above.size - 1)
        return np.asarray(above[answered], np.float64)

    def degree_days(self, balance_c: float, sign: float, edges_us: Int64s) -> Floats:
        """Integrate the degrees from the first hour to each edge, K·d; NaN outside."""
        total = np.append(0.0, np.cumsum(self.degree_hours(balance_c, sign)))
        at = np.append(self.t_us, self.t_us[-1] + HOUR_US)
        return np.asarray(np.interp(edges_us, at, total, np.nan, np.nan), np.float64)

    def known(self, start_us: Int64s, end_us: Int64s) -> Bools:
        """Tell for which spans every hour's temperature is known."""
        return np.array([
            start >= self.t_us[0]
            and end <= self.t_us[-1] + HOUR_US
            and bool(
                np.isfinite(
                    self.celsius[(self.t_us + HOUR_US > start) & (self.t_us < end)]
                ).all()
            )
            for start, end in zip(start_us.tolist(), end_us.tolist(), strict=True)
        ])  # fmt: skip


@dataclass(frozen=True, slots=True)
class Spans:
    """Measured use: int64[n] µs; float64[n] kWh; float64[n], 1 = weekend or holiday."""

    start_us: Int64s
    end_us: Int64s
    energy_kwh: Floats
    off: Floats


@dataclass(frozen=True, slots=True)
class DayHours:
    """Hours of whole days. rows : int64[d], each day's index among all; kwh : float64[d, 24]"""

    start_us: Int64s
    rows: Int64s
    kwh: Floats


@dataclass(frozen=True, slots=True)
class Model:
    """kWh/day = base + off · weekend + heating · HDD + cooling · CDD; None = not in the model."""

    name: str
    base: float
    off: float
    heating: float
    heating_c: float | None
    cooling: float
    cooling_c: float | None
    r2: float
    cv_rmse: float
    sigma: float
    covariance: Floats
    lag: float
    n: int
    lag_h: int
    inertia_h: float
    by_hours: bool


@dataclass(slots=True)
class _Days:
    """Days with their terms: fixed float64[n, f], degrees float64[n, GRID_C.size].

    expected : kWh; trust : less than 1 far from the model; power : of use, in the scatter of a day
    """

    spans: Spans
    length: Floats
    fixed: Floats
    degrees: Floats
    expected: Floats
    trust: Floats
    power: float = 2.0

    def variance(self, power: float | None = None) -> Floats:
        """Variances apart from a constant."""
        least = 0.1 * self.spans.energy_kwh.sum() / self.length.sum()
        level = np.maximum(self.expected / self.length, max(least, 1e-9))
        return np.asarray(level ** (self.power if power is None else power) * self.length)

    @property
    def weight(self) -> Floats:
        """Weights of the squares."""
        return self.trust / self.variance()

    def distance(self) -> Floats:
        """Distance from the model in robust standard deviations."""
        rest = (self.spans.energy_kwh - self.expected) / np.sqrt(self.variance())
        sigma = 1.4826 * float(np.median(np.abs(rest - np.median(rest))))
        return np.asarray(rest / max(sigma, 1e-9))

    def system(self, columns: Floats) -> tuple[Floats, Floats]:
        """Weigh a design matrix and the use."""
        root = np.sqrt(self.weight)
        return np.column_stack((self.fixed, columns)) * root[:, None], self.spans.energy_kwh * root


@dataclass(frozen=True, slots=True)
class _Hours:
    """Weighed rows of all hours within days, on the scale of the days.

    degrees : float64[h, GRID_C.size]; use : float64[h]; variance : of a weighed square of the days
    """

    degrees: Floats
    use: Floats
    variance: float

    def at(self, points: list[float], parts: list[int]) -> Floats:
        """Return the rows between the grid's balance points: float64[h, p]."""
        found = []
        for point, part in zip(points, parts, strict=True):
            mine = np.flatnonzero(SIGN[part] == SIGN)
            low = mine[min(int((point - GRID_C[mine[0]]) * 2.0), mine.size - 2)]
            share = (point - GRID_C[low]) / 0.5
            found.append((1.0 - share) * self.degrees[:, low] + share * self.degrees[:, low + 1])
        return np.column_stack(found)


@dataclass(frozen=True, slots=True)
class _Solved:
    """A model: columns of the grid, coefficients, sum of squares that is left, criterion."""

    parts: list[int]
    found: Floats
    rest: float
    worse: float


def _degrees(weather: Temperatures, spans: Spans) -> Floats:
    columns = [
        weather.degree_days(balance, sign, spans.end_us)
        - weather.degree_days(balance, sign, spans.start_us)
        for balance, sign in zip(GRID_C.tolist(), SIGN.tolist(), strict=True)
    ]
    return np.column_stack(columns)


def _models(degrees: Floats) -> list[list[int]]:
    """List the parts of every model: none, heating, cooling, both where heating is no higher."""
    shows = np.flatnonzero((degrees > 1e-9).sum(axis=0) >= LEAST_DEGREE_DAYS).tolist()
    heats = [at for at in shows if SIGN[at] < 0.0]
    cools = [at for at in shows if SIGN[at] > 0.0]
    both = [[heat, cool] for heat in heats for cool in cools if GRID_C[heat] <= GRID_C[cool]]
    return [[], *([at] for at in shows), *both]


def _solve_all(days: _Days, models: list[list[int]], hours: _Hours | None) -> list[_Solved]:
    """Solve the models whose base and slopes are positive."""
    n, fixed, every = days.length.size, days.fixed.shape[1], []
    matrix, goal = days.system(days.degrees)
    whole = np.column_stack((matrix, goal))
    if hours is not None:
        zeros = np.zeros((hours.use.size, fixed))
        whole = np.vstack((whole, np.column_stack((zeros, hours.degrees, hours.use))))
    whole = np.linalg.qr(whole, mode="r")  # fewer rows of the same least squares
    for parts in models:
        matrix = whole[:, [*range(fixed), *(fixed + part for part in parts)]]
        found = np.linalg.lstsq(matrix, whole[:, -1], rcond=None)[0]
        if found[0] < 0.0 or (found[fixed:] <= 0.0).any():
            continue
        rest = max(float(np.sum((whole[:, -1] - matrix @ found) ** 2)), 1e-12)
        worse = n * np.log(rest / n) if hours is None else rest / hours.variance
        worse += 2.0 * len(parts) * np.log(n) + PRIOR[parts].sum()
        every.append(_Solved(parts, found, rest, float(worse)))
    return every


def _shape(solved: list[_Solved]) -> list[_Solved]:
    """Return the models that have the best one's parts, the best one first."""
    best = min(solved, key=lambda one: one.worse)
    kind = SIGN[best.parts].tolist()
    return [best, *(one for one in solved if one is not best and SIGN[one.parts].tolist() == kind)]


def _average(days: _Days, shape: list[_Solved]) -> list[float]:
    """Expect the mean over a shape's models by likelihood; return its balance points."""
    share = np.exp(-0.5 * np.array([one.worse - shape[0].worse for one in shape]))
    share /= share.sum()
    days.expected = np.zeros(days.length.size)
    for one, mine in zip(shape, share.tolist(), strict=True):
        if mine > 1e-5:
            terms = np.column_stack((days.fixed, days.degrees[:, one.parts]))
            days.expected += mine / share[share > 1e-5].sum() * (terms @ one.found)
    points = np.array([GRID_C[one.parts] for one in shape]).reshape(len(shape), -1)
    return list((share @ points).tolist())


def _learn_scatter(days: _Days) -> None:
    """Learn how the scatter grows with use, and which days lie far from the model."""
    rest = days.spans.energy_kwh - days.expected

    def unlikely(power: float) -> float:
        variance = days.variance(power)
        scale = max(float(np.mean(days.trust * rest * rest / variance)), 1e-12)
        return float(rest.size * np.log(scale) + np.log(variance).sum())

    days.power = min(np.arange(0.0, 2.6, 0.25).tolist(), key=unlikely)
    days.trust = (FREEDOM + 1.0) / (FREEDOM + days.distance() ** 2)


def _within(hours: Floats) -> Floats:
    return np.asarray(hours - hours.mean(axis=-1, keepdims=True))


def _steady(hours: Floats, weight: Floats, off: Floats) -> Floats:
    """Subtract the weighted mean day of each kind of day; hours : float64[..., d, 24]."""
    out = hours.copy()
    for kind in np.unique(off):
        mine = np.flatnonzero(off == kind)
        mean = np.tensordot(weight[mine], np.moveaxis(hours, -2, 0)[mine], 1) / weight[mine].sum()
        out[..., mine, :] -= mean[..., None, :]
    return out


def _degrees_of_hours(weather: Temperatures, parts: list[int], start_us: Int64s) -> Floats:
    """Return the degrees of the 24 hours of days: float64[parts, d, 24]."""
    at = (start_us[:, None] - weather.t_us[0]) // HOUR_US + np.arange(24)
    at = np.clip(at, 0, weather.t_us.size - 1)
    return np.array([weather.degree_hours(GRID_C[p], SIGN[p])[at] for p in parts])


def _best_variance(days: _Days, best: _Solved) -> float:
    return best.rest / max(days.length.size - best.found.size, 1)


def _ask(
    days: _Days, hours: DayHours, weather: Temperatures, best: _Solved
) -> tuple[Temperatures, Floats] | None:
    """Find how the home answers the weather, and the degrees of its hours on all the grid.

    None where slopes by hours are not those by days, or the rhythm changes with the degrees.
    """
    parts = best.parts
    if not parts or hours.rows.size < LEAST_HOUR_DAYS:
        return None
    weight, off = days.weight[hours.rows], days.spans.off[hours.rows]
    root = np.sqrt(weight)[:, None]
    use = _steady(_within(hours.kwh), weight, off)

    def answer(form: Temperatures) -> tuple[Floats, Floats, Floats]:
        raw = _degrees_of_hours(form, parts, hours.start_us)
        rows = _steady(_within(raw), weight, off)
        matrix = (rows * root).reshape(len(parts), -1).T
        return raw, rows, matrix

    def left(form: Temperatures) -> float:
        matrix, goal = answer(form)[2], (use * root).ravel()
        return float(np.sum((goal - matrix @ np.linalg.lstsq(matrix, goal, rcond=None)[0]) ** 2))

    forms = [replace(weather, lag_h=lag, inertia_h=i) for i in INERTIAS_H for lag in LAGS_H]
    form = min(forms, key=left)
    raw, rows, matrix = answer(form)
    slopes = np.linalg.lstsq(matrix, (use * root).ravel(), rcond=None)[0]
    rest = use - np.tensordot(slopes, rows, 1)
    free = max(use.shape[0] * 23 - 2 * 24, 1)
    doubt = np.diag(np.linalg.pinv(matrix.T @ matrix)) * left(form) / free
    design = days.system(days.degrees[:, parts])[0]
    own = np.diag(np.linalg.pinv(design.T @ design))[days.fixed.shape[1] :]
    by_days = best.found[days.fixed.shape[1] :]
    doubt = doubt + own * _best_variance(days, best) + (0.1 * by_days) ** 2
    if (np.abs(slopes - by_days) > 2.0 * np.sqrt(doubt)).any():
        return None
    for degrees in raw.sum(axis=-1):
        level = _steady(degrees[:, None], weight, off)[:, 0]
        lever = weight * level
        chi2 = (lever @ rest) ** 2 / np.maximum(lever**2 @ rest**2, 1e-30)
        if chi2.sum() > 46.0:  # of 23 hours; by chance in 3 of 1,000 homes
            return None
    return form, _within(_degrees_of_hours(form, list(range(GRID_C.size)), hours.start_us))


def _rows_of_hours(days: _Days, hours: DayHours, degrees: Floats, best: _Solved) -> _Hours:
    """Weigh the hours like their days, and scale them so that a square has the days' variance."""
    weight, off = days.weight[hours.rows], days.spans.off[hours.rows]
    root = np.sqrt(weight)[:, None]
    rows = (_steady(degrees, weight, off) * root).reshape(GRID_C.size, -1).T
    use = (_steady(_within(hours.kwh), weight, off) * root).ravel()
    rest = use - rows[:, best.parts] @ best.found[days.fixed.shape[1] :]
    variance = _best_variance(days, best)
    free = max(hours.rows.size * 23 - 2 * 24, 1)
    scale = np.sqrt(variance / max(float(rest @ rest) / free, 1e-12))
    return _Hours(rows * scale, use * scale, variance)


def fit(spans: Spans, weather: Temperatures | None, hours: DayHours | None = None) -> Model:
    """Fit the model; without weather its mean use of workdays and days off.

    hours : of the same spans, where they are known
    """
    if weather is not None:
        keep = weather.known(spans.start_us, spans.end_us)
        spans = Spans(*(getattr(spans, name)[keep] for name in Spans.__slots__))
        if hours is not None:
            mine = keep[hours.rows]
            index = (np.cumsum(keep) - 1)[hours.rows]
            hours = DayHours(hours.start_us[mine], index[mine], hours.kwh[mine])
    length = (spans.end_us - spans.start_us) / (24 * HOUR_US)
    off = bool(0 < spans.off.sum() < spans.off.size and length.max() < 2.0)
    fixed = np.column_stack((length, spans.off * length)) if off else length[:, None]
    none = np.zeros((length.size, GRID_C.size))
    degrees = none if weather is None else _degrees(weather, spans)
    mean = spans.energy_kwh.sum() / length.sum() * length
    days = _Days(spans, length, fixed, degrees, mean, np.ones(length.size))
    models, witness, rows = _models(degrees), None, None
    points: list[float] = []
    for turn in range(TURNS):
        shape = _shape(_solve_all(days, models, None))
        if turn == ASK_HOURS and weather is not None and hours is not None:
            witness = _ask(days, hours, weather, shape[0])
            if witness is not None:
                weather = witness[0]
                days.degrees = _degrees(weather, spans)
                shape = _shape(_solve_all(days, models, None))
        if witness is not None and hours is not None:
            rows = _rows_of_hours(days, hours, witness[1], shape[0])
            shape = _shape(_solve_all(days, models, rows))
        points = _average(days, shape)
        _learn_scatter(days)
    return _described(days, weather, points, shape[0].parts, rows)


def _described(
    days: _Days,
    weather: Temperatures | None,
    points: list[float],
    parts: list[int],
    hours: _Hours | None,
) -> Model:
    """Solve at the mean balance points; scale to the sum of the days within 5 σ."""
    spans, fixed = days.spans, days.fixed.shape[1]
    signs = SIGN[parts].tolist()
    columns = np.zeros((days.length.size, 0))
    if weather is not None and parts:
        columns = np.column_stack([
            weather.degree_days(point, sign, spans.end_us)
            - weather.degree_days(point, sign, spans.start_us)
            for point, sign in zip(points, signs, strict=True)
        ])  # fmt: skip
    matrix, use = days.system(columns)
    if hours is not None and parts:
        more = hours.at(points, parts)
        more = np.column_stack((np.zeros((more.shape[0], fixed)), more))
        matrix, use = np.vstack((matrix, more)), np.append(use, hours.use)
    found = np.linalg.lstsq(matrix, use, rcond=None)[0]
    near = np.abs(days.distance()) <= OUTLIER_SIGMA
    terms = np.column_stack((days.fixed, columns))[near]
    kwh, length, weight = spans.energy_kwh[near], days.length[near], days.weight[near]
    found = found * (kwh.sum() / (terms @ found).sum())
    rest = kwh - terms @ found
    free = max(kwh.size - found.size - len(points), 1)
    sigma = float(np.sqrt(rest @ rest / free / length.mean()))
    level = kwh.sum() / length.sum()
    even = rest * np.sqrt(weight)
    lag = float(np.corrcoef(even[:-1], even[1:])[0, 1]) if kwh.size > 3 else 0.0
    by_sign = {sign: (float(s), p) for sign, s, p in zip(signs, found[fixed:], points, strict=True)}
    heating, heating_c = by_sign.get(-1.0, (0.0, None))
    cooling, cooling_c = by_sign.get(1.0, (0.0, None))
    names = [name for name, sign in (("heating", -1.0), ("cooling", 1.0)) if sign in by_sign]
    return Model(
        name="_".join(names) or ("base" if weather is not None else "without_weather"),
        base=float(found[0]),
        off=float(found[1]) if fixed > 1 else 0.0,
        heating=heating,
        heating_c=heating_c,
        cooling=cooling,
        cooling_c=cooling_c,
        r2=1.0 - float(rest @ rest) / float(np.sum((kwh - level * length) ** 2)),
        cv_rmse=sigma / float(level),
        sigma=sigma,
        covariance=np.linalg.pinv(matrix.T @ matrix) * float(weight @ rest**2) / free,
        lag=min(max(lag, 0.0), 0.9) if np.isfinite(lag) else 0.0,
        n=kwh.size,
        lag_h=weather.lag_h if weather is not None else 0,
        inertia_h=weather.inertia_h if weather is not None else 0.0,
        by_hours=hours is not None,
    )
