"""What a subject's trips show of each factor of the score, and over how much they show it."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from feature_kernels.driving.carry import (
    ACCEL_BIN_MPS2,
    JERK_BIN_MPS3,
    RATIO_BIN,
    RATIO_BINS,
    SPEED_BIN_KMH,
    SPEED_BINS,
    USE_BIN,
)
from feature_kernels.driving.score_models import Factor, Model
from feature_kernels.driving.score_sums import COLUMNS

Floats = NDArray[np.float64]

EXCEEDED, EXCEEDED_AT_KMH = 0.05, 50.0
"""A level `for_road` is exceeded for this share of the driving at this speed: there it is the 95th
percentile. A trip of the WLTC, without stops, has 53 km/h on average."""


def asked_of_road(v_kmh: float) -> int:
    """How much acceleration a road with this mean speed asks for at least, 1e-4 m/s².

    The least relative positive acceleration (metres of driving, times acceleration, over metres) of
    a valid trip: Regulation (EU) 2017/1151, annex IIIA, appendix 7a.
    """
    return round(max(1755.0 - 16.0 * v_kmh, 250.0))


_ASKED = np.array([asked_of_road((i + 0.5) * SPEED_BIN_KMH) for i in range(SPEED_BINS)], np.int64)


def observed(sums: NDArray[np.int64], model: Model) -> Floats:
    """What was observed of each factor: float64[d, factors], NaN = nothing."""
    found = np.empty((sums.shape[0], len(model.factors)))
    for i, factor in enumerate(model.factors):
        of = factor.name
        if model.by_observed and of in _BY_OBSERVED:
            found[:, i] = _BY_OBSERVED[of](sums)
        else:
            found[:, i] = _OBSERVED[of](sums)
    return found


def exposure_of(model: Model, factor: Factor, sums: NDArray[np.int64]) -> Floats:
    """How much a factor was observed, E: km where per_distance, else hours; float64[d]."""
    if model.by_observed:
        return _SEEN[factor.name](sums) / (1e3 if factor.per_distance else 3600.0)
    if factor.per_distance:
        return amount(sums, "seen_m") / 1e3
    return amount(sums, "driving_s") / 3600.0


def amount(sums: NDArray[np.int64], name: str) -> Floats:
    """Read a column in its own unit."""
    values = sums[:, COLUMNS[name].start].astype(np.float64)
    return values if name == "trips" or name.startswith("harsh") else values / 1e6


def ratio(part: Floats, whole: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(whole > 0.0, part / whole, np.nan)


def _per_100_km(name: str, sums: NDArray[np.int64]) -> Floats:
    return ratio(100.0 * amount(sums, name), amount(sums, "seen_m") / 1e3)


def _p95(name: str, width: float, sums: NDArray[np.int64]) -> Floats:
    return _percentile95(sums[:, COLUMNS[name]], width)


def _percentile95(hist: NDArray[np.int64], width: float) -> Floats:
    return _level(hist, 0.95, width)


def _level(hist: NDArray[np.int64], below: float | Floats, width: float) -> Floats:
    """What lies above a share `below` of a histogram of seconds; linear within a bin, NaN = empty.

    below : one share, or float64[d].
    """
    until = np.cumsum(hist, axis=1)
    wanted = below * until[:, -1].astype(np.float64)
    at = np.argmax(until >= wanted[:, np.newaxis], axis=1)
    rows = np.arange(hist.shape[0])
    inside = hist[rows, at].astype(np.float64)
    before = (until[rows, at] - hist[rows, at]).astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = (at + (wanted - before) / inside) * width
    return np.where(until[:, -1] > 0, found, np.nan)


def _for_road(hist: NDArray[np.int64], width: float, sums: NDArray[np.int64]) -> Floats:
    """The level that is exceeded for as much of the driving as the road asks for.

    In town a driver brakes and accelerates all the time, on a motorway seldom: a percentile would
    say where somebody drives. The faster the road, the smaller is the share that counts.
    """
    seconds = sums[:, COLUMNS["speed_hist_s"]]
    asked = (seconds @ _ASKED).astype(np.float64)  # whole numbers: exact in any order
    usual = seconds.sum(axis=1).astype(np.float64) * asked_of_road(EXCEEDED_AT_KMH)
    exceeded = EXCEEDED * np.where(usual > 0.0, ratio(asked, usual), 1.0)
    return _level(hist, 1.0 - exceeded, width)


def _fast(sums: NDArray[np.int64]) -> Floats:
    """95th percentile of speed over limit; over 130 km/h where limits are known too seldom."""
    enough = amount(sums, "limited_s") >= 0.5 * amount(sums, "driving_s")
    enough &= amount(sums, "driving_s") > 0.0
    by_limit = _p95("ratio_hist_s", RATIO_BIN, sums)
    return np.where(enough, by_limit, _p95("speed_hist_s", SPEED_BIN_KMH, sums) / 130.0)


def _excess(sums: NDArray[np.int64]) -> Floats:
    """Mean of what speed is above the limit, of the limit, over all time with a limit."""
    hist = sums[:, COLUMNS["ratio_hist_s"]].astype(np.float64)
    above = np.maximum((np.arange(RATIO_BINS) + 0.5) * RATIO_BIN - 1.0, 0.0)
    sum_, time = np.zeros(sums.shape[0]), np.zeros(sums.shape[0])
    for i in range(RATIO_BINS):  # one by one: the same bits for one subject and for many
        sum_, time = sum_ + hist[:, i] * above[i], time + hist[:, i]
    return ratio(sum_, time)


_OBSERVED: dict[str, Callable[[NDArray[np.int64]], Floats]] = {
    "harsh_braking": lambda sums: _per_100_km("harsh_braking", sums),
    "harsh_acceleration": lambda sums: _per_100_km("harsh_acceleration", sums),
    "harsh_cornering": lambda sums: _per_100_km("harsh_cornering", sums),
    "speeding": lambda sums: ratio(amount(sums, "speeding_s"), amount(sums, "limited_s")),
    "speeding_excess": _excess,
    "speed_p95": _fast,
    "acceleration_p95": lambda sums: _p95("accel_hist_s", ACCEL_BIN_MPS2, sums),
    "acceleration_for_speed_p95": lambda sums: _p95("use_hist_s", USE_BIN, sums),
    "longitudinal_for_speed_p95": lambda sums: _p95("along_hist_s", USE_BIN, sums),
    "jerk_p95": lambda sums: _p95("jerk_hist_s", JERK_BIN_MPS3, sums),
    "night": lambda sums: ratio(amount(sums, "night_s"), amount(sums, "clock_s")),
    "phone": lambda sums: ratio(amount(sums, "phone_s"), amount(sums, "watched_s")),
    "fatigue": lambda sums: ratio(amount(sums, "tired_s"), amount(sums, "driving_s")),
}
"""How each factor that a model may have is observed: sums -> float64[d]."""


def _events(name: str, over: str) -> Callable[[NDArray[np.int64]], Floats]:
    return lambda sums: ratio(100.0 * amount(sums, name), amount(sums, over) / 1e3)


def _strength_hist(sums: NDArray[np.int64]) -> NDArray[np.int64]:
    return sums[:, COLUMNS["accel_hist_s"]] + sums[:, COLUMNS["sparse_hist_s"]]


_BY_OBSERVED: dict[str, Callable[[NDArray[np.int64]], Floats]] = {
    "harsh_braking": _events("harsh_braking", "longitudinal_m"),
    "harsh_acceleration": _events("harsh_acceleration", "longitudinal_m"),
    "harsh_cornering": _events("harsh_cornering_seen", "lateral_m"),
    "acceleration_for_road": lambda sums: _for_road(_strength_hist(sums), ACCEL_BIN_MPS2, sums),
    "jerk_for_road": lambda sums: _for_road(sums[:, COLUMNS["jerk_hist_s"]], JERK_BIN_MPS3, sums),
    "longitudinal_for_speed_p95": lambda sums: _p95("along_hist_s", USE_BIN, sums),
}
"""How versions with `by_observed` observe these; the others as all versions."""


def _seconds(name: str) -> Callable[[NDArray[np.int64]], Floats]:
    """Seconds of a histogram."""
    return lambda sums: sums[:, COLUMNS[name]].sum(axis=1).astype(np.float64) / 1e6


_SEEN: dict[str, Callable[[NDArray[np.int64]], Floats]] = {
    "harsh_braking": lambda sums: amount(sums, "longitudinal_m"),
    "harsh_acceleration": lambda sums: amount(sums, "longitudinal_m"),
    "harsh_cornering": lambda sums: amount(sums, "lateral_m"),
    "speeding": lambda sums: amount(sums, "limited_s"),
    "speeding_excess": lambda sums: amount(sums, "limited_s"),
    "speed_p95": _seconds("speed_hist_s"),
    "acceleration_for_road": lambda sums: _strength_hist(sums).sum(axis=1).astype(np.float64) / 1e6,
    "acceleration_for_speed_p95": _seconds("use_hist_s"),
    "longitudinal_for_speed_p95": _seconds("along_hist_s"),
    "jerk_for_road": _seconds("jerk_hist_s"),
    "night": lambda sums: amount(sums, "clock_s"),
    "phone": lambda sums: amount(sums, "watched_s"),
    "fatigue": lambda sums: amount(sums, "driving_s"),
}
"""In how many m or s each factor could be observed: sums -> float64[d]."""
