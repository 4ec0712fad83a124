"""From the file's frame to the car's: turns say where left is, the gyroscope follows the heading.

In a turn the car accelerates towards its centre: the lateral acceleration is speed times yaw rate,
and the speed is positive. So the mean of (yaw rate x horizontal acceleration) points to the left,
in any frame in which the car's axes stand still. In the device's frame they do. In the earth's
frame they turn with the heading, which the gyroscope gives for a minute or two. Whichever frame
makes turns agree with one another is the right one; so no frame has to be known beforehand.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from feature_kernels.inertial.evidence import agreement
from feature_kernels.inertial.grid import Inertial
from feature_kernels.inertial.parameters import Parameters
from feature_kernels.inertial.smoothing import both_ways, leaky_integral

FRAMES = ("device", "earth", "vehicle")


class Aligned(NamedTuple):
    """The car's own accelerations.

    long, lat, vert : float64[n], m/s², forward, left, up; without gravity and slow parts
    yaw             : float64[n], rad/s, to the left positive
    tilt            : float64[n], rad/s, rate about the horizontal axes
    frame           : one of FRAMES, '' = no turns to find the axes by
    gravity         : whether the file's acceleration has gravity
    confidence      : 0..1, share of the evidence of all turns that agrees
    fusion_s        : time constant of the low frequencies that were restored, 0 = none
    """

    long: NDArray[np.float64]
    lat: NDArray[np.float64]
    vert: NDArray[np.float64]
    yaw: NDArray[np.float64]
    tilt: NDArray[np.float64]
    frame: str
    gravity: bool
    confidence: float
    fusion_s: float


class _View(NamedTuple):
    """One way to read the file: its frame, vertical and yaw rate; b : horizontal, complex."""

    frame: str
    b: NDArray[np.complex128]
    yaw: NDArray[np.float64]
    turn: NDArray[np.float64]  # heading to undo, rad; 0 in the device's frame


def align(piece: Inertial, p: Parameters, frame: str = "", gravity: bool | None = None) -> Aligned:
    """Find the car's axes in one stretch.

    frame : device, earth or '' = find out. gravity : included, removed or None = find out.
    Complexity: O(n).
    Source: centripetal acceleration; `docs/field/driving.md` (earth-frame recordings).
    Oracle: `tests/oracles/inertial.py`.
    """
    known = np.ones(piece.t_us.size)
    accel = both_ways(piece.accel, known, p.grid_s, p.smooth_s)
    mean = np.median(piece.accel, axis=0)
    has_gravity = bool(gravity)
    if gravity is None:
        has_gravity = bool(np.linalg.norm(mean) >= p.gravity_mps2)
    slow = both_ways(accel, known, p.grid_s, p.baseline_s)
    quick = accel - slow
    if np.isnan(piece.gyro).any():
        return _unaligned(quick, slow, has_gravity)
    gyro = both_ways(piece.gyro, known, p.grid_s, p.smooth_s)
    gyro -= np.median(gyro, axis=0)  # bias: a car goes straight most of the time
    best, seen, most = None, None, -1.0
    for view in _views(quick, slow, gyro, mean, has_gravity, frame, p):
        left, agreed = _left(view, p)
        if agreed > most:
            best, seen, most = view, left, agreed
    if best is None or seen is None or math.sqrt(np.mean(best.yaw**2)) < p.turn_radps:
        return _unaligned(quick, slow, has_gravity)
    # Its real axis is left, its imaginary one (left turned by 90 degrees) is backwards.
    fusion_s, body = 0.0, best.b * np.exp(-1j * best.turn) * np.conj(seen)
    if not has_gravity:
        fusion_s, body = _restored(best, seen, p)
    size = np.sqrt(np.sum(gyro**2, axis=1))
    return Aligned(
        -body.imag,
        body.real,
        _vertical(quick, slow, has_gravity),
        best.yaw,
        np.sqrt(np.maximum(size**2 - best.yaw**2, 0.0)),
        best.frame,
        has_gravity,
        max(most, 0.0),
        fusion_s,
    )


def as_vehicle(
    piece: Inertial, p: Parameters, frame: str = "", gravity: bool | None = None
) -> Aligned:
    """Take x, y, z as forward, left, up. Arguments as of `align`."""
    known = np.ones(piece.t_us.size)
    accel = both_ways(piece.accel, known, p.grid_s, p.smooth_s)
    slow = both_ways(accel, known, p.grid_s, p.baseline_s)
    if gravity is None:
        gravity = bool(np.median(piece.accel[:, 2]) >= p.gravity_mps2)
    quick = accel - slow
    gyro = both_ways(piece.gyro, known, p.grid_s, p.smooth_s)
    tilt = np.hypot(gyro[:, 0], gyro[:, 1])
    return Aligned(
        quick[:, 0], quick[:, 1], quick[:, 2], gyro[:, 2], tilt, "vehicle", gravity, 1.0, 0.0
    )


def _unaligned(quick, slow, gravity):
    nan = np.full(quick.shape[0], np.nan)
    vertical = _vertical(quick, slow, gravity)
    return Aligned(nan, nan, vertical, nan, nan, "", gravity, 0.0, 0.0)


def _vertical(quick, slow, gravity):
    """Vertical acceleration where gravity says the direction, else the file's z."""
    if not gravity:
        return quick[:, 2]
    up = slow / np.linalg.norm(slow, axis=1)[:, None]
    return np.sum(quick * up, axis=1)


