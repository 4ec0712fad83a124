"""Layout of a meter's carry row: what its past leaves behind, all float64.

Times are microseconds since 1970 UTC (exact in float64), 0 = none. Rings are written round.
"""

import numpy as np
from numpy.typing import NDArray

CARRY_VERSION = 7

RING = 28  # days that a habit remembers
BLOCKS = 4 * RING  # blocks of six local hours that the baseline of the base load remembers
PENDING = 28  # blocks that wait before they become baseline: a week
FAST = 12  # the latest of them, in which a large rise shows: three days
DROP_WEEK = 7  # days in which a drop must have lasted
DROP_DAYS = 49  # days that a drop is judged by: six weeks and that one
DROP_FIGURES = 6  # start; second-lowest hour, lower quarter, median, mean; highest interval
KINDS = 8
MOST_HOURS = 26  # a local day has 25 hours at most; one spare

# --- source and clock
SOURCE = 0  # 0 nothing yet, 1 interval values, 2 registers
LAST_T = 1  # time of the last sample
LAST_OFFSET = 2  # local − UTC of the last sample used
INTERVAL_US = 3  # nominal length now
NEXT_START = 4  # end of the last interval row
LAST_E = 5  # last measured interval's mean power, W (for the straight line)
HAS_LAST_E = 6
METER_KEY = 7
HAS_KEY = 8
POWER_W = 9  # last power_w
HAS_POWER = 10
EXPORT_KWH = 11  # last export register
HAS_EXPORT = 12
EXPORTING = 13  # the export register rose since the last measured interval
# --- register
REG_T = 14  # last accepted read
REG_KWH = 15
REG_MOVED = 16  # when the register was last seen to move
OPEN_START = 17  # the interval being filled
OPEN_LOCAL = 18
OPEN_KWH = 19  # register at its start
OPEN_READ = 20  # 1 = the register at its start was read
HELD_T = 21  # an implausible read waits for the next one
HELD_KWH = 22
HELD_OFFSET = 23
USUAL_US = 24  # usual distance of reads
READS = 25
# --- the day being filled
DAY = 26  # local day number
HAS_DAY = 27
DAY_START = 28
DAY_LEAD_US = 29  # part of the day before the first interval
DAY_END_LOCAL = 30  # local end of its last interval
DAY_KWH = 31
DAY_ESTIMATED_KWH = 32
DAY_MEASURED_US = 33
DAY_ESTIMATED_US = 34
DAY_MISSING_US = 35
DAY_NIGHT_KWH = 36
DAY_MIN_W = 37
DAY_MAX_W = 38
DAY_PEAK_T = 39
DAY_HABIT_MAX_W = 40  # highest that teaches
DAY_ZERO_H = 41  # longest run that ended today
DAY_SAME_H = 42
DAY_TAINTED = 43  # zero or stuck today: the floor is no floor
HOUR = 44  # UTC hour being averaged
HOUR_KWH = 45
HOUR_US = 46
HOURS_N = 47
# --- runs
ZERO_START = 48
ZERO_US = 49
ZERO_END = 50
SAME_START = 51
SAME_US = 52
SAME_N = 53
SAME_KWH = 54
SAME_END = 55
MUTE = 56  # the interval after a hole or a run may carry what was held back: no spike
# --- habits, renewed when a day closes
HABIT_DAYS = 57
HABIT_MAX_W = 58
HABIT_ZERO_H = 59
LIMIT_ZERO_H = 60
HABIT_SAME_H = 61
LIMIT_SAME_H = 62
HABIT_AT = 63  # next place in the ring
BLOCK_RING_N = 64
BLOCK_RING_AT = 65
BASE_N = 66
BASE_AT = 67
PENDING_N = 68
CALM_START = 69  # first calm block while a rise is open, 0 = none
CALM_LAST = 70
RESTLESS = 71  # 1 = no hour comes to rest here (profile.LEVEL_SHARE)
RISE_W = 72
BASE_LOAD_W = 73  # estimate over the last days, NaN = none yet
BASE_MEMORY_W = 74  # the lowest such estimate, fading
NEW_METER = 75  # the key changed, the new register has not been read yet
# --- the block of six hours being filled
BLOCK = 76  # number of the local six hours
BLOCK_START = 77
BLOCK_N = 78
BLOCK_LOWEST_W = 79
BLOCK_TAINTED = 80  # zero or stuck in it
HOUR_LOCAL = 81  # local hour of the hour being averaged
SOLAR_T = 82  # when the meter last exported
QUANTUM_KWH = 83  # the smallest step between two interval values, 0 = none seen
BLOCKS_SOLAR = 84  # 1 = the baseline's blocks are nights of a home with sun on its roof
# --- doubted values
JUMP_T = 85  # the read before the greatest step of late, 0 = none
JUMP_KWH = 86
JUMP_USE = 87  # the step
JUMP_LOST = 88  # part of the register's change since then that was not booked as use
HELD_FITS = 89  # 1 = the held read lies within what the connection carries
OVER_N = 90  # values in a row above what the connection carries
OVER_W = 91  # the last of them
OVER_T = 92  # its end
LIMIT_W = 93  # what such a row has shown the connection to carry, 0 = nothing
# --- negative values and drops
NEGATIVE_T = 94  # the last negative value
NEGATIVE_DAY = 95  # its local day
NEGATIVE_DAYS = 96  # days with negative values: from a few on, this meter exports
CLOSED = 97  # 1 = the day that was closed last can be compared with others
CLOSED_START = 98
CLOSED_LOW_W = 99  # of its hours: second lowest, lower quarter, median, mean
CLOSED_QUARTER_W = 100
CLOSED_MEDIAN_W = 101
CLOSED_MEAN_W = 102
CLOSED_TOP_W = 103  # its highest interval
DROP_N = 104
DROP_LOW = 105  # which of the low figures the open drop is judged by
DROP_BACK_W = 106  # a day whose low figure is above is calm
DROP_CALM_T = 107  # the calm day before, 0 = none
DROPS_SOLAR = 108  # 1 = the figures of these days are of their nights
SPIKE_T = 109  # start of the last spike that is over, 0 = none
SPIKE_W = 110  # its power
# --- lists
TOP = 111  # the three highest of today, then of the day before
ANOMALY = TOP + 6  # per kind: start, observed, expected, threshold, severity
HOURS = ANOMALY + 5 * KINDS  # hourly means of today, W
RING_MAX = HOURS + MOST_HOURS
RING_ZERO = RING_MAX + RING
RING_SAME = RING_ZERO + RING
RING_BLOCKS = RING_SAME + RING  # BLOCKS × lowest hour, W
PENDING_BLOCKS = RING_BLOCKS + BLOCKS  # PENDING × (lowest hour, start)
RING_BASE = PENDING_BLOCKS + 2 * PENDING  # RING × (floor, lower quarter, lower half-day, mean)
PROFILE = RING_BASE + 4 * RING  # 2 × 24 mean W, workday then weekend
PROFILE_N = PROFILE + 48
DROPS = PROFILE_N + 48  # DROP_DAYS × DROP_FIGURES
CARRY_WIDTH = DROPS + DROP_FIGURES * DROP_DAYS


def initial_carry(devices: int) -> NDArray[np.float64]:
    """Make the carry of meters never seen before.

    Returns float64[devices, CARRY_WIDTH].
    """
    carry = np.zeros((devices, CARRY_WIDTH), np.float64)
    carry[:, BASE_LOAD_W] = np.nan
    return carry
