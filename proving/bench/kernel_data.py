"""Synthetic columns for the bench of the kernels: active cars and meters, seeded."""

from typing import Any

import numpy as np

START_US = 1_790_000_000_000_000
S_US, QUARTER_US = 1_000_000, 900_000_000
ROWS_OF_A_CAR, ROWS_OF_A_METER = 10_000, 10_000


def cars(n: int, seed: int) -> tuple[dict[str, Any], Any, Any]:
    """Return columns, t_us and starts of n rows at 1 Hz: drives of half an hour, five minutes of
    standing between them; hard braking, bends, speeding, and a few crashes."""
    rng = np.random.default_rng(seed)
    i = np.arange(n) % ROWS_OF_A_CAR
    phase = i % 2_100
    drives = phase < 1_800
    calm = 55.0 + 30.0 * np.sin(i / 90.0 + rng.uniform(0.0, 6.0, -(-n // ROWS_OF_A_CAR))[
        np.arange(n) // ROWS_OF_A_CAR
    ])  # fmt: skip
    edge = np.minimum(phase, 1_800 - phase).clip(0) * 6.0
    speed = np.where(drives, np.minimum(calm, edge), 0.0)
    hard = rng.random(n) < 2e-4
    falls = np.convolve(hard, np.r_[np.linspace(0.0, 1.0, 4), np.linspace(1.0, 0.0, 12)])[:n]
    speed = (speed * (1.0 - 0.6 * falls.clip(0.0, 1.0))).round(1)
    along = np.diff(speed, prepend=speed[:1]) / 3.6 + rng.normal(0.0, 0.15, n)
    heading = np.cumsum(np.where(drives & (rng.random(n) < 0.02), rng.uniform(-60, 60, n), 0.0))
    crash = (rng.random(n) < 1e-5) & drives
    along[crash] = -60.0
    for at in np.flatnonzero(crash):
        speed[at : at + 60] = 0.0
    step = speed / 3.6
    columns = {
        "speed_kmh": speed,
        "lat_deg": 52.0 + np.cumsum(step * np.cos(np.radians(heading))) / 111_000.0 % 1.0,
        "lon_deg": 10.0 + np.cumsum(step * np.sin(np.radians(heading))) / 68_000.0 % 1.0,
        "heading_deg": heading % 360.0,
        "accel_long_mps2": along,
        "accel_lat_mps2": rng.normal(0.0, 0.3, n) + np.where(rng.random(n) < 1e-4, 4.0, 0.0),
        "speed_limit_kmh": np.where(i % 600 < 300, 50.0, 80.0),
        "ignition": (phase < 1_810).astype(np.float64),
    }
    return columns, START_US + i * S_US, _starts(n, ROWS_OF_A_CAR)


def meters(n: int, seed: int) -> tuple[dict[str, Any], Any, Any]:
    """Return the same for n quarters of an hour: half of the meters send energy, half registers."""
    rng = np.random.default_rng(seed)
    i = np.arange(n) % ROWS_OF_A_METER
    meter = np.arange(n) // ROWS_OF_A_METER
    hour = i % 96 / 4.0
    shape = 0.03 + 0.08 * np.exp(-((hour - 19.0) ** 2) / 6.0) + 0.05 * np.exp(-((hour - 7.0) ** 2))
    energy = shape * rng.gamma(3.0, 1 / 3.0, n)
    energy += np.where(i > ROWS_OF_A_METER * 3 // 5, 0.04 * (meter % 5 == 0), 0.0)
    energy[rng.random(n) < 1e-4] += 6.0
    energy[(i % 3_000 < 120) & (meter % 4 == 1)] = 0.0
    tells_register = meter % 2 == 1
    register = np.cumsum(energy) - (np.cumsum(energy) - energy)[meter * ROWS_OF_A_METER] + 1_000.0
    columns = {
        "energy_kwh": np.where(tells_register, np.nan, energy),
        "register_kwh": np.where(tells_register, register.round(3), np.nan),
        "power_w": np.full(n, np.nan),
    }
    t_us = START_US // QUARTER_US * QUARTER_US + i * QUARTER_US
    late = (i > ROWS_OF_A_METER // 2) & (meter % 3 == 0)  # a third miss some hours
    return columns, t_us + late * (12 * QUARTER_US), _starts(n, ROWS_OF_A_METER)


def _starts(n: int, rows: int) -> Any:
    return np.append(np.arange(0, n, rows), n).astype(np.int64)
