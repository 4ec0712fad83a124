"""Harsh braking, acceleration and cornering: one channel for each axis; and speeding."""

import numpy as np

from feature_kernels.driving.carry import (
    ABOVE,
    CH_AGREE,
    CH_DT,
    CH_LAST,
    CH_LATITUDE,
    CH_LONGITUDE,
    CH_MEASURED,
    CH_PEAK,
    CH_PREV_END,
    CH_PREV_PEAK,
    CH_PREV_SIGN,
    CH_SIGN,
    CH_START,
    CH_V0,
    CH_VLAST,
    CH_VMAX,
    CRASH_T,
    LATERAL,
    LIMIT,
    LIMIT_T,
    LONGITUDINAL,
    OVER_EXCESS,
    OVER_LAST,
    OVER_LATITUDE,
    OVER_LIMIT,
    OVER_LONGITUDE,
    OVER_START,
    OVER_V0,
    POS_LAT,
    POS_LON,
    SPEED,
    SPEED_T,
    TRIP,
    WAITS,
)
from feature_kernels.driving.comfort import comfortable_mps2
from feature_kernels.driving.rows import (
    ACCELERATION,
    BRAKING,
    CORNERING,
    SPEEDING,
    emit_event,
)
from feature_kernels.kernel import hot_kernel, kernel, lean_kernel

FRESH_US = 5e6  # a speed older than this says nothing about now


@hot_kernel
def _of_class(p, channel, sign):
    if channel == LATERAL:
        return p.cornering_mps2
    if sign > 0.0:
        return p.acceleration_mps2
    return p.braking_mps2


@hot_kernel
def threshold(p, channel, sign, v):
    """The threshold of a channel in one direction at v km/h (NaN = not known), m/s².

    That of the class, and where it is less what is comfortable at the speed, but not below
    speed_ratio. Accelerations from speed or heading are too coarse for the lower one: pass NaN.
    """
    least = _of_class(p, channel, sign)
    if not v >= 0.0:
        return least
    comfortable = comfortable_mps2(v)
    if comfortable >= least:
        return least
    if comfortable < p.speed_ratio * least:
        return p.speed_ratio * least
    return comfortable


@hot_kernel
def _beyond(p, channel, a, sign, v):
    """Tell whether an acceleration is beyond the threshold in this direction."""
    least = _of_class(p, channel, sign)
    if a * sign < p.speed_ratio * least:
        return False  # as mostly: no threshold is lower
    return a * sign >= threshold(p, channel, sign, v)


@hot_kernel
def _speed_of(c, channel):
    """The speed that decides the threshold of the open pulse; NaN = it is not decisive."""
    return c[channel + CH_V0] if c[channel + CH_MEASURED] > 0.0 else np.nan


@hot_kernel
def _side(channel):
    return 1 if channel == LATERAL else 0


@lean_kernel
def _lasted(c, p, channel, duration, least):
    """Long enough for its source? One coarse accelerometer value needs the other source."""
    if c[channel + CH_MEASURED] == 0.0:
        return duration >= p.min_event_s
    above = c[ABOVE + _side(channel)]
    if c[channel + CH_DT] >= p.coarse_s:
        return above >= p.min_event_s or c[channel + CH_AGREE] >= p.agree_ratio * least
    return duration >= p.min_event_s and above >= p.above_s


@kernel
def close_channel(c, p, channel, events, emitted):
    """End the open pulse of a channel and emit it if it was an event."""
    sign = c[channel + CH_SIGN]
    if sign == 0.0:
        return
    c[channel + CH_SIGN] = 0.0
    start = c[channel + CH_START]
    end = c[channel + CH_LAST]
    peak = c[channel + CH_PEAK]
    least = threshold(p, channel, sign, _speed_of(c, channel))
    duration = (end - start) / 1e6
    if not _lasted(c, p, channel, duration, least):
        return
    if c[TRIP] == 0.0 or not c[channel + CH_VMAX] >= p.event_kmh:
        return
    if (
        channel == LONGITUDINAL
        and c[channel + CH_MEASURED] > 0.0
        and sign == -c[channel + CH_PREV_SIGN]
        and start - c[channel + CH_PREV_END] <= p.rebound_s * 1e6
        and peak < c[channel + CH_PREV_PEAK]
    ):
        return
    severity = 1.0
    if peak >= p.severity3_ratio * least:
        severity = 3.0
    elif peak >= p.severity2_ratio * least:
        severity = 2.0
    if duration >= p.long_event_s and severity < 3.0:
        severity += 1.0
    kind = CORNERING
    if channel == LONGITUDINAL:
        kind = ACCELERATION if sign > 0.0 else BRAKING
    v = np.full(7, np.nan)
    v[0] = sign * peak
    v[1] = c[channel + CH_VLAST] - c[channel + CH_V0]
    v[2] = c[channel + CH_V0]
    if start - c[LIMIT_T] <= p.limit_stale_s * 1e6:
        v[4] = c[LIMIT]
    v[5] = c[channel + CH_LATITUDE]
    v[6] = c[channel + CH_LONGITUDE]
    emit_event(c, events, emitted, kind, start, end, severity, v)
    c[channel + CH_PREV_SIGN] = sign
    c[channel + CH_PREV_END] = end
    c[channel + CH_PREV_PEAK] = peak


