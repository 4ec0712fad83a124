"""From the file's frame to the car's where speed is known: changes of speed point ahead."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from feature_kernels.inertial import frames
from feature_kernels.inertial.evidence import agreement, best_lag, evidence_at, same_way
from feature_kernels.inertial.grid import Inertial, columns_of
from feature_kernels.inertial.heading import Aligned
from feature_kernels.inertial.parameters import Parameters
from feature_kernels.inertial.smoothing import both_ways, both_ways_complex, leaky_integral
from feature_kernels.inertial.speed import Motion


class Turned(NamedTuple):
    """The car's axes in a stretch with speed.

    car      : accelerations on the grid, low frequencies from speed and yaw
    rotation : float64[n, 3, 3], file's axes to forward, left, up
    slow     : float64[n, 3], gravity and drift in the file's frame, m/s²
    along    : float64[3, n], the accelerations of `car`: forward, left, up
    added    : float64[n, 2], m/s², slow parts forward and left that speed and yaw gave back
    lag_s    : how much later speed is than acceleration
    opposite : the file's acceleration has the other sign (iOS)
    """

    car: Aligned
    rotation: NDArray[np.float64]
    slow: NDArray[np.float64]
    along: NDArray[np.float64]
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


class _Felt(NamedTuple):
    """A stretch's acceleration float64[n, 3], its slow part, the rest, and the gyroscope or None.

    gravity : whether the file's acceleration has gravity; up : then its direction in each row,
    float64[n, 3], and their mean float64[3].
    """

    slow: NDArray[np.float64]
    quick: NDArray[np.float64]
    gyro: NDArray[np.float64] | None
    gravity: bool
    up: tuple[NDArray[np.float64], NDArray[np.float64]] | None

    def opposite(self) -> "_Felt":
        """The same file, read as one of the other sign; it has gravity."""
        assert self.up is not None
        up, mean = self.up
        return self._replace(slow=-self.slow, quick=-self.quick, up=(-up, -mean))


class _Judged(NamedTuple):
    """How a reading agrees with the motion; evidence : complex128[n], heard x conj(expected)."""

    agreed: float
    contradicts: bool  # the course turns the other way
    view: _View
    evidence: NDArray[np.complex128]
    lag_s: float
    fit: float


def _has_gravity(accel: NDArray[np.float64], p: Parameters) -> bool:
    """Tell whether the mean acceleration is gravity; some thousand rows of float64[n, 3] say so."""
    some = accel[:: max(1, accel.shape[0] // 4096)]
    return bool(np.linalg.norm(np.median(some, axis=0)) >= p.gravity_mps2)


def moved_at(piece: Inertial, p: Parameters) -> list[int]:
    """Grid rows at which the device was turned against gravity: cut there, align anew.

    Gravity of the moved_s before is compared with that of the moved_s after. What bends, brakes
    and slopes of a car may tilt that mean by must last.
    """
    n, width = piece.t_us.size, round(p.moved_s / p.grid_s)
    if n < 4 * width or not _has_gravity(piece.accel, p):
        return []
    cosine = frames.turned_furthest(piece.accel, width)
    least, sure = (math.cos(math.radians(deg)) for deg in (p.moved_deg, p.moved_sure_deg))
    found: list[int] = []
    while True:
        at = int(np.argmin(cosine))
        if cosine[at] > least:
            return sorted(found)
        if cosine[at] <= sure or _lasting(piece.accel, at, p) <= least:
            found.append(at)
        cosine[max(0, at - width) : at + width] = 1.0


def _lasting(accel: NDArray[np.float64], at: int, p: Parameters) -> float:
    """Cosine between the medians of the moved_long_s before and after a row."""
    long = round(p.moved_long_s / p.grid_s)
    a, b = (np.median(part, axis=0) for part in (accel[max(0, at - long) : at], accel[at:][:long]))
    size = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(a @ b) / size if size > 0.0 else 1.0


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
    has_gravity = _has_gravity(piece.accel, p) if gravity is None else gravity
    felt = _felt(piece, has_gravity, sign == "opposite", p)
    judged = [_judged(view, felt, motion, p) for view in _views(felt, motion, frame, p)]
    best, opposite = max(judged, key=lambda each: each.agreed), sign == "opposite"
    if has_gravity and not sign:
        found = _of_other_sign(felt, judged, motion, frame, p)
        if found is not None and found[1].agreed > best.agreed + p.sign_gain:
            (felt, best), opposite = found, True
    quick, fusion_s = felt.quick, 0.0
    if not has_gravity:
        best, quick, fusion_s = _restored(best, felt.quick, motion, p)
    return _turned(best, felt, quick, fusion_s, motion, p)._replace(opposite=opposite)


def _felt(piece, gravity, opposite, p):
    ones = np.ones(piece.t_us.size)
    accel = both_ways(-piece.accel if opposite else piece.accel, ones, p.grid_s, p.smooth_s)
    slow = both_ways(accel, ones, p.grid_s, p.baseline_s)
    gyro = None
    if not np.isnan(piece.gyro).any():
        gyro = both_ways(piece.gyro, ones, p.grid_s, p.smooth_s)
        gyro -= [np.median(np.ascontiguousarray(gyro[:, k])) for k in range(3)]
    up = frames.upwards(slow) if gravity else None
    return _Felt(slow, accel - slow, gyro, gravity, up)


def _judged(view, felt, motion, p, found=None):
    """Judge a reading; lag and agreement may be `found` already."""
    heard = _heard(felt.quick, view, p)
    if found is None:
        fit, lag_s, evidence = best_lag(heard, motion, view.yaw, p)
    else:
        fit, lag_s = found.fit, found.lag_s
        evidence = evidence_at(heard, motion, view.yaw, lag_s, p)
    contradicts = same_way(view.yaw, motion.yaw, lag_s, p) < 0.0
    agreed = agreement(evidence, p) - 2.0 * contradicts
    return _Judged(agreed, contradicts, view, evidence, lag_s, fit)


def _of_other_sign(felt, judged, motion, frame, p):
    """Judge the file as one of the other sign; return it so, and how it agrees.

    None where that says nothing new. In the device's frame the gyroscope's yaw changes its sign
    too: lag and agreement are the same, and the course alone tells them apart.
    """
    found = None
    if felt.gyro is not None:
        found = next((each for each in judged if each.view.frame == "device"), None)
    device = frame != "earth" and (found is None or found.contradicts)
    if not device and not _may_be_earth(felt, -felt.up[1], frame, p):
        return None
    other = felt.opposite()
    again = [
        _judged(view, other, motion, p, found if view.frame == "device" else None)
        for view in _views(other, motion, frame, p, device)
    ]
    return other, max(again, key=lambda each: each.agreed)


def _may_be_earth(felt, mean, frame, p):
    """Tell whether the axes may be east, north and up; mean : float64[3], direction of gravity."""
    tilted = math.degrees(math.acos(min(1.0, max(-1.0, float(mean[2])))))
    return frame != "device" and (
        frame == "earth" or not felt.gravity or tilted <= p.earth_tilt_deg
    )


def _heard(quick, view, p):
    """Horizontal acceleration in the view, filtered as the speed is, without slow parts."""
    body = frames.flat(quick, view.first, view.second, view.turn)
    ones = np.ones(body.size)
    body -= both_ways_complex(body, ones, p.grid_s, p.band_s * 2.0)
    return both_ways_complex(body, ones, p.grid_s, p.speed_smooth_s)


def _views(felt, motion, frame, p, device=True):
    """List the ways to read the file that its data allow; without the device's if not `device`."""
    n = felt.quick.shape[0]
    if felt.up is not None:
        up, mean = felt.up
    else:
        mean = _up_by_motion(felt.quick, motion, p)
        up = np.tile(mean, (n, 1))
    if frame != "earth" and device:
        axis = np.zeros(3)
        axis[np.argmin(np.abs(mean))] = 1.0
        first, second = frames.level(up, axis)
        yaw = motion.yaw if felt.gyro is None else frames.dots(felt.gyro, up)
        yield _View("device", first, second, up, yaw, np.zeros(n))
    if _may_be_earth(felt, mean, frame, p):
        yaw = motion.yaw  # the gyroscope may have kept the device's axes
        if felt.gyro is not None and same_way(felt.gyro[:, 2], motion.yaw, 1.0, p) > 0.5:
            yaw = np.ascontiguousarray(felt.gyro[:, 2])
        east, north, above = (np.tile(axis, (n, 1)) for axis in np.eye(3))
        turn = np.cumsum(np.nan_to_num(yaw)) * p.grid_s
        yield _View("earth", east, north, above, yaw, turn)


