"""What a device's past leaves behind: the slots of one float64 row.

Times are microseconds, speeds km/h, accelerations m/s², lengths m; NaN = not known.
"""

import numpy as np
from numpy.typing import NDArray

CARRY_VERSION = 8
"""Raised whenever a slot or the meaning of one changes; a carry of another version is rebuilt."""

SPEED_RING = 24  # entries at least RING_STEP_US apart: at least 4.8 s of past
HEADING_RING = 12  # at least 2.4 s of past
RING_STEP_US = 200_000.0
ACCEL_BINS, ACCEL_BIN_MPS2 = 25, 0.2
SPEED_BINS, SPEED_BIN_KMH = 20, 10.0
RATIO_BINS, RATIO_BIN = 16, 0.1
USE_BINS, USE_BIN = 40, 0.05  # of the acceleration that is comfortable at a speed
JERK_BINS, JERK_BIN_MPS3 = 30, 0.1
COURSE_MINUTES = 32

# fmt: off
# The row being worked on. NOW is the decided_us of whatever is emitted now.
(NOW, LOCAL_SHIFT, DEVICE) = range(3)
# Ignition (last value, time it went off) and speed limit (value, time it was last said).
(IGNITION, IGNITION_OFF_T, LIMIT, LIMIT_T) = range(3, 7)
# GNSS: last accepted fix; a doubted place after a jump; the anchor that speed is derived from.
(POS_LAT, POS_LON, POS_T, FROZEN_T, JUMP_LAT, JUMP_LON, JUMP_T, JUMP_FIRST_T, JUMP_N,
 ANCHOR_LAT, ANCHOR_LON, ANCHOR_T) = range(7, 19)
# Speed: last accepted value (measured or derived), time of the last measured one, a doubted
# spike, place at the last value, run of steps in one direction, accelerations from speed.
(SPEED, SPEED_T, MEASURED_T, SPIKE, SPIKE_T, SPEED_LAT, SPEED_LON, STEP_SIGN, STEP_T, STEP_N,
 SPEED_DT, SPEED_ACCEL, SPEED_ACCEL_T) = range(19, 32)
# Accelerometer: low-passed vehicle-frame values; spacing and times of the raw ones.
(LONG, LONG_T, LAT, LAT_T, ACCEL_T, ACCEL_DT, IMPULSE, IMPULSE_T) = range(32, 40)
# Device frame: gravity and how long it was averaged; integral since the last speed; correlation
# with the speed's changes, energies of both, time of evidence.
(GRAV_X, GRAV_Y, GRAV_Z, GRAV_S, FRAME_T, INT_X, INT_Y, INT_Z, INT_S, COR_X, COR_Y, COR_Z,
 SPEED_ENERGY, FRAME_ENERGY, CALIBRATION_S) = range(40, 55)
# A harsh-event channel (two of them, from LONGITUDINAL and LATERAL): offsets.
(CH_SIGN, CH_START, CH_LAST, CH_PEAK, CH_V0, CH_VLAST, CH_VMAX, CH_MEASURED, CH_AGREE, CH_DT,
 CH_LATITUDE, CH_LONGITUDE, CH_PREV_SIGN, CH_PREV_END, CH_PREV_PEAK) = range(15)
LONGITUDINAL, LATERAL = 55, 70
# Speeding in progress, and a crash that is not decided yet.
(OVER_START, OVER_LAST, OVER_EXCESS, OVER_LIMIT, OVER_V0, OVER_LATITUDE, OVER_LONGITUDE,
 CRASH_T, CRASH_PEAK, CRASH_V0, CRASH_DELTA_V, CRASH_FALL, CRASH_STAND_T, CRASH_IMPULSE,
 CRASH_LAT, CRASH_LON, CRASH_STAND_LAT, CRASH_STAND_LON) = range(85, 103)
# Trip: 0 none, 1 candidate, 2 confirmed; where it began; where and since when it stands.
(TRIP, TRIP_START, TRIP_LAT, TRIP_LON, STAND_T, STAND_LAT, STAND_LON, STAND_M) = range(103, 111)
# Sums of the open trip that a standing tail must not touch, and the same when it came to stand.
(DISTANCE, DRIVING_S, IDLE_S, NIGHT_S, RUSH_S, SPEEDING_S, LIMITED_S, MEASURED_S, SAMPLES,
 REJECTED) = range(111, 121)
