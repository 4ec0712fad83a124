"""What a device makes of a drive: rates, noise, lag, rounding, and what it cannot measure.

dongle     2 Hz from the car's bus, its own accelerometer, GNSS at 1 Hz, a map's speed limits;
           25 Hz of acceleration for ±3 s round an impulse
phone      1 Hz GNSS, correlated position noise, speed that lags; nothing in tunnels
obd        a row every 0.491 s, whole km/h, no position
owntracks  a phone's location every 5 s, whole km/h
"""

import math
from dataclasses import dataclass

import numpy as np

from simulators.road import RoadNet
from simulators.vehicle import Drive

PROFILES = ("dongle", "phone", "obd", "owntracks")
_PARKED_US = 60_000_000
_PARKED_ROWS = 10
_PHONE_TAIL_US = 360_000_000
"""An app goes on recording for six minutes of standstill before it believes in a parking."""
_BURST_US = 3_000_000
_BURST_STEP_US = 40_000
_MS = 1_000


@dataclass(slots=True)
class Series:
    """Samples of one device: t_us int64[n] ascending, columns float64[n], NaN = not measured."""

    t_us: np.ndarray
    columns: dict[str, np.ndarray]

    def part(self, first: int, end: int) -> "Series":
        """Rows `first` to `end` (exclusive)."""
        return Series(self.t_us[first:end], {k: v[first:end] for k, v in self.columns.items()})


@dataclass(frozen=True, slots=True)
class Traits:
    """What distinguishes one device from the next of its kind."""

    phase_us: int
    position_noise_m: float
    lag_s: float
    speed_step_kmh: float


def draw_traits(rng: np.random.Generator, profile: str) -> Traits:
    """Draw a device's own traits."""
    noise = rng.uniform(3.0, 8.0) if profile in ("phone", "owntracks") else rng.uniform(1.5, 3.0)
    return Traits(
        int(rng.integers(0, 400)) * _MS,
        float(noise),
        float(rng.uniform(1.0, 1.8)),
        float(rng.choice([1.0, 0.1])),
    )


def measure(
    drive: Drive, net: RoadNet, profile: str, traits: Traits, rng: np.random.Generator
) -> Series:
    """Measure a drive with a sensor profile.

    Returns
    -------
    Series
        Times in whole milliseconds; column names of `contracts.units`.
    """
    if profile == "dongle":
        return _dongle(drive, net, traits, rng)
    if profile == "obd":
        return _obd(drive, traits)
    step = 1_000_000 if profile == "phone" else 5_000_000
    return _phone(drive, net, traits, rng, step)


