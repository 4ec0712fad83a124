"""Homes with known base, heating and cooling load, to measure the baseline against.

Use of an hour is base + heating · max(0, balance − T) + cooling · max(0, T − balance), times noise
of hours (people) and of days (occupancy, autocorrelated). The truth is what stands there without
the noise.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from customer_context.metering.use import Use
from customer_context.metering.weather_model import HOUR_US, Temperatures

Floats = NDArray[np.float64]

START_US = 1_672_531_200_000_000  # 2023-01-01
DAY_US = 24 * HOUR_US
BASELINE_DAYS = REPORT_DAYS = 365
LEAST_HEATING_DEGREE_DAYS = 400.0  # a climate with less of it shows nothing of that part
LEAST_COOLING_DEGREE_DAYS = 150.0


@dataclass(frozen=True, slots=True)
class Noise:
    """Scatter around the expected use.

    hour : relative standard deviation of an hour (gamma); day : of a day (log-normal)
    day_lag : autocorrelation of days; away_weeks : a year, in which people are not there
    odd_days : share of days with something unusual, of up to as much again as the day's use
    """

    hour: float
    day: float
    day_lag: float
    away_weeks: float
    odd_days: float


NOISE = {
    "mild": Noise(0.3, 0.04, 0.2, 0.0, 0.0),
    "medium": Noise(0.7, 0.12, 0.3, 0.0, 0.01),
    "hard": Noise(1.1, 0.18, 0.3, 1.0, 0.02),
}

HOUSES = {
    "prompt": (0, 0.0, 0.0),
    "late": (3, 0.0, 0.0),
    "heavy": (1, 8.0, 0.0),
    "setback": (1, 2.0, 0.6),
}
"""Hours by which heating and cooling follow the weather, time constant of the house in hours, and
the share of heating that is saved at night."""


@dataclass(frozen=True, slots=True)
class KnownHome:
    """Two years of hours: a year of baseline, and one in which a share of everything is saved.

    base_kwh, heating_kwh, cooling_kwh : of the baseline's year, expected; balance points in °C,
    None without that part
    """

    name: str
    noise: str
    weather: Temperatures
    use: Use
    until_us: int
    base_kwh: float
    heating_kwh: float
    cooling_kwh: float
    heating_c: float | None
    cooling_c: float | None
    saved_percent: float


def draw_weather(rng: np.random.Generator, days: int) -> Temperatures:
    """Draw hourly temperatures of a climate: season, daily swing by cloud, spells of weather."""
    hour = np.arange(days * 24)
    mean, season = rng.uniform(7.0, 17.0), rng.uniform(6.0, 13.0)
    spell = np.zeros(days + 1)
    for day in range(1, days + 1):
        spell[day] = 0.75 * spell[day - 1] + rng.normal(0.0, 2.2)
    swing = np.repeat(rng.uniform(1.5, 6.5, days), 24)
    return Temperatures(
        START_US + hour * HOUR_US,
        mean
        - season * np.cos(2 * np.pi * (hour / 24.0 - 20.0) / 365.25)
        + np.interp(hour / 24.0, np.arange(days + 1), spell)
        + swing * np.sin(2 * np.pi * (hour - 9) / 24.0),
    )


def _scatter(rng: np.random.Generator, noise: Noise, days: int) -> Floats:
    """Return the factor of each hour, 1 in the mean."""
    shape = 1.0 / noise.hour**2
    hours = rng.gamma(shape, 1.0 / shape, days * 24)
    level = np.zeros(days)
    for day in range(days):
        last = level[day - 1] if day else rng.normal()
        level[day] = noise.day_lag * last + np.sqrt(1.0 - noise.day_lag**2) * rng.normal()
    factor = np.exp(noise.day * level - 0.5 * noise.day**2)
    factor[rng.random(days) < noise.odd_days] *= 1.0 + rng.uniform(0.3, 1.0)
    return np.asarray(hours * np.repeat(factor, 24), np.float64)


def _rhythm(rng: np.random.Generator, days: int) -> Floats:
    """Return the shape of the base load by hour and weekday, 1 in the mean."""
    hour, day = np.tile(np.arange(24), days), np.repeat(np.arange(days), 24)
    evening = rng.uniform(0.0, 1.0) * np.exp(-(((hour - 19.0) / 2.5) ** 2))
    morning = rng.uniform(0.0, 0.6) * np.exp(-(((hour - 7.0) / 1.5) ** 2))
    off = np.where((day + 6) % 7 >= 5, rng.uniform(0.9, 1.2), 1.0)
    shape = (0.8 + evening + morning) * off
    return np.asarray(shape / shape.mean(), np.float64)


def _late(load: Floats, lag_h: int, inertia_h: float) -> Floats:
    """Let a house answer the weather later, and spread over hours; the sum stays."""
    load = np.concatenate((load[:1].repeat(lag_h), load[: load.size - lag_h]))
    if inertia_h <= 0.0:
        return load
    keep = np.exp(-1.0 / inertia_h)
    out, last = np.empty(load.size), float(load[0])
    for at, value in enumerate(load.tolist()):
        last = keep * last + (1.0 - keep) * value
        out[at] = last
    return out


def draw_home(seed: int, number: int, noise: str, house: str = "prompt") -> KnownHome:
    """Draw one home in a climate that shows its parts; house : a name of `HOUSES`."""
    rng = np.random.default_rng((seed, number))
    days = BASELINE_DAYS + REPORT_DAYS
    weather = draw_weather(rng, days)
    first = slice(0, BASELINE_DAYS * 24)
    heating_c = float(rng.uniform(12.0, 18.5))
    cooling_c = heating_c + float(rng.uniform(1.0, 7.0))
    cold = np.maximum(heating_c - weather.celsius, 0.0) / 24.0
    warm = np.maximum(weather.celsius - cooling_c, 0.0) / 24.0
    heats = rng.random() < 0.8 and cold[first].sum() >= LEAST_HEATING_DEGREE_DAYS
    cools = rng.random() < 0.6 and warm[first].sum() >= LEAST_COOLING_DEGREE_DAYS
    base_kwh = float(rng.uniform(1_500.0, 5_000.0))
    base = base_kwh / 8760.0 * _rhythm(rng, days)
    heating = cold * (base_kwh * rng.uniform(0.5, 3.0) / cold[first].sum() if heats else 0.0)
    cooling = warm * (base_kwh * rng.uniform(0.3, 2.0) / warm[first].sum() if cools else 0.0)
    lag_h, inertia_h, setback = HOUSES[house]
    heating, cooling = (_late(part, lag_h, inertia_h) for part in (heating, cooling))
    lower = np.tile(np.where((np.arange(24) + 1) % 24 < 6, 1.0 - setback, 1.0), days)
    heating = heating * lower * heating[first].sum() / max((heating * lower)[first].sum(), 1e-9)
    kind = NOISE[noise]
    people = np.ones(days)
    for at in rng.uniform(0.0, days, rng.poisson(kind.away_weeks * days / 365.0)).astype(int):
        people[at : at + 7] = 0.45
    base = base * np.repeat(people, 24)
    saved = float(rng.choice([0.0, 5.0, 10.0, 20.0]))
    kwh = (base + heating + cooling) * _scatter(rng, kind, days)
    kwh[BASELINE_DAYS * 24 :] *= 1.0 - saved / 100.0
    use = Use(weather.t_us, weather.t_us + HOUR_US, weather.t_us, np.round(kwh, 3))
    return KnownHome(
        f"home {number}",
        noise,
        weather,
        use,
        START_US + BASELINE_DAYS * DAY_US,
        float(base[first].sum()),
        float(heating[first].sum()),
        float(cooling[first].sum()),
        heating_c if heats else None,
        cooling_c if cools else None,
        saved,
    )
