"""Use and outdoor temperature: degree days, the fitted model of a meter, and what it predicts.

The model is that of CalTRACK 2 for days: use = base + heating · HDD + cooling · CDD. Degree days
are the integral of max(0, balance − T) over hourly temperatures, not of the day's mean: on days
that are both warm and cool the mean hides both. `weather_fit` fits it.
"""

from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from feature_kernels.baseline import degrees_until

Floats = NDArray[np.float64]
Int64s = NDArray[np.int64]
Bools = NDArray[np.bool_]

HOUR_US = 3_600_000_000
DAYS_PER_US = 1.0 / 86_400_000_000
LONGEST_LINE_H = 6  # a hole of temperatures up to this is a straight line (CalTRACK 2)
MOST_TOTALS = 8  # sums of degrees that are kept: those of one model


@dataclass(frozen=True, slots=True)
class Temperatures:
    """Hourly outdoor temperature without holes.

    t_us : int64[n], start of each hour; celsius : float64[n], NaN where a hole is too long
    lag_h, inertia_h : how late a house answers, and the time constant over which it spreads that;
    degrees come at the hour of the answer, their sum stays
    tables : what was computed of them, for every home of the place (`climate`)
    """

    t_us: Int64s
    celsius: Floats
    lag_h: int = 0
    inertia_h: float = 0.0
    tables: dict[Any, Any] = field(default_factory=dict, compare=False, repr=False)

    def answered(self, lag_h: int, inertia_h: float) -> "Temperatures":
        """Return them as a house of that lag and inertia answers them."""
        return replace(self, lag_h=lag_h, inertia_h=inertia_h)

    def degree_days(self, balance_c: float, sign: float, edges_us: Int64s) -> Floats:
        """Integrate max(0, sign · (T − balance)) from the first hour to each edge, K·d.

        NaN where the edge lies outside, or behind a hole: differences over it are unknown.
        """
        return self._until(self._total(float(balance_c), sign), edges_us)

    def degrees_of(self, balance_c: float, sign: float, start_us: Int64s, end_us: Int64s) -> Floats:
        """Return the degree days of spans, K·d; NaN as in `degree_days`."""
        total = self._total(float(balance_c), sign)
        return self._until(total, end_us) - self._until(total, start_us)

    def _until(self, total: Floats, edges_us: Int64s) -> Floats:
        since = edges_us - self.t_us[0]
        hour = since // HOUR_US
        outside = (since < 0) | (since > HOUR_US * self.t_us.size)
        if outside.any():
            hour = np.clip(hour, 0, self.t_us.size)
        found = total[hour]
        share = since - hour * HOUR_US
        if share.any():
            after = total[np.minimum(hour + 1, self.t_us.size)]
            found = found + share / HOUR_US * (after - found)
        if outside.any():
            found[outside] = np.nan
        return np.asarray(found, np.float64)

    def _total(self, balance_c: float, sign: float) -> Floats:
        """Return the degrees from the first hour to each hour's begin; the last ones are kept."""
        key = (balance_c, sign, self.lag_h, self.inertia_h)
        kept: dict[Any, Floats] = self.tables.setdefault("totals", {})
        if key not in kept:
            if len(kept) >= MOST_TOTALS:
                del kept[next(iter(kept))]
            celsius = np.ascontiguousarray(self.celsius)
            kept[key] = degrees_until(celsius, balance_c, sign, self.lag_h, self.inertia_h)
        return kept[key]

    def known(self, start_us: Int64s, end_us: Int64s) -> NDArray[np.bool_]:
        """Tell for which spans every hour's temperature is known."""
        holes: Int64s | None = self.tables.get("holes")
        if holes is None:
            holes = np.concatenate(([0], np.cumsum(np.isnan(self.celsius))))
            self.tables["holes"] = holes
        first = (start_us - self.t_us[0]) // HOUR_US
        last = -((self.t_us[0] - end_us) // HOUR_US)
        inside = (first >= 0) & (last <= self.t_us.size)
        if not holes[-1]:
            return np.asarray(inside, np.bool_)
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
        columns.append(weather.degrees_of(balance, sign, spans.start_us, spans.end_us))
    return np.column_stack(columns)


def loads(
    model: Model, spans: Spans, weather: Temperatures | None
) -> tuple[Floats, Floats, Floats]:
    """Return base, heating and cooling of each span, kWh; NaN where no temperature is known."""
    weather = model.seen(weather)
    parts = [spans.days * (model.base + model.off * spans.off)]
    for slope, balance, sign in (
        (model.heating, model.heating_c, -1.0),
        (model.cooling, model.cooling_c, 1.0),
    ):
        if balance is None or weather is None:
            parts.append(np.zeros(spans.days.size))
            continue
        degrees = weather.degrees_of(balance, sign, spans.start_us, spans.end_us)
        parts.append(np.where(weather.known(spans.start_us, spans.end_us), slope * degrees, np.nan))
    return parts[0], parts[1], parts[2]


def error_of_sum(model: Model, spans: Spans, weather: Temperatures | None) -> float:
    """Return the standard error of the predicted sum of spans against what is measured, kWh.

    It has the scatter of days, wider by their autocorrelation, and the doubt about coefficients.
    """
    columns = columns_of(
        spans, model.seen(weather), model.heating_c, model.cooling_c, model.covariance.shape[0] > 1
        + (model.heating_c is not None) + (model.cooling_c is not None),
    )  # fmt: skip
    total = columns.sum(axis=0)
    wider = (1.0 + model.lag) / (1.0 - model.lag)
    scatter = model.sigma**2 * float(spans.days.sum()) * wider
    return float(np.sqrt(scatter + wider * (total @ model.covariance @ total)))
