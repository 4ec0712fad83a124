"""Usual power of a meter's hours in the weeks before an instant, and use beside it span by span."""

import numpy as np
from numpy.typing import NDArray

from feature_kernels.kernel import kernel, lean_kernel

SLOTS = 48  # hours of a workday, then of a day off


@lean_kernel
def _fill(energy_kwh, length_h, slot, first, last, energy, hours, usual):
    """Fill `usual`, kW by slot, from intervals first to last; return the hours they have."""
    for s in range(SLOTS):
        energy[s] = hours[s] = 0.0
    total = 0.0
    for i in range(first, last):
        energy[slot[i]] += energy_kwh[i]
        hours[slot[i]] += length_h[i]
        total += length_h[i]
    for s in range(SLOTS):
        at = s if hours[s] > 0.0 else (s + SLOTS // 2) % SLOTS  # the other kind of day, for want
        usual[s] = energy[at] / hours[at]
    return total


@kernel
def _usual(energy_kwh, length_h, slot, first, last, least_h):
    usual = np.empty(SLOTS)
    total = _fill(energy_kwh, length_h, slot, first, last, np.empty(SLOTS), np.empty(SLOTS), usual)
    if total < least_h:
        for s in range(SLOTS):
            usual[s] = np.nan
    return usual, total >= least_h


@kernel
def _ratios(start_us, energy_kwh, length_h, slot, before, least, size, step, past_us, least_h):
    energy, hours, usual = np.empty(SLOTS), np.empty(SLOTS), np.empty(SLOTS)
    found = np.empty(max((before - least) // step + 1, 0))
    n = 0
    last = before
    while last >= least:
        one = last - size
        first = np.searchsorted(start_us[:one], start_us[one] - past_us)
        if _fill(energy_kwh, length_h, slot, first, one, energy, hours, usual) < least_h:
            break
        expected = 0.0
        used = 0.0
        for i in range(one, last):
            expected += usual[slot[i]] * length_h[i]
            used += energy_kwh[i]
        if np.isfinite(expected) and expected > 0.0:
            found[n] = used / expected
            n += 1
        last -= step
    return found[:n]


def usual_power(
    energy_kwh: NDArray[np.float64],
    length_h: NDArray[np.float64],
    slot: NDArray[np.int64],
    past: slice,
    least_h: float,
) -> NDArray[np.float64] | None:
    """Return the mean power of the slots over intervals `past`, kW: float64[48], NaN = unknown.

    energy_kwh, length_h : float64[n]; slot : int64[n], local hour, + 24 on days off
    A slot that was never measured has the mean of the other kind of day.

    Returns None where less than `least_h` hours were measured. Oracle: tests/oracles/usual.py.
    """
    usual, enough = _usual(energy_kwh, length_h, slot, past.start, past.stop, least_h)
    return np.asarray(usual) if enough else None


def ratios_before(
    start_us: NDArray[np.int64],
    energy_kwh: NDArray[np.float64],
    length_h: NDArray[np.float64],
    slot: NDArray[np.int64],
    before: slice,
    size: int,
    step: int,
    past_us: int,
    least_h: float,
) -> NDArray[np.float64]:
    """Return use over usual use of spans of `size` intervals, the last span first.

    before : intervals in which the spans end, every `step` intervals; what is usual at a span is
    the mean power of its slots in `past_us` before it. It ends at the first span that has less than
    `least_h` hours before it.

    Complexity: spans · (size + intervals in past_us). Oracle: tests/oracles/usual.py.
    """
    least = max(before.start, size)
    found = _ratios(
        start_us, energy_kwh, length_h, slot, before.stop, least, size, step, past_us, least_h
    )
    return np.asarray(found)
