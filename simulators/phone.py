"""A phone with accelerometer and gyroscope in a car, without GNSS, and what the driver did.

A drive is a list of manoeuvres in closed form, some calm and some aggressive; speed, heading and
accelerations follow. The phone sees them in its own or in the earth's frame, with or without
gravity, and with what its fusion takes away.
"""

import math
from dataclasses import dataclass, replace

import numpy as np

KINDS = ("braking", "acceleration", "turn_left", "turn_right", "lane_left", "lane_right")
G = 9.80665


@dataclass(frozen=True, slots=True)
class Label:
    """What the driver did, s from the start."""

    kind: str
    aggressive: bool
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Phone:
    """How it records.

    frame      : device or earth (east, north, up)
    gyro_frame : the same, or device while the acceleration is in the earth's frame
    fusion_s   : time constant of the high-pass that took gravity away, 0 = none
    iron_deg   : how far the car's iron bends the compass, at most
    """

    rate_hz: float = 50.0
    frame: str = "device"
    gyro_frame: str = "device"
    gravity: bool = True
    fusion_s: float = 0.0
    vibration_mps2: float = 0.5
    gyro_noise_radps: float = 0.02
    gyro_bias_radps: float = 0.003
    settle_deg: float = 4.0  # attitude error at the start, gone after a minute or two
    iron_deg: float = 15.0
    mount_deg: tuple[float, float, float] = (20.0, -60.0, 10.0)
    sign: float = 1.0


@dataclass(frozen=True, slots=True)
class Recording:
    """t_s, accel m/s² [n, 3], gyro rad/s [n, 3]; truth: labels, long, lat, speed m/s, yaw."""

    t_s: np.ndarray
    accel: np.ndarray
    gyro: np.ndarray
    labels: tuple[Label, ...]
    long: np.ndarray
    lat: np.ndarray
    speed: np.ndarray
    yaw: np.ndarray


def _bell(seconds: float, step: float) -> np.ndarray:
    """A pulse with soft flanks and a mean of about 0.75 of its height of 1."""
    x = np.arange(0.0, seconds, step) / seconds
    return np.clip(np.minimum(x, 1.0 - x) / 0.25, 0.0, 1.0) ** 1.5


def drive(seed: int, aggressive: int = 14, calm: int = 14, phone: Phone | None = None) -> Recording:
    """Drive `aggressive` and `calm` manoeuvres in random order, and record them."""
    rng = np.random.default_rng(seed)
    step = 0.01
    labels: list[Label] = []
    long: list[np.ndarray] = [np.zeros(round(rng.uniform(8, 15) / step))]
    swerve: list[np.ndarray] = [np.zeros(long[0].size)]
    speed, now = 0.0, long[0].size * step

    def add(a: np.ndarray, y: np.ndarray) -> None:
        nonlocal speed, now
        long.append(a)
        swerve.append(y)
        speed += float(np.sum(a)) * step
        now += a.size * step

    def reach(target: float) -> None:
        if abs(target - speed) < 0.5:
            return
        a = rng.uniform(0.8, 1.2) * math.copysign(1.0, target - speed)
        n = abs(target - speed) / (abs(a) * 0.7)
        bell = _bell(n, step)
        bell *= (target - speed) / (float(np.sum(bell)) * step)
        add(bell, np.zeros(bell.size))

    plan = [True] * aggressive + [False] * calm
    rng.shuffle(plan)
    for n, harsh in enumerate(plan):
        kind = KINDS[n % 6] if n < 12 else str(rng.choice(KINDS))
        cruise = round(rng.uniform(4.0, 12.0) / step)
        sign = 1.0 if kind.endswith("left") else -1.0
        if kind == "braking":
            reach(rng.uniform(12.0, 16.0))
            peak = rng.uniform(3.8, 6.0) if harsh else rng.uniform(1.0, 1.9)
            bell = -peak * _bell(min(rng.uniform(1.8, 3.0), 0.9 * speed / (0.7 * peak)), step)
            parts = bell, np.zeros(bell.size)
        elif kind == "acceleration":
            reach(rng.uniform(3.0, 5.0))
            peak = rng.uniform(2.7, 3.8) if harsh else rng.uniform(0.8, 1.4)
            bell = peak * _bell(rng.uniform(2.5, 4.0), step)
            parts = bell, np.zeros(bell.size)
        elif kind.startswith("turn"):
            v = rng.uniform(7.5, 9.5) if harsh else rng.uniform(4.5, 6.0)
            reach(v)
            peak = rng.uniform(3.8, 5.5) if harsh else rng.uniform(1.2, 2.1)
            seconds = math.radians(rng.uniform(75, 105)) * v / (peak * 0.7)
            bell = sign * peak * _bell(seconds, step)
            ends = np.linspace(-1.0, 1.0, bell.size)  # braking into it, accelerating out of it
            parts = rng.uniform(0.3, 1.2) * np.abs(ends) * ends, bell
        else:
            reach(rng.uniform(12.0, 18.0))
            seconds = rng.uniform(2.0, 2.8) if harsh else rng.uniform(4.2, 6.0)
            peak = 2.0 * math.pi * 3.5 / seconds**2
            x = np.arange(0.0, seconds, step) / seconds
            x = x ** rng.uniform(0.85, 1.2)  # two unequal halves
            parts = (
                np.zeros(x.size),
                sign * peak * np.sin(2.0 * math.pi * x),
            )
        gap = np.zeros(cruise)
        add(gap, gap)
        start = now
        add(*parts)
        labels.append(Label(kind, harsh, start, now))
        add(np.zeros(200), np.zeros(200))
    reach(0.0)
    add(np.zeros(800), np.zeros(800))
    along, across = np.concatenate(long), np.concatenate(swerve)
    pace = np.maximum(np.cumsum(along) * step, 0.0)
    yaw = across / np.maximum(pace, 2.0)
    return record(along, across, pace, yaw, step, phone or Phone(), rng, tuple(labels))


