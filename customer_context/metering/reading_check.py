"""Is a reading of a meter plausible? The range that its own past allows, and what may be wrong.

The rule of the command, the API and the customer's page.

Within the recording the register is known to a fraction of an interval. After it the use so far is
forecast from the mean of the last weeks and, where the past reaches back so far, from the same
season of last year. How far such a forecast of as many days errs is tried on the meter's own past.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Int64s = NDArray[np.int64]

DAY_US = 86_400_000_000
HOUR_US = 3_600_000_000
RECENT_DAYS = 28
YEAR_DAYS = 365
LEAST_ORIGINS = 12
DEFAULT_ERROR = (0.5, 1.7)  # factors of a forecast, where the past is too short to try it
WIDER = 0.02  # what the past has not shown
LAST_DAYS, LAST_SHARE = 3, 0.3  # of the forecast: holidays and guests last
WEEKS, WEEK_SHARE = 4, 0.3  # ... and the same days of the last weeks
ROUNDING_KWH = 1.0  # a reading is written down in whole kWh
CONNECTION_KW = 57.4  # feature_kernels.consumption.Parameters.highest_power_kw
DIFFERENT_METER = 0.25  # share of the register: farther off it is another meter's
DENSE_US = 7 * DAY_US  # readings farther apart show the mean use alone, and not how it varies
ONE_READING_KWH_PER_DAY = 60.0  # the most that a home uses for long: a heat pump in winter


class Verdict(StrEnum):
    """What a reading looks like. `unknown`: nothing is known of this meter to compare it with."""

    PLAUSIBLE = "plausible"
    TOO_LOW = "too_low"
    TOO_HIGH = "too_high"
    DIGITS_SWAPPED = "digits_swapped"
    WRONG_METER = "wrong_meter"
    UNKNOWN = "unknown"


class Why(StrEnum):
    """Why a reading has its verdict; `customer_context.metering.words` says it in words."""

    EXPECTED = "expected"
    ROLLED_OVER = "rolled_over"
    SWAPPED = "swapped"
    FAR = "far"
    BACKWARDS = "backwards"
    LESS = "less"
    MORE = "more"
    OTHER_NUMBER = "other_number"
    TOO_MANY_DIGITS = "too_many_digits"
    FIRST = "first"


@dataclass(frozen=True, slots=True)
class Judgement:
    """A reading and its verdict. expected, low, high, last : kWh, None = not known."""

    verdict: Verdict
    why: Why
    reading: float
    expected: float | None = None
    low: float | None = None
    high: float | None = None
    last: float | None = None


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
        at = max(at_us, first)
        known = float(register.at(np.array([at]))[0])
        around = register.at(np.array([at - HOUR_US, at + HOUR_US]))
        if at_us < first:
            around[0] -= CONNECTION_KW * (first - at_us) / HOUR_US
        return known, float(around[0]) - ROUNDING_KWH, float(around[1]) + ROUNDING_KWH
    ahead = at_us - last
    if register.t_us.size == 1:
        most = ONE_READING_KWH_PER_DAY * max(ahead, DAY_US) / DAY_US
        base = float(register.kwh[-1])
        return base + 0.2 * most, base - ROUNDING_KWH, base + most + ROUNDING_KWH
    use = _forecast(register, last, ahead)
    low, high = DEFAULT_ERROR
    errors = _errors(register, ahead) if _dense(register) else np.empty(0)
    if errors.size >= LEAST_ORIGINS:
        low = float(errors.min()) - WIDER
        high = float(errors.max()) + WIDER
    base = float(register.kwh[-1])
    return base + use, base + max(low, 0.0) * use - ROUNDING_KWH, base + high * use + ROUNDING_KWH


def _forecast(register: Register, origin: int, ahead: int) -> float:
    """Forecast the use of the time `ahead` (µs) from an instant, from what was known then."""
    start = int(register.t_us[0])
    recent = min(RECENT_DAYS * DAY_US, origin - start)
    if recent <= 0:
        return 0.0
    values = register.at(np.array([origin - recent, origin]))
    by_recent = float(values[1] - values[0]) * ahead / recent
    if recent == RECENT_DAYS * DAY_US and ahead < WEEKS * 7 * DAY_US // 2:
        by_recent = _with_last_days(register, origin, ahead, by_recent)
    year = YEAR_DAYS * DAY_US
    if origin - year - recent < start or ahead > year:
        return by_recent
    then = register.at(np.array([origin - year - recent, origin - year, origin - year + ahead]))
    before = float(then[1] - then[0])
    if before <= 0.0:
        return by_recent
    seasonal = float(then[2] - then[1]) * float(values[1] - values[0]) / before
    return 0.5 * (by_recent + seasonal)


def _with_last_days(register: Register, origin: int, ahead: int, by_recent: float) -> float:
    """Weigh the mean of the last weeks with the last days, and the same days of those weeks."""
    last = register.at(np.array([origin - LAST_DAYS * DAY_US, origin]))
    by_last = float(last[1] - last[0]) * ahead / (LAST_DAYS * DAY_US)
    week = 7 * DAY_US
    begins = origin - week * np.arange(1 + ahead // week, WEEKS + 1)
    by_week = by_recent
    if begins.size:
        by_week = float(np.mean(register.at(begins + ahead) - register.at(begins)))
    rest = 1.0 - LAST_SHARE - WEEK_SHARE
    return rest * by_recent + LAST_SHARE * by_last + WEEK_SHARE * by_week


def _errors(register: Register, ahead: int) -> Floats:
    """Return use / forecast from past instants."""
    first = int(register.t_us[0]) + RECENT_DAYS * DAY_US
    last = int(register.t_us[-1]) - ahead
    found = []
    for origin in range(first, last + 1, max((last - first) // 120, DAY_US)):
        expected = _forecast(register, origin, ahead)
        values = register.at(np.array([origin, origin + ahead]))
        if expected > 0.0:
            found.append(float(values[1] - values[0]) / expected)
    return np.array(found)


def _swapped(reading: float, low: float, high: float) -> bool:
    """Tell whether two digits in the other order would fit."""
    digits = list(str(int(reading)))
    for one in range(len(digits)):
        for other in range(one + 1, len(digits)):
            turned = digits.copy()
            turned[one], turned[other] = turned[other], turned[one]
            if turned != digits and low <= int("".join(turned)) + reading % 1.0 <= high:
                return True
    return False


def _dense(register: Register) -> bool:
    """Tell whether the last year was read often enough to show how the use varies."""
    recent = register.t_us[register.t_us >= register.t_us[-1] - YEAR_DAYS * DAY_US]
    return bool(recent.size > LEAST_ORIGINS and np.diff(recent).max() <= DENSE_US)


def judge(
    register: Register | None, at_us: int, reading: float, *, digits: int | None = None
) -> Judgement:
    """Judge a reading (kWh).

    register : None = nothing is known. digits : whole ones that the meter shows; then it may have
    rolled over since the last reading.
    """
    if digits is not None and reading >= 10**digits:
        return Judgement(Verdict.WRONG_METER, Why.TOO_MANY_DIGITS, reading)
    if register is None or not register.t_us.size:
        return Judgement(Verdict.UNKNOWN, Why.FIRST, reading)
    expected, low, high = expected_range(register, at_us)
    last_us, last = int(register.t_us[-1]), float(register.kwh[-1])
    around = (reading, expected, low, high, last)
    if low <= reading <= high:
        return Judgement(Verdict.PLAUSIBLE, Why.EXPECTED, *around)
    wrap = 0 if digits is None else 10**digits
    if wrap and reading < last and low <= reading + wrap <= high:
        return Judgement(
            Verdict.PLAUSIBLE, Why.ROLLED_OVER, reading, expected - wrap, low - wrap, high - wrap,
            last,
        )  # fmt: skip
    if _swapped(reading, low, high):
        return Judgement(Verdict.DIGITS_SWAPPED, Why.SWAPPED, *around)
    if abs(reading - expected) > max(DIFFERENT_METER * expected, high - low):
        return Judgement(Verdict.WRONG_METER, Why.FAR, *around)
    if reading < low:
        back = at_us > last_us and reading < last
        return Judgement(Verdict.TOO_LOW, Why.BACKWARDS if back else Why.LESS, *around)
    return Judgement(Verdict.TOO_HIGH, Why.MORE, *around)
