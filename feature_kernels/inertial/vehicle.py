"""From the file's frame to the car's where speed is known: changes of speed point ahead."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from feature_kernels.inertial.grid import Inertial
from feature_kernels.inertial.heading import Aligned, agreement
from feature_kernels.inertial.parameters import Parameters
from feature_kernels.inertial.smoothing import both_ways, leaky_integral
from feature_kernels.inertial.speed import Motion


class Turned(NamedTuple):
    """The car's axes in a stretch with speed.

    car      : accelerations on the grid, low frequencies from speed and yaw
    rotation : float64[n, 3, 3], file's axes to forward, left, up
    slow     : float64[n, 3], gravity and drift in the file's frame, m/s²
    added    : float64[n, 2], m/s², slow parts forward and left that speed and yaw gave back
    lag_s    : how much later speed is than acceleration
    opposite : the file's acceleration has the other sign (iOS)
    """

    car: Aligned
    rotation: NDArray[np.float64]
    slow: NDArray[np.float64]
    added: NDArray[np.float64]
    lag_s: float
    opposite: bool


class _View(NamedTuple):
    """One reading of the file: frame, horizontal axes float64[n, 3] each, up, yaw, heading."""

    frame: str
    first: NDArray[np.float64]
    second: NDArray[np.float64]
    up: NDArray[np.float64]
    yaw: NDArray[np.float64]
    turn: NDArray[np.float64]


def moved_at(piece: Inertial, p: Parameters) -> list[int]:
    """Grid rows at which the device was turned against gravity: cut there, align anew.

    Gravity of the moved_s before is compared with that of the moved_s after.
    """
    n, width = piece.t_us.size, round(p.moved_s / p.grid_s)
    if n < 4 * width or np.linalg.norm(np.median(piece.accel, axis=0)) < p.gravity_mps2:
        return []
    total = np.concatenate((np.zeros((1, 3)), np.cumsum(piece.accel, axis=0)))
    rows = np.arange(width, n - width)
    before, after = total[rows] - total[rows - width], total[rows + width] - total[rows]
    size = np.linalg.norm(before, axis=1) * np.linalg.norm(after, axis=1)
    cosine = np.sum(before * after, axis=1) / np.where(size > 0.0, size, 1.0)
    angle = np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0)))
    found: list[int] = []
    while True:
        at = int(np.argmax(angle)) if angle.size else 0
        if not angle.size or angle[at] < p.moved_deg:
            return sorted(found)
        found.append(int(rows[at]))
        angle[max(0, at - width) : at + width] = 0.0


def align_by_speed(
    piece: Inertial, motion: Motion, p: Parameters, frame: str = "", gravity: bool | None = None,
    sign: str = "",
) -> Turned | None:  # fmt: skip
    """Find the car's axes in one stretch by speed and course; None = nothing to find them by.

    The expected acceleration is r = change of speed + i (speed x yaw rate), forward and left. The
    measured one b = e^(i theta) r gives theta as the angle of the mean of b conj(r), over minutes.
    sign : specific-force, opposite or '' = find out.
    Complexity: O(n). Source: `docs/field/driving.md`. Oracle: the truth of `simulators/phone.py`.
    """
    known = ~np.isnan(motion.accel)
    if np.sum(known) * p.grid_s < p.align_least_s:
        return None
    mean = np.median(piece.accel, axis=0)
    has_gravity = bool(gravity)
    if gravity is None:
        has_gravity = bool(np.linalg.norm(mean) >= p.gravity_mps2)
    opposite = sign == "opposite"
    best = None
    for turned in (opposite,) if sign or not has_gravity else (False, True):
        found = _with_sign(piece, motion, has_gravity, frame, turned, p)
        if found is not None and (best is None or found[0] > best[0] + p.sign_gain * turned):
            best = (found[0], found[1], turned)
    if best is None:
        return None
    return best[1]._replace(opposite=best[2])


def _with_sign(piece, motion, gravity, frame, opposite, p):
    ones = np.ones(piece.t_us.size)
    accel = both_ways(-piece.accel if opposite else piece.accel, ones, p.grid_s, p.smooth_s)
    slow = both_ways(accel, ones, p.grid_s, p.baseline_s)
    quick = accel - slow
    gyro = None
    if not np.isnan(piece.gyro).any():
        gyro = both_ways(piece.gyro, ones, p.grid_s, p.smooth_s)
        gyro -= np.median(gyro, axis=0)
    felt, best = quick, None
    for view in _views(quick, slow if gravity else None, gyro, motion, frame, p):
        heard = _heard(quick, view, p)
        fit, lag, r = _lag(heard, motion, view.yaw, p)
        c = heard * np.conj(np.nan_to_num(r))
        agreed = agreement(c, p) - 2.0 * (_same_way(view.yaw, motion.yaw, lag, p) < 0.0)
        if best is None or agreed > best[0]:
            best = (agreed, view, c, lag, fit)
    if best is None:
        return None
    agreed, view, c, lag, fit = best
    fusion_s = 0.0
    if not gravity:
        integral = leaky_integral(quick, p.grid_s, p.baseline_s)
        given, tau = quick, p.fusion_shortest_s
        while tau <= p.fusion_longest_s * 1.001:
            tried = given + integral / tau
            tried -= both_ways(tried, ones, p.grid_s, p.baseline_s)
            heard = _heard(tried, view, p)
            better, later, r = _lag(heard, motion, view.yaw, p)
            if better > fit + (p.fusion_gain if fusion_s == 0.0 else 0.0):
                fit, lag, quick, fusion_s = better, later, tried, tau
                c = heard * np.conj(np.nan_to_num(r))
            tau *= 2.0**0.5
        agreed = agreement(c, p)
    return agreed, _turned(
        (agreed, view, c, lag, fusion_s), (felt, quick, slow), gravity, gyro, motion, p
    )


def _heard(quick, view, p):
    """Horizontal acceleration in the view, filtered as the speed is, without slow parts."""
    b = np.sum(quick * view.first, axis=1) + 1j * np.sum(quick * view.second, axis=1)
    body = b * np.exp(-1j * view.turn)
    ones = np.ones(body.size)
    return _slow(body - _slow(body, ones, p.band_s * 2.0, p), ones, p.speed_smooth_s, p)


def _same_way(yaw, course, lag, p):
    """Correlation of a yaw rate with the course's; 1 where nothing contradicts."""
    other = _later(course, round(lag / p.grid_s))
    both = ~np.isnan(yaw) & ~np.isnan(other)
    if yaw is course or not both.any():
        return 1.0
    a, b = yaw[both], other[both]
    return float(np.sum(a * b) / math.sqrt(np.sum(a * a) * np.sum(b * b) + 1e-30))


