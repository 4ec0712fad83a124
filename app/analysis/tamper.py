"""How much the use of a window of days looks tampered with, against the meter's own past.

The published attacks on interval meters scale the load down, by one factor or by one for each
value, cut hours out, send a mean instead of values (exact, or scaled at random), or reverse the
day. Each leaves a mark that a household's own weeks do not have: all values fall alike, hours of
nothing where there was use, neighbours in time that have nothing to do with one another, days
without shape, a profile that is that of the past backwards.

A window is compared with days of several kinds (`Past`): the eight weeks before it, the fortnight
before it, the same season of the year before, and, where temperatures are known, the days before it
whose weather was most alike. How far the marks of untouched windows move is learnt from the meter's
own past, and from `SCATTER` as long as there is little of it. The weights of the score are those of
a logistic regression over simulated homes with the six attacks (`tachowatt prove tamper`,
docs/adr/0079-tampering-and-season.md).
"""

import numpy as np
from numpy.typing import NDArray

from app.analysis import tamper_marks as marks_of
from app.analysis.tamper_marks import (
    EMPTY,
    EVEN_FALL,
    FLAT,
    FOLLOW_WEATHER,
    LEVEL,
    LOW,
    MARKS,
    MIRROR,
    NIGHT,
    ROUGH,
    RUN,
    Bools,
    Floats,
    is_measured,
)

Int64s = NDArray[np.int64]

PAST_DAYS = 56
NEAR_DAYS = 14
LEAST_PAST_DAYS = 28
LEAST_DAYS = 5  # measured, in a window
STEP_DAYS = 7  # between windows of the past
YEAR_DAYS = 365
SEASON_DAYS = 21  # before and after the window, a year ago
SAME_WEATHER = 4  # days for each day of the window
WEATHER_DAYS = 400
WEATHER_HALF_LIFE_DAYS = 180.0  # of what a day says about the effect of weather
WEATHER_AGE_DAYS = 60.0  # a day as much older counts as weather that differs by a kelvin
WEATHER_PRIOR = 10.0  # K² of days without effect

RECENT, NEAR, LAST_YEAR, SAME = range(4)
SHARES = {False: {RECENT: 1, NEAR: 1, LAST_YEAR: 1}, True: {SAME: 2, NEAR: 1}}
"""Whether weather is known, and how much each comparison counts."""

# Usual move of an untouched window and its scatter: medians over simulated homes.
CENTRE = np.array([0.011, 0.075, 0.02, 0.041, 0.0, 0.0, 0.006, 0.238, 0.0, -0.002])
SCATTER = np.array([0.088, 0.208, 0.116, 0.152, 0.0, 0.104, 0.08, 0.343, 0.0, 0.002])
PRIOR_WINDOWS = 8.0  # the weight of those, in windows
LEAST_SCATTER = 0.02
MOST_FAR = 8.0

WEIGHTS = {
    "low_far": 0.24,  # low hours fell, in their own scatter
    "low": 1.025,  # ... and as the logarithm of what is left
    "night_far": 0.668,  # low hours of the night fell, in their own scatter
    "level": 0.488,  # use fell, as the logarithm of what is left
    "even": 7.962,  # low, middle and high values fell alike
    "mirror": 3.666,  # the profile is nearer to the past's backwards
    "mirror_far": 0.272,  # ... in its own scatter
    "run": 6.709,  # share of the day in a row without use
    "empty": 19.471,  # slots without use that had some
    "rough": 1.453,  # neighbouring values differ more
    "smooth_far": 0.355,  # ... or less, in their own scatter
    "flat": 0.781,  # days have less shape
}
BIAS = -6.151


def evidence_of(marks: Floats, own: Floats) -> dict[str, float]:
    """Return what is weighed, none below 0; own : float64[n, marks], of untouched windows."""
    n = own.shape[0]
    centre, scatter = CENTRE, SCATTER
    if n:
        centre = (n * np.median(own, axis=0) + PRIOR_WINDOWS * CENTRE) / (n + PRIOR_WINDOWS)
        spread = 1.4826 * np.median(np.abs(own - centre), axis=0)
        scatter = np.sqrt((n * spread**2 + PRIOR_WINDOWS * SCATTER**2) / (n + PRIOR_WINDOWS))
    scatter = np.maximum(np.maximum(scatter, 0.5 * SCATTER), LEAST_SCATTER)
    far = np.clip((marks - centre) / scatter, -MOST_FAR, MOST_FAR)
    more, less = np.maximum(marks, 0.0), np.maximum(-marks, 0.0)
    return {
        "low_far": max(-far[LOW], 0.0),
        "low": less[LOW],
        "night_far": max(-far[NIGHT], 0.0),
        "level": less[LEVEL],
        "even": less[EVEN_FALL],
        "mirror": more[MIRROR],
        "mirror_far": max(far[MIRROR], 0.0),
        "run": more[RUN],
        "empty": more[EMPTY],
        "rough": more[ROUGH],
        "smooth_far": max(-far[ROUGH], 0.0),
        "flat": less[FLAT],
    }


