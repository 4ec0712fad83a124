"""Commuters: the same road on every working day, with lights and traffic that differ.

What a check against replayed drives must not mark: drives that are alike in all but their course of
speed. Only speeds are simulated.
"""

from typing import NamedTuple

import numpy as np

STEP_S = 1.0
SIDE_STREET_M, LIGHTS_EVERY_M = 400.0, 900.0


class Commute(NamedTuple):
    """Speeds of one commuter's drives, each second from the same parking place on.

    speed_kmh : float64[drives, seconds]; zeros once the car is parked.
    """

    speed_kmh: np.ndarray


def commute(rng: np.random.Generator, drives: int, seconds: int = 3_000) -> Commute:
    """Drive one road of 8 to 25 km so many times.

    Each time lights are red or green, traffic is slower on other stretches, and the driver drives
    a little faster or slower on the whole.
    """
    length_m = rng.uniform(8_000.0, 25_000.0)
    stretch_m = 500.0
    stretches = int(length_m // stretch_m) + 1
    limit_mps = rng.choice([30.0, 50.0, 50.0, 70.0, 100.0], stretches) / 3.6
    lights_m = np.sort(rng.uniform(SIDE_STREET_M, length_m, int(length_m / LIGHTS_EVERY_M)))
    waits_s = rng.uniform(2.0, 60.0, (drives, lights_m.size))
    waits_s *= rng.random((drives, lights_m.size)) < 0.4
    hasty = rng.normal(1.0, 0.04, (drives, 1))
    traffic = np.clip(rng.normal(0.95, 0.12, (drives, stretches)), 0.3, 1.1)
    wanted_mps = limit_mps * hasty * traffic
    every = np.arange(drives)
    x, v = np.zeros(drives), np.zeros(drives)
    waited, light = np.zeros(drives), np.zeros(drives, np.int64)
    stops_m = np.append(lights_m, length_m)
    ahead_m = np.append(lights_m, np.inf)
    waits_s = np.column_stack((waits_s, np.zeros(drives)))
    found = np.zeros((drives, seconds))
    for i in range(10, seconds):
        target = wanted_mps[every, np.minimum(x // stretch_m, stretches - 1).astype(np.int64)]
        red = waits_s[every, light] > waited
        to_light = np.where(red, ahead_m[light] - x, np.inf)
        to_stop = np.minimum(to_light, stops_m[-1] - x)
        target = np.minimum(target, np.sqrt(np.maximum(2.0 * 1.5 * (to_stop - 2.0), 0.0)))
        pull = np.clip(target - v, -2.5 * STEP_S, 1.4 * STEP_S)
        v = np.maximum(v + pull * rng.uniform(0.7, 1.0, drives), 0.0)
        v[to_stop < 3.0] = 0.0
        x = x + v * STEP_S
        stands = red & (to_light < 8.0) & (v < 0.5)
        waited = np.where(stands, waited + STEP_S, waited)
        passed = (x > ahead_m[light]) | (stands & (waited >= waits_s[every, light]))
        light = np.where(passed & (light < lights_m.size), light + 1, light)
        waited = np.where(passed, 0.0, waited)
        found[:, i] = v * 3.6
    return Commute(np.round(found + rng.normal(0.0, 0.3, found.shape) * (found > 0), 1).clip(0.0))
