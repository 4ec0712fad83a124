"""The invariant: any permutation, duplication and batching of one set of messages leaves the same
samples and the same features, bit for bit, and the ledger closes. On a real PostgreSQL."""

import json
import math
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import event, example, given, settings
from hypothesis import strategies as st

from app.operations.registry_import import validate, write
from app.operations.verify import verify
from contracts.raw import RawMessage
from ingest.partition import maintenance
from ingest.partition.worker import Worker
from ingest.reconcile import recompute
from runtime.clock import ManualClock
from runtime.errors import Retry
from runtime.settings import Settings
from store.people import registry as stored_registry
from store.pipeline import ledger
from store.postgres.pool import connect
from tests.fix_fleet import raw, small_fleet
from tests.fix_registry import NOW_US, registry
from tests.reopen import reopen
from tests.store_state import assert_same_state, store_state

DAY_S = 86_400
START_S = 1_794_000_000


def messages() -> list[RawMessage]:
    """Two drives with a harsh braking and a gap, three weeks of a meter, events and overlaps."""
    made: list[RawMessage] = []

    def put(device: str, kind: str, body: dict) -> None:
        made.append(
            RawMessage(f"tw/v1/t1/{device}/{kind}", json.dumps(body).encode(), NOW_US, None)
        )

    random_ = random.Random(7)
    for trip in range(2):
        t0 = START_S + trip * 7_200
        speed = 0.0
        for block in range(12):
            speeds = []
            for i in range(30):
                second = block * 30 + i
                braking = 200 <= second < 204  # 18 km/h each second: 5 m/s²
                target = 0.0 if second < 5 or second > 330 else 60 + 20 * math.sin(second / 40)
                target = 0.0 if braking else target
                step = 18.0 if braking else 6.0
                speed += max(-step, min(5.0, target - speed)) + random_.gauss(0, 0.2)
                speeds.append(round(max(0.0, speed), 1))
            put(
                "car0",
                "telemetry",
                {
                    "v": 1,
                    "seq": trip * 100 + block,
                    "t0": (t0 + block * 30) * 1000,
                    "dt_ms": [1000 * i for i in range(30)],
                    "speed_kmh": speeds,
                    "lat_deg": [48 + (block * 30 + i) * 1e-4 for i in range(30)],
                    "lon_deg": [11.0] * 30,
                },
            )
    register = 1000.0
    for block in range(21):
        values = []
        for i in range(96):
            power = 200 + 150 * (i in range(70, 90)) + (900 if block > 17 else 0)
            register += power / 4000 + (12.0 if (block, i) == (16, 40) else 0.0)
            unread = block == 19 and 20 <= i < 60  # a gap of ten hours
            values.append(None if unread else round(register, 3))
        put(
            "meter0",
            "reading",
            {
                "v": 1,
                "seq": block,
                "t0": (START_S - 21 * DAY_S + block * DAY_S) * 1000,
                "dt_ms": [900_000 * i for i in range(96)],
                "register_kwh": values,
                "meter_number": "N0",
            },
        )
    # The same instant sent twice, with more and with other values.
    put("car0", "telemetry", {"v": 1, "t0": (START_S + 10) * 1000, "heading_deg": [45.0]})
    put("car0", "telemetry", {"v": 1, "t0": (START_S + 11) * 1000, "speed_kmh": [99.0]})
    put("car0", "event", {"v": 1, "at": START_S * 1000, "kind": "door", "detail": {"n": 1}})
    return made


MESSAGES = messages()


def cut(sent: list[RawMessage], cuts: list[int]) -> list[list[RawMessage]]:
    """Batches whose sizes follow `cuts` round and round."""
    batches: list[list[RawMessage]] = []
    at = 0
    while at < len(sent):
        n = cuts[len(batches) % len(cuts)]
        batches.append(sent[at : at + n])
        at += n
    return batches


def run(
    url: str, batches: list[list[RawMessage]], checkpoint: int, restart: bool, every: int = 3
) -> int:
    write(url, validate(registry(), "test"), NOW_US)
    clock = ManualClock(NOW_US)
    # One checkpoint a batch at most, so that some of those that are due are left out.
    settings_ = Settings(
        checkpoint_samples=checkpoint, checkpoints_per_batch=1, reconcile_wait_s=0.0
    )
    worker = Worker(url, settings_, clock)
    for i, batch in enumerate(batches):
        worker.process(batch)
        if i % every == every - 1:
            worker.reconcile()
        if i % 5 == 1:
            worker.close_silent(everything=True)
        if restart and i % 4 == 3:
            reopen(worker)  # what a crash leaves: nothing but the store
    worker.reconcile(everything=True)
    worker.close_silent(everything=True)
    worker.close()
    with connect(url) as connection:
        entries = ledger.read(connection).values()
        assert all(entry.closes for entry in entries)
        return sum(entry.received for entry in entries)


