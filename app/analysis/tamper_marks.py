"""The marks that tampering leaves in a window of days, against days that it is compared with.

Most marks are medians over days of what one day shows, so that a holiday of some days is none: a
meter that counts less counts less every day. Values are logarithms of power, above `least`, which
stands for no use.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

MEASURED_SHARE = 5 / 6  # of a day's slots
NOTHING = 0.02  # of the mean that a window is compared with: no use
QUANTILES = np.array([0.05, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.95, 1.0])  # of a day's slots
LOW_QUANTILES = 3  # the first of them
NIGHT_H = (1, 5)  # local: sun hides no load, and most people sleep
NIGHT_LOW = 0.25
MOST_OF_DAYS = 0.6  # of a window's days lie below what is compared
NEW_SHARE = 0.1  # of days: a slot without use more often than before
EVEN = 0.2  # scatter over quantiles of a fall that is even, as a logarithm

# What one day shows, then its quantiles.
LOW, TOP, NIGHT, LEVEL, RUN, ROUGH, FLAT = range(7)
# Marks of a window: those, and what only its days together show.
MIRROR, EMPTY, EVEN_FALL = range(7, 10)
MARKS = 10
FOLLOW_WEATHER = slice(LOW, LEVEL + 1)


def is_measured(days: Floats) -> Bools:
    """Tell which days were measured for the most part; float64[days, slots]."""
    return np.asarray(np.isfinite(days).sum(axis=1) >= MEASURED_SHARE * days.shape[1])


def mean(values: Floats, axis: int) -> Floats:
    """Mean of what was measured, NaN where nothing was."""
    known = np.isfinite(values)
    if known.all():
        return np.asarray(values.mean(axis=axis), np.float64)
    total = np.where(known, values, 0.0).sum(axis=axis)
    number = known.sum(axis=axis)
    return np.asarray(np.where(number > 0, total / np.maximum(number, 1), np.nan))


def ranked(rows: Floats, shares: Floats) -> Floats:
    """Return the values of each row at shares of its measured ones, nearest rank; NaN: none."""
    number = np.isfinite(rows).sum(axis=1)
    rank = np.rint(np.maximum(number - 1, 0)[:, None] * shares).astype(np.int64)
    return np.asarray(np.take_along_axis(np.sort(rows, axis=1), rank, axis=1), np.float64)


def _middle(rows: Floats, share: float = 0.5) -> Floats:
    return ranked(rows.T, np.array([share]))[:, 0]


def _longest_runs(empty: Bools) -> Floats:
    """Return the longest run of empty slots of each day, as a share of it."""
    longest, run = np.zeros(empty.shape[0]), np.zeros(empty.shape[0])
    for slot in range(empty.shape[1]):
        run = np.where(empty[:, slot], run + 1.0, 0.0)
        longest = np.maximum(longest, run)
    return np.asarray(longest / empty.shape[1])


def no_use(days: Floats) -> float:
    """Return the power that stands for no use, W; in steps, so that what it gives can be kept."""
    level = max(float(np.abs(days[np.isfinite(days)]).mean()), 1e-3)
    return float(NOTHING * 2.0 ** (np.rint(2.0 * np.log2(level)) / 2.0))


def of_days(days: Floats, least: float) -> Floats:
    """Return what each day shows: float64[days, 7 + quantiles].

    days : float64[days, slots], W, NaN = not measured; least : W, no use
    """
    slots = days.shape[1]
    log = np.log(np.maximum(days, 0.0) + least)
    quantiles = ranked(log, QUANTILES)
    first, last = (hour * slots // 24 for hour in NIGHT_H)
    average = mean(days, 1)
    spread = np.sqrt(mean((days - average[:, None]) ** 2, 1))
    shown = np.empty((days.shape[0], FLAT + 1 + QUANTILES.size))
    shown[:, LOW] = quantiles[:, :LOW_QUANTILES].mean(axis=1)
    shown[:, TOP] = quantiles[:, -1]
    shown[:, NIGHT] = ranked(log[:, first:last], np.array([NIGHT_LOW]))[:, 0]
    shown[:, LEVEL] = np.log(mean(np.maximum(days, 0.0), 1) + least)
    shown[:, RUN] = _longest_runs(np.abs(days) <= least)
    shown[:, ROUGH] = ranked(np.abs(np.diff(log, axis=1)), np.array([0.5]))[:, 0]
    # export and import may cancel each other: the spread is to what flows either way
    shown[:, FLAT] = np.log(spread / (mean(np.abs(days), 1) + least) + 0.03)
    shown[:, FLAT + 1 :] = quantiles
    return shown


def of_window(
    days: Floats, others: Floats, shown: Floats, usual: Floats, least: float, drift: Floats
) -> Floats:
    """Return the marks of a window: float64[MARKS], 0 where nothing can be said.

    days, others : float64[days, slots], W, of the window and of what it is compared with
    shown, usual : what each of those days shows (`of_days`)
    drift        : float64[4], by how much the weather alone changes LOW, TOP, NIGHT and LEVEL
    """
    marks = np.empty(MARKS)
    marks[FOLLOW_WEATHER] = _middle(shown[:, FOLLOW_WEATHER], MOST_OF_DAYS) - drift
    marks[FOLLOW_WEATHER] -= _middle(usual[:, FOLLOW_WEATHER])
    now, before = (_middle(part[:, RUN : FLAT + 1]) for part in (shown, usual))
    marks[RUN] = now[0] - before[0]
    marks[ROUGH] = np.log((now[1] + 0.02) / (before[1] + 0.02))
    marks[FLAT] = now[2] - before[2]
    marks[MIRROR] = _mirrored(_profile(days, least), _profile(others, least))
    new = _without(days, least) - _without(others, least) - NEW_SHARE
    marks[EMPTY] = float(np.maximum(new, 0.0).mean())
    fall = mean(shown[:, FLAT + 1 :], 0) - mean(usual[:, FLAT + 1 :], 0) - drift[LEVEL]
    marks[EVEN_FALL] = min(fall.mean(), 0.0) * np.exp(-fall.std() / EVEN)
    return np.nan_to_num(marks)


def _profile(days: Floats, least: float) -> Floats:
    log = np.log(np.maximum(mean(days, 0), 0.0) + least)
    return np.asarray(log - mean(log, 0))


def _mirrored(now: Floats, usual: Floats) -> float:
    """Return how much nearer a profile is to the usual one's backwards; 0 = not at all."""
    backwards = usual[::-1]
    apart = float(mean((usual - backwards) ** 2, 0)) + 0.02
    return float(mean((now - usual) ** 2, 0) - mean((now - backwards) ** 2, 0)) / apart + 1.0


def _without(days: Floats, least: float) -> Floats:
    """Return the share of days that use nothing, by slot."""
    empty = np.count_nonzero(np.abs(days) <= least, axis=0)
    known = np.count_nonzero(np.isfinite(days), axis=0)
    return np.asarray(empty / np.maximum(known, 1), np.float64)
