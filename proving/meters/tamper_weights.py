"""Fit the weights of `tamper_score` over simulated homes, none of them below zero."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from app.analysis.tamper import WEIGHTS
from proving.meters.homes import Meter
from proving.meters.tamper import attempts

Floats = NDArray[np.float64]

STEPS = 6_000
RATE, MOMENTUM, SQUARES = 0.02, 0.9, 0.999  # Adam (Kingma and Ba, 2015)
RIDGE = 3e-4


def fit(meters: Sequence[Meter], seed: int, windows: int) -> tuple[dict[str, float], float]:
    """Return weights and bias of a logistic regression, untouched and changed windows alike heavy.

    Each window counts with the weather of its place and without it.
    """
    rows, attacked = [], []
    for weather in (False, True):
        for history, attack, first, days in attempts(meters, seed, windows, weather):
            said, found = history.evidence(np.array([first]), days)
            if said[0]:
                rows.append(found[0])
                attacked.append(attack is not None)
    weights, bias = _logistic(np.array(rows), np.array(attacked))
    return dict(zip(WEIGHTS, weights.tolist(), strict=True)), bias


def _logistic(rows: Floats, attacked: NDArray[np.bool_]) -> tuple[Floats, float]:
    scale = rows.std(axis=0) + 1e-9
    columns = np.column_stack((rows / scale, np.ones(attacked.size)))
    share = np.where(attacked, 0.5 / attacked.sum(), 0.5 / (~attacked).sum())
    found = np.append(np.full(scale.size, 0.1), -2.0)
    mean, square = np.zeros(found.size), np.zeros(found.size)
    for step in range(1, STEPS):
        odds = 1.0 / (1.0 + np.exp(-(columns @ found)))
        slope = columns.T @ (share * (odds - attacked))
        slope[:-1] += RIDGE * found[:-1]
        mean = MOMENTUM * mean + (1.0 - MOMENTUM) * slope
        square = SQUARES * square + (1.0 - SQUARES) * slope**2
        size = np.sqrt(square / (1.0 - SQUARES**step)) + 1e-9
        found = found - RATE * mean / (1.0 - MOMENTUM**step) / size
        found[:-1] = np.maximum(found[:-1], 0.0)
    return found[:-1] / scale, float(found[-1])
