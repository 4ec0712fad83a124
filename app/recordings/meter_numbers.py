"""Two possible readings of a meter's column, a thousandfold apart: decide by what a home can use.

Source of the upper limit: a connection of 3 × 63 A at 230 V, the usual largest main fuse of a
German home (VDE-AR-N 4100), carries 43.5 kW. The lower limit is own: a refrigerator alone uses
more than 20 W on the mean.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from app.recordings.times import Times

LEAST_MEAN_KW = 0.02
MOST_MEAN_KW = 3 * 63 * 230 / 1000
US_PER_HOUR = 3_600_000_000.0

Floats = NDArray[np.float64]
Choice = tuple[bool, str] | None


def choose_reading(
    name: str, times: Times, comma_is_free: bool
) -> Callable[[Floats, Floats, str], Choice] | None:
    """Return the rule that decides between two readings of a column; None = no rule.

    comma_is_free : the delimiter is no comma, as in countries with decimal commas
    """
    if name not in ("energy_kwh", "register_kwh"):
        return None
    registers = name == "register_kwh"

    def choose(values: Floats, others: Floats, decimal: str) -> Choice:
        # a decimal comma goes with another delimiter, a decimal point with commas
        usual = (decimal == ",") == comma_is_free
        order = np.argsort(times.t_us, kind="stable")
        order = order[~times.missing[order] & ~np.isnan(values[order])]
        t_us, one, other = times.t_us[order], values[order], others[order]
        if one.size == 0 or (registers and one[0] == one[-1] and np.ptp(one) == 0.0):
            return True, "the column is empty or does not change"
        if registers:
            falls = [int(np.sum(np.diff(column) < 0.0)) for column in (one, other)]
            if (falls[0] == 0) != (falls[1] == 0):
                return falls[0] == 0, "only so the register never falls"
        mean_kw = [_mean_kw(t_us, column, registers) for column in (one, other)]
        fits = [LEAST_MEAN_KW <= abs(kw) <= MOST_MEAN_KW for kw in mean_kw]
        if fits[0] != fits[1]:
            if not fits[0] and usual:
                return None  # the delimiter says the contrary
            right, wrong = (mean_kw[0], mean_kw[1]) if fits[0] else (mean_kw[1], mean_kw[0])
            return fits[0], (
                f"that is a mean power of {right * 1000:.3g} W; the other reading gives "
                f"{wrong * 1000:.3g} W, which no home uses"
            )
        if fits[0] and usual:
            return True, "the delimiter says so"
        return None

    return choose


def _mean_kw(t_us: NDArray[np.int64], values: Floats, registers: bool) -> float:
    """Return the mean power of a column, kW; 0 if it has no length of time."""
    if registers:
        hours = float(t_us[-1] - t_us[0]) / US_PER_HOUR
        return float(values[-1] - values[0]) / hours if hours > 0 else 0.0
    steps = np.diff(np.unique(t_us))
    hours = float(np.median(steps)) / US_PER_HOUR if steps.size else 1.0
    return float(np.mean(values)) / hours
