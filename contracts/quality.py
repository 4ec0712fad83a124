"""Status of a reading or an interval.

The names are the German market's `Messwertstatus` (BO4E, docs/field/consumption.md). The numbers,
for arrays, are ours; a greater number is more trustworthy.
"""

from enum import IntEnum


class Quality(IntEnum):
    """Messwertstatus as a number."""

    FEHLT = 0  # missing
    NICHT_VERWENDBAR = 1  # unusable
    PROGNOSEWERT = 2  # forecast
    VORSCHLAGSWERT = 3  # proposed
    VORLAEUFIGERWERT = 4  # provisional
    ERSATZWERT = 5  # substitute, estimated
    ABGELESEN = 6  # read


class Reason(IntEnum):
    """Why an interval is not as read (BO4E: Messwertstatuszusatz)."""

    AS_READ = 0  # nothing is to be said
    HOLE = 1  # nothing was read here: estimated, spread, or left open
    IMPLAUSIBLE = 2  # more than the connection carries, or the code of an error (ZA1)
    WRONG_READING = 3  # a reading between its ends was wrong and left out (ZA4)
    UNKNOWN_USE = 4  # the register jumped or fell: use unknown, an exchange?
    EXCHANGED = 5  # the meter was exchanged (Z78)
    CORRECTED = 6  # takes back what a wrong reading had booked before (ZA4)
    SUM_DIFFERS = 7  # between two reads the intervals do not add up to the register (ZA1)
