"""What a trip adds to the inputs of a score, in whole millionths: sums without rounding.

Sums of whole numbers are exact in any order, so the same trips give the same score, bit for bit,
one by one or a million at a time.
"""

import numpy as np
from numpy.typing import NDArray

from feature_kernels.driving.carry import (
    ACCEL_BINS,
    JERK_BINS,
    RATIO_BINS,
    SPEED_BINS,
    USE_BINS,
)
from feature_kernels.driving.rows import NOT_SCORED, QUALITY_FLAGS

SEVERITY_WEIGHTS = (1, 2, 4)
"""What an event of severity 1, 2, 3 counts; own, Verizon's three classes are not equal either."""

BREAK_S = 900.0
SPELL_S = 7_200.0
"""Driving beyond SPELL_S without a break of BREAK_S counts as driving tired: a break of at least 15
minutes every two hours (UK Highway Code, rule 91)."""

_PARTS = (
    *(("trips", 1), ("distance_m", 1), ("seen_m", 1), ("duration_s", 1), ("driving_s", 1)),
    *(("measured_s", 1), ("limited_s", 1), ("speeding_s", 1), ("night_s", 1), ("clock_s", 1)),
    *(("phone_s", 1), ("watched_s", 1), ("tired_s", 1)),
    *(("harsh_braking", 1), ("harsh_acceleration", 1), ("harsh_cornering", 1)),
    *(("accel_hist_s", ACCEL_BINS), ("speed_hist_s", SPEED_BINS), ("ratio_hist_s", RATIO_BINS)),
    *(("use_hist_s", USE_BINS), ("jerk_hist_s", JERK_BINS)),
    *(("longitudinal_m", 1), ("lateral_m", 1), ("harsh_cornering_seen", 1)),
    *(("along_hist_s", USE_BINS), ("sparse_hist_s", ACCEL_BINS)),
)
COLUMNS: dict[str, slice] = {}
for _name, _width in _PARTS:
    _at = max((part.stop for part in COLUMNS.values()), default=0)
    COLUMNS[_name] = slice(_at, _at + _width)
WIDTH = max(part.stop for part in COLUMNS.values())
WIDTH_BEFORE_OBSERVED = COLUMNS["longitudinal_m"].start
"""So many columns the versions before `by_observed` have: an examiner's digest is of those."""
HISTOGRAMS = tuple(name for name in COLUMNS if name.endswith("_hist_s"))
SEEN_SHARE = 0.5
"""Below this share of the driving, events across are not counted as seen; as `rate_too_low`."""


