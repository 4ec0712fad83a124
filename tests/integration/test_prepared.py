"""A batch is prepared while the one before it is committed (docs/adr/0019), and things go wrong."""

import asyncio
import json
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from app.operations.verify import verify
from contracts.raw import RawMessage
from ingest.batch import commit
from ingest.logs.direct import DirectLog
from ingest.partition.worker import Worker
from runtime.clock import SystemClock
from runtime.errors import Retry, Stop
from runtime.metrics import Metrics
from runtime.settings import Settings
from store.pipeline import ledger, telemetry
from store.postgres.pool import connect
from tests.reopen import reopen

CLOCK = SystemClock()


def message(seq: int) -> RawMessage:
    body = {"v": 1, "seq": seq, "t0": 1_794_000_000_000 + 1000 * seq, "speed_kmh": [float(seq)]}
    return RawMessage("tw/v1/t1/car0/telemetry", json.dumps(body).encode(), CLOCK.now_us(), None)


@pytest.fixture
def worker(registered: str) -> Iterator[Worker]:
    made = Worker(registered, Settings(), CLOCK)
    made.process([message(1)])
    yield made
    made.close()


def prepared(worker: Worker, seq: int, batch: Sequence[RawMessage]) -> None:
    """Commit a message, and prepare a batch meanwhile."""
    done: list[bool] = []
    worker.process([message(seq)], None, lambda: done.append(worker.prepare(batch, None)))
    assert done == [True]


def stored(url: str) -> list[float]:
    with connect(url) as connection:
        found: list[float] = (
            telemetry.read(connection, telemetry.VEHICLE, [1]).values[:, 0].tolist()
        )
        entry = ledger.read(connection)[("t1", "native")]
    assert entry.closes and entry.samples_stored == len(found)
    return found


def sessions(url: str) -> dict[int, str]:
    """The state of each connection of ingest."""
    with connect(url) as connection:
        rows = connection.execute(
            "select pid, state from pg_stat_activity "
            "where application_name = 'tachowatt-ingest' and datname = current_database()"
        )
        return dict(rows.fetchall())


def end(url: str, pid: int) -> None:
    with connect(url) as connection:
        connection.execute("select pg_terminate_backend(%s, 5000)", (pid,))


def test_whichever_connection_is_lost_nobody_else_owns_the_partition_meanwhile(
    worker: Worker, registered: str
) -> None:
    batch = [message(3)]
    prepared(worker, 2, batch)
    worker.process(batch)  # the connections have changed places
    other = Worker(registered, Settings(), CLOCK)
    for which in (0, 1):
        end(registered, sorted(sessions(registered))[which])
        with pytest.raises(Retry, match="owned by another"):
            other.open()
        reopen(worker)


def test_a_lost_connection_is_replaced_without_traffic(worker: Worker, registered: str) -> None:
    for pid in sessions(registered):
        end(registered, pid)
    with pytest.raises(Retry):
        worker.retry_dead_letters()
    worker.retry_dead_letters()


def test_one_batch_is_prepared_at_a_time(worker: Worker, registered: str) -> None:
    """The caller of the first one has gone away before its turn."""
    gone, batch = [message(3)], [message(4)]

    def ahead() -> None:
        assert worker.prepare(gone, None)
        worker.prepare(batch, None)

    worker.process([message(2)], None, ahead)
    worker.process(batch)
    assert stored(registered) == [1.0, 2.0, 4.0]
    worker.process(gone)
    assert stored(registered) == [1.0, 2.0, 3.0, 4.0]


