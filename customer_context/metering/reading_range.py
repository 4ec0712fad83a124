"""The register that a meter's own past allows at a time.

Between two known registers the use of the time between is bounded by both. After the last one it is
forecast from the same hours of the last weeks and, where the past reaches back so far, from the
same season of last year. How far such a forecast of as many days errs is tried on the meter's own
past, at the same time of day; the range is the shortest that holds COVERED of those errors. Where
all of them have one sign, as after one lasting change of use, they say how far a forecast errs and
not to which side: the range reaches as far to the other side.

Source of the range: conformal prediction (Vovk et al., Algorithmic Learning in a Random World,
2005): of m exchangeable errors and the next one each rank is as probable as any other.
"""

from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Int64s = NDArray[np.int64]

DAY_US = 86_400_000_000
HOUR_US = 3_600_000_000
RECENT_DAYS = 28
YEAR_DAYS = 365
SEASON_SHARE = 0.5  # of a forecast of weeks: the same season of last year; single days vary more
LAST_DAYS, LAST_SHARE = 3, 0.45  # ... holidays and guests last
WEEKS, WEEK_SHARE = 4, 0.3  # ... and the same days of the last weeks
ORIGIN_DAYS = 400  # of the past on which the forecast is tried: each season once
LEAST_ORIGINS = 12
COVERED = 0.98  # of right readings lie in the range
DEFAULT_ERROR = (0.5, 1.7)  # factors of a forecast, where the past is too short to try it
WITHIN_A_DAY = 0.4  # a stretch of a share s of a day uses up to 1.7 s^-0.4 times the mean
CLOCK_US = HOUR_US // 2  # how far the time of a reading is off
BELOW_KWH, ABOVE_KWH = 1.0, 0.5  # a display cuts the fraction off; a person rounds it
CONNECTION_KW = 57.4  # feature_kernels.consumption.Parameters.highest_power_kw
DENSE_US = 7 * DAY_US  # readings farther apart show the mean use alone, and not how it varies
ONE_READING_KWH_PER_DAY = 60.0  # the most that a home uses for long: a heat pump in winter


@dataclass(frozen=True, slots=True)
class Register:
    """A meter's register: int64[n] µs ascending, float64[n] kWh not falling."""

    t_us: Int64s
    kwh: Floats

    def at(self, t_us: Int64s) -> Floats:
        """Return the register by a straight line between readings."""
        return np.asarray(np.interp(t_us, self.t_us, self.kwh), np.float64)


def expected_range(register: Register, at_us: int) -> tuple[float, float, float]:
    """Return the expected register and its range, kWh."""
    first, last = int(register.t_us[0]), int(register.t_us[-1])
    if at_us <= last:
        known = float(register.at(np.array([at_us]))[0])
        low = _bound(register, at_us - CLOCK_US)[0]
        high = _bound(register, at_us + CLOCK_US)[1]
        if at_us < first:
            low -= CONNECTION_KW * (first - at_us) / HOUR_US
        return known, low - BELOW_KWH, high + ABOVE_KWH
    ahead = at_us - last
    base = float(register.kwh[-1])
    if register.t_us.size == 1:
        most = ONE_READING_KWH_PER_DAY * max(ahead, DAY_US) / DAY_US
        return base + 0.2 * most, base - BELOW_KWH, base + most + ABOVE_KWH
    use = float(_forecast(register, np.array([last]), ahead)[0])
    span = max(ahead, int(np.median(np.diff(register.t_us[-2 * RECENT_DAYS :]))))
    errors = _errors(register, span) if _dense(register) else np.empty(0)
    low, high = DEFAULT_ERROR
    if errors.size >= LEAST_ORIGINS:
        low, high = _shortest(errors, max(span / DAY_US, 1.0))
        if not low <= 1.0 <= high:
            low, high = min(low, 2.0 - high), max(high, 2.0 - low)
        uneven = (span / ahead) ** WITHIN_A_DAY
        low, high = 1.0 + (low - 1.0) * uneven, 1.0 + (high - 1.0) * uneven
    return base + use, base + max(low, 0.0) * use - BELOW_KWH, base + high * use + ABOVE_KWH


def _bound(register: Register, t_us: int) -> tuple[float, float]:
    """Bound the register at a time between two known ones, kWh.

    The use is even over a day or longer within DEFAULT_ERROR, and less so over a shorter time.
    """
    t, kwh = register.t_us, register.kwh
    if t_us <= t[0] or t_us >= t[-1]:
        edge = float(kwh[0] if t_us <= t[0] else kwh[-1])
        return edge, edge
    after = int(np.searchsorted(t, t_us, "right"))
    length = float(t[after] - t[after - 1])
    before, use = float(kwh[after - 1]), float(kwh[after] - kwh[after - 1])
    least, most = _share(float(t_us - t[after - 1]), length)
    rest_least, rest_most = _share(float(t[after] - t_us), length)
    return (
        before + use * max(least, 1.0 - rest_most),
        before + use * min(most, 1.0 - rest_least),
    )


