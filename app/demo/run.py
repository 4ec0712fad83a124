"""`tachowatt demo`: servers, service and simulated devices, live figures, and a comparison with
the simulators' truth at the end."""

import asyncio
import shutil
import sys
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from app.demo import ACCESS_FILE
from app.demo.judge_interface import Judge, Outcome, find_judge
from app.demo.offers import make_offers
from app.demo.past import parts
from app.demo.people import Access, add_people, add_receivers, add_users
from app.demo.receiver import DemoReceiver
from app.demo.service import Service
from app.operations import registry_import as registry_files
from app.operations.ledger import ledger_json, messages_in_flight
from app.operations.verify import verify
from app.processes.stack import Stack
from app.processes.warm_up import prepare
from app.servers import dynamic_security as security
from runtime.calibration import Limit, known_slowness, slowness
from runtime.clock import Clock
from runtime.secret_box import SecretBox, box_of
from runtime.settings import Settings
from services.contact_points import contact_points_of
from simulators.faults import DEMO, Faults
from simulators.fleet import Fleet
from simulators.publisher import Publisher
from store.casework import contacts
from store.pipeline import features, ledger, offsets, reconcile
from store.pipeline.feature_tables import ANOMALY, DRIVING_EVENT, INTERVAL, TRIP
from store.postgres.pool import connect
from store.signals import signal_queue

_SETTLE_WITHIN_S = 90.0
_PAST_WITHIN_S = 60.0


@dataclass(frozen=True, slots=True)
class Plan:
    """What the demo simulates.

    seconds : real time that the live part lasts; speedup : simulated seconds in a real one;
    api_port : 0 = a free one, None = the usual one if it is free; strict : a missed latency
    is a problem even on a slow machine.
    """

    seconds: float
    speedup: float = 60.0
    cars: int = 50
    meters: int = 200
    seed: int = 1
    faults: Faults = field(default=DEMO)
    api_port: int | None = None
    strict: bool = False


