"""The faults of `tachowatt fault`. Each stops and restores its victim."""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from random import Random

from proving.fault.load import Fleets
from proving.testbed.topology import EXTRA, GATEWAYS, NAMES, SESSION_TIMEOUT_S, WORKERS, Topology
from runtime.clock import Clock

_SLOW_BYTES_PER_S = (4_000, 40_000)
_STEP_S = (5, 60)
"""Delays the contacts by as much."""
_BATCH_S = 1.0
"""Long enough for a batch to be in progress."""


@dataclass(slots=True)
class Fault:
    """The record of an injected fault.

    back_s : the clock's monotonic seconds at which the victim was back; restarted : processes that
    must become ready again; kills : number of processes and servers ended by SIGKILL.
    """

    victim: str
    away_s: float = 0.0
    back_s: float = 0.0
    kills: int = 0
    restarted: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


@dataclass(slots=True)
class FaultContext:
    """What a fault may access."""

    topology: Topology
    fleets: Fleets
    clock: Clock
    rng: Random

    async def away(self, least_s: float, most_s: float) -> None:
        """Wait for a random time."""
        await asyncio.sleep(self.rng.uniform(least_s, most_s))


Injection = Callable[[FaultContext], Awaitable[Fault]]


async def _kill(
    context: FaultContext, name: str, away_s: tuple[float, float] = (0.0, 3.0)
) -> Fault:
    process, began = context.topology.processes[name], context.clock.monotonic()
    await asyncio.to_thread(process.kill)
    await context.away(*away_s)
    back_s = context.clock.monotonic()
    process.start()
    return Fault(name, back_s - began, back_s, 1, [name])


async def _kill_gateway(context: FaultContext) -> Fault:
    return await _kill(context, context.rng.choice(GATEWAYS))


async def _kill_ingest(context: FaultContext) -> Fault:
    return await _kill(context, context.rng.choice(WORKERS))


async def _kill_contacts(context: FaultContext) -> Fault:
    return await _kill(context, "contacts")


async def _kill_api(context: FaultContext) -> Fault:
    return await _kill(context, "api")


async def _kill_server(
    context: FaultContext,
    name: str,
    kill: Callable[[], None],
    start: Callable[[], Awaitable[object]],
) -> Fault:
    began = context.clock.monotonic()
    await asyncio.to_thread(kill)
    await context.away(0.0, 3.0)
    back_s = context.clock.monotonic()
    await start()
    return Fault(name, back_s - began, back_s, 1)


async def _kill_postgres(context: FaultContext) -> Fault:
    topology = context.topology
    return await _kill_server(
        context, "postgres", topology.postgres.kill, topology.restart_postgres
    )


async def _kill_kafka(context: FaultContext) -> Fault:
    kafka = context.topology.kafka
    return await _kill_server(context, "kafka", kafka.kill, lambda: asyncio.to_thread(kafka.start))


async def _kill_mosquitto(context: FaultContext) -> Fault:
    broker = context.topology.mosquitto
    return await _kill_server(
        context, "mosquitto", broker.kill, lambda: asyncio.to_thread(broker.start)
    )


async def _stop_ingest(context: FaultContext) -> Fault:
    """Pause a worker beyond its session timeout; resume it when another owns its partitions."""
    name = context.rng.choice(WORKERS)
    process, began = context.topology.processes[name], context.clock.monotonic()
    process.send_signal(signal.SIGSTOP)
    await context.away(SESSION_TIMEOUT_S + 1, SESSION_TIMEOUT_S + 4)
    back_s = context.clock.monotonic()
    process.send_signal(signal.SIGCONT)
    return Fault(name, back_s - began, back_s)


async def _line(context: FaultContext, what: str, least_s: float, most_s: float) -> Fault:
    name = context.rng.choice(sorted(context.topology.proxies))
    proxy, began = context.topology.proxies[name], context.clock.monotonic()
    if what == "cut":
        proxy.cut()
    elif what == "stall":
        proxy.stall()
    else:
        proxy.slow(context.rng.randint(*_SLOW_BYTES_PER_S))
    await context.away(least_s, most_s)
    back_s = context.clock.monotonic()
    proxy.heal()
    return Fault(name, back_s - began, back_s)


async def _cut(context: FaultContext) -> Fault:
    return await _line(context, "cut", 0.0, 3.0)


