"""Is the use of a period ready to be billed, and if not, why. Pure.

Oracle: tests/oracles/ready.py.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import numpy as np

from contracts.quality import Quality
from customer_context.metering.sum_check import tariff_sum

NEAR = timedelta(days=7)
"""A reading so near to the end of a period stands for it."""
BILLABLE = Quality.VORLAEUFIGERWERT
"""The least status that may be billed."""


class Missing(StrEnum):
    """Why a period is not ready."""

    NO_READING_AT_START = "no_reading_at_start"
    NO_READING_AT_END = "no_reading_at_end"
    PROPOSED_AT_START = "proposed_at_start"
    PROPOSED_AT_END = "proposed_at_end"
    BACKWARDS = "backwards"
    DISPUTE = "dispute"
    TARIFF_SUM = "tariff_sum"


@dataclass(frozen=True, slots=True)
class End:
    """A read of the register near one end of a period, kWh.

    reading_id : None = of a device. tariffs : the registers of the first and second tariff, kWh;
    None = not known.
    """

    at: datetime
    kwh: float
    status: Quality
    source: str
    reading_id: str | None = None
    tariffs: tuple[float, float] | None = None


class Sum(StrEnum):
    """Do the intervals of a period add up to its register."""

    FITS = "fits"
    DIFFERS = "differs"
    NOT_COVERED = "not_covered"  # intervals are missing, so nothing can be said


@dataclass(frozen=True, slots=True)
class SumCheck:
    """The intervals between both reads beside what the register counted, kWh.

    tolerance_kwh : by how much they may differ by rounding; missing : intervals that nobody knows
    """

    intervals_kwh: float
    register_kwh: float
    tolerance_kwh: float
    missing: int

    @property
    def verdict(self) -> Sum:
        """What the sum says; a difference is for a person to look at."""
        if self.missing:
            return Sum.NOT_COVERED
        apart = abs(self.intervals_kwh - self.register_kwh)
        return Sum.FITS if apart <= self.tolerance_kwh else Sum.DIFFERS


def nearest(reads: list[End], day: datetime) -> End | None:
    """Return the read that stands for a day: the most trustworthy, then the nearest one."""
    near = [one for one in reads if abs(one.at - day) <= NEAR]
    return min(
        near, key=lambda one: (one.status < BILLABLE, abs(one.at - day), -one.status), default=None
    )


def of_tariffs(start: End | None, end: End | None) -> tuple[float, float] | None:
    """Return what the registers of both tariffs counted, kWh; None where one is not known."""
    if start is None or end is None or start.tariffs is None or end.tariffs is None:
        return None
    first, second = (b - a for a, b in zip(start.tariffs, end.tariffs, strict=True))
    return round(first, 6), round(second, 6)


def _tariffs_fit(ends: list[End]) -> bool:
    """Return whether the tariffs add up to the total at each end, to a step of each register."""
    known = [one for one in ends if one.tariffs is not None]
    if not known:
        return True
    tariffs = np.array([one.tariffs for one in known]).T
    total = np.array([one.kwh for one in known])
    return not tariff_sum(np.arange(len(known), dtype=np.int64), total, tariffs)


def missing(start: End | None, end: End | None, *, dispute: bool) -> tuple[Missing, ...]:
    """Return why a period is not ready; empty = it is."""
    found = []
    if start is None:
        found.append(Missing.NO_READING_AT_START)
    elif start.status < BILLABLE:
        found.append(Missing.PROPOSED_AT_START)
    if end is None:
        found.append(Missing.NO_READING_AT_END)
    elif end.status < BILLABLE:
        found.append(Missing.PROPOSED_AT_END)
    by_tariff = of_tariffs(start, end) or (0.0, 0.0)
    if start is not None and end is not None and (end.kwh < start.kwh or min(by_tariff) < 0.0):
        found.append(Missing.BACKWARDS)
    if not _tariffs_fit([one for one in (start, end) if one is not None]):
        found.append(Missing.TARIFF_SUM)
    if dispute:
        found.append(Missing.DISPUTE)
    return tuple(found)
