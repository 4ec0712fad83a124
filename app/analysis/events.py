"""Events of a recording: those of the driving kernel, and those that only a recording shows."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.analysis.answer import number
from app.analysis.axes import GYRO, Found
from app.recordings.read import Table
from contracts.kinds import RecordingEvent
from feature_kernels import driving, inertial

US_PER_S = 1_000_000
IDLING = 8  # after the codes of the kernels
KIND_NAMES = {
    **{code: name for name, code in driving.EVENT_KINDS.items()},
    **{code: name for name, code in inertial.EVENT_KINDS.items()},
    IDLING: str(RecordingEvent.IDLING),
}
CODES = {name: code for code, name in KIND_NAMES.items()}
ONLY_HERE = (CODES[RecordingEvent.HARSH_LANE_CHANGE], CODES[RecordingEvent.PHONE_HANDLING])
LATERAL = (CODES["harsh_cornering"], CODES["harsh_lane_change"])
IDLING_S = 60.0
"""Standing within a trip for so long is idling; own: longer than a red light (RiLSA: cycles of
60 to 90 s), shorter than the stop that ends a trip."""
STANDS_KMH = 1.0  # below the first step of a speed from the bus
ONE_SOURCE = 0.8
"""Confidence in a crash that only speed or only the accelerometer shows; own."""
# Distance at these speeds is urban, rural, motorway: Commission Regulation (EU) 2017/1151, RDE.
URBAN_KMH, RURAL_KMH = 60.0, 90.0


def rows_of(manoeuvres: NDArray[Any]) -> NDArray[Any]:
    """Return MANOEUVRE_DTYPE as EVENT_DTYPE, NaN where nothing is known."""
    rows = np.zeros(manoeuvres.size, driving.EVENT_DTYPE)
    for name in driving.EVENT_DTYPE.names or ():
        if rows[name].dtype.kind == "f":
            rows[name] = np.nan
    for name in ("kind", "start_us", "end_us", "severity", "peak_mps2", "delta_v_kmh"):
        rows[name] = manoeuvres[name]
    rows["duration_s"] = (rows["end_us"] - rows["start_us"]) / US_PER_S
    rows["trip_start_us"] = -1
    return rows


def merged(events: NDArray[Any], manoeuvres: NDArray[Any], trips: NDArray[Any]) -> NDArray[Any]:
    """Add lane changes and phone handling of trips; a cornering within a lane change is that."""
    more = rows_of(manoeuvres[np.isin(manoeuvres["kind"], ONLY_HERE)])
    inside = [
        bool(np.any((trips["start_us"] <= e["start_us"]) & (e["end_us"] <= trips["end_us"])))
        for e in more
    ]
    more = more[np.array(inside, np.bool_)]
    lanes = more[more["kind"] == CODES["harsh_lane_change"]]
    kept = [
        event["kind"] != CODES["harsh_cornering"]
        or not np.any(
            (lanes["start_us"] <= event["end_us"]) & (event["start_us"] <= lanes["end_us"])
        )
        for event in events
    ]
    both = np.concatenate((events[np.array(kept, np.bool_)], more))
    return both[np.argsort(both["start_us"], kind="stable")]


def beyond_noise(
    table: Table, p: driving.Parameters
) -> tuple[driving.Parameters, dict[str, float | None]]:
    """Raise the thresholds of an accelerometer's events by what its vibration does by itself.

    The highest of some values with noise is above the true one. Returns the parameters, and the
    noise along and across, m/s², after the low-pass; None = not measured.
    """
    noise: dict[str, float | None] = {}
    raised: dict[str, float] = {}
    for axis, classes in (
        ("long", ("acceleration_mps2", "braking_mps2")),
        ("lat", ("cornering_mps2",)),
    ):
        values = table.columns.get(f"accel_{axis}_mps2")
        if values is None:
            noise[axis] = None
            continue
        left = inertial.left_noise(table.t_us, values, p.smooth_s)
        noise[axis] = round(left, 3) if left > 0.0 else None
        if left > inertial.DEFAULTS.noise_mps2:
            raised |= {name: getattr(p, name) + inertial.PEAK_OF_FOUR * left for name in classes}
    return p._replace(**raised), noise


def idling(table: Table, trips: NDArray[Any]) -> NDArray[Any]:
    """Stands of at least IDLING_S within trips, by a measured speed: EVENT_DTYPE[k]."""
    speed = table.columns.get("speed_kmh", np.full(table.t_us.size, np.nan))
    rows = np.flatnonzero(~np.isnan(speed))
    found = []
    stands = np.concatenate(([False], speed[rows] < STANDS_KMH, [False]))
    changes = np.flatnonzero(np.diff(stands.astype(np.int8)))
    ignition = table.columns.get("ignition")
    for first, end in zip(changes[::2], changes[1::2], strict=True):
        start_us, end_us = int(table.t_us[rows[first]]), int(table.t_us[rows[end - 1]])
        seconds = (end_us - start_us) / US_PER_S
        within = (trips["start_us"] <= start_us) & (end_us <= trips["end_us"])
        if seconds < IDLING_S or not within.any():
            continue
        if ignition is not None and np.any(ignition[rows[first] : rows[end - 1] + 1] < 0.5):
            continue
        severity = 1 + (seconds >= 2 * IDLING_S) + (seconds >= 3 * IDLING_S)
        found.append((IDLING, start_us, end_us, severity, np.nan, np.nan, np.nan, 1.0))
    return rows_of(np.array(found, inertial.MANOEUVRE_DTYPE).reshape(-1))


def phone_seconds(table: Table, trips: NDArray[Any], events: NDArray[Any]) -> NDArray[np.float64]:
    """Seconds of each trip's driving with the phone in the hand: float64[trips].

    NaN without a gyroscope: nothing else shows it.
    """
    if not all(name in table.columns and not np.isnan(table.columns[name]).all() for name in GYRO):
        return np.full(trips.size, np.nan)
    found = np.zeros(trips.size)
    for event in events[events["kind"] == CODES["phone_handling"]]:
        within = (trips["start_us"] <= event["start_us"]) & (event["end_us"] <= trips["end_us"])
        found[within] += event["duration_s"]
    seconds: NDArray[np.float64] = np.minimum(found, trips["driving_s"])
    return seconds


def describe(
    event: np.void, used: Table, car: Found | None, p: driving.Parameters
) -> dict[str, Any]:
    """Return an event as the answer has it, without its times."""
    kind = KIND_NAMES[int(event["kind"])]
    described: dict[str, Any] = {
        "kind": kind,
        "peak_mps2": number(event["peak_mps2"], 3),
        "mean_mps2": number(_mean(event, used, car), 3),
        "delta_v_kmh": number(event["delta_v_kmh"], 1),
        "severity": int(event["severity"]),
        "confidence": number(_confidence(event, kind, used, car, p), 3),
    }
    if kind == "crash":
        described["basis"] = _basis(event, used, p)
    if int(event["kind"]) in LATERAL:
        described["side"] = "left" if event["peak_mps2"] > 0.0 else "right"
    return described


def _basis(event: np.void, used: Table, p: driving.Parameters) -> str:
    """Where the change of velocity of a crash comes from: acceleration, or speed alone.

    The kernel integrates an accelerometer whose values lie at most crash_dense_s apart.
    """
    if not event["peak_mps2"] > 0.0:
        return "speed"
    rows = (used.t_us >= event["start_us"] - US_PER_S) & (used.t_us <= event["start_us"] + US_PER_S)
    for name in ("accel_long_mps2", "accel_lat_mps2", "accel_x_mps2"):
        values = used.columns.get(name)
        if values is not None:
            t_us = used.t_us[rows & ~np.isnan(values)]
            if t_us.size > 1 and np.median(np.diff(t_us)) <= p.crash_dense_s * US_PER_S:
                return "acceleration"
    return "speed"


def _felt(event: np.void, used: Table, car: Found | None) -> NDArray[np.float64]:
    """Accelerations of the event's axis within it; empty = no accelerometer."""
    lateral = int(event["kind"]) in LATERAL
    if car is not None and car.found:
        t_us, values = car.t_us, car.lat if lateral else car.long
    else:
        name = "accel_lat_mps2" if lateral else "accel_long_mps2"
        if name not in used.columns:
            return np.empty(0)
        t_us, values = used.t_us, used.columns[name]
    part = values[np.searchsorted(t_us, event["start_us"]) : np.searchsorted(t_us, event["end_us"])]
    return part[~np.isnan(part)]


