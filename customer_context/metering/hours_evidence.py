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

from customer_context.metering.climate import (
    GRID_C,
    HEATS,
    HOURS,
    Climate,
    Products,
    centred,
    climate_of,
    products_of,
)
from customer_context.metering.weather_model import Floats, Int64s, Temperatures

LAGS_H = (-1, 0, 1, 2, 3, 4)  # by which a home answers; -1: stamps of meter and weather differ
INERTIAS_H = (0.0, 2.0, 4.0, 8.0, 16.0)  # light to heavy houses
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

    products, moment float64[g] : over the grid of balance points
    variance : of a weighted square of both
    """

    products: Products
    moment: Floats
    squares: float
    variance: float

    def at(self, points: Floats, parts: Int64s) -> tuple[Floats, Floats]:
        """Return the equations between the balance points of the grid, by interpolation."""
        every = self.products
        gram, moment = np.zeros((points.size, points.size)), np.zeros(points.size)
        places = []
        for row, (point, part) in enumerate(zip(points.tolist(), parts.tolist(), strict=True)):
            first, last = (0, HEATS) if part < HEATS else (HEATS, GRID_C.size)
            low = first + min(int((point - GRID_C[first]) * 2.0), last - first - 2)
            share = (point - GRID_C[low]) / (GRID_C[low + 1] - GRID_C[low])
            pick = np.array([1.0 - share, share])
            places.append((low, pick))
            inner = np.array(
                [[every.own[low], every.next[low]], [every.next[low], every.own[low + 1]]]
            )
            gram[row, row] = pick @ inner @ pick
            moment[row] = pick @ self.moment[low : low + 2]
        if len(places) == 2:
            (heat, one), (cool, other) = places
            block = every.cross[heat : heat + 2, cool - HEATS : cool - HEATS + 2]
            gram[0, 1] = gram[1, 0] = one @ block @ other
        return gram, moment


@dataclass(frozen=True, slots=True)
class Witness:
    """Hours that agree with the days, and how the home answers the weather.

    use : float64[d, 24], kWh, and degrees : float64[d, g, 24], K·d, less the mean of each day
    products : of the degrees by day; together : float64[d, g], of degrees and use
    """

    rows: Int64s
    use: Floats
    degrees: Floats
    products: Products
    together: Floats
    lag_h: int
    inertia_h: float

    def evidence(
        self, weight: Floats, off: Floats, parts: Int64s, slopes: Floats, variance: float
    ) -> Evidence:
        """Make the equations, weighted by how surely hours and days are known.

        The rhythms of workdays and days off are taken out of degrees and use.

        weight, off : float64[n] of all days; parts, slopes : of the best model so far
        variance : of a weighted square of the days
        """
        own = weight[self.rows]
        total = self.products.weighed(own)
        moment = own @ self.together
        squares = float(own @ np.einsum("dh,dh->d", self.use, self.use))
        kinds = _kinds(own, off[self.rows])
        shares = np.array([share for share, _ in kinds])
        rhythms = (shares @ self.degrees.reshape(own.size, -1)).reshape(len(kinds), -1, HOURS)
        for (_, whole), degrees, use in zip(kinds, rhythms, shares @ self.use, strict=True):
            rhythm = products_of(degrees)
            total = Products(
                total.own - whole * rhythm.own, total.next - whole * rhythm.next,
                total.cross - whole * rhythm.cross,
            )  # fmt: skip
            moment = moment - whole * (degrees @ use)
            squares -= whole * float(use @ use)
        rest = squares - 2.0 * float(slopes @ moment[parts])
        rest += float(slopes**2 @ total.own[parts])
        if parts.size == 2:
            rest += 2.0 * float(slopes[0] * slopes[1] * total.cross[parts[0], parts[1] - HEATS])
        free = self.use.shape[0] * (HOURS - 1) - 2 * HOURS
        ratio = variance / max(rest / max(free, 1), 1e-12)
        scaled = Products(total.own * ratio, total.next * ratio, total.cross * ratio)
        return Evidence(scaled, moment * ratio, squares * ratio, variance)


def _kinds(weight: Floats, off: Floats) -> list[tuple[Floats, float]]:
    """Return the shares of workdays and of days off in their mean day, and their weights' sum."""
    found = []
    for kind in (0.0, 1.0):
        mine = np.where(off == kind, weight, 0.0)
        whole = float(mine.sum())
        if whole > 0.0:
            found.append((mine / whole, whole))
    return found