SUMS, SUMS_N, STOOD = 111, 10, 121
# Sums that standing does not touch: maximum, counts (3 severities each), histograms in seconds.
(MAX_SPEED, SPEEDING_N, CRASH_N) = range(131, 134)
COUNTS = 134  # braking, acceleration, cornering x severity 1..3
ACCEL_HIST = 143
SPEED_HIST = ACCEL_HIST + ACCEL_BINS
RATIO_HIST = SPEED_HIST + SPEED_BINS
USE_HIST = RATIO_HIST + RATIO_BINS
JERK_HIST = USE_HIST + USE_BINS
ALONG_HIST = JERK_HIST + JERK_BINS
SPARSE_HIST = ALONG_HIST + USE_BINS
COURSE = SPARSE_HIST + ACCEL_BINS  # m in each of the first minutes
HISTS_END = COURSE + COURSE_MINUTES
RING_AT, RING_N = HISTS_END, HISTS_END + 1
RING_T = RING_N + 1
RING_V = RING_T + SPEED_RING
HEAD_AT = RING_V + SPEED_RING
HEAD_N = HEAD_AT + 1
HEAD_T = HEAD_N + 1
HEAD_V = HEAD_T + HEADING_RING
VEHICLE_T = HEAD_V + HEADING_RING  # last row with acceleration in the vehicle's frame
HEAD_ACCEL, HEAD_ACCEL_T = VEHICLE_T + 1, VEHICLE_T + 2  # lateral acceleration from heading
# Seconds above the threshold of the open pulse, of both channels.
ABOVE = HEAD_ACCEL_T + 1
# 1 = the open pulse began while a crash was suspected; of both channels.
WAITS = ABOVE + 2
# Speed, and its time, from which the device frame's integral runs.
COR_V, COR_T = WAITS + 2, WAITS + 3
# When the measured speed last changed; 1 = it is held from row to row (motion.look_for_stairs).
CHANGE_T, STAIRS = WAITS + 4, WAITS + 5
# Rate: the last row with speed or fix, the two steps before it, and the silence that ends a trip.
(MOTION_T, STEP_1, STEP_2, GAP_US) = range(STAIRS + 1, STAIRS + 5)
# Doubted speeds: first one with its place and time, how many, how often they changed. 1 = the
# speed was seen on its way up (motion.py); else since when it was not, and its changes since.
(DOUBT_T, DOUBT_V, DOUBT_LAT, DOUBT_LON, DOUBT_POS_T, DOUBT_N, DOUBT_CHANGES, CLIMBED, ENTRY_T,
 ENTRY_CHANGES) = range(GAP_US + 1, GAP_US + 11)
# Speed against place (sources.py): m by speed since the last fix, and how much more there may be;
# the fix before the last one, m between the two and by speed; m of the last segment that only
# its places gave.
(BY_SPEED_M, BY_SPEED_MORE_M, BEFORE_LAT, BEFORE_LON, BEFORE_T, LEG_M, LEG_SPEED_M,
 PLACES_ONLY_M) = range(ENTRY_CHANGES + 1, ENTRY_CHANGES + 9)
# A measured 0 while the places move: where and when it began, speed then, m away when first
# noticed, when; 1 = the zeros are no measurements. A kept speed: its value, since when and where
# it stands still; 1 = it is kept.
(ZERO_T, ZERO_LAT, ZERO_LON, ZERO_V, ZERO_M, ZERO_SEEN_T, ZERO_VOID, KEPT_T, KEPT_V, KEPT_LAT,
 KEPT_LON, KEPT) = range(PLACES_ONLY_M + 1, PLACES_ONLY_M + 13)
# Seconds of the open trip's driving: by places alone, in long steps, in which harsh events can be
# seen, with a fix. Values rejected since the device is known.
(DERIVED_S, COARSE_S, SEEN_S, PLACED_S, REJECTED_ALL) = range(KEPT + 1, KEPT + 6)
# Where and when the way was last compared with its chord, and the trip's distance then.
(CHORD_T, CHORD_LAT, CHORD_LON, CHORD_M) = range(REJECTED_ALL + 1, REJECTED_ALL + 5)
# Open pulse of the accelerometer: first, last strong and last value, change of velocity so far
# (m/s), last value.
(PULSE_T, PULSE_LAST, PULSE_AT, PULSE_X, PULSE_Y, PULSE_Z, FELT_X, FELT_Y,
 FELT_Z) = range(CHORD_M + 1, CHORD_M + 10)
