"""How much of a driving score comes from the portfolio's average and not from own driving."""

import math

import numpy as np

from feature_kernels.driving import CURRENT, Factor, Model, Score
from feature_kernels.driving.score import saturated

SETTLED_M = 1_000_000.0
"""Distance from which the average counts so little that no page mentions it: with a prior of 10 km
it is one per cent of a rate."""


def average_points(score: Score, model: Model = CURRENT) -> dict[str, float]:
    """Return factor → the points that come from the portfolio's average, and not from own driving.

    It is the share less the share that the observed value alone would take; negative where the
    average is better than the driver. NaN where there is no score. What was not observed comes
    from the average alone.
    """
    found = {}
    for factor, part in zip(model.factors, score.components, strict=True):
        own = 0.0 if math.isnan(part.value) else _points(factor, part.value)
        found[part.factor] = part.share - own
    return found


def _points(factor: Factor, value: float) -> float:
    """Return the points that a value takes without any average."""
    return factor.weight * float(saturated(factor, np.array([value]))[0])
