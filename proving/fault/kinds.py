"""The faults of `tachowatt fault`. Each brings its victim down and up again."""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from random import Random

from proving.fault.load import Fleets
from proving.testbed.topology import EXTRA, GATEWAYS, NAMES, SESSION_TIMEOUT_S, WORKERS, Town
from runtime.clock import Clock

_SLOW_BYTES_PER_S = (4_000, 40_000)
_STEP_S = (5, 60)
"""What a contact waits for is put off by as much."""
_BATCH_S = 1.0
"""Long enough that a batch is under way."""


@dataclass(slots=True)
class Blow:
    """What a fault did.

    back_s : the clock's monotonic seconds at which the victim was back; restarted : processes that
    have to become ready again; kills : how many processes and servers were ended by SIGKILL.
    """

    victim: str
    away_s: float = 0.0
    back_s: float = 0.0
    kills: int = 0
    restarted: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Scene:
    """What a fault may use."""

    town: Town
    fleets: Fleets
    clock: Clock
    rng: Random

    async def away(self, least_s: float, most_s: float) -> None:
        """A while."""
        await asyncio.sleep(self.rng.uniform(least_s, most_s))


Fault = Callable[[Scene], Awaitable[Blow]]


async def _kill(scene: Scene, name: str, away_s: tuple[float, float] = (0.0, 3.0)) -> Blow:
    process, began = scene.town.processes[name], scene.clock.monotonic()
    await asyncio.to_thread(process.kill)
    await scene.away(*away_s)
    back_s = scene.clock.monotonic()
    process.start()
    return Blow(name, back_s - began, back_s, 1, [name])


async def _kill_gateway(scene: Scene) -> Blow:
    return await _kill(scene, scene.rng.choice(GATEWAYS))


async def _kill_ingest(scene: Scene) -> Blow:
    return await _kill(scene, scene.rng.choice(WORKERS))


async def _kill_contacts(scene: Scene) -> Blow:
    return await _kill(scene, "contacts")


async def _kill_api(scene: Scene) -> Blow:
    return await _kill(scene, "api")


async def _kill_server(
    scene: Scene, name: str, kill: Callable[[], None], start: Callable[[], Awaitable[object]]
) -> Blow:
    began = scene.clock.monotonic()
    await asyncio.to_thread(kill)
    await scene.away(0.0, 3.0)
    back_s = scene.clock.monotonic()
    await start()
    return Blow(name, back_s - began, back_s, 1)


async def _kill_postgres(scene: Scene) -> Blow:
    town = scene.town
    return await _kill_server(scene, "postgres", town.postgres.kill, town.restart_postgres)


async def _kill_kafka(scene: Scene) -> Blow:
    kafka = scene.town.kafka
    return await _kill_server(scene, "kafka", kafka.kill, lambda: asyncio.to_thread(kafka.start))


async def _kill_mosquitto(scene: Scene) -> Blow:
    broker = scene.town.mosquitto
    return await _kill_server(
        scene, "mosquitto", broker.kill, lambda: asyncio.to_thread(broker.start)
    )


async def _stop_ingest(scene: Scene) -> Blow:
    """Paused through its session timeout, and woken when its partitions are another's."""
    name = scene.rng.choice(WORKERS)
    process, began = scene.town.processes[name], scene.clock.monotonic()
    process.send_signal(signal.SIGSTOP)
    await scene.away(SESSION_TIMEOUT_S + 1, SESSION_TIMEOUT_S + 4)
    back_s = scene.clock.monotonic()
    process.send_signal(signal.SIGCONT)
    return Blow(name, back_s - began, back_s)


async def _line(scene: Scene, what: str, least_s: float, most_s: float) -> Blow:
    name = scene.rng.choice(sorted(scene.town.proxies))
    proxy, began = scene.town.proxies[name], scene.clock.monotonic()
    if what == "cut":
        proxy.cut()
    elif what == "stall":
        proxy.stall()
    else:
        proxy.slow(scene.rng.randint(*_SLOW_BYTES_PER_S))
    await scene.away(least_s, most_s)
    back_s = scene.clock.monotonic()
    proxy.heal()
    return Blow(name, back_s - began, back_s)