# The last acceleration over ~2 s that jerk is compared with, and when.
TREND_A, TREND_T = FELT_Z + 1, FELT_Z + 2
# Consistency (consistency.py): fixes of the open trip that no car reaches; its seconds in which
# speed and places were compared, and those in which they contradict; the last time that the clock
# jumped while it drove on. The way by places since its begin: last fix, begin, m; m by speed.
(JUMPS, COMPARED_S, APART_S, CLOCK_T, PATH_T, PATH_LAT, PATH_LON, PATH_START_T, PATH_M,
 PATH_SPEED_M) = range(TREND_T + 1, TREND_T + 11)
# Seconds of the open trip's driving in which the acceleration across is known.
LATERAL_S = PATH_SPEED_M + 1
# Fast minutes of the open trip: seconds, m by speed, m by places.
(SCALE_S, SCALE_M, SCALE_PLACES_M) = range(LATERAL_S + 1, LATERAL_S + 4)
# Legs of the open trip's path: how many; sums and sums of products of their km/h by places (P) and
# by speed (V); on how many the two differ. m by speed since the path's begin when the last ended.
(LEGS, LEGS_P, LEGS_V, LEGS_PP, LEGS_VV, LEGS_PV, LEGS_APART, LEGS_FROM_M) = range(
    SCALE_PLACES_M + 1, SCALE_PLACES_M + 9)
# fmt: on
CARRY_WIDTH = LEGS_FROM_M + 1

_UNKNOWN = (
    *(IGNITION, IGNITION_OFF_T, LIMIT, LIMIT_T, POS_LAT, POS_LON, POS_T, FROZEN_T),
    *(JUMP_LAT, JUMP_LON, JUMP_T, JUMP_FIRST_T, ANCHOR_LAT, ANCHOR_LON, ANCHOR_T),
    *(NOW, SPEED, SPEED_T, MEASURED_T, SPIKE, SPIKE_T, SPEED_LAT, SPEED_LON, STEP_T),
    *(SPEED_DT, SPEED_ACCEL, SPEED_ACCEL_T, LONG, LONG_T, LAT, LAT_T, ACCEL_T, ACCEL_DT),
    *(IMPULSE_T, FRAME_T, LONGITUDINAL + CH_PREV_END, LATERAL + CH_PREV_END),
    *(OVER_START, CRASH_T, STAND_T, VEHICLE_T, HEAD_ACCEL_T, COR_V, COR_T, CHANGE_T),
    *(MOTION_T, STEP_1, STEP_2, DOUBT_T, DOUBT_LAT, DOUBT_LON, DOUBT_POS_T, ENTRY_T),
    *(BEFORE_LAT, BEFORE_LON, BEFORE_T, ZERO_T, KEPT_T, KEPT_V, CHORD_T, PULSE_T, TREND_T),
    *(CLOCK_T, PATH_T),
)


def initial_carry(devices: int) -> NDArray[np.float64]:
    """The carry of devices that have no past.

    Returns float64[devices, CARRY_WIDTH].
    """
    carry = np.zeros((devices, CARRY_WIDTH), np.float64)
    carry[:, list(_UNKNOWN)] = np.nan
    return carry


def aligned(carry: NDArray[np.float64]) -> NDArray[np.float64]:
    """The same pasts, with their rings laid out from the first place on.

    Where rows were added or taken away long ago, a ring holds the same entries in other places.
    Two carries that are equal after this give the same rows for whatever follows.

    carry : float64[devices, CARRY_WIDTH]; not changed.
    """
    carry = carry.copy()
    for at, columns, size in (
        (RING_AT, (RING_T, RING_V), SPEED_RING),
        (HEAD_AT, (HEAD_T, HEAD_V), HEADING_RING),
    ):
        fill = carry[:, at + 1].astype(np.int64)
        place = np.arange(size)
        source = (carry[:, at, np.newaxis].astype(np.int64) - fill[:, np.newaxis] + place) % size
        for column in columns:
            ring = np.take_along_axis(carry[:, column : column + size], source, axis=1)
            carry[:, column : column + size] = np.where(place < fill[:, np.newaxis], ring, 0.0)
        carry[:, at] = fill % size
    return carry


def rejected(carry: NDArray[np.float64]) -> NDArray[np.int64]:
    """How many values of each device were not taken since its past began: int64[devices]."""
    return carry[:, REJECTED_ALL].astype(np.int64)
