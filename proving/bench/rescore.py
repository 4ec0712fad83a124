"""`tachowatt bench rescore`: trips from all samples beside a bare COPY out of the store."""

from collections.abc import Callable
from typing import Any

import numpy as np

from app.operations.rescore_samples import rescore
from contracts.units import VEHICLE_NAMES
from proving.bench.kernel_data import cars
from proving.testbed.database import database_of
from runtime.clock import Clock
from runtime.settings import Settings
from store.pipeline import telemetry
from store.postgres.pool import connect
from store.schema.migrate import migrate
from store.testing import bench_data, measurements

_ROWS_OF_A_CAR = 20_000
_TIMES = 3
Progress = Callable[[str, int, int], None]


def run(settings: Settings, clock: Clock, samples: int, progress: Progress) -> dict[str, Any]:
    """Fill a database, and take turns: copy all samples out, compute their trips; the best of each.

    `settings.database_url` must be empty where it is given; else our own server.
    """
    cars_ = max(1, samples // _ROWS_OF_A_CAR)
    with database_of(settings, clock) as url:
        migrate(url)
        with connect(url) as connection:
            measurements.require_empty(connection)
            bench_data.register(connection, cars_, 0)
            devices = bench_data.device_ids(connection, "vehicle")
            for done, device in enumerate(devices):
                telemetry.append(connection, telemetry.VEHICLE, _samples(device, done))
                progress("cars", done + 1, cars_)
            connection.commit()
            bench_data.vacuum_analyze(connection)
            versions = measurements.versions(connection)
        copied, computed = [], []
        for turn in range(_TIMES):
            progress("turns", turn, _TIMES)
            began = clock.monotonic()
            with connect(url) as connection:
                bytes_ = telemetry.copy_out(connection, telemetry.VEHICLE)
            copied.append(clock.monotonic() - began)
            began = clock.monotonic()
            found = rescore(url, clock, bench_data.TENANT, f"bench/{turn}", devices)
            computed.append(clock.monotonic() - began)
    rows = cars_ * _ROWS_OF_A_CAR
    problems = [] if found.samples == rows else [f"{found.samples} of {rows} samples were read"]
    return {
        "samples": rows, "devices": cars_, "trips": found.trips, "bytes": bytes_,
        "copy_rows_per_s": round(rows / min(copied)),
        "rescore_rows_per_s": round(rows / min(computed)),
        "ratio_to_copy": round(min(copied) / min(computed), 2),
        "versions": versions, "problems": problems,
    }  # fmt: skip


def _samples(device: int, seed: int) -> telemetry.Samples:
    """Some hours of a car at 1 Hz with the columns of a tracker."""
    columns, t_us, _ = cars(_ROWS_OF_A_CAR, seed)
    n = t_us.size
    t_us = t_us[0] + np.arange(n, dtype=np.int64) * 1_000_000
    values = np.full((n, len(VEHICLE_NAMES)), np.nan)
    for name, column in columns.items():
        values[:, VEHICLE_NAMES.index(name)] = column
    return telemetry.Samples(np.full(n, device, np.int64), t_us, t_us, values)
