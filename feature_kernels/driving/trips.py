"""Trips: start, standing, end, and the sums kept between them."""

import math

import numpy as np

from feature_kernels.driving.carry import (
    ACCEL_BIN_MPS2,
    ACCEL_BINS,
    ACCEL_HIST,
    ACCEL_T,
    ALONG_HIST,
    ANCHOR_LAT,
    ANCHOR_LON,
    CHORD_LAT,
    CHORD_LON,
    CHORD_M,
    CHORD_T,
    COARSE_S,
    COUNTS,
    COURSE,
    COURSE_MINUTES,
    CRASH_N,
    CRASH_T,
    DERIVED_S,
    DISTANCE,
    DRIVING_S,
    GAP_US,
    HEAD_ACCEL_T,
    IDLE_S,
    IGNITION_OFF_T,
    JERK_BIN_MPS3,
    JERK_BINS,
    JERK_HIST,
    LAT_T,
    LATERAL,
    LATERAL_S,
    LIMIT,
    LIMIT_T,
    LIMITED_S,
    LOCAL_SHIFT,
    LONGITUDINAL,
    MAX_SPEED,
    MEASURED_S,
    NIGHT_S,
    PATH_T,
    PLACED_S,
    PLACES_ONLY_M,
    POS_LAT,
    POS_LON,
    POS_T,
    RATIO_BIN,
    RATIO_BINS,
    RATIO_HIST,
    RUSH_S,
    SAMPLES,
    SEEN_S,
    SPARSE_HIST,
    SPEED,
    SPEED_BIN_KMH,
    SPEED_BINS,
    SPEED_HIST,
    SPEED_LAT,
    SPEED_LON,
    SPEED_T,
    SPEEDING_S,
    STAND_LAT,
    STAND_LON,
    STAND_M,
    STAND_T,
    STOOD,
    SUMS,
    SUMS_N,
    TREND_A,
    TREND_T,
    TRIP,
    TRIP_LAT,
    TRIP_LON,
    TRIP_START,
    USE_BIN,
    USE_BINS,
    USE_HIST,
)
from feature_kernels.driving.comfort import comfortable_mps2
from feature_kernels.driving.consistency import follow_path
from feature_kernels.driving.crash import resolve_crash
from feature_kernels.driving.events import FRESH_US, close_channel, close_speeding
from feature_kernels.driving.rows import GAP, IGNITION_OFF, STOP, clear_trip, emit_trip
from feature_kernels.geo import farther_than, haversine_m
from feature_kernels.kernel import hot_kernel, kernel, lean_kernel

HOUR_US = 3_600_000_000
MINUTE_US = 60e6
SOURCE_US = 2e6  # an accelerometer value this young would have shown a harsh event


@kernel
def _worth(c, p, metres, seconds):
    """Tell whether the open trip is kept: moving the car a little is no trip, a crash is."""
    if c[CRASH_N] > 0.0:
        return True
    if metres < p.min_distance_m:
        return False
    harsh = np.max(c[COUNTS : COUNTS + 9]) > 0.0
    return seconds >= p.min_duration_s or metres >= p.brief_m or harsh


@lean_kernel
def close_trip(c, p, reason, trips, events, emitted):
    """End what is open; emit the trip if it is long enough."""
    close_channel(c, p, LONGITUDINAL, events, emitted)
    close_channel(c, p, LATERAL, events, emitted)
    close_speeding(c, p, events, emitted)
    if c[TRIP] == 2.0:
        stood = c[STAND_T] >= c[TRIP_START]
        end = c[STAND_T] if stood else c[SPEED_T]
        lat = c[STAND_LAT] if stood else c[SPEED_LAT]
        lon = c[STAND_LON] if stood else c[SPEED_LON]
        distance = c[STOOD + DISTANCE - SUMS] if stood else c[DISTANCE]
        if _worth(c, p, distance, (end - c[TRIP_START]) / 1e6):
            emit_trip(c, p, trips, emitted, end, reason, stood, lat, lon)
    clear_trip(c)
    c[STAND_T] = np.nan


