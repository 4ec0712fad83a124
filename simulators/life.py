"""How people live in a home through a year: holidays, days away, guests, seasons.

A home's habits are steady, its weeks are not. What a detector must not take for an anomaly is
here, so that it can be counted.
"""

import numpy as np

from simulators.household import STEPS_PER_DAY, Calendar, Life

YEAR_DAYS = 365.0


def draw_life(calendar: Calendar, rng: np.random.Generator) -> Life:
    """Draw holidays, guests and what the seasons switch on."""
    steps = len(calendar.t_us)
    days = steps / STEPS_PER_DAY
    activity, standby = np.ones(steps), np.ones(steps)
    thrifty = rng.random() < 0.3  # pulls plugs before a journey

    def spans(a_year: float, shortest: float, longest: float) -> list[slice]:
        number = rng.poisson(a_year * days / YEAR_DAYS)
        first = rng.uniform(0.0, days, number)
        length = rng.uniform(shortest, longest, number)
        return [
            slice(int(at * STEPS_PER_DAY), int((at + long) * STEPS_PER_DAY))
            for at, long in zip(first, length, strict=True)
        ]

    for part in spans(4.0, 2.0, 6.0):
        activity[part] *= 1.6  # guests
    for part in spans(6.0, 1.0, 3.0):
        activity[part] = 0.04
    for part in spans(2.5, 5.0, 20.0):
        activity[part] = 0.04
        if thrifty:
            standby[part] = rng.uniform(0.5, 0.9)
    for part in spans(1.0, 2.0, 9.0):
        standby[part] *= rng.uniform(1.1, 1.5)  # left on
    cold = np.clip((15.0 - _smooth(calendar.outside_c)) / 15.0, 0.0, 1.0)
    warm = np.clip((_smooth(calendar.outside_c) - 20.0) / 8.0, 0.0, 1.0)
    season = np.where(cold > 0.15, rng.choice([0.0, 0.0, 25.0, 45.0, 70.0]), 0.0)
    dark = (calendar.sun <= 0.0) & (calendar.hour > 6.0) & (calendar.hour < 23.0)
    season = season + dark * activity * rng.uniform(20.0, 120.0)
    season += warm * rng.choice([0.0, 0.0, 0.0, 60.0, 300.0])
    stored: np.ndarray = np.zeros(steps)
    if rng.random() < 0.08:
        charging = (calendar.hour >= 0.5) & (calendar.hour < 7.5)
        depth = np.clip(cold * 7.0, 0.0, 7.0)
        stored = rng.uniform(1_500.0, 5_000.0) * (charging & (calendar.hour - 0.5 < depth))
    drift = 1.0 + 0.06 * np.sin(
        2 * np.pi * (np.arange(steps) / STEPS_PER_DAY + rng.uniform(0, 365)) / rng.uniform(60, 200)
    )
    return Life(activity, standby * drift, season, stored)


def _smooth(celsius: np.ndarray) -> np.ndarray:
    """Mean of the last two days."""
    width = 2 * STEPS_PER_DAY
    total = np.cumsum(np.concatenate((np.full(width, celsius[0]), celsius)))
    return np.asarray((total[width:] - total[:-width]) / width)
