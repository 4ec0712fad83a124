"""Make readings of simulated homes, right and wrong ones, and count which are questioned."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from customer_context.metering.reading_check import Verdict, judge
from customer_context.metering.reading_range import DAY_US, Register
from simulators import household
from simulators.life import draw_life

STEPS_PER_DAY = household.STEPS_PER_DAY
START_US = 1_704_067_200_000_000  # 2024-01-01
HISTORY_DAYS = 500
DAYS = 560
STREET = 40
ERRORS = ("swapped", "one_digit", "missing_digit", "neighbour", "last_year")
SHARE_RIGHT = 0.5


@dataclass(slots=True)
class Found:
    """How many readings were right, and how many of each kind were questioned."""

    right: int = 0
    right_questioned: int = 0
    wrong: dict[str, int] = field(default_factory=lambda: dict.fromkeys(ERRORS, 0))
    questioned: dict[str, int] = field(default_factory=lambda: dict.fromkeys(ERRORS, 0))


def _homes(rng: np.random.Generator) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return days' begins, and float64[home, day] registers at them."""
    calendar = household.make_calendar(START_US, DAYS * STEPS_PER_DAY, "UTC", rng)
    rows = []
    for _ in range(STREET):
        home = household.draw_home(rng)
        power = household.load(home, calendar, rng, draw_life(calendar, rng))
        use = np.maximum(power, 0.0).reshape(DAYS, -1).mean(axis=1)
        rows.append(
            rng.uniform(1_000.0, 60_000.0) + np.concatenate(([0.0], np.cumsum(use * 0.024)))
        )
    return START_US + DAY_US * np.arange(DAYS + 1), np.array(rows)


def _wrong(kind: str, right: int, last_year: int, neighbour: int, rng: np.random.Generator) -> int:
    digits = list(str(right))
    if kind == "swapped":
        places = [i for i in range(len(digits) - 1) if digits[i] != digits[i + 1]]
        if not places:
            return right
        at = int(rng.choice(places))
        digits[at], digits[at + 1] = digits[at + 1], digits[at]
    elif kind == "one_digit":
        at = int(rng.integers(0, len(digits)))
        digits[at] = str((int(digits[at]) + int(rng.integers(1, 10))) % 10)
    elif kind == "missing_digit":
        del digits[int(rng.integers(0, len(digits)))]
    else:
        return neighbour if kind == "neighbour" else last_year
    return int("".join(digits))


def prove(seed: int, readings: int) -> Found:
    """Judge readings of up to two days after the last known one; an error never is right by luck.

    An error that changes the reading by less than the day's use (a last digit) cannot be
    distinguished from another day, and counts as questioned only if it is.
    """
    rng = np.random.default_rng(seed)
    t_us, kwh = _homes(rng)
    found = Found()
    for _ in range(readings):
        home = int(rng.integers(0, STREET))
        last = int(rng.integers(HISTORY_DAYS, DAYS - 2))
        ahead = int(rng.integers(0, 3))
        right = int(kwh[home, last + ahead])
        register = Register(t_us[: last + 1], kwh[home, : last + 1])
        at = int(t_us[last + ahead])
        if rng.random() < SHARE_RIGHT:
            found.right += 1
            found.right_questioned += judge(register, at, right).verdict is not Verdict.PLAUSIBLE
            continue
        kind = str(rng.choice(ERRORS))
        other = int((home + 1 + rng.integers(0, STREET - 1)) % STREET)
        reading = _wrong(
            kind, right, int(kwh[home, last + ahead - 365]), int(kwh[other, last + ahead]), rng
        )
        if reading == right:
            continue
        found.wrong[kind] += 1
        found.questioned[kind] += judge(register, at, reading).verdict is not Verdict.PLAUSIBLE
    return found