def _share(stretch_us: float, length_us: float) -> tuple[float, float]:
    """Return the least and greatest share of the use of a time that a part of it has."""
    share = min(stretch_us / DAY_US, 1.0)
    even = stretch_us / length_us
    if share <= 0.0:
        return 0.0, 0.0
    low, high = DEFAULT_ERROR
    return (low * even if share == 1.0 else 0.0), min(high * even * share**-WITHIN_A_DAY, 1.0)


def _forecast(register: Register, origins: Int64s, ahead: int) -> Floats:
    """Forecast the use of the time `ahead` (µs) from instants, kWh, from what was known then."""
    start = int(register.t_us[0])
    recent = np.minimum(RECENT_DAYS * DAY_US, origins - start)
    use = register.at(origins) - register.at(origins - recent)
    by_recent = np.where(recent > 0, use * ahead / np.maximum(recent, 1), 0.0)
    full = recent == RECENT_DAYS * DAY_US
    season = SEASON_SHARE
    if ahead < WEEKS * 7 * DAY_US // 2:
        season = 0.0
        by_recent = np.where(full, _with_last_days(register, origins, ahead, by_recent), by_recent)
    then = origins - YEAR_DAYS * DAY_US
    before = register.at(then) - register.at(then - recent)
    seasonal = (register.at(then + ahead) - register.at(then)) * use
    fits = (recent > 0) & (then - recent >= start) & (before > 0.0)
    if ahead > YEAR_DAYS * DAY_US:
        return by_recent
    seasonal = seasonal / np.where(fits, before, 1.0)
    return np.where(fits, (1.0 - season) * by_recent + season * seasonal, by_recent)


def _with_last_days(register: Register, origins: Int64s, ahead: int, by_recent: Floats) -> Floats:
    """Weigh the same hours of the last weeks with the last days, and the same days of the weeks."""
    days = -(-ahead // DAY_US)
    by_hours = _mean(register, origins, ahead, DAY_US * np.arange(days, RECENT_DAYS + 1))
    by_last = _mean(register, origins, ahead, DAY_US * np.arange(days, max(days, LAST_DAYS) + 1))
    if days > LAST_DAYS:
        last = register.at(origins) - register.at(origins - LAST_DAYS * DAY_US)
        by_last = last * ahead / (LAST_DAYS * DAY_US)
    week = 7 * DAY_US
    by_week = _mean(register, origins, ahead, week * np.arange(1 + (ahead - 1) // week, WEEKS + 1))
    rest = 1.0 - LAST_SHARE - WEEK_SHARE
    return rest * by_hours + LAST_SHARE * by_last + WEEK_SHARE * by_week


def _mean(register: Register, origins: Int64s, ahead: int, back: Int64s) -> Floats:
    """Return the mean use of the same time `ahead`, begun so much earlier, kWh."""
    begins = origins[:, None] - back[None, :]
    return np.asarray((register.at(begins + ahead) - register.at(begins)).mean(axis=1), np.float64)


def _errors(register: Register, ahead: int) -> Floats:
    """Return use / forecast from past instants, at the time of day of the last register."""
    end = int(register.t_us[-1])
    reach = min(end - ahead - int(register.t_us[0]) - RECENT_DAYS * DAY_US, ORIGIN_DAYS * DAY_US)
    if reach < 0:
        return np.empty(0)
    origins = end - ahead - DAY_US * np.arange(reach // DAY_US + 1)
    if ahead % DAY_US:  # as many whole days back that the time of day is the same
        origins = end - DAY_US * np.arange(-(-ahead // DAY_US), reach // DAY_US + 1)
    expected = _forecast(register, origins, ahead)
    use = register.at(origins + ahead) - register.at(origins)
    return np.asarray(use[expected > 0.0] / expected[expected > 0.0], np.float64)


def _shortest(errors: Floats, days: float) -> tuple[float, float]:
    """Return the shortest range that holds COVERED of what comes.

    Spans of several days overlap: they count as so many as fit side by side. Where those are too
    few to show COVERED the range is widened as that of a normal distribution would be.
    """
    found = np.sort(errors)
    apart = max(found.size / days, 2.0)
    share = min(COVERED * (apart + 1.0) / apart, 1.0)
    count = min(int(np.ceil(share * found.size)), found.size)
    widths = found[count - 1 :] - found[: found.size - count + 1]
    at = int(np.argmin(widths))
    low, high = float(found[at]), float(found[at + count - 1])
    wider = 0.5 * (high - low) * (_widening(round(apart)) - 1.0)
    return low - wider, high + wider


@lru_cache(maxsize=1_024)
def _widening(count: int) -> float:
    """Return by how much the range of so many errors is widened to hold COVERED of them."""
    normal = NormalDist()
    return max(
        normal.inv_cdf(0.5 + COVERED / 2.0) / normal.inv_cdf((count + 0.5) / (count + 1.0)), 1.0
    )


def _dense(register: Register) -> bool:
    """Return whether the last year was read often enough to show how the use varies."""
    recent = register.t_us[register.t_us >= register.t_us[-1] - YEAR_DAYS * DAY_US]
    return bool(recent.size > LEAST_ORIGINS and np.diff(recent).max() <= DENSE_US)