def _up_by_motion(quick, motion, p):
    """Without gravity: forward by changes of speed, left by bends, up = forward x left."""
    forward = np.nansum(motion.accel[:, None] * quick, axis=0)
    left = np.nansum((motion.speed * motion.yaw)[:, None] * quick, axis=0)
    up = np.cross(forward, left)
    size = float(np.linalg.norm(up))
    return up / size if size > 0.0 else np.array([0.0, 0.0, 1.0])


def _restored(judged, quick, motion, p):
    """Give back low frequencies that a fusion took, if motion then agrees better.

    The time constant is at first that with the best agreement. Speeds a second apart have lost
    quick changes, so that it is too short. One that is k times too short makes slow changes k times
    too large; speeds have those, and correct it.
    Returns the reading judged anew, float64[n, 3], and the time constant, 0 = nothing was lost.
    """
    ones, fusion_s = np.ones(quick.shape[0]), 0.0
    integral = leaky_integral(quick, p.grid_s, p.baseline_s)
    view, evidence, lag_s, fit = judged.view, judged.evidence, judged.lag_s, judged.fit
    best, tau = quick, p.fusion_shortest_s

    def with_slow(tau):
        tried = quick + integral / tau
        tried -= both_ways(tried, ones, p.grid_s, p.baseline_s)
        return tried

    while tau <= p.fusion_longest_s * 1.001:
        tried = with_slow(tau)
        better, later, heard = best_lag(_heard(tried, view, p), motion, view.yaw, p)
        if better > fit + (p.fusion_gain if fusion_s == 0.0 else 0.0):
            fit, lag_s, evidence, best, fusion_s = better, later, heard, tried, tau
        tau *= 2.0**0.5
    if fusion_s > 0.0:
        for _ in range(2):
            fusion_s *= _slow_gain(best, view, motion, lag_s, p)
            fusion_s = min(max(fusion_s, p.fusion_shortest_s), p.fusion_longest_s)
            best = with_slow(fusion_s)
        fit, lag_s, evidence = best_lag(_heard(best, view, p), motion, view.yaw, p)
    agreed = agreement(evidence, p)
    return _Judged(agreed, False, view, evidence, lag_s, fit), best, fusion_s