@hot_kernel
def _off_for(c, since, t):
    """For how long the ignition has been off since a time, µs; NaN = it is on or not known."""
    off = c[IGNITION_OFF_T]
    return t - (since if since > off else off)


@hot_kernel
def check_end(c, p, t, trips, events, emitted):
    """Before a row is taken: has a gap, a long stand or the ignition ended the trip?"""
    if t - c[SPEED_T] > c[GAP_US]:
        resolve_crash(c, p, events, emitted)
        close_trip(c, p, GAP, trips, events, emitted)
        c[SPEED_T] = np.nan
    if c[TRIP] == 0.0:
        return
    if c[STAND_T] <= t:
        if c[TRIP] == 1.0 and c[SPEED_T] - c[STAND_T] >= p.candidate_s * 1e6:
            clear_trip(c)
            c[STAND_T] = np.nan
        elif t - c[STAND_T] >= p.stop_s * 1e6:
            close_trip(c, p, STOP, trips, events, emitted)
        elif _off_for(c, c[STAND_T], t) >= p.ignition_off_s * 1e6 and not c[CRASH_T] <= t:
            close_trip(c, p, IGNITION_OFF, trips, events, emitted)
    elif c[TRIP] == 1.0 and c[SPEED_T] - c[TRIP_START] > 2e6 * p.candidate_s:
        clear_trip(c)
    elif _off_for(c, c[SPEED_T], t) >= p.ignition_off_s * 1e6:
        close_trip(c, p, IGNITION_OFF, trips, events, emitted)


