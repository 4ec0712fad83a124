"""The driving score: 100 less one share for each factor, and nothing else.

For a factor with weight w, half point h and order o (1 or 4):

    share = w · r^o / (r^o + h^o),   r = (E · x + K · m) / (E + K)

x is what was observed over the exposure E (km for what is counted per distance, hours of driving
for the rest), m the portfolio's mean and K the exposure at which the subject's own driving weighs
as much as the portfolio. The weights sum to 100, so 0 < score <= 100. `score` is exactly
`100 - (((share_1 + share_2) + …) + share_7)`, in the order of FACTORS.

Order 4 makes distributions count little while ordinary and much beyond the half point: on real
trips they separate aggressive from calm drivers at least as well as counts
(`docs/field/driving.md`).
Harsh events are counted over the trips in which they can be seen (`quality` has no rate_too_low);
where there is none, they are not observed, and the portfolio's mean counts.
The portfolio means are assumptions until there is a portfolio; a change of any number here is a
new ALGORITHM_VERSION.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from feature_kernels.driving.carry import (
    ACCEL_BIN_MPS2,
    ACCEL_BINS,
    RATIO_BIN,
    RATIO_BINS,
    SPEED_BIN_KMH,
    SPEED_BINS,
)
from feature_kernels.driving.rows import QUALITY_FLAGS, percentile95

ALGORITHM_VERSION = "driving-score/2"

SEVERITY_WEIGHTS = (1.0, 2.0, 4.0)
"""What an event of severity 1, 2, 3 counts; own, Verizon's three classes are not equal either."""

TRIP_MIN_M, TRIP_MIN_S, TRIP_MIN_MEASURED = 1_000.0, 180.0, 0.8
"""A single trip always gets a number; below these it is not trusted."""

MIN_SEEN = 0.5
"""Below this share of the distance with harsh events to be seen, a score is not trusted."""

SUBJECT_MIN_M = 30_000.0
"""Below, a subject of several trips has no score (Damoov asks for 400 km in two weeks)."""

SUBJECT_TRUSTED_M = 100_000.0
"""Below, a subject's score is not trusted."""


class Factor(NamedTuple):
    """One reason to lose points. `prior` is K: km where per_distance, else hours of driving."""

    name: str
    unit: str
    weight: float
    half: float
    order: int
    mean: float
    prior: float
    per_distance: bool


FACTORS = (
    Factor("harsh_braking", "per 100 km", 20.0, 15.0, 1, 5.0, 10.0, True),
    Factor("harsh_acceleration", "per 100 km", 12.0, 15.0, 1, 4.0, 10.0, True),
    Factor("harsh_cornering", "per 100 km", 12.0, 15.0, 1, 5.0, 10.0, True),
    Factor("speeding", "share of time", 18.0, 0.2, 1, 0.05, 0.2, False),
    Factor("night", "share of time", 4.0, 0.5, 1, 0.08, 0.2, False),
    Factor("acceleration_p95", "m/s²", 18.0, 1.5, 4, 1.2, 0.1, False),
    Factor("speed_p95", "of limit or 130 km/h", 16.0, 1.1, 4, 0.85, 0.1, False),
)


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


def score(trips: NDArray[np.void], single_trip: bool | None = None) -> Score:
    """Score one subject.

    trips : TRIP_DTYPE[k], of one subject; their `device` does not matter.
    single_trip : judge by a trip's minima, not a subject's; default: k == 1.

    Returns Score.
    Invariants: score == 100 - sum of the shares in order, exactly; the same trips in another
    order give the same score (sums are exact: math.fsum); each share lies within 0 and its weight.
    Complexity: O(k).
    Source: shrinkage and exposure as in `docs/field/driving.md` (Damoov, Tesla, Geotab);
    own weights.
    Oracle: `tests/oracles/driving.py`.
    """
    if single_trip is None:
        single_trip = trips.shape[0] == 1
    exposure = _exposure(trips)
    reason = _no_score(exposure, single_trip)
    components = []
    lost = 0.0
    for factor, value in zip(FACTORS, _observed(trips, exposure), strict=True):
        share = math.nan if reason else _share(factor, value, exposure)
        lost += share
        components.append(Component(factor.name, value, factor.unit, share))
    trusted = not reason and exposure.measured_share >= TRIP_MIN_MEASURED
    trusted = trusted and exposure.seen_m >= MIN_SEEN * exposure.distance_m
    if single_trip:
        trusted = trusted and exposure.distance_m >= TRIP_MIN_M
        trusted = trusted and exposure.duration_s >= TRIP_MIN_S
    else:
        trusted = trusted and exposure.distance_m >= SUBJECT_TRUSTED_M
    return Score(100.0 - lost, trusted, reason, tuple(components), exposure, ALGORITHM_VERSION)


def _no_score(exposure: Exposure, single_trip: bool) -> str:
    if exposure.trips == 0:
        return "no trips"
    if not single_trip and exposure.distance_m < SUBJECT_MIN_M:
        return f"less than {SUBJECT_MIN_M / 1e3:.0f} km driven"
    return ""


def _total(values) -> float:
    return math.fsum(float(value) for value in values)


def _exposure(trips) -> Exposure:
    duration = _total((trips["end_us"] - trips["start_us"]) / 1e6)
    measured = _total(trips["measured_s"])
    return Exposure(
        int(trips.shape[0]),
        _total(trips["distance_m"]),
        duration,
        _total(trips["driving_s"]),
        min(measured / duration, 1.0) if duration > 0.0 else 0.0,
        _total(trips["distance_m"][_seen(trips)]),
    )


def _seen(trips):
    return (trips["quality"] & QUALITY_FLAGS["rate_too_low"]) == 0


def _per_100_km(counts, kilometres: float) -> float:
    events = _total((counts * np.array(SEVERITY_WEIGHTS)).ravel())
    return 100.0 * events / kilometres if kilometres > 0.0 else math.nan


def _p95(histograms, bins: int, width: float) -> float:
    summed = np.array([_total(histograms[:, i]) for i in range(bins)])
    return float(percentile95(summed, 0, bins, width))


def _observed(trips, exposure: Exposure) -> tuple[float, ...]:
    km, driving = exposure.seen_m / 1e3, exposure.driving_s
    seen = trips[_seen(trips)]
    limited = _total(trips["speed_limited_s"])
    if driving > 0.0 and limited >= 0.5 * driving:
        fast = _p95(trips["ratio_hist_s"], RATIO_BINS, RATIO_BIN)
    else:
        fast = _p95(trips["speed_hist_s"], SPEED_BINS, SPEED_BIN_KMH) / 130.0
    return (
        _per_100_km(seen["harsh_braking"], km),
        _per_100_km(seen["harsh_acceleration"], km),
        _per_100_km(seen["harsh_cornering"], km),
        _total(trips["speeding_s"]) / limited if limited > 0.0 else math.nan,
        _total(trips["night_s"]) / driving if driving > 0.0 else math.nan,
        _p95(trips["accel_hist_s"], ACCEL_BINS, ACCEL_BIN_MPS2),
        fast,
    )


def _share(factor: Factor, value: float, exposure: Exposure) -> float:
    own = exposure.seen_m / 1e3 if factor.per_distance else exposure.driving_s / 3600.0
    rate = factor.mean
    if not math.isnan(value):
        rate = (own * value + factor.prior * factor.mean) / (own + factor.prior)
    x, h = rate, factor.half
    if factor.order == 4:
        x, h = x * x * x * x, h * h * h * h
    return factor.weight * (x / (x + h))