def record(
    along: np.ndarray,
    across: np.ndarray,
    v: np.ndarray,
    yaw: np.ndarray,
    step: float,
    phone: Phone,
    rng: np.random.Generator,
    labels: tuple[Label, ...] = (),
) -> Recording:
    """Record a motion by a phone.

    along, across, v, yaw : float64[n], m/s², m/s², m/s and rad/s, `step` s apart.
    """
    n = along.size
    heading = rng.uniform(0, 2 * math.pi) + np.cumsum(yaw) * step
    slope = 0.3 * np.sin(np.arange(n) * step / 40.0 + rng.uniform(0, 6))  # 3 % of gravity
    roll, pitch = 0.02 * across, -0.015 * along
    car = np.stack((along + slope, across, G + np.zeros(n)), axis=1)
    rates = np.stack((np.gradient(roll, step), np.gradient(pitch, step), yaw), axis=1)
    noise = rng.normal(0.0, 1.0, (n, 3)) * phone.vibration_mps2
    car += noise * (0.15 + 0.85 * np.minimum(v / 8.0, 1.0))[:, None]
    mount = _rotation(phone.mount_deg)
    if phone.frame == "earth":
        error = math.radians(phone.settle_deg) * np.exp(-np.arange(n) * step / 60.0)
        car[:, 0] += G * error
        car[:, 1] -= G * error
        bent = math.radians(phone.iron_deg) * np.sin(heading + 1.0)
        accel = _turned(car, heading + bent)
        gyro = rates @ mount.T if phone.gyro_frame == "device" else _turned(rates, heading + bent)
    else:
        accel, gyro = car @ mount.T, rates @ mount.T
    if not phone.gravity:
        up = np.array([0.0, 0.0, G])
        accel = accel - (up if phone.frame == "earth" else mount @ up)
    if phone.fusion_s > 0.0:
        accel = _high_pass(accel, step, phone.fusion_s)
    gyro = gyro + rng.normal(0.0, phone.gyro_noise_radps, gyro.shape)
    gyro += phone.gyro_bias_radps * rng.uniform(-1.0, 1.0, 3)
    rows = np.arange(0.0, n - 1, 1.0 / (phone.rate_hz * step)).astype(np.int64)
    return Recording(
        rows * step, phone.sign * accel[rows], gyro[rows], labels,
        along[rows], across[rows], v[rows], yaw[rows],
    )  # fmt: skip


