"""`tachowatt demo`: servers, service and simulated devices, live figures, and a comparison with
the simulators' truth at the end."""

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app import registry as registry_files
from app.books import in_flight_of, ledger_json
from app.judge import Judgement, Thing, judge
from app.scores import driver_scores
from app.stack import Addresses, Stack
from app.verify import Verdict, verify
from ingest.registry import load as load_registry
from runtime.clock import Clock
from runtime.errors import Stop
from runtime.settings import Settings
from simulators.faults import DEMO, Faults
from simulators.fleet import Fleet
from simulators.publisher import Publisher
from store import features, ledger, offsets, reconcile, telemetry
from store.feature_tables import (
    ANOMALY,
    ANOMALY_NAMES,
    DRIVING_EVENT,
    EVENT_NAMES,
    INTERVAL,
    TRIP,
)
from store.pool import connect

_READY_WITHIN_S = 120.0
_SETTLE_WITHIN_S = 90.0


@dataclass(frozen=True, slots=True)
class Plan:
    """What the demo simulates.

    seconds : real time that the live part lasts; speedup : simulated seconds in a real one.
    """

    seconds: float
    speedup: float = 60.0
    cars: int = 50
    meters: int = 200
    seed: int = 1
    faults: Faults = field(default=DEMO)


@dataclass(slots=True)
class Figures:
    """What the live display shows; counts of the store, read now and then."""

    phase: str = "starting"
    elapsed_s: float = 0.0
    published: int = 0
    unacked: int = 0
    resent: int = 0
    ledger: dict[str, Any] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)


Show = Callable[[Figures], None]


async def run(settings: Settings, clock: Clock, plan: Plan, show: Show) -> dict[str, Any]:
    """Run the whole demo; the answer's `problems` say what fell short."""
    state = settings.state_dir / "demo"
    if settings.database_url is None:
        shutil.rmtree(state, ignore_errors=True)  # every demo begins with an empty store
    settings = settings.model_copy(update={"state_dir": state})
    stack = Stack(settings, clock)
    figures = Figures()
    show(figures)
    addresses = await asyncio.to_thread(stack.start, broker=True)
    service: subprocess.Popen[bytes] | None = None
    try:
        figures.phase = "making the devices' past"
        show(figures)
        live_s = round(plan.seconds * plan.speedup)
        # The simulated hour ends now, so that no device's clock is ever ahead of ours.
        tenant = "demo" if settings.database_url is None else f"demo-{clock.now_us() // 1_000_000}"
        fleet = await asyncio.to_thread(
            lambda: Fleet(
                plan.cars,
                plan.meters,
                plan.seed,
                start=clock.now_us() - live_s * 1_000_000,
                live_s=live_s,
                tenant=tenant,
                faults=plan.faults,
                tasmota_interval_s=900,  # at its own 300 s nine of ten messages were Tasmota's
            )
        )
        valid = registry_files.validate(fleet.registry, "simulator")
        registry_files.write(addresses.database_url, valid, clock.now_us())
        figures.phase = "starting the service (the first time it compiles the kernels)"
        show(figures)
        service = _start_service(settings, addresses, state)
        metrics_url = await _ready(service, state, clock)
        async with Publisher(addresses.mqtt_url, clock, tenant=tenant) as publisher:
            watching = asyncio.create_task(
                _watch(addresses, metrics_url, publisher, figures, clock, show)
            )
            try:
                figures.phase = "the devices deliver their past"
                await publisher.run(fleet.history)
                await publisher.drain(_SETTLE_WITHIN_S)
                await _caught_up(addresses, publisher, clock)
                figures.phase = "live"
                began = clock.monotonic()
                await publisher.run(fleet.live, speedup=plan.speedup, start_us=fleet.start_us)
                await asyncio.sleep(max(0.0, plan.seconds - (clock.monotonic() - began)))
                figures.phase = "settling"
                delivered = await publisher.drain(_SETTLE_WITHIN_S)
                await _settled(addresses, metrics_url, clock)
                seconds = clock.monotonic() - began
            finally:
                watching.cancel()
                await asyncio.gather(watching, return_exceptions=True)
        figures.phase = "proving the store against its samples"
        show(figures)
        in_flight = in_flight_of(metrics_url)
        verdict = await asyncio.to_thread(verify, addresses.database_url)
        return answer(addresses, fleet, verdict, seconds, delivered, in_flight)
    finally:
        if service is not None:
            service.terminate()
            try:
                await asyncio.to_thread(service.wait, 10)
            except subprocess.TimeoutExpired:
                service.kill()
        stack.stop()


def _start_service(
    settings: Settings, addresses: Addresses, state: Path
) -> subprocess.Popen[bytes]:
    environment = {
        **os.environ,
        "TACHOWATT_STATE_DIR": str(state.resolve()),
        "TACHOWATT_DATABASE_URL": addresses.database_url,
        "TACHOWATT_MQTT_URL": addresses.mqtt_url,
    }
    with (state / "service.log").open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "app.cli", "serve"],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # Ctrl-C reaches us, and we end it in order
        )


async def _ready(service: subprocess.Popen[bytes], state: Path, clock: Clock) -> str:
    settings = Settings(state_dir=state)
    deadline = clock.monotonic() + _READY_WITHIN_S
    while clock.monotonic() < deadline:
        if service.poll() is not None:
            break
        running = Stack(settings, clock).running()
        if running is not None and running.pid == service.pid:
            return running.metrics_url
        await asyncio.sleep(0.1)
    log = (state / "service.log").read_text(errors="replace")[-2000:]
    raise Stop(f"the service did not start within {_READY_WITHIN_S:.0f} s:\n{log}")


