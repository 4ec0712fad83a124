"""A small town in a database: simulated cars and meters with some weeks behind them, through the
real ingest and the real contacts, so that the pages have something true to show."""

import asyncio
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from api.http.scopes import OF_ROLE
from app.operations.registry_import import validate, write
from contacts.dispatch import Dispatcher
from contracts.raw import RawMessage
from ingest.partition.worker import Worker
from runtime.clock import US_PER_S, SystemClock
from runtime.metrics import Metrics
from runtime.settings import Settings
from simulators.encode import Message
from simulators.faults import DEMO
from simulators.fleet import Fleet
from store.casework import contacts, receivers
from store.people import keys
from store.postgres.pool import connect
from tests.fix_receiver import Receiver
from tests.fix_registry import points
from tests.patience import patient
from tests.secret_keys import BOX

_HOUR_S = 3_600
_BATCH = 500
_SETTLED_WITHIN_S = 120.0
CLOCK = SystemClock()


@dataclass(frozen=True)
class Town:
    """keys : by role, and `customer` for the driver who crashed; truth : as the fleet has it."""

    url: str
    keys: dict[str, str]
    truth: dict[str, Any]


def build(url: str, cars: int = 6, meters: int = 12, days: float = 21) -> Town:
    """Fill a migrated, empty database."""
    start = CLOCK.now_us() - _HOUR_S * US_PER_S
    fleet = Fleet(
        cars, meters, 4, start=start, history_days=days, drive_history_hours=24 * 7,
        live_s=_HOUR_S, faults=DEMO, crashes=1, live_crashes=1, anomaly_share=0.5,
    )  # fmt: skip
    people(fleet)
    write(url, validate(fleet.registry, "town"), CLOCK.now_us(), points())
    _receive(url, [*fleet.history, *fleet.live])
    receiver = Receiver()
    with closing(receiver):
        _contact(url, fleet.tenant, receiver)
    return Town(url, _keys(url, fleet), fleet.truth)


_NAMES = (
    "Anna Berger", "Jonas Weber", "Leyla Demir", "Peter Hansen", "Marta Kowalska", "Tim Fuchs",
    "Clara Vogel", "Omar Haddad", "Nina Lorenz", "Paul Richter", "Eva Seidel", "Karl Brandt",
    "Ines Moreau", "Felix Krause", "Ruth Albers", "David Stein", "Lena Hofer", "Max Winter",
)  # fmt: skip


def people(fleet: Fleet) -> None:
    """Names for the pictures."""
    for row, name in zip(fleet.registry["customers"], _NAMES * 3, strict=False):
        row["name"] = name
    fleet.registry["tenants"][0]["name"] = "Stadtwerke Musterstadt"


def _receive(url: str, messages: Sequence[Message]) -> None:
    worker = Worker(url, Settings(reconcile_wait_s=0.0), CLOCK)
    with closing(worker):
        for first in range(0, len(messages), _BATCH):
            worker.process(
                [
                    RawMessage(m.topic, m.payload(), CLOCK.now_us(), m.content_type)
                    for m in messages[first : first + _BATCH]
                ]
            )
        worker.reconcile(everything=True)
        worker.close_silent(everything=True)


def _contact(url: str, tenant: str, receiver: Receiver) -> None:
    """Let the real contacts decide and deliver until nothing waits."""
    with connect(url) as connection:
        for side in ("insurer", "utility"):
            receiver.secrets.append(
                receivers.add(connection, BOX, tenant, side, side, receiver.url, CLOCK.now_us())
            )
        connection.commit()

    async def run() -> None:
        settings = Settings(webhook_private_networks="127.0.0.0/8")
        service, stop = Dispatcher(url, settings, CLOCK, Metrics()), asyncio.Event()
        running = asyncio.create_task(service.run(stop))
        deadline = CLOCK.monotonic() + patient(_SETTLED_WITHIN_S)
        while not await asyncio.to_thread(_settled, url, tenant):
            assert CLOCK.monotonic() < deadline, "contacts did not finish"
            await asyncio.sleep(0.2)
        stop.set()
        await running

    asyncio.run(run())


def _settled(url: str, tenant: str) -> bool:
    with connect(url) as connection:
        waiting = connection.execute("select count(*) from pipeline.signal_queue").fetchone()
        return waiting == (0,) and contacts.counts(connection, tenant)["pending"] == 0


def _keys(url: str, fleet: Fleet) -> dict[str, str]:
    crashed = fleet.truth["crashes"][0]["customer"]
    names = {
        "insurer": "Insurer", "utility": "Utility", "agent": "Sofia Keller", "operator": "Operator",
    }  # fmt: skip
    found = {}
    with connect(url) as connection:
        for role, scopes in OF_ROLE.items():
            _, found[role] = keys.create_key(
                connection, tenant=fleet.tenant, role=role, name=names.get(role, "Customer"),
                scopes=scopes, now_us=CLOCK.now_us(),
                customer=crashed if role == "customer" else None,
            )  # fmt: skip
        connection.commit()
    return found
