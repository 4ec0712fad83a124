"""The driving score: 100 less one share for each factor, and nothing else (score_models.py).

`score` is exactly `100 - (((share_1 + share_2) + …) + share_n)`, in the order of the factors.
Harsh events are counted over the trips in which they can be seen (`quality` has no rate_too_low);
what is not observed counts as the portfolio's mean, or as what is expected of such a driver.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from feature_kernels.driving.score_models import ALGORITHM_VERSION as ALGORITHM_VERSION
from feature_kernels.driving.score_models import CURRENT, Factor, Model
from feature_kernels.driving.score_observed import amount, exposure_of, observed, ratio
from feature_kernels.driving.score_sums import subject_sums, trip_sums

TRIP_MIN_M, TRIP_MIN_S, TRIP_MIN_MEASURED = 1_000.0, 180.0, 0.8
"""A single trip always gets a number; below these it is not trusted."""

MIN_SEEN = 0.5
"""Below this share of the distance with harsh events to be seen, a score is not trusted."""

SUBJECT_MIN_M = 30_000.0
"""Below, a subject of several trips has no score (Damoov asks for 400 km in two weeks)."""

SUBJECT_TRUSTED_M = 100_000.0
"""Below, a subject's score is not trusted."""

STRENGTH = "acceleration_for_road"
"""The factor that every device with speeds shows, and that tells how somebody drives else."""

NO_TRIPS = "no trips"
NOT_COUNTED = "the data were made up or changed"

Floats = NDArray[np.float64]


class Component(NamedTuple):
    """A factor's observed value (NaN = not observed) and the points it took."""

    factor: str
    value: float
    unit: str
    share: float


class Exposure(NamedTuple):
    """What a score stands on.

    measured_share : of the trips' duration; seen_m : of distance_m, where harsh events can be seen.
    """

    trips: int
    distance_m: float
    duration_s: float
    driving_s: float
    measured_share: float
    seen_m: float


class Score(NamedTuple):
    """score : 0-100, NaN = none, then `reason` says why and the components' shares are NaN."""

    score: float
    trusted: bool
    reason: str
    components: tuple[Component, ...]
    exposure: Exposure
    algorithm_version: str


class Scores(NamedTuple):
    """Scores of many subjects, row by row.

    score : float64[d], NaN = none. trusted : bool[d]. values, shares : float64[d, factors].
    sums : int64[d, WIDTH] of score_sums.
    """

    score: Floats
    trusted: NDArray[np.bool_]
    values: Floats
    shares: Floats
    sums: NDArray[np.int64]


def score(
    trips: NDArray[np.void], single_trip: bool | None = None, model: Model = CURRENT
) -> Score:
    """Score one subject.

    trips : TRIP_DTYPE[k], of one subject; their `device` and order do not matter.
    single_trip : judge by a trip's minima, not a subject's; default: k == 1.

    Returns Score.
    Invariants: score == 100 - sum of the shares in order, exactly; the same trips in another
    order, and among other subjects (`score_many`), give the same bits; each share lies within 0
    and its weight; more of a factor at the same exposure never raises the score.
    Complexity: O(k log k).
    Source: docs/score.md.
    Oracle: `tests/oracles/driving.py`.
    """
    if single_trip is None:
        single_trip = trips.shape[0] == 1
    trips = trips[np.lexsort((trips["driving_s"], trips["end_us"], trips["start_us"]))]
    found = score_many(trips, np.array([0, trips.shape[0]], np.int64), single_trip, model)
    exposure = _exposure(found.sums[0])
    reason = "" if exposure.trips else NO_TRIPS if trips.shape[0] == 0 else NOT_COUNTED
    if not reason and not single_trip and exposure.distance_m < SUBJECT_MIN_M:
        reason = f"less than {SUBJECT_MIN_M / 1e3:.0f} km driven"
    components = tuple(
        Component(factor.name, float(value), factor.unit, float(share))
        for factor, value, share in zip(
            model.factors, found.values[0], found.shares[0], strict=True
        )
    )
    return Score(
        float(found.score[0]), bool(found.trusted[0]), reason, components, exposure, model.version
    )


def score_many(
    trips: NDArray[np.void],
    starts: NDArray[np.int64],
    single_trip: bool = False,
    model: Model = CURRENT,
) -> Scores:
    """Score many subjects at once.

    trips : TRIP_DTYPE[k], each subject's side by side and by `start_us`.
    starts : int64[d + 1], where each subject's trips begin; the last one is k.

    Complexity: O(k + d).
    """
    trips, starts = in_horizon(trips, starts, model)
    return score_of_sums(subject_sums(trip_sums(trips, starts), starts), single_trip, model)


