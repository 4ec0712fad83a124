"""Is a reading of a meter plausible? The range that its own past allows, and what may be wrong.

The rule of the command, the API and the customer's page. Within the recording the register is known
to a fraction of an interval (`customer_context.metering.reading_range`), after it by a forecast.
"""

from dataclasses import dataclass
from enum import StrEnum

from customer_context.metering.reading_range import Register, expected_range

DIFFERENT_METER = 0.25  # share of the register: farther off it is another meter's


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


def _swapped(reading: float, low: float, high: float) -> bool:
    """Return whether two digits in the other order would fit."""
    digits = list(str(int(reading)))
    for one in range(len(digits)):
        for other in range(one + 1, len(digits)):
            turned = digits.copy()
            turned[one], turned[other] = turned[other], turned[one]
            if turned != digits and low <= int("".join(turned)) + reading % 1.0 <= high:
                return True
    return False


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
