"""The whole service under load, including cars that crash: the common part of `tachowatt bench
latency`, `soak` and `late`."""

import asyncio
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from app.demo.people import add_receivers
from app.demo.receiver import DemoReceiver
from app.demo.service import Service
from app.operations import registry_import as registry_files
from app.processes.stack import Addresses, prepare_secrets
from proving.bench import backlog, drain, generator
from proving.bench import crashes as bench_crashes
from proving.judge.latency import percentile
from runtime.clock import US_PER_S, Clock
from runtime.errors import Stop
from runtime.secret_box import box_of
from runtime.settings import Settings
from simulators.load import Load
from store.pipeline import offsets
from store.postgres.pool import connect
from store.schema.migrate import migrate

_SETTLE_WITHIN_S = 60.0
_SHORT_DRAIN = 100_000


@dataclass(frozen=True, slots=True)
class Plan:
    """rate : messages/s; None = `share` of the rate of a short drain with as many devices.
    crashes : cars that crash, evenly spread over the time; verify_devices : see `drain.Plan`.
    """

    rate: float | None
    seconds: float
    crashes: int
    devices: int = 1_000
    verify_devices: int = 1_000
    share: float = 0.5


@dataclass(frozen=True, slots=True)
class Usage:
    """Resources of the service.

    at_s : the clock's monotonic seconds; connections : to the database, from all processes.
    """

    at_s: float
    memory_mib: float
    files: int
    connections: int


@dataclass(frozen=True, slots=True)
class Stage:
    """Servers, service and receiver.

    others : registered devices that send nothing. customers : device → whose car it is in.
    """

    database_url: str
    mqtt_url: str
    tenant: str
    others: tuple[str, ...]
    clock: Clock
    receiver: DemoReceiver
    service: Service
    pid: int
    api_url: str
    customers: dict[str, str]
    generating: generator.Plan
    maximum: float | None
    _subjects: dict[str, str]
    _before: int

    def load(self, meanwhile: Callable[[], None] = lambda: None) -> generator.Sent:
        """Send the whole load; call `meanwhile` repeatedly until it is sent."""
        ours, theirs = get_context("spawn").Pipe()
        process = get_context("spawn").Process(
            target=generator.generate,
            args=(theirs, self.generating),
            name="bench-load",
            daemon=True,
        )
        process.start()
        theirs.close()
        try:
            ours.recv()  # the load starts
            while not ours.poll(0.05):
                meanwhile()
            sent: generator.Sent = ours.recv()
            return sent
        except EOFError:
            raise Stop("the load generator ended early; its error stands above") from None
        finally:
            ours.close()
            process.join(_SETTLE_WITHIN_S)
            if process.is_alive():
                process.kill()

    def committed(self, messages: int) -> None:
        """Wait until this many are committed, besides the first ones of this stage.

        Raises `Stop` if it takes too long.
        """
        deadline = self.clock.monotonic() + _SETTLE_WITHIN_S
        with connect(self.database_url) as connection:
            connection.autocommit = True
            while (done := offsets.total(connection) - self._before) < messages:
                if self.clock.monotonic() > deadline:
                    raise Stop(f"{done} of {messages} messages are committed, and no more come")
                pause()

    def latencies(self, sent: generator.Sent) -> dict[str, tuple[float, float]]:
        """Return device → (time of its crash, seconds until its first verified webhook).

        Times are the clock's monotonic seconds. Devices without a webhook are left out.
        """
        deadline = self.clock.monotonic() + _SETTLE_WITHIN_S
        while True:
            first: dict[str, float] = {}
            for delivery in self.receiver.deliveries():
                if delivery.verified and delivery.type == "crash.detected" and delivery.body:
                    device = self._subjects[delivery.body["data"]["subject"]]
                    first.setdefault(device, delivery.at_s)
            if len(first) >= len(sent.decided_s) or self.clock.monotonic() > deadline:
                return {
                    device: (sent.decided_s[device], at_s - sent.decided_s[device])
                    for device, at_s in first.items()
                }
            pause()

    def usage(self) -> Usage:
        """Return the current resources of the service."""
        with connect(self.database_url) as connection:
            row = connection.execute("select count(*) from pg_stat_activity").fetchone()
        return Usage(
            self.clock.monotonic(),
            _memory_mib(self.pid, "VmRSS"),
            len(os.listdir(f"/proc/{self.pid}/fd")),
            int(row[0]) if row else 0,
        )

    def answer(self, plan: Plan, sent: generator.Sent, webhooks: int) -> dict[str, Any]:
        """Return the common figures of the load; call it before the service is stopped."""
        return {
            "rate": round(self.generating.rate),
            "maximum_messages_per_s": self.maximum,
            "reached_messages_per_s": round(sent.messages / sent.seconds),
            "seconds": round(sent.seconds, 2),
            "devices": self.generating.devices,
            "generator_late_ms": round(1_000 * sent.late_s, 1),
            "crashes": plan.crashes,
            "webhooks": webhooks,
            "service_peak_memory_mib": round(_memory_mib(self.pid, "VmHWM")),
        }

    def proven(self, plan: Plan, found: dict[str, Any], progress: drain.Progress) -> dict[str, Any]:
        """Add ledger, verification and problems; call it after the service is stopped."""
        found |= {
            "ledger": drain.ledger_figures(self.database_url),
            "verify": drain.proof(self.database_url, plan.verify_devices, progress),
            "versions": drain.versions(self.database_url, self.mqtt_url),
        }
        problems = drain.problems(found)
        if found["webhooks"] < found["crashes"]:
            problems.append(f"{found['webhooks']} of {found['crashes']} crashes came as a webhook")
        if any(not delivery.verified for delivery in self.receiver.deliveries()):
            problems.append("a webhook came whose signature is wrong")
        return found | {"problems": problems}


