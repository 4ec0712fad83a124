"""Error codes and wrong digits of meters on the way through ingest, in any order of arrival."""

import itertools
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from app.operations.registry_import import validate, write
from contracts.quality import Reason
from contracts.raw import RawMessage
from ingest.partition.worker import Worker
from runtime.clock import ManualClock
from runtime.settings import Settings
from store.pipeline.feature_tables import ANOMALY_NAMES
from store.postgres.pool import connect
from tests.fix_registry import NOW_US, registry

T0 = "2026-11-10T00:00:00Z"
STEP_MS = 900_000
BATCH = 24


def messages(device: str, name: str, values: np.ndarray, **more: Any) -> list[RawMessage]:
    """Messages of `BATCH` samples each, in order."""
    found = []
    for seq, first in enumerate(range(0, values.size, BATCH), start=1):
        part = values[first : first + BATCH]
        body = {
            "v": 1, "seq": seq, "t0": T0,
            "dt_ms": [(first + i) * STEP_MS for i in range(part.size)],
            name: part.tolist(), **more,
        }  # fmt: skip
        found.append(RawMessage(f"tw/v1/t1/{device}/reading", json.dumps(body).encode(), NOW_US))
    return found


@pytest.fixture
def process(new_database: Callable[[], str]) -> Callable[..., tuple[Any, Any, Any]]:
    """Give batches of messages to a fresh store: (outcomes, intervals, anomalies)."""

    def process(batches: list[list[RawMessage]]) -> tuple[Any, Any, Any]:
        url = new_database()
        write(url, validate(registry(), "test"), NOW_US)
        worker = Worker(url, Settings(), ManualClock(NOW_US))
        outcomes: dict[str, int] = {}
        for batch in batches:
            for outcome, count in worker.process(batch).outcomes.items():
                outcomes[outcome] = outcomes.get(outcome, 0) + count
        worker.reconcile(everything=True)
        worker.close()
        with connect(url) as connection:
            rows = connection.execute(
                "select start_at, energy_kwh, status, estimated, reason from "
                "features.meter_interval order by 1"
            ).fetchall()
            anomalies = connection.execute(
                "select kind, phase, start_at from features.meter_anomaly order by 1, 2, 3"
            ).fetchall()
        return outcomes, rows, anomalies

    return process


def test_a_message_with_an_error_code_is_stored_and_the_code_is_no_energy(process: Any) -> None:
    energy = np.round(0.1 + 0.05 * np.random.default_rng(1).random(96 * 3), 3)
    codes = energy.copy()
    codes[[70, 130]] = 4_294_967.295, 4_294_967_295.0
    outcomes, rows, anomalies = process([messages("meter0", "energy_kwh", codes)])
    assert outcomes == {"stored": 12}
    refused = [row for row in rows if row[4] == Reason.IMPLAUSIBLE]
    assert [(row[2], row[3]) for row in refused] == [(5, 1)] * 2
    assert max(row[1] for row in rows) <= energy.max()
    assert anomalies == []


def test_a_wrong_digit_is_undone_in_any_order_of_arrival(process: Any) -> None:
    use = np.round(0.1 + 0.1 * np.random.default_rng(2).random(96 * 2), 1)
    register = np.round(4_000.0 + np.cumsum(use), 1)
    wrong = register.copy()
    wrong[95] += 9.0  # the last reading of a message: the next one undoes it
    wrong[120] += 0.5
    wrong[150] -= 8.0
    parts = messages("meter0", "register_kwh", wrong)
    together = process([parts])
    backwards = {ANOMALY_NAMES[row[0]] for row in together[2]}
    assert backwards == {"register_backwards"} and len(together[2]) == 2
    total = sum(row[1] for row in together[1])
    # the last interval is still open: its end is not yet on the grid's next edge
    assert total == pytest.approx(register[-1] - register[0], abs=1e-6)
    assert {row[4] for row in together[1]} >= {Reason.WRONG_READING, Reason.CORRECTED}
    one_by_one = process([[part] for part in parts])
    assert one_by_one[1:] == together[1:]
    for swap in itertools.islice(itertools.permutations(range(3, 7)), 3, 24, 9):
        order = [*parts[:3], *(parts[i] for i in swap), *parts[7:]]
        assert process([[part] for part in order])[1:] == together[1:]
