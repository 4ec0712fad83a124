"""Load profile and base load of many intervals at once, and the profile in the carry.

The profile is the mean power of each local hour, workdays and weekends apart.
"""

import numpy as np
from numpy.typing import NDArray

from feature_kernels.consumption import carry as C
from feature_kernels.consumption.rows import INTERVAL_DTYPE, words
from feature_kernels.kernel import hot_kernel, lean_kernel

HOUR_US_F = 3_600_000_000.0
DAY_US_F = 86_400_000_000.0
HOUR_US, DAY_US = 3_600_000_000, 86_400_000_000
# Places in INTERVAL_DTYPE.
START, END, LOCAL, ENERGY, STATUS, ESTIMATED, REASON = 1, 2, 3, 4, 5, 6, 7

# A load has a *level* if the lowest tenth of its hours reaches this share of the lowest quarter.
# Recorded homes: 0.92 with a steady base, 0.35 where appliances alone make the load. Own.
LEVEL_SHARE = 0.5
# Of daily means, which scatter less; a home with weather load on most days has 0.5 to 0.6.
DAILY_LEVEL_SHARE = 0.7


@hot_kernel
def profile_slot(local):
    """Place of a local time (µs) in the profile: workday hours 0 to 23, weekend 24 to 47."""
    day = np.floor(local / DAY_US_F)
    return slot_of(day, (local - day * DAY_US_F) / HOUR_US_F)


@hot_kernel
def slot_of(day, hour):
    """`profile_slot` of a local day since 1970 and the hours passed of it."""
    weekday = (int(day) + 3) % 7  # 1970-01-01 was a Thursday; 0 = Monday
    return int(hour) + (24 if weekday >= 5 else 0)


@hot_kernel
def usual_power(c, local):
    """Mean power of this local hour, W; of the other kind of day if need be; NaN = not known."""
    return usual_of_slot(c, profile_slot(local))


@hot_kernel
def usual_of_slot(c, slot):
    """`usual_power` of a place in the profile."""
    if c[C.PROFILE_N + slot] == 0.0:
        slot = (slot + 24) % 48
    if c[C.PROFILE_N + slot] == 0.0:
        return np.nan
    return c[C.PROFILE + slot]


@hot_kernel
def teach_profile(c, p, slot, power):
    """Move the mean of a local hour: plain mean at first, then exponentially weighted."""
    n = c[C.PROFILE_N + slot] + 1.0
    c[C.PROFILE_N + slot] = n
    weight = p.profile_weight * min(c[C.INTERVAL_US] / 3.6e9, 1.0)
    if n * weight < 2.0:  # else the plain mean's weight is surely the smaller one
        weight = max(1.0 / n, weight)
    c[C.PROFILE + slot] += weight * (power - c[C.PROFILE + slot])


@lean_kernel
def add_up_slots(whole, real, energy, hours):
    """Add kWh and hours of the measured intervals up by place in the profile.

    whole, real : words of INTERVAL_DTYPE as int64[k, 9] and float64[k, 9]
    """
    slot = np.int64(0)
    begin = end = np.int64(0)  # of the local hour
    for i in range(whole.shape[0]):
        kwh = real[i, ENERGY]
        length = whole[i, END] - whole[i, START]
        if whole[i, ESTIMATED] != 0 or whole[i, STATUS] != 6 or length <= 0:
            continue
        if not np.isfinite(kwh):
            continue
        local = whole[i, LOCAL]
        if not begin <= local < end:
            day = local // DAY_US
            hour = (local - day * DAY_US) // HOUR_US
            slot = hour + 24 if (day + 3) % 7 >= 5 else hour  # day 0 was a Thursday; 0 = Monday
            begin = day * DAY_US + hour * HOUR_US
            end = begin + HOUR_US
        energy[slot] += kwh
        hours[slot] += length / HOUR_US_F


def load_profile(intervals: NDArray[np.void]) -> NDArray[np.float64]:
    """Mean power by local hour, of the measured intervals.

    intervals : INTERVAL_DTYPE[k], of one meter

    Returns float64[2, 24], W: row 0 Monday to Friday, row 1 Saturday and Sunday, by hour of
    the interval's start; NaN where nothing was measured.
    """
    energy, hours = np.zeros(48), np.zeros(48)
    add_up_slots(*words(intervals, INTERVAL_DTYPE), energy, hours)
    mean = np.full(48, np.nan)
    np.divide(energy * 1000.0, hours, out=mean, where=hours > 0)
    return mean.reshape(2, 24)


