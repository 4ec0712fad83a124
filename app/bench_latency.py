"""`tachowatt bench latency`: from publishing the message that decides a crash until the insurer has
the signed webhook, while the whole service is under load."""

import asyncio
import threading
from contextlib import ExitStack
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from app import bench_backlog, bench_crashes, bench_drain, bench_generator
from app import registry as registry_files
from app.demo_latency import percentile
from app.demo_people import add_receivers
from app.demo_receiver import DemoReceiver
from app.demo_service import Service
from app.stack import Addresses
from runtime.clock import US_PER_S, Clock
from runtime.errors import Stop
from runtime.settings import Settings
from simulators.load import Load
from store import offsets
from store.migrate import migrate
from store.pool import connect

_PROMISED_P99_S = 1.0
_SETTLE_WITHIN_S = 60.0
_SHORT_DRAIN = 100_000


@dataclass(frozen=True, slots=True)
class Plan:
    """rate : messages/s; None = half of what a short drain of as many devices reaches before.
    verify_devices : see `bench_drain.Plan`."""

    rate: float | None
    seconds: float
    crashes: int
    devices: int = 1_000
    verify_devices: int = 1_000


def run(
    settings: Settings, clock: Clock, plan: Plan, progress: bench_drain.Progress
) -> dict[str, Any]:
    """Measure; the answer's `problems` say what fell short."""
    maximum = None
    if plan.rate is None:
        short = bench_drain.Plan(_SHORT_DRAIN, 1, plan.devices, 0)
        state = settings.state_dir / "drain"
        state.mkdir()
        drained = bench_drain.run(
            settings.model_copy(update={"state_dir": state}), clock, short, progress
        )
        maximum = drained["messages_per_s"]
        plan = replace(plan, rate=maximum / 2)
    assert plan.rate is not None
    with bench_drain.servers(settings, clock) as (database_url, mqtt_url), ExitStack() as ending:
        migrate(database_url)
        receiver = DemoReceiver(clock)
        ending.callback(receiver.stop)
        receiver.start()
        tenant = f"bench-{clock.now_us() // US_PER_S}"
        generating, subjects = _prepare(plan, tenant, database_url, mqtt_url, receiver, clock)
        service = Service(settings, Addresses(database_url, mqtt_url), clock, receiver)
        ending.callback(service.stop)
        progress("starting the service", 0, 1)
        running = asyncio.run(service.ready())
        first = [
            bench_crashes.before(tenant, device, clock.now_us() - 3 * US_PER_S)
            for device in generating.crashes
        ]
        bench_backlog.publish(mqtt_url, first)
        _committed(database_url, clock, len(first))
        progress("under load", 0, 1)
        sent = _generate(generating)
        _committed(database_url, clock, len(first) + sent.messages)
        arrived = _arrivals(receiver, clock, subjects, len(sent.decided_s))
        peak_mib = _peak_memory_mib(running.pid)
        service.stop()
        latencies = [at_s - sent.decided_s[device] for device, at_s in arrived.items()]
        found: dict[str, Any] = {
            "rate": round(plan.rate),
            "maximum_messages_per_s": maximum,
            "reached_messages_per_s": round(sent.messages / sent.seconds),
            "seconds": round(sent.seconds, 2),
            "devices": generating.devices,
            "generator_late_ms": round(1_000 * sent.late_s, 1),
            "crashes": plan.crashes,
            "webhooks": len(latencies),
            "latency_ms": {
                name: None if (value := percentile(latencies, share)) is None
                else round(1_000 * value, 1)
                for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99), ("max", 1.0))
            },
            "service_peak_memory_mib": peak_mib,
            "ledger": bench_drain.books(database_url),
            "verify": bench_drain.proof(database_url, plan.verify_devices, progress),
            "versions": bench_drain.versions(database_url, mqtt_url),
        }  # fmt: skip
        found["problems"] = bench_drain.problems(found) + _problems(found, receiver)
        return found


def _prepare(
    plan: Plan, tenant: str, database_url: str, mqtt_url: str, receiver: DemoReceiver, clock: Clock
) -> tuple[bench_generator.Plan, dict[str, str]]:
    """Register the devices that take turns, and those that crash. Also returns the device of each
    webhook's subject."""
    assert plan.rate is not None
    devices = plan.devices
    everyone = Load(plan.rate, devices + plan.crashes, plan.seconds, tenant=tenant)
    rows = everyone.registry(clock.now_us())
    valid = registry_files.validate(rows, "load")
    registry_files.write(database_url, valid, clock.now_us())
    add_receivers(database_url, tenant, receiver, clock)
    generating = bench_generator.Plan(
        mqtt_url, tenant, plan.rate, plan.seconds, devices, tuple(everyone.names[devices:])
    )
    return generating, {f"vehicle:{row['vehicle']}": row["device"] for row in rows["assignments"]}


def _generate(plan: bench_generator.Plan) -> bench_generator.Sent:
    ours, theirs = get_context("spawn").Pipe()
    process = get_context("spawn").Process(
        target=bench_generator.generate, args=(theirs, plan), name="bench-load", daemon=True
    )
    process.start()
    theirs.close()
    try:
        ours.recv()  # all messages are made
        sent: bench_generator.Sent = ours.recv()
        return sent
    except EOFError:
        raise Stop("the load generator ended early; its error stands above") from None
    finally:
        ours.close()
        process.join(_SETTLE_WITHIN_S)
        if process.is_alive():
            process.kill()


def _committed(database_url: str, clock: Clock, messages: int) -> None:
    """Wait until so many are. Raises `Stop` where that takes too long."""
    deadline = clock.monotonic() + _SETTLE_WITHIN_S
    with connect(database_url) as connection:
        connection.autocommit = True
        while (done := offsets.total(connection)) < messages:
            if clock.monotonic() > deadline:
                raise Stop(f"{done} of {messages} messages are committed, and no more come")
            _pause()


def _arrivals(
    receiver: DemoReceiver, clock: Clock, subjects: dict[str, str], expected: int
) -> dict[str, float]:
    """Device → when its first verified webhook came (the clock's monotonic seconds)."""
    deadline = clock.monotonic() + _SETTLE_WITHIN_S
    while True:
        first: dict[str, float] = {}
        for delivery in receiver.deliveries():
            if delivery.verified and delivery.type == "crash.detected" and delivery.body:
                first.setdefault(subjects[delivery.body["data"]["subject"]], delivery.at_s)
        if len(first) >= expected or clock.monotonic() > deadline:
            return first
        _pause()


def _pause() -> None:
    threading.Event().wait(0.05)


def _peak_memory_mib(pid: int) -> int:
    """The most memory that the service has had resident, MiB."""
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return round(int(line.split()[1]) / 1024)


def _problems(found: dict[str, Any], receiver: DemoReceiver) -> list[str]:
    wrong = []
    if found["webhooks"] < found["crashes"]:
        wrong.append(f"{found['webhooks']} of {found['crashes']} crashes came as a webhook")
    if any(not delivery.verified for delivery in receiver.deliveries()):
        wrong.append("a webhook came whose signature is wrong")
    p99 = found["latency_ms"]["p99"]
    if p99 is not None and p99 >= 1_000 * _PROMISED_P99_S:
        wrong.append(f"p99 is {p99} ms")
    return wrong