def _dongle(drive: Drive, net: RoadNet, traits: Traits, rng: np.random.Generator) -> Series:
    on = np.arange(drive.on_us + traits.phase_us, drive.off_us, 500_000, dtype=np.int64)
    parked = drive.off_us + _PARKED_US * np.arange(_PARKED_ROWS + 1, dtype=np.int64)
    rows = np.concatenate([on, parked // _MS * _MS])
    t = rows
    if drive.crash is not None:
        at = drive.crash.at_us // _MS * _MS
        burst = np.arange(at - _BURST_US, at + _BURST_US, _BURST_STEP_US, dtype=np.int64)
        t = np.unique(np.concatenate([rows, burst]))
    regular = np.isin(t, rows)
    running = t < drive.off_us
    speed = _round(_at(drive, t, drive.speed_mps) * 3.6, traits.speed_step_kmh)
    has_fix = regular & ~_at_flag(drive, t, drive.tunnel)
    has_fix[np.flatnonzero(regular)[1::2]] = False
    lat, lon = _position(drive, net, t, traits, rng)
    long, side, up = _acceleration(drive, t, regular, rng)
    measured = ~regular | running
    columns = {
        "speed_kmh": np.where(regular, speed, np.nan),
        "lat_deg": np.where(has_fix, lat, np.nan),
        "lon_deg": np.where(has_fix, lon, np.nan),
        "heading_deg": np.where(has_fix, _heading(drive, t, rng), np.nan),
        "accel_long_mps2": np.where(measured, long, np.nan),
        "accel_lat_mps2": np.where(measured, side, np.nan),
        "accel_vert_mps2": np.where(measured, up, np.nan),
        "speed_limit_kmh": np.where(regular & running, _limit(drive, t), np.nan),
        "ignition": np.where(regular, running.astype(np.float64), np.nan),
    }
    return Series(t, columns)


def _acceleration(
    drive: Drive, t: np.ndarray, regular: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    box = np.ones(3) / 3.0  # the sensor's own low pass, 0.3 s

    def noise() -> np.ndarray:
        white = rng.normal(0.0, 0.15, len(t) + 1)
        return (white[1:] + white[:-1]) / math.sqrt(2.0)

    long = _at(drive, t, np.convolve(drive.accel_long_mps2, box, "same")) + noise()
    side = _at(drive, t, np.convolve(drive.accel_lat_mps2, box, "same")) + noise()
    speed = _at(drive, t, drive.speed_mps)
    up = noise() * (0.5 + speed / 15.0)
    if drive.crash is not None:
        crash = drive.crash
        since = (t - crash.at_us) * 1e-6
        inside = (since >= 0.0) & (since <= crash.duration_s)
        pulse = np.where(inside, crash.peak_mps2 * np.sin(np.pi * since / crash.duration_s), 0.0)
        ringing = ((since >= 0.0) & (since < 0.6)) * np.exp(-np.clip(since, 0.0, 1.0) / 0.15)
        long = long - pulse
        side = side + pulse * math.tan(crash.angle_rad)
        up = up + ringing * 0.25 * crash.peak_mps2 * np.sin(2 * np.pi * 9.0 * since)
    return np.round(long, 3), np.round(side, 3), np.round(up, 3)


def _obd(drive: Drive, traits: Traits) -> Series:
    on = np.arange(drive.on_us + traits.phase_us, drive.off_us, 491_000, dtype=np.int64)
    parked = drive.off_us + _PARKED_US * np.arange(_PARKED_ROWS + 1, dtype=np.int64)
    t = np.concatenate([on, parked // _MS * _MS])
    speed = _round(_at(drive, t, drive.speed_mps) * 3.6, 1.0)
    return Series(t, {"speed_kmh": speed, "ignition": (t < drive.off_us).astype(np.float64)})


def _phone(
    drive: Drive, net: RoadNet, traits: Traits, rng: np.random.Generator, step_us: int
) -> Series:
    first = -(-drive.on_us // 1_000_000) * 1_000_000
    t = np.arange(first, drive.off_us + _PHONE_TAIL_US, step_us, dtype=np.int64)
    t = t[~_at_flag(drive, t, drive.tunnel)]
    smooth = np.convolve(drive.speed_mps, np.ones(5) / 5.0, "same")
    speed = _at(drive, t - round(traits.lag_s * 1e6), smooth)
    wobble = _correlated(rng, len(t), 0.3, max(4.0e6 / step_us, 0.8))
    standing = speed < 0.3
    speed = np.where(standing, np.abs(wobble) * 0.3, np.maximum(speed + wobble, 0.0)) * 3.6
    lat, lon = _position(drive, net, t, traits, rng)
    whole = step_us > 1_000_000
    accuracy = traits.position_noise_m * rng.uniform(1.0, 1.6, len(t))
    altitude = 80.0 + 25.0 * np.sin(_at(drive, t, drive.x_m) / 900.0)
    columns = {
        "speed_kmh": np.round(speed) if whole else np.round(speed, 2),
        "lat_deg": lat,
        "lon_deg": lon,
        "heading_deg": np.round(_heading(drive, t, rng), 0 if whole else 1) % 360.0,
        "altitude_m": np.round(altitude),
        "accuracy_m": np.round(accuracy) if whole else np.round(accuracy, 1),
    }
    return Series(t, columns)


def _at(drive: Drive, t: np.ndarray, values: np.ndarray) -> np.ndarray:
    since = (t - drive.on_us).astype(np.float64)
    return np.asarray(np.interp(since, drive.t_us - drive.on_us, values))


def _index(drive: Drive, t: np.ndarray) -> np.ndarray:
    step = int(drive.t_us[1] - drive.t_us[0])
    return np.asarray(np.clip((t - drive.on_us) // step, 0, len(drive.t_us) - 1))


def _at_flag(drive: Drive, t: np.ndarray, values: np.ndarray) -> np.ndarray:
    return np.asarray(values[_index(drive, t)])


def _limit(drive: Drive, t: np.ndarray) -> np.ndarray:
    return np.asarray(drive.limit_kmh[_index(drive, t)])


def _round(values: np.ndarray, step: float) -> np.ndarray:
    return np.asarray(np.round(np.round(values / step) * step, 1))


def _heading(drive: Drive, t: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Course over ground, clockwise from north; noisy when slow, as GNSS courses are."""
    speed = _at(drive, t, drive.speed_mps)
    noise = rng.normal(0.0, 1.0, len(t)) * np.clip(6.0 / np.maximum(speed, 0.5), 0.3, 8.0)
    course = 90.0 - np.degrees(_at(drive, t, drive.heading_rad)) + noise
    return np.asarray(np.round(course % 360.0, 1) % 360.0)


def _position(
    drive: Drive, net: RoadNet, t: np.ndarray, traits: Traits, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    rows_per_s = len(t) / max((int(t[-1]) - int(t[0])) * 1e-6, 1.0) if len(t) else 1.0
    width = max(20.0 * rows_per_s, 1.0)
    share = traits.position_noise_m / math.sqrt(2.0)
    x = _at(drive, t, drive.x_m) + _correlated(rng, len(t), share, width)
    y = _at(drive, t, drive.y_m) + _correlated(rng, len(t), share, width)
    lat, lon = net.to_degrees(x, y)
    return np.round(lat, 7), np.round(lon, 7)


def _correlated(rng: np.random.Generator, n: int, sigma: float, width: float) -> np.ndarray:
    """Gaussian noise smoothed over `width` rows, with standard deviation `sigma`."""
    half = max(int(3 * width), 1)
    kernel = np.exp(-0.5 * (np.arange(-half, half + 1) / width) ** 2)
    kernel /= np.sqrt((kernel**2).sum())
    return sigma * np.convolve(rng.normal(size=n + 2 * half), kernel, "valid")