async def _caught_up(addresses: Addresses, publisher: Publisher, clock: Clock) -> None:
    """Wait until the broker has handed on what it holds of the devices' past."""
    deadline = clock.monotonic() + _SETTLE_WITHIN_S
    with connect(addresses.database_url) as connection:
        while clock.monotonic() < deadline:
            counters = publisher.counters
            if offsets.total(connection) >= counters.published + counters.resent:
                return
            connection.rollback()
            await asyncio.sleep(0.2)


async def _settled(addresses: Addresses, metrics_url: str, clock: Clock) -> None:
    """Wait until nothing is in flight and nothing waits to be reconciled."""
    deadline = clock.monotonic() + _SETTLE_WITHIN_S
    with connect(addresses.database_url) as connection:
        while clock.monotonic() < deadline:
            waiting = len(reconcile.pending(connection))
            connection.rollback()
            if not waiting and not await asyncio.to_thread(in_flight_of, metrics_url):
                return
            await asyncio.sleep(0.2)


async def _watch(
    addresses: Addresses,
    metrics_url: str,
    publisher: Publisher,
    figures: Figures,
    clock: Clock,
    show: Show,
) -> None:
    began = clock.monotonic()
    while True:
        figures.ledger, figures.counts = await asyncio.to_thread(
            _read_counts, addresses.database_url, metrics_url
        )
        counters = publisher.counters
        figures.published, figures.unacked = counters.published, counters.unacked
        figures.resent = counters.resent
        figures.elapsed_s = clock.monotonic() - began
        show(figures)
        await asyncio.sleep(1.0)


def _read_counts(database_url: str, metrics_url: str) -> tuple[dict[str, Any], dict[str, int]]:
    with connect(database_url) as connection:
        books = ledger_json(
            ledger.read(connection), offsets.total(connection), in_flight_of(metrics_url)
        )
        tables = (TRIP, DRIVING_EVENT, INTERVAL, ANOMALY)
        counts = {table.name.split(".")[1]: features.count(connection, table) for table in tables}
        counts["reconcile_pending"] = len(reconcile.pending(connection))
    return books, counts


def answer(
    addresses: Addresses,
    fleet: Fleet,
    verdict: Verdict,
    seconds: float,
    delivered: bool,
    in_flight: int,
) -> dict[str, Any]:
    """The demo's JSON object."""
    with connect(addresses.database_url) as connection:
        judgement = _judge(connection, fleet)
        books = ledger_json(ledger.read(connection), offsets.total(connection), in_flight)
        samples = sum(telemetry.count(connection, table) for table in telemetry.TABLES.values())
        scored = [s for s in driver_scores(connection) if s.score.score == s.score.score]
    problems = judgement.problems()
    if not books["closes"]:
        problems.append("the ledger does not close")
    if in_flight:
        problems.append(f"{in_flight} messages are still in flight")
    if not delivered:
        problems.append("devices still hold messages without acknowledgement")
    if not verdict.clean:
        problems.append(f"verify: {verdict.differences[:3]} {verdict.waiting} waiting")
    j = judgement
    return {
        "seconds": round(seconds, 1),
        "ledger": {
            name: books[name]
            for name in (
                "received",
                "stored",
                "duplicate",
                "dead_lettered",
                "refused",
                "in_flight",
                "closes",
            )
        },
        "samples": samples,
        "trips": {"true": j.trips.true, "found": j.trips.found, "matched": j.trips.hit},
        "events": {
            "true": j.events.true,
            "found": j.events.found,
            "recall": round(j.events.recall, 4),
            "precision": round(j.events.precision, 4),
        },
        "crashes": {
            "injected": j.crashes.true,
            "found": j.crashes.hit,
            "false": len(j.crashes.wrong),
        },
        "anomalies": {
            "injected": j.anomalies.true,
            "found": j.anomalies.hit,
            "recall": round(j.anomalies.recall, 4),
            "precision": round(j.anomalies.precision, 4),
        },
        "scores": {"drivers": len(scored)},
        "verify": {
            "clean": verdict.clean,
            "devices": verdict.devices,
            "samples": verdict.samples,
            "rows": verdict.rows,
        },
        "problems": problems,
        "missed": [
            _plain(t) for m in (j.trips, j.events, j.crashes, j.anomalies) for t in m.missed
        ],
        "wrong": [_plain(t) for m in (j.trips, j.events, j.crashes, j.anomalies) for t in m.wrong],
    }


def _plain(thing: Thing) -> dict[str, Any]:
    return {
        "device": thing.device,
        "kind": thing.kind,
        "start_us": thing.start_us,
        "end_us": thing.end_us,
    }


def _judge(connection: Any, fleet: Fleet) -> Judgement:
    names = {d.device_id: d.device for d in load_registry(connection).by_id.values()}
    ours = {d["id"] for d in fleet.registry["devices"]}
    last_us = {
        out.device: int(out.series.t_us[-1]) for out in fleet.recordings if len(out.series.t_us)
    }

    def things(table: features.FeatureTable, kind: Callable[[Any], str]) -> list[Thing]:
        return [
            Thing(
                names[int(row["device_id"])],
                kind(row),
                int(row["start_us"]),
                int(row["end_us"]) or int(row["decided_us"]),
            )
            for row in features.select(connection, table)
            if names[int(row["device_id"])] in ours
        ]

    episodes: dict[tuple[str, str, int], Thing] = {}
    for thing in things(ANOMALY, lambda row: ANOMALY_NAMES[int(row["kind"])]):
        # Raised, then perhaps cleared: the later row of an episode knows its end.
        episodes[(thing.device, thing.kind, thing.start_us)] = thing
    return judge(
        fleet.truth,
        last_us,
        things(TRIP, lambda row: "trip"),
        things(DRIVING_EVENT, lambda row: EVENT_NAMES[int(row["kind"])]),
        episodes.values(),
    )
