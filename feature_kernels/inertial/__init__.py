"""Recordings of accelerometer and gyroscope: the car's axes, trips and manoeuvres without speed.

These kernels look both ways along a whole recording, as a file allows; a stream of a device goes
through `feature_kernels.driving`.
"""

from feature_kernels.inertial.grid import Inertial, stretches
from feature_kernels.inertial.heading import FRAMES, Aligned, align, as_vehicle
from feature_kernels.inertial.manoeuvres import EVENT_KINDS, MANOEUVRE_DTYPE, manoeuvres
from feature_kernels.inertial.parameters import DEFAULTS, Parameters
from feature_kernels.inertial.trips import ROLLING_DTYPE, trips

__all__ = [
    "DEFAULTS",
    "EVENT_KINDS",
    "FRAMES",
    "MANOEUVRE_DTYPE",
    "ROLLING_DTYPE",
    "Aligned",
    "Inertial",
    "Parameters",
    "align",
    "as_vehicle",
    "manoeuvres",
    "stretches",
    "trips",
]
