"""Recordings of accelerometer and gyroscope without speed and places."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.analysis.axes import ACCEL, FIND_OUT, GYRO, Axes, Floats, Found, upright, vectors
from app.recordings.read import Table
from feature_kernels import inertial
from feature_kernels.driving import TRIP_DTYPE

ALONG = ("accel_long_mps2", "accel_lat_mps2", "accel_vert_mps2")
NO_DISTANCE = "neither speed nor position: trips are from vibration, without distance and score"
NO_AXES = "no turns, or no gyroscope: the car's axes are not found, and no harsh events"


def usable(table: Table) -> bool:
    """Return whether a recording has accelerations, of a device or along the car, and no motion."""
    if _has(table, "speed_kmh") or _has(table, "lat_deg"):
        return False
    return _has(table, ACCEL[0]) or _has(table, ALONG[0])


def _has(table: Table, name: str) -> bool:
    return name in table.columns and not np.isnan(table.columns[name]).all()


def find(
    table: Table, axes: Axes = FIND_OUT, p: inertial.Parameters = inertial.DEFAULTS
) -> tuple[NDArray[Any], NDArray[Any], Found]:
    """Return trips (ROLLING_DTYPE), manoeuvres (MANOEUVRE_DTYPE) and the car's axes."""
    if _has(table, ACCEL[0]):
        accel, _ = upright(vectors(table, ACCEL), axes)
        gyro = vectors(table, GYRO)
    else:
        accel, axes = _along_the_car(table), Axes(frame="vehicle", gravity="removed")
        gyro = np.full_like(accel, np.nan)  # turns about the device's axes, not the car's
    pieces = inertial.stretches(table.t_us, accel, gyro, p)
    align = inertial.as_vehicle if axes.frame == "vehicle" else inertial.align
    found = [(piece, align(piece, p, axes.frame, axes.has_gravity)) for piece in pieces]
    trips = inertial.trips(found, p)
    parts = [inertial.manoeuvres(piece.t_us, car, p) for piece, car in found]
    events = np.concatenate(parts) if parts else np.empty(0, inertial.MANOEUVRE_DTYPE)
    return trips, events, _axes(table.t_us[~np.isnan(accel[:, 0])], found, p)


def _along_the_car(table: Table) -> Floats:
    """Return accelerations along the car's axes; an axis that the file does not have is 0."""
    accel = vectors(table, ALONG)
    accel[:, [not _has(table, name) for name in ALONG]] = 0.0
    return accel


def _axes(t_us: NDArray[np.int64], found: Any, p: inertial.Parameters) -> Found:
    """Bring the aligned accelerations back to the accelerometer's own rows."""
    out = np.full((3, t_us.size), np.nan)
    for piece, car in found:
        rows = slice(
            int(np.searchsorted(t_us, piece.t_us[0] - 200_000)),
            int(np.searchsorted(t_us, piece.t_us[-1] + 200_000)),
        )
        at = (t_us[rows] - piece.t_us[0]).astype(np.float64)
        grid = (piece.t_us - piece.t_us[0]).astype(np.float64)
        for k, values in enumerate((car.long, car.lat, car.vert)):
            out[k, rows] = np.interp(at, grid, values)
    sizes = np.array([piece.t_us.size for piece, _ in found] or [1], np.float64)
    sure = np.array([car.confidence for _, car in found] or [0.0])
    longest = found[int(np.argmax(sizes))][1] if found else None
    confidence = float(np.sum(sizes * sure) / np.sum(sizes))
    return Found(
        t_us, out[0], out[1], out[2],
        frame="" if longest is None else longest.frame,
        gravity=longest is not None and longest.gravity,
        confidence=confidence,
        found=longest is not None and confidence >= p.heading_confidence,
        fusion_s=None if longest is None or longest.fusion_s == 0.0 else longest.fusion_s,
    )  # fmt: skip


def trip_rows(trips: NDArray[Any]) -> NDArray[Any]:
    """Return ROLLING_DTYPE as TRIP_DTYPE, NaN where nothing is known."""
    many = np.zeros(trips.size, TRIP_DTYPE)
    for name in TRIP_DTYPE.names or ():
        if many[name].dtype.kind == "f" and many[name].ndim == 1:
            many[name] = np.nan
    for name in ("start_us", "end_us", "driving_s", "idle_s"):
        many[name] = trips[name]
    return many
