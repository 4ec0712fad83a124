"""Retention drops samples and changes nothing else: what comes late is reconciled as before."""

import json
from collections.abc import Callable

from app.operations.registry_import import validate, write
from app.operations.verify import verify
from contracts.raw import RawMessage
from ingest.partition.worker import Worker
from runtime.clock import ManualClock
from runtime.settings import Settings
from store.pipeline import dead_letter, features, telemetry
from store.pipeline.feature_tables import DAY
from store.postgres.engine import Layout
from store.postgres.pool import connect
from store.schema import partitions
from tests.fix_registry import NOW_US, registry
from tests.property.test_any_order import DAY_S, MESSAGES, START_S
from tests.store_state import assert_same_state, store_state

LATE = 18
"""Day of the meter's that comes late, after retention has dropped the first ones."""

KEPT_DAYS = 25
FIRST_US = (START_S + DAY_S) * 1_000_000
LATER_S = 9 * DAY_S


def of_day(day: int) -> RawMessage:
    """The meter's message of a day."""
    wanted = (START_S - (21 - day) * DAY_S) * 1000
    (found,) = [m for m in MESSAGES if json.loads(m.body).get("t0") == wanted]
    return found


def run(url: str, retention_days: int, then: Callable[[Worker], None]) -> None:
    """All messages but one; nine days later upkeep, that one, a new owner, and `then`."""
    write(url, validate(registry(), "test"), NOW_US)
    clock = ManualClock(FIRST_US)
    settings = Settings(
        retention_days=retention_days, chunk_days=1, checkpoint_samples=100, reconcile_wait_s=0.0
    )
    worker = Worker(url, settings, clock)
    late = of_day(LATE)
    worker.process([m for m in MESSAGES if m is not late])
    worker.reconcile(everything=True)
    clock.advance(LATER_S)
    assert worker.write_retention_checkpoints()
    with connect(url) as connection:
        assert partitions.upkeep(connection, Layout.of(settings), clock.now_us())
    worker.process([late])
    worker.close()  # what is left of the samples is all that the next owner has
    then(worker)
    worker.reconcile(everything=True)
    worker.close_silent(everything=True)
    worker.close()


def oldest(url: str) -> list[int]:
    """First time of each meter's samples, µs."""
    with connect(url) as connection:
        samples = telemetry.read(
            connection, telemetry.METER, telemetry.devices(connection, telemetry.METER)
        )
    return sorted(set(samples.observed_us[:1].tolist()))


def test_features_are_those_of_all_samples(new_database: Callable[[], str]) -> None:
    whole, kept = new_database(), new_database()
    run(whole, 0, lambda worker: None)
    run(kept, KEPT_DAYS, lambda worker: None)
    cutoff_us = partitions.cutoff_us(
        Layout(chunk_days=1, retention_days=KEPT_DAYS), FIRST_US + LATER_S * 1_000_000
    )
    assert cutoff_us is not None
    assert oldest(whole)[0] < cutoff_us <= oldest(kept)[0]
    expected, found = store_state(whole), store_state(kept)
    assert len(found.pop("telemetry.meter_sample")) < len(expected.pop("telemetry.meter_sample"))
    assert_same_state(found, expected)
    assert verify(kept).clean


def test_what_is_too_old_is_kept_apart(database: str) -> None:
    def send(worker: Worker) -> None:
        assert worker.process([of_day(2)]).outcomes == {"dead_lettered": 1}

    run(database, KEPT_DAYS, send)
    with connect(database) as connection:
        (row,) = dead_letter.find(connection, reason="too_old")
    assert "samples are kept from 20" in row.detail and row.body == of_day(2).body
    assert verify(database).clean


def test_another_grid_begins_anew_where_samples_are_kept(database: str) -> None:
    def change(worker: Worker) -> None:
        with connect(database) as connection:
            before = features.count(connection, DAY)
        other = registry()
        other["meters"][0]["interval_s"] = 3600
        write(database, validate(other, "test"), NOW_US)
        worker.reconcile(everything=True)
        with connect(database) as connection:
            assert 0 < features.count(connection, DAY) <= before

    run(database, KEPT_DAYS, change)
    assert verify(database).clean


def of_hours(meter: str, day: int) -> RawMessage:
    """A day of quarter-hours."""
    body = {
        "v": 1,
        "t0": (START_S + day * DAY_S) * 1000,
        "dt_ms": [900_000 * i for i in range(96)],
        "register_kwh": [100 + 9.6 * day + 0.1 * i for i in range(96)],
    }
    return RawMessage(f"tw/v1/t1/{meter}/reading", json.dumps(body).encode(), NOW_US, None)


def at_once(meter: str, day: int, kwh: float) -> RawMessage:
    """A late sample, a minute after midnight."""
    body = {"v": 1, "t0": (START_S + day * DAY_S + 60) * 1000, "register_kwh": [kwh]}
    return RawMessage(f"tw/v1/t1/{meter}/reading", json.dumps(body).encode(), NOW_US, None)


def test_a_grid_that_changes_while_devices_are_secured(database: str) -> None:
    write(database, validate(registry(), "test"), NOW_US)
    clock = ManualClock((START_S + 10 * DAY_S) * 1_000_000)
    settings = Settings(
        retention_days=5, chunk_days=1, checkpoint_samples=100_000, reconcile_wait_s=1_000.0
    )
    worker = Worker(database, settings, clock)
    worker.process([of_hours(m, day) for day in range(5, 10) for m in ("meter0", "meter1")])
    worker.write_retention_checkpoints()
    clock.advance(3 * DAY_S)
    worker.process([at_once("meter1", 8, 176.81)])
    assert not worker.write_retention_checkpoints(), "meter1 has to be reconciled first"
    other = registry()
    other["meters"][0]["interval_s"] = 3600
    write(database, validate(other, "test"), NOW_US)
    worker.process([RawMessage("tw/v1/t1/meter0/reading", b"x", NOW_US, None)])
    worker.reconcile(everything=True)
    assert worker.write_retention_checkpoints()
    with connect(database) as connection:
        before = features.count(connection, DAY)
        assert partitions.upkeep(connection, Layout.of(settings), clock.now_us())
    worker.process([at_once("meter0", 9, 186.41)])
    worker.reconcile(everything=True)
    worker.close()
    with connect(database) as connection:
        assert features.count(connection, DAY) >= before
    assert verify(database).clean