def _slow_gain(quick, view, motion, lag_s, p):
    """Slow changes that are felt over those that speed and yaw say; 1 = all of them.

    Both without what is faster than fusion_band_s and slower than baseline_s, by blocks, because
    the axes may turn from one to the next.
    """
    rows = round(lag_s / p.grid_s)
    turning = np.nan_to_num(_later(view.yaw, rows) if view.yaw is motion.yaw else view.yaw)
    said = _later(motion.accel, rows) + 1j * _later(motion.speed, rows) * turning
    known = (~np.isnan(said)).astype(np.float64)
    felt = frames.flat(quick, view.first, view.second, view.turn)
    slow = []
    for values in (np.where(known > 0.0, said, 0.0), felt):
        band = both_ways_complex(values, known, p.grid_s, p.fusion_band_s)
        band = band - both_ways_complex(values, known, p.grid_s, p.baseline_s)
        slow.append(np.where(known > 0.0, band, 0.0))
    starts = np.arange(0, felt.size, round(p.lag_block_s / p.grid_s))
    agreed = np.sum(np.abs(np.add.reduceat(slow[1] * np.conj(slow[0]), starts)))
    power = np.sum(np.abs(slow[0]) ** 2)
    return float(agreed / power) if power > 0.0 and agreed > 0.0 else 1.0


def _later(values, rows):
    if rows == 0:
        return values
    out = np.full(values.size, np.nan)
    if rows > 0:
        out[:-rows] = values[rows:]
    else:
        out[-rows:] = values[:rows]
    return out


def _turned(judged, felt, quick, fusion_s, motion, p):
    """Turn a stretch as judged; what is slow comes from speed and yaw."""
    view, ones = judged.view, np.ones(quick.shape[0])
    window = p.heading_s if view.frame == "earth" else p.mounted_s
    ahead = both_ways_complex(judged.evidence, ones, p.grid_s, window)
    rotation = frames.to_car(ahead, view.turn, view.first, view.second, view.up)
    rows = round(judged.lag_s / p.grid_s)
    of_course = view.yaw is motion.yaw
    turned = _later(view.yaw, rows) if of_course else view.yaw
    added = np.zeros((quick.shape[0], 2))
    along = frames.along_axes(rotation, quick)
    plain = along.copy() if quick is felt.quick else frames.along_axes(rotation, felt.quick)
    for k, said in enumerate((_later(motion.accel, rows), _later(motion.speed, rows) * turned)):
        pairs, known = frames.beside(said, along[k])
        means = both_ways(pairs, known, p.grid_s, p.complement_s)
        frames.complete(means, known, along[k], plain[k], added, k)
    tilt = np.full(quick.shape[0], np.nan)
    if felt.gyro is not None:
        tilt = frames.tilting(felt.gyro, view.up)
    car = Aligned(
        along[0], along[1], along[2], view.yaw, tilt,
        view.frame, felt.gravity, max(judged.agreed, 0.0), fusion_s,
    )  # fmt: skip
    return Turned(car, rotation, felt.slow, along, added, judged.lag_s, False)


def onto_rows(
    t_us, accel, grid_us, turned: Turned, confident: bool, done: int, smooth, raw, p: Parameters
) -> int:
    """Bring a stretch's accelerations along the car's axes back to the rows of the file.

    t_us : int64[n], of the file. accel : float64[n, 3], or three float64[n], of the file, NaN = not
    measured. done : up to which row `smooth` and `raw` are written; returns how far they are now.
    grid_us : int64[k], of the stretch. smooth : float64[3, n], written: forward, left, up, as the
    grid has them. raw : float64[2, n], written if `confident`: forward and left of the row itself,
    unsmoothed. Rows after `done` of which nothing is known get NaN.
    Complexity: O(n).
    """
    first, last = np.searchsorted(t_us, (grid_us[0] - 150_000, grid_us[-1] + 150_000))
    x, y, z = columns_of(accel)
    frames.onto_rows(
        np.ascontiguousarray(t_us), x, y, z, -1.0 if turned.opposite else 1.0, int(grid_us[0]),
        round(p.grid_s * 1e6), turned.along, turned.rotation, turned.slow, turned.added, confident,
        first, last, done, smooth, raw,
    )  # fmt: skip
    return max(done, int(last))