def _mean(event: np.void, used: Table, car: Found | None) -> float:
    if np.isnan(event["peak_mps2"]):
        return float("nan")
    felt = _felt(event, used, car)
    if felt.size:
        return float(np.mean(felt))
    if event["duration_s"] > 0.0 and int(event["kind"]) not in LATERAL:
        return float(event["delta_v_kmh"] / 3.6 / event["duration_s"])
    return float("nan")


def _confidence(
    event: np.void, kind: str, used: Table, car: Found | None, p: driving.Parameters
) -> float:
    """How sure an event is: by what it exceeds its threshold, and by the axes it was seen in."""
    least = {
        "harsh_braking": p.braking_mps2,
        "harsh_acceleration": p.acceleration_mps2,
        "harsh_cornering": p.cornering_mps2,
        "harsh_lane_change": inertial.DEFAULTS.lane_change_mps2,
    }.get(kind)
    if least is not None:
        axes = car.confidence if car is not None and _felt(event, used, car).size else 1.0
        return min(1.0, 0.5 * abs(float(event["peak_mps2"])) / least) * axes
    if kind == "speeding":
        return min(1.0, 0.5 * float(event["duration_s"]) / p.speeding_s)
    if kind == "crash":
        both = event["peak_mps2"] > 0.0 and event["delta_v_kmh"] <= -p.crash_drop_kmh
        return 1.0 if both else ONE_SOURCE
    return ONE_SOURCE if kind == "phone_handling" else 1.0


def category(trip: np.void) -> str | None:
    """Where a trip mostly went by its speeds: urban, rural or motorway; None = not measured."""
    seconds = trip["speed_hist_s"]
    width = 10.0
    middle = width * (np.arange(seconds.size) + 0.5)
    metres = seconds * middle / 3.6
    if not metres.sum() > 0.0:
        return None
    shares = (
        metres[middle < URBAN_KMH].sum(),
        metres[(middle >= URBAN_KMH) & (middle < RURAL_KMH)].sum(),
        metres[middle >= RURAL_KMH].sum(),
    )
    return ("urban", "rural", "motorway")[int(np.argmax(shares))]