@hot_kernel
def feed_channel(c, p, channel, t, a, since, dt, v0, measured, other, events, emitted):
    """Take one acceleration of a channel.

    t, since : µs, the value holds for (since, t]; a : m/s²; dt : s, spacing of its source;
    v0 : km/h at `since`; measured : from an accelerometer; other : m/s² of the other source.

    A pulse that begins while a crash is suspected waits for the verdict: a crash swallows it.
    """
    if abs(a) > p.physical_mps2:
        return
    speed = np.nan
    if t - c[SPEED_T] <= FRESH_US:
        speed = c[SPEED]
    rising = 0.0
    at = v0 if measured else np.nan
    if _beyond(p, channel, a, 1.0, at):
        rising = 1.0
    elif _beyond(p, channel, a, -1.0, at):
        rising = -1.0
    sign = c[channel + CH_SIGN]
    ended = t - c[channel + CH_LAST] >= p.merge_s * 1e6
    waits = c[WAITS + _side(channel)] > 0.0
    suspected = c[CRASH_T] <= t
    if sign != 0.0 and waits and ended and not suspected:
        close_channel(c, p, channel, events, emitted)
        sign = 0.0
    if sign != 0.0 and not (waits and ended):
        if a * sign >= p.release_ratio * threshold(p, channel, sign, _speed_of(c, channel)):
            c[channel + CH_LAST] = t
            c[channel + CH_VLAST] = speed
            if a * sign > c[channel + CH_PEAK]:
                c[channel + CH_PEAK] = a * sign
        if measured and dt >= p.coarse_s and a * sign > c[channel + CH_AGREE]:
            c[channel + CH_AGREE] = a * sign
        if rising == sign:
            c[ABOVE + _side(channel)] += dt
        if other * sign > c[channel + CH_AGREE]:
            c[channel + CH_AGREE] = other * sign
        if speed > c[channel + CH_VMAX]:
            c[channel + CH_VMAX] = speed
        over = rising == -sign or t - c[channel + CH_LAST] >= p.merge_s * 1e6
        if over and not (waits and suspected):
            close_channel(c, p, channel, events, emitted)
            sign = 0.0
    if sign == 0.0 and rising != 0.0:
        c[WAITS + _side(channel)] = 1.0 if suspected else 0.0
        c[channel + CH_SIGN] = rising
        c[channel + CH_START] = since
        c[channel + CH_LAST] = t
        c[channel + CH_PEAK] = abs(a)
        c[channel + CH_V0] = v0
        c[channel + CH_VLAST] = speed
        fastest = 0.0
        if v0 > fastest:
            fastest = v0
        if speed > fastest:
            fastest = speed
        c[channel + CH_VMAX] = fastest
        c[channel + CH_MEASURED] = 1.0 if measured else 0.0
        c[channel + CH_AGREE] = 0.0
        if other * rising > 0.0:
            c[channel + CH_AGREE] = other * rising
        c[channel + CH_DT] = dt
        c[ABOVE + _side(channel)] = 0.0
        c[channel + CH_LATITUDE] = c[POS_LAT]
        c[channel + CH_LONGITUDE] = c[POS_LON]


@kernel
def close_speeding(c, p, events, emitted):
    """End speeding in progress and emit it if it lasted."""
    start = c[OVER_START]
    if not start <= c[OVER_LAST]:
        return
    c[OVER_START] = np.nan
    end = c[OVER_LAST]
    if end - start < p.speeding_s * 1e6 or c[TRIP] == 0.0:
        return
    excess = c[OVER_EXCESS]
    share = excess / c[OVER_LIMIT] if c[OVER_LIMIT] > 0.0 else 1.0
    severity = 1.0
    if share >= 0.5:
        severity = 3.0
    elif share >= 0.25:
        severity = 2.0
    v = np.full(7, np.nan)
    v[1] = c[SPEED] - c[OVER_V0]
    v[2] = c[OVER_V0]
    v[3] = excess
    v[4] = c[OVER_LIMIT]
    v[5] = c[OVER_LATITUDE]
    v[6] = c[OVER_LONGITUDE]
    emit_event(c, events, emitted, SPEEDING, start, end, severity, v)


@hot_kernel
def feed_speeding(c, p, t, speed, dt_us, events, emitted):
    """Compare a speed with the limit that holds; dt_us since the speed before it."""
    known = t - c[LIMIT_T] <= p.limit_stale_s * 1e6
    if c[OVER_START] <= t:
        over = known and speed > c[LIMIT] + p.tolerance_kmh - p.speeding_release_kmh
        if not over or not dt_us <= p.bridge_s * 1e6:
            close_speeding(c, p, events, emitted)
        else:
            c[OVER_LAST] = t
            if speed - c[LIMIT] > c[OVER_EXCESS]:
                c[OVER_EXCESS] = speed - c[LIMIT]
                c[OVER_LIMIT] = c[LIMIT]
    if not c[OVER_START] <= t and known and speed > c[LIMIT] + p.tolerance_kmh:
        c[OVER_START] = t
        c[OVER_LAST] = t
        c[OVER_EXCESS] = speed - c[LIMIT]
        c[OVER_LIMIT] = c[LIMIT]
        c[OVER_V0] = speed
        c[OVER_LATITUDE] = c[POS_LAT]
        c[OVER_LONGITUDE] = c[POS_LON]
