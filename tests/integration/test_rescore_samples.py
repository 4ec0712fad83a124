"""Trips computed again from all samples, beside the stored ones, for another version."""

import json
from typing import Any

import numpy as np
import pytest

from app.cli import cli
from app.operations import rescore_samples
from contracts.units import VEHICLE_NAMES
from feature_kernels import driving
from ingest.kernels import KINDS, compute
from ingest.registry import load
from proving.bench.kernel_data import cars
from runtime.clock import SystemClock
from services import score_versions
from store.pipeline import features, rescored, telemetry
from store.pipeline.feature_tables import SHOWN_TRIP, TRIP
from store.postgres.pool import connect
from store.testing import bench_data

CARS, ROWS = 3, 10_000
SECOND = "driving-score/2"


@pytest.fixture
def fleet(database: str, monkeypatch: pytest.MonkeyPatch) -> tuple[str, list[int]]:
    """Three cars with some hours of samples, not all of them measured, and the trips of these."""
    with connect(database) as connection:
        bench_data.register(connection, CARS, 0)
        devices = bench_data.device_ids(connection, "vehicle")
        kind, grids = KINDS["vehicle"], load(connection).grids
        for seed, device in enumerate(devices):
            columns, t_us, _ = cars(ROWS, seed)
            values = np.full((ROWS, len(VEHICLE_NAMES)), np.nan)
            for name, column in columns.items():
                values[:, VEHICLE_NAMES.index(name)] = column
            values[::7, VEHICLE_NAMES.index("lat_deg")] = np.nan
            ids = np.full(ROWS, device, np.int64)
            samples = telemetry.Samples(ids, t_us, t_us, values)
            telemetry.append(connection, telemetry.VEHICLE, samples)
            trips = compute(kind, samples, kind.initial(1), grids).rows[TRIP.name]
            assert trips.shape[0] > 0
            features.append(connection, TRIP, trips)
        connection.commit()
    monkeypatch.setenv("TACHOWATT_DATABASE_URL", database)
    monkeypatch.setattr(telemetry, "_PIECE", 2_000)  # a device in several portions
    monkeypatch.setattr(rescore_samples, "_DEVICES", 2)
    return database, devices


def test_all_samples_come_device_by_device(fleet: tuple[str, list[int]]) -> None:
    url, devices = fleet
    with connect(url) as connection:
        parts = list(telemetry.of_devices(connection, telemetry.VEHICLE, devices, driving.COLUMNS))
        assert len(parts) > CARS
        for name in ("device", "observed_us"):
            assert np.concatenate([getattr(part, name) for part in parts]).shape == (CARS * ROWS,)
        once = telemetry.read(connection, telemetry.VEHICLE, devices)
        read = [VEHICLE_NAMES.index(name) for name in driving.COLUMNS]
        assert np.concatenate([p.observed_us for p in parts]).tolist() == once.observed_us.tolist()
        values = np.concatenate([p.values for p in parts])
        assert values[:, read].tobytes() == once.values[:, read].tobytes()
        assert np.isnan(np.delete(values, read, axis=1)).all()


def test_trips_stand_beside_the_stored_ones_and_an_interrupted_run_goes_on(
    fleet: tuple[str, list[int]],
) -> None:
    url, devices = fleet
    clock = SystemClock()
    steps: list[tuple[int, int]] = []

    def interrupt(done: int, of: int) -> None:
        steps.append((done, of))
        raise KeyboardInterrupt

    arguments = (url, clock, bench_data.TENANT, SECOND, devices)
    with pytest.raises(KeyboardInterrupt):
        rescore_samples.rescore(*arguments, interrupt)
    assert steps == [(2, CARS)]
    found = rescore_samples.rescore(*arguments)
    assert (found.devices, found.samples) == (CARS, ROWS)  # only the third was left
    with connect(url) as connection:
        stored = np.concatenate([features.read(connection, TRIP, d)[0] for d in devices])
        again = rescored.trips(connection, found.run_id, devices)
        names = ["device_id", *SHOWN_TRIP.fields]
        for rows in (stored, again):
            rows.sort(order=["device_id", "start_us"])
        assert all(stored[name].tobytes() == again[name].tobytes() for name in names)
    newer = rescore_samples.rescore(*arguments)
    assert newer.run_id > found.run_id and newer.trips == stored.shape[0]
    with connect(url) as connection:
        assert rescored.trips(connection, found.run_id, devices).shape[0] == 0


def test_the_shift_is_that_of_the_trips_from_samples(
    fleet: tuple[str, list[int]], capsys: pytest.CaptureFixture[str]
) -> None:
    """Stored trips that an older program computed differ; trips without samples stay."""
    url, _ = fleet

    def rescore(*more: str) -> dict[str, Any]:
        capsys.readouterr()
        cli(["rescore", "--version", SECOND, "--json", *more], standalone_mode=False)
        found: dict[str, Any] = json.loads(capsys.readouterr().out)
        return found

    by_trips, by_samples = rescore(), rescore("--samples")
    assert by_samples["samples"] == CARS * ROWS and by_samples["scored"] == CARS
    assert by_samples["mean"] == by_trips["mean"]  # the same kernels: the same trips
    with connect(url) as connection:
        connection.execute("update features.trip set speeding_s = 0")
        connection.execute("delete from telemetry.vehicle_sample where device_id = 1")
        connection.commit()
        before = score_versions.model(connection, bench_data.TENANT)
        after = score_versions.model(connection, bench_data.TENANT, SECOND)
        plain = {
            s.customer: s.after
            for s in score_versions.compare(connection, bench_data.TENANT, before, after)
        }
    found = rescore("--samples")
    with connect(url) as connection:
        again = score_versions.compare(connection, bench_data.TENANT, before, after, found["run"])
    lower = {s.customer for s in again if s.after is not None and s.after < plain[s.customer]}
    assert lower == {"c1", "c2"}
