"""A small fleet with the faults of the demo, what it leaves in an undisturbed store, and how to
send it through processes."""

import asyncio
import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from app.operations.registry_import import validate, write
from app.operations.verify import verify
from contracts.raw import RawMessage
from ingest.partition.worker import Worker
from runtime.clock import SystemClock
from runtime.settings import Settings
from simulators.faults import DEMO
from simulators.fleet import Fleet
from simulators.publisher import Publisher
from store.pipeline import ledger, reconcile
from store.postgres.pool import connect
from tests.patience import patient
from tests.store_state import store_state

CLOCK = SystemClock()
START_US = 1_794_000_000_000_000


def small_fleet() -> Fleet:
    """Six cars and eight meters, one of them a Tasmota."""
    return Fleet(
        6, 8, 3, start=START_US, history_days=3, drive_history_hours=6, live_s=900, faults=DEMO,
        crashes=1, live_crashes=0, tasmota_interval_s=3600,
    )  # fmt: skip


@pytest.fixture(scope="session")
def fleet() -> Fleet:
    return small_fleet()


@pytest.fixture
def database_of_fleet(fleet: Fleet, new_database: Callable[[], str]) -> Callable[[], str]:
    def make() -> str:
        url = new_database()
        write(url, validate(fleet.registry, "fleet"), CLOCK.now_us())
        return url

    return make


def raw(fleet: Fleet, now_us: int) -> list[RawMessage]:
    """All messages of a fleet, as a gateway has them."""
    return [
        RawMessage(m.topic, m.payload(None), now_us, m.content_type)
        for m in [*fleet.history, *fleet.live]
    ]


async def deliver(url: str, fleet: Fleet, during: Callable[[Publisher], Any] | None = None) -> None:
    """Publish everything and wait until each message is acknowledged end to end."""
    async with Publisher(url, CLOCK, tenant=fleet.tenant, resend_after_s=1.0) as publisher:
        assert await publisher.connected()
        disturbing = None if during is None else asyncio.create_task(during(publisher))
        await publisher.run([*fleet.history, *fleet.live])
        if disturbing is not None:
            await disturbing
        assert await publisher.drain(patient(60.0)), publisher.counters


def undisturbed(fleet: Fleet, url: str) -> dict[str, bytes]:
    """The state that all runs must reach: the messages, in order, in one go."""
    worker = Worker(url, Settings(), CLOCK)
    worker.process(raw(fleet, CLOCK.now_us()))
    worker.reconcile(everything=True)
    worker.close()
    return store_state(url)


def only_native(fleet: Fleet) -> Any:
    """The fleet without the messages of foreign dialects, which nobody acknowledges end to end."""
    return SimpleNamespace(
        tenant=fleet.tenant,
        history=[m for m in fleet.history if m.topic.startswith("tw/")],
        live=[m for m in fleet.live if m.topic.startswith("tw/")],
    )


def settle(url: str) -> None:
    """Wait until nothing is left to reconcile."""
    deadline = CLOCK.monotonic() + patient(30)
    while CLOCK.monotonic() < deadline:
        with connect(url) as connection:
            waiting = reconcile.pending(connection)
        if not waiting:
            verdict = verify(url)
            if verdict.clean:
                return
        _pause()
    raise AssertionError(verify(url).differences or "devices wait")


def caught_up(url: str, fleet: Any) -> None:
    """Give the foreign messages, which nobody acknowledges end to end, a bounded time to come from
    the broker. What is lost for good does not come: the comparison that follows tells."""
    foreign = sum(not m.topic.startswith("tw/") for m in [*fleet.history, *fleet.live])
    deadline = CLOCK.monotonic() + patient(10)
    while CLOCK.monotonic() < deadline:
        with connect(url) as connection:
            entries = ledger.read(connection)
        if sum(e.received for (_, d), e in entries.items() if d != "native") >= foreign:
            return
        _pause()


def _pause() -> None:
    threading.Event().wait(0.1)  # between two looks, so that the service has the processor