def _views(quick, slow, gyro, mean, gravity, frame, p):
    """List the ways to read the file that its data allow."""
    z = np.array([0.0, 0.0, 1.0])
    turning = _principal(gyro, p)
    up = z
    if gravity:
        up = mean / np.linalg.norm(mean)
    elif abs(turning[2]) < math.cos(math.radians(20.0)):
        up = turning if turning[np.argmax(np.abs(turning))] > 0.0 else -turning
    if frame != "earth":
        yield _device(quick, slow if gravity else None, gyro, up)
    tilted = math.degrees(math.acos(min(abs(up[2]), 1.0))) if gravity else 0.0
    if frame != "device" and (frame == "earth" or tilted <= p.earth_tilt_deg):
        flat = quick[:, 0] + 1j * quick[:, 1]
        rates = [gyro[:, 2]]
        if abs(turning[2]) < math.cos(math.radians(20.0)):
            rates += [gyro @ turning, -(gyro @ turning)]  # the gyroscope kept the device's axes
        for rate in rates:
            yield _View("earth", flat, rate, np.cumsum(rate) * p.grid_s)


def _principal(gyro, p):
    """The axis about which a recording turns most: a car yaws far more than it rolls."""
    slow = both_ways(gyro, np.ones(gyro.shape[0]), p.grid_s, 1.0)
    return np.linalg.eigh(slow.T @ slow)[1][:, 2]


def _device(quick, slow, gyro, up):
    """The device's frame, with the vertical of each moment where gravity is in the data."""
    n = quick.shape[0]
    ups = np.tile(up, (n, 1)) if slow is None else slow / np.linalg.norm(slow, axis=1)[:, None]
    # Any horizontal axis, the least vertical of the device's own, continuous while it is tilted.
    axis = np.zeros(3)
    axis[np.argmin(np.abs(up))] = 1.0
    first = axis - ups * (ups @ axis)[:, None]
    first /= np.linalg.norm(first, axis=1)[:, None]
    second = np.cross(ups, first)
    b = np.sum(quick * first, axis=1) + 1j * np.sum(quick * second, axis=1)
    return _View("device", b, np.sum(gyro * ups, axis=1), np.zeros(n))


def _left(view, p):
    """Direction of left in the unturned horizontal plane, complex[n] of size 1; and agreement."""
    n = view.b.size
    ones = np.ones(n)
    body = view.b * np.exp(-1j * view.turn)
    pair = np.stack((body.real, body.imag, view.yaw), axis=1)
    pair -= both_ways(pair, ones, p.grid_s, p.band_s)
    c = pair[:, 2] * (pair[:, 0] + 1j * pair[:, 1])
    wide = both_ways(np.stack((c.real, c.imag), axis=1), ones, p.grid_s, p.heading_s)
    left = wide[:, 0] + 1j * wide[:, 1]
    size = np.abs(left)
    left = np.where(size > 0.0, left / np.where(size > 0.0, size, 1.0), 1.0)
    return left, agreement(c, p)


def _restored(view, left, p):
    """The car's frame, with low frequencies that a first-order high-pass took, if turns then agree.

    A high-pass of time constant T gives y; x = y + (integral of y) / T. A fusion that follows the
    attitude by a gyroscope loses them in the earth's frame, a plain filter in the device's: both
    are tried. Returns the time constant (0 = nothing was lost) and complex[n].
    """
    ones = np.ones(view.b.size)
    to_body = np.exp(-1j * view.turn) * np.conj(left)

    def slow(values):
        return _complex(leaky_integral(_pairs(values), p.grid_s, p.baseline_s))

    def band(values):
        return values - both_ways(values, ones, p.grid_s, 0.5 * p.baseline_s)

    rate = band(view.yaw)
    body = view.b * to_body
    integrals = [slow(body)]
    if view.frame == "earth":
        integrals.append(slow(view.b) * to_body)
    best, chosen, found = _fit(band(body.real), rate) + p.fusion_gain, 0.0, body
    for integral in integrals:
        tau = p.fusion_shortest_s
        while tau <= p.fusion_longest_s * 1.001:
            fit = _fit(band(body.real + integral.real / tau), rate)
            if fit > best:
                best, chosen, found = fit, tau, body + integral / tau
            tau *= 2.0**0.5
    if chosen > 0.0:
        both = _pairs(found)
        found = _complex(both - both_ways(both, ones, p.grid_s, p.baseline_s))
    return chosen, found


def _pairs(values):
    return np.stack((values.real, values.imag), axis=1)


def _complex(pairs):
    return pairs[:, 0] + 1j * pairs[:, 1]


def _fit(a, rate):
    return float(np.sum(a * rate) / math.sqrt(np.sum(a * a) * np.sum(rate * rate) + 1e-30))