@dataclass(slots=True)
class Figures:
    """Figures of the live display; counts are read from the store once a second."""

    phase: str = "starting"
    address: str = ""
    elapsed_s: float = 0.0
    published: int = 0
    unacked: int = 0
    resent: int = 0
    crashes_contacted: int = 0
    ledger: dict[str, Any] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    contacts: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class View:
    """Callbacks of the display.


    ready : the pages have data to show; done : the answer is complete; servers run until it
    returns.
    """

    show: Callable[[Figures], None]
    ready: Callable[[Access], None]
    done: Callable[[dict[str, Any]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class _DemoRun:
    """State that the steps of one run share, once all servers run."""

    clock: Clock
    plan: Plan
    fleet: Fleet
    database_url: str
    box: SecretBox
    mqtt_url: str
    metrics_url: str
    receiver: DemoReceiver
    figures: Figures
    view: View
    judge: Judge
    access: Access
    slowness: float

    def phase(self, name: str) -> None:
        self.figures.phase = name
        self.view.show(self.figures)


async def run(settings: Settings, clock: Clock, plan: Plan, view: View) -> dict[str, Any]:
    """Run the whole demo; `problems` of the answer lists every failure."""
    judge = find_judge()
    state = settings.state_dir / "demo"
    own_database = settings.database_url is None
    settings = settings.model_copy(update={"state_dir": state})
    stack = Stack(settings, clock)
    if own_database and stack.free():  # else another demo runs here, and `start` reports it
        shutil.rmtree(state, ignore_errors=True)  # every demo starts with an empty store
    figures = Figures()
    view.show(figures)
    factor = await asyncio.to_thread(known_slowness, clock)
    ticking = asyncio.create_task(_tick(clock, figures, view))

    def compiling(done: int, of: int) -> None:
        figures.phase = f"compiling the kernels, once: {done} of {of}"
        view.show(figures)

    # Before any server starts: the service would compile them in one process only.
    await prepare(compiling)
    figures.phase = "starting the servers"
    view.show(figures)
    with ExitStack() as ending:
        ending.callback(ticking.cancel)
        ending.callback(stack.stop)
        addresses = await asyncio.to_thread(stack.start, broker=True)
        receiver = DemoReceiver(clock)
        ending.callback(receiver.stop)
        receiver.start()
        figures.phase = "making the devices' past"
        view.show(figures)
        fleet = await asyncio.to_thread(_make_fleet, plan, settings, clock)
        valid = registry_files.validate(fleet.registry, "simulator")
        registry_files.write(
            addresses.database_url, valid, clock.now_us(), contact_points_of(settings)
        )
        add_receivers(addresses.database_url, box_of(settings), fleet.tenant, receiver, clock)
        users = add_users(addresses.database_url, fleet, clock)
        add_people(addresses.database_url, fleet, clock)
        figures.phase = "starting the service"
        view.show(figures)
        service = Service(settings, addresses, clock, receiver, plan.api_port)
        ending.callback(service.stop)
        running = await service.ready()
        access = Access(running.api_url, receiver.url, users)
        access.write(state / ACCESS_FILE)
        demo = _DemoRun(
            clock,
            plan,
            fleet,
            addresses.database_url,
            box_of(settings),
            stack.mqtt_url(addresses.mqtt_url, security.SIMULATOR),
            running.metrics_url,
            receiver,
            figures,
            view,
            judge,
            access,
            factor,
        )
        result = await _simulate(demo)
        ticking.cancel()
        await view.done(result)
    return result


def _make_fleet(plan: Plan, settings: Settings, clock: Clock) -> Fleet:
    now_us, live_s = clock.now_us(), round(plan.seconds * plan.speedup)
    return Fleet(
        plan.cars,
        plan.meters,
        plan.seed,
        # The simulated hour ends now, so that no device clock is ahead of ours.
        start=now_us - live_s * 1_000_000,
        live_s=live_s,
        tenant="demo" if settings.database_url is None else f"demo-{now_us // 1_000_000}",
        faults=plan.faults,
        tasmota_interval_s=900,  # at its default of 300 s, nine of ten messages would be Tasmota's
    )


async def _simulate(demo: _DemoRun) -> dict[str, Any]:
    """Publish the history and the live part of all devices; then judge the outcome."""
    clock, plan, fleet, figures = demo.clock, demo.plan, demo.fleet, demo.figures
    judge = demo.judge
    async with Publisher(
        demo.mqtt_url, clock, tenant=fleet.tenant, first_sent=judge.first_sent
    ) as publisher:
        watching = asyncio.create_task(_watch(demo, publisher))
        try:
            await _deliver_past(demo, publisher)
            figures.address = demo.access.address
            demo.view.ready(demo.access)
            demo.phase("live")
            began = clock.monotonic()
            await publisher.run(fleet.live, speedup=plan.speedup, start_us=fleet.start_us)
            await asyncio.sleep(max(0.0, plan.seconds - (clock.monotonic() - began)))
            demo.phase("settling")
            delivered = await publisher.drain(_SETTLE_WITHIN_S * demo.slowness)
            await _settled(demo)
            seconds = clock.monotonic() - began
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
    # Before the offers, whose cases send notices of their own.
    deliveries, mails = demo.receiver.deliveries(), demo.receiver.mails()
    demo.phase("deciding what to offer to each customer")
    offers = await asyncio.to_thread(make_offers, demo.database_url, demo.box, fleet, clock)
    demo.phase("proving the store against its samples")
    in_flight = messages_in_flight(demo.metrics_url)
    verdict = await asyncio.to_thread(verify, demo.database_url)
    # Measure again: the machine may have become busy since the start.
    factor = max(demo.slowness, await asyncio.to_thread(slowness, clock))
    return judge.answer(
        demo.database_url,
        Outcome(
            fleet,
            verdict,
            seconds,
            delivered,
            in_flight,
            deliveries,
            mails,
            factor,
            plan.strict,
            offers,
        ),
    )


async def _deliver_past(demo: _DemoRun, publisher: Publisher) -> None:
    """Publish the devices' history no faster than it is stored; wait until all is stored.

    Published at once, it would queue in the broker for ten seconds and more, and delay the contacts
    of a crash in it by as much.
    """

    async def stored(messages: int) -> None:
        limit, most = Limit(demo.clock, _PAST_WITHIN_S), 0
        while (now := offsets.total(connection)) < messages and not limit.over():
            if now > most:
                most = now
                limit.renew()
            await asyncio.sleep(0.01)

    with connect(demo.database_url) as connection:
        connection.autocommit = True
        publisher.expect(demo.fleet.history)
        of = len(demo.fleet.history)
        for part in parts(demo.fleet.history):
            done = publisher.counters.published
            demo.phase(f"the devices deliver their past: {done:,} of {of:,} messages")
            before = publisher.counters.published
            await publisher.run(part)
            await stored(before)
        await publisher.drain(_SETTLE_WITHIN_S * demo.slowness)
        await stored(publisher.counters.published + publisher.counters.resent)


async def _settled(demo: _DemoRun) -> None:
    """Wait until no message is in flight and nothing waits to be reconciled, decided or sent."""
    limit, fewest = Limit(demo.clock, _SETTLE_WITHIN_S), sys.maxsize
    with connect(demo.database_url) as connection:
        connection.autocommit = True  # each query sees the latest commits

        def waiting() -> int:
            return (
                len(reconcile.pending(connection))
                + messages_in_flight(demo.metrics_url)
                + signal_queue.waiting(connection)
                + contacts.counts(connection, demo.fleet.tenant).get("pending", 0)
            )

        while not limit.over():
            left = await asyncio.to_thread(waiting)
            if not left:
                return
            if left < fewest:
                fewest = left
                limit.renew()
            demo.phase(f"settling: {left:,} devices, messages, signals and contacts wait")
            await asyncio.sleep(0.2)


async def _tick(clock: Clock, figures: Figures, view: View) -> None:
    """Update the elapsed time every second, also during steps without counts."""
    began = clock.monotonic()
    while True:
        figures.elapsed_s = clock.monotonic() - began
        view.show(figures)
        await asyncio.sleep(1.0)


async def _watch(demo: _DemoRun, publisher: Publisher) -> None:
    figures = demo.figures
    while True:
        await asyncio.to_thread(_read_counts, demo)
        counters = publisher.counters
        figures.published, figures.unacked = counters.published, counters.unacked
        figures.resent = counters.resent
        await asyncio.sleep(1.0)


def _read_counts(demo: _DemoRun) -> None:
    figures = demo.figures
    with connect(demo.database_url) as connection:
        figures.ledger = ledger_json(
            ledger.read(connection), offsets.total(connection), messages_in_flight(demo.metrics_url)
        )
        tables = (TRIP, DRIVING_EVENT, INTERVAL, ANOMALY)
        counts = {table.name.split(".")[1]: features.count(connection, table) for table in tables}
        counts["reconcile_pending"] = len(reconcile.pending(connection))
        figures.counts = counts
        figures.contacts = contacts.counts(connection, demo.fleet.tenant)
    crashes = {
        delivery.webhook_id
        for delivery in demo.receiver.deliveries()
        if delivery.verified and delivery.type == "crash.detected"
    }
    figures.crashes_contacted = len(crashes)