def in_horizon(
    trips: NDArray[np.void], starts: NDArray[np.int64], model: Model = CURRENT
) -> tuple[NDArray[np.void], NDArray[np.int64]]:
    """Keep the trips that began within the version's horizon before each subject's newest one.

    trips, starts : as for `score_many`; the same form is returned.
    """
    if model.horizon_days == 0 or trips.shape[0] == 0:
        return trips, starts
    some = starts[1:] > starts[:-1]
    newest = np.zeros(some.shape[0], np.int64)
    newest[some] = np.maximum.reduceat(trips["start_us"], starts[:-1][some])
    after = newest - model.horizon_days * 86_400_000_000
    keep = trips["start_us"] >= np.repeat(after, np.diff(starts))
    kept = np.concatenate(([0], np.cumsum(keep))).astype(np.int64)
    return trips[keep], kept[starts]


def score_of_sums(
    sums: NDArray[np.int64], single_trip: bool = False, model: Model = CURRENT
) -> Scores:
    """Score subjects by the sums of their trips: int64[d, WIDTH] (score_sums)."""
    values = observed(sums, model)
    rates = rates_of(model, values, sums)
    shares = np.empty_like(values)
    for i, factor in enumerate(model.factors):
        shares[:, i] = factor.weight * saturated(factor, rates[:, i])
    distance = amount(sums, "distance_m")
    duration = amount(sums, "duration_s")
    none = amount(sums, "trips") == 0.0
    trusted = np.minimum(ratio(amount(sums, "measured_s"), duration), 1.0) >= TRIP_MIN_MEASURED
    trusted &= amount(sums, "seen_m") >= MIN_SEEN * distance
    if single_trip:
        trusted &= (distance >= TRIP_MIN_M) & (duration >= TRIP_MIN_S)
    else:
        trusted &= distance >= SUBJECT_TRUSTED_M
        none |= distance < SUBJECT_MIN_M
    shares[none] = np.nan
    lost = np.zeros(sums.shape[0])
    for i in range(shares.shape[1]):
        lost = lost + shares[:, i]
    return Scores(100.0 - lost, trusted & ~none, values, shares, sums)


def rates_of(model: Model, values: Floats, sums: NDArray[np.int64]) -> Floats:
    """What is taken for each factor's rate, r: float64[d, factors].

    values : of `observed`. An observed one is shrunk to the portfolio's mean. One that is not is
    the mean; by_observed, times a power of how strongly the subject accelerates.
    """
    rates = np.empty_like(values)
    strength = np.ones(values.shape[0])
    for i, factor in enumerate(model.factors):
        own = exposure_of(model, factor, sums)
        rate = (own * values[:, i] + factor.prior * factor.mean) / (own + factor.prior)
        rates[:, i] = np.where(np.isnan(values[:, i]), factor.mean, rate)
        if model.by_observed and factor.name == STRENGTH and factor.mean > 0.0:
            strength = rates[:, i] / factor.mean
    for i, factor in enumerate(model.factors):
        for _ in range(factor.power if model.by_observed else 0):
            rates[:, i] = np.where(np.isnan(values[:, i]), rates[:, i] * strength, rates[:, i])
    return rates


def saturated(factor: Factor, x: Floats) -> Floats:
    """x^o / (x^o + h^o), from 0 to 1."""
    h = factor.half
    for _ in range(factor.order // 2):  # order 1, 2, 4: none, one or two squares
        x, h = x * x, h * h
    return x / (x + h)


def _exposure(sums: NDArray[np.int64]) -> Exposure:
    row = sums[np.newaxis, :]
    amounts = {
        name: float(amount(row, name)[0])
        for name in ("trips", "distance_m", "duration_s", "driving_s", "measured_s", "seen_m")
    }
    measured = amounts["measured_s"] / amounts["duration_s"] if amounts["duration_s"] > 0.0 else 0.0
    return Exposure(
        int(amounts["trips"]), amounts["distance_m"], amounts["duration_s"],
        amounts["driving_s"], min(measured, 1.0), amounts["seen_m"],
    )  # fmt: skip


def relative_risk(points: float, model: Model = CURRENT) -> float:
    """Claims per km, over those of a driver with 100 points."""
    return math.exp(model.span * (100.0 - points) / 100.0)