def trip_sums(trips: NDArray[np.void], starts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Inputs of the score, for each trip.

    trips : TRIP_DTYPE[k], the trips of a subject side by side, by time within it.
    starts : int64[d + 1], where each subject begins; the last one is k.

    Returns int64[k, WIDTH], columns as COLUMNS, in millionths of their unit (trips and events in
    whole ones). clock_s, watched_s : driving whose hour of the day, whose phone was observed.
    longitudinal_m, lateral_m : distance on which acceleration along, across was seen, where it was
    for half of the driving; harsh_cornering_seen : harsh_cornering of trips where it was. A trip
    with a flag of NOT_SCORED adds nothing, as if it had not been.
    """
    scored = (trips["quality"] & NOT_SCORED) == 0
    sums = np.zeros((trips.shape[0], WIDTH), np.int64)
    seen = (trips["quality"] & QUALITY_FLAGS["rate_too_low"]) == 0
    driving = _whole(trips["driving_s"])
    across = _share(trips["lateral_s"], trips["driving_s"], 0.0)
    along = np.where(seen, _share(trips["longitudinal_s"], trips["driving_s"], 1.0), 0.0)
    weights = np.array(SEVERITY_WEIGHTS, np.int64)
    put = {
        "trips": np.ones(trips.shape[0], np.int64),
        "distance_m": _whole(trips["distance_m"]),
        "seen_m": np.where(seen, _whole(trips["distance_m"]), 0),
        "duration_s": (trips["end_us"] - trips["start_us"]).astype(np.int64),
        "driving_s": driving,
        "measured_s": _whole(trips["measured_s"]),
        "limited_s": _whole(trips["speed_limited_s"]),
        "speeding_s": _whole(trips["speeding_s"]),
        "night_s": _whole(trips["night_s"]),
        "clock_s": np.where(np.isnan(trips["night_s"]), 0, driving),
        "phone_s": _whole(trips["phone_s"]),
        "watched_s": np.where(np.isnan(trips["phone_s"]), 0, driving),
        "tired_s": _tired_of(trips, driving, starts, scored),
        "longitudinal_m": _whole(along * trips["distance_m"]),
        "lateral_m": _whole(across * trips["distance_m"]),
        "harsh_cornering_seen": np.where(across > 0.0, trips["harsh_cornering"] @ weights, 0),
    }
    for name, values in put.items():
        sums[:, COLUMNS[name].start] = values
    for name in ("harsh_braking", "harsh_acceleration", "harsh_cornering"):
        sums[:, COLUMNS[name].start] = np.where(seen, trips[name] @ weights, 0)
    for name in HISTOGRAMS:
        sums[:, COLUMNS[name]] = _whole(trips[name])
    sums[~scored] = 0
    return sums


def subject_sums(sums: NDArray[np.int64], starts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Sum the trips of each subject: int64[d, WIDTH]; zeros for a subject without trips."""
    totals = np.zeros((starts.shape[0] - 1, WIDTH), np.int64)
    some = starts[1:] > starts[:-1]
    if some.any():
        totals[some] = np.add.reduceat(sums, starts[:-1][some], axis=0)
    return totals


def _whole(values: NDArray[np.float64]) -> NDArray[np.int64]:
    """Millionths, rounded half to even; what is not known is 0."""
    whole: NDArray[np.int64] = np.rint(np.where(np.isnan(values), 0.0, values) * 1e6).astype(
        np.int64
    )
    return whole


def _share(
    part: NDArray[np.float64], whole: NDArray[np.float64], unknown: float
) -> NDArray[np.float64]:
    """Return the share that was seen, 0 below SEEN_SHARE; `unknown` where no trip notes it."""
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.minimum(np.where(whole > 0.0, part / whole, 0.0), 1.0)
    share = np.where(share >= SEEN_SHARE, share, 0.0)
    found: NDArray[np.float64] = np.where(np.isnan(part), unknown, share)
    return found


def _tired_of(
    trips: NDArray[np.void],
    driving: NDArray[np.int64],
    starts: NDArray[np.int64],
    scored: NDArray[np.bool_],
) -> NDArray[np.int64]:
    """`_tired` of the trips that count, as if the others had not been."""
    if scored.all():
        return _tired(trips, driving, starts)
    tired = np.zeros(trips.shape[0], np.int64)
    kept = np.concatenate(([0], np.cumsum(scored))).astype(np.int64)
    tired[scored] = _tired(trips[scored], driving[scored], kept[starts])
    return tired


def _tired(
    trips: NDArray[np.void], driving: NDArray[np.int64], starts: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Millionths of a second of each trip beyond SPELL_S of driving without a break."""
    n = trips.shape[0]
    if n == 0:
        return np.zeros(0, np.int64)
    fresh = np.ones(n, np.bool_)
    fresh[1:] = (trips["start_us"][1:] - trips["end_us"][:-1]) >= int(BREAK_S * 1e6)
    fresh[starts[:-1][starts[:-1] < n]] = True
    until = np.cumsum(driving)
    spell = np.flatnonzero(fresh)[np.cumsum(fresh) - 1]  # index of the first trip since the break
    after = until - (until[spell] - driving[spell])
    limit = int(SPELL_S * 1e6)
    tired: NDArray[np.int64] = np.maximum(after - limit, 0) - np.maximum(after - driving - limit, 0)
    return tired
