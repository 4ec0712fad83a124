"""Intervals as they stood at a time can be read again, whatever arrives late."""

import csv
import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.operations.meter_export import intervals_of
from app.operations.meter_export import write as export
from app.operations.registry_import import validate, write
from contracts.purposes import Purpose
from contracts.quality import Quality
from contracts.raw import RawMessage
from ingest.partition.worker import Worker
from runtime.clock import ManualClock
from runtime.errors import Usage
from runtime.settings import Settings
from store.postgres.pool import connect, scalar
from store.postgres.roles import READER, set_tenant_scope
from store.postgres.times import from_us
from store.reads import metering
from tests.fix_registry import NOW_US, registry

STEP_MS, PER_MESSAGE = 900_000, 12
START_MS = NOW_US // 1_000_000 * 1_000 - 3 * 86_400_000
FIELDS = ("start_at", "end_at", "energy_kwh", "status", "estimated", "reason", "revision")


def body(name: str, first: int, values: list[float]) -> bytes:
    """Write one message with consecutive samples."""
    more = {"t0": START_MS, "dt_ms": [(first + i) * STEP_MS for i in range(len(values))]}
    return json.dumps({"v": 1, **more, name: values}).encode()


def shown(connection: Any, as_of_us: int | None = None) -> list[tuple[Any, ...]]:
    """Read the meter's intervals as the API does."""
    at = None if as_of_us is None else from_us(as_of_us)
    purpose = Purpose.ENERGY_INSIGHT
    found = metering.intervals(connection, "t1", "m0", purpose, as_of=at, limit=9_999)
    return [tuple(row[name] for name in FIELDS) for row in found]


@pytest.mark.parametrize(("name", "seed"), [("register_kwh", 1), ("energy_kwh", 2)])
def test_every_state_of_the_past_can_be_read_again(
    new_database: Callable[[], str], tmp_path: Path, name: str, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    values = np.round(0.1 + 0.3 * rng.random(120), 3)
    if name == "register_kwh":
        values = np.round(4_000.0 + np.cumsum(values), 3)
        values[[40, 75]] += 9.0  # wrong digits, which later readings undo
    parts = [(i, values[i : i + PER_MESSAGE].tolist()) for i in range(0, 120, PER_MESSAGE)]
    order = rng.permutation(len(parts))
    url = new_database()
    write(url, validate(registry(), "test"), NOW_US)
    clock = ManualClock(NOW_US)
    worker = Worker(url, Settings(reconcile_wait_s=0.0), clock)
    before: list[tuple[int, list[tuple[Any, ...]]]] = []
    for at in order.tolist():
        payload = body(name, *parts[at])
        worker.process([RawMessage("tw/v1/t1/meter0/reading", payload, clock.now_us())])
        worker.reconcile(everything=True)
        with connect(url) as connection:
            set_tenant_scope(connection, ("t1",))
            before.append((clock.now_us(), shown(connection)))
        clock.advance(60.0)
    worker.close()
    assert len({json.dumps(rows, default=str) for _, rows in before}) == len(before)
    with connect(url) as connection:
        assert scalar(connection, "select count(*) from features.meter_interval_past") > 0
        connection.execute(f"set role {READER}")
        set_tenant_scope(connection, ("t1",))
        for at_us, rows in before:
            assert shown(connection, at_us) == rows
            assert shown(connection, at_us + 30_000_000) == rows
        assert shown(connection, NOW_US - 1) == []
        assert shown(connection, clock.now_us()) == shown(connection)
    billed_us, billed = before[len(before) // 2]
    with connect(url) as connection:
        as_of = from_us(billed_us)
        found = intervals_of(connection, "t1/m0", None, None, as_of, clock.now_us())
        with pytest.raises(Usage, match="no meter"):
            intervals_of(connection, "t1/m9", None, None, None, clock.now_us())
    assert [(from_us(v.start_us), v.energy_kwh) for v in found.values] == [
        (row[0], row[2]) for row in billed
    ]
    assert {read.customer for read in found.reads["t1"]} == {"c3"}
    file = tmp_path / "billed.csv"
    export(file, found, billed_us)
    rows = list(csv.DictReader(file.open(encoding="utf-8")))
    for row, (start, _, energy, status, *_) in zip(rows, billed, strict=True):
        assert datetime.fromisoformat(row["start"]) == start
        assert row["quality"] == Quality(status).name
        known = row["energy_kwh"] or row["estimated_kwh"]
        assert energy is None or float(known) == energy
    for name_of_file, wanted in (("billed.xml", "<feed"), ("billed.json", '"LASTGANG"')):
        export(tmp_path / name_of_file, found, billed_us)
        assert wanted in (tmp_path / name_of_file).read_text("utf-8")