def _without_rhythm(hours: Floats, weight: Floats, off: Floats) -> Floats:
    """Subtract the mean day of workdays and of days off; hours : float64[..., d, 24]."""
    out = hours.copy()
    for share, _ in _kinds(weight, off):
        mine = share > 0.0
        out[..., mine, :] -= (share @ hours)[..., None, :]
    return out


@dataclass(frozen=True, slots=True)
class Slopes:
    """What the days tell: parts of the grid, their slopes and standard errors, kWh/(K·d)."""

    parts: Int64s
    found: Floats
    error: Floats


def _form(
    climate: Climate, weather: Temperatures, hours: DayHours, own: Floats, off: Floats,
    energy: Floats, parts: Int64s,
) -> Temperatures:  # fmt: skip
    """Return the lag and the inertia by which the parts explain the hours best.

    energy : float64[d, 24], use without rhythms
    """
    kinds = _kinds(own, off)
    shares = np.array([share for share, _ in kinds])
    lags = np.array(LAGS_H)
    flat = (energy * own[:, None]).ravel()
    explained = np.empty((len(INERTIAS_H), lags.size))
    for at, inertia in enumerate(INERTIAS_H):
        rows = centred(climate.lagged(inertia, lags, parts, hours.start_us))
        long = rows.reshape(lags.size, parts.size, -1)
        weighted = (rows * own[:, None]).reshape(lags.size, parts.size, -1)
        gram = weighted @ long.transpose(0, 2, 1)
        rhythms = shares @ rows
        for (_, whole), kind in zip(kinds, np.moveaxis(rhythms, 2, 0), strict=True):
            gram -= whole * (kind @ kind.transpose(0, 2, 1))
        moment = long @ flat
        found = (np.linalg.pinv(gram) @ moment[:, :, None])[:, :, 0]
        explained[at] = 2.0 * np.sum(found * moment, axis=1)
        explained[at] -= np.einsum("fi,fij,fj->f", found, gram, found)
    best = np.unravel_index(int(np.argmax(explained)), explained.shape)
    return weather.answered(LAGS_H[int(best[1])], INERTIAS_H[int(best[0])])


def ask(
    hours: DayHours, weather: Temperatures, weight: Floats, off: Floats, days: Slopes
) -> Witness | None:
    """Find how the home answers the weather; None where the hours contradict the days.

    weight, off : float64[n], of all days
    """
    if hours.rows.size < LEAST_DAYS:
        return None
    own, kind = weight[hours.rows], off[hours.rows]
    use = centred(hours.kwh)
    without = _without_rhythm(use, own, kind)
    climate = climate_of(weather)
    form = _form(climate, weather, hours, own, kind, without, days.parts)
    degrees = climate.hours(form, days.parts, hours.start_us)
    shown = _without_rhythm(centred(degrees), own, kind)
    rows = shown.reshape(days.parts.size, -1)
    weighted = (shown * own[:, None]).reshape(days.parts.size, -1)
    gram = weighted @ rows.T
    found = np.linalg.pinv(gram) @ (weighted @ without.ravel())
    rest = without - np.tensordot(found, shown, 1)
    squares = float(own @ np.einsum("dh,dh->d", rest, rest))
    free = max(hours.rows.size * (HOURS - 1) - 2 * HOURS, 1)
    doubt = np.diag(np.linalg.pinv(gram)) * squares / free + days.error**2
    doubt = doubt + (APART_SHARE * days.found) ** 2
    if (np.abs(found - days.found) > MOST_APART * np.sqrt(doubt)).any():
        return None
    if any(_change_of_rhythm(rest, part.sum(axis=1), own, kind) > SAME_RHYTHM for part in degrees):
        return None
    every, products = climate.within(form, hours.start_us)
    together = (every @ use[:, :, None])[:, :, 0]
    return Witness(hours.rows, use, every, products, together, form.lag_h, form.inertia_h)


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
