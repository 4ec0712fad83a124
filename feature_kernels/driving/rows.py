"""What comes out: trips and events, as float64 rows inside and structured arrays outside."""

import numpy as np

from feature_kernels.driving.carry import (
    ACCEL_BIN_MPS2,
    ACCEL_BINS,
    ACCEL_HIST,
    APART_S,
    CLOCK_T,
    COARSE_S,
    COMPARED_S,
    COUNTS,
    COURSE_MINUTES,
    CRASH_N,
    DERIVED_S,
    DEVICE,
    DISTANCE,
    DRIVING_S,
    HISTS_END,
    JERK_BINS,
    JUMPS,
    LATERAL_S,
    LEGS,
    LEGS_FROM_M,
    MAX_SPEED,
    NOW,
    PLACED_S,
    RATIO_BINS,
    SCALE_M,
    SCALE_PLACES_M,
    SCALE_S,
    SEEN_S,
    SPEED_BIN_KMH,
    SPEED_BINS,
    SPEEDING_N,
    STOOD,
    SUMS,
    SUMS_N,
    TRIP,
    TRIP_LAT,
    TRIP_LON,
    TRIP_START,
    USE_BINS,
)
from feature_kernels.driving.consistency import manipulated
from feature_kernels.kernel import hot_kernel, lean_kernel

CLOCK_US = 60e6  # a trip that begins so soon after the clock jumped is of that time
EVENT_KINDS = {
    "harsh_braking": 1,
    "harsh_acceleration": 2,
    "harsh_cornering": 3,
    "speeding": 4,
    "crash": 5,
}
BRAKING, ACCELERATION, CORNERING, SPEEDING, CRASH = 1.0, 2.0, 3.0, 4.0, 5.0
END_REASONS = {"stop": 1, "ignition": 2, "gap": 3, "finish": 4}
STOP, IGNITION_OFF, GAP, FINISH = 1.0, 2.0, 3.0, 4.0

QUALITY_FLAGS = {
    "sparse": 1,
    "rate_too_low": 2,
    "no_speed": 4,
    "no_fix": 8,
    "places_jump": 16,
    "speed_contradicts_places": 32,
    "clock_jumps": 64,
    "replayed": 128,
    "speed_at_other_time": 256,
}
"""Bits of a trip's `quality`: why something was not computed.

sparse       : half of the driving lies in steps longer than bridge_s; stops in them are not seen
rate_too_low : for half of it or more, harsh events cannot be seen (speeds more than window_max_s
               apart, and no accelerometer); their counts are not a measured 0
no_speed     : for half of it, speed is derived from places
no_fix       : no place is known while driving

The others say that the data were made up or changed; such a trip is not scored (NOT_SCORED):
places_jump : fixes that no car reaches (teleport_m beyond jump_kmh), believed or three times
speed_contradicts_places : for apart_s and apart_share of what was compared; or the places go
scale_ratio farther than the speeds
speed_at_other_time : the speeds are not those of the places, but may be those of another time
clock_jumps : a silence, after which the car drives on at the same place
replayed    : the same drive is stored already; no kernel sees that, customer_context.scoring does
"""

NOT_SCORED = 16 | 32 | 64 | 128 | 256

EVENT_DTYPE = np.dtype(
    [
        ("device", "i8"),
        ("kind", "i8"),  # EVENT_KINDS
        ("start_us", "i8"),
        ("end_us", "i8"),
        ("decided_us", "i8"),
        ("severity", "i8"),  # 1..3
        ("trip_start_us", "i8"),  # of the trip it happened in, -1 = none open
        ("duration_s", "f8"),
        ("peak_mps2", "f8"),  # signed: braking and right turns negative; NaN for speeding
        ("delta_v_kmh", "f8"),  # signed; NaN = not known
        ("speed_kmh", "f8"),  # at the start
        ("excess_kmh", "f8"),  # over the limit at most; NaN but for speeding
        ("speed_limit_kmh", "f8"),  # NaN = not known
        ("lat_deg", "f8"),  # NaN = not known
        ("lon_deg", "f8"),
    ]
)
EVENT_WIDTH = 15