@pytest.mark.slow
@settings(max_examples=12)
@given(
    order=st.permutations(range(len(MESSAGES))),
    again=st.lists(st.integers(0, len(MESSAGES) - 1), max_size=10),
    cuts=st.lists(st.integers(1, 12), min_size=1, max_size=8),
    checkpoint=st.sampled_from([1, 40, 500, 10_000]),
    restart=st.booleans(),
    piece=st.sampled_from([7, 60, 1_000]),
    every=st.sampled_from([1, 3]),
)
def test_same_samples_and_features_bit_for_bit(
    new_database: Callable[[], str],
    order: list[int],
    again: list[int],
    cuts: list[int],
    checkpoint: int,
    restart: bool,
    piece: int,
    every: int,
) -> None:
    expected = _expected(new_database)
    shuffled = [MESSAGES[i] for i in [*order, *again]]
    batches = cut(shuffled, cuts)
    url = new_database()
    with (
        patch.object(recompute, "PIECE_SAMPLES", piece),
        patch.object(maintenance, "RECONCILE_FOR_S", -1.0),
    ):
        assert run(url, batches, checkpoint, restart, every) == len(shuffled)
    assert_same_state(store_state(url), expected)
    assert verify(url).clean


@pytest.mark.slow
@settings(max_examples=12)
@given(
    cuts=st.lists(st.integers(1, 12), min_size=1, max_size=8),
    again=st.lists(st.integers(0, len(MESSAGES) - 1), max_size=3),
    disturbances=st.lists(
        st.sampled_from(["", "", "", "", "break", "registry", "reconcile", "other", "restart"]),
        min_size=1,
        max_size=12,
    ),
)
@example(cuts=[9], again=[], disturbances=[""])  # rows, and behind them a columnstore's
def test_batches_prepared_ahead_of_their_turn_give_the_same(
    new_database: Callable[[], str],
    cuts: list[int],
    again: list[int],
    disturbances: list[str],
) -> None:
    """While a batch is committed the next is prepared, as `DirectLog` does it; connections break
    before the commit, and between the two something else comes that it did not reckon with."""
    expected = _expected(new_database)
    disturbances = list(disturbances)  # Hypothesis shows what it was at first
    sent = [*MESSAGES, *(MESSAGES[i] for i in again)]
    batches = cut(sent, cuts)
    url = new_database()
    write(url, validate(registry(), "test"), NOW_US)
    worker = Worker(
        url, Settings(checkpoint_samples=500, reconcile_wait_s=0.0), ManualClock(NOW_US)
    )
    preparer, preparing = ThreadPoolExecutor(1), []

    def ahead(i: int) -> None:
        if i + 1 < len(batches):
            preparing.append(preparer.submit(worker.prepare, batches[i + 1], None))
            # Where a new chunk of TimescaleDB is not committed yet, it waits for this batch.
            wait(preparing[-1:], timeout=1.0)
        if disturbances[i % len(disturbances)] == "break":
            disturbances[i % len(disturbances)] = ""
            worker.abort()

    for i, batch in enumerate(batches):
        while True:
            try:
                worker.process(batch, None, lambda i=i: ahead(i))
                break
            except Retry:
                continue
        wait(preparing)
        disturbance = disturbances[i % len(disturbances)]
        if disturbance == "registry":
            with connect(url) as connection:
                stored_registry.bump(connection)
        elif disturbance == "reconcile":
            worker.reconcile(everything=True)
        elif disturbance == "other":
            worker.process([MESSAGES[0]])
            sent.append(MESSAGES[0])
        elif disturbance == "restart":
            reopen(worker)
    worker.reconcile(everything=True)
    worker.close_silent(everything=True)
    worker.close()
    preparer.shutdown()
    prepared = sum(each.result() for each in preparing)
    event(f"prepared {min(prepared, 3)} or more of {min(len(batches), 3)} or more")
    with connect(url) as connection:
        entries = ledger.read(connection).values()
        assert all(entry.closes for entry in entries)
        assert sum(entry.received for entry in entries) == len(sent)
    assert_same_state(store_state(url), expected)
    assert verify(url).clean


_cache: dict[str, dict[str, bytes]] = {}


def _expected(new_database: Callable[[], str]) -> dict[str, bytes]:
    if "state" not in _cache:
        url = new_database()
        run(url, [MESSAGES], 10_000, restart=False)
        found = store_state(url)
        assert all(found.values()), "every kind of feature occurs in the messages"
        _cache["state"] = found
    return _cache["state"]


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 3])
def test_signals_of_a_fleet_in_any_order(new_database: Callable[[], str], seed: int) -> None:
    """Trips whose ends move while late messages come in: what was said of them ends the same."""
    fleet = small_fleet()
    sent = raw(fleet, NOW_US)
    shuffled = [sent[i] for i in np.random.default_rng(seed).permutation(len(sent))]
    found = []
    for order, piece, everything in (
        (sent, 1_000, True),
        (shuffled, 60, True),
        (shuffled, 60, False),
    ):
        url = new_database()
        write(url, validate(fleet.registry, "fleet"), NOW_US)
        worker = Worker(url, Settings(reconcile_wait_s=0.0), ManualClock(NOW_US))
        with (
            patch.object(recompute, "PIECE_SAMPLES", piece),
            patch.object(maintenance, "RECONCILE_FOR_S", -1.0),  # a piece at a time
        ):
            for batch in cut(order, [20]):
                worker.process(batch)
                worker.reconcile(everything=everything)
            worker.reconcile(everything=True)
        worker.close()
        found.append(store_state(url))
    assert_same_state(found[1], found[0])
    assert_same_state(found[2], found[0])
