"""Is the use of a period ready to be billed, and if not, why. Pure.

Oracle: tests/oracles/ready.py.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from contracts.quality import Quality

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


@dataclass(frozen=True, slots=True)
class End:
    """A read of the register near one end of a period, kWh. reading_id : None = of a device."""

    at: datetime
    kwh: float
    status: Quality
    source: str
    reading_id: str | None = None


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
    if start is not None and end is not None and end.kwh < start.kwh:
        found.append(Missing.BACKWARDS)
    if dispute:
        found.append(Missing.DISPUTE)
    return tuple(found)
