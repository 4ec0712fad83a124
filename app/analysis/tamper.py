"""How much the use of a window of days looks tampered with, against the meter's own past.

The published attacks on interval meters scale the load down, by one factor or by one for each
value, cut hours out, send a mean instead of values (exact, or scaled at random), or reverse the
day. Each leaves a mark that a household's own weeks do not have: all values fall alike, hours of
nothing where there was use, neighbours in time that have nothing to do with one another, days
without shape, a profile that is that of the past backwards.

A window is compared with days of several kinds: the eight weeks before it, the fortnight before it
(less what was falling already), the same season of the year before, and, where temperatures are
known, the days before it whose weather was most alike. Days on which nothing but the base load runs
say nothing, unless a home has few others: a window of them scores as ever, and one without any use
0.5, since nothing is known. How far the marks of untouched windows move is learnt from the
meter's own past, and from `SCATTER` as long as there is little of it. The weights of the score are
those of a logistic regression over simulated homes with the six attacks (`tachowatt prove tamper`,
docs/adr/0086-empty-days-and-a-kernel-of-marks.md).
"""

import numpy as np
from numpy.typing import NDArray

from feature_kernels import tampering
from feature_kernels.tampering import LEAST_PAST_DAYS, SAME, UNUSED

Floats = NDArray[np.float64]
Int64s = NDArray[np.int64]

STEP_DAYS = 7  # between windows of the past

SHARES = np.array([[1, 1, 1, 0], [0, 1, 0, 2]])
"""How much each comparison counts (the order of `tampering.PASTS`): without weather, with it."""

LOW, _TOP, NIGHT, LEVEL, RUN, ROUGH, FLAT, MIRROR, EMPTY, EVEN = range(tampering.MARKS)

# Usual move of an untouched window and its scatter: medians over simulated homes.
CENTRE = np.array([0.011, 0.075, 0.02, 0.041, 0.0, 0.0, 0.006, 0.238, 0.0, -0.002])
SCATTER = np.array([0.088, 0.208, 0.116, 0.152, 0.0, 0.104, 0.08, 0.343, 0.0, 0.002])
PRIOR_WINDOWS = 8.0  # the weight of those, in windows
LEAST_SCATTER = 0.02
MOST_FAR = 8.0

WEIGHTS = {
    "low_far": 0.323,  # low hours fell, in their own scatter
    "night_far": 0.524,  # low hours of the night fell, in their own scatter
    "level": 0.789,  # use fell, as the logarithm of what is left
    "even": 10.544,  # low, middle and high values fell alike
    "mirror": 2.671,  # the profile is nearer to the past's backwards
    "mirror_far": 0.653,  # ... in its own scatter
    "run": 6.744,  # share of the day in a row without use
    "empty": 19.481,  # slots without use that had some
    "rough": 1.466,  # neighbouring values differ more
    "smooth_far": 0.334,  # ... or less, in their own scatter
    "flat": 1.149,  # days have less shape
}
BIAS = -5.8
UNKNOWN = 0.5  # a meter that counts nothing: stopped, bypassed or an empty home
_WEIGHTS = np.array([*WEIGHTS.values()])


def evidence_of(marks: Floats, centre: Floats, scatter: Floats) -> Floats:
    """Return what is weighed, none below 0: float64[windows, pasts, weights]."""
    scatter = np.maximum(np.maximum(scatter, 0.5 * SCATTER), LEAST_SCATTER)
    far = np.clip((marks - centre) / scatter, -MOST_FAR, MOST_FAR)
    more, less = np.maximum(marks, 0.0), np.maximum(-marks, 0.0)
    further, nearer = np.maximum(far, 0.0), np.maximum(-far, 0.0)
    found = {
        "low_far": nearer[..., LOW],
        "night_far": nearer[..., NIGHT],
        "level": less[..., LEVEL],
        "even": less[..., EVEN],
        "mirror": more[..., MIRROR],
        "mirror_far": further[..., MIRROR],
        "run": more[..., RUN],
        "empty": more[..., EMPTY],
        "rough": more[..., ROUGH],
        "smooth_far": nearer[..., ROUGH],
        "flat": less[..., FLAT],
    }
    return np.stack([found[name] for name in WEIGHTS], axis=-1)


class History:
    """A meter's days, by which windows are judged; marks of untouched windows are kept.

    days    : float64[days, slots], W, NaN = not measured; length : days of a window
    degrees : float64[days, 2], heating and cooling degrees of each day, K, NaN = not known
    """

    def __init__(self, days: Floats, length: int, degrees: Floats | None = None) -> None:
        self._days = days
        self._length = length
        self._degrees = np.full((days.shape[0], 2), np.nan) if degrees is None else degrees
        self._own_firsts = np.arange(LEAST_PAST_DAYS, days.shape[0] - length + 1, STEP_DAYS)
        self._own: Floats | None = None

    def scores(self, firsts: Int64s) -> Floats:
        """Score the windows that begin with the days `firsts`, 0 (as ever) to 1, NaN: none.

        A window has none if too little was measured in it, or before it.
        """
        return _score(*self.evidence(firsts))

    def score(self, first: int, window: Floats | None = None) -> float | None:
        """Score one window. window : its days, if others than those of the history."""
        score = float(_score(*self.evidence(np.array([first]), window))[0])
        return None if np.isnan(score) else score

    def evidence(
        self, firsts: Int64s, window: Floats | None = None
    ) -> tuple[NDArray[np.int8], Floats]:
        """Return what can be said of windows (`tampering.SAID`), and the evidence of each.

        window : days of one window, if others than those of the history

        Returns int8[w] and float64[w, weights], means over the comparisons.
        """
        said, marks, own = self._marks(firsts if window is None else firsts[:0])
        if window is not None:
            days = np.concatenate((self._days[: firsts[0]], window))
            said, marks = tampering.marks_of_windows(days, self._degrees, firsts, self._length)
        centre, scatter = tampering.own_moves(
            firsts, self._length, self._own_firsts, own, CENTRE, SCATTER, PRIOR_WINDOWS
        )
        found = np.isfinite(marks[..., 0])
        share = SHARES[found[:, SAME].astype(np.int64)] * found
        evidence = evidence_of(np.nan_to_num(marks), centre, scatter) * share[..., None]
        return said, evidence.sum(axis=1) / np.maximum(share.sum(axis=1), 1)[:, None]

    def _marks(self, firsts: Int64s) -> tuple[NDArray[np.int8], Floats, Floats]:
        """Return the marks of windows, and those of the windows of the past, which are kept."""
        own = 0 if self._own is not None else self._own_firsts.size
        every = np.concatenate((self._own_firsts[:own], firsts))
        said, marks = tampering.marks_of_windows(self._days, self._degrees, every, self._length)
        if self._own is None:
            self._own = marks[:own]
        return said[own:], marks[own:], self._own


def _score(said: NDArray[np.int8], evidence: Floats) -> Floats:
    scores = 1.0 / (1.0 + np.exp(-(BIAS + evidence @ _WEIGHTS)))
    scores[said == UNUSED] = UNKNOWN
    return np.where(said > 0, scores, np.nan)
