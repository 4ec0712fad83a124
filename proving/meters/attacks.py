"""The six published attacks on interval values: how a meter's days are changed to be billed less.

Source: P. Jokar, N. Arianpoor, V. Leung, "Electricity Theft Detection in AMI Using Customers'
Consumption Patterns", IEEE Transactions on Smart Grid 7(1), 2016.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
LEAST_LEFT, MOST_LEFT = 0.1, 0.8  # of a value
LEAST_OFF_H = 4.0


def scaled(days: Floats, rng: np.random.Generator) -> Floats:
    """Leave one share of all values; days : float64[days, slots], kWh."""
    return days * rng.uniform(LEAST_LEFT, MOST_LEFT)


def cut_out(days: Floats, rng: np.random.Generator) -> Floats:
    """Send nothing for the same hours of each day."""
    slots = days.shape[1]
    length = round(rng.uniform(LEAST_OFF_H, 12.0) * slots / 24.0)
    first = int(rng.integers(0, slots - length + 1))
    changed = days.copy()
    changed[:, first : first + length] = 0.0
    return changed


def scaled_at_random(days: Floats, rng: np.random.Generator) -> Floats:
    """Leave a share of its own of each value."""
    return days * rng.uniform(LEAST_LEFT, MOST_LEFT, days.shape)


def mean_at_random(days: Floats, rng: np.random.Generator) -> Floats:
    """Send shares at random of the day's mean."""
    return _means(days) * rng.uniform(LEAST_LEFT, MOST_LEFT, days.shape)


def mean(days: Floats, rng: np.random.Generator) -> Floats:
    """Send the day's mean all day."""
    return _means(days)


def mirrored(days: Floats, rng: np.random.Generator) -> Floats:
    """Send the day backwards, so that expensive hours become cheap ones."""
    return days[:, ::-1].copy()


def _means(days: Floats) -> Floats:
    return np.broadcast_to(np.nanmean(days, axis=1, keepdims=True), days.shape).copy()


ATTACKS: dict[str, Callable[[Floats, np.random.Generator], Floats]] = {
    "scaled": scaled,
    "cut_out": cut_out,
    "scaled_at_random": scaled_at_random,
    "mean_at_random": mean_at_random,
    "mean": mean,
    "mirrored": mirrored,
}