def _views(quick, slow, gyro, motion, frame, p):
    """List the ways to read the file that its data allow."""
    n = quick.shape[0]
    if slow is not None:
        ups = slow / np.linalg.norm(slow, axis=1)[:, None]
    else:
        ups = np.tile(_up_by_motion(quick, motion, p), (n, 1))
    if frame != "earth":
        axis = np.zeros(3)
        axis[np.argmin(np.abs(np.mean(ups, axis=0)))] = 1.0
        first = axis - ups * (ups @ axis)[:, None]
        first /= np.linalg.norm(first, axis=1)[:, None]
        yaw = motion.yaw if gyro is None else np.sum(gyro * ups, axis=1)
        yield _View("device", first, np.cross(ups, first), ups, yaw, np.zeros(n))
    tilted = math.degrees(math.acos(min(1.0, max(-1.0, float(np.mean(ups[:, 2]))))))
    if frame != "device" and (frame == "earth" or slow is None or tilted <= p.earth_tilt_deg):
        yaw = motion.yaw  # the gyroscope may have kept the device's axes
        if gyro is not None and _same_way(gyro[:, 2], motion.yaw, 1.0, p) > 0.5:
            yaw = gyro[:, 2]
        axes = np.eye(3)
        yield _View(
            "earth", np.tile(axes[0], (n, 1)), np.tile(axes[1], (n, 1)), np.tile(axes[2], (n, 1)),
            yaw, np.cumsum(np.nan_to_num(yaw)) * p.grid_s,
        )  # fmt: skip


def _up_by_motion(quick, motion, p):
    """Without gravity: forward by changes of speed, left by bends, up = forward x left."""
    forward = np.nansum(motion.accel[:, None] * quick, axis=0)
    left = np.nansum((motion.speed * motion.yaw)[:, None] * quick, axis=0)
    up = np.cross(forward, left)
    size = float(np.linalg.norm(up))
    return up / size if size > 0.0 else np.array([0.0, 0.0, 1.0])


