"""The car's axes through a recording: each stretch between two moves of the device by itself."""

from typing import NamedTuple

import numpy as np

from feature_kernels.inertial.grid import Inertial, stretches
from feature_kernels.inertial.parameters import Parameters
from feature_kernels.inertial.speed import motion_of, paced
from feature_kernels.inertial.vehicle import Turned, align_by_speed, moved_at

EARTH_FRAME = "earth"
_NONE = np.empty(0)


class Part(NamedTuple):
    """A stretch without gap or move; turned is None where no axes were found."""

    piece: Inertial
    turned: Turned | None


def parts(
    t_us, accel, gyro, columns, p: Parameters, frame: str = "", gravity: bool | None = None,
    sign: str = "",
) -> tuple[list[Part], list[int]]:  # fmt: skip
    """Cut a recording at its gaps and where the device was turned; align each part by speed.

    t_us : int64[n] ascending, µs. accel, gyro : float64[n, 3], or three float64[n], NaN = not
    measured in that row.
    columns : float64[n] each; speed_kmh, lat_deg, lon_deg and heading_deg are read.
    Returns the parts, and when the device was moved, µs.
    Complexity: O(n).
    """
    found: list[Part] = []
    moves: list[int] = []
    motion = [columns.get(name, _NONE) for name in ("speed_kmh", "lat_deg", "lon_deg")]
    p = paced(t_us, *motion, p)
    motion.append(columns.get("heading_deg", _NONE))
    for piece in stretches(t_us, accel, gyro, p, vibration=False):
        cuts = [] if frame == EARTH_FRAME else moved_at(piece, p)
        moves += [int(piece.t_us[row]) for row in cuts]
        for first, last in zip([0, *cuts], [*cuts, piece.t_us.size], strict=True):
            one = Inertial(
                piece.t_us[first:last], piece.accel[first:last],
                piece.gyro[first:last], piece.vibration,
            )  # fmt: skip
            moved = motion_of(one.t_us, t_us, *motion, p)
            found.append(Part(one, align_by_speed(one, moved, p, frame, gravity, sign)))
    return found, moves