@hot_kernel
def _add_segment(c, p, t, v, metres, seconds, moving, measured):
    """Add the stretch of `seconds` that ends at t with speed v to the open trip's sums."""
    c[DISTANCE] += metres
    minute = int((t - c[TRIP_START]) / MINUTE_US)
    if minute < COURSE_MINUTES:
        c[COURSE + minute] += metres
    if measured:
        c[MEASURED_S] += seconds
    if not moving:
        c[IDLE_S] += seconds
        return
    c[DRIVING_S] += seconds
    local = int(t + c[LOCAL_SHIFT])
    hour = (local % (24 * HOUR_US)) / HOUR_US
    if hour >= p.night_from_h or hour < p.night_to_h:
        c[NIGHT_S] += seconds
    weekday = (local // (24 * HOUR_US) + 3) % 7  # 1970-01-01 was a Thursday; Monday = 0
    if weekday < 5 and (7.0 <= hour < 9.0 or 16.0 <= hour < 19.0):
        c[RUSH_S] += seconds
    if not measured:
        return
    c[SPEED_HIST + min(int(v / SPEED_BIN_KMH), SPEED_BINS - 1)] += seconds
    if t - c[LIMIT_T] <= p.limit_stale_s * 1e6 and c[LIMIT] > 0.0:
        c[LIMITED_S] += seconds
        # The smaller one first: over a limit of almost nothing the ratio fits into no integer.
        c[RATIO_HIST + int(min(v / c[LIMIT] / RATIO_BIN, RATIO_BINS - 1.0))] += seconds
        if v > c[LIMIT] + p.tolerance_kmh:
            c[SPEEDING_S] += seconds


@hot_kernel
def add_trend(c, a, seconds):
    """Add `seconds` of acceleration a to the histogram of its magnitude."""
    c[ACCEL_HIST + min(int(abs(a) / ACCEL_BIN_MPS2), ACCEL_BINS - 1)] += seconds


@hot_kernel
def add_use(c, p, t, v, along, across, seconds):
    """Add `seconds` with these accelerations at v km/h to the distributions of use and jerk.

    use : size of the acceleration over the comfortable one; of `along` alone too. jerk : change
    of `along`.
    """
    comfortable = comfortable_mps2(v)
    share = math.sqrt(along * along + across * across) / comfortable
    c[USE_HIST + min(int(share / USE_BIN), USE_BINS - 1)] += seconds
    c[ALONG_HIST + min(int(abs(along) / comfortable / USE_BIN), USE_BINS - 1)] += seconds
    since = (t - c[TREND_T]) / 1e6
    if since < p.jerk_s:
        return
    if since <= p.jerk_s + p.window_max_s:
        jerk = abs(along - c[TREND_A]) / since
        c[JERK_HIST + min(int(jerk / JERK_BIN_MPS3), JERK_BINS - 1)] += since
    c[TREND_A] = along
    c[TREND_T] = t


@lean_kernel
def _kept(x):
    """Variance of a mean over x times that in which the correlation falls to 1/e; of 1."""
    return 2.0 / x * (1.0 - (1.0 - math.exp(-x)) / x)


@lean_kernel
def add_sparse(c, p, before, v, seconds):
    """Add the acceleration from one speed to the next, some seconds later, to what those show.

    A mean over so long is smaller than one over about 2 s: of an acceleration whose correlation
    falls exponentially, by the root of `_kept` of both.
    """
    middle = 0.5 * (before + v)
    if seconds > p.sparse_s or middle < p.move_kmh:
        return
    lost = _kept(p.trend_s / p.sparse_keeps_s) / _kept(seconds / p.sparse_keeps_s)
    a = abs(v - before) / 3.6 / seconds * math.sqrt(lost)
    c[SPARSE_HIST + min(int(a / ACCEL_BIN_MPS2), ACCEL_BINS - 1)] += seconds
    use = a / comfortable_mps2(middle)
    c[ALONG_HIST + min(int(use / USE_BIN), USE_BINS - 1)] += seconds


@lean_kernel
def _begin(c, t, lat, lon):
    clear_trip(c)
    c[PLACES_ONLY_M] = 0.0
    c[CHORD_T] = np.nan
    c[PATH_T] = np.nan
    c[TRIP] = 1.0
    c[TRIP_START] = t
    c[TRIP_LAT] = lat
    c[TRIP_LON] = lon
    c[STAND_T] = np.nan
    c[SAMPLES] = 1.0


@lean_kernel
def come_to_stand(c, t, lat, lon):
    c[STAND_T] = t
    c[STAND_LAT] = lat
    c[STAND_LON] = lon
    c[STAND_M] = 0.0
    for i in range(SUMS_N):
        c[STOOD + i] = c[SUMS + i]


@lean_kernel
def _over_a_long_step(c, p, here, lat, lon, by_speed, seconds):
    """The metres of a long step between two speeds, and whether they count as measured.

    Speeds so far apart say little of what lies between; its places say more where both are known,
    and no way is shorter than its chord.
    """
    placed = here and c[SPEED_LAT] == c[SPEED_LAT]
    if not placed:
        return by_speed, seconds <= p.bridge_s
    chord = haversine_m(c[SPEED_LAT], c[SPEED_LON], lat, lon)
    length = by_speed
    if seconds > p.bridge_s:
        length = chord
    elif chord - p.chord_slack_m > by_speed:
        length = chord - p.chord_slack_m
    c[PLACES_ONLY_M] = length - by_speed
    return length, seconds <= p.gap_s


@lean_kernel
def _compare_with_chord(c, p, t):
    """Add to the distance what the places say and the speeds do not, where zeros stand for speeds.

    The fix at t has been taken, the distance holds up to t.
    """
    if t - c[CHORD_T] < p.chord_s * 1e6:
        return
    if c[CHORD_T] <= t:
        chord = haversine_m(c[CHORD_LAT], c[CHORD_LON], c[POS_LAT], c[POS_LON])
        metres = c[DISTANCE] - c[CHORD_M]
        if chord > p.chord_ratio * metres + 2.0 * p.chord_slack_m:
            c[DISTANCE] += chord - metres
    c[CHORD_T] = t
    c[CHORD_LAT] = c[POS_LAT]
    c[CHORD_LON] = c[POS_LON]
    c[CHORD_M] = c[DISTANCE]


@hot_kernel
def _note_how(c, p, t, seconds, derived, here):
    """Add seconds of driving to the sums that say what could be seen; compare with the places."""
    if derived:
        c[DERIVED_S] += seconds
    if seconds > p.bridge_s:
        c[COARSE_S] += seconds
    if (not derived and seconds <= p.window_max_s) or t - c[ACCEL_T] <= SOURCE_US:
        c[SEEN_S] += seconds
    if t - c[LAT_T] <= SOURCE_US or t - c[HEAD_ACCEL_T] <= p.window_max_s * 1e6:
        c[LATERAL_S] += seconds
    if here:
        c[PLACED_S] += seconds
    if c[POS_T] == t and not derived:
        _compare_with_chord(c, p, t)


@hot_kernel
def advance_trip(c, p, t, v, derived, since):
    """Take one accepted speed, before it replaces the last one.

    t : µs; v : km/h; derived : v is the mean over (since, t] from two places.
    """
    here = t - c[POS_T] <= FRESH_US
    lat = c[POS_LAT] if here else np.nan
    lon = c[POS_LON] if here else np.nan
    known = t - c[SPEED_T] <= c[GAP_US]
    moves = v >= p.move_kmh
    if c[TRIP] == 0.0:
        if not moves:
            return
        if not derived:
            _begin(c, t, lat, lon)
            c[MAX_SPEED] = v
            return
        if c[SPEED_T] > since:
            since = c[SPEED_T]
        _begin(c, since, c[ANCHOR_LAT], c[ANCHOR_LON])
        c[SPEED_T] = since
    seconds = 0.0
    length = 0.0
    measured = True
    c[PLACES_ONLY_M] = 0.0
    if derived:
        if known and since > c[SPEED_T]:  # a jump lies between: nothing was measured
            seconds = (since - c[SPEED_T]) / 1e6
            length = 0.5 * (c[SPEED] + v) / 3.6 * seconds
            _add_segment(c, p, since, v, length, seconds, moves, False)
        elif since < c[SPEED_T]:  # measured speed has covered the beginning
            since = c[SPEED_T]
        seconds = (t - since) / 1e6
        length = v / 3.6 * seconds if moves else 0.0
    elif known:
        seconds = (t - c[SPEED_T]) / 1e6
        length = 0.5 * (c[SPEED] + v) / 3.6 * seconds
        if seconds > p.coarse_step_s or seconds > p.bridge_s:
            length, measured = _over_a_long_step(c, p, here, lat, lon, length, seconds)
    moved = moves or (not derived and c[SPEED] >= p.move_kmh)
    if derived and not moves and not c[STAND_T] <= t:
        come_to_stand(c, since, c[ANCHOR_LAT], c[ANCHOR_LON])
    _add_segment(c, p, t, v, length, seconds, moved, measured)
    follow_path(c, p, t, v, seconds, derived)
    _note_how(c, p, t, seconds if moved else 0.0, derived, here)
    if v > c[MAX_SPEED]:
        c[MAX_SPEED] = v
    if not moves and not c[STAND_T] <= t:
        come_to_stand(c, t, lat, lon)
    if c[STAND_T] <= t:
        if v >= 0.4 * p.move_kmh and t > c[STAND_T]:
            c[STAND_M] += length
        away = False
        if here and c[STAND_LAT] == c[STAND_LAT]:
            away = farther_than(c[STAND_LAT], c[STAND_LON], lat, lon, p.drift_m)
            if not moves and not away:
                c[STAND_M] = 0.0
        if away or v >= 2.0 * p.move_kmh or c[STAND_M] > 0.4 * p.drift_m:
            c[STAND_T] = np.nan
            if not moves:
                come_to_stand(c, t, lat, lon)
    if c[TRIP] == 1.0 and c[DISTANCE] >= p.drift_m and v >= p.move_kmh:
        metres = p.drift_m
        if here and c[TRIP_LAT] == c[TRIP_LAT]:
            metres = haversine_m(c[TRIP_LAT], c[TRIP_LON], lat, lon)
        if metres >= p.drift_m:
            c[TRIP] = 2.0