async def _cut(scene: Scene) -> Blow:
    return await _line(scene, "cut", 0.0, 3.0)


async def _stall(scene: Scene) -> Blow:
    return await _line(scene, "stall", 0.5, 12.0)


async def _slow(scene: Scene) -> Blow:
    return await _line(scene, "slow", 1.0, 5.0)


async def _redeliver(scene: Scene) -> Blow:
    """Nothing can be acknowledged, then the session is cut: the broker sends everything again."""
    name = scene.rng.choice(GATEWAYS)
    began = scene.clock.monotonic()
    log, broker = (scene.town.proxies[f"{name}>{server}"] for server in ("kafka", "mosquitto"))
    log.stall()
    await scene.away(_BATCH_S, 2 * _BATCH_S)
    broker.cut()
    await scene.away(0.0, 0.5)
    back_s = scene.clock.monotonic()
    broker.heal()
    log.heal()
    return Blow(name, back_s - began, back_s)


async def _duplicate(scene: Scene) -> Blow:
    """Devices send again what they sent last, acknowledged or not."""
    began = scene.clock.monotonic()
    await scene.fleets.again(scene.rng.randint(100, 800))
    back_s = scene.clock.monotonic()
    return Blow("devices", back_s - began, back_s)


async def _rebalance(scene: Scene) -> Blow:
    """A third worker comes while the commits of the others take long, and leaves soon."""
    extra, began = scene.town.processes[EXTRA], scene.clock.monotonic()
    slow = [scene.town.proxies[f"{name}>postgres"] for name in WORKERS]
    extra.start()
    await extra.ready()
    for proxy in slow:
        proxy.slow(_SLOW_BYTES_PER_S[1])
    await scene.away(0.0, 2.0)
    problem = await extra.terminate()
    back_s = scene.clock.monotonic()
    for proxy in slow:
        proxy.heal()
    return Blow(EXTRA, back_s - began, back_s, problems=[problem] if problem else [])


async def _disk_full(scene: Scene) -> Blow:
    """PostgreSQL cannot write; it may even end itself over it."""
    town, began = scene.town, scene.clock.monotonic()
    await asyncio.to_thread(town.postgres.fill_disk)
    try:
        await scene.away(1.0, 4.0)
    finally:
        await asyncio.to_thread(town.postgres.empty_disk)
    back_s = scene.clock.monotonic()
    await town.restart_postgres()
    return Blow("postgres", back_s - began, back_s)


async def _clock_step(scene: Scene) -> Blow:
    """One process's wall clock jumps, and is set right again. It is started for that with a clock
    of its own, and without one afterwards."""
    name = scene.rng.choice(NAMES)
    process, began = scene.town.processes[name], scene.clock.monotonic()
    problems = [await process.terminate()]
    process.start(own_clock=True)
    await process.ready()
    process.step_clock(scene.rng.choice((-1, 1)) * scene.rng.randint(*_STEP_S))
    await scene.away(1.0, 4.0)
    process.step_clock(0)
    await scene.away(0.0, 1.0)
    problems.append(await process.terminate())
    back_s = scene.clock.monotonic()
    process.start()
    return Blow(name, back_s - began, back_s, 0, [name], [text for text in problems if text])


KINDS: dict[str, Fault] = {
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


async def kill_meanwhile(scene: Scene, kind: str, blow: asyncio.Task[Blow]) -> Blow:
    """One of our processes is killed too, somewhere within another fault; none that is paused."""
    if kind == "clock-step":
        await asyncio.wait((blow,))  # its victim may be any of them
    paused = WORKERS if kind == "stop-ingest" else ()
    name = scene.rng.choice([name for name in NAMES if name not in paused])
    await asyncio.wait((blow,), timeout=scene.rng.uniform(0.0, 2.0))
    return await _kill(scene, name, (0.0, 1.0))