TRIP_DTYPE = np.dtype(
    [
        ("device", "i8"),
        ("start_us", "i8"),
        ("end_us", "i8"),
        ("decided_us", "i8"),
        ("end_reason", "i8"),  # END_REASONS
        ("distance_m", "f8"),
        ("driving_s", "f8"),
        ("idle_s", "f8"),
        ("night_s", "f8"),  # of driving_s, 22-6 local time
        ("rush_s", "f8"),  # of driving_s, Monday to Friday 7-9 and 16-19 local time
        ("speeding_s", "f8"),  # of speed_limited_s: over limit and tolerance
        ("speed_limited_s", "f8"),  # of driving_s: the limit was known
        ("measured_s", "f8"),  # without bridged gaps
        ("sample_count", "i8"),
        ("rejected_count", "i8"),
        ("max_speed_kmh", "f8"),
        ("speeding_count", "i8"),
        ("crash", "i8"),  # crashes decided in this trip
        ("harsh_braking", "i8", (3,)),  # by severity
        ("harsh_acceleration", "i8", (3,)),
        ("harsh_cornering", "i8", (3,)),
        ("accel_p95_mps2", "f8"),  # of |acceleration| while driving; NaN = not known
        ("speed_p95_kmh", "f8"),
        ("start_lat_deg", "f8"),  # NaN = not known
        ("start_lon_deg", "f8"),
        ("end_lat_deg", "f8"),
        ("end_lon_deg", "f8"),
        ("quality", "i8"),  # QUALITY_FLAGS
        ("accel_hist_s", "f8", (ACCEL_BINS,)),  # seconds per 0.2 m/s², the last bin is open
        ("speed_hist_s", "f8", (SPEED_BINS,)),  # seconds per 10 km/h
        ("ratio_hist_s", "f8", (RATIO_BINS,)),  # seconds per 0.1 of speed / limit
        ("use_hist_s", "f8", (USE_BINS,)),  # seconds per 0.05 of |a| / comfortable at the speed
        ("jerk_hist_s", "f8", (JERK_BINS,)),  # seconds per 0.1 m/s³
        ("along_hist_s", "f8", (USE_BINS,)),  # as use_hist_s, of the acceleration along alone
        ("sparse_hist_s", "f8", (ACCEL_BINS,)),  # as accel_hist_s, from speeds further apart
        ("course_m", "f8", (COURSE_MINUTES,)),  # m in each of the first minutes
        ("phone_s", "f8"),  # of driving_s: a phone in the hand; NaN = not observed
        ("longitudinal_s", "f8"),  # of driving_s: acceleration along was seen; NaN = not noted
        ("lateral_s", "f8"),  # ... across
    ]
)
_HISTS = 32
TRIP_WIDTH = _HISTS + HISTS_END - ACCEL_HIST + 3


@lean_kernel
def percentile95(hist, at, bins, width):
    """95th percentile of a histogram hist[at:at+bins] of seconds, linear within a bin."""
    total = 0.0
    for i in range(bins):
        total += hist[at + i]
    if total <= 0.0:
        return np.nan
    left = 0.95 * total
    for i in range(bins):
        h = hist[at + i]
        if h > 0.0 and left <= h:
            return (i + left / h) * width
        left -= h
    return bins * width


@lean_kernel
def emit_event(c, events, emitted, kind, start, end, severity, v):
    """Append an event. v : float64[7], the last columns of EVENT_DTYPE but the duration."""
    n = emitted[1]
    emitted[1] = n + 1
    if kind == CRASH:
        c[CRASH_N] += 1.0
    elif kind == SPEEDING:
        c[SPEEDING_N] += 1.0
    else:
        c[COUNTS + int(kind - 1.0) * 3 + int(severity) - 1] += 1.0
    if n >= events.shape[0]:
        return
    e = events[n]
    e[0] = c[DEVICE]
    e[1] = kind
    e[2] = start
    e[3] = end
    e[4] = c[NOW]
    e[5] = severity
    e[6] = c[TRIP_START] if c[TRIP] > 0.0 else -1.0
    e[7] = (end - start) / 1e6
    for i in range(7):
        e[8 + i] = v[i]


