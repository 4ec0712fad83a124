"""The truth about a drive, read from its noise-free state before any sensor has touched it."""

import math
from typing import Any

import numpy as np

from simulators.manoeuvres import HARSH_MPS2, SPEEDING_MIN_S, SPEEDING_OVER_KMH, STEP_S
from simulators.vehicle import Drive

GRAVITY_MPS2 = 9.80665
PEAK_FACTOR = 1.3
"""A harsh manoeuvre is clear when it stays above 1.3 times the threshold for HARSH_MIN_S."""
HARSH_MIN_S = 0.9
_SPEEDING_FROM_KMH = 5.0


def trip_truth(drive: Drive) -> dict[str, Any]:
    """What is true of the trip: from the first movement to the last.

    Returns
    -------
    dict
        start_us, end_us (movement), on_us, off_us (ignition), distance_m, duration_s, driving_s
        and idle_s (standing between start_us and end_us), mean_kmh, max_kmh, tunnel_s.
    """
    moving = np.flatnonzero(drive.speed_mps > 0.0)
    first, last = max(int(moving[0]) - 1, 0), int(moving[-1]) + 1
    driving = len(moving) * STEP_S
    duration = (last - first) * STEP_S
    distance = float(drive.distance_m[-1] - drive.distance_m[0])
    return {
        "start_us": int(drive.t_us[first]),
        "end_us": int(drive.t_us[last]),
        "on_us": drive.on_us,
        "off_us": drive.off_us,
        "distance_m": round(distance, 2),
        "duration_s": round(duration, 1),
        "driving_s": round(driving, 1),
        "idle_s": round(max(duration - driving, 0.0), 1),
        "mean_kmh": round(distance / driving * 3.6, 2),
        "max_kmh": round(float(drive.speed_mps.max()) * 3.6, 2),
        "tunnel_s": round(float(drive.tunnel.sum()) * STEP_S, 1),
    }


def event_truth(drive: Drive, profile: str) -> list[dict[str, Any]]:
    """Harsh manoeuvres and speeding spells, and whether `profile` can show them.

    Returns
    -------
    list of dict
        kind, start_us, end_us, peak_mps2 (speeding: peak_over_kmh too), observable. What is not
        observable shall neither be demanded nor counted as a false alarm: events in the shadow
        of a crash, spells too short or too slight to be sure of, kinds the sensors cannot see.
    """
    found: list[dict[str, Any]] = []
    accel = drive.accel_long_mps2
    for kind, signal in (
        ("harsh_acceleration", accel),
        ("harsh_braking", -accel),
        ("harsh_cornering", np.abs(drive.accel_lat_mps2)),
    ):
        limit = HARSH_MPS2[kind]
        for first, end in _spans(signal > limit):
            clear = (signal[first:end] > PEAK_FACTOR * limit).sum() * STEP_S >= HARSH_MIN_S
            seen = bool(clear) and _observable(drive, kind, first, end, profile)
            found.append(_event(drive, kind, first, end, float(signal[first:end].max()), seen))
    over = drive.speed_mps * 3.6 - drive.limit_kmh
    for first, end in _spans(over > _SPEEDING_FROM_KMH):
        clear = (over[first:end] > SPEEDING_OVER_KMH).sum() * STEP_S >= SPEEDING_MIN_S
        event = _event(drive, "speeding", first, end, 0.0, bool(clear) and profile == "dongle")
        event["peak_over_kmh"] = round(float(over[first:end].max()), 2)
        found.append(event)
    if drive.crash is not None:  # its own impulse is, on paper, also a braking and a swerve
        at = drive.crash.at_us
        for kind in ("harsh_braking", "harsh_cornering"):
            shadow = {"kind": kind, "start_us": at - 1_000_000, "end_us": at + 5_000_000}
            found.append({**shadow, "peak_mps2": 0.0, "observable": False})
        for event in found:
            if event["end_us"] > at - 5_000_000:
                event["observable"] = False
    return sorted(found, key=lambda event: (event["start_us"], event["kind"]))


def crash_truth(drive: Drive) -> dict[str, Any] | None:
    """The crash: at_us, peak_g, delta_v_kmh, duration_s; None without one."""
    crash = drive.crash
    if crash is None:
        return None
    return {
        "at_us": crash.at_us,
        "peak_g": round(crash.peak_mps2 / math.cos(crash.angle_rad) / GRAVITY_MPS2, 2),
        "delta_v_kmh": round(crash.delta_v_mps * 3.6, 2),
        "duration_s": crash.duration_s,
        "still_until_us": drive.off_us,
    }


def _event(
    drive: Drive, kind: str, first: int, end: int, peak: float, observable: bool
) -> dict[str, Any]:
    return {
        "kind": kind,
        "start_us": int(drive.t_us[first]),
        "end_us": int(drive.t_us[end - 1]),
        "peak_mps2": round(peak, 3),
        "observable": observable,
    }


def _observable(drive: Drive, kind: str, first: int, end: int, profile: str) -> bool:
    if profile == "dongle":
        return True
    if profile not in ("phone", "obd") or kind == "harsh_cornering":
        return False
    if profile == "phone" and drive.tunnel[max(first - 30, 0) : end + 30].any():
        return False
    # slow or coarse speed shows a change of speed over two seconds, not a peak
    window = round(2.0 / STEP_S)
    v = drive.speed_mps[max(first - window, 0) : end + window]
    change = np.abs(v[window:] - v[:-window]).max() / 2.0 if len(v) > window else 0.0
    return bool(change >= 1.2 * HARSH_MPS2[kind])


def _spans(mask: np.ndarray) -> list[tuple[int, int]]:
    edges = np.diff(np.concatenate([[0], mask.astype(np.int8), [0]]))
    return list(
        zip(np.flatnonzero(edges == 1).tolist(), np.flatnonzero(edges == -1).tolist(), strict=True)
    )