@contextmanager
def stage(
    settings: Settings,
    clock: Clock,
    plan: Plan,
    progress: drain.Progress,
    others: int = 0,
    before: Callable[[str, str, Sequence[str]], None] = lambda *_: None,
) -> Iterator[Stage]:
    """Start everything. before(database_url, tenant, others) : called before the service starts."""
    maximum = None
    if plan.rate is None:
        maximum = _maximum(settings, clock, plan, progress)
        plan = replace(plan, rate=maximum * plan.share)
    assert plan.rate is not None
    with drain.servers(settings, clock) as (database_url, mqtt_url), ExitStack() as ending:
        migrate(database_url)
        prepare_secrets(settings, database_url, clock)
        receiver = DemoReceiver(clock)
        ending.callback(receiver.stop)
        receiver.start()
        tenant = f"bench-{clock.now_us() // US_PER_S}"
        devices, crashing = plan.devices, plan.devices + plan.crashes
        everyone = Load(plan.rate, crashing + others, plan.seconds, tenant=tenant)
        rows = everyone.registry(clock.now_us())
        registry_files.write(database_url, registry_files.validate(rows, "load"), clock.now_us())
        add_receivers(database_url, box_of(settings), tenant, receiver, clock)
        before(database_url, tenant, everyone.names[crashing:])
        generating = generator.Plan(
            mqtt_url,
            tenant,
            plan.rate,
            plan.seconds,
            devices,
            tuple(everyone.names[devices:crashing]),
        )
        with connect(database_url) as connection:
            committed = offsets.total(connection)
        service = Service(settings, Addresses(database_url, mqtt_url), clock, receiver)
        ending.callback(service.stop)
        progress("starting the service", 0, 1)
        running = asyncio.run(service.ready())
        hour_ago_us = clock.now_us() - 3_600 * US_PER_S
        backlog.publish(
            mqtt_url,
            [bench_crashes.online(tenant, name, hour_ago_us) for name in generating.crashes],
        )
        yield Stage(
            database_url,
            mqtt_url,
            tenant,
            tuple(everyone.names[crashing:]),
            clock,
            receiver,
            service,
            running.pid,
            running.api_url,
            _customers(rows),
            generating,
            maximum,
            {f"vehicle:{row['vehicle']}": row["device"] for row in rows["assignments"]},
            committed + len(generating.crashes),
        )


def _customers(rows: dict[str, Any]) -> dict[str, str]:
    """Return device → customer of a load's registry."""
    of_vehicle = {row["vehicle"]: row["customer"] for row in rows["contracts"]}
    return {row["device"]: of_vehicle[row["vehicle"]] for row in rows["assignments"]}


def _maximum(settings: Settings, clock: Clock, plan: Plan, progress: drain.Progress) -> float:
    state = settings.state_dir / "drain"
    state.mkdir()
    short = drain.Plan(_SHORT_DRAIN, 1, plan.devices, 0)
    drained = drain.run(settings.model_copy(update={"state_dir": state}), clock, short, progress)
    return float(drained["messages_per_s"])


def quantiles(latencies: Sequence[float]) -> dict[str, float | None]:
    """Return p50, p95, p99 and max of seconds, in ms; None if there are none."""
    shares = (("p50", 0.5), ("p95", 0.95), ("p99", 0.99), ("max", 1.0))
    return {
        name: None if (value := percentile(latencies, share)) is None else round(1_000 * value, 1)
        for name, share in shares
    }


def pause() -> None:
    """Wait between two polls."""
    threading.Event().wait(0.05)


def _memory_mib(pid: int, field: str) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith(f"{field}:"))
    return round(int(line.split()[1]) / 1024, 1)
