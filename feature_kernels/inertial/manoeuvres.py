"""Harsh manoeuvres from the car's own accelerations and yaw rate, without a speed."""

import itertools
import math

import numpy as np

from feature_kernels.inertial.heading import Aligned
from feature_kernels.inertial.parameters import Parameters
from feature_kernels.inertial.smoothing import both_ways
from feature_kernels.kernel import kernel

EVENT_KINDS = {
    "harsh_braking": 1,
    "harsh_acceleration": 2,
    "harsh_cornering": 3,
    "harsh_lane_change": 6,
    "phone_handling": 7,
}
"""Codes; those of feature_kernels.driving where it has the kind."""

MANOEUVRE_DTYPE = np.dtype(
    [
        ("kind", "i8"),  # EVENT_KINDS
        ("start_us", "i8"),
        ("end_us", "i8"),
        ("severity", "i8"),  # 1..3
        ("peak_mps2", "f8"),  # signed: braking and right turns negative
        ("mean_mps2", "f8"),
        ("delta_v_kmh", "f8"),  # signed; NaN = not known
        ("confidence", "f8"),  # 0..1
    ]
)


@kernel
def pulses(a, above, below, release, merge, out):
    """Find pulses with hysteresis in a signal.

    a : float64[n]. above, below : m/s², thresholds upwards and downwards (positive both).
    release : share of the threshold that a pulse keeps. merge : samples that may lie between.
    out : int64[k, 2], receives first and last sample. Returns how many were found.
    Complexity: O(n). Oracle: `tests/oracles/inertial.py`.
    """
    found = 0
    n = a.shape[0]
    i = 0
    while i < n:
        sign = 1.0 if a[i] >= above else -1.0 if a[i] <= -below else 0.0
        if sign == 0.0:
            i += 1
            continue
        least = release * (above if sign > 0.0 else below)
        first = i
        while first > 0 and a[first - 1] * sign >= least:
            first -= 1
        last = i
        j = i + 1
        while j < n and j - last <= merge:
            if a[j] * sign >= least:
                last = j
            elif a[j] * sign <= -least:
                break
            j += 1
        if found < out.shape[0]:
            out[found, 0] = first
            out[found, 1] = last
        found += 1
        i = last + 1
    return found


