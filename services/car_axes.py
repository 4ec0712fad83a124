"""Accelerations along the car's axes, for a plot: measured, aligned, or from changes of speed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from feature_kernels import inertial

Floats = NDArray[np.float64]
Source = Literal["measured", "aligned", "speed"]

ACCEL = ("accel_x_mps2", "accel_y_mps2", "accel_z_mps2")
GYRO = ("gyro_x_radps", "gyro_y_radps", "gyro_z_radps")
COLUMNS = (
    "speed_kmh", "lat_deg", "lon_deg", "heading_deg", "accel_long_mps2", "accel_lat_mps2",
    *ACCEL, *GYRO,
)  # fmt: skip
"""What `accelerations` reads."""
_STEP_US, _BRIDGE_S = 900_000, 5.0
"""From speed: over 0.9 s at least, as GNSS has 1 Hz, and over no longer gap than 5 s."""


@dataclass(frozen=True, slots=True)
class Accelerations:
    """source : how they are known. t_us : int64[n]. along : float64[n], m/s², forward; across :
    float64[n], m/s², to the left; NaN = not known."""

    source: Source
    t_us: NDArray[np.int64]
    along: Floats
    across: Floats


def accelerations(
    t_us: NDArray[np.int64],
    columns: Mapping[str, Floats],
    p: inertial.Parameters = inertial.DEFAULTS,
) -> Accelerations | None:
    """Return a trip's accelerations along the car's axes; None = nothing shows them.

    t_us : int64[n] ascending, µs. columns : float64[n] each, of COLUMNS, NaN = not measured.

    Those of a device come along the car's axes where these are found with confidence. Speed and
    course are used without old fixes and noise, as by `tachowatt score-trip`.
    """
    columns = inertial.measured(t_us, columns, p).columns
    nothing = np.full(t_us.size, np.nan)
    along, across = (columns.get(f"accel_{name}_mps2", nothing) for name in ("long", "lat"))
    known = ~np.isnan(along) | ~np.isnan(across)
    if known.any():
        return _cut("measured", t_us[known], along[known], across[known])
    aligned = _aligned(t_us, columns, p)
    if aligned is not None:
        return aligned
    at, along = of_speed(t_us, columns.get("speed_kmh", nothing))
    return _cut("speed", at, along, np.full(at.size, np.nan)) if at.size else None


def of_speed(t_us: NDArray[np.int64], speed_kmh: Floats) -> tuple[NDArray[np.int64], Floats]:
    """Return acceleration from speeds at least 0.9 s apart: µs, m/s², NaN over a gap."""
    known = ~np.isnan(speed_kmh)
    times, speeds = t_us[known], speed_kmh[known]
    before = np.searchsorted(times, times - _STEP_US, side="right") - 1
    usable = before >= 0
    seconds = (times - times[before])[usable] / 1e6
    change = (speeds - speeds[before])[usable] / 3.6
    return times[usable], np.where(seconds <= _BRIDGE_S, change / seconds, np.nan)


def warm_up() -> None:
    """Load the kernels that alignment needs, with gravity and gyroscope and without either."""
    t_us = np.arange(0, 60_000_000, 100_000, dtype=np.int64)
    s = t_us / 1e6
    for gravity in (9.81, 0.0):
        columns = {"speed_kmh": 50.0 + 20.0 * np.sin(s), "accel_x_mps2": np.cos(s)}
        columns |= {"accel_y_mps2": np.sin(3.0 * s), "accel_z_mps2": np.full(s.size, gravity)}
        if gravity > 0.0:
            columns |= {name: 0.1 * np.sin(s + k) for k, name in enumerate(GYRO)}
        accelerations(t_us, columns)


def _cut(source: Source, t_us: NDArray[np.int64], along: Floats, across: Floats) -> Accelerations:
    """Put a row of NaN into each gap, so that no line is drawn over it."""
    gaps = np.flatnonzero(np.diff(t_us) > _BRIDGE_S * 1e6) + 1
    return Accelerations(
        source,
        np.insert(t_us, gaps, t_us[gaps] - 1),
        np.insert(along, gaps, np.nan),
        np.insert(across, gaps, np.nan),
    )


def _aligned(
    t_us: NDArray[np.int64], columns: Mapping[str, Floats], p: inertial.Parameters
) -> Accelerations | None:
    nothing = np.full(t_us.size, np.nan)
    accel, gyro = (tuple(columns.get(name, nothing) for name in names) for names in (ACCEL, GYRO))
    if np.isnan(accel).any(axis=0).all():
        return None
    parts, _ = inertial.parts(t_us, accel, gyro, columns, p)
    sure = [
        (part.piece.t_us, part.turned.car)
        for part in parts
        if part.turned is not None and part.turned.car.confidence >= p.align_confidence
    ]
    if not sure:
        return None
    return _cut(
        "aligned",
        np.concatenate([at for at, _ in sure]),
        np.concatenate([car.long for _, car in sure]),
        np.concatenate([car.lat for _, car in sure]),
    )
