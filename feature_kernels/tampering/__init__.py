"""What tampering leaves in a window of a meter's days (docs/kernel-interface.md)."""

from feature_kernels.tampering.evidence import own_moves
from feature_kernels.tampering.pasts import LEAST_PAST_DAYS
from feature_kernels.tampering.rows import MARKS
from feature_kernels.tampering.windows import (
    LAST_YEAR,
    NEAR,
    PASTS,
    QUIET,
    RECENT,
    SAID,
    SAME,
    UNUSED,
    marks_of_windows,
)

__all__ = [
    "LAST_YEAR",
    "LEAST_PAST_DAYS",
    "MARKS",
    "NEAR",
    "PASTS",
    "QUIET",
    "RECENT",
    "SAID",
    "SAME",
    "UNUSED",
    "marks_of_windows",
    "own_moves",
]