def _slow(values, known, tau_s, p):
    pair = both_ways(np.stack((values.real, values.imag), axis=1), known, p.grid_s, tau_s)
    return pair[:, 0] + 1j * pair[:, 1]


def _expected(motion, yaw, rows, p):
    """r, with the speed taken `rows` later; without what is slower than the band."""
    ahead = _later(motion.accel, rows)
    speed = _later(motion.speed, rows)
    # A course has the lag of the speed, a gyroscope has none.
    turned = _later(yaw, rows) if yaw is motion.yaw else yaw
    r = ahead + 1j * np.nan_to_num(speed * turned)
    known = (~np.isnan(ahead)).astype(np.float64)
    r = np.where(known > 0.0, np.nan_to_num(r), 0.0)
    return np.where(known > 0.0, r - _slow(r, known, p.band_s * 2.0, p), np.nan)


def _later(values, rows):
    if rows == 0:
        return values
    out = np.full(values.size, np.nan)
    if rows > 0:
        out[:-rows] = values[rows:]
    else:
        out[-rows:] = values[:rows]
    return out


def _lag(heard, motion, yaw, p):
    """The lag at which the two agree most: the agreement, s, and r at that lag."""
    least, most = round(p.lag_least_s / p.grid_s), round(p.lag_most_s / p.grid_s)
    coarse = _best_lag(heard, motion, yaw, range(least, most + 1, 4), p)
    return _best_lag(heard, motion, yaw, range(coarse - 3, coarse + 4), p, whole=True)


def _best_lag(heard, motion, yaw, lags, p, whole=False):
    width = round(p.lag_block_s / p.grid_s)
    best = None
    for rows in lags:
        r = _expected(motion, yaw, rows, p)
        c = heard * np.conj(np.nan_to_num(r))
        sums = np.add.reduceat(c, np.arange(0, c.size, width))
        scale = math.sqrt(np.nansum(np.abs(r) ** 2) * np.sum(np.abs(heard[~np.isnan(r)]) ** 2))
        fit = float(np.sum(np.abs(sums))) / (scale + 1e-30)
        if best is None or fit > best[0]:
            best = (fit, rows, r)
    return (best[0], best[1] * p.grid_s, best[2]) if whole else best[1]


def _turned(best, accel, gravity, gyro, motion, p):
    bare, quick, slow = accel
    agreed, view, c, lag, fusion_s = best
    n = quick.shape[0]
    ones = np.ones(n)
    window = p.heading_s if view.frame == "earth" else p.mounted_s
    wide = _slow(c, ones, window, p)
    size = np.abs(wide)
    ahead = np.where(size > 0.0, wide / np.where(size > 0.0, size, 1.0), 1.0)
    ahead = ahead * np.exp(1j * view.turn)  # direction of forward in the view's plane
    forward = ahead.real[:, None] * view.first + ahead.imag[:, None] * view.second
    left = np.cross(view.up, forward)
    rotation = np.stack((forward, left, view.up), axis=1)
    along, across = np.sum(quick * forward, axis=1), np.sum(quick * left, axis=1)
    rows = round(lag / p.grid_s)
    speed = _later(motion.speed, rows)
    turned = _later(view.yaw, rows) if view.yaw is motion.yaw else view.yaw
    added = np.zeros((n, 2))
    for k, (felt, said) in enumerate(
        ((along, _later(motion.accel, rows)), (across, speed * turned))
    ):
        known = (~np.isnan(said)).astype(np.float64)
        if known.any():
            both = np.stack((np.nan_to_num(said), felt), axis=1)
            means = both_ways(both, known, p.grid_s, p.complement_s)
            added[:, k] = np.where(known > 0.0, means[:, 0] - means[:, 1], 0.0)
    vertical = np.sum(quick * view.up, axis=1)
    tilt = np.full(n, np.nan)
    if gyro is not None:
        about = np.sum(gyro * view.up, axis=1)
        tilt = np.sqrt(np.maximum(np.sum(gyro**2, axis=1) - about**2, 0.0))
    car = Aligned(
        along + added[:, 0], across + added[:, 1], vertical, view.yaw, tilt,
        view.frame, gravity, max(agreed, 0.0), fusion_s,
    )  # fmt: skip
    added[:, 0] = car.long - np.sum(bare * forward, axis=1)
    added[:, 1] = car.lat - np.sum(bare * left, axis=1)
    return Turned(car, rotation, slow, added, lag, False)
