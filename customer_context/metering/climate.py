"""Degrees of a place at every balance point of the fit, computed once for all of its homes.

The tables of a fit depend on the weather and on how late a house answers it, not on the home: they
are made when a home first asks, and kept with the temperatures. Rows of the hours within a day, and
their products, are kept by day, so that a home only weighs its days.
"""

from collections import OrderedDict
from dataclasses import dataclass

import numpy as np

from customer_context.metering.weather_model import HOUR_US, Floats, Int64s, Temperatures
from feature_kernels.baseline import (
    Rows,
    degree_days,
    fill_grid,
    no_witness,
    pack_rows,
    running_totals,
)
from feature_kernels.baseline.grid import GRID_C

MOST_FORMS = 30  # packed rows that are kept: all lags and inertias, 2 MB for a year each


@dataclass(frozen=True, slots=True)
class _Packed:
    """row_of : int64[n], packed day that begins at each hour, -1 = none"""

    row_of: Int64s
    rows: Rows


class Climate:
    """Tables of one place's temperatures."""

    def __init__(self, weather: Temperatures) -> None:
        self._first_us = int(weather.t_us[0])
        self._celsius = np.ascontiguousarray(weather.celsius)
        self._above: dict[float, Floats] = {}
        self._have: dict[float, np.ndarray] = {}
        self._total: dict[float, Floats] = {}
        self._packed: OrderedDict[tuple[int, float], _Packed] = OrderedDict()

    def above(self, inertia_h: float, parts: Int64s) -> Floats:
        """Return the degrees of hours, float64[g, n], K·d, of which rows `parts` are computed."""
        if inertia_h not in self._above:
            self._above[inertia_h] = np.empty((GRID_C.size, self._celsius.size))
            self._have[inertia_h] = np.zeros(GRID_C.size, np.bool_)
        found, have = self._above[inertia_h], self._have[inertia_h]
        new = parts[~have[parts]]
        if new.size:
            fill_grid(self._celsius, inertia_h, new, found)
            have[new] = True
        return found

    def hour(self, edges_us: Int64s) -> Int64s:
        """Return the hours of the table in which instants lie."""
        return np.asarray((edges_us - self._first_us) // HOUR_US, np.int64)

    def days(
        self, form: Temperatures, start_us: Int64s, end_us: Int64s
    ) -> tuple[Floats, Int64s, Int64s]:
        """Return the degree days of spans at each balance point, as `baseline.degree_days`.

        form : whose lag and inertia count
        """
        inertia = form.inertia_h
        if inertia not in self._total:
            above = self.above(inertia, np.arange(GRID_C.size))
            self._total[inertia] = running_totals(above)
        found: tuple[Floats, Int64s, Int64s] = degree_days(
            self._total[inertia], form.lag_h, self._first_us, start_us, end_us
        )
        return found

    def packed(self, form: Temperatures, start_us: Int64s) -> tuple[Rows, Int64s]:
        """Return the rows of the hours of days, and which of the packed days they are."""
        key = (form.lag_h, form.inertia_h)
        hour = self.hour(start_us)
        found = self._packed.get(key)
        if found is None:
            found = _Packed(np.full(self._celsius.size, -1), no_witness().packed)
        new = np.unique(hour[found.row_of[hour] < 0])
        if new.size:
            have = found.rows
            more = Rows(*pack_rows(self.above(form.inertia_h, np.arange(GRID_C.size)), key[0], new))
            found.row_of[new] = have.start.size + np.arange(new.size)
            more = more._replace(
                start=more.start + have.own.size, pairs_at=more.pairs_at + have.pairs.size
            )
            found = _Packed(found.row_of, _joined(have, more))
            self._packed[key] = found
            if len(self._packed) > MOST_FORMS:
                self._packed.popitem(last=False)
        self._packed.move_to_end(key)
        return found.rows, found.row_of[hour]


def _joined(one: Rows, other: Rows) -> Rows:
    return Rows(*(np.concatenate(both) for both in zip(one, other, strict=True)))


def climate_of(weather: Temperatures) -> Climate:
    """Return the tables of temperatures; homes of a place share them."""
    found: Climate | None = weather.tables.get("climate")
    if found is None:
        found = weather.tables["climate"] = Climate(weather)
    return found
