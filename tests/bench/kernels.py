"""Kernels beside their plain-Python oracles: samples a second, one core, and the ratio."""

from collections.abc import Callable
from typing import Any

import numpy as np

from feature_kernels import consumption, driving
from runtime.clock import SystemClock
from tests.oracles import consumption as consumption_oracle
from tests.oracles import driving as driving_oracle


def _seconds(call: Callable[[], Any]) -> float:
    clock = SystemClock()
    began = clock.monotonic()
    call()
    return clock.monotonic() - began


def _lists(columns: dict[str, Any]) -> dict[str, list[float]]:
    return {name: values.tolist() for name, values in columns.items()}


def run(n: int = 1_000_000, n_oracle: int = 20_000) -> list[dict[str, Any]]:
    """One row a kernel."""
    rng = np.random.default_rng(1)
    rows = []
    t = np.arange(n, dtype=np.int64) * 500_000 + 1_700_000_000_000_000
    speed = np.clip(50 + 40 * np.sin(np.arange(n) / 400) + rng.normal(0, 0.5, n), 0, None)
    starts = np.array([0, n])
    car = {"speed_kmh": speed, "accel_long_mps2": rng.normal(0, 0.4, n)}
    first = {name: values[:10] for name, values in car.items()}
    driving.drive(first, t[:10], t[:10], np.array([0, 10]), driving.initial_carry(1))
    fast = n / _seconds(lambda: driving.drive(car, t, t, starts, driving.initial_carry(1)))
    few = {name: values[:n_oracle] for name, values in car.items()}
    slow = n_oracle / _seconds(
        lambda: driving_oracle.drive_and_finish(
            _lists(few), t[:n_oracle].tolist(), t[:n_oracle].tolist(), driving.DEFAULTS
        )
    )
    rows.append({"kernel": "driving.drive", "samples_per_s": fast, "oracle_per_s": slow})
    t = np.arange(n, dtype=np.int64) * 900_000_000 + 1_000_000_000_000_000
    meter = {"energy_kwh": np.abs(rng.normal(0.1, 0.05, n))}
    few = {"energy_kwh": meter["energy_kwh"][:10]}
    consumption.consume(few, t[:10], t[:10], np.array([0, 10]), consumption.initial_carry(1))
    fast = n / _seconds(
        lambda: consumption.consume(meter, t, t, starts, consumption.initial_carry(1))
    )
    few = {"energy_kwh": meter["energy_kwh"][:n_oracle]}
    slow = n_oracle / _seconds(
        lambda: consumption_oracle.consume(
            _lists(few), t[:n_oracle], t[:n_oracle], [0, n_oracle], consumption.DEFAULTS._asdict()
        )
    )
    rows.append({"kernel": "consumption.consume", "samples_per_s": fast, "oracle_per_s": slow})
    for row in rows:
        row["ratio"] = round(row["samples_per_s"] / row["oracle_per_s"], 1)
        row["samples_per_s"], row["oracle_per_s"] = (
            round(row["samples_per_s"]),
            round(row["oracle_per_s"]),
        )
    return rows