def _turned(vectors: np.ndarray, heading: np.ndarray) -> np.ndarray:
    """Forward, left, up → east, north, up; heading counter-clockwise from east."""
    east = vectors[:, 0] * np.cos(heading) - vectors[:, 1] * np.sin(heading)
    north = vectors[:, 0] * np.sin(heading) + vectors[:, 1] * np.cos(heading)
    return np.stack((east, north, vectors[:, 2]), axis=1)


def _high_pass(x: np.ndarray, step: float, tau: float) -> np.ndarray:
    keep = tau / (tau + step)
    out = np.zeros_like(x)
    for i in range(1, x.shape[0]):
        out[i] = keep * (out[i - 1] + x[i] - x[i - 1])
    return out


def _rotation(degrees: tuple[float, float, float]) -> np.ndarray:
    a, b, c = np.radians(degrees)
    x = np.array([[1, 0, 0], [0, math.cos(a), -math.sin(a)], [0, math.sin(a), math.cos(a)]])
    y = np.array([[math.cos(b), 0, math.sin(b)], [0, 1, 0], [-math.sin(b), 0, math.cos(b)]])
    z = np.array([[math.cos(c), -math.sin(c), 0], [math.sin(c), math.cos(c), 0], [0, 0, 1]])
    turned: np.ndarray = x @ y @ z
    return turned


@dataclass(frozen=True, slots=True)
class Gnss:
    """Speed and places beside a recording, NaN = no value in that row; m, the true distance."""

    speed_kmh: np.ndarray
    lat_deg: np.ndarray
    lon_deg: np.ndarray
    distance_m: float


def with_gnss(
    made: Recording, seed: int, lag_s: float = 1.2, noise_mps: float = 0.15, rate_hz: float = 1.0
) -> Gnss:
    """Measure speed and place by GNSS, `lag_s` late, in the rows of the recording."""
    rng = np.random.default_rng(seed)
    step = float(np.median(np.diff(made.t_s)))
    heading = np.cumsum(made.yaw) * step
    east = np.cumsum(made.speed * np.cos(heading)) * step
    north = np.cumsum(made.speed * np.sin(heading)) * step
    seconds = np.arange(0.5, made.t_s[-1], 1.0 / rate_hz)
    rows = np.searchsorted(made.t_s, seconds)
    speed, lat, lon = (np.full(made.t_s.size, np.nan) for _ in range(3))
    seen = np.interp(seconds - lag_s, made.t_s, made.speed)
    measured = seen + rng.normal(0, noise_mps, seen.size)
    speed[rows] = 3.6 * np.where(seen < 0.2, 0.0, np.maximum(measured, 0.0))
    per_degree = math.pi / 180.0 * 6_371_008.8
    drift = np.cumsum(rng.normal(0, 0.15, (2, seconds.size)), axis=1)
    lat[rows] = 52.0 + (np.interp(seconds - lag_s, made.t_s, north) + drift[0]) / per_degree
    across = per_degree * math.cos(math.radians(52.0))
    lon[rows] = 10.0 + (np.interp(seconds - lag_s, made.t_s, east) + drift[1]) / across
    return Gnss(speed, lat, lon, float(np.sum(made.speed) * step))


def windshield_phones() -> dict[str, Phone]:
    """Ways in which recordings of this kind come."""
    earth = Phone(frame="earth", gyro_frame="earth", gravity=False)
    return {
        "earth": earth,
        "earth, gravity": replace(earth, gravity=True),
        "earth, fused": replace(earth, fusion_s=1.4),
        "earth, gyroscope of the device": replace(earth, gyro_frame="device", fusion_s=1.4),
        "device, gravity": Phone(),
        "device, fused": Phone(gravity=False, fusion_s=1.4),
        "device, flat": Phone(mount_deg=(0.0, 0.0, 130.0)),
        "20 Hz": replace(earth, rate_hz=20.0, fusion_s=1.4),
        "other sign": Phone(sign=-1.0),
    }
