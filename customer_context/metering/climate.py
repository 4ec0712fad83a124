"""Degrees of a place at every balance point of the fit, computed once for all of its homes.

The tables of a fit depend on the weather and on how late a house answers it, not on the home: they
are made when a home first asks, and kept with the temperatures. Sums of squares of the hours within
a day are kept by day, so that a home only weighs its days.
"""

from collections import OrderedDict
from dataclasses import dataclass

import numpy as np

from customer_context.metering.weather_model import (
    HOUR_US,
    MEMORY_H,
    Floats,
    Int64s,
    Temperatures,
    filtered,
)

# Balance points in °C, from those of CalTRACK (30 to 90 °F) what is usual in homes.
HEATING_C = np.arange(6.0, 23.1, 0.5)
COOLING_C = np.arange(12.0, 28.1, 0.5)
GRID_C = np.concatenate((HEATING_C, COOLING_C))
HEATS = HEATING_C.size
COOLS = COOLING_C.size
HOURS = 24
MOST_FORMS = 12  # tables of hours within days that are kept, 9 MB for a year each


@dataclass(frozen=True, slots=True)
class Products:
    """Sums of products of degrees, of those pairs that a model can have.

    own : float64[..., g], of each part with itself; next : float64[..., g - 1], with its neighbour
    on the grid; cross : float64[..., HEATS, COOLS], heating with cooling
    """

    own: Floats
    next: Floats
    cross: Floats

    def rows(self, at: Int64s) -> "Products":
        """Return some days."""
        return Products(self.own[at], self.next[at], self.cross[at])

    def weighed(self, weight: Floats) -> "Products":
        """Add the days up; weight : float64[d]."""
        days = weight.size
        cross = (weight @ self.cross.reshape(days, -1)).reshape(HEATS, COOLS)
        return Products(weight @ self.own, weight @ self.next, cross)


def products_of(rows: Floats) -> Products:
    """Multiply rows float64[g, k] of degrees with one another."""
    return Products(
        np.einsum("gk,gk->g", rows, rows),
        np.einsum("gk,gk->g", rows[:-1], rows[1:]),
        rows[:HEATS] @ rows[HEATS:].T,
    )


@dataclass(frozen=True, slots=True)
class _Within:
    """Hours within days. row_of : int64[n], row of each hour below, -1 = none;
    hours : float64[d, g, 24], less the mean of each day; products : by day"""

    row_of: Int64s
    hours: Floats
    products: Products