class History:
    """A meter's days, by which windows are judged; marks of untouched windows are kept.

    days    : float64[days, slots], W, NaN = not measured; length : days of a window
    degrees : float64[days, 2], heating and cooling degrees of each day, K, NaN = not known
    """

    def __init__(self, days: Floats, length: int, degrees: Floats | None = None) -> None:
        self._days = days
        self._length = length
        self._measured = is_measured(days)
        self._degrees = degrees
        self._warm: Bools | None = None
        if degrees is not None:
            self._warm = np.asarray(np.isfinite(degrees).all(axis=1))
        self._shown: dict[float, Floats] = {}
        self._own: dict[int, dict[int, Floats]] = {}

    def score(self, first: int, window: Floats | None = None) -> float | None:
        """Score the window that begins with day `first`, 0 (as ever) to 1.

        window : its days, if others than those of the history

        None if too little was measured in the window, or before it.
        """
        found = self.evidence(first, window)
        if found is None:
            return None
        logit = BIAS + sum(WEIGHTS[name] * value for name, value in found.items())
        return float(1.0 / (1.0 + np.exp(-logit)))

    def evidence(self, first: int, window: Floats | None = None) -> dict[str, float] | None:
        """Return what is weighed, as its mean over the comparisons; None as in `score`."""
        found = self.marks(first, window)
        if not found:
            return None
        own: dict[int, list[Floats]] = {past: [] for past in found}
        for start in range(LEAST_PAST_DAYS, first - self._length + 1, STEP_DAYS):
            if start not in self._own:
                self._own[start] = self.marks(start)
            for past, marks in self._own[start].items():
                if past in own:
                    own[past].append(marks)
        shares = SHARES[SAME in found]
        total = float(sum(shares.get(past, 0) for past in found))
        answer: dict[str, float] = dict.fromkeys(WEIGHTS, 0.0)
        for past, marks in found.items():
            if past in shares:
                rows = np.array(own[past]).reshape(len(own[past]), MARKS)
                for name, value in evidence_of(marks, rows).items():
                    answer[name] += float(value) * shares[past] / total
        return answer

    def marks(self, first: int, window: Floats | None = None) -> dict[int, Floats]:
        """Return the marks of a window against each past that there is."""
        at = np.arange(first, min(first + self._length, self._days.shape[0]))
        days = self._days[at] if window is None else window
        good = is_measured(days)
        before = np.flatnonzero(self._measured[:first])
        if before.size < LEAST_PAST_DAYS or good.sum() < LEAST_DAYS:
            return {}
        days, at = days[good], at[good]
        found = {}
        for past, others in self._pasts(first, at, before).items():
            least = marks_of.no_use(self._days[others])
            all_shown = self._shown_by(least)
            shown = all_shown[at] if window is None else marks_of.of_days(days, least)
            drift = np.zeros(LEVEL + 1)
            if past == SAME:
                drift = self._drift(first, at, others, all_shown)
            found[past] = marks_of.of_window(
                days, self._days[others], shown, all_shown[others], least, drift
            )
        return found

    def _shown_by(self, least: float) -> Floats:
        if least not in self._shown:
            self._shown[least] = marks_of.of_days(self._days, least)
        return self._shown[least]

    def _pasts(self, first: int, at: Int64s, before: Int64s) -> dict[int, Int64s]:
        """Return the days that a window is compared with, by kind."""
        found = {RECENT: before[-PAST_DAYS:], NEAR: before[-NEAR_DAYS:]}
        begin = first - YEAR_DAYS
        end = begin + self._length + SEASON_DAYS
        season = before[(before >= begin - SEASON_DAYS) & (before < end)]
        if season.size >= LEAST_PAST_DAYS:
            found[LAST_YEAR] = season
        if self._degrees is None or self._warm is None:
            return found
        known = before[self._warm[before]][-WEATHER_DAYS:]
        now = at[self._warm[at]]
        if known.size >= LEAST_PAST_DAYS and now.size >= LEAST_DAYS:
            apart = np.abs(self._degrees[now][:, None, :] - self._degrees[known]).sum(axis=2)
            apart += (first - known) / WEATHER_AGE_DAYS
            nearest = np.argsort(apart, axis=1, kind="stable")[:, :SAME_WEATHER]
            found[SAME] = known[nearest.ravel()]
        return found

    def _drift(self, first: int, at: Int64s, others: Int64s, shown: Floats) -> Floats:
        """Return what weather that is still different changes, by a regression over the past."""
        assert self._degrees is not None and self._warm is not None
        known = np.flatnonzero(self._warm[:first] & self._measured[:first])[-WEATHER_DAYS:]
        weight = 0.5 ** ((first - known) / WEATHER_HALF_LIFE_DAYS)
        columns = np.column_stack((np.ones(known.size), self._degrees[known]))
        weighed = columns.T * weight
        prior = np.diag([1e-6, WEATHER_PRIOR, WEATHER_PRIOR])
        usual = np.nan_to_num(shown[known, FOLLOW_WEATHER])
        effect = np.linalg.solve(weighed @ columns + prior, weighed @ usual)[1:]
        now = self._degrees[at[self._warm[at]]].mean(axis=0)
        return np.asarray((now - self._degrees[others].mean(axis=0)) @ effect)