@pytest.mark.parametrize("error", [MemoryError("full"), RecursionError("deep"), KeyError("x")])
def test_whatever_goes_wrong_ahead_is_rolled_back(
    worker: Worker, registered: str, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    batch = [message(3)]
    write = commit.write_samples

    def fail(*arguments: Any) -> None:
        write(*arguments)
        raise error

    def ahead() -> None:
        with monkeypatch.context() as patch:
            patch.setattr(commit, "write_samples", fail)
            assert not worker.prepare(batch, None)

    worker.process([message(2)], None, ahead)
    assert set(sessions(registered).values()) == {"idle"}
    worker.process(batch)
    assert stored(registered) == [1.0, 2.0, 3.0]


def test_an_abandoned_batch_leaves_no_transaction_open(worker: Worker, registered: str) -> None:
    prepared(worker, 2, [message(3)])
    assert "idle in transaction" in sessions(registered).values()
    worker.discard()
    assert set(sessions(registered).values()) == {"idle"}
    assert stored(registered) == [1.0, 2.0]


def test_a_server_that_ends_idle_transactions_is_no_reason_to_stop(registered: str) -> None:
    with connect(registered) as connection:
        name = connection.info.dbname
        connection.execute(
            f'alter database "{name}" set idle_in_transaction_session_timeout = 50'  # ms
        )
    worker = Worker(registered, Settings(), CLOCK)
    worker.process([message(1)])
    batch = [message(3)]
    prepared(worker, 2, batch)
    while len(sessions(registered)) == 2:
        pass
    worker.process(batch)
    assert stored(registered) == [1.0, 2.0, 3.0]
    worker.close()


def test_after_an_error_that_no_repetition_mends_nothing_behind_is_committed(
    registered: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_ledger = commit.write_ledger

    def refuse_once(*_: Any) -> None:
        monkeypatch.setattr(commit, "write_ledger", write_ledger)
        raise Stop("the database refuses")

    async def main() -> None:
        metrics = Metrics()
        log = DirectLog(Worker(registered, Settings(), CLOCK, metrics), metrics)
        await log.start()
        await log.append([message(1)])
        monkeypatch.setattr(commit, "write_ledger", refuse_once)
        found = await asyncio.gather(
            *(log.append([message(i)]) for i in (2, 3, 4)), return_exceptions=True
        )
        assert all(isinstance(error, Stop) for error in found)
        with pytest.raises(Stop):  # a process of ingest alone ends by it
            await log.idle(asyncio.Event())
        await log.close()

    asyncio.run(main())
    assert stored(registered) == [1.0]


def test_batches_behind_each_other_are_prepared_and_reconciling_throws_none_away(
    registered: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Through `DirectLog`, which runs maintenance after each batch; among them late messages,
    one of which tells an instant that the batch before it tells too."""
    taken: list[int] = []
    commit_prepared = Worker._commit_prepared

    def count(self: Worker, *arguments: Any) -> Any:
        taken.append(1)
        return commit_prepared(self, *arguments)

    monkeypatch.setattr(Worker, "_commit_prepared", count)
    order = [1, 40, 41, 20, 42, 21, 22, 22, 43, 44, 23, 45]

    async def main() -> None:
        metrics = Metrics()
        settings = Settings(reconcile_wait_s=0.0)
        log = DirectLog(Worker(registered, settings, CLOCK, metrics), metrics)
        await log.start()
        for _ in range(3):
            await log.append([message(1)])
        await asyncio.gather(*(log.append([message(i)]) for i in order))
        stop = asyncio.Event()
        idle = asyncio.create_task(log.idle(stop))
        while log._worker.pending():
            await asyncio.sleep(0.01)
        stop.set()
        await idle
        await log.close()

    asyncio.run(main())
    assert taken
    assert stored(registered) == sorted({float(i) for i in order})
    assert verify(registered).clean


def test_a_late_message_goes_ahead_unless_the_batch_before_tells_the_same_instant(
    worker: Worker, registered: str
) -> None:
    worker.process([message(30)])
    done: list[bool] = []
    late, same = [message(7)], [message(8), message(7)]
    worker.process([message(31)], None, lambda: done.append(worker.prepare(late, None)))
    worker.process(late, None, lambda: done.append(worker.prepare(same, None)))
    worker.process(same)
    assert done == [True, False]
    worker.reconcile(everything=True)
    assert stored(registered) == [1.0, 7.0, 8.0, 30.0, 31.0]
    assert verify(registered).clean