class Climate:
    """Tables of one place's temperatures."""

    def __init__(self, weather: Temperatures) -> None:
        self._first_us = int(weather.t_us[0])
        self._celsius = weather.celsius
        self._above: dict[float, Floats] = {}
        self._have: dict[float, np.ndarray] = {}
        self._total: dict[float, Floats] = {}
        self._within: OrderedDict[tuple[int, float], _Within] = OrderedDict()

    def above(self, inertia_h: float, parts: Int64s) -> Floats:
        """Return the degrees of hours, float64[g, n], K·d, of which rows `parts` are computed."""
        n = self._celsius.size
        if inertia_h not in self._above:
            self._above[inertia_h] = np.empty((GRID_C.size, n))
            self._have[inertia_h] = np.zeros(GRID_C.size, np.bool_)
        found, have = self._above[inertia_h], self._have[inertia_h]
        new = parts[~have[parts]]
        for kind, sign in ((new[new < HEATS], -1.0), (new[new >= HEATS], 1.0)):
            if not kind.size:
                continue
            celsius = np.nan_to_num(sign * self._celsius, nan=-np.inf)
            rows = np.maximum(celsius - sign * GRID_C[kind][:, None], 0.0) / 24.0
            if inertia_h > 0.0:
                kernel = np.exp(-np.arange(MEMORY_H) / inertia_h)
                rows = filtered(rows, kernel / kernel.sum())
            found[kind] = rows
        have[new] = True
        return found

    def _hour(self, edges_us: Int64s) -> Int64s:
        return np.asarray((edges_us - self._first_us) // HOUR_US, np.int64)

    def days(self, form: Temperatures, start_us: Int64s, end_us: Int64s) -> Floats:
        """Return the degree days of spans at each balance point: float64[spans, g].

        form : whose lag and inertia count
        """
        inertia, every = form.inertia_h, np.arange(GRID_C.size)
        above = self.above(inertia, every)
        if inertia not in self._total:
            self._total[inertia] = np.concatenate(
                (np.zeros((GRID_C.size, 1)), np.cumsum(above, axis=1)), axis=1
            )
        return (self._until(form, end_us) - self._until(form, start_us)).T

    def _until(self, form: Temperatures, edges_us: Int64s) -> Floats:
        """Return the degrees from the first hour to each edge, float64[g, edges].

        The answer comes `lag` hours later; before the first hour and after the last it was as then.
        """
        above, total = self._above[form.inertia_h], self._total[form.inertia_h]
        n, lag = self._celsius.size, form.lag_h
        hour = np.clip(self._hour(edges_us), 0, n)
        share = (edges_us - self._first_us) / HOUR_US - hour
        whole = total[:, np.clip(hour - lag, 0, n)] - total[:, [min(max(-lag, 0), n)]]
        if lag > 0:
            whole += above[:, :1] * np.minimum(hour, lag)
        elif lag < 0:
            whole += above[:, -1:] * np.maximum(hour - lag - n, 0)
        if share.any():
            whole += share * above[:, np.clip(hour - lag, 0, n - 1)]
        return whole

    def hours(self, form: Temperatures, parts: Int64s, start_us: Int64s) -> Floats:
        """Return the degrees of the hours of days: float64[parts, d, 24], K·d."""
        above = self.above(form.inertia_h, parts)
        at = self._hour(start_us)[:, None] + np.arange(HOURS) - form.lag_h
        at = np.clip(at, 0, self._celsius.size - 1)
        rows = above if parts.size == GRID_C.size else above[parts]
        return np.asarray(rows[:, at])

    def within(self, form: Temperatures, start_us: Int64s) -> tuple[Floats, Products]:
        """Return the degrees of the hours less the mean of each day, float64[d, g, 24], and their
        products by day."""
        key = (form.lag_h, form.inertia_h)
        if key not in self._within:
            g = GRID_C.size
            nothing = Products(np.empty((0, g)), np.empty((0, g - 1)), np.empty((0, HEATS, COOLS)))
            self._within[key] = _Within(
                np.full(self._celsius.size, -1), np.empty((0, g, HOURS)), nothing
            )
            if len(self._within) > MOST_FORMS:
                self._within.popitem(last=False)
        self._within.move_to_end(key)
        found = self._within[key]
        row_of, hours, kept = found.row_of, found.hours, found.products
        hour = self._hour(start_us)
        new = row_of[hour] < 0
        if new.any():
            rows = centred(self.hours(form, np.arange(GRID_C.size), start_us[new]))
            rows = np.ascontiguousarray(rows.transpose(1, 0, 2))
            row_of[hour[new]] = hours.shape[0] + np.arange(int(new.sum()))
            hours = np.concatenate((hours, rows))
            kept = Products(
                np.concatenate((kept.own, np.einsum("dgh,dgh->dg", rows, rows))),
                np.concatenate((kept.next, np.einsum("dgh,dgh->dg", rows[:, :-1], rows[:, 1:]))),
                np.concatenate((kept.cross, rows[:, :HEATS] @ rows[:, HEATS:].transpose(0, 2, 1))),
            )
            self._within[key] = _Within(row_of, hours, kept)
        at = row_of[hour]
        if at.size == hours.shape[0] and np.array_equal(at, np.arange(at.size)):
            return hours, kept
        return hours[at], kept.rows(at)

    def lagged(self, inertia_h: float, lags_h: Int64s, parts: Int64s, start_us: Int64s) -> Floats:
        """Return the hours of days by lag: float64[lags, parts, d, 24]."""
        above = self.above(inertia_h, parts)
        last = int(lags_h.max())
        span = np.arange(-last, HOURS - int(lags_h.min()))
        at = np.clip(self._hour(start_us)[:, None] + span, 0, self._celsius.size - 1)
        rows = above[parts][:, at]
        return np.stack([rows[:, :, last - lag : last - lag + HOURS] for lag in lags_h.tolist()])


def centred(hours: Floats) -> Floats:
    """Subtract the mean of each day; hours : float64[..., 24]."""
    return np.asarray(hours - hours.mean(axis=-1, keepdims=True), np.float64)


def climate_of(weather: Temperatures) -> Climate:
    """Return the tables of temperatures; homes of a place share them."""
    found: Climate | None = weather.tables.get("climate")
    if found is None:
        found = weather.tables["climate"] = Climate(weather)
    return found
