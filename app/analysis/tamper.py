"""How much the use of a window of days looks tampered with, against the meter's own past.

The published attacks on interval meters scale the load down, by one factor or by one for each
value, cut hours out, send a mean instead of values (exact, or scaled at random), or reverse the
day. Each leaves a mark that a household's own weeks do not have: low hours and the highest values
fall alike, hours of nothing where there was use, neighbours in time that have nothing to do with
one another, days without shape, a profile that is that of the past backwards.

A window is compared with the eight weeks before it. How far the marks of untouched windows move is
learnt from the meter's own past, and from `SCATTER` as long as there is little of it. The weights
of the score are those of a logistic regression over simulated homes with the six attacks
(`tachowatt prove tamper`, docs/adr/0060-seeded-anomalies.md).
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

PAST_DAYS = 56
LEAST_PAST_DAYS = 28
LEAST_DAYS = 5  # measured, in a window
MEASURED_SHARE = 5 / 6  # of a day's slots
STEP_DAYS = 7  # between windows of the past
NOTHING = 0.02  # of the past's mean: no use
LOW_SHARES = (0.05, 0.1, 0.2)
NIGHT_H = (1, 5)  # local: sun hides no load, and most people sleep
NIGHT_LOW = 0.25
NEW_SHARE = 0.1  # of days: a slot without use more often than before

LOW, TOP, RUN, ROUGH, FLAT, MIRROR, EMPTY, NIGHT = range(8)
# Usual move of an untouched window and its scatter: medians over simulated homes.
CENTRE = np.array([0.0, 0.0, 0.0, 0.0, 0.015, 0.064, 0.0, 0.0])
SCATTER = np.array([0.067, 0.163, 0.0, 0.108, 0.119, 0.128, 0.0, 0.063])
PRIOR_WINDOWS = 8.0  # the weight of those, in windows
LEAST_SCATTER = 0.02
MOST_FAR = 8.0

WEIGHTS = {
    "low_far": 0.169,  # low hours fell, in their own scatter
    "low": 0.549,  # ... and as the logarithm of what is left
    "low_and_top": 0.944,  # low hours and highest values fell, the lesser of both
    "mirror": 2.691,  # the profile is nearer to the past's backwards
    "run": 3.38,  # share of the day in a row without use
    "rough": 1.035,  # neighbouring values differ more
    "smooth_far": 0.106,  # ... or less, in their own scatter
    "flat": 0.707,  # days have less shape
    "empty": 4.354,  # slots without use that had some
    "night_far": 0.363,  # low hours of the night fell, in their own scatter
    "night_and_top": 0.37,
}
BIAS = -3.573


def _mean(values: Floats, axis: int) -> Floats:
    """Mean of what was measured, NaN where nothing was."""
    known = np.isfinite(values)
    total = np.where(known, values, 0.0).sum(axis=axis)
    number = known.sum(axis=axis)
    return np.asarray(np.where(number > 0, total / np.maximum(number, 1), np.nan))


def _longest_run(empty: NDArray[np.bool_]) -> float:
    """Return the median over days of the longest run of empty slots, as a share of the day."""
    longest = np.zeros(empty.shape[0])
    run = np.zeros(empty.shape[0])
    for slot in range(empty.shape[1]):
        run = np.where(empty[:, slot], run + 1.0, 0.0)
        longest = np.maximum(longest, run)
    return float(np.median(longest) / empty.shape[1])


def _levels(days: Floats, least: float) -> Floats:
    """Return the marks of days that are compared by their difference; least : W, no use."""
    known = np.isfinite(days)
    floor = np.where(known, np.maximum(days, 0.0), np.nan) + least
    log = np.log(floor)
    flat = log[known]
    top = np.log(np.median(np.where(known, floor, -np.inf).max(axis=1)))
    empty = np.where(known, np.abs(days), np.inf) <= least
    steps = np.abs(np.diff(log.ravel()))
    steps = steps[np.isfinite(steps)]
    mean = _mean(days, 1)
    spread = np.sqrt(_mean((days - mean[:, None]) ** 2, 1)) / np.maximum(mean + least, least)
    first, last = (hour * days.shape[1] // 24 for hour in NIGHT_H)
    night = log[:, first:last][known[:, first:last]]
    return np.array(
        [
            np.mean(np.quantile(flat, LOW_SHARES)),
            top,
            _longest_run(empty),
            np.log(np.median(steps) + 0.02) if steps.size else 0.0,
            np.log(np.median(spread) + 0.03),
            0.0,
            0.0,
            np.quantile(night, NIGHT_LOW) if night.size else 0.0,
        ]
    )


def _profile(days: Floats, least: float) -> Floats:
    log = np.log(np.maximum(_mean(days, 0), 0.0) + least)
    return np.asarray(log - np.nanmean(log))


def _marks(window: Floats, past: Floats) -> Floats:
    """Return how a window's days differ from the past's; float64[days, slots], W."""
    level = max(float(past[np.isfinite(past)].mean()), 1e-3)
    least = NOTHING * level
    marks = _levels(window, least) - _levels(past, least)
    now, usual = _profile(window, least), _profile(past, least)
    backwards = usual[::-1]
    apart = float(np.nanmean((usual - backwards) ** 2)) + 0.02
    nearer = float(np.nanmean((now - usual) ** 2) - np.nanmean((now - backwards) ** 2))
    marks[MIRROR] = nearer / apart + 1.0
    shares = []
    for days in (window, past):
        without = (np.abs(days) <= least).astype(np.float64)
        shares.append(_mean(np.where(np.isfinite(days), without, np.nan), 0))
    new = np.nan_to_num(shares[0] - shares[1] - NEW_SHARE)
    marks[EMPTY] = float(np.maximum(new, 0.0).mean())
    return np.nan_to_num(marks)


def _distance(marks: Floats, own: Floats) -> float:
    """Return the logit of a window's marks; own : float64[n, marks], of untouched windows."""
    n = own.shape[0]
    centre, scatter = CENTRE, SCATTER
    if n:
        centre = (n * np.median(own, axis=0) + PRIOR_WINDOWS * CENTRE) / (n + PRIOR_WINDOWS)
        spread = 1.4826 * np.median(np.abs(own - centre), axis=0)
        scatter = np.sqrt((n * spread**2 + PRIOR_WINDOWS * SCATTER**2) / (n + PRIOR_WINDOWS))
    scatter = np.maximum(np.maximum(scatter, 0.5 * SCATTER), LEAST_SCATTER)
    far = np.clip((marks - centre) / scatter, -MOST_FAR, MOST_FAR)
    more, less = np.maximum(marks, 0.0), np.maximum(-marks, 0.0)
    found = {
        "low_far": max(-far[LOW], 0.0),
        "low": less[LOW],
        "low_and_top": min(less[LOW], less[TOP]),
        "mirror": more[MIRROR],
        "run": more[RUN],
        "rough": more[ROUGH],
        "smooth_far": max(-far[ROUGH], 0.0),
        "flat": less[FLAT],
        "empty": more[EMPTY],
        "night_far": max(-far[NIGHT], 0.0),
        "night_and_top": min(less[NIGHT], less[TOP]),
    }
    return BIAS + float(sum(WEIGHTS[name] * value for name, value in found.items()))


