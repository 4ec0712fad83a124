"""The car's axes of a recording with speed or places beside a device's accelerometer."""

import dataclasses
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.analysis.axes import ACCEL, FIND_OUT, GYRO, Axes, Floats, Found, columns, vectors
from app.recordings.read import Table
from feature_kernels import inertial


def usable(table: Table) -> bool:
    """Return whether a recording has an accelerometer's own axes, and speed or places."""
    if ACCEL[0] not in table.columns or np.isnan(table.columns[ACCEL[0]]).all():
        return False
    return any(
        name in table.columns and not np.isnan(table.columns[name]).all()
        for name in ("speed_kmh", "lat_deg")
    )


def find(
    table: Table, axes: Axes = FIND_OUT, p: inertial.Parameters = inertial.DEFAULTS
) -> tuple[Found, Table, NDArray[Any]]:
    """Find the car's axes; return them, the table with accelerations along them, and manoeuvres.

    Where they are not found with confidence, the table keeps the device's accelerations only.
    """
    accel, gyro = columns(table, ACCEL), columns(table, GYRO)
    parts, moved_us = inertial.parts(
        table.t_us, accel, gyro, table.columns, p, axes.frame, axes.has_gravity, axes.sign
    )
    moves = [table.seconds(t_us) for t_us in moved_us]
    seen = [
        inertial.manoeuvres(part.piece.t_us, part.turned.car, p)
        for part in parts
        if part.turned is not None and part.turned.car.confidence >= p.align_confidence
    ]
    manoeuvres = np.concatenate(seen) if seen else np.empty(0, inertial.MANOEUVRE_DTYPE)
    return *_found(table, accel, parts, moves, p), manoeuvres


def as_vehicle(table: Table, axes: Axes) -> Table:
    """Return the table with x, y as forward and left, as the options state."""
    raw = vectors(table, ACCEL).T * (-1.0 if axes.sign == "opposite" else 1.0)
    return _with_axes(table, raw[:2])


def _found(
    table: Table,
    accel: tuple[Floats, Floats, Floats],
    parts: list[inertial.Part],
    moves: list[float],
    p: inertial.Parameters,
) -> tuple[Found, Table]:
    n = table.t_us.size
    speed = table.columns.get("speed_kmh", np.full(n, np.nan)).copy()
    said = np.flatnonzero(~np.isnan(speed))
    smooth, raw, done = np.empty((3, n)), np.empty((2, n)), 0
    weights, sure = [0.0], [0.0]
    longest: inertial.Part | None = None
    for part in parts:
        piece, turned = part
        if turned is None:
            continue
        car = turned.car
        weights.append(float(piece.t_us.size))
        sure.append(car.confidence)
        if longest is None or piece.t_us.size > longest.piece.t_us.size:
            longest = part
        confident = car.confidence >= p.align_confidence
        if confident and said.size >= 2:
            _bridge(table, part, said, speed, p)
        done = inertial.onto_rows(
            table.t_us, accel, piece.t_us, turned, confident, done, smooth, raw, p
        )
    smooth[:, done:] = raw[:, done:] = np.nan
    confidence = float(np.average(sure, weights=weights)) if sum(weights) else 0.0
    known = ~(np.isnan(accel[0]) | np.isnan(accel[1]) | np.isnan(accel[2]))
    rows = slice(None) if known.all() else np.flatnonzero(known)
    found = Found(
        table.t_us[rows], smooth[0, rows], smooth[1, rows], smooth[2, rows],
        frame="", gravity=False, confidence=confidence, found=confidence >= p.align_confidence,
        moved_s=tuple(moves),
    )  # fmt: skip
    if longest is None or longest.turned is None:
        return found, table
    best = longest.turned
    rotation = None
    if best.car.frame != inertial.EARTH_FRAME:
        middle = best.rotation[best.rotation.shape[0] // 2] * (-1.0 if best.opposite else 1.0)
        rotation = [[round(float(x), 6) for x in row] for row in middle]
    found = dataclasses.replace(
        found, frame=best.car.frame, gravity=best.car.gravity, rotation=rotation,
        lag_s=round(best.lag_s, 3), fusion_s=best.car.fusion_s or None,
    )  # fmt: skip
    return found, _with_axes(table, raw, speed)


EVERY_S = 1.0  # through a silence a speed is given as often as GNSS usually gives one
AWAY_US = 500_000  # ... not so near to a measured one


def _bridge(
    table: Table,
    part: inertial.Part,
    said: NDArray[np.int64],
    speed: NDArray[np.float64],
    p: inertial.Parameters,
) -> None:
    """Write speeds into silences of a part. said : rows with a measured one."""
    piece, turned = part
    if turned is None:
        return
    t_us = table.t_us[said]
    found = inertial.bridged(piece.t_us, turned.car.long, turned.lag_s, t_us, speed[said], p)
    at = np.arange(0, found.size, max(1, round(EVERY_S / p.grid_s)))
    at = at[~np.isnan(found[at])]
    rows = np.minimum(np.searchsorted(table.t_us, piece.t_us[at]), table.t_us.size - 1)
    after = np.minimum(np.searchsorted(t_us, table.t_us[rows]), t_us.size - 1)
    near = np.abs(t_us[after] - table.t_us[rows])
    near = np.minimum(near, np.abs(t_us[np.maximum(after - 1, 0)] - table.t_us[rows]))
    free = near > AWAY_US
    speed[rows[free]] = found[at[free]]


def _with_axes(
    table: Table, along: NDArray[np.float64], speed: NDArray[np.float64] | None = None
) -> Table:
    """Return the table with accelerations along the car's axes where it had none.

    speed : takes the place of a measured speed, if the file has one.
    """
    columns = dict(table.columns)
    if speed is not None and "speed_kmh" in columns:
        columns["speed_kmh"] = speed
    for name, values in zip(("accel_long_mps2", "accel_lat_mps2"), along, strict=True):
        given = columns.get(name)
        columns[name] = values if given is None else np.where(np.isnan(given), values, given)
    return dataclasses.replace(table, columns=columns)
