"""A device is computed again in turns, with live messages and more late ones between them."""

import json
import math
from collections.abc import Callable
from unittest.mock import patch

import pytest

from app.operations.registry_import import validate, write
from app.operations.verify import verify
from contracts.raw import RawMessage
from ingest.device_state.arrays import Late
from ingest.partition import maintenance
from ingest.partition.worker import Worker
from ingest.reconcile import recompute
from runtime.clock import ManualClock
from runtime.settings import Settings
from store.pipeline import reconcile
from store.postgres.pool import connect
from tests.fix_registry import NOW_US, registry
from tests.store_state import assert_same_state, store_state

START_S = 1_794_000_000
TRIP_S, EVERY_S, TRIPS = 400, 3_600, 6


def minute(trip: int, number: int) -> RawMessage:
    """A minute of one of the car's trips, which begin an hour after each other."""
    at_s = START_S + trip * EVERY_S + number * 60
    seconds = range(number * 60, min(number * 60 + 60, TRIP_S))
    speed = [0.0 if s > 380 else round(50 + 30 * math.sin(s / 9 + trip), 1) for s in seconds]
    body = {"v": 1, "t0": at_s * 1000, "dt_ms": [1000 * i for i in range(len(speed))]}
    payload = json.dumps(body | {"speed_kmh": speed}).encode()
    return RawMessage("tw/v1/t1/car0/telemetry", payload, NOW_US, None)


MINUTES = [(trip, number) for trip in range(TRIPS) for number in range(-(-TRIP_S // 60))]


def make(url: str) -> Worker:
    write(url, validate(registry(), "test"), NOW_US)
    settings = Settings(checkpoint_samples=500, reconcile_wait_s=0.0)
    return Worker(url, settings, ManualClock(NOW_US))


def waiting(worker: Worker) -> Late:
    (late,) = worker._lease.cache.states["vehicle"].late.values()
    return late


_undisturbed: dict[str, bytes] = {}


def undisturbed(new_database: Callable[[], str]) -> dict[str, bytes]:
    """What every minute in its turn leaves; computed once, as no test changes it."""
    if not _undisturbed:
        url = new_database()
        worker = make(url)
        worker.process([minute(*m) for m in MINUTES])
        worker.close()
        _undisturbed.update(store_state(url))
    return _undisturbed


@pytest.mark.parametrize("when", ["begun", "midway", "met", "behind"])
@pytest.mark.parametrize("second", [(0, 4), (2, 3), (5, 4)])
def test_more_late_data_at_any_turn_of_a_replay(
    new_database: Callable[[], str], second: tuple[int, int], when: str
) -> None:
    """What is replayed already holds only up to there, also behind the checkpoint where the replay
    has met what was known. Nothing is written before the last turn."""
    expected = undisturbed(new_database)
    first, live = (0, 2), MINUTES[-1]
    known = [minute(*m) for m in MINUTES if m not in (first, second, live)]
    url = new_database()
    worker = make(url)
    for i in range(0, len(known), 4):
        worker.process(known[i : i + 4])
    before = store_state(url)
    worker.process([minute(*first)])
    with (
        patch.object(recompute, "PIECE_SAMPLES", 25),
        patch.object(maintenance, "RECONCILE_FOR_S", -1.0),
    ):
        while True:
            assert worker.reconcile() == 0
            replay = waiting(worker).replay
            assert replay is not None
            pieces, met = len(replay.pieces), replay.met or 10_000
            if {"begun": pieces > 0, "midway": pieces > 5, "met": pieces == met}.get(
                when, pieces > met
            ):
                break
        assert store_state(url)["features.trip"] == before["features.trip"]
        worker.process([minute(*second), minute(*live)])
        turns = 1
        while not worker.reconcile():
            turns += 1
    assert turns > 1
    with connect(url) as connection:
        assert not reconcile.pending(connection)
    worker.close()
    assert_same_state(store_state(url), expected)
    assert verify(url).clean