class History:
    """A meter's days, by which windows are judged; marks of untouched windows are kept.

    days : float64[days, slots], W, NaN = not measured; length : days of a window
    """

    def __init__(self, days: Floats, length: int) -> None:
        self._days = days
        self._length = length
        self._measured = _is_measured(days)
        self._own: dict[int, Floats | None] = {}

    def score(self, first: int, window: Floats | None = None) -> float | None:
        """Score the window that begins with day `first`, 0 (as ever) to 1.

        window : its days, if others than those of the history

        None if too little was measured in the window, or before it.
        """
        days = self._days[first : first + self._length] if window is None else window
        found = self._marks(first, days)
        if found is None:
            return None
        own = []
        for past in range(LEAST_PAST_DAYS, first - self._length + 1, STEP_DAYS):
            if past not in self._own:
                self._own[past] = self._marks(past, self._days[past : past + self._length])
            marks = self._own[past]
            if marks is not None:
                own.append(marks)
        untouched = np.array(own).reshape(len(own), CENTRE.size)
        return float(1.0 / (1.0 + np.exp(-_distance(found, untouched))))

    def _marks(self, first: int, days: Floats) -> Floats | None:
        days = days[_is_measured(days)]
        past = np.flatnonzero(self._measured[:first])[-PAST_DAYS:]
        if past.size < LEAST_PAST_DAYS or days.shape[0] < LEAST_DAYS:
            return None
        return _marks(days, self._days[past])


def _is_measured(days: Floats) -> NDArray[np.bool_]:
    return np.asarray(np.isfinite(days).sum(axis=1) >= MEASURED_SHARE * days.shape[1])