@hot_kernel
def _quality(c, p):
    half = 0.5 * c[DRIVING_S]
    flags = manipulated(c, p)
    if c[CLOCK_T] >= c[TRIP_START] - CLOCK_US:
        flags += 64.0
    if half == 0.0:
        return flags
    if c[COARSE_S] >= half:
        flags += 1.0
    if c[SEEN_S] < half:
        flags += 2.0
    if c[DERIVED_S] >= half:
        flags += 4.0
    if c[PLACED_S] == 0.0:
        flags += 8.0
    return flags


@lean_kernel
def emit_trip(c, p, trips, emitted, end, reason, stood, lat, lon):
    """Append the open trip; where it stood at its end, with the sums of then."""
    n = emitted[0]
    emitted[0] = n + 1
    if n >= trips.shape[0]:
        return
    r = trips[n]
    r[0] = c[DEVICE]
    r[1] = c[TRIP_START]
    r[2] = end
    r[3] = c[NOW]
    r[4] = reason
    first = STOOD if stood else SUMS
    for i in range(SUMS_N):
        r[5 + i] = c[first + i]
    r[15] = c[MAX_SPEED]
    r[16] = c[SPEEDING_N]
    r[17] = c[CRASH_N]
    for i in range(9):
        r[18 + i] = c[COUNTS + i]
    r[27] = c[TRIP_LAT]
    r[28] = c[TRIP_LON]
    r[29] = lat
    r[30] = lon
    r[31] = _quality(c, p)
    for i in range(HISTS_END - ACCEL_HIST):
        r[_HISTS + i] = c[ACCEL_HIST + i]
    after = _HISTS + HISTS_END - ACCEL_HIST
    r[after] = np.nan  # phone_s: no column shows it
    r[after + 1] = c[SEEN_S]
    r[after + 2] = c[LATERAL_S]


@lean_kernel
def clear_trip(c):
    """No trip is open any more."""
    c[TRIP] = 0.0
    for i in range(DISTANCE, HISTS_END):
        c[i] = 0.0
    c[DERIVED_S] = 0.0
    c[COARSE_S] = 0.0
    c[SEEN_S] = 0.0
    c[PLACED_S] = 0.0
    c[JUMPS] = 0.0
    c[COMPARED_S] = 0.0
    c[APART_S] = 0.0
    c[LATERAL_S] = 0.0
    c[SCALE_S] = 0.0
    c[SCALE_M] = 0.0
    c[SCALE_PLACES_M] = 0.0
    for i in range(LEGS, LEGS_FROM_M):
        c[i] = 0.0


def event_rows(rows):
    """float64[k, EVENT_WIDTH] as EVENT_DTYPE[k]."""
    out = np.zeros(rows.shape[0], EVENT_DTYPE)
    for i, name in enumerate(EVENT_DTYPE.names):
        out[name] = rows[:, i]
    return out


def trip_rows(rows):
    """float64[k, TRIP_WIDTH] as TRIP_DTYPE[k]."""
    out = np.zeros(rows.shape[0], TRIP_DTYPE)
    at = 0
    for name in TRIP_DTYPE.names:
        if name in ("accel_p95_mps2", "speed_p95_kmh"):
            continue
        width = TRIP_DTYPE[name].shape[0] if TRIP_DTYPE[name].shape else 0
        out[name] = rows[:, at : at + width] if width else rows[:, at]
        at += width or 1
    for i in range(rows.shape[0]):
        out["accel_p95_mps2"][i] = percentile95(rows[i], _HISTS, ACCEL_BINS, ACCEL_BIN_MPS2)
        out["speed_p95_kmh"][i] = percentile95(
            rows[i], _HISTS + ACCEL_BINS, SPEED_BINS, SPEED_BIN_KMH
        )
    return out
