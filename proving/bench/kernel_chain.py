"""The whole chain of a recording on one core: alignment, motion, trips, events and score.

From columns in memory to the score of each trip, as `tachowatt score-trip` computes them, without
reading the file; CPU time of the thread, so that other work on the machine counts less. Two kinds
of recordings: a car's own axes at 10 Hz, and a phone in a holder whose axes are found out, 50 Hz
with GNSS at 1 Hz.
"""

from pathlib import Path
from typing import Any

import numpy as np

from app.analysis import alignment
from app.analysis.events import beyond_noise
from app.analysis.fixes import measured_only
from app.recordings.read import Table
from feature_kernels import driving
from proving.bench.kernel_data import START_US, cars
from runtime.clock import thread_cpu_s

_PHONE_HZ, _CAR_HZ = 50, 10
GRAVITY_MPS2 = 9.81


def run(samples: int) -> list[dict[str, Any]]:
    """Time the chain over at least `samples` rows of each kind; figures by kind."""
    return [_timed("car's axes, 10 Hz", _car, samples), _timed("phone, 50 Hz", _phone, samples)]


def chain(table: Table) -> driving.Score:
    """Compute the score of a recording from its columns."""
    used, _, _ = measured_only(table)
    if alignment.usable(used):
        _, used, _ = alignment.find(used)
    starts = np.array([0, table.t_us.size], np.int64)
    p, _ = beyond_noise(used, driving.DEFAULTS)
    carry = driving.initial_carry(1)
    run_ = driving.drive(used.columns, table.t_us, table.local_us, starts, carry, p)
    last = driving.finish(run_.carry)
    return driving.score(np.concatenate((run_.trips, last.trips)), single_trip=False)


def _timed(name: str, made: Any, samples: int) -> dict[str, Any]:
    """Time recordings of an hour; the rate is that of the median one."""
    rows = 0
    took: list[float] = []
    chain(made(0))  # compiled, or loaded from the cache
    while rows < samples:
        table = made(len(took) + 1)
        began = thread_cpu_s()
        chain(table)
        took.append((thread_cpu_s() - began) / table.t_us.size)
        rows += table.t_us.size
    return {"chain": name, "samples": rows, "samples_per_s": round(1.0 / np.median(took))}


def _hour(seed: int, hz: int) -> tuple[dict[str, Any], Any]:
    """The columns of an hour at 1 Hz, held or interpolated to `hz`; bends of up to 0.1 rad/s.

    The places, the heading and the acceleration to the left follow the bends.
    """
    columns, _, _ = cars(3_600, seed)
    t_s = np.arange(3_600 * hz) / hz
    dense = {
        name: np.interp(t_s, np.arange(3_600.0), columns[name])
        for name in ("speed_kmh", "accel_long_mps2")
    }
    speed = dense["speed_kmh"] / 3.6
    turns = np.random.default_rng(seed).uniform(20.0, 60.0)  # s from bend to bend
    dense["yaw_radps"] = np.where(speed > 3.0, 0.1 * np.sin(2.0 * np.pi * t_s / turns) ** 3, 0.0)
    course = np.cumsum(dense["yaw_radps"]) / hz
    dense["accel_lat_mps2"] = speed * dense["yaw_radps"]
    dense["lat_deg"] = 52.0 + np.cumsum(speed * np.sin(course)) / hz / 111_000.0
    dense["lon_deg"] = 10.0 + np.cumsum(speed * np.cos(course)) / hz / 68_000.0
    dense["speed_limit_kmh"] = columns["speed_limit_kmh"][t_s.astype(np.int64)]
    return dense, START_US + np.round(t_s * 1e6).astype(np.int64)


def _car(seed: int) -> Table:
    columns, t_us = _hour(seed, _CAR_HZ)
    del columns["yaw_radps"]
    return _table(columns, t_us)


def _phone(seed: int) -> Table:
    """The same in a holder: any orientation, gravity included, a gyroscope, GNSS at 1 Hz."""
    dense, t_us = _hour(seed, _PHONE_HZ)
    rng = np.random.default_rng(seed)
    n = t_us.size
    felt = np.stack([dense["accel_long_mps2"], dense["accel_lat_mps2"], np.full(n, GRAVITY_MPS2)])
    turned = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    turned *= np.sign(np.linalg.det(turned))
    axes = turned @ (felt + rng.normal(0.0, 0.2, (3, n)))
    spun = turned @ np.stack([np.zeros(n), np.zeros(n), dense["yaw_radps"]])
    spun += rng.normal(0.0, 0.01, (3, n))
    seldom = np.arange(n) % _PHONE_HZ == 0
    columns = {f"accel_{axis}_mps2": axes[k] for k, axis in enumerate("xyz")}
    columns |= {f"gyro_{axis}_radps": spun[k] for k, axis in enumerate("xyz")}
    for name in ("speed_kmh", "lat_deg", "lon_deg", "speed_limit_kmh"):
        columns[name] = np.where(seldom, dense[name], np.nan)
    return _table(columns, t_us)


def _table(columns: dict[str, Any], t_us: Any) -> Table:
    zero = np.zeros(t_us.size, np.int64)
    return Table(Path("bench"), t_us, zero, columns, None, True, "UTC", t_us.size, 0, 0, ())
