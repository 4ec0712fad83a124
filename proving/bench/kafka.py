"""`tachowatt bench drain --log kafka`: a gateway and ingest workers with a Kafka between them.

Each is a separate process, as in production. The workers own their partitions before the gateway
starts reading, so that process start is not measured.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection as Pipe
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from typing import Any, Protocol

from app.operations import kafka_topics
from app.servers.kafka import Kafka
from contracts.kafka import Topics
from ingest.decoding.catalogue import ROUTER
from proving.bench import service as bench_service
from runtime.clock import US_PER_S, Clock, SystemClock
from runtime.errors import Stop, Usage
from runtime.metrics import Metrics
from runtime.settings import Settings
from store.pipeline import log as store_log
from store.pipeline import offsets
from store.postgres.pool import connect

_LOOK_EVERY_S = 0.02
_READY_WITHIN_S = 120.0
_END_WITHIN_S = 30.0
_KEEP_HOURS = 24


@dataclass(frozen=True, slots=True)
class Plan:
    """The part between broker and store.

    url : of an existing Kafka; None = start one. workers : processes of ingest.
    """

    url: str | None = None
    workers: int = 2
    partitions: int = 4


@contextmanager
def served(settings: Settings, clock: Clock, plan: Plan) -> Iterator[str]:
    """Yield the URL of the given Kafka, else of one started under `settings.state_dir`."""
    if plan.url is not None:
        yield plan.url
        return
    server = Kafka(settings.state_dir, clock, settings.kafka_home)
    try:
        yield server.start()
    finally:
        server.stop()


@contextmanager
def feeding(database_url: str, kafka_url: str, clock: Clock, partitions: int) -> Iterator[Topics]:
    """Feed the store from new topics, and from the direct log again afterwards.

    Raises `Usage` if a Kafka feeds it already: its readers would lose their offsets.
    """
    topics = Topics(f"bench-{clock.now_us() // US_PER_S}.")
    with connect(database_url) as connection:
        before = store_log.chosen(connection)
        if before != store_log.DIRECT:
            raise Usage(f"the store is fed from {before}; the bench needs another database")
    _, chosen, begin = kafka_topics.prepare(kafka_url, topics, partitions, 1, _KEEP_HOURS)
    _choose(database_url, chosen, begin, clock)
    try:
        yield topics
    finally:
        _choose(database_url, store_log.DIRECT, {0: 0}, clock)


def _choose(database_url: str, chosen: store_log.Log, begin: dict[int, int], clock: Clock) -> None:
    with connect(database_url) as connection:
        store_log.choose(connection, chosen, begin, clock.now_us(), ROUTER.key_of_topic)
        connection.commit()


def drain(
    settings: Settings,
    database_url: str,
    mqtt_url: str,
    kafka_url: str,
    plan: Plan,
    messages: int,
    before: int,
    clock: Clock,
    progress: Callable[[int], None],
) -> dict[str, Any]:
    """Drain `messages` by a gateway and the workers; return their time and memory.

    settings : `mqtt_client_id` is the session with the backlog, the topic prefix that of the topics
    that feed the store. before : messages committed already. progress(done) : called periodically.
    Raises `Stop` if a process fails.
    """
    workers = [f"ingest-{n + 1}" for n in range(plan.workers)]
    parts = {name: Part(name, _ingest, settings, database_url, kafka_url) for name in workers}
    parts["gateway"] = Part("gateway", _gateway, settings, mqtt_url, kafka_url)
    try:
        _until_ready(parts, plan, clock)
        with connect(database_url) as connection:
            connection.autocommit = True
            began = clock.monotonic()
            parts["gateway"].go_on()
            done = 0
            while done < messages:
                pause(parts)
                done = offsets.total(connection) - before
                progress(done)
            seconds = clock.monotonic() - began
        took = {name: part.end() for name, part in sorted(parts.items())}
    finally:
        for part in parts.values():
            part.leave()
    steps: dict[str, float] = {}
    cpu: dict[str, float] = {}
    for name in workers:
        for key, total in (("steps", steps), ("cpu_steps", cpu)):
            for step, value in took[name].pop(key).items():
                total[step] = total.get(step, 0.0) + value
    for key in ("steps", "cpu_steps", "batches"):
        took["gateway"].pop(key)
    cpu_s = sum(each["processor_s"] for each in took.values())
    return {
        "log": "kafka",
        "workers": plan.workers,
        "partitions": plan.partitions,
        "seconds": round(seconds, 2),
        "messages_per_s": round(messages / seconds),
        "service_peak_memory_mib": sum(each["peak_memory_mib"] for each in took.values()),
        "service_idle_memory_mib": sum(each["idle_memory_mib"] for each in took.values()),
        "processes": took,
        "share_per_step": {step: round(value / seconds, 3) for step, value in steps.items()},
        **bench_service.cpu_figures(cpu, cpu_s),
    }


class Part:
    """A process of the service, and the pipe of its commands: first continue, then end."""

    def __init__(self, name: str, run: "_Run", *arguments: object) -> None:
        context = get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.process: BaseProcess = context.Process(
            target=run, args=(theirs, *arguments), name=f"bench-{name}", daemon=True
        )
        self.process.start()
        theirs.close()
        self.ready = 0

    def go_on(self) -> None:
        """Let it continue."""
        self.pipe.send(None)

    def receive_ready(self) -> None:
        """Receive its report of readiness, if there is one."""
        while self.pipe.poll():
            self.ready = self.pipe.recv()

    def end(self) -> dict[str, Any]:
        """Shut it down; return its time and memory."""
        self.go_on()
        while isinstance(report := self.pipe.recv(), int):
            pass
        return dict(report)

    def leave(self) -> None:
        """Shut it down if possible, else kill it."""
        self.pipe.close()
        self.process.join(_END_WITHIN_S)
        if self.process.is_alive():
            self.process.kill()


class _Run(Protocol):
    def __call__(self, pipe: Pipe, *arguments: Any) -> None: ...


def _until_ready(parts: dict[str, Part], plan: Plan, clock: Clock) -> None:
    """Wait until the gateway is ready and the workers share all partitions."""
    deadline = clock.monotonic() + _READY_WITHIN_S
    busy = min(plan.workers, plan.partitions)
    while True:
        for part in parts.values():
            part.receive_ready()
        owned = [part.ready for name, part in parts.items() if name != "gateway"]
        shared = sum(owned) == plan.partitions and sum(n > 0 for n in owned) == busy
        if parts["gateway"].ready and shared:
            return
        if clock.monotonic() > deadline:
            raise Stop(f"the workers own {owned} of {plan.partitions} partitions, and no more")
        pause(parts)


def pause(parts: dict[str, Part]) -> None:
    """Wait a moment. Raises `Stop` if a process ends meanwhile."""
    if wait([part.process.sentinel for part in parts.values()], _LOOK_EVERY_S):
        ended = [name for name, part in parts.items() if not part.process.is_alive()]
        raise Stop(f"{' and '.join(ended)} ended before the backlog was drained")


# ── in the processes ────────────────────────────────────────────────────────────────────────


def _gateway(pipe: Pipe, settings: Settings, mqtt_url: str, kafka_url: str) -> None:
    asyncio.run(_run_gateway(pipe, settings, mqtt_url, kafka_url))


async def _run_gateway(pipe: Pipe, settings: Settings, mqtt_url: str, kafka_url: str) -> None:
    # Imported here, so that the parent process does not load them.
    from app.processes.lifecycle import spare_the_collector
    from gateway.forward import Gateway
    from gateway.kafka_log import KafkaLog

    clock, metrics = SystemClock(), Metrics()
    log = KafkaLog(
        kafka_url,
        Topics(settings.kafka_topic_prefix),
        settings.mqtt_client_id,
        ROUTER.key_of_topic,
        metrics,
        lambda acks: gateway.committed(acks),
    )
    await log.start()
    gateway = Gateway(mqtt_url, log, ROUTER.subscriptions, settings, clock, metrics)
    spare_the_collector()
    idle_mib, idle_s = bench_service.peak_memory_mib(), bench_service.processor_s()
    pipe.send(1)
    try:
        await next_command(pipe)
        await _run_until_stopped(pipe, gateway.run)
    finally:
        await log.close()
    pipe.send(_took(metrics, idle_mib, idle_s))


def _ingest(pipe: Pipe, settings: Settings, database_url: str, kafka_url: str) -> None:
    asyncio.run(run_ingest(pipe, settings, database_url, kafka_url))


async def run_ingest(
    pipe: Pipe,
    settings: Settings,
    database_url: str,
    kafka_url: str,
    on_start: Callable[[], None] | None = None,
) -> None:
    """Run a worker until commanded to end; report its partitions, then its time and memory.

    on_start : called at the first command, if given.
    """
    from app.processes.lifecycle import spare_the_collector
    from app.processes.warm_up import warm_up
    from ingest.logs.kafka import KafkaIngest

    clock, metrics = SystemClock(), Metrics()
    ingest = KafkaIngest(kafka_url, database_url, settings, clock, metrics)
    await asyncio.to_thread(warm_up)
    spare_the_collector()
    idle_mib, idle_s = bench_service.peak_memory_mib(), bench_service.processor_s()

    async def report_partitions() -> None:
        reported = 0
        while True:
            if (owned := len(ingest.partitions)) != reported:
                reported = owned
                pipe.send(owned)
            await asyncio.sleep(_LOOK_EVERY_S)

    reporting = asyncio.create_task(report_partitions())
    try:
        await _run_until_stopped(pipe, ingest.run, on_start)
    finally:
        reporting.cancel()
    pipe.send(_took(metrics, idle_mib, idle_s))


async def next_command(pipe: Pipe) -> None:
    """Wait for a command of the bench. Raises EOFError if the bench has ended."""
    readable, loop = asyncio.Event(), asyncio.get_running_loop()
    loop.add_reader(pipe.fileno(), readable.set)
    try:
        await readable.wait()
    finally:
        loop.remove_reader(pipe.fileno())
    pipe.recv()


async def _run_until_stopped(
    pipe: Pipe,
    run: Callable[[asyncio.Event], Coroutine[Any, Any, None]],
    on_start: Callable[[], None] | None = None,
) -> None:
    """Run until commanded to end. on_start : called at the first command, if given."""
    stop = asyncio.Event()
    running = asyncio.create_task(run(stop))
    try:
        for then in (stop.set,) if on_start is None else (on_start, stop.set):
            command = asyncio.create_task(next_command(pipe))
            await asyncio.wait((running, command), return_when=asyncio.FIRST_COMPLETED)
            if not command.done():
                command.cancel()
                break
            command.result()
            then()
    finally:
        stop.set()
        await running


def _took(metrics: Metrics, idle_mib: float, idle_s: float) -> dict[str, Any]:
    return {
        "peak_memory_mib": round(bench_service.peak_memory_mib()),
        "idle_memory_mib": round(idle_mib),
        "processor_s": round(bench_service.processor_s() - idle_s, 2),
        "batches": bench_service.batches(metrics),
        "steps": bench_service.seconds_per_step(metrics),
        "cpu_steps": bench_service.cpu_seconds_per_step(metrics),
    }