async def _stall(context: FaultContext) -> Fault:
    return await _line(context, "stall", 0.5, 12.0)


async def _slow(context: FaultContext) -> Fault:
    return await _line(context, "slow", 1.0, 5.0)


async def _redeliver(context: FaultContext) -> Fault:
    """Block acknowledgements, then cut the session: the broker sends everything again."""
    name = context.rng.choice(GATEWAYS)
    began = context.clock.monotonic()
    log, broker = (
        context.topology.proxies[f"{name}>{server}"] for server in ("kafka", "mosquitto")
    )
    log.stall()
    await context.away(_BATCH_S, 2 * _BATCH_S)
    broker.cut()
    await context.away(0.0, 0.5)
    back_s = context.clock.monotonic()
    broker.heal()
    log.heal()
    return Fault(name, back_s - began, back_s)


async def _duplicate(context: FaultContext) -> Fault:
    """Let devices resend their latest messages, acknowledged or not."""
    began = context.clock.monotonic()
    await context.fleets.again(context.rng.randint(100, 800))
    back_s = context.clock.monotonic()
    return Fault("devices", back_s - began, back_s)


async def _rebalance(context: FaultContext) -> Fault:
    """Add a third worker while commits of the others are slow, and remove it soon."""
    extra, began = context.topology.processes[EXTRA], context.clock.monotonic()
    slow = [context.topology.proxies[f"{name}>postgres"] for name in WORKERS]
    extra.start()
    await extra.ready()
    for proxy in slow:
        proxy.slow(_SLOW_BYTES_PER_S[1])
    await context.away(0.0, 2.0)
    problem = await extra.terminate()
    back_s = context.clock.monotonic()
    for proxy in slow:
        proxy.heal()
    return Fault(EXTRA, back_s - began, back_s, problems=[problem] if problem else [])


async def _disk_full(context: FaultContext) -> Fault:
    """Fill the disk of PostgreSQL; it may even end."""
    topology, began = context.topology, context.clock.monotonic()
    await asyncio.to_thread(topology.postgres.fill_disk)
    try:
        await context.away(1.0, 4.0)
    finally:
        await asyncio.to_thread(topology.postgres.empty_disk)
    back_s = context.clock.monotonic()
    await topology.restart_postgres()
    return Fault("postgres", back_s - began, back_s)


async def _clock_step(context: FaultContext) -> Fault:
    """Step one process's wall clock and set it back. The process is started with its own clock for
    this, and without one afterwards."""
    name = context.rng.choice(NAMES)
    process, began = context.topology.processes[name], context.clock.monotonic()
    problems = [await process.terminate()]
    process.start(own_clock=True)
    await process.ready()
    process.step_clock(context.rng.choice((-1, 1)) * context.rng.randint(*_STEP_S))
    await context.away(1.0, 4.0)
    process.step_clock(0)
    await context.away(0.0, 1.0)
    problems.append(await process.terminate())
    back_s = context.clock.monotonic()
    process.start()
    return Fault(name, back_s - began, back_s, 0, [name], [text for text in problems if text])


KINDS: dict[str, Injection] = {
    "kill-gateway": _kill_gateway,
    "kill-ingest": _kill_ingest,
    "kill-contacts": _kill_contacts,
    "kill-api": _kill_api,
    "kill-postgres": _kill_postgres,
    "kill-kafka": _kill_kafka,
    "kill-mosquitto": _kill_mosquitto,
    "stop-ingest": _stop_ingest,
    "cut": _cut,
    "stall": _stall,
    "slow": _slow,
    "redeliver": _redeliver,
    "duplicate": _duplicate,
    "rebalance": _rebalance,
    "disk-full": _disk_full,
    "clock-step": _clock_step,
}


async def kill_meanwhile(context: FaultContext, kind: str, fault: asyncio.Task[Fault]) -> Fault:
    """Kill a random process that is not paused during another fault."""
    if kind == "clock-step":
        await asyncio.wait((fault,))  # its victim may be any of them
    paused = WORKERS if kind == "stop-ingest" else ()
    name = context.rng.choice([name for name in NAMES if name not in paused])
    await asyncio.wait((fault,), timeout=context.rng.uniform(0.0, 2.0))
    return await _kill(context, name, (0.0, 1.0))
