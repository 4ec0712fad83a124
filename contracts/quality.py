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
