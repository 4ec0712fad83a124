"""What every log must do, whatever it is made of (contracts/raw.py, `Log`)."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from contracts.raw import Log, Properties, RawMessage
from gateway.remote_log import RemoteLog
from ingest.direct import DirectLog
from ingest.listen import Listener
from ingest.worker import Worker
from runtime.clock import SystemClock
from runtime.metrics import Metrics
from runtime.settings import Settings
from store import dead_letter, ledger, telemetry
from store.pool import connect

CLOCK = SystemClock()


def message(seq: int, device: str = "car0") -> RawMessage:
    body = {"v": 1, "seq": seq, "t0": 1_794_000_000_000 + 1000 * seq, "speed_kmh": [float(seq)]}
    return RawMessage(
        f"tw/v1/t1/{device}/telemetry", json.dumps(body).encode(), CLOCK.now_us(), None
    )


@asynccontextmanager
async def direct(url: str) -> AsyncIterator[Log]:
    metrics = Metrics()
    log = DirectLog(Worker(url, Settings(), CLOCK, metrics), metrics)
    await log.start()
    yield log
    await log.close()


@asynccontextmanager
async def remote(url: str) -> AsyncIterator[Log]:
    async with direct(url) as behind:
        listener = Listener(behind, "127.0.0.1", 0)
        await listener.start()
        log = RemoteLog(f"tcp://127.0.0.1:{listener.port}")
        yield log
        await log.close()
        await listener.close()


@pytest.fixture(params=[direct, remote])
def run(
    request: pytest.FixtureRequest, registered: str
) -> Callable[[Callable[[Log], Awaitable[None]]], None]:
    def runner(check: Callable[[Log], Awaitable[None]]) -> None:
        async def main() -> None:
            async with request.param(registered) as log:
                await check(log)

        asyncio.run(main())

    return runner


def stored(url: str) -> list[float]:
    with connect(url) as connection:
        values: list[float] = (
            telemetry.read(connection, telemetry.VEHICLE, [1]).values[:, 0].tolist()
        )
    return values


def test_an_answer_means_that_it_is_durable(run: Callable, registered: str) -> None:
    async def check(log: Log) -> None:
        receipt = await log.append([message(1), message(2)])
        assert [(ack.device, ack.seq) for ack in receipt.acks] == [("car0", 2)]
        assert await asyncio.to_thread(stored, registered) == [1.0, 2.0]

    run(check)


def test_appending_again_is_harmless(run: Callable, registered: str) -> None:
    async def check(log: Log) -> None:
        for _ in range(3):
            await log.append([message(1), message(2)])

    run(check)
    assert stored(registered) == [1.0, 2.0]
    with connect(registered) as connection:
        entry = ledger.read(connection)[("t1", "native")]
    assert entry.closes and (entry.stored, entry.duplicate) == (2, 4)


def test_order_is_kept_and_nothing_is_lost(run: Callable, registered: str) -> None:
    async def check(log: Log) -> None:
        for first in range(0, 300, 30):
            await log.append([message(i) for i in range(first, first + 30)])

    run(check)
    assert stored(registered) == [float(i) for i in range(300)]


def terminate_ingest(url: str) -> None:
    with connect(url) as connection:
        connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity "
            "where application_name = 'tachowatt-ingest' and datname = current_database()"
        )
        connection.commit()


def test_batches_that_follow_each_other_closely_are_acknowledged_in_order(
    run: Callable, registered: str
) -> None:
    """Also when connections break while one is committed, the next prepared and another read."""
    acks: list[int] = []

    async def check(log: Log) -> None:
        async def append(first: int) -> None:
            receipt = await log.append([message(i) for i in range(first, first + 20)])
            acks.extend(ack.seq for ack in receipt.acks)

        async def disturb() -> None:
            for already in (3, 9, 15):
                while len(acks) < already:
                    await asyncio.sleep(0)
                await asyncio.to_thread(terminate_ingest, registered)

        async with asyncio.TaskGroup() as group:
            group.create_task(disturb())
            for first in range(1, 401, 20):
                group.create_task(append(first))

    run(check)
    assert acks == sorted(acks) and acks[-1] == 400
    assert stored(registered) == [float(i) for i in range(1, 401)]
    with connect(registered) as connection:
        entry = ledger.read(connection)[("t1", "native")]
    assert entry.closes and entry.stored == 400


def test_the_next_batch_is_prepared_meanwhile(
    registered: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[bool] = []
    prepare = Worker.prepare

    def counted(self: Worker, *arguments: Any) -> bool:
        done.append(prepare(self, *arguments))
        return done[-1]

    async def main() -> None:
        async with direct(registered) as log:
            await log.append([message(1)])
            await asyncio.gather(*(log.append([message(i)]) for i in range(2, 40)))

    monkeypatch.setattr(Worker, "prepare", counted)
    asyncio.run(main())
    assert any(done)
    assert stored(registered) == [float(i) for i in range(1, 40)]


def test_it_waits_while_the_store_is_away(run: Callable, registered: str) -> None:
    async def check(log: Log) -> None:
        await log.append([message(1)])
        await asyncio.to_thread(terminate_ingest, registered)
        await asyncio.wait_for(log.append([message(2)]), 30)

    run(check)
    assert stored(registered) == [1.0, 2.0]


def test_an_empty_batch_is_fine(run: Callable) -> None:
    async def check(log: Log) -> None:
        assert list((await log.append([])).acks) == []

    run(check)


def test_properties_come_with_the_message_to_the_dead_letter(
    run: Callable, registered: str
) -> None:
    user = (("hop", "b"), ("hop", "a"), ("odd", "\0\u2028"))
    sent = RawMessage(
        "tw/v1/t1/car0/telemetry", b"{", CLOCK.now_us(), "x/y", Properties(user, 2**32 - 1)
    )
    plain = sent._replace(properties=None)

    async def check(log: Log) -> None:
        await log.append([sent, plain, message(1)])

    run(check)
    with connect(registered) as connection:
        rows = dead_letter.find(connection)
    odd = (("hop", "b"), ("hop", "a"), ("odd", "\\x00\u2028"))  # PostgreSQL keeps no NUL
    assert [row.message() for row in rows] == [
        sent._replace(properties=Properties(odd, 2**32 - 1)),
        plain,
    ]
    assert stored(registered) == [1.0]