@lean_kernel
def add_up_reasons(whole, real, count, energy):
    """Count intervals, and add up their kWh, by status and reason; words as in `add_up_slots`.

    Returns whether all codes were known.
    """
    i = 0
    while i < whole.shape[0]:
        status = whole[i, STATUS]
        reason = whole[i, REASON]
        if not (0 <= status < count.shape[0] and 0 <= reason < count.shape[1]):
            return False
        n = count[status, reason]
        total = energy[status, reason]
        while i < whole.shape[0] and whole[i, STATUS] == status and whole[i, REASON] == reason:
            kwh = real[i, ENERGY]
            total += kwh if kwh == kwh else 0.0
            n += 1
            i += 1
        count[status, reason] = n
        energy[status, reason] = total
    return True


def sums_by_reason(
    intervals: NDArray[np.void], statuses: int, reasons: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Count intervals (INTERVAL_DTYPE[k]), and add up their energy, by status and reason.

    statuses, reasons : how many codes there are

    Returns int64 and float64[statuses, reasons], kWh. Raises ValueError for another code.
    """
    count = np.zeros((statuses, reasons), np.int64)
    energy = np.zeros(count.shape)
    if not add_up_reasons(*words(intervals, INTERVAL_DTYPE), count, energy):
        raise ValueError("an interval has a status or a reason that has no code")
    return count, energy


def _low(ascending: NDArray[np.float64], share: float) -> float:
    """Order statistic at `share` of the sorted values (the lower one, no interpolation)."""
    return float(ascending[int(share * (ascending.size - 1))])


@lean_kernel
def block_powers(energy_kwh, per, interval_s, found):
    """Fill the mean power, W, of each block of `per` intervals; leave out blocks with NaN or inf.

    Returns how many there are.
    """
    n = 0
    for block in range(energy_kwh.shape[0] // per):
        total = 0.0
        for i in range(block * per, (block + 1) * per):
            total += energy_kwh[i]
        found[n] = total / per * 3.6e6 / interval_s
        n += np.isfinite(total)
    return n


def _means(energy_kwh: NDArray[np.float64], per: int, interval_s: float) -> NDArray[np.float64]:
    """Return the mean powers of blocks of `per` intervals, W, ascending."""
    found = np.empty(energy_kwh.size // per)
    found = found[: block_powers(energy_kwh, per, interval_s, found)]
    found.sort()
    return found


def base_load(energy_kwh: NDArray[np.float64], interval_s: float) -> float:
    """Base load of a meter, W: what is drawn when nothing is used.

    energy_kwh : float64[n], kWh of consecutive intervals, NaN = missing
    interval_s : their length, s

    Method, by what the load shows: (1) a *level* of hours (the lowest tenth is at least half
    the lowest quarter): the lowest tenth of the positive hourly means; (2) else a level of
    days (0.7): the lower quarter of the daily means; (3) else, where neither hours nor days
    come to rest (all-electric homes whose every hour is noise), the lowest 3 % of
    12-hour means. NaN below three days.

    Accuracy: on the recorded all-electric home with known truth 223 W for 228 W and 221 W for
    205 W. Known weaknesses: solar homes by day are left out only where their net is not
    positive; methods 2 and 3 see weather as base where no mild day is among the data; method 3
    has been fitted on one home. Daily values alone gave 313 W for that home.

    Complexity: O(n log n).

    Oracle: tests/oracles/consumption.py
    """
    hourly, daily, half = (
        _means(energy_kwh, max(1, round(hours * 3600.0 / interval_s)), interval_s)
        for hours in (1, 24, 12)
    )
    if daily.size < 3 or half.size < 6:
        return float("nan")
    positive = hourly[np.searchsorted(hourly, 0.0, side="right") :]
    if interval_s <= 2 * 3600.0 and positive.size >= 48:
        tenth, quarter = _low(positive, 0.10), _low(positive, 0.25)
        if tenth >= LEVEL_SHARE * quarter:
            return tenth
    if _low(daily, 0.05) >= DAILY_LEVEL_SHARE * _low(daily, 0.25):
        return _low(daily, 0.25)
    return _low(half, 0.03)
