"""How much the use of a window of days looks tampered with, against the meter's own past.

The published attacks on interval meters scale the load down, by one factor or by one for each
value, cut hours out, send a mean instead of values (exact, or scaled at random), or reverse the
day. Each leaves a mark that a household's own weeks do not have: quiet hours below all quiet
hours before, hours of nothing, days without shape, neighbours in time that have nothing to do with
one another, a profile that is that of the past backwards. A window's marks are compared with those
of all windows of the past, in their own scatter.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

SLOTS = 24
LEAST_DAYS = 5  # measured, in a window
LEAST_PAST_DAYS = 28
STEP_DAYS = 3  # between windows of the past
SCATTER_FLOOR = np.array([0.12, 0.12, 0.04, 0.10, 0.08, 0.08])
CENTRE, SLOPE = 4.0, 1.2  # of the logistic curve from distance to score
WORSE = np.array([-1.0, -1.0, 1.0, -1.0, -1.0, -1.0])  # the direction of each mark
LOW_SHARE = 0.1


def _profile(hours: Floats) -> Floats:
    return np.asarray(np.nanmean(hours, axis=0), np.float64)


def _correlation(a: Floats, b: Floats) -> float:
    fine = np.isfinite(a) & np.isfinite(b)
    if fine.sum() < 3 or a[fine].std() < 1e-9 or b[fine].std() < 1e-9:
        return 0.0
    return float(np.corrcoef(a[fine], b[fine])[0, 1])


def _marks(hours: Floats, usual: Floats, quiet: float, level: float) -> Floats:
    """Return the marks of a window's hours (float64[days, 24], W).

    usual : float64[24], profile of the past; quiet, level : its low hours and its mean, W
    """
    flat = hours[np.isfinite(hours)]
    mean = max(float(flat.mean()), 1.0)
    low = float(np.quantile(flat, LOW_SHARE))
    zero = float(np.mean(flat <= 0.02 * level))
    days = hours[np.isfinite(hours).sum(axis=1) >= SLOTS - 4]
    spread = float(np.mean(np.nanstd(days, axis=1) / np.maximum(np.nanmean(days, axis=1), 1.0)))
    step = hours.ravel()
    follows = _correlation(step[:-1], step[1:])
    shape = _correlation(_profile(hours), usual)
    backwards = _correlation(_profile(hours)[::-1], usual)
    return np.array(
        [
            np.log(max(low, 1.0) / max(quiet, 1.0)),
            np.log(mean / max(level, 1.0)),
            zero,
            np.log(max(spread, 0.01)),
            follows,
            shape - max(backwards, 0.0),
        ]
    )


def score(hours: Floats, first: int, end: int) -> float | None:
    """Score the days first to end of a meter against the days before, 0 (as ever) to 1.

    hours : float64[days, 24], W, NaN = not measured

    None if too little was measured in the window, or before it.
    """
    measured = np.isfinite(hours).sum(axis=1) >= SLOTS - 4
    past = np.flatnonzero(measured[:first])
    window = hours[first:end][measured[first:end]]
    if window.shape[0] < LEAST_DAYS or past.size < LEAST_PAST_DAYS:
        return None
    length = end - first
    before = hours[past]
    usual = _profile(before[-180:])
    quiet = float(np.nanquantile(before[-56:], LOW_SHARE))
    level = float(np.nanmean(before[-56:]))
    own = np.array(
        [
            _marks(before[at : at + length], usual, quiet, level)
            for at in range(0, max(before.shape[0] - length, 0) + 1, STEP_DAYS)
        ]
    )
    centre = np.median(own, axis=0)
    scatter = np.maximum(1.4826 * np.median(np.abs(own - centre), axis=0), SCATTER_FLOOR)
    marks = _marks(window, usual, quiet, level)
    far = np.maximum(WORSE * (marks - centre) / scatter, 0.0)
    far[1] *= 0.5  # the mean alone falls with every holiday
    distance = float(np.sqrt(np.sum(np.minimum(far, 8.0) ** 2)))
    return float(1.0 / (1.0 + np.exp(-SLOPE * (distance - CENTRE))))
