"""`tachowatt bench drain`: how fast a backlog goes from the broker to the last commit."""

import asyncio
import resource
import shutil
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app import bench_backlog
from app import registry as registry_files
from app.books import ledger_json
from app.embedded import Postgres, free_port
from app.service import spare_the_collector, warm_up
from app.supervise import Child
from gateway.forward import Gateway
from ingest.direct import DirectLog
from ingest.worker import Worker
from runtime.clock import US_PER_S, Clock
from runtime.errors import Stop
from runtime.metrics import Metrics
from runtime.settings import Settings
from simulators.load import Load
from store import bench as store_bench
from store import ledger, offsets
from store.migrate import migrate
from store.pool import connect

_CLIENT_ID = "tachowatt-bench-drain"
_LOOK_EVERY_S = 0.02
_RATE = 5_000.0
_CALIBRATION_ROWS = 200_000


@dataclass(frozen=True, slots=True)
class Plan:
    """What is drained: `messages` of `samples` each, from `devices` cars in turn."""

    messages: int
    samples: int
    devices: int


Progress = Callable[[str, int, int], None]


def run(settings: Settings, clock: Clock, plan: Plan, progress: Progress) -> dict[str, Any]:
    """Make the backlog, drain it, calibrate; returns the figures.

    Servers that are not set run under `settings.state_dir`, which the caller removes.
    """
    with _servers(settings, clock) as (database_url, mqtt_url):
        migrate(database_url)
        tenant = f"bench-{clock.now_us() // US_PER_S}"
        load = Load(_RATE, plan.devices, plan.messages / _RATE, tenant=tenant, samples=plan.samples)
        now_us = clock.now_us()
        valid = registry_files.validate(load.registry(now_us), "load")
        registry_files.write(database_url, valid, now_us)
        bench_backlog.make_session(mqtt_url, _CLIENT_ID)
        # So far back that the last sample is not ahead of our clock.
        turns = -(-plan.messages // plan.devices)
        start = now_us - (turns * plan.samples + 60) * US_PER_S
        single = plan.samples == 1
        messages = load.messages(now_us - int(plan.messages / _RATE * US_PER_S) - 60 * US_PER_S)
        progress("making the backlog", 0, plan.messages)
        sent = bench_backlog.publish(mqtt_url, messages if single else load.long_messages(start))
        if sent != plan.messages:
            raise Stop(f"{sent} messages were published, {plan.messages} were planned")
        with connect(database_url) as connection:
            before = offsets.total(connection)
        drained = asyncio.run(
            _drain(settings, clock, database_url, mqtt_url, plan, before, progress)
        )
        with connect(database_url) as connection:
            books = ledger_json(ledger.read(connection), offsets.total(connection), 0)
            progress("calibrating", 0, 1)
            copied = store_bench.copy_rate(connection, _CALIBRATION_ROWS, clock)
        samples_per_s = drained["messages_per_s"] * plan.samples
        return {
            "messages": plan.messages,
            "samples_per_message": plan.samples,
            "devices": plan.devices,
            **drained,
            "samples_per_s": round(samples_per_s),
            "peak_memory_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
            "ledger": {
                name: books[name]
                for name in ("received", "stored", "duplicate", "dead_lettered", "refused")
            }
            | {"closes": books["closes"]},
            "calibration": {
                "copy_rows_per_s": round(copied),
                "ratio_to_copy": round(samples_per_s / copied, 3),
            },
        }


async def _drain(
    settings: Settings,
    clock: Clock,
    database_url: str,
    mqtt_url: str,
    plan: Plan,
    before: int,
    progress: Progress,
) -> dict[str, Any]:
    metrics = Metrics()
    settings = settings.model_copy(update={"mqtt_client_id": _CLIENT_ID})
    log = DirectLog(Worker(database_url, settings, clock, metrics), metrics)
    stop = asyncio.Event()
    await asyncio.to_thread(warm_up)
    await log.start()
    spare_the_collector()
    gateway = Gateway(mqtt_url, log, settings, clock, metrics)
    began = clock.monotonic()
    running = asyncio.create_task(gateway.run(stop))
    try:
        done = 0
        while done < plan.messages:
            if running.done():
                running.result()
            await asyncio.sleep(_LOOK_EVERY_S)
            done = log.committed - before
            progress("draining", done, plan.messages)
        seconds = clock.monotonic() - began
    finally:
        stop.set()
        await asyncio.gather(running, return_exceptions=True)
        await log.close()
    steps = {
        sample.labels["step"]: sample.value
        for sample in next(iter(metrics.step_seconds.collect())).samples
        if sample.name.endswith("_total")
    }
    return {
        "seconds": round(seconds, 2),
        "messages_per_s": round(plan.messages / seconds),
        "share_per_step": {step: round(value / seconds, 3) for step, value in steps.items()},
    }


@contextmanager
def _servers(settings: Settings, clock: Clock) -> Iterator[tuple[str, str]]:
    """Database and broker: those that are set, else our own PostgreSQL and Debian's Mosquitto."""
    postgres = Postgres(settings.state_dir, clock) if settings.database_url is None else None
    broker: Child | None = None
    try:
        mqtt_url = settings.mqtt_url
        if mqtt_url is None:
            broker, mqtt_url = _mosquitto(settings.state_dir, clock)
        yield settings.database_url or postgres.start(), mqtt_url  # type: ignore[union-attr]
    finally:
        if broker is not None:
            broker.stop()
        if postgres is not None:
            postgres.stop()


def _mosquitto(directory: Path, clock: Clock) -> tuple[Child, str]:
    program = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
    if program is None:
        raise Stop(
            "the backlog needs Mosquitto (apt-get install mosquitto), or --mqtt-url of a broker "
            "that keeps a session's messages"
        )
    port = free_port()
    config = directory.resolve() / "mosquitto.conf"
    config.write_text(
        f"listener {port} 127.0.0.1\nallow_anonymous true\n"
        "max_inflight_messages 65535\nmax_queued_messages 0\n"
    )
    child = Child([program, "-c", config], directory / "mosquitto.log")
    deadline = clock.monotonic() + 10.0
    while clock.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return child, f"mqtt://127.0.0.1:{port}"
        child.wait(0.02)
    raise Stop(f"Mosquitto did not start: {(directory / 'mosquitto.log').read_text()[-500:]}")
