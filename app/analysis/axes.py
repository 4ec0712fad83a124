"""The axes of a recording: what options state about them, and what was found."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.analysis.answer import number
from app.recordings.read import Table
from feature_kernels.inertial import ALIGNMENT_VERSION
from runtime.errors import Usage

ACCEL = ("accel_x_mps2", "accel_y_mps2", "accel_z_mps2")
GYRO = ("gyro_x_radps", "gyro_y_radps", "gyro_z_radps")
CHOICES = {
    "frame": ("device", "earth", "vehicle"),
    "gravity": ("included", "removed"),
    "sign": ("specific-force", "opposite"),
}
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Axes:
    """What options state about accel_x, _y, _z and the gyroscope; '' = find out.

    sign : specific-force (at rest +9.81 m/s² upwards, Android) or opposite (iOS).
    """

    frame: str = ""
    gravity: str = ""
    sign: str = ""

    def __post_init__(self) -> None:
        for option, choices in CHOICES.items():
            given = getattr(self, option)
            if given and given not in choices:
                raise Usage(f"--{option}: found {given!r}, expected {', '.join(choices)}")

    @property
    def has_gravity(self) -> bool | None:
        return None if not self.gravity else self.gravity == "included"


FIND_OUT = Axes()


@dataclass(frozen=True, slots=True)
class Found:
    """The car's axes in a recording.

    t_us, long, lat, vert : at the accelerometer's rows; m/s² forward, left, up, NaN = not known
    rotation : 3 x 3, file's axes to forward, left, up; None = none is fixed
    """

    t_us: NDArray[np.int64]
    long: Floats
    lat: Floats
    vert: Floats
    frame: str
    gravity: bool
    confidence: float
    found: bool
    rotation: list[list[float]] | None = None
    lag_s: float | None = None
    fusion_s: float | None = None
    moved_s: tuple[float, ...] = ()

    def answer(self) -> dict[str, Any]:
        """Return `alignment` of the answer."""
        return {
            "found": self.found,
            "confidence": number(self.confidence, 3),
            "rotation": self.rotation,
            "frame": self.frame or None,
            "gravity": "included" if self.gravity else "removed",
            "moved_s": list(self.moved_s),
            "version": ALIGNMENT_VERSION,
        }


NOTHING: dict[str, Any] = {"found": False, "confidence": 0.0, "rotation": None}
"""`alignment` of a recording without axes to find."""


def columns(table: Table, names: tuple[str, str, str]) -> tuple[Floats, Floats, Floats]:
    """Return three columns as they are, NaN where absent."""
    nothing: Floats | None = None
    found = []
    for name in names:
        values = table.columns.get(name)
        if values is None:
            values = nothing = np.full(table.t_us.size, np.nan) if nothing is None else nothing
        found.append(values)
    return found[0], found[1], found[2]


def vectors(table: Table, names: tuple[str, ...]) -> Floats:
    """Return three columns as float64[n, 3], NaN where absent; each contiguous in memory."""
    nothing = np.full(table.t_us.size, np.nan)
    return np.stack([table.columns.get(name, nothing) for name in names]).T


def upright(accel: Floats, axes: Axes) -> tuple[Floats, bool]:
    """Turn the other sign convention into specific force; return whether it was turned.

    Gravity along −z, within a few degrees, is the other convention in an earth frame.
    """
    if axes.sign == "opposite":
        return -accel, True
    if axes.sign or axes.frame != "earth":
        return accel, False
    known = accel[~np.isnan(accel).any(axis=1)]
    turned = known.size > 0 and float(np.median(known[:, 2])) < -5.0
    return (-accel, True) if turned else (accel, False)


def rates(table: Table) -> dict[str, float]:
    """Return the rate of each column, Hz: that of its own rows, by their times."""
    found = {}
    for name, values in table.columns.items():
        t_us = table.t_us[~np.isnan(values)]
        if t_us.size >= 2:
            usual = float(np.median(np.diff(t_us))) / 1e6
            found[name] = round(1.0 / usual, 3)
    return found
