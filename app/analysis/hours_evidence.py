"""What the hours within days tell about heating and cooling, beside the days' sums.

Within a day the temperature rises and falls by more than the mean of a day differs from that of the
next, often across a balance point. So the hours tell slopes and balance points, if the home answers
the temperature of the hour, sooner or later, and nothing else does so with it. That is asked first:

- the slopes by the hours must be those by the days;
- the rhythm of the day must be the same on cold, mild and hot days: a thermostat that is lower at
  night, or people who cook when it is cold, change it.

Where either fails the hours say nothing, and the days alone are used.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.analysis.weather_model import HOUR_US, Floats, Int64s, Temperatures

LAGS_H = (-1, 0, 1, 2, 3, 4)  # by which a home answers; -1: stamps of meter and weather differ
INERTIAS_H = (0.0, 2.0, 4.0, 8.0, 16.0)  # light to heavy houses
HOURS = 24
MOST_APART = 2.0  # standard errors, between slopes by hours and by days ...
APART_SHARE = 0.1  # ... and this share of them
SAME_RHYTHM = 46.0  # chi² of 23 hours' differences; above it by chance in 3 of 1,000 homes
LEAST_DAYS = 60


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
    if hours.rows.size < LEAST_DAYS:
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