def _spans(a, above, below, p):
    values = np.ascontiguousarray(np.nan_to_num(a))
    out = np.empty((max(8, a.size // 2), 2), np.int64)
    merge = round(p.merge_s / p.grid_s)
    n = pulses(values, above, below, p.release_ratio, merge, out)
    return out[:n]


def _severity(peak, least, seconds, p):
    grade = 1 + (peak >= p.severity2_ratio * least) + (peak >= p.severity3_ratio * least)
    return min(3, grade + (seconds >= p.long_event_s))


def manoeuvres(t_us, car: Aligned, p: Parameters):
    """Harsh manoeuvres of one stretch.

    t_us : int64[n], the grid of `car`.
    Returns MANOEUVRE_DTYPE[k], ascending by start.
    Invariants: turning the recording about the vertical changes nothing; what is below half of
    each threshold makes no event.
    Complexity: O(n log n).
    Source: `docs/field/driving.md`; thresholds in `parameters.py`.
    Oracle: `tests/oracles/inertial.py` (pulses); `simulators/phone.py` gives the truth.
    """
    rows = [*_handling(t_us, car, p)]
    if car.frame and car.confidence >= p.heading_confidence:
        rows += [*_along(t_us, car, p), *_across(t_us, car, p)]
        held = [(r[1], r[2]) for r in rows if r[0] == EVENT_KINDS["phone_handling"]]
        rows = [
            r for r in rows
            if r[0] == EVENT_KINDS["phone_handling"]
            or not any(a - 1_000_000 <= r[2] and r[1] <= b + 1_000_000 for a, b in held)
        ]  # fmt: skip
    found = np.array(sorted(rows, key=lambda row: (row[1], row[0])), MANOEUVRE_DTYPE)
    return found.reshape(-1)


def _row(kind, t_us, first, last, a, least, delta, car, p):
    seconds = (int(t_us[last]) - int(t_us[first])) / 1e6
    part = a[first : last + 1]
    peak = part[np.argmax(np.abs(part))]
    severity = _severity(abs(peak), least, seconds, p)
    clear = min(1.0, 0.5 * abs(peak) / least)
    return (
        EVENT_KINDS[kind], int(t_us[first]), int(t_us[last]), severity,
        float(peak), float(np.mean(part)), delta, round(car.confidence * clear, 6),
    )  # fmt: skip


def _along(t_us, car, p):
    """Braking and acceleration; a rebound of the fusion is none."""
    least = max(1, round(p.min_event_s / p.grid_s))
    sign_before, last_before, peak_before = 0.0, -(10**9), 0.0
    half = _spans(car.long, 0.5 * p.acceleration_mps2, 0.5 * p.braking_mps2, p)
    for first, last in half:  # smaller ones too: they rebound as well
        part = car.long[first : last + 1]
        peak = part[np.argmax(np.abs(part))]
        sign = math.copysign(1.0, peak)
        near = (first - last_before) * p.grid_s <= p.rebound_s
        rebound = (
            not car.gravity and car.fusion_s == 0.0 and near
            and sign == -sign_before and abs(peak) < peak_before
        )  # fmt: skip
        sign_before, last_before, peak_before = sign, last, abs(peak)
        threshold = p.acceleration_mps2 if sign > 0.0 else p.braking_mps2
        if rebound or abs(peak) < threshold:
            continue
        keep = np.flatnonzero(part * sign >= p.release_ratio * threshold)
        start, end = first + keep[0], first + keep[-1]
        if end - start + 1 < least:
            continue
        kind = "harsh_acceleration" if sign > 0.0 else "harsh_braking"
        delta = 3.6 * p.grid_s * float(np.sum(car.long[start : end + 1]))
        yield _row(kind, t_us, start, end, car.long, threshold, delta, car, p)


def _across(t_us, car, p):
    """Lane changes (the heading comes back), and turns and bends (it does not)."""
    taken = np.zeros(car.lat.size, np.bool_)
    for first, last in _lane_changes(car, p):
        taken[first : last + 1] = True
        whole = car.lat * _of_period(last - first, p)
        yield _row(
            "harsh_lane_change", t_us, first, last, whole,
            p.lane_change_mps2, math.nan, car, p,
        )  # fmt: skip
    least = max(1, round(p.min_event_s / p.grid_s))
    for first, last in _spans(car.lat, p.cornering_mps2, p.cornering_mps2, p):
        peak = _peak(car.lat[first : last + 1])
        at = first + int(np.argmax(np.abs(car.lat[first : last + 1])))
        if last - first + 1 < least or taken[at]:
            continue
        turned = float(np.sum(car.yaw[first : last + 1])) * p.grid_s
        if turned * peak <= 0.0:
            continue  # a bump, or the rebound of a turn that has ended
        yield _row(
            "harsh_cornering", t_us, first, last, car.lat,
            p.cornering_mps2, math.nan, car, p,
        )  # fmt: skip


def _lane_changes(car, p):
    """Pairs of opposite halves of lateral acceleration and of yaw; then it goes straight on.

    A half begins and ends at a share of its own peak, so that a bend before or after is no part of
    it. A bend in which the lane is changed has its own acceleration and yaw, before and after.
    """
    reach = round(p.lane_change_s / p.grid_s)
    half = p.lane_change_balance * p.lane_change_mps2
    used = -1
    for one, two in itertools.pairwise(_spans(car.lat, half, half, p)):
        first, turn, last = _halves(car.lat, one, two, reach // 2, p)
        longer = first <= turn - reach // 2 or last >= turn + reach // 2
        if first <= used or longer:
            continue
        lat, yaw = car.lat[first : last + 1], car.yaw[first : last + 1]
        bent = _of_bend(car.lat, first, last, p), _of_bend(car.yaw, first, last, p)
        at = turn - first
        if _swings(lat, yaw, at, p) or _swings(lat - bent[0], yaw - bent[1], at, p):
            used = last
            yield first, last


def _halves(a, one, two, reach, p):
    """First sample of a pair of pulses, where the sign changes, and the last sample.

    reach : samples of a half at most.
    """
    turn = two[0]
    begins, ends = max(one[0], turn - reach), min(two[1], turn + reach)
    first = begins + int(np.argmax(np.abs(a[begins:turn])))
    last = turn + int(np.argmax(np.abs(a[turn : ends + 1])))
    least = p.release_ratio * abs(a[first]), p.release_ratio * abs(a[last])
    while first > begins and abs(a[first - 1]) >= least[0]:
        first -= 1
    while last < ends and abs(a[last + 1]) >= least[1]:
        last += 1
    return first, turn, last


def _of_bend(values, first, last, p):
    """What a bend has before and after a manoeuvre, with a straight line between: float64[k]."""
    near, far = round(0.5 * p.bend_s / p.grid_s), round(1.5 * p.bend_s / p.grid_s)
    before = values[max(0, first - far) : max(0, first - near)]
    after = values[last + near + 1 : last + far + 1]
    ends = [float(np.mean(part)) if part.size else 0.0 for part in (before, after)]
    return np.linspace(ends[0], ends[1], last - first + 1)


def _swings(lat, yaw, turn, p):
    """Tell whether acceleration and heading go there and back; turn : where the sign changes."""
    a, b = _peak(lat[:turn]), _peak(lat[turn:])
    whole = _of_period(lat.size - 1, p)
    strong, weak = whole * max(abs(a), abs(b)), whole * min(abs(a), abs(b))
    if a * b >= 0.0 or strong < p.lane_change_mps2 or weak < p.lane_change_balance * strong:
        return False
    if np.sum(yaw[:turn]) * a <= 0.0 or np.sum(yaw[turn:]) * b <= 0.0:
        return False
    heading = np.cumsum(yaw) * p.grid_s
    swing = math.degrees(float(np.max(heading) - np.min(heading)))
    net = math.degrees(abs(float(heading[-1] - heading[0])))
    return net <= min(p.lane_change_deg, 0.5 * swing) and swing >= p.lane_change_swing_deg


def _of_period(samples, p):
    """What a lane change had before `both_ways` over smooth_s, over what it has after.

    samples : of the pair of halves, each as far as a share of its peak. A lane change is one period
    of a sine, and both_ways keeps 1 / (1 + (w tau)^2) of a sine of angular frequency w.
    """
    within = 1.0 - 2.0 * math.asin(p.release_ratio) / math.pi  # of a half, above that share
    period_s = max(samples * p.grid_s * 2.0 / (1.0 + within), p.lane_change_least_s)
    return 1.0 + (2.0 * math.pi * p.smooth_s / period_s) ** 2


def _peak(part):
    return float(part[np.argmax(np.abs(part))]) if part.size else 0.0


def _handling(t_us, car, p):
    """The phone is turned as no car is: about horizontal axes."""
    if np.isnan(car.tilt).any():
        return
    tilt = both_ways(car.tilt, np.ones(car.tilt.size), p.grid_s, p.smooth_s)
    fast = _spans(tilt, p.handling_radps, math.inf, p._replace(merge_s=p.handling_merge_s))
    for first, last in fast:
        if (last - first) * p.grid_s >= p.handling_s:
            yield (
                EVENT_KINDS["phone_handling"], int(t_us[first]), int(t_us[last]), 1,
                math.nan, math.nan, math.nan, 0.8,
            )  # fmt: skip
