"""After an upgrade: features that other kernels have computed are computed again."""

import json
import math
from collections.abc import Callable

import pytest

from app.cli import cli
from app.operations import recompute as operation
from app.operations.registry_import import validate, write
from app.operations.verify import verify
from contracts.raw import RawMessage
from ingest.partition.worker import Worker
from ingest.reconcile import recompute as reconcile
from runtime.clock import ManualClock
from runtime.settings import Settings
from store.postgres.pool import connect
from store.postgres.times import from_us
from tests.fix_registry import NOW_US, registry
from tests.reopen import reopen
from tests.store_state import assert_same_state, store_state

START_S, MINUTE_S = 1_794_000_000, 60


def drive(number: int) -> list[RawMessage]:
    """A car's drive of ten minutes, an hour after the one before."""
    found = []
    for minute in range(14):
        at_s = START_S + number * 3_600 + minute * MINUTE_S
        seconds = range(minute * MINUTE_S, (minute + 1) * MINUTE_S)
        speed = [round(50 + 30 * math.sin(s / 9 + number), 1) if s < 600 else 0.0 for s in seconds]
        body = {"v": 1, "t0": at_s * 1000, "dt_ms": [1000 * i for i in range(MINUTE_S)]}
        payload = json.dumps(body | {"speed_kmh": speed}).encode()
        found.append(RawMessage("tw/v1/t1/car0/telemetry", payload, NOW_US, None))
    return found


@pytest.fixture
def older(new_database: Callable[[], str]) -> str:
    """A store whose trips and carries are those of other kernels."""
    url = new_database()
    write(url, validate(registry(), "test"), NOW_US)
    worker = Worker(url, Settings(checkpoint_samples=500), ManualClock(NOW_US))
    for number in range(4):
        worker.process(drive(number))
    worker.close()
    with connect(url) as connection:
        connection.execute("update features.trip set jerk_hist_s = array_fill(0.0, array[30])")
        connection.execute("delete from features.driving_event")
        connection.execute("update pipeline.checkpoint set carry_version = carry_version - 1")
        connection.commit()
    return url


def test_afterwards_verify_is_clean_and_what_changed_has_a_higher_revision(
    older: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert not verify(older).clean
    monkeypatch.setenv("TACHOWATT_DATABASE_URL", older)
    assert not cli(["recompute", "--json"], standalone_mode=False)
    found = json.loads(capsys.readouterr().out)
    assert found["done"] == found["requested"] == 1 and found["owned"] == []
    verdict = verify(older)
    assert verdict.clean and verdict.rows >= 4, verdict.differences
    with connect(older) as connection:
        revisions = connection.execute("select distinct revision from features.trip").fetchall()
    assert revisions == [(1,)]
    state = store_state(older)
    assert not cli(["recompute", "--json"], standalone_mode=False)
    assert_same_state(store_state(older), state)


def test_an_interrupted_run_goes_on(older: str, monkeypatch: pytest.MonkeyPatch) -> None:
    settings, clock = Settings(), ManualClock(NOW_US)

    def fails(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(reconcile, "finish", fails)
        with pytest.raises(KeyboardInterrupt):
            operation.recompute(older, settings, clock)
    assert not verify(older).clean
    seen: list[tuple[int, int]] = []
    found = operation.recompute(older, settings, clock, lambda *step: seen.append(step))
    assert found.done == 1 and seen == [(1, 1)]
    assert verify(older).clean


def test_a_running_worker_keeps_its_partition_and_does_it_after_its_start(older: str) -> None:
    settings = Settings(reconcile_wait_s=0.0)
    clock = ManualClock(NOW_US)
    worker = Worker(older, settings, clock)
    worker.open()
    found = operation.recompute(older, settings, clock)
    assert found.owned == [0] and found.done == 0 and found.requested == 1
    reopen(worker)
    worker.reconcile(everything=True)
    worker.close()
    assert verify(older).clean


def test_only_what_retention_has_left_is_computed(older: str) -> None:
    clock = ManualClock(NOW_US)
    boundary = from_us((START_S + 3_600) * 1_000_000)
    with connect(older) as connection:
        for statement in (
            "delete from telemetry.vehicle_sample where observed_at < %s",
            "update pipeline.partition set secured_at = %s",
            "update pipeline.layout set secured_at = %s",
        ):
            connection.execute(statement, (boundary,))
        connection.commit()
    operation.recompute(older, Settings(), clock)
    with connect(older) as connection:
        trips = connection.execute(
            "select revision from features.trip order by start_at"
        ).fetchall()
    assert trips == [(0,), (1,), (1,), (1,)]
