"""Recordings of accelerometer and gyroscope: the car's axes, and trips and manoeuvres by them.

These kernels look both ways along a whole recording, as a file allows; a stream of a device goes
through `feature_kernels.driving`.
"""

from feature_kernels.inertial.bridge import bridged
from feature_kernels.inertial.fixes import (
    courses,
    look_at,
    old_places,
    quiet,
    repeats,
    steadied,
    worth_it,
)
from feature_kernels.inertial.grid import Inertial, stretches
from feature_kernels.inertial.heading import FRAMES, Aligned, align, as_vehicle
from feature_kernels.inertial.manoeuvres import EVENT_KINDS, MANOEUVRE_DTYPE, manoeuvres
from feature_kernels.inertial.parameters import ALIGNMENT_VERSION, DEFAULTS, Parameters
from feature_kernels.inertial.parts import EARTH_FRAME, Part, parts
from feature_kernels.inertial.receiver import Measured, measured
from feature_kernels.inertial.shaking import PEAK_OF_FOUR, left_noise
from feature_kernels.inertial.speed import Motion, motion_of, paced
from feature_kernels.inertial.trips import ROLLING_DTYPE, trips
from feature_kernels.inertial.vehicle import Turned, align_by_speed, moved_at, onto_rows

__all__ = [
    "ALIGNMENT_VERSION",
    "DEFAULTS",
    "EARTH_FRAME",
    "EVENT_KINDS",
    "FRAMES",
    "MANOEUVRE_DTYPE",
    "PEAK_OF_FOUR",
    "ROLLING_DTYPE",
    "Aligned",
    "Inertial",
    "Measured",
    "Motion",
    "Parameters",
    "Part",
    "Turned",
    "align",
    "align_by_speed",
    "as_vehicle",
    "bridged",
    "courses",
    "left_noise",
    "look_at",
    "manoeuvres",
    "measured",
    "motion_of",
    "moved_at",
    "old_places",
    "onto_rows",
    "paced",
    "parts",
    "quiet",
    "repeats",
    "steadied",
    "stretches",
    "trips",
    "worth_it",
]
